#pragma once
// A server on loopback that answers with the bytes a test wants, down to the status line.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <condition_variable>
#include <functional>
#include <list>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace stellwerk::test {

/// What a connection does with one request: the bytes it answers and whether it closes afterwards.
struct RawAnswer {
  std::string bytes;
  bool close = false;
  bool hang = false;  ///< answers nothing and waits until the server ends
};

/// Accepts connections until destroyed; `answer(request, n)` is called on a connection's thread, n counts all requests from 1.
class RawServer {
 public:
  explicit RawServer(std::function<RawAnswer(const std::string& request, int n)> answer, SSL_CTX* tls = nullptr) : answer_{std::move(answer)}, tls_{tls} {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener_, 64) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      throw std::runtime_error("cannot listen on loopback");
    }
    port_ = ntohs(address.sin_port);
    acceptor_ = std::jthread{[this] { accept(); }};
  }
  ~RawServer() {
    {
      const std::lock_guard lock{mutex_};
      ending_ = true;
      ::shutdown(listener_, SHUT_RDWR);
      for (const int connection : open_) ::shutdown(connection, SHUT_RDWR);
    }
    changed_.notify_all();
    acceptor_.join();
    threads_.clear();
    ::close(listener_);
  }
  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;

  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] std::string url(const std::string& path) const { return (tls_ != nullptr ? "https" : "http") + std::string{"://127.0.0.1:"} + std::to_string(port_) + path; }
  [[nodiscard]] int connections() const {
    const std::lock_guard lock{mutex_};
    return connections_;
  }
  [[nodiscard]] std::vector<std::string> requests() const {
    const std::lock_guard lock{mutex_};
    return requests_;
  }
  /// Returns when so many requests have been read.
  void wait_for(std::size_t count) const {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [&] { return requests_.size() >= count; });
  }

 private:
  void accept() {
    while (true) {
      const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (connection < 0) return;
      const std::lock_guard lock{mutex_};
      if (ending_) {
        ::close(connection);
        return;
      }
      ++connections_;
      open_.push_back(connection);
      threads_.emplace_back([this, connection] { serve(connection); });
    }
  }

  void serve(int connection) {
    SSL* tls = nullptr;
    if (tls_ != nullptr) {
      tls = SSL_new(tls_);
      SSL_set_fd(tls, connection);
    }
    if (tls == nullptr || SSL_accept(tls) == 1) talk(connection, tls);
    SSL_free(tls);
    const std::lock_guard lock{mutex_};
    open_.remove(connection);
    ::close(connection);
  }

  void talk(int connection, SSL* tls) {
    std::string buffered;
    while (true) {
      const auto request = read_request(connection, tls, buffered);
      if (request.empty()) return;
      int n = 0;
      {
        const std::lock_guard lock{mutex_};
        requests_.push_back(request);
        n = static_cast<int>(requests_.size());
      }
      changed_.notify_all();
      const auto answer = answer_(request, n);
      if (answer.hang) {
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [this] { return ending_; });
        return;
      }
      if (!write_all(connection, tls, answer.bytes) || answer.close) return;
    }
  }

  static bool write_all(int connection, SSL* tls, const std::string& bytes) {
    for (std::size_t at = 0; at < bytes.size();) {
      const auto left = bytes.size() - at;
      const auto written = tls != nullptr ? SSL_write(tls, bytes.data() + at, static_cast<int>(left)) : ::send(connection, bytes.data() + at, left, MSG_NOSIGNAL);
      if (written <= 0) return false;
      at += static_cast<std::size_t>(written);
    }
    return true;
  }

  /// Head and body by Content-Length; empty when the client went away.
  static std::string read_request(int connection, SSL* tls, std::string& buffered) {
    while (true) {
      if (const auto end = buffered.find("\r\n\r\n"); end != std::string::npos) {
        std::size_t body = 0;
        if (const auto at = buffered.find("Content-Length: "); at < end) body = std::stoul(buffered.substr(at + 16));
        if (buffered.size() >= end + 4 + body) {
          auto request = buffered.substr(0, end + 4 + body);
          buffered.erase(0, request.size());
          return request;
        }
      }
      char chunk[4096];
      const auto got = tls != nullptr ? SSL_read(tls, chunk, sizeof chunk) : ::recv(connection, chunk, sizeof chunk, 0);
      if (got <= 0) return {};
      buffered.append(chunk, static_cast<std::size_t>(got));
    }
  }

  std::function<RawAnswer(const std::string&, int)> answer_;
  SSL_CTX* tls_;
  int listener_ = -1;
  int port_ = 0;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  bool ending_ = false;
  int connections_ = 0;
  std::vector<std::string> requests_;
  std::list<int> open_;
  std::list<std::jthread> threads_;
  std::jthread acceptor_;
};

}  // namespace stellwerk::test
