#include "api/http/outlet.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <utility>

#include "core/result.hpp"

namespace stellwerk::http {

Outlet::Outlet() : fd_{::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)} { STELLWERK_ASSERT(fd_ >= 0, "the kernel gives no eventfd"); }
Outlet::~Outlet() { ::close(fd_); }

void Outlet::post(Command command) {
  bool was_empty = false;
  {
    const std::lock_guard lock{mutex_};
    if (closed_) return;  // the command is destroyed after the lock is released: it may hold the last copy of something
    was_empty = commands_.empty();
    commands_.push_back(std::move(command));
  }
  if (was_empty && io_thread_.load() != std::this_thread::get_id()) wake();
}

void Outlet::wake() {
  const std::uint64_t one = 1;
  // EAGAIN would mean a counter near 2^64: the thread is awake anyway
  [[maybe_unused]] const auto written = ::write(fd_, &one, sizeof one);
}

std::vector<Command> Outlet::take() {
  const std::lock_guard lock{mutex_};
  return std::exchange(commands_, {});
}

void Outlet::clear_wakeup() {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto got = ::read(fd_, &count, sizeof count);
}

void Outlet::close() {
  std::vector<Command> dropped;
  const std::lock_guard lock{mutex_};
  closed_ = true;
  dropped.swap(commands_);
}

}  // namespace stellwerk::http
