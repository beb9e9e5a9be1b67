// How long an emergency stop kept everybody waiting, and that no step pays for it.

#include <fmt/format.h>

#include "actors/stop.hpp"
#include "tests/unit/actors/engine.hpp"

namespace stellwerk::testing {
namespace {

using namespace std::chrono_literals;

const TenantId ours{"ten_1"}, theirs{"ten_2"}, everybody{};
Time at(int minute) { return from_micros(1'772'438'400'000'000) + std::chrono::minutes{minute}; }
storage::StopRow turned(const TenantId& tenant, bool on, int minute) { return {tenant, on, "usr_1", "why", at(minute)}; }

std::string told(const actors::Stop& stop, const TenantId& tenant) {
  std::string text;
  if (const auto spans = stop.standstills(tenant))
    for (const auto& span : *spans)
      text += fmt::format("{}-{} ", (span.from - at(0)) / 1min, span.until == Time::max() ? "on" : std::to_string((span.until - at(0)) / 1min));
  return text;
}

struct StoppedEngine : RunningEngine {
  void turn(bool on) {
    must(wait_for<actors::Answer>([&](auto done) { client().emergency_stop({.on = on, .all = false, .note = "gateway", .caller = {tenant, "usr_admin", "admin", ""}}, done); }));
  }
  ActorId working() {
    const auto id = create("service", "renting", JsonObject{{"server", server.str()}});
    must(command(id, "work"));
    return id;
  }
  [[nodiscard]] static std::optional<DriverResponse> fine(const DriverRequest& request) { return answer(200, request.method == "GET" ? R"({"is":"down"})" : "{}"); }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(standstill)

BOOST_AUTO_TEST_CASE(is_known_for_each_tenant_with_what_held_for_all) {
  actors::Stop stop;
  BOOST_TEST((stop.standstills(ours) == nullptr));
  stop.put(turned(ours, true, 10));
  BOOST_TEST(told(stop, ours) == "10-on ");
  BOOST_TEST((stop.standstills(theirs) == nullptr));
  stop.put(turned(ours, true, 12));  // another why
  stop.put(turned(everybody, true, 15));
  stop.put(turned(ours, false, 20));
  BOOST_TEST(told(stop, ours) == "10-on ");
  BOOST_TEST(told(stop, theirs) == "15-on ");
  stop.put(turned(everybody, false, 30));
  stop.put(turned(theirs, true, 40));
  stop.put(turned(theirs, false, 50));
  BOOST_TEST(told(stop, ours) == "10-30 ");
  BOOST_TEST(told(stop, theirs) == "15-30 40-50 ");
  BOOST_TEST((stop.stood(ours, at(0), at(100)) == 20min && stop.stood(theirs, at(20), at(45)) == 15min && stop.stood(ours, at(30), at(100)) == 0min));
}

BOOST_AUTO_TEST_CASE(is_known_again_after_a_restart) {
  const auto session = must(storage::make_memory_database()->open_store());
  auto& store = *session;
  must(store.begin_incarnation("nod_1", "host"));
  for (const auto& row : {turned(ours, true, 10), turned(everybody, true, 15), turned(ours, false, 20), turned(everybody, false, 30), turned(theirs, true, 40)}) must(store.put_stop(row, ours));
  actors::Stop stop;
  must(stop.load(store));
  BOOST_TEST(told(stop, ours) == "10-30 ");
  BOOST_TEST(told(stop, theirs) == "15-30 40-on ");
  BOOST_TEST((stop.is_on(theirs) && !stop.is_on(ours)));
  stop.put(turned(theirs, false, 60));
  BOOST_TEST(told(stop, theirs) == "15-30 40-60 ");
}

BOOST_FIXTURE_TEST_CASE(takes_nothing_from_the_time_for_retries_of_a_step_that_waited, StoppedEngine) {
  driver->play(fine);
  turn(true);
  const auto id = working();
  advance_clock(10h);
  restart();
  driver->play([](const DriverRequest& request) -> std::optional<DriverResponse> { return request.method == "POST" ? answer(503) : fine(request); });
  turn(false);
  until("its first try was refused for now", [&] { return !facts(id, "attempt").empty(); });
  driver->play(fine);
  advance_clock(10min);
  until("the step is done", [&] { return attempts(id).empty(); });
  BOOST_TEST(incidents().empty());
  const auto given_back = facts(id, "time_given_back");
  BOOST_REQUIRE(!given_back.empty());  // once when it was looked at after the restart, then for what was left of the stop
  BOOST_TEST(text_of(given_back[0], "stood").starts_with("PT10H"));
}

BOOST_FIXTURE_TEST_CASE(does_not_make_a_task_of_the_vendor_overdue, StoppedEngine) {
  for (const bool between : {false, true}) {  // … nor when the node is restarted meanwhile
    driver->play([](const DriverRequest& request) -> std::optional<DriverResponse> {
      if (request.method == "POST" || request.url.find("/tasks/") != std::string::npos) return answer(202, R"({"task":"t-1"})");
      return fine(request);
    });
    const auto id = working();
    until("the handle is kept", [&] { return attempts(id).size() == 1U && attempts(id)[0].handle == "t-1"; });
    turn(true);
    advance_clock(10h);
    if (between) restart();
    turn(false);
    driver->play([](const DriverRequest& request) -> std::optional<DriverResponse> {
      if (request.url.find("/tasks/") != std::string::npos) return answer(200);
      return fine(request);
    });
    advance_clock(1min);
    advance_clock(30min);  // its next look at the task
    until("the task has ended or is overdue", [&] { return attempts(id).empty(); });
    BOOST_TEST(incidents().empty(), "restarted: " << between);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace stellwerk::testing
