#pragma once
// The bounded pool of reader sessions behind Client::query(): a few threads, each with a session of its own.

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "actors/views.hpp"

namespace stellwerk::actors {

class Readers {
 public:
  /// One thread per session. `most_waiting` questions may wait; more are refused.
  Readers(std::vector<std::unique_ptr<Views>> sessions, std::size_t most_waiting);
  ~Readers();
  /// False when too many wait already: then `work` is not run.
  [[nodiscard]] bool ask(std::function<void(Views&)> work);
  /// Finishes what waits, then ends the threads.
  void stop();

 private:
  void serve(Views& views);

  std::vector<std::unique_ptr<Views>> sessions_;
  std::size_t most_waiting_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void(Views&)>> waiting_;
  bool stopping_ = false;
  std::vector<std::jthread> threads_;
};

}  // namespace stellwerk::actors
