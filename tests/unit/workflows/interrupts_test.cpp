#include "tests/support/small_workflow.hpp"

namespace stellwerk::testing {

using workflows::Phase;
using workflows::Remedy;

BOOST_AUTO_TEST_SUITE(interrupts)

BOOST_AUTO_TEST_CASE(the_try_in_hand_is_settled_and_then_undone) {
  auto actor = started(take_step + create_step, stop_undoes);
  BOOST_REQUIRE(actor.done(JsonObject{{"n", 1}}));
  const auto decided = actor.command("stop");
  BOOST_REQUIRE(decided);
  BOOST_TEST(decided->settle.size() == 1U);
  BOOST_TEST((actor.run()->phase == Phase::settling));
  BOOST_REQUIRE(actor.done());
  BOOST_TEST(actor.doing() == "vendor.remove");
  BOOST_REQUIRE(actor.done());
  BOOST_TEST(actor.doing() == "stock.give");
  BOOST_REQUIRE(actor.done());
  BOOST_TEST(actor.in() == "stopped");
  BOOST_TEST(actor.problems.empty());
}

BOOST_AUTO_TEST_CASE(a_try_that_had_not_begun_needs_no_undo) {
  auto actor = started(create_step, stop_undoes);
  BOOST_REQUIRE(actor.command("stop"));
  BOOST_REQUIRE(actor.answer(Outcome{.is = OutcomeClass::retry, .code = "given_up", .sent = false}));
  BOOST_TEST(actor.in() == "stopped");
}

BOOST_AUTO_TEST_CASE(an_unclear_try_is_observed_until_it_is_settled) {
  auto actor = started(create_step, stop_undoes);
  BOOST_REQUIRE(actor.command("stop"));
  BOOST_REQUIRE(actor.answer(OutcomeClass::unclear));
  BOOST_TEST(actor.attempt()->mode == "observe");
  BOOST_REQUIRE(actor.answer(OutcomeClass::not_done));  // too early to be believed
  BOOST_TEST(actor.in() == "busy");
  BOOST_REQUIRE(actor.answer(OutcomeClass::already));
  BOOST_TEST(actor.doing() == "vendor.remove");
}

BOOST_AUTO_TEST_CASE(keep_leaves_what_was_done_and_saves_its_result) {
  auto actor = started(take_step + change_step, "    failed: { to: broken }\n    on: { stop: { interrupt: keep, to: stopped } }\n");
  BOOST_REQUIRE(actor.command("stop"));
  BOOST_REQUIRE(actor.done(JsonObject{{"n", 5}}));
  BOOST_TEST(actor.in() == "stopped");
  BOOST_TEST(actor.attribute("number") == Json(5));
}

BOOST_AUTO_TEST_CASE(the_same_interrupt_twice_is_refused) {
  auto actor = started(create_step, stop_undoes);
  BOOST_REQUIRE(actor.command("stop"));
  const auto second = actor.command("stop");
  BOOST_REQUIRE(!second);
  BOOST_TEST(second.error().reason == "duplicate_command");
}

BOOST_AUTO_TEST_CASE(an_interrupt_during_undo_waits_for_its_end) {
  auto actor = started(create_step + change_step, stop_undoes);
  BOOST_REQUIRE(actor.done());
  BOOST_REQUIRE(actor.answer(OutcomeClass::rejected_customer));
  const auto decided = actor.command("stop");
  BOOST_REQUIRE(decided);
  BOOST_TEST(decided->defer.has_value());
  BOOST_REQUIRE(actor.done());
  BOOST_TEST(actor.in() == "broken");  // which does not name it
  BOOST_TEST(text_of(actor.last("event_refused"), "reason") == "not_allowed_now");
  BOOST_TEST(actor.snapshot.deferred.empty());
}

BOOST_AUTO_TEST_CASE(an_interrupt_on_the_way_back_to_a_redo_takes_effect_at_once) {
  auto actor = started(take_step + "      - create: { call: vendor.create, on_server: \"'srv_1'\", with: { name: x }, on_error: { conflict: { redo: take, times: 2 } } }\n", stop_undoes);
  BOOST_REQUIRE(actor.done(JsonObject{{"n", 1}}));
  BOOST_REQUIRE(actor.answer(OutcomeClass::conflict));
  BOOST_REQUIRE(actor.command("stop"));
  BOOST_TEST(actor.doing() == "stock.give");
  BOOST_REQUIRE(actor.done());
  BOOST_TEST(actor.in() == "stopped");
}

BOOST_AUTO_TEST_CASE(an_interrupt_ends_the_incident_of_a_held_run) {
  auto actor = started(take_step + create_step, stop_undoes);
  BOOST_REQUIRE(actor.done(JsonObject{{"n", 1}}));
  BOOST_REQUIRE(actor.answer(OutcomeClass::rejected_operator));
  BOOST_REQUIRE(actor.held());
  BOOST_REQUIRE(actor.command("stop"));
  BOOST_TEST(actor.incidents.empty());
  BOOST_TEST(actor.doing() == "stock.give");
}

BOOST_AUTO_TEST_CASE(a_task_without_end_holds_the_interrupted_run) {
  auto actor = started(create_step, stop_undoes);
  BOOST_REQUIRE(actor.answer(Outcome{.is = OutcomeClass::pending, .handle = "task-1"}));
  BOOST_REQUIRE(actor.command("stop"));
  BOOST_REQUIRE(actor.answer(Outcome{.is = OutcomeClass::rejected_operator, .code = "timeout", .handle = "task-1"}));
  BOOST_REQUIRE(actor.held());
  BOOST_TEST((actor.run()->held_phase == Phase::settling));
  BOOST_TEST(!actor.is_offered("edit"));
  BOOST_TEST(!actor.is_offered("fail"));
  BOOST_REQUIRE(actor.remedy(Remedy::What::retry));
  BOOST_TEST(actor.attempt()->mode == "observe");  // nothing is carried out any more
  BOOST_REQUIRE(actor.answer(OutcomeClass::already));
  BOOST_TEST(actor.doing() == "vendor.remove");
}

BOOST_AUTO_TEST_CASE(an_interrupt_whose_end_cannot_be_decided_carries_nothing_out) {
  auto actor = started(create_step, "    failed: { to: broken }\n    on: { stop: { interrupt: undo, set: { number: \"${1 / (self.other - 7)}\" }, to: stopped } }\n");
  BOOST_REQUIRE(actor.command("stop"));
  BOOST_REQUIRE(actor.answer(Outcome{.is = OutcomeClass::retry, .code = "given_up", .sent = false}));
  BOOST_REQUIRE(actor.held());
  const auto retried = actor.remedy(Remedy::What::retry);
  BOOST_REQUIRE(!retried);  // who asks is told what is still wrong
  BOOST_TEST(actor.incidents.size() == 1U);
  BOOST_TEST(actor.attempt() == nullptr);
}

BOOST_AUTO_TEST_CASE(an_interrupt_sees_its_own_event_when_undo_is_over) {
  auto actor = started(create_step, "    failed: { to: broken }\n    on: { told: { interrupt: undo, set: { other: \"${event.n}\" }, to: there } }\n");
  BOOST_REQUIRE(actor.message("told", JsonObject{{"n", 42}}, "ord_01jnq0000000000000000000aa"));
  BOOST_REQUIRE(actor.done());
  BOOST_REQUIRE(actor.done());
  BOOST_TEST(actor.in() == "there");
  BOOST_TEST(actor.attribute("other") == Json(42));
}

BOOST_AUTO_TEST_CASE(a_kept_step_done_by_hand_saves_its_result) {
  auto actor = started("      - change: { call: vendor.change, on_server: \"'srv_1'\", save: { number: result.speed } }\n",
                       "    failed: { to: broken }\n    on: { stop: { interrupt: keep, to: stopped } }\n");
  BOOST_REQUIRE(actor.answer(Outcome{.is = OutcomeClass::pending, .handle = "task-1"}));
  BOOST_REQUIRE(actor.command("stop"));
  BOOST_REQUIRE(actor.answer(Outcome{.is = OutcomeClass::rejected_operator, .code = "timeout", .handle = "task-1"}));
  BOOST_REQUIRE(actor.held());
  BOOST_REQUIRE(actor.remedy(Remedy::What::done, JsonObject{{"speed", 9}}));
  BOOST_TEST(actor.in() == "stopped");
  BOOST_TEST(actor.attribute("number") == Json(9));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace stellwerk::testing
