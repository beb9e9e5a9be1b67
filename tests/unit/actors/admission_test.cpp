#include "actors/admission.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace stellwerk;
using namespace stellwerk::actors;

namespace {

const TenantId north{"ten_north"}, south{"ten_south"}, west{"ten_west"};

Result<Held> ask(Admission& admission, const TenantId& tenant, const std::string& operation = "crane.lift", const std::string& server = "srv_1") {
  const Load load{tenant, operation, server};
  return admission.admit(tenant, {&load, 1});
}

std::string why_not(const Result<Held>& asked) { return asked ? "taken on" : asked.error().reason; }

/// Who waits for a place, and what they got.
struct Line {
  Admission& admission;
  std::vector<std::string> told = {};
  std::vector<Held> places = {};
  bool take(const TenantId& tenant, const std::string& operation, std::uint64_t who) {
    auto place = admission.take_place(tenant, operation, who, [this, name = tenant.str() + "/" + operation + "/" + std::to_string(who)](Held given) {
      told.push_back(name);
      places.push_back(std::move(given));
    });
    if (!place) return false;
    places.push_back(std::move(place));
    return true;
  }
  /// Gives the place back that was got first.
  void leave() {
    const auto gone = std::move(places.front());
    places.erase(places.begin());
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(admission)

BOOST_AUTO_TEST_CASE(refuses_what_would_begin_above_the_limit_of_tenant_server_operation_and_node) {
  struct Row {
    const char* what;
    Bounds bounds;
    TenantId tenant;
    const char *operation, *server, *reason;
    ErrorCode code;
  };
  using enum ErrorCode;
  const Row rows[] = {
      {"tenant", {.queue_per_tenant = 2}, north, "crane.lower", "srv_2", "tenant_busy", resource_exhausted},
      {"another tenant", {.queue_per_tenant = 2}, south, "crane.lift", "srv_1", "taken on", internal},
      {"server", {.queue_per_server = 2}, south, "crane.lower", "srv_1", "server_busy", unavailable},
      {"another server", {.queue_per_server = 2}, north, "crane.lift", "srv_2", "taken on", internal},
      {"an action, which is on no server", {.queue_per_server = 2}, north, "id.allocate", "", "taken on", internal},
      {"operation", {.queue_per_operation = 2}, south, "crane.lift", "srv_2", "step_busy", unavailable},
      {"another operation", {.queue_per_operation = 2}, north, "crane.lower", "srv_1", "taken on", internal},
      {"node", {.queue = 2}, south, "crane.lower", "srv_2", "overloaded", unavailable},
  };
  for (const auto& row : rows) {
    BOOST_TEST_CONTEXT(row.what) {
      Admission admission{row.bounds};
      auto first = ask(admission, north), second = ask(admission, north);
      BOOST_REQUIRE((first && second));
      {
        const auto third = ask(admission, row.tenant, row.operation, row.server);
        BOOST_TEST(why_not(third) == row.reason);
        if (!third) {
          BOOST_TEST((third.error().code == row.code));
          BOOST_TEST((third.error().retry_after >= std::chrono::seconds{1} && third.error().retry_after <= std::chrono::seconds{30}));
        }
      }
      second->reset();
      BOOST_TEST(why_not(ask(admission, row.tenant, row.operation, row.server)) == "taken on");
    }
  }
}

BOOST_AUTO_TEST_CASE(counts_what_is_in_hand_without_refusing_it) {
  Admission admission{{.queue_per_server = 1}};
  auto one = admission.count({north, "crane.lift", "srv_1"}), two = admission.count({north, "crane.lift", "srv_1"});
  BOOST_TEST(why_not(ask(admission, north)) == "server_busy");
  one.reset(), two.reset();
  BOOST_TEST(why_not(ask(admission, north)) == "taken on");
}

BOOST_AUTO_TEST_CASE(takes_all_first_attempts_of_a_run_or_none) {
  Admission admission{{.queue_per_server = 1}};
  const auto busy = admission.count({south, "crane.lift", "srv_2"});
  const std::vector<Load> both{{north, "crane.lift", "srv_1"}, {north, "crane.lift", "srv_2"}};
  BOOST_TEST(why_not(admission.admit(north, both)) == "server_busy");
  BOOST_TEST(why_not(ask(admission, north)) == "taken on");  // nothing was left behind on srv_1
}

BOOST_AUTO_TEST_CASE(gives_one_tenant_half_of_the_places_for_commands) {
  Admission admission{{.pending_commands = 4}};
  std::vector<Held> held;
  for (int i = 0; i < 2; ++i) held.push_back(*admission.accept(north));
  BOOST_TEST(why_not(admission.accept(north)) == "tenant_busy");
  held.push_back(*admission.accept(north, true));  // a person's remedy
  held.push_back(*admission.accept(south));
  BOOST_TEST(why_not(admission.accept(west)) == "overloaded");
  held.clear();
  BOOST_TEST(why_not(admission.accept(north)) == "taken on");
}

BOOST_AUTO_TEST_CASE(gives_a_free_place_to_the_tenants_in_turn) {
  Admission admission{{.in_flight_per_operation = 1}};
  Line line{admission};
  BOOST_TEST(line.take(north, "crane.lift", 1));
  for (std::uint64_t who = 2; who < 5; ++who) BOOST_TEST(!line.take(north, "crane.lift", who));
  BOOST_TEST(!line.take(south, "crane.lift", 5));
  BOOST_TEST(!line.take(west, "crane.lift", 6));
  BOOST_TEST(!line.take(north, "crane.lift", 2));  // has asked before
  for (int i = 0; i < 5; ++i) line.leave();
  const std::vector<std::string> expected{"ten_north/crane.lift/2", "ten_south/crane.lift/5", "ten_west/crane.lift/6", "ten_north/crane.lift/3", "ten_north/crane.lift/4"};
  BOOST_TEST(line.told == expected, boost::test_tools::per_element());
  line.leave();
  BOOST_TEST(line.take(south, "crane.lift", 5));
}

BOOST_AUTO_TEST_CASE(keeps_no_tenant_out_because_another_has_as_many_under_way_as_it_may) {
  Admission admission{{.in_flight_per_tenant = 1}};
  Line line{admission};
  BOOST_TEST(line.take(north, "crane.lift", 1));
  BOOST_TEST(!line.take(north, "crane.lower", 2));
  BOOST_TEST(line.take(south, "crane.lower", 2));
  line.leave();  // north's
  const std::vector<std::string> expected{"ten_north/crane.lower/2"};
  BOOST_TEST(line.told == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(lets_two_go_when_a_place_was_all_that_both_lacked) {
  Admission admission{{.in_flight_per_tenant = 1, .in_flight_per_operation = 1}};
  Line line{admission};
  BOOST_TEST(line.take(north, "crane.lift", 1));
  BOOST_TEST(!line.take(north, "crane.lower", 2));
  BOOST_TEST(!line.take(south, "crane.lift", 3));
  line.leave();
  BOOST_TEST(line.told.size() == 2U);
}

BOOST_AUTO_TEST_CASE(tells_nobody_who_has_withdrawn) {
  Admission admission{{.in_flight_per_tenant = 1}};
  Line line{admission};
  BOOST_TEST(line.take(north, "crane.lift", 1));
  BOOST_TEST(!line.take(north, "crane.lift", 2));
  BOOST_TEST(!line.take(north, "crane.lift", 3));
  admission.withdraw(2);
  line.leave();
  const std::vector<std::string> expected{"ten_north/crane.lift/3"};
  BOOST_TEST(line.told == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(passes_a_place_on_that_nobody_uses) {
  Admission admission{{.in_flight_per_tenant = 1}};
  auto first = admission.take_place(north, "crane.lift", 1, {});
  int told = 0;
  const auto refuse = [&](const Held&) { ++told; };  // gives it back at once
  for (std::uint64_t who = 2; who < 5; ++who) BOOST_TEST(!admission.take_place(north, "crane.lift", who, refuse));
  first.reset();
  BOOST_TEST(told == 3);
  BOOST_TEST(bool{admission.take_place(north, "crane.lift", 1, {})});
}

BOOST_AUTO_TEST_CASE(keeps_its_bounds_and_forgets_nobody_whatever_many_threads_do) {
  constexpr int threads = 4, of_each = 500, places = 3;
  Admission admission{{.queue_per_tenant = threads * of_each, .in_flight_per_tenant = places}};
  std::atomic<int> under_way{0}, most{0}, done{0}, refused{0};
  const auto work = [&](Held place) {
    const int present = ++under_way;
    for (int known = most; known < present && !most.compare_exchange_weak(known, present);) {
    }
    --under_way;
    ++done;
    place.reset();  // whoever waits is told here
  };
  std::vector<std::thread> crowd;
  for (int thread = 0; thread < threads; ++thread)
    crowd.emplace_back([&, thread] {
      for (int i = 0; i < of_each; ++i) {
        const auto in_hand = ask(admission, north);
        const auto pending = admission.accept(south, true);
        if (!in_hand || !pending) ++refused;
        if (auto place = admission.take_place(north, "crane.lift", static_cast<std::uint64_t>(thread * of_each + i), work)) work(std::move(place));
      }
    });
  for (auto& thread : crowd) thread.join();
  BOOST_TEST(refused == 0);
  BOOST_TEST(done == threads * of_each);
  BOOST_TEST(most <= places);
  BOOST_TEST(under_way == 0);
  std::vector<Held> all;
  for (int i = 0; i < places; ++i) all.push_back(admission.take_place(north, "crane.lift", 1, {}));
  BOOST_TEST((all.front() && all.back()));  // every place came back
}

BOOST_AUTO_TEST_CASE(is_crowded_above_the_bound_only) {
  Admission admission{{.actors_in_memory = 1}};
  admission.woke();
  BOOST_TEST(!admission.is_crowded());
  admission.woke();
  BOOST_TEST(admission.is_crowded());
  admission.fell_asleep();
  BOOST_TEST(!admission.is_crowded());
}

BOOST_AUTO_TEST_SUITE_END()
