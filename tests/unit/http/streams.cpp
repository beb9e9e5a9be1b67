// Two hundred server-sent event streams for a minute, fed from a thread that is none of the server's.

#include <boost/test/unit_test.hpp>

#include <condition_variable>
#include <memory>
#include <thread>
#include <tuple>

#include "tests/unit/http/raw_client.hpp"

using namespace stellwerk::http;
using namespace stellwerk::http::testing;
using namespace std::chrono_literals;

namespace {

constexpr int clients = 200;
constexpr auto tick = 100ms;
constexpr int ticks = 600;

std::string event(int number) { return "id: " + std::to_string(number) + "\ndata: {\"at\":" + std::to_string(number) + "}\n\n"; }

}  // namespace

BOOST_AUTO_TEST_SUITE(streams)

BOOST_AUTO_TEST_CASE(two_hundred_streams_get_every_event_in_order_for_a_minute) {
  std::mutex mutex;
  std::condition_variable_any changed;
  std::vector<Stream> open;
  Router router;
  router.add(Method::get, "/events", [&](Request&&, const Reply& reply) {
    auto stream = reply.stream(Response{.headers = {{"Content-Type", "text/event-stream"}}});
    const std::lock_guard lock{mutex};
    open.push_back(std::move(stream));
    changed.notify_all();
  });
  router.add(Method::get, "/ok", [](Request&&, const Reply& reply) { reply.send(Response{.body = "ok"}); });
  stellwerk::config::HttpSettings settings;
  settings.listen = "127.0.0.1:0";
  settings.answer_timeout = settings.idle_timeout = settings.header_timeout = 1s;  // none of them may touch a stream
  Server server{settings, std::move(router)};
  const auto port = server.start().value();

  std::vector<std::unique_ptr<RawClient>> readers;
  for (int i = 0; i < clients; ++i) {
    readers.push_back(std::make_unique<RawClient>(port));
    BOOST_REQUIRE(readers.back()->send(get("/events")));
  }
  int lost = 0;
  std::jthread feeder{[&](const std::stop_token& stop) {
    std::unique_lock lock{mutex};
    changed.wait(lock, stop, [&] { return open.size() == clients; });
    auto due = std::chrono::steady_clock::now();
    for (int number = 0; number < ticks; ++number) {
      for (auto& stream : open) {
        if (!stream.write(event(number))) ++lost;
      }
      due += tick;
      changed.wait_until(lock, stop, due, [] { return false; });
    }
    for (auto& stream : open) stream.close();
  }};
  long wrong = 0;
  for (int number = 0; number < ticks; ++number) {
    for (auto& reader : readers) {
      if (!reader->read_until(event(number), 30'000)) ++wrong;
    }
    if (number % 50 != 0) continue;
    RawClient passer{port};  // others are answered meanwhile
    BOOST_REQUIRE(passer.send(get("/ok")));
    BOOST_CHECK(passer.read());
  }
  for (auto& reader : readers) {
    if (!reader->read_until("0\r\n\r\n", 30'000)) ++wrong;
  }
  feeder.join();
  BOOST_CHECK_EQUAL(lost, 0);
  BOOST_CHECK_EQUAL(wrong, 0);
  server.stop();
}

BOOST_AUTO_TEST_CASE(a_thousand_streams_whose_clients_leave_are_noticed) {
  std::mutex mutex;
  std::vector<Stream> open;
  Router router;
  router.add(Method::get, "/events", [&](Request&&, const Reply& reply) {
    auto stream = reply.stream(Response{.headers = {{"Content-Type", "text/event-stream"}}});
    const std::lock_guard lock{mutex};
    open.push_back(std::move(stream));
  });
  stellwerk::config::HttpSettings settings;
  settings.listen = "127.0.0.1:0";
  Server server{settings, std::move(router)};
  const auto port = server.start().value();
  std::jthread feeder{[&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      const std::lock_guard lock{mutex};
      for (auto& stream : open) std::ignore = stream.write("data: x\n\n");
      std::erase_if(open, [](const Stream& stream) { return !stream.is_open(); });
      std::this_thread::yield();
    }
  }};
  for (int i = 0; i < 1000; ++i) {
    RawClient client{port};
    BOOST_REQUIRE(client.send(get("/events")));
    BOOST_REQUIRE(client.read_until("data: x"));
    if (i % 2 == 0) client.reset();
  }
  const auto limit = std::chrono::steady_clock::now() + 20s;
  std::size_t left = 1;
  while (left > 0 && std::chrono::steady_clock::now() < limit) {
    const std::lock_guard lock{mutex};
    left = open.size();
  }
  BOOST_CHECK_EQUAL(left, 0U);
}

BOOST_AUTO_TEST_SUITE_END()
