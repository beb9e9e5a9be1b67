#include "actors/connector_queue.hpp"

#include <boost/test/unit_test.hpp>

#include <optional>
#include <set>
#include <string>
#include <vector>

using namespace stellwerk;
using namespace stellwerk::actors;
using std::chrono::seconds;

namespace {

const Time noon = from_micros(1'772'452'800'000'000);

/// A queue, and what came out of it.
struct Waiting {
  explicit Waiting(std::size_t window) : queue{window} {}

  Shared<Work> work(const std::string& id, const std::string& tenant, Time due, const std::string& operation = "crane.lift", const std::string& mode = "execute") {
    storage::AttemptRow row;
    row.id = AttemptId{id};
    row.actor = ActorId{"svc_" + id};
    row.tenant = TenantId{tenant};
    row.operation = operation;
    row.mode = mode;
    row.due = due;
    return share(Work{std::move(row), seconds{30}});
  }
  Job& put(const std::string& id, const std::string& tenant = "north", Time due = noon, const std::string& operation = "crane.lift", const std::string& mode = "execute") {
    auto& job = queue.add(work(id, tenant, due, operation, mode));
    queue.wait(job, due, noon);
    return job;
  }
  /// As a connector with room for everything: what is parked is read when it comes next.
  std::string take() {
    read();
    auto* job = queue.next([](Job&) { return Queue::Turn::begins; });
    if (job == nullptr) return "nobody";
    const auto gone = queue.remove(*job);
    return gone->id.str();
  }
  void read() {
    for (auto* job : queue.next_parked(64)) queue.unpark(*job, work(job->id.str(), job->lane->tenant.str(), job->due));
  }
  std::size_t whole() {
    std::size_t count = 0;
    for (const auto* job : queue.waiting()) count += job->work ? 1 : 0;
    return count;
  }

  Queue queue;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(connector_queue)

BOOST_AUTO_TEST_CASE(keeps_a_window_whole_whatever_waits) {
  Waiting w{8};
  for (int i = 0; i < 1'000; ++i) w.put("a" + std::to_string(i));
  for (int i = 0; i < 1'000; ++i) w.put("b" + std::to_string(i), "north", noon + seconds{i + 1});
  BOOST_TEST(w.queue.waiting().size() == 2'000U);
  BOOST_TEST(w.whole() == 16U);  // of those whose time has come, and of those before it
  for (int i = 0; i < 1'000; ++i) BOOST_REQUIRE_EQUAL(w.take(), "a" + std::to_string(i));  // in order, nobody is left out
  BOOST_TEST(w.take() == "nobody");
  w.queue.ripen(noon + seconds{1'000});
  BOOST_TEST(w.whole() <= 8U);
  for (int i = 0; i < 1'000; ++i) BOOST_REQUIRE_EQUAL(w.take(), "b" + std::to_string(i));
  BOOST_TEST(w.queue.is_idle());
}

BOOST_AUTO_TEST_CASE(lets_nobody_pass_who_is_parked) {
  Waiting w{2};
  for (const char* id : {"a", "b", "c"}) w.put(id);
  BOOST_TEST(w.take() == "a");
  w.put("d");  // there is room again, but c waits longer
  for (const char* id : {"b", "c", "d"}) BOOST_TEST(w.take() == id);
}

BOOST_AUTO_TEST_CASE(takes_tenants_in_turn_and_of_each_its_operations) {
  Waiting w{64};
  for (int i = 0; i < 3; ++i) w.put("n-lift" + std::to_string(i), "north"), w.put("n-lower" + std::to_string(i), "north", noon, "crane.lower");
  for (int i = 0; i < 2; ++i) w.put("s" + std::to_string(i), "south");
  std::vector<std::string> order;
  for (int i = 0; i < 8; ++i) order.push_back(w.take());
  const std::vector<std::string> expected{"n-lift0", "s0", "n-lower0", "s1", "n-lift1", "n-lower1", "n-lift2", "n-lower2"};
  BOOST_TEST(order == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(reads_a_tenant_that_came_late_before_the_rest_of_one_that_filled_the_window) {
  Waiting w{4};
  for (int i = 0; i < 100; ++i) w.put("n" + std::to_string(i), "north");
  w.put("s0", "south"), w.put("s1", "south"), w.put("s2", "south");
  std::set<std::string> first;
  for (int i = 0; i < 6; ++i) first.insert(w.take());
  for (const char* id : {"s0", "s1", "s2"}) BOOST_TEST(first.contains(id), id);
}

BOOST_AUTO_TEST_CASE(looks_past_one_that_has_to_wait_and_past_a_lane_without_a_place) {
  Waiting w{64};
  for (const char* id : {"a", "b", "c"}) w.put(id);
  auto& other = w.put("d", "south");
  other.lane->awaits_place = true;
  const auto but_a = [](Job& job) { return job.id.str() == "a" ? Queue::Turn::waits : Queue::Turn::begins; };
  BOOST_TEST(w.queue.next(but_a)->id.str() == "b");
  const auto none_of_north = [](Job&) { return Queue::Turn::lane_waits; };
  BOOST_TEST((w.queue.next(none_of_north) == nullptr));
  w.queue.open_lanes(TenantId{"south"}, "crane.lift");
  const auto only_south = [](Job& job) { return job.lane->tenant.str() == "south" ? Queue::Turn::begins : Queue::Turn::lane_waits; };
  BOOST_TEST(w.queue.next(only_south)->id.str() == "d");
}

BOOST_AUTO_TEST_CASE(gives_looks_at_tasks_no_turn_and_what_observes_a_lane_of_its_own) {
  Waiting w{64};
  w.put("task", "north", noon, "crane.lift", "poll");
  w.put("later", "north", noon + seconds{5}, "crane.lift", "poll");
  w.put("look", "north", noon, "crane.lift", "observe");
  w.put("do", "north");
  BOOST_TEST(w.queue.next_poll()->id.str() == "task");
  const auto stopped = [](Job& job) { return job.mode == Job::Mode::execute ? Queue::Turn::lane_waits : Queue::Turn::begins; };
  BOOST_TEST(w.queue.next(stopped)->id.str() == "look");
  BOOST_TEST((w.queue.next_due() == noon + seconds{5}));
}

BOOST_AUTO_TEST_CASE(keeps_what_has_begun_whole) {
  Waiting w{2};
  for (int i = 0; i < 10; ++i) w.put("a" + std::to_string(i));
  auto& job = *w.queue.next([](Job&) { return Queue::Turn::begins; });
  w.queue.take_out(job);
  job.exchange = std::make_unique<Exchange>();
  w.queue.wait(job, noon, noon);
  BOOST_TEST(bool{job.work});
  w.queue.take_out(job);
  job.mode = Job::Mode::poll;  // the vendor works on it
  w.queue.wait(job, noon + seconds{1}, noon);
  BOOST_TEST(bool{job.work});
  w.queue.ripen(noon + seconds{1});
  BOOST_TEST(w.queue.next_poll() == &job);
}

BOOST_AUTO_TEST_CASE(forgets_one_that_is_taken_out_while_parked) {
  Waiting w{2};
  for (const char* id : {"a", "b", "c", "d"}) w.put(id);
  auto* parked = w.queue.find("c");
  BOOST_REQUIRE((parked != nullptr && Queue::is_parked(*parked)));
  BOOST_TEST((w.queue.remove(*parked)->actor == ActorId{"svc_c"}));
  BOOST_TEST((w.queue.find("c") == nullptr));
  for (const char* id : {"a", "b", "d"}) BOOST_TEST(w.take() == id);
  BOOST_TEST(w.queue.is_idle());
}

BOOST_AUTO_TEST_SUITE_END()
