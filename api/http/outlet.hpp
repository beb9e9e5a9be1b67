#pragma once
// The way from any thread into one io thread: what is to happen to which connection, in order.

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "api/http/server.hpp"

namespace stellwerk::http {

class Connection;

/// What both sides know of one request: whoever sets `answered` first may answer; the io thread sets `abandoned`.
struct Exchange {
  std::atomic<bool> answered{false};
  std::atomic<bool> abandoned{false};
};

/// What both sides know of one chunked answer. `pending`: bytes written but not yet taken by the kernel.
struct LiveStream {
  std::atomic<bool> open{true};
  std::atomic<std::size_t> pending{0};
};

struct SendAnswer {
  Response response;
};
struct OpenStream {
  Response head;
  std::shared_ptr<LiveStream> stream;
};
struct StreamBytes {
  std::string bytes;
};
struct EndStream {};
struct Abort {};
using Action = std::variant<SendAnswer, OpenStream, StreamBytes, EndStream, Abort>;

/// The connection is named by the object itself, which only the io thread owns: a file descriptor would be given to the next
/// client as soon as this one leaves, and the answer with it.
struct Command {
  std::weak_ptr<Connection> connection;
  std::uint64_t sequence = 0;  ///< of the request within its connection
  Action action;
};

class Outlet {
 public:
  Outlet();
  ~Outlet();
  Outlet(const Outlet&) = delete;
  Outlet& operator=(const Outlet&) = delete;

  /// Any thread. After close() nothing happens.
  void post(Command command);
  /// Wakes the io thread without a command.
  void wake();

  /// The rest is for the io thread. An eventfd that is readable when there is something to take.
  [[nodiscard]] int fd() const { return fd_; }
  /// Commands posted by the calling thread need no wake-up from now on: it promises to take() before it sleeps.
  void adopt_thread() { io_thread_.store(std::this_thread::get_id()); }
  [[nodiscard]] std::vector<Command> take();
  void clear_wakeup();
  void close();

 private:
  int fd_;
  std::atomic<std::thread::id> io_thread_{};
  std::mutex mutex_;
  std::vector<Command> commands_;
  bool closed_ = false;
};

}  // namespace stellwerk::http
