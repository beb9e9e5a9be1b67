#include "api/http/transport.hpp"

#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

#include <pistache/peer.h>

#include "monitoring/log.hpp"

namespace stellwerk::http {
namespace {

using Pistache::Polling::NotifyOn;
using Pistache::Polling::Tag;

constexpr std::size_t read_size = 64 * 1024;
/// What one client may send or be sent before the others of its io thread get their turn.
constexpr std::size_t turn_bytes = 512 * 1024;
constexpr long sweep_nanoseconds = 100'000'000;
constexpr std::string_view too_many = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nRetry-After: 1\r\nConnection: close\r\n\r\n";

/// Our own read path leaves it nothing to do but to report who came.
class Acceptor final : public Pistache::Tcp::Handler {
 public:
  PROTOTYPE_OF(Pistache::Tcp::Handler, Acceptor)
  void onConnection(const std::shared_ptr<Pistache::Tcp::Peer>& peer) override { static_cast<Transport*>(transport())->accepted(peer); }
  void onInput(const char*, std::size_t, const std::shared_ptr<Pistache::Tcp::Peer>&) override {}
};

/// An IPv4 client of a socket that listens on [::] is still an IPv4 client.
std::string peer_text(const Pistache::Tcp::Peer& peer) {
  constexpr std::string_view mapped = "::ffff:";
  auto text = peer.address().host();
  if (text.starts_with(mapped) && text.find('.') != std::string::npos) text.erase(0, mapped.size());
  return text;
}

}  // namespace

std::shared_ptr<Pistache::Tcp::Handler> Transport::make_acceptor() { return std::make_shared<Acceptor>(); }

Transport::Transport(std::shared_ptr<Hub> hub, const std::shared_ptr<Pistache::Tcp::Handler>& acceptor)
    : Base(acceptor), hub_{std::move(hub)}, parser_{hub_->settings.max_head_bytes}, outlet_{std::make_shared<Outlet>()}, around_{hub_->settings, hub_->router, parser_, traffic_, outlet_} {}

Transport::~Transport() {
  outlet_->close();
  for (auto& [fd, line] : lines_) {  // the io thread has ended; Pistache does not close what is left
    line.connection.reset();
    ::close(fd);
    hub_->release();
  }
  if (sweep_fd_ >= 0) ::close(sweep_fd_);
}

std::shared_ptr<Pistache::Aio::Handler> Transport::clone() const { return std::make_shared<Transport>(hub_, make_acceptor()); }

void Transport::registerPoller(Pistache::Polling::Epoll& poller) {
  Base::registerPoller(poller);
  const Pistache::Flags<NotifyOn> readable{NotifyOn::Read};
  poller.addFd(outlet_->fd(), readable, Tag(static_cast<std::uint64_t>(outlet_->fd())));
  sweep_fd_ = ::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  STELLWERK_ASSERT(sweep_fd_ >= 0, "the kernel gives no timerfd");
  const itimerspec every{{0, sweep_nanoseconds}, {0, sweep_nanoseconds}};
  ::timerfd_settime(sweep_fd_, 0, &every, nullptr);
  poller.addFd(sweep_fd_, readable, Tag(static_cast<std::uint64_t>(sweep_fd_)));
  buffer_.resize(read_size);
  hub_->add_outlet(outlet_);
}

/// An exception that left here would end the process: Pistache's loop has no net.
void Transport::onReady(const Pistache::Aio::FdSet& events) {
  try {
    handle(events);
  } catch (const std::exception& thrown) {
    monitoring::log_error("http: an io thread had to give up a round of events", {{"error", thrown.what()}});
  }
}

void Transport::handle(const Pistache::Aio::FdSet& events) {
  outlet_->adopt_thread();
  const auto now = Tick::clock::now();
  run_commands();  // answers first: a client that left after its answer was made still gets it
  bool swept = false;
  for (const auto& event : events) {
    const auto tag = event.getTag();
    const int fd = static_cast<int>(tag.value());
    if (fd == outlet_->fd()) {
      outlet_->clear_wakeup();
    } else if (fd == sweep_fd_) {
      std::uint64_t ticks = 0;
      swept = ::read(sweep_fd_, &ticks, sizeof ticks) > 0;
    } else if (const auto line = lines_.find(fd); line != lines_.end()) {
      const bool failed = !event.isReadable() && !event.isWritable();  // errors and hang-ups come with neither flag
      if (line->second.reads && (event.isReadable() || failed)) read(line->second, now);
      else if (failed) line->second.connection->end_of_input();
      settle(fd, now);
    } else {
      pass_on(tag);
    }
  }
  if (swept) {
    // Pistache's queue empties its eventfd after it found itself empty: a client accepted in between would wait for the next one
    if (accept_tag_) pass_on(*accept_tag_);
    sweep(now);
  }
  if (hub_->draining && !std::exchange(drained_, true)) {
    for (auto& [fd, line] : lines_) line.connection->drain();
    sweep(now);
  }
  run_commands();
}

/// One event at a time: a late one of a closed socket must not meet, inside Pistache, the newcomer that got its descriptor.
void Transport::pass_on(Tag tag) {
  std::vector<Pistache::Polling::Event> events(1, Pistache::Polling::Event(tag));
  events.front().flags = Pistache::Flags<NotifyOn>(NotifyOn::Read);
  try {
    Base::onReady(Pistache::Aio::FdSet(std::move(events)));
  } catch (const std::exception& thrown) {
    monitoring::log_error("http: a connection could not be taken over", {{"error", thrown.what()}});
  }
  if (!newcomers_.empty()) accept_tag_ = tag;
  welcome();
}

void Transport::accepted(const std::shared_ptr<Pistache::Tcp::Peer>& peer) { newcomers_.push_back(peer); }

void Transport::welcome() {
  const auto now = Tick::clock::now();
  for (const auto& peer : std::exchange(newcomers_, {})) {
    const int fd = peer->fd();
    if (!hub_->admit()) {
      [[maybe_unused]] const auto sent = ::send(fd, too_many.data(), too_many.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      forget(peer);
      continue;
    }
    lines_[fd] = Line{peer, std::make_shared<Connection>(around_, fd, peer_text(*peer), now)};
    if (hub_->draining) {
      drop(fd);
      continue;
    }
    try {  // level-triggered from here on: reading may stop half-way and go on later
      reactor()->modifyFd(key(), fd, NotifyOn::Read, Pistache::Polling::Mode::Level);
    } catch (const std::exception& thrown) {
      monitoring::log_error("http: a connection could not be polled", {{"error", thrown.what()}});
      drop(fd);
    }
  }
}

void Transport::read(Line& line, Tick now) {
  for (std::size_t taken = 0; taken < turn_bytes && line.connection->wants_read();) {
    const auto got = ::recv(line.connection->fd(), buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (got > 0) {
      taken += static_cast<std::size_t>(got);
      line.connection->receive({buffer_.data(), static_cast<std::size_t>(got)}, now);
      if (static_cast<std::size_t>(got) < buffer_.size()) return;  // the rest, or the end, comes with the next event
      continue;
    }
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
    return line.connection->end_of_input();
  }
}

void Transport::flush(Line& line, Tick now) {
  auto& output = line.connection->output();
  std::array<iovec, 16> slices{};
  for (std::size_t sent = 0; !output.empty() && sent < turn_bytes;) {
    msghdr message{};
    message.msg_iov = slices.data();
    message.msg_iovlen = output.gather(slices.data(), slices.size());
    const auto got = ::sendmsg(line.connection->fd(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (got > 0) {
      sent += static_cast<std::size_t>(got);
      output.consume(static_cast<std::size_t>(got));
      line.connection->note_progress(now);
      continue;
    }
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
    return line.connection->give_up();
  }
}

void Transport::settle(int fd, Tick now) {
  const auto found = lines_.find(fd);
  if (found == lines_.end()) return;
  auto& line = found->second;
  const bool was_full = line.connection->output().size() >= Connection::max_unsent;
  flush(line, now);
  if (was_full) line.connection->resume(now);
  auto fate = line.connection->fate();
  if (fate == Connection::Fate::finish) {
    ::shutdown(fd, SHUT_WR);
    line.connection->linger(now);
    fate = line.connection->fate();
  }
  if (fate == Connection::Fate::drop) return drop(fd);
  set_interest(fd, line);
}

void Transport::set_interest(int fd, Line& line) {
  const bool reads = line.connection->wants_read(), writes = !line.connection->output().empty();
  if (reads == line.reads && writes == line.writes) return;
  line.reads = reads;
  line.writes = writes;
  const auto interest = reads && writes ? NotifyOn::Read | NotifyOn::Write : reads ? NotifyOn::Read : writes ? NotifyOn::Write : NotifyOn::None;
  reactor()->modifyFd(key(), fd, interest, Pistache::Polling::Mode::Level);
}

void Transport::run_commands() {
  while (true) {
    auto commands = outlet_->take();
    if (commands.empty()) return;
    const auto now = Tick::clock::now();
    for (auto& command : commands) {
      const auto connection = command.connection.lock();
      if (!connection) continue;  // the client has left
      const int fd = connection->fd();
      const auto line = lines_.find(fd);
      if (line == lines_.end() || line->second.connection != connection) continue;
      connection->apply(std::move(command), now);
      settle(fd, now);
    }
  }
}

void Transport::sweep(Tick now) {
  std::vector<int> fds;
  fds.reserve(lines_.size());
  for (const auto& [fd, line] : lines_) fds.push_back(fd);
  for (const int fd : fds) {
    lines_.find(fd)->second.connection->check_deadlines(now);
    settle(fd, now);
  }
}

void Transport::drop(int fd) {
  const auto found = lines_.find(fd);
  const auto peer = found->second.peer;
  lines_.erase(found);
  forget(peer);
  hub_->release();
}

void Transport::forget(const std::shared_ptr<Pistache::Tcp::Peer>& peer) {
  try {
    removePeer(peer);
  } catch (const std::exception& thrown) {  // it forgets the peer first and closes last: what failed is in between
    monitoring::log_warning("http: a connection was not in the poller any more", {{"error", thrown.what()}});
    ::close(peer->fd());
  }
}

}  // namespace stellwerk::http
