#include "actors/readers.hpp"

#include <exception>

#include "monitoring/log.hpp"

namespace stellwerk::actors {

Readers::Readers(std::vector<std::unique_ptr<Views>> sessions, std::size_t most_waiting) : sessions_{std::move(sessions)}, most_waiting_{most_waiting} {
  for (auto& session : sessions_) threads_.emplace_back([this, &session] { serve(*session); });
}

Readers::~Readers() { stop(); }

bool Readers::ask(std::function<void(Views&)> work) {
  {
    const std::lock_guard lock{mutex_};
    if (stopping_ || waiting_.size() >= most_waiting_) return false;
    waiting_.push_back(std::move(work));
  }
  wake_.notify_one();
  return true;
}

void Readers::serve(Views& views) {
  for (;;) {
    std::function<void(Views&)> work;
    {
      std::unique_lock lock{mutex_};
      wake_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      work = std::move(waiting_.front());
      waiting_.pop_front();
    }
    try {
      work(views);
    } catch (const std::exception& error) {
      monitoring::log_error("a query failed", {{"error", error.what()}});
    }
  }
}

void Readers::stop() {
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
  }
  wake_.notify_all();
  threads_.clear();
}

}  // namespace stellwerk::actors
