#include "app/signals.hpp"

#include <signal.h>
#include <unistd.h>

#include <mutex>

namespace stellwerk::app {
namespace {

std::mutex reason_mutex;
std::string reason;

}  // namespace

std::string wait_for_end() {
  sigset_t ending;
  sigemptyset(&ending);
  sigaddset(&ending, SIGTERM);
  sigaddset(&ending, SIGINT);
  int signal_number = 0;
  sigwait(&ending, &signal_number);
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

void arm_watchdog() {
  // SIGALRM's default action ends the process.
  alarm(20);
}

}  // namespace stellwerk::app
