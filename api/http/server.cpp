#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <exception>
#include <utility>
#include <vector>

#include <pistache/listener.h>

#include <fmt/format.h>

#include "api/http/server.hpp"
#include "api/http/transport.hpp"
#include "monitoring/log.hpp"

namespace stellwerk::http {
namespace {

constexpr int accept_backlog = 1024;

Result<std::pair<std::string, std::uint16_t>> parse_listen(std::string_view listen) {
  const auto colon = listen.rfind(':');
  const auto bad = [&] { return fail(ErrorCode::invalid_argument, fmt::format("'{}' is no address to listen on; write it as host:port, e.g. 127.0.0.1:8080 or [::1]:8080", listen)); };
  if (colon == std::string_view::npos || colon == 0) return bad();
  auto host = listen.substr(0, colon);
  const auto port_text = listen.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(port_text.data(), port_text.data() + port_text.size(), port);
  if (error != std::errc{} || end != port_text.data() + port_text.size()) return bad();
  if (host.find(':') != std::string_view::npos && !(host.starts_with('[') && host.ends_with(']'))) return bad();
  return std::pair{std::string{host}, port};
}

/// The descriptors of this process's sockets that listen on `port`, ascending.
std::vector<int> find_listeners(std::uint16_t port) {
  std::vector<int> found;
  DIR* descriptors = ::opendir("/proc/self/fd");
  if (descriptors == nullptr) return found;
  while (const dirent* entry = ::readdir(descriptors)) {
    int fd = -1;
    const std::string_view name{entry->d_name};
    if (std::from_chars(name.data(), name.data() + name.size(), fd).ec != std::errc{}) continue;
    int listens = 0;
    socklen_t size = sizeof listens;
    if (::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0 || listens == 0) continue;
    sockaddr_storage address{};
    size = sizeof address;
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) continue;
    const auto bound = address.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(address).sin6_port : reinterpret_cast<sockaddr_in&>(address).sin_port;
    if (ntohs(bound) == port) found.push_back(fd);
  }
  ::closedir(descriptors);
  std::sort(found.begin(), found.end());
  return found;
}

/// Stops listening while Pistache's accept thread still runs: an idle socket takes the place of the listening one, so that newcomers
/// are refused by the kernel and the accept thread finds nothing to spin on.
void stop_listening(int listener) {
  const int idle = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (idle < 0) return;  // newcomers are then closed one by one
  ::dup3(idle, listener, O_CLOEXEC);
  ::close(idle);
}

/// Connections above the descriptors of this process could not be accepted, only spun on.
int affordable_connections(int wanted) {
  rlimit limit{};
  constexpr rlim_t reserve = 256;  // database, files, provider calls
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return wanted;
  const rlim_t room = limit.rlim_cur > 2 * reserve ? limit.rlim_cur - reserve : limit.rlim_cur / 2;
  return room < static_cast<rlim_t>(wanted) ? static_cast<int>(room) : wanted;
}

}  // namespace

struct Server::Impl {
  std::shared_ptr<Hub> hub;
  std::unique_ptr<Pistache::Tcp::Listener> listener;
  int listening_fd = -1;
};

Server::Server(config::HttpSettings settings, Router router) : impl_{std::make_unique<Impl>()} {
  settings.max_connections = affordable_connections(settings.max_connections);
  impl_->hub = std::make_shared<Hub>(std::move(settings), std::move(router));
}

Server::~Server() { stop(); }

Result<std::uint16_t> Server::start() {
  STELLWERK_ASSERT(!impl_->listener, "a server is started once");
  const auto& settings = impl_->hub->settings;
  STELLWERK_TRY(const auto address, parse_listen(settings.listen));
  try {
    using Pistache::Tcp::Options;
    auto listener = std::make_unique<Pistache::Tcp::Listener>(Pistache::Address(address.first, Pistache::Port(address.second)));
    listener->init(static_cast<std::size_t>(std::max(settings.threads, 1)), Pistache::Flags<Options>(Options::ReuseAddr) | Options::NoDelay | Options::CloseOnExec, "http", accept_backlog);
    const auto acceptor = Transport::make_acceptor();
    listener->setHandler(acceptor);
    listener->setTransportFactory([hub = impl_->hub, acceptor] { return std::make_shared<Transport>(hub, acceptor); });
    // Pistache keeps its listening socket to itself: it is the one on this port that was not there before
    const auto before = find_listeners(address.second);
    listener->bind();
    const std::uint16_t port = listener->getPort();
    for (const int fd : find_listeners(port)) {
      if (!std::binary_search(before.begin(), before.end(), fd)) impl_->listening_fd = fd;
    }
    listener->runThreaded();
    impl_->listener = std::move(listener);
    monitoring::log_info("http: listening", {{"address", address.first}, {"port", std::to_string(port)}});
    return port;
  } catch (const std::exception& thrown) {
    return fail(ErrorCode::unavailable, fmt::format("cannot listen on {}: {}", settings.listen, thrown.what()));
  }
}

void Server::stop() {
  if (!impl_ || !impl_->listener) return;
  if (impl_->listening_fd >= 0) stop_listening(impl_->listening_fd);
  impl_->hub->draining = true;
  impl_->hub->wake_all();
  if (!impl_->hub->wait_empty(impl_->hub->settings.drain_timeout)) monitoring::log_warning("http: connections were cut because they did not finish in http.drain_timeout");
  impl_->listener->shutdown();
  impl_->listener.reset();
}

}  // namespace stellwerk::http

#ifdef __SANITIZE_THREAD__
/// Pistache hands a new socket to its io thread through a lock-free queue in its library, whose atomics ThreadSanitizer does not see.
extern "C" const char* __tsan_default_suppressions() {
  return "race:Pistache::Tcp::Peer::Create\nrace:Pistache::Tcp::Listener::acceptConnection\nrace:Pistache::Tcp::Listener::handleNewConnection\n";
}
#endif
