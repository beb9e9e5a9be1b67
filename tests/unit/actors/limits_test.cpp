// Limits as settings of the server, through the whole engine; and what a person may do about a step that must not be repeated.

#include "tests/unit/actors/engine.hpp"

namespace stellwerk::testing {
namespace {

const char* const echo = R"(language: 1
workflow: echo
kind: order
attributes:
  peer:  { type: string, max: 64 }
  heard: { type: int, default: 0 }
events:
  meet:  { allow: [staff], with: { peer: { type: string, required: true } } }
  shout: { allow: [staff] }
  ping:  { from: [order] }
initial: open
states:
  open:
    status: pending
    rest: true
    on:
      meet:  { set: { peer: "${event.peer}" } }
      shout: { send: { actor: "${self.peer}", event: ping } }
      ping:  { set: { heard: "${self.heard + 1}" }, send: { actor: "${self.peer}", event: ping } }
)";

const char* const till = R"(language: 1
connector: till
driver: noop
settings:
  harbour: { type: string, required: true }
operations:
  book:
    effect: sets
    repeatable: false
    request: { post: "/book" }
    outcomes: [ { is: done, when: response.status == 200 }, { is: rejected_operator, when: response.status == 500 } ]
)";

const char* const booking = R"(language: 1
workflow: booking
kind: service
attributes:
  server: { type: ref, kind: server, required: true }
events:
  book: { allow: [staff] }
initial: open
states:
  open: { status: active, rest: true, on: { book: { to: booking } } }
  booking:
    status: active
    steps: [ { book: { call: till.book, on_server: self.server } } ]
    done: { to: booked }
    failed: { to: open }
  booked: { status: active, rest: true }
)";

struct Bounded : Engine {
  Bounded() {
    extra_library = {{"workflows/library/echo.yaml", echo}, {"connectors/library/till.yaml", till}, {"workflows/library/booking.yaml", booking}};
    settings.limits.event = 1'024;
    settings.limits.vendor_text = 256;
    settings.limits.depth = 6;
  }
  Result<actors::Answer> take(const IncidentId& incident, const std::string& remedy, bool verified_absent) {
    return wait_for<actors::Answer>([&](auto done) {
      client().remedy({.incident = incident, .remedy = remedy, .note = "asked the bank", .input = JsonObject{}, .output = JsonObject{}, .caller = staff(), .trace = {},
                       .verified_absent = verified_absent}, done);
    });
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(limits_engine)

BOOST_FIXTURE_TEST_CASE(of_what_a_command_carries_is_told_as_422, Bounded) {
  start();
  const auto id = create_service();
  BOOST_TEST(must(command(id, "paint", JsonObject{{"colour", std::string(64, 'x')}})).status == 202);
  const auto refused = command(id, "paint", JsonObject{{"colour", std::string(1'100, 'x')}});
  BOOST_REQUIRE(!refused);
  BOOST_TEST((refused.error().code == ErrorCode::invalid_argument && refused.error().reason == "event_too_large"));
  BOOST_TEST(refused.error().message.find("(setting limits.event)") != std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(of_what_a_vendor_says_is_kept_with_a_mark, Bounded) {
  start();
  driver->play([](const DriverRequest& request) -> std::optional<DriverResponse> { return request.method == "GET" ? answer(200) : answer(500, "{\"error\":\"" + std::string(5'000, 'x') + "\"}"); });
  const auto id = create_service();
  must(command(id, "lift"));
  until("its run is held", [&] { return !incidents().empty(); });
  const auto text = incidents()[0].text;
  BOOST_TEST(text.size() == 256U);
  BOOST_TEST(text.ends_with(" bytes left out)"));
}

BOOST_FIXTURE_TEST_CASE(two_actors_that_answer_one_another_without_end_are_stopped, Bounded) {
  start();
  const auto one = create("order", "echo"), other = create("order", "echo");
  must(command(one, "meet", JsonObject{{"peer", other.str()}}));
  must(command(other, "meet", JsonObject{{"peer", one.str()}}));
  must(command(one, "shout"));
  until("a person is asked", [&] { return !incidents().empty(); });
  BOOST_REQUIRE(incidents().size() == 1U);
  BOOST_TEST((incidents()[0].kind == "event_failed" && incidents()[0].code == "causation_depth"));
  const auto heard = [&](const ActorId& id) { return int_of(actor(id).attributes, "heard"); };
  BOOST_TEST(heard(one) + heard(other) == 6);
  must(remedy(incidents()[0].id, "retry"));  // as many again, then it is asked once more
  until("a person is asked again", [&] { return heard(one) + heard(other) == 13 && incidents().size() == 1U; });
}

BOOST_FIXTURE_TEST_CASE(a_step_that_must_not_be_repeated_is_done_once_a_person_has_looked, Bounded) {
  settings.limits = {};
  must(open_store()->put_server({.id = server, .tenant = tenant, .name = "till", .connector = "till", .pool = "default", .settings = JsonObject{{"harbour", "x"}}, .created_at = wall_now()}));
  start();
  const auto lost = [](const DriverRequest&) -> std::optional<DriverResponse> {
    DriverResponse response;
    response.failure = DriverResponse::Failure::uncertain;
    response.failure_code = "reset";
    response.failure_text = "the connection broke";
    return response;
  };
  driver->play(lost);
  const auto id = create_service("booking");
  must(command(id, "book"));
  until("its run is held", [&] { return !incidents().empty(); });
  const auto first = incidents()[0];
  BOOST_TEST(bool_of(first.detail, "effect_unknown"));
  BOOST_TEST(driver->keys().size() == 1U);

  must(take(first.id, "retry", false));  // looking tells nothing
  until("it is held again", [&] { return incidents().size() == 1U && incidents()[0].id != first.id; });
  const auto second = incidents()[0];
  BOOST_TEST((second.code == "unobservable" && bool_of(second.detail, "effect_unknown")));
  BOOST_TEST(driver->keys().size() == 1U);
  const auto wrong = take(second.id, "skip", true);
  BOOST_REQUIRE(!wrong);
  BOOST_TEST((wrong.error().code == ErrorCode::invalid_argument && wrong.error().reason == "remedy_not_offered"));

  driver->play([](const DriverRequest&) -> std::optional<DriverResponse> { return answer(200); });
  must(take(second.id, "retry", true));
  until_state(id, "booked");
  BOOST_TEST(driver->keys().size() == 2U);
  BOOST_TEST(incidents().empty());
  const auto closed = facts(id, "incident_closed");
  BOOST_REQUIRE(closed.size() == 2U);
  BOOST_TEST((!bool_of(closed[0], "verified_absent") && bool_of(closed[1], "verified_absent") && text_of(closed[1], "note") == "asked the bank"));
}

BOOST_FIXTURE_TEST_CASE(of_a_step_that_can_be_looked_up_nobody_has_to_say_that_it_has_not_happened, Bounded) {
  start();
  driver->play([](const DriverRequest& request) -> std::optional<DriverResponse> { return answer(request.method == "GET" ? 200 : 500); });
  const auto id = create_service();
  must(command(id, "lift"));
  until("its run is held", [&] { return !incidents().empty(); });
  const auto refused = take(incidents()[0].id, "retry", true);
  BOOST_REQUIRE(!refused);
  BOOST_TEST((refused.error().code == ErrorCode::invalid_argument && refused.error().reason == "remedy_not_offered"));
  BOOST_TEST(incidents().size() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace stellwerk::testing
