// Deadlines and the drain over real sockets, with short settings.

#include <boost/test/unit_test.hpp>

#include <future>
#include <thread>

#include "tests/unit/http/raw_client.hpp"

using namespace stellwerk::http::testing;
using namespace std::chrono_literals;

namespace {

stellwerk::config::HttpSettings short_settings() {
  auto settings = TestServer::small_settings();
  settings.header_timeout = settings.body_timeout = 300ms;
  settings.idle_timeout = 400ms;
  settings.answer_timeout = 300ms;
  return settings;
}

/// Sends a byte whenever the server has been silent for 20 ms; how many it took until the server spoke or closed.
int drip(RawClient& client, std::string_view start, int bytes) {
  client.send(start);
  int sent = 0;
  while (sent < bytes && !client.is_readable(20) && client.send("x")) ++sent;
  return sent;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(timeouts)

BOOST_AUTO_TEST_CASE(cuts_a_head_that_drips) {
  TestServer server{short_settings()};
  RawClient client{server.port()};
  BOOST_CHECK_LT(drip(client, "GET /ok HTTP/1.1\r\nHost: test\r\nX: ", 500), 500);
  const auto answer = client.read();
  BOOST_CHECK(answer && answer->status == 408);
  BOOST_CHECK(client.is_closed_by_server());
  BOOST_CHECK(server.is_well());
}

BOOST_AUTO_TEST_CASE(cuts_a_body_that_drips) {
  TestServer server{short_settings()};
  RawClient client{server.port()};
  BOOST_CHECK_LT(drip(client, "POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 10000\r\n\r\n", 500), 500);
  const auto answer = client.read();
  BOOST_CHECK(answer && answer->status == 408);
  BOOST_CHECK(client.is_closed_by_server());
}

BOOST_AUTO_TEST_CASE(closes_silent_and_idle_connections_without_a_word) {
  TestServer server{short_settings()};
  RawClient silent{server.port()}, idle{server.port()};
  idle.send(get("/ok"));
  BOOST_CHECK(idle.read());
  BOOST_CHECK(silent.is_closed_by_server());
  BOOST_CHECK(idle.is_closed_by_server());
}

BOOST_AUTO_TEST_CASE(answers_503_when_the_handler_does_not_answer_in_time) {
  TestServer server{short_settings()};
  RawClient client{server.port()};
  client.send(get("/hold"));
  const auto answer = client.read();
  BOOST_REQUIRE(answer);
  BOOST_CHECK_EQUAL(answer->status, 503);
  BOOST_CHECK_EQUAL(answer->headers.at("retry-after"), "1");
  BOOST_CHECK(answer->body.find("Idempotency-Key") != std::string::npos);
  server.take_held()->send({.body = "too late"});
  client.send(get("/ok"));
  const auto next = client.read();
  BOOST_CHECK(next && next->body == "ok");
}

BOOST_AUTO_TEST_CASE(leaves_streams_open_beyond_every_timeout) {
  TestServer server{short_settings()};
  RawClient client{server.port()};
  client.send(get("/stream"));
  BOOST_REQUIRE(client.read_until("hello\n"));
  BOOST_CHECK(!client.is_readable(1000));
  auto streams = server.take_streams();
  BOOST_REQUIRE_EQUAL(streams.size(), 1U);
  BOOST_CHECK(streams[0].write("more\n"));
  BOOST_CHECK(client.read_until("more\n"));
  streams[0].close();
  BOOST_CHECK(client.read_until("0\r\n\r\n"));
}

BOOST_AUTO_TEST_CASE(tells_the_handler_when_the_client_has_left) {
  TestServer server;
  RawClient waiting{server.port()}, listening{server.port()};
  waiting.send(get("/hold"));
  listening.send(get("/stream"));
  BOOST_REQUIRE(listening.read_until("hello\n"));
  std::optional<stellwerk::http::Reply> reply;
  while (!(reply = server.take_held())) BOOST_REQUIRE(!waiting.is_readable(1));
  auto streams = server.take_streams();
  waiting.close();
  listening.reset();
  const auto limit = std::chrono::steady_clock::now() + 10s;
  while ((!reply->abandoned() || streams[0].is_open()) && std::chrono::steady_clock::now() < limit) std::this_thread::yield();
  BOOST_CHECK(reply->abandoned());
  BOOST_CHECK(!streams[0].write("x"));
  reply->send({.body = "nobody"});
  BOOST_CHECK(server.is_well());
}

BOOST_AUTO_TEST_CASE(drops_a_stream_whose_client_does_not_read) {
  TestServer server;
  RawClient client{server.port(), 4096};
  client.send(get("/stream"));
  BOOST_REQUIRE(client.read_until("hello\n"));
  auto streams = server.take_streams();
  const std::string block(64 * 1024, 'x');
  int written = 0;
  while (written < 1000 && streams[0].write(block)) ++written;
  BOOST_CHECK_LT(written, 1000);
  BOOST_CHECK(!streams[0].is_open());
  BOOST_CHECK(server.is_well());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(drain)

BOOST_AUTO_TEST_CASE(finishes_answers_under_way_and_refuses_newcomers) {
  TestServer server;
  RawClient busy{server.port()}, idle{server.port()}, listening{server.port()};
  busy.send(get("/hold"));
  idle.send(get("/ok"));
  listening.send(get("/stream"));
  BOOST_REQUIRE(idle.read());
  BOOST_REQUIRE(listening.read_until("hello\n"));
  std::optional<stellwerk::http::Reply> reply;
  while (!(reply = server.take_held())) BOOST_REQUIRE(!busy.is_readable(1));
  auto stopped = std::async(std::launch::async, [&] { server.stop(); });
  BOOST_CHECK(idle.is_closed_by_server());
  BOOST_CHECK(listening.read_until("0\r\n\r\n"));
  RawClient late{server.port()};
  BOOST_CHECK(!late.is_connected() || !late.send(get("/ok")) || !late.read());
  reply->send({.body = "finished"});
  const auto answer = busy.read();
  BOOST_REQUIRE(answer);
  BOOST_CHECK_EQUAL(answer->body, "finished");
  BOOST_CHECK_EQUAL(answer->headers.at("connection"), "close");
  stopped.get();
  reply->send({.body = "after the end"});
}

BOOST_AUTO_TEST_CASE(cuts_what_does_not_finish_in_time) {
  auto settings = TestServer::small_settings();
  settings.drain_timeout = 100ms;
  TestServer server{settings};
  RawClient client{server.port()};
  client.send(get("/hold"));
  std::optional<stellwerk::http::Reply> reply;
  while (!(reply = server.take_held())) BOOST_REQUIRE(!client.is_readable(1));
  server.stop();
  BOOST_CHECK(client.is_closed_by_server());
  BOOST_CHECK(reply->abandoned());
}

BOOST_AUTO_TEST_CASE(says_why_it_cannot_listen) {
  TestServer server;
  const auto try_listen = [](std::string listen) {
    stellwerk::config::HttpSettings settings;
    settings.listen = std::move(listen);
    stellwerk::http::Server other{settings, {}};
    return other.start();
  };
  const auto taken = try_listen("127.0.0.1:" + std::to_string(server.port()));
  BOOST_REQUIRE(!taken);
  BOOST_CHECK(taken.error().code == stellwerk::ErrorCode::unavailable);
  for (const char* wrong : {"8080", ":8080", "localhost:", "localhost:99999", "::1:80", "localhost:80x"}) {
    const auto refused = try_listen(wrong);
    BOOST_REQUIRE(!refused);
    BOOST_CHECK(refused.error().code == stellwerk::ErrorCode::invalid_argument);
  }
}

BOOST_AUTO_TEST_CASE(can_be_destroyed_without_a_start) { BOOST_CHECK_NO_THROW((stellwerk::http::Server{{}, {}})); }

BOOST_AUTO_TEST_SUITE_END()
