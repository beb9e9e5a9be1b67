// Clients that leave at the worst moment while answers come from other threads: nobody may ever get the answer of another.

#include <boost/test/unit_test.hpp>

#include <condition_variable>
#include <deque>
#include <functional>
#include <queue>
#include <random>
#include <thread>
#include <tuple>

#include "tests/unit/http/raw_client.hpp"

using namespace stellwerk::http;
using namespace stellwerk::http::testing;
using Moment = std::chrono::steady_clock::time_point;

namespace {

/// Runs what it is given when it is due, in a few threads.
class Workers {
 public:
  explicit Workers(int count) {
    for (int i = 0; i < count; ++i) threads_.emplace_back([this](const std::stop_token& stop) { run(stop); });
  }
  void add(Moment due, std::function<void()> work) {
    {
      const std::lock_guard lock{mutex_};
      queue_.push({due, next_++, std::move(work)});
    }
    changed_.notify_one();
  }

 private:
  struct Item {
    Moment due;
    long order;
    std::function<void()> work;
    bool operator<(const Item& other) const { return std::tie(due, order) > std::tie(other.due, other.order); }
  };
  void run(const std::stop_token& stop) {
    std::unique_lock lock{mutex_};
    while (!stop.stop_requested()) {
      if (queue_.empty()) {
        changed_.wait(lock, stop, [this] { return !queue_.empty(); });
      } else if (const auto due = queue_.top().due; due > std::chrono::steady_clock::now()) {
        changed_.wait_until(lock, stop, due, [&] { return !queue_.empty() && queue_.top().due < due; });
      } else {
        auto work = std::move(const_cast<Item&>(queue_.top()).work);
        queue_.pop();
        lock.unlock();
        work();
        lock.lock();
      }
    }
  }
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::priority_queue<Item> queue_;
  long next_ = 0;
  std::vector<std::jthread> threads_;  // last: ends first
};

Response text(std::string body) { return Response{.headers = {{"Content-Type", "text/plain"}}, .body = std::move(body)}; }

struct Load {
  explicit Load(int io_threads) : server{make_settings(io_threads), make_router()}, port{server.start().value()} {}
  static stellwerk::config::HttpSettings make_settings(int io_threads) {
    stellwerk::config::HttpSettings settings;
    settings.listen = "127.0.0.1:0";
    settings.threads = io_threads;
    return settings;
  }
  Router make_router() {
    Router router;
    router.add(Method::get, "/later/{id}", [this](Request&& request, const Reply& reply) {
      const auto micros = std::strtol(request.query_value("us")->c_str(), nullptr, 10);
      workers.add(std::chrono::steady_clock::now() + std::chrono::microseconds{micros}, [reply, id = request.param("id")] { reply.send(text("id=" + id)); });
    });
    router.add(Method::get, "/now/{id}", [](Request&& request, const Reply& reply) { reply.send(text("id=" + request.param("id"))); });
    router.add(Method::get, "/huge", [](Request&&, const Reply& reply) { reply.send(text(std::string(20U << 20U, 'x'))); });
    return router;
  }
  Workers workers{3};
  Server server;
  std::uint16_t port;
};

struct Tally {
  std::atomic<long> right{0}, wrong{0}, missing{0}, left{0};
  std::mutex mutex;
  std::string first;  ///< what went wrong first
  void note(std::string what) {
    const std::lock_guard lock{mutex};
    if (first.empty()) first = std::move(what);
  }
};

/// One client thread: connections of a few requests each; the impolite half leaves before it has read everything.
void act(const Load& load, int number, bool polite, const std::atomic<long>& checked, long enough, Tally& tally) {
  std::mt19937 random{static_cast<std::uint32_t>(number)};
  const auto below = [&](unsigned limit) { return random() % limit; };
  for (long round = 0; checked < enough; ++round) {
    RawClient client{load.port};
    if (!client.is_connected()) continue;
    const int requests = static_cast<int>(1 + below(20));
    const bool pipelined = below(2) == 0;
    std::deque<std::string> expected;
    bool leaves = false;
    for (int i = 0; i < requests && !leaves; ++i) {
      const auto id = std::to_string(number) + "-" + std::to_string(round) + "-" + std::to_string(i);
      const auto target = below(4) == 0 ? "/now/" + id : "/later/" + id + "?us=" + std::to_string(below(800));
      if (!client.send(get(target))) break;
      expected.push_back("id=" + id);
      leaves = !polite && below(6) == 0;
      while (!leaves && !expected.empty() && (!pipelined || expected.size() > 8 || i + 1 == requests)) {
        const auto answer = client.read();
        if (!answer) {
          ++tally.missing;
          tally.note("no answer: " + expected.front());
          expected.clear();
          i = requests;
          break;
        }
        const bool right = answer->status == 200 && answer->body == expected.front();
        ++(right ? tally.right : tally.wrong);
        if (!right) tally.note("expected " + expected.front() + ", got " + std::to_string(answer->status) + " " + answer->body);
        expected.pop_front();
        leaves = !polite && below(12) == 0;
      }
    }
    if (!leaves) continue;
    ++tally.left;
    if (below(2) == 0) client.reset();
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(abuse)

BOOST_AUTO_TEST_CASE(sixty_thousand_answers_reach_their_own_clients_while_half_of_the_clients_leave_early) {
  constexpr long enough = 60'000;
  Load load{2};
  Tally tally;
  {
    std::vector<std::jthread> clients;
    for (int number = 0; number < 16; ++number) clients.emplace_back([&, number] { act(load, number, number % 2 == 0, tally.right, enough, tally); });
  }
  BOOST_TEST_MESSAGE("right " << tally.right << ", wrong " << tally.wrong << ", missing " << tally.missing << ", left early " << tally.left);
  BOOST_CHECK_GE(tally.right, enough);
  BOOST_CHECK_MESSAGE(tally.wrong == 0 && tally.missing == 0, tally.first);
  BOOST_CHECK_GT(tally.left, 1000);
}

BOOST_AUTO_TEST_CASE(a_reader_that_does_not_read_twenty_megabytes_holds_up_nobody) {
  Load load{1};
  RawClient stuck{load.port, 4096};
  BOOST_REQUIRE(stuck.send(get("/huge")));
  BOOST_REQUIRE(stuck.is_readable(10'000));
  RawClient other{load.port};
  for (int i = 0; i < 2000; ++i) {
    BOOST_REQUIRE(other.send(get("/now/" + std::to_string(i))));
    const auto answer = other.read();
    BOOST_REQUIRE(answer);
    BOOST_REQUIRE_EQUAL(answer->body, "id=" + std::to_string(i));
  }
  const auto late = stuck.read();  // it was only slow
  BOOST_REQUIRE(late);
  BOOST_CHECK_EQUAL(late->body.size(), 20U << 20U);
}

BOOST_AUTO_TEST_CASE(a_server_may_stop_under_load) {
  for (int round = 0; round < 10; ++round) {
    Tally tally;
    std::atomic<long> until{0};
    std::vector<std::jthread> clients;
    {
      Load load{2};
      for (int number = 0; number < 4; ++number) {
        clients.emplace_back([&, number, port = load.port] {
          for (int i = 0; until == 0; ++i) {
            const auto id = std::to_string(number) + "-" + std::to_string(i);
            RawClient client{port};
            if (!client.is_connected() || !client.send(get("/later/" + id + "?us=200"))) continue;
            const auto answer = client.read();
            if (answer) ++(answer->body == "id=" + id ? tally.right : tally.wrong);
          }
        });
      }
      while (tally.right < 100) std::this_thread::yield();
      load.server.stop();
      until = 1;
    }
    clients.clear();
    BOOST_CHECK_EQUAL(tally.wrong, 0);
  }
}

BOOST_AUTO_TEST_SUITE_END()
