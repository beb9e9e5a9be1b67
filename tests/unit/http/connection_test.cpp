// The connection without a socket and with a clock moved by hand.

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <tuple>

#include "api/http/connection.hpp"

using namespace stellwerk::http;
using namespace std::chrono_literals;

namespace {

struct Bench {
  stellwerk::config::HttpSettings settings;
  Router router = make_router();
  MessageParser parser{settings.max_head_bytes};
  Traffic traffic;
  std::shared_ptr<Outlet> outlet = std::make_shared<Outlet>();
  Surroundings around{settings, router, parser, traffic, outlet};
  Tick now = Tick::clock::now();
  std::vector<Reply> held;
  std::shared_ptr<Connection> connection = std::make_shared<Connection>(around, 3, "127.0.0.1", now);

  Router make_router() {
    Router routes;
    routes.add(Method::get, "/hold", [this](Request&&, const Reply& reply) { held.push_back(reply); });
    routes.add(Method::get, "/big", [](Request&&, const Reply& reply) { reply.send(Response{.body = std::string(1'500'000, 'x')}); });
    routes.add(Method::get, "/stream", [this](Request&&, const Reply& reply) { streams.push_back(reply.stream(Response{})); });
    return routes;
  }
  std::vector<Stream> streams;

  void run() {
    for (auto commands = outlet->take(); !commands.empty(); commands = outlet->take()) {
      for (auto& command : commands) {
        if (auto target = command.connection.lock()) target->apply(std::move(command), now);
      }
    }
  }
  void receive(std::string_view bytes) {
    connection->receive(bytes, now);
    run();
  }
  void pass(Tick::duration time) {
    now += time;
    connection->check_deadlines(now);
    run();
  }
  std::string send_some(std::size_t most) {
    std::string sent;
    std::array<iovec, 4> slices{};
    while (sent.size() < most && !connection->output().empty()) {
      connection->output().gather(slices.data(), slices.size());
      const auto size = std::min(most - sent.size(), slices[0].iov_len);
      sent.append(static_cast<const char*>(slices[0].iov_base), size);
      connection->output().consume(size);
      connection->note_progress(now);
    }
    return sent;
  }
};

std::string get(std::string_view path) { return "GET " + std::string{path} + " HTTP/1.1\r\nHost: h\r\n\r\n"; }

}  // namespace

BOOST_AUTO_TEST_SUITE(connection)

BOOST_AUTO_TEST_CASE(drops_a_client_that_takes_no_byte_for_thirty_seconds) {
  Bench bench;
  bench.receive(get("/big"));
  bench.pass(29s);
  BOOST_CHECK(bench.connection->fate() == Connection::Fate::live);
  BOOST_CHECK_EQUAL(bench.send_some(10).size(), 10U);  // progress starts the time again
  bench.pass(29s);
  BOOST_CHECK(bench.connection->fate() == Connection::Fate::live);
  bench.pass(2s);
  BOOST_CHECK(bench.connection->fate() == Connection::Fate::drop);
}

BOOST_AUTO_TEST_CASE(reads_no_further_request_while_much_is_unsent_and_runs_no_deadline) {
  Bench bench;
  bench.receive(get("/big") + get("/big") + "GET /half");
  BOOST_CHECK(!bench.connection->wants_read());
  bench.pass(20s);
  BOOST_CHECK(bench.connection->fate() == Connection::Fate::live);
  const auto first = bench.send_some(1'600'000);
  BOOST_CHECK(first.starts_with("HTTP/1.1 200"));
  bench.pass(1ms);
  BOOST_CHECK(!bench.connection->output().empty());
}

BOOST_AUTO_TEST_CASE(takes_at_most_64_requests_at_once) {
  Bench bench;
  std::string all;
  for (int i = 0; i < 100; ++i) all += get("/hold");
  bench.receive(all);
  BOOST_CHECK_EQUAL(bench.held.size(), 64U);
  BOOST_CHECK(!bench.connection->wants_read());
  bench.held[0].send(Response{});
  bench.run();
  BOOST_CHECK_EQUAL(bench.held.size(), 65U);
}

BOOST_AUTO_TEST_CASE(does_not_count_the_time_of_its_own_answer_as_idle) {
  Bench bench;
  bench.settings.idle_timeout = 5s;
  bench.receive(get("/hold"));
  bench.pass(20s);
  BOOST_CHECK(bench.connection->fate() == Connection::Fate::live);
  bench.held[0].send(Response{.body = "x"});
  bench.run();
  bench.send_some(1000);
  bench.pass(4s);
  BOOST_CHECK(bench.connection->fate() == Connection::Fate::live);
  bench.pass(2s);
  BOOST_CHECK(bench.connection->fate() == Connection::Fate::drop);
}

BOOST_AUTO_TEST_CASE(cuts_a_head_by_its_first_byte_not_by_its_last) {
  Bench bench;
  bench.settings.header_timeout = 10s;
  bench.receive("G");
  for (int i = 0; i < 9; ++i) {
    bench.pass(1s);
    bench.receive("E");
  }
  BOOST_CHECK(bench.connection->output().empty());
  bench.pass(2s);
  BOOST_CHECK(bench.send_some(1000).starts_with("HTTP/1.1 408 "));
  BOOST_CHECK(bench.connection->fate() == Connection::Fate::finish);
  bench.connection->linger(bench.now);
  bench.receive(get("/hold"));
  BOOST_CHECK(bench.held.empty());
  BOOST_CHECK(bench.connection->fate() == Connection::Fate::live);
  bench.pass(3s);
  BOOST_CHECK(bench.connection->fate() == Connection::Fate::drop);
}

BOOST_AUTO_TEST_CASE(closes_a_stream_that_runs_a_megabyte_ahead) {
  Bench bench;
  bench.receive(get("/stream"));
  auto& stream = bench.streams.at(0);
  const std::string block(100'000, 'x');
  for (int i = 0; i < 10; ++i) BOOST_CHECK(stream.write(block));
  bench.run();
  bench.send_some(600'000);
  for (int i = 0; i < 5; ++i) BOOST_CHECK(stream.write(block));  // room again for what was taken
  bench.run();
  BOOST_CHECK(bench.connection->fate() == Connection::Fate::live);
  for (int i = 0; i < 2; ++i) std::ignore = stream.write(block);
  BOOST_CHECK(!stream.is_open());
  bench.run();
  BOOST_CHECK(bench.connection->fate() == Connection::Fate::drop);
}

BOOST_AUTO_TEST_CASE(abandons_what_waits_when_the_client_leaves) {
  Bench bench;
  bench.receive(get("/stream") + get("/hold"));
  BOOST_CHECK(bench.streams.at(0).write("x"));
  bench.connection->end_of_input();
  BOOST_CHECK(!bench.streams.at(0).write("x"));
  BOOST_CHECK(bench.held.at(0).abandoned());
  bench.held.at(0).send(Response{});
  bench.run();
}

BOOST_AUTO_TEST_SUITE_END()
