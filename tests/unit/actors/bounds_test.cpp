// What a node takes on, in the engine as api sees it: refusals that change nothing, attempts that wait in the database, actors that leave memory.

#include "tests/unit/actors/engine.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

using namespace stellwerk;
using namespace stellwerk::testing;

namespace {

std::string reason_of(const Result<actors::Answer>& answer) { return answer ? "answered" : answer.error().reason; }

/// Holds every request that changes something.
std::optional<DriverResponse> hold_changes(const DriverRequest& request) {
  return request.method == "POST" ? std::nullopt : std::optional{answer(200, R"({"is":"down"})")};
}

struct BusyEngine : Engine {
  std::vector<ActorId> ids;
  /// So many services, each of which waits to be lifted.
  void lift(int count, const std::string& how = "lift") {
    driver->play(hold_changes);
    for (int i = 0; i < count; ++i) {
      ids.push_back(create_service());
      must(command(ids.back(), how));
    }
  }
  void let_all_go() {
    driver->play([](const DriverRequest&) { return answer(200, R"({"is":"down"})"); });
    while (driver->held() > 0) driver->release(answer(200));
  }
  long posts() {
    const auto seen = driver->seen();
    return std::count_if(seen.begin(), seen.end(), [](const std::string& request) { return request.starts_with("POST"); });
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(bounds)

BOOST_FIXTURE_TEST_CASE(refuses_a_command_whose_run_would_begin_on_a_busy_server_and_changes_nothing, BusyEngine) {
  settings.queue_per_server = 2;
  start();
  lift(2);
  const auto third = create_service();
  auto request = order_of(third, "lift");
  request.idempotency = actors::Idempotency{"scope", "key-1", "hash"};
  const auto refused = command(request);
  BOOST_REQUIRE(!refused);
  BOOST_TEST(refused.error().reason == "server_busy");
  BOOST_TEST((refused.error().code == ErrorCode::unavailable && refused.error().retry_after >= std::chrono::seconds{1}));
  BOOST_TEST(refused.error().message.find(server.str()) != std::string::npos);
  BOOST_TEST((actor(third).state == "idle" && actor(third).version == 1));
  must(command(third, "paint", JsonObject{{"colour", "red"}}));  // what begins no run is taken
  let_all_go();
  for (const auto& id : ids) until_state(id, "lifted");
  const auto taken = must(command(request));  // its key is free
  BOOST_TEST(!taken.repeated);
  until_state(third, "lifted");
}

BOOST_FIXTURE_TEST_CASE(refuses_a_creation_that_begins_a_run_and_leaves_nothing_of_it, BusyEngine) {
  settings.queue_per_tenant = 2;
  start();
  lift(2);
  const auto before = ask_sql("select cast(count(*) as text) from actor");
  BOOST_TEST(reason_of(create(creation("service", "five", JsonObject{{"server", server.str()}}))) == "tenant_busy");
  BOOST_TEST(reason_of(create(creation("order", "asking", JsonObject{}))) == "answered");  // begins none
  BOOST_TEST(ask_sql("select cast(count(*) - 1 as text) from actor") == before);
}

BOOST_FIXTURE_TEST_CASE(goes_on_with_what_was_begun_when_everything_is_busy, BusyEngine) {
  settings.queue = settings.queue_per_server = settings.queue_per_tenant = settings.queue_per_operation = 1;
  start();
  lift(1, "lift2");
  BOOST_REQUIRE(driver->wait_for_held(1));
  driver->release(answer(200));
  BOOST_REQUIRE(driver->wait_for_held(1));  // its second step
  must(command(ids[0], "give_up"));         // undo is no new run
  driver->release(answer(200));
  BOOST_REQUIRE(driver->wait_for_held(1));
  let_all_go();
  until_state(ids[0], "idle");
}

BOOST_FIXTURE_TEST_CASE(keeps_what_waits_in_the_database_until_it_is_its_turn, BusyEngine) {
  settings.in_flight_per_server = 1;
  start();
  lift(100);
  until("some are parked", [] { return metric("stellwerk_attempts_parked") > 20; });
  until("all are counted", [] { return metric("stellwerk_attempts_waiting") == 99; });
  BOOST_TEST(metric("stellwerk_attempts_in_flight") == 1);
  let_all_go();
  for (const auto& id : ids) until_state(id, "lifted");
  BOOST_TEST(posts() == 100);
  until("nothing waits", [] { return metric("stellwerk_attempts_waiting") == 0 && metric("stellwerk_attempts_parked") == 0; });
}

BOOST_FIXTURE_TEST_CASE(gives_a_parked_attempt_up_when_its_run_is_interrupted, BusyEngine) {
  settings.in_flight_per_server = 1;
  start();
  lift(80, "lift2");
  until("some are parked", [] { return metric("stellwerk_attempts_parked") > 0; });
  must(command(ids.back(), "give_up"));
  until_state(ids.back(), "idle");
  BOOST_TEST(posts() == 1);
  let_all_go();
  ids.pop_back();
  for (const auto& id : ids) until_state(id, "lifted");
  BOOST_TEST(posts() == 2 * 79);
}

BOOST_FIXTURE_TEST_CASE(sends_what_its_row_says_when_a_parked_attempt_has_its_turn, BusyEngine) {
  settings.in_flight_per_server = 1;
  start();
  driver->play(hold_changes);
  for (int i = 0; i < 80; ++i) {
    ids.push_back(create("service", "waiting", JsonObject{{"server", server.str()}, {"pin", "1234"}}));  // its rows are sealed
    must(command(ids.back(), "check"));
  }
  until("some are parked", [] { return metric("stellwerk_attempts_parked") > 0; });
  sql("delete from attempt where actor = '" + ids.back().str() + "'");  // its actor knows what is to be done
  let_all_go();
  for (const auto& id : ids) until(id.str() + " is checked", [&] { return text_of(actor(id).attributes, "label") == "checked"; });
  BOOST_TEST(posts() == 80);
}

BOOST_FIXTURE_TEST_CASE(lets_actors_leave_memory_while_their_attempts_wait, BusyEngine) {
  settings.actors_in_memory = 2;
  settings.passivate_after = std::chrono::hours{1};
  start();
  const auto before = metric("stellwerk_actors_loaded");
  lift(30);
  until("most have left", [&] { return metric("stellwerk_actors_loaded") - before <= 2; });
  BOOST_TEST(posts() == 8);
  let_all_go();
  for (const auto& id : ids) until_state(id, "lifted");
  BOOST_TEST(posts() == 30);  // nothing twice
  for (const auto& id : ids) BOOST_TEST(facts(id, "run_started").size() == 1U);
  until("they have left again", [&] { return metric("stellwerk_actors_loaded") - before <= 2; });
}

BOOST_FIXTURE_TEST_CASE(takes_up_after_a_restart_whatever_waited, BusyEngine) {
  settings.actors_in_memory = 20;
  start();
  lift(520);  // more than look at their attempts at a time
  stop();
  const auto before = posts();
  BOOST_TEST(before == 8);
  driver->play([](const DriverRequest&) { return answer(200, R"({"is":"down"})"); });
  restart();
  for (const auto& id : ids) until_state(id, "lifted");
  BOOST_TEST(posts() == before + 520);
  until("nothing waits", [] { return metric("stellwerk_attempts_waiting") == 0 && metric("stellwerk_attempts_parked") == 0; });
}

BOOST_FIXTURE_TEST_CASE(keeps_nobody_in_memory_who_does_not_exist, RunningEngine) {
  const auto before = metric("stellwerk_actors_loaded");
  for (int i = 0; i < 20; ++i) BOOST_TEST(!command(make_id<ActorId>("svc"), "lift"));
  until("they are gone", [&] { return metric("stellwerk_actors_loaded") <= before; });
}

BOOST_FIXTURE_TEST_CASE(hands_places_of_an_operation_to_tenants_in_turn, BusyEngine) {
  settings.in_flight_per_operation = 2;
  const TenantId other = make_id<TenantId>("ten");
  const auto south = make_id<ServerId>("srv");
  must(open_store()->put_server({.id = south, .tenant = other, .name = "south", .connector = "crane", .pool = "default", .settings = JsonObject{{"harbour", "south"}}, .created_at = wall_now()}));
  start();
  lift(20);
  BOOST_REQUIRE(driver->wait_for_held(2));
  auto birth = creation("service", "five", JsonObject{{"server", south.str()}});
  birth.caller.tenant = other;
  must(create(birth));
  const auto south_seen = [&] {
    const auto seen = driver->seen();
    return std::find(seen.begin(), seen.end(), "POST /south/lift") != seen.end();
  };
  until("all wait for a place", [] { return metric("stellwerk_attempts_waiting") == 19; });
  for (std::size_t released = 1; !south_seen(); ++released) {
    BOOST_REQUIRE(released <= 4U);  // not behind twenty others
    driver->release(answer(200));
    BOOST_REQUIRE(driver->wait_for_seen(2 + released));
    BOOST_REQUIRE(driver->wait_for_held(2));
  }
  BOOST_TEST(metric("stellwerk_attempts_in_flight") <= 2);
  let_all_go();
  for (const auto& id : ids) until_state(id, "lifted");
}

BOOST_AUTO_TEST_SUITE_END()
