#pragma once
// A TCP relay before PostgreSQL that can cut a connection after the server has committed and before the client hears of it.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace stellwerk::testing {

class CuttingProxy {
 public:
  explicit CuttingProxy(int target_port) : target_port_{target_port}, listener_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    if (listener_ < 0 || ::bind(listener_, reinterpret_cast<const sockaddr*>(&address), size) != 0 || ::listen(listener_, 8) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      throw std::runtime_error("cannot listen on a loopback port");
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::thread{[this] { relay(); }};
  }
  CuttingProxy(const CuttingProxy&) = delete;
  CuttingProxy& operator=(const CuttingProxy&) = delete;
  ~CuttingProxy() {
    stopping_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  [[nodiscard]] int port() const { return port_; }
  void swallow_next_commit() { armed_ = true, swallowed_ = false; }
  [[nodiscard]] bool swallowed() const { return swallowed_; }

 private:
  static sockaddr_in loopback(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    return address;
  }

  struct Pair {
    int client = -1, server = -1;
    bool committing = false;
  };

  /// False: the pair is done for.
  bool pass(Pair& pair, bool from_client) {
    std::array<char, 65536> buffer{};
    const auto got = ::recv(from_client ? pair.client : pair.server, buffer.data(), buffer.size(), 0);
    if (got <= 0) return false;
    const std::string_view bytes{buffer.data(), static_cast<std::size_t>(got)};
    if (from_client && armed_ && bytes.find("commit") != std::string_view::npos && bytes.find("insert") == std::string_view::npos) pair.committing = true, armed_ = false;
    if (!from_client && pair.committing && bytes.find("COMMIT") != std::string_view::npos) {
      swallowed_ = true;
      return false;
    }
    for (std::size_t sent = 0; sent < bytes.size();) {
      const auto n = ::send(from_client ? pair.server : pair.client, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
      if (n <= 0) return false;
      sent += static_cast<std::size_t>(n);
    }
    return true;
  }

  void relay() {
    std::vector<Pair> pairs;
    while (!stopping_) {
      std::vector<pollfd> waiting{{listener_, POLLIN, 0}};
      for (const auto& pair : pairs) waiting.push_back({pair.client, POLLIN, 0}), waiting.push_back({pair.server, POLLIN, 0});
      if (::poll(waiting.data(), waiting.size(), 1'000) < 0) break;
      for (std::size_t i = pairs.size(); i-- > 0;) {
        const bool alive = (waiting[1 + 2 * i].revents == 0 || pass(pairs[i], true)) && (waiting[2 + 2 * i].revents == 0 || pass(pairs[i], false));
        if (alive) continue;
        ::close(pairs[i].client), ::close(pairs[i].server);
        pairs.erase(pairs.begin() + static_cast<std::ptrdiff_t>(i));
      }
      if ((waiting[0].revents & POLLIN) == 0) continue;
      Pair fresh{::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC), ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
      const auto address = loopback(target_port_);
      if (fresh.client >= 0 && ::connect(fresh.server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) pairs.push_back(fresh);
    }
    for (const auto& pair : pairs) ::close(pair.client), ::close(pair.server);
  }

  int target_port_;
  int listener_;
  int port_ = 0;
  std::atomic<bool> stopping_{false}, armed_{false}, swallowed_{false};
  std::thread thread_;
};

}  // namespace stellwerk::testing
