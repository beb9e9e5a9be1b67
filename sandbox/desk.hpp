#pragma once
// Between the HTTP threads and a model: one thread asks it, has the changes kept, and answers at the right moment.

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

#include "api/http/server.hpp"
#include "sandbox/proxmox_model.hpp"

namespace stellwerk::sandbox {

class Desk {
 public:
  using Handle = std::function<Answer(const http::Request&)>;
  using Keep = std::function<Result<void>()>;

  /// Both run on the desk's own thread, so that the HTTP threads never wait for the disk. `keep` is called once for a batch of
  /// requests, before any of them is answered; when it fails its error is the answer to all of them.
  Desk(Handle handle, Keep keep);
  ~Desk();
  /// Any thread.
  void take(http::Request request, http::Reply reply);
  /// Gives up what is held back or late, now and from now on. Any thread.
  void close();

 private:
  using Moment = std::chrono::steady_clock::time_point;
  struct Later {
    http::Reply reply;
    std::optional<http::Response> response;  ///< nothing: the connection is closed when the time has come
  };
  struct Pending {
    http::Request request;
    http::Reply reply;
  };

  void run(const std::stop_token& stop);
  void answer(std::vector<Pending> batch);
  void deliver(const http::Reply& reply, Answer answer);
  void deliver_due();

  Handle handle_;
  Keep keep_;
  std::mutex mutex_;  ///< of the three below
  std::condition_variable_any changed_;
  std::vector<Pending> inbox_;
  bool closed_ = false;
  std::multimap<Moment, Later> later_;  ///< the thread's own
  std::jthread thread_;
};

}  // namespace stellwerk::sandbox
