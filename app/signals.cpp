#include "app/signals.hpp"

#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <mutex>

namespace stellwerk::app {
namespace {

volatile sig_atomic_t watchdog_status = 1;
std::mutex reason_mutex;
std::string reason;

}  // namespace

std::string wait_for_end() {
  for (;;)
    if (auto why = wait_for_end(std::chrono::hours{1})) return *std::move(why);
}

std::optional<std::string> wait_for_end(std::chrono::milliseconds at_most) {
  sigset_t ending;
  sigemptyset(&ending);
  sigaddset(&ending, SIGTERM);
  sigaddset(&ending, SIGINT);
  const timespec span{at_most.count() / 1'000, at_most.count() % 1'000 * 1'000'000};
  const int signal_number = sigtimedwait(&ending, nullptr, &span);
  if (signal_number < 0) return std::nullopt;
  const std::lock_guard lock{reason_mutex};
  return reason.empty() ? (signal_number == SIGINT ? "interrupted" : "terminated") : reason;
}

void request_end(const std::string& why) {
  {
    const std::lock_guard lock{reason_mutex};
    reason = why;
  }
  kill(getpid(), SIGTERM);
}

void arm_watchdog(int status) {
  watchdog_status = status;
  signal(SIGALRM, [](int) { _exit(watchdog_status); });
  alarm(20);
}

}  // namespace stellwerk::app
