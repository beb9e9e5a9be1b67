// A step that must not be repeated and cannot be looked up: a person who has looked says that it has not happened, and it is done.

#include "tests/support/small_workflow.hpp"

namespace stellwerk::testing {
namespace {

using What = workflows::Remedy::What;

const std::string charge_step = "      - pay: { call: vendor.charge, on_server: \"'srv_1'\", with: { name: x } }\n";
const std::string ship_step = "      - ship: { call: vendor.ship, on_server: \"'srv_1'\", with: { name: x } }\n";
const std::string sell_step = "      - sell: { call: vendor.sell, on_server: \"'srv_1'\", with: { name: x } }\n";

void check_refused(ScriptedActor actor, const std::string& why) {
  const auto refused = actor.retry_as_absent();
  BOOST_REQUIRE_MESSAGE(!refused, why);
  BOOST_TEST((refused.error().code == ErrorCode::invalid_argument && refused.error().reason == "remedy_not_offered"), why << ": " << describe(refused.error()));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(verified_absent)

BOOST_AUTO_TEST_CASE(does_the_step_without_looking_under_the_same_key) {
  auto actor = started(charge_step);
  const auto key = actor.attempt()->key;
  BOOST_REQUIRE(actor.answer(OutcomeClass::unclear));
  BOOST_REQUIRE(actor.held());
  BOOST_TEST(bool_of(actor.incidents.begin()->second.detail, "effect_unknown"));
  BOOST_TEST(actor.is_offered("retry"));

  BOOST_REQUIRE(actor.remedy(What::retry));  // only looks …
  BOOST_TEST(actor.attempt()->mode == "observe");
  BOOST_REQUIRE(actor.answer(Outcome{.is = OutcomeClass::unclear, .code = "unobservable"}));
  BOOST_REQUIRE(actor.held());  // … and ends where it was

  BOOST_REQUIRE(actor.retry_as_absent());
  BOOST_TEST(actor.attempt()->mode == "execute");
  BOOST_TEST(actor.attempt()->key == key);
  BOOST_TEST((actor.attempt()->sent == Time{}));
  BOOST_TEST(bool_of(actor.last("incident_closed"), "verified_absent"));
  BOOST_TEST(text_of(actor.last("incident_closed"), "note") == "seen");
  BOOST_REQUIRE(actor.done());
  BOOST_TEST(actor.in() == "there");
  BOOST_TEST(actor.problems.empty());
}

BOOST_AUTO_TEST_CASE(is_no_proof_for_the_try_that_follows) {
  auto actor = started(charge_step);
  BOOST_REQUIRE(actor.answer(OutcomeClass::unclear));
  BOOST_REQUIRE(actor.retry_as_absent());
  BOOST_REQUIRE(actor.answer(OutcomeClass::unclear));
  BOOST_REQUIRE(actor.held());
  BOOST_REQUIRE(actor.remedy(What::retry));
  BOOST_TEST(actor.attempt()->mode == "observe");
}

BOOST_AUTO_TEST_CASE(of_a_composite_operation_means_the_part_in_hand) {
  auto actor = started(ship_step);
  BOOST_REQUIRE(actor.done());
  BOOST_REQUIRE(actor.doing() == "vendor.ship/send");
  BOOST_REQUIRE(actor.answer(OutcomeClass::unclear));
  BOOST_REQUIRE(actor.retry_as_absent());
  BOOST_TEST(actor.doing() == "vendor.ship/send");
  BOOST_TEST(actor.attempt()->mode == "execute");
  BOOST_REQUIRE(actor.answer(OutcomeClass::rejected_customer));
  BOOST_TEST(actor.doing() == "vendor.remove");  // what was packed is taken back
  BOOST_TEST(actor.problems.empty());
}

BOOST_AUTO_TEST_CASE(leaves_nothing_to_undo_of_an_interrupted_step) {
  auto actor = started(charge_step, stop_undoes);
  BOOST_REQUIRE(actor.command("stop"));
  BOOST_REQUIRE(actor.answer(OutcomeClass::unclear));
  BOOST_REQUIRE(actor.held());
  BOOST_REQUIRE(actor.retry_as_absent());
  BOOST_TEST(actor.in() == "stopped");
  BOOST_TEST(actor.problems.empty());
}

BOOST_AUTO_TEST_CASE(begins_nothing_new_in_an_interrupted_run_and_undoes_what_came_before) {
  auto actor = started(ship_step, stop_undoes);
  BOOST_REQUIRE(actor.done());
  BOOST_REQUIRE(actor.command("stop"));
  BOOST_REQUIRE(actor.answer(OutcomeClass::unclear));
  BOOST_REQUIRE(actor.held());
  BOOST_REQUIRE(actor.retry_as_absent());
  BOOST_TEST(actor.doing() == "vendor.remove");
  BOOST_TEST(actor.problems.empty());
}

BOOST_AUTO_TEST_CASE(goes_for_an_undo_that_must_not_be_repeated_as_well) {
  auto actor = started(sell_step + change_step);
  BOOST_REQUIRE(actor.done());
  BOOST_REQUIRE(actor.answer(OutcomeClass::rejected_customer));
  BOOST_REQUIRE(actor.doing() == "vendor.refund/ask");
  BOOST_REQUIRE(actor.done());
  BOOST_REQUIRE(actor.doing() == "vendor.refund/pay");
  BOOST_REQUIRE(actor.answer(OutcomeClass::unclear));
  BOOST_REQUIRE(actor.held());
  BOOST_TEST(bool_of(actor.incidents.begin()->second.detail, "effect_unknown"));

  BOOST_REQUIRE(actor.remedy(What::retry));  // it is not paid twice
  BOOST_TEST(actor.doing() == "vendor.refund/pay");
  BOOST_TEST(actor.attempt()->mode == "observe");
  BOOST_REQUIRE(actor.answer(Outcome{.is = OutcomeClass::unclear, .code = "unobservable"}));

  BOOST_REQUIRE(actor.retry_as_absent());
  BOOST_TEST(actor.doing() == "vendor.refund/pay");
  BOOST_TEST(actor.attempt()->mode == "execute");
  BOOST_REQUIRE(actor.done());
  BOOST_TEST(actor.in() == "broken");
  BOOST_TEST(actor.problems.empty());
}

BOOST_AUTO_TEST_CASE(is_not_taken_where_looking_tells_or_nothing_has_left) {
  auto looked_up = started(create_step);
  BOOST_REQUIRE(looked_up.answer(OutcomeClass::unclear));
  BOOST_REQUIRE(looked_up.answer(OutcomeClass::rejected_operator));
  check_refused(looked_up, "what it creates has an identity");
  auto refused = started(charge_step);
  BOOST_REQUIRE(refused.answer(OutcomeClass::rejected_operator));
  check_refused(refused, "the vendor has refused it: it has no effect");
  auto by_hand = started(charge_step);
  BOOST_REQUIRE(by_hand.answer(OutcomeClass::unclear));
  for (const auto what : {What::skip, What::done, What::fail}) {
    workflows::Remedy remedy{what, by_hand.incidents.begin()->second.id, "seen", JsonObject{}, JsonObject{}, true};
    const auto decided = workflows::advance(*by_hand.definition, by_hand.snapshot, {.id = make_id<EventId>("evt"), .by = {"usr_1", "staff"}, .body = remedy}, by_hand.now);
    BOOST_REQUIRE(!decided);
    BOOST_TEST(decided.error().reason == "remedy_not_offered");
  }
}

BOOST_AUTO_TEST_CASE(is_not_taken_for_an_event_that_could_not_be_decided) {
  ScriptedActor actor{small_workflow(working(change_step))};
  actor.snapshot.limits.event = 7;
  BOOST_REQUIRE(actor.born());
  BOOST_REQUIRE(actor.message("told", JsonObject{{"n", 12}}));
  check_refused(actor, "a message");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace stellwerk::testing
