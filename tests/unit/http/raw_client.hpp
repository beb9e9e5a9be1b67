#pragma once
// A client that sends exactly the bytes it is given, and a server with a route for every behaviour under test.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cctype>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <map>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/http/server.hpp"

namespace stellwerk::http::testing {

struct Answer {
  int status = 0;
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string body;
};

class RawClient {
 public:
  explicit RawClient(std::uint16_t port, int receive_buffer = 0) : fd_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    if (receive_buffer > 0) ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  ~RawClient() { close(); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  [[nodiscard]] bool is_connected() const { return connected_; }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  /// Closes so that the other side sees a reset.
  void reset() {
    const linger hard{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close();
  }
  /// False when the server has closed.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno == EINTR) continue;
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  [[nodiscard]] bool is_readable(int milliseconds) const {
    pollfd item{fd_, POLLIN, 0};
    return ::poll(&item, 1, milliseconds) > 0;
  }
  /// The next answer, or nothing when the connection ends first or `milliseconds` pass without a byte. `head_only`: of HEAD.
  std::optional<Answer> read(bool head_only = false, int milliseconds = 10'000) {
    std::size_t end = 0;
    while ((end = input_.find("\r\n\r\n")) == std::string::npos) {
      if (!fill(milliseconds)) return std::nullopt;
    }
    Answer answer = parse_head(std::string_view{input_}.substr(0, end + 2));
    input_.erase(0, end + 4);
    if (head_only || answer.status < 200 || answer.status == 204) return answer;
    if (answer.headers.contains("transfer-encoding")) return read_chunks(answer, milliseconds) ? std::optional{answer} : std::nullopt;
    const auto length = static_cast<std::size_t>(std::strtoull(answer.headers["content-length"].c_str(), nullptr, 10));
    while (input_.size() < length) {
      if (!fill(milliseconds)) return std::nullopt;
    }
    answer.body = input_.substr(0, length);
    input_.erase(0, length);
    return answer;
  }
  /// True when the server closes without another byte.
  bool is_closed_by_server(int milliseconds = 10'000) { return input_.empty() && !fill(milliseconds) && ended_; }
  /// Reads until `text` has come.
  bool read_until(std::string_view text, int milliseconds = 10'000) {
    while (input_.find(text) == std::string::npos) {
      if (!fill(milliseconds)) return false;
    }
    input_.erase(0, input_.find(text) + text.size());
    return true;
  }
  /// Receives what is there; false at the end or after `milliseconds`.
  bool fill(int milliseconds) {
    if (!is_readable(milliseconds)) return false;
    char buffer[16 * 1024];
    const auto got = ::recv(fd_, buffer, sizeof buffer, 0);
    ended_ = got <= 0;
    if (ended_) return false;
    input_.append(buffer, static_cast<std::size_t>(got));
    return true;
  }
  [[nodiscard]] const std::string& input() const { return input_; }

 private:
  static Answer parse_head(std::string_view head) {
    Answer answer;
    answer.status = head.size() > 12 ? std::atoi(std::string{head.substr(9, 3)}.c_str()) : 0;
    auto rest = head.substr(head.find("\r\n") + 2);
    while (!rest.empty()) {
      const auto end = rest.find("\r\n");
      const auto line = rest.substr(0, end);
      const auto colon = line.find(": ");
      std::string name{line.substr(0, colon)};
      for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      answer.headers[name] = std::string{line.substr(colon + 2)};
      rest.remove_prefix(end + 2);
    }
    return answer;
  }
  bool read_chunks(Answer& answer, int milliseconds) {
    while (true) {
      std::size_t end = 0;
      while ((end = input_.find("\r\n")) == std::string::npos) {
        if (!fill(milliseconds)) return false;
      }
      const auto size = static_cast<std::size_t>(std::strtoull(input_.c_str(), nullptr, 16));
      while (input_.size() < end + 2 + size + 2) {
        if (!fill(milliseconds)) return false;
      }
      answer.body += input_.substr(end + 2, size);
      input_.erase(0, end + 2 + size + 2);
      if (size == 0) return true;
    }
  }

  int fd_;
  bool connected_ = false;
  bool ended_ = false;
  std::string input_;
};

inline std::string get(std::string_view target, std::string_view more = {}) {
  return "GET " + std::string{target} + " HTTP/1.1\r\nHost: test\r\n" + std::string{more} + "\r\n";
}

inline std::string post(std::string_view target, std::string_view body, std::string_view more = {}) {
  return "POST " + std::string{target} + " HTTP/1.1\r\nHost: test\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + std::string{more} + "\r\n" + std::string{body};
}

/// Serves on a free port of the loopback until it goes.
class TestServer {
 public:
  explicit TestServer(config::HttpSettings settings = small_settings()) {
    settings.listen = "127.0.0.1:0";
    server_.emplace(std::move(settings), make_router());
    auto started = server_->start();
    if (!started) throw std::runtime_error(describe(started.error()));
    port_ = *started;
  }
  static config::HttpSettings small_settings() {
    config::HttpSettings settings;
    settings.max_head_bytes = 64 * 1024;
    settings.max_body_bytes = 64 * 1024;
    settings.drain_timeout = std::chrono::seconds{5};
    return settings;
  }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  void stop() { server_->stop(); }
  [[nodiscard]] int smuggled() const { return smuggled_; }
  /// Replies that `/hold` was asked for, oldest first.
  std::optional<Reply> take_held() {
    const std::lock_guard lock{mutex_};
    if (held_.empty()) return std::nullopt;
    auto reply = std::move(held_.front());
    held_.erase(held_.begin());
    return reply;
  }
  std::vector<Stream> take_streams() {
    const std::lock_guard lock{mutex_};
    return std::exchange(streams_, {});
  }
  /// True when a new client gets its answer.
  [[nodiscard]] bool is_well() const {
    RawClient client{port_};
    const auto answer = client.send(get("/ok")) ? client.read() : std::nullopt;
    return answer && answer->status == 200 && answer->body == "ok";
  }

 private:
  static Response text(std::string body) { return Response{.headers = {{"Content-Type", "text/plain"}}, .body = std::move(body)}; }
  Router make_router() {
    Router router;
    router.add(Method::get, "/ok", [](Request&&, const Reply& reply) { reply.send(text("ok")); });
    router.add(Method::get, "/smuggled", [this](Request&&, const Reply& reply) { ++smuggled_; reply.send(text("smuggled")); });
    router.add(Method::post, "/echo", [](Request&& request, const Reply& reply) { reply.send(text(std::move(request.body))); });
    router.add(Method::get, "/items/{id}", [](Request&& request, const Reply& reply) { reply.send(text(request.param("id"))); });
    router.add(Method::get, "/query", [](Request&& request, const Reply& reply) {
      std::string all;
      for (const auto& [name, value] : request.query) all += name + "=" + value + ";";
      reply.send(text(all));
    });
    router.add(Method::get, "/headers/{name}", [](Request&& request, const Reply& reply) {
      std::string all;
      for (const auto& [name, value] : request.headers) all += name == request.param("name") ? value + ";" : "";
      reply.send(text(all));
    });
    router.add(Method::get, "/throws", [](Request&&, const Reply&) { throw std::runtime_error("a secret inside"); });
    router.add(Method::get, "/forgets", [](Request&&, const Reply&) {});
    router.add(Method::get, "/aborts", [](Request&&, const Reply& reply) { reply.abort(); });
    router.add(Method::get, "/splits", [](Request&&, const Reply& reply) { reply.send(Response{.headers = {{"X-Bad", "a\r\nX-Injected: 1"}}}); });
    router.add(Method::get, "/big", [](Request&& request, const Reply& reply) { reply.send(text(std::string(std::strtoull(request.query_value("n")->c_str(), nullptr, 10), 'x'))); });
    router.add(Method::get, "/hold", [this](Request&&, const Reply& reply) {
      const std::lock_guard lock{mutex_};
      held_.push_back(reply);
    });
    router.add(Method::get, "/stream", [this](Request&&, const Reply& reply) {
      auto stream = reply.stream(Response{.headers = {{"Content-Type", "text/event-stream"}}});
      stream.write("hello\n");
      const std::lock_guard lock{mutex_};
      streams_.push_back(std::move(stream));
    });
    router.add(Method::get, "/counts", [](Request&&, const Reply& reply) {
      auto stream = reply.stream(Response{.headers = {{"Content-Type", "text/plain"}}});
      for (int i = 0; i < 10; ++i) stream.write(std::to_string(i));
      stream.close();
    });
    return router;
  }

  std::atomic<int> smuggled_{0};
  std::mutex mutex_;
  std::vector<Reply> held_;
  std::vector<Stream> streams_;
  std::optional<Server> server_;  // last: goes first
  std::uint16_t port_ = 0;
};

}  // namespace stellwerk::http::testing
