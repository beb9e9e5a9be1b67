// The simulator over a socket.
#include "sandbox/proxmox.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <filesystem>
#include <string>

#include "core/json.hpp"

namespace stellwerk::sandbox {
namespace {

/// One connection, blocking; a hung test ends after ten seconds.
class Connection {
 public:
  explicit Connection(std::uint16_t port) : fd_{::socket(AF_INET, SOCK_STREAM, 0)} {
    const timeval limit{.tv_sec = 10, .tv_usec = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    BOOST_REQUIRE(::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() { ::close(fd_); }

  void send(std::string_view method, std::string_view target, std::string_view body = {}) {
    const auto text = fmt::format(
        "{} {} HTTP/1.1\r\nHost: localhost\r\nAuthorization: PVEAPIToken=stellwerk@pve!orchestrator=s3cret\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{}",
        method, target, body.size(), body);
    BOOST_REQUIRE(::send(fd_, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size()));
  }
  /// Everything until the other side closes.
  std::string read() {
    std::string text;
    std::array<char, 4096> buffer;
    ssize_t got = 0;
    while ((got = ::recv(fd_, buffer.data(), buffer.size(), 0)) > 0) text.append(buffer.data(), static_cast<std::size_t>(got));
    BOOST_TEST(!(got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)), "no answer and no end within ten seconds");
    return text;
  }

 private:
  int fd_;
};

std::string ask(std::uint16_t port, std::string_view method, std::string_view target, std::string_view body = {}) {
  Connection connection{port};
  connection.send(method, target, body);
  return connection.read();
}

Json body_of(const std::string& answer) { return parse_json(answer.substr(answer.find("\r\n\r\n") + 4)).value(); }

struct Fixture {
  std::filesystem::path file = std::filesystem::temp_directory_path() / fmt::format("stellwerk-pve-{}.state", ::getpid());
  Fixture() { std::filesystem::remove(file); }
  ~Fixture() { std::filesystem::remove(file); }
  ProxmoxOptions options() const { return {.state_file = file.string(), .token = config::Secret{"s3cret"}}; }
};

BOOST_FIXTURE_TEST_SUITE(proxmox_socket, Fixture)

BOOST_AUTO_TEST_CASE(speaks_http_with_the_error_text_in_the_reason_phrase) {
  Proxmox pve{options()};
  const auto port = pve.start().value();
  BOOST_TEST(ask(port, "POST", "/api2/json/nodes/pve1/qemu/9000/clone", "newid=105&name=web").starts_with("HTTP/1.1 200 OK\r\n"));
  const auto again = ask(port, "POST", "/api2/json/nodes/pve1/qemu/9000/clone", "newid=105");
  BOOST_TEST(again.starts_with("HTTP/1.1 500 unable to create VM 105 - VM 105 already exists on node 'pve1'\r\n"));
  BOOST_TEST(ask(port, "PATCH", "/api2/json/version").starts_with("HTTP/1.1 501 "));
}

BOOST_AUTO_TEST_CASE(continues_after_a_restart_with_the_same_file) {
  std::string upid;
  {
    Proxmox pve{options()};
    const auto port = pve.start().value();
    upid = text_of(body_of(ask(port, "POST", "/api2/json/nodes/pve1/qemu/9000/clone", "newid=105&description=mark")), "data");
  }
  Proxmox pve{options()};
  const auto port = pve.start().value();
  BOOST_TEST(text_of(body_of(ask(port, "POST", "/_control/clock", R"({"advance":"PT1M"})")), "offset") == "PT1M");
  const auto status = body_of(ask(port, "GET", "/api2/json/nodes/pve1/tasks/" + upid + "/status"));
  BOOST_TEST(text_of(status.at("data"), "exitstatus") == "OK");
  const auto config = body_of(ask(port, "GET", "/api2/json/nodes/pve1/qemu/105/config"));
  BOOST_TEST(text_of(config.at("data"), "description") == "mark");
}

BOOST_AUTO_TEST_CASE(closes_the_connection_without_an_answer_after_the_effect) {
  Proxmox pve{options()};
  const auto port = pve.start().value();
  BOOST_TEST(ask(port, "POST", "/_control/faults", R"({"match":{"operation":"clone"},"fault":"close_after","times":1})").starts_with("HTTP/1.1 200"));
  BOOST_TEST(ask(port, "POST", "/api2/json/nodes/pve1/qemu/9000/clone", "newid=105").empty());
  BOOST_TEST(ask(port, "GET", "/api2/json/nodes/pve1/qemu/105/config").starts_with("HTTP/1.1 200"));
}

BOOST_AUTO_TEST_CASE(an_answer_that_never_comes_blocks_nobody_and_ends_when_faults_are_cleared) {
  Proxmox pve{options()};
  const auto port = pve.start().value();
  (void)ask(port, "POST", "/_control/faults", R"({"match":{"operation":"clone"},"fault":"timeout_after","seconds":600})");
  Connection held{port};
  held.send("POST", "/api2/json/nodes/pve1/qemu/9000/clone", "newid=105");
  while (body_of(ask(port, "GET", "/_control/calls")).at("calls").as_array().empty()) {
  }
  BOOST_TEST(ask(port, "GET", "/api2/json/version").starts_with("HTTP/1.1 200"));
  BOOST_TEST(ask(port, "DELETE", "/_control/faults").starts_with("HTTP/1.1 200"));
  BOOST_TEST(held.read().empty());
}

BOOST_AUTO_TEST_CASE(stopping_ends_what_is_held_back) {
  Proxmox pve{options()};
  const auto port = pve.start().value();
  (void)ask(port, "POST", "/_control/faults", R"({"match":{"operation":"nodes"},"fault":"timeout_before","seconds":600})");
  Connection held{port};
  held.send("GET", "/api2/json/nodes");
  while (body_of(ask(port, "GET", "/_control/calls")).at("calls").as_array().empty()) {
  }
  pve.stop();
  BOOST_TEST(held.read().empty());
}

BOOST_AUTO_TEST_CASE(a_late_answer_comes_late_but_whole) {
  Proxmox pve{options()};
  const auto port = pve.start().value();
  (void)ask(port, "POST", "/_control/faults", R"({"fault":"latency","ms":30})");
  BOOST_TEST(body_of(ask(port, "GET", "/api2/json/version")).at("data").as_object().size() == 3u);
}

BOOST_AUTO_TEST_CASE(refuses_to_start_without_token_node_or_file) {
  auto no_token = options();
  no_token.token = {};
  BOOST_TEST((Proxmox{no_token}.start().error().code == ErrorCode::invalid_argument));
  auto no_nodes = options();
  no_nodes.nodes.clear();
  BOOST_TEST((Proxmox{no_nodes}.start().error().code == ErrorCode::invalid_argument));
  auto no_file = options();
  no_file.state_file = "/nonexistent/pve.state";
  BOOST_TEST((Proxmox{no_file}.start().error().code == ErrorCode::unavailable));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace stellwerk::sandbox
