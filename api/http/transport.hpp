#pragma once
// Pistache's transport with a read and write path of our own: one object per io thread. Pistache accepts and polls; sockets are
// read, written and closed here. Its own write path may give an answer to the next client on the same descriptor and spins on
// slow readers, and its read path cannot be paused, so neither is used.

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include <pistache/tcp.h>
#include <pistache/transport.h>

#include "api/http/connection.hpp"
#include "config/settings.hpp"

namespace stellwerk::http {

/// What the io threads of one server share.
class Hub {
 public:
  Hub(config::HttpSettings settings, Router router);

  const config::HttpSettings settings;
  const Router router;
  std::atomic<bool> draining{false};

  /// One more connection, unless there are max_connections already.
  [[nodiscard]] bool admit();
  void release();
  void add_outlet(std::shared_ptr<Outlet> outlet);
  void wake_all();
  /// Waits until no connection is left, at most `timeout`. True when none is.
  bool wait_empty(Duration timeout);

 private:
  std::mutex mutex_;
  std::condition_variable emptied_;
  int connections_ = 0;
  std::vector<std::shared_ptr<Outlet>> outlets_;
};

class Transport final : public Pistache::Tcp::Transport {
 public:
  Transport(std::shared_ptr<Hub> hub, const std::shared_ptr<Pistache::Tcp::Handler>& acceptor);
  ~Transport() override;

  /// Pistache makes one copy per io thread.
  [[nodiscard]] std::shared_ptr<Pistache::Aio::Handler> clone() const override;
  void registerPoller(Pistache::Polling::Epoll& poller) override;
  void onReady(const Pistache::Aio::FdSet& events) override;

  /// A new client, reported by Pistache in this io thread just before it registers the socket.
  void accepted(const std::shared_ptr<Pistache::Tcp::Peer>& peer);

  /// The handler that reports new clients to their transport.
  [[nodiscard]] static std::shared_ptr<Pistache::Tcp::Handler> make_acceptor();

 private:
  using Base = Pistache::Tcp::Transport;
  struct Line {
    std::shared_ptr<Pistache::Tcp::Peer> peer;
    std::shared_ptr<Connection> connection;
    bool reads = true;
    bool writes = false;
  };

  void handle(const Pistache::Aio::FdSet& events);
  void pass_on(Pistache::Polling::Tag tag);
  void welcome();
  void read(Line& line, Tick now);
  /// Sends what can be sent, then closes or sets what to wait for. `line` may be gone afterwards.
  void settle(int fd, Tick now);
  void flush(Line& line, Tick now);
  void set_interest(int fd, Line& line);
  void run_commands();
  void sweep(Tick now);
  void drop(int fd);
  /// Closes the socket.
  void forget(const std::shared_ptr<Pistache::Tcp::Peer>& peer);

  std::shared_ptr<Hub> hub_;
  MessageParser parser_;
  Traffic traffic_;
  std::shared_ptr<Outlet> outlet_;
  Surroundings around_;
  std::unordered_map<int, Line> lines_;  ///< by descriptor
  std::vector<std::shared_ptr<Pistache::Tcp::Peer>> newcomers_;
  std::optional<Pistache::Polling::Tag> accept_tag_;  ///< of the queue in which Pistache hands over newcomers, once it was seen
  std::vector<char> buffer_;
  int sweep_fd_ = -1;
  bool drained_ = false;
};

}  // namespace stellwerk::http
