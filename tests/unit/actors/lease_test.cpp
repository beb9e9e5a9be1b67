// The lease and the clock guard on a clock moved by hand, and the pulse that feeds them.
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "actors/pulse.hpp"
#include "monitoring/health.hpp"
#include "storage/store.hpp"
#include "tests/unit/actors/engine.hpp"

using namespace stellwerk;
using namespace std::chrono_literals;
using actors::ClockGuard;
using actors::Lease;

namespace {

const Time morning = from_micros(1'772'438'400'000'000);

/// Wall time and monotonic time, each moved by hand; engine time is an hour ahead, as in a demo.
class TwoClocks final : public Clock {
 public:
  Time wall_time = morning;
  Duration since_boot = 7h;

  [[nodiscard]] Time now() const override { return wall_time + 1h; }
  [[nodiscard]] Time wall() const override { return wall_time; }
  [[nodiscard]] Duration monotonic() const override { return since_boot; }
  void pass(Duration span) { wall_time += span, since_boot += span; }
};

/// A node on a memory database whose clock is moved by hand as well.
struct Node {
  TwoClocks clock;
  Duration database_ahead{0};
  std::shared_ptr<storage::Database> database = storage::make_memory_database([this] { return clock.wall_time + database_ahead; });
  std::string fatal;
  std::shared_ptr<actors::Deps> deps = std::make_shared<actors::Deps>();
  std::unique_ptr<actors::Pulse> pulse;

  Node() {
    BOOST_REQUIRE(open()->begin_incarnation("nod_1", "host-a", 15s).has_value());
    deps->clock = &clock;
    deps->incarnation = "nod_1";
    deps->lease = std::make_shared<Lease>(clock, 15s);
    deps->clock_guard = std::make_shared<ClockGuard>(clock);
    deps->on_fatal = [this](const std::string& why) { fatal = why; };
    deps->open_store = [this] { return database->open_store(); };
    pulse = std::make_unique<actors::Pulse>(deps, open());
  }
  std::unique_ptr<storage::Store> open() { return std::move(*database->open_store()); }
};

std::string told(const std::string& part) { return monitoring::readiness().parts[part]; }

}  // namespace

BOOST_AUTO_TEST_SUITE(lease)

BOOST_AUTO_TEST_CASE(is_over_before_its_first_heartbeat_and_counts_from_before_each) {
  TwoClocks clock;
  Lease lease{clock, 15s};
  BOOST_TEST(!lease.may_send());
  const auto sent = clock.monotonic();
  clock.pass(4s);  // the statement took so long
  lease.renew(sent);
  BOOST_TEST((lease.left() == 11s));
  BOOST_TEST(lease.may_send());
  clock.pass(9s);
  BOOST_TEST((lease.left() == 2s && lease.may_send()));
  clock.pass(1s);
  BOOST_TEST((lease.left() == 1s && !lease.may_send()));  // not enough for the way out
  clock.pass(1h);
  BOOST_TEST((lease.left() == 0s));
  lease.renew(clock.monotonic());
  BOOST_TEST(lease.may_send());
}

BOOST_AUTO_TEST_CASE(does_not_shrink_by_an_answer_that_came_late) {
  TwoClocks clock;
  Lease lease{clock, 15s};
  lease.renew(clock.monotonic());
  lease.renew(clock.monotonic() - 10s);
  BOOST_TEST((lease.left() == 15s));
}

BOOST_AUTO_TEST_CASE(does_not_heed_the_wall_clock) {
  TwoClocks clock;
  Lease lease{clock, 15s};
  lease.renew(clock.monotonic());
  clock.wall_time -= 24h;
  clock.since_boot += 20s;
  BOOST_TEST(!lease.may_send());
}

BOOST_AUTO_TEST_CASE(that_is_lost_does_not_come_back) {
  TwoClocks clock;
  Lease lease{clock, 15s};
  lease.renew(clock.monotonic());
  lease.lose();
  lease.renew(clock.monotonic() + 1s);
  BOOST_TEST((!lease.may_send() && lease.is_lost() && lease.left() == 0s));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(clock_guard)

BOOST_AUTO_TEST_CASE(lets_fire_while_all_clocks_agree_and_the_demo_is_no_difference) {
  TwoClocks clock;
  ClockGuard guard{clock};
  clock.pass(24h * 400);
  guard.compare(clock.wall() + 1900ms, clock.wall(), clock.wall());
  BOOST_TEST(guard.may_fire());
  BOOST_TEST(guard.trouble() == "");
}

BOOST_AUTO_TEST_CASE(stops_at_once_when_the_wall_clock_is_set_and_goes_on_when_it_is_put_back) {
  for (const Duration jump : {Duration{301s}, Duration{-301s}, Duration{24h}}) {
    TwoClocks clock;
    ClockGuard guard{clock};
    clock.pass(1h);
    clock.wall_time += jump;
    BOOST_TEST(!guard.may_fire());
    BOOST_TEST(guard.trouble().find(jump > 0s ? "set forward by" : "set back by") != std::string::npos);
    clock.pass(1h);
    BOOST_TEST(!guard.may_fire());
    clock.wall_time -= jump;
    BOOST_TEST(guard.may_fire());
    clock.wall_time += jump > 0s ? 299s : -299s;
    BOOST_TEST(guard.may_fire());
  }
}

BOOST_AUTO_TEST_CASE(goes_on_by_itself_when_a_clock_that_was_wrong_at_the_start_is_put_right) {
  TwoClocks clock;
  clock.wall_time -= 2h;
  ClockGuard guard{clock};
  guard.compare(clock.wall() + 2h, clock.wall(), clock.wall());
  BOOST_TEST(!guard.may_fire());
  clock.wall_time += 2h;
  guard.compare(clock.wall(), clock.wall(), clock.wall());
  BOOST_TEST(guard.may_fire());
  // but only once: both may be wrong together
  clock.wall_time += 2h;
  guard.compare(clock.wall(), clock.wall(), clock.wall());
  BOOST_TEST(!guard.may_fire());
}

BOOST_AUTO_TEST_CASE(stops_when_node_and_database_are_apart_beyond_the_way_there_and_back) {
  TwoClocks clock;
  ClockGuard guard{clock};
  const auto before = clock.wall();
  guard.compare(before + 2001ms, before, before);
  BOOST_TEST((!guard.may_fire() && guard.difference() == -2001ms));
  BOOST_TEST(guard.trouble().find("2.0 s behind the database's") != std::string::npos);
  guard.compare(before + 4s, before, before + 5s);  // a slow answer says nothing
  BOOST_TEST((guard.may_fire() && guard.difference() == 0s));
  guard.compare(before - 3s, before, before + 5s);
  BOOST_TEST((!guard.may_fire() && guard.difference() == 3s));
  guard.compare(before, before, before);
  BOOST_TEST(guard.may_fire());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(pulse)

BOOST_AUTO_TEST_CASE(renews_the_lease_three_times_in_its_length) {
  Node node;
  for (int i = 0; i < 10; ++i) {
    BOOST_TEST((node.pulse->beat() == 5s));
    BOOST_TEST((node.deps->lease->left() == 15s && node.deps->may_send() && node.deps->may_fire()));
    node.clock.pass(5s);
  }
  BOOST_TEST((told("lease") == "ready" && told("clock") == "ready"));
}

BOOST_AUTO_TEST_CASE(says_that_nothing_fires_when_the_database_lives_in_another_time) {
  Node node;
  node.database_ahead = 3s;
  (void)node.pulse->beat();
  BOOST_TEST((!node.deps->may_fire() && node.deps->may_send()));
  BOOST_TEST(told("clock").find("behind the database's") != std::string::npos);
  node.database_ahead = 1s;
  (void)node.pulse->beat();
  BOOST_TEST((node.deps->may_fire() && told("clock") == "ready"));
}

BOOST_AUTO_TEST_CASE(ends_the_node_when_another_one_has_taken_over) {
  Node node;
  (void)node.pulse->beat();
  node.clock.pass(45s);  // stopped for three leases
  BOOST_TEST(!node.deps->may_send());
  BOOST_REQUIRE(node.open()->begin_incarnation("nod_2", "host-b", 15s).has_value());
  BOOST_TEST(node.fatal == "");
  (void)node.pulse->beat();
  BOOST_TEST(node.fatal.find("nod_1 was ended by another process") != std::string::npos);
  BOOST_TEST((node.deps->lease->is_lost() && !node.deps->may_send()));
}

BOOST_AUTO_TEST_CASE(goes_on_with_its_own_lease_when_nobody_came_meanwhile) {
  Node node;
  (void)node.pulse->beat();
  node.clock.pass(45s);
  BOOST_TEST(!node.deps->may_send());
  (void)node.pulse->beat();
  BOOST_TEST((node.deps->may_send() && node.fatal.empty()));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(withheld_requests)

BOOST_AUTO_TEST_CASE(are_sent_again_and_nobody_hears_of_it) {
  testing::Engine engine;
  std::atomic<int> withheld{0};
  engine.driver->play([&](const connectors::DriverRequest& request) -> std::optional<connectors::DriverResponse> {
    BOOST_TEST(request.may_leave());  // the engine's own lease lives
    if (request.method == "POST" && withheld++ < 2) return connectors::withheld_response();
    return testing::answer(200);
  });
  engine.start();
  const auto before = testing::Engine::metric("stellwerk_requests_withheld_total");
  const auto id = engine.create_service("five");
  engine.until_state(id, "finished");
  BOOST_TEST(testing::Engine::metric("stellwerk_requests_withheld_total") == before + 2);
  for (const auto& fact : engine.facts(id, "attempt")) BOOST_TEST(text_of(fact, "outcome") != "retry");
  BOOST_TEST(engine.incidents().empty());
}

BOOST_AUTO_TEST_SUITE_END()
