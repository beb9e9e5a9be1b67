// `wait` and `approve`: steps that wait for an event, or for a person's word.

#include "tests/support/small_workflow.hpp"

namespace stellwerk::testing {

using What = workflows::Remedy::What;

namespace {

const std::string wait_step = "      - word: { wait: { for: told, timeout: PT1H }, save: { number: result.n } }\n";
const std::string approve_step = "      - allow: { approve: { by: [staff], timeout: P1D }, save: { why: result.note } }\n";
const auto order = "ord_01jnq0000000000000000000aa";

void healthy(const ScriptedActor& actor) {
  for (const auto& problem : actor.problems) BOOST_ERROR(problem);
}

bool may(const ScriptedActor& actor, const std::string& command, const std::string& role) {
  const auto allowed = workflows::allowed_commands(*actor.definition, actor.snapshot, role);
  return std::find(allowed.begin(), allowed.end(), command) != allowed.end();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(wait)

BOOST_AUTO_TEST_CASE(the_awaited_event_is_the_result_of_the_step) {
  auto actor = started(wait_step + change_step);
  BOOST_TEST(actor.waits());
  BOOST_TEST((actor.snapshot.cursor.timers.at("wait:word") == actor.now + std::chrono::hours{1}));
  const auto decided = actor.message("told", JsonObject{{"n", 4}}, order);
  BOOST_REQUIRE(decided);
  BOOST_TEST(decided->applied_event == "told");
  BOOST_TEST(actor.attribute("number") == Json(4));
  BOOST_TEST(actor.doing() == "vendor.change");
  BOOST_TEST(actor.snapshot.cursor.timers.empty());
  healthy(actor);
}

BOOST_AUTO_TEST_CASE(an_event_that_came_too_early_counts_when_the_wait_begins) {
  auto actor = started(change_step + wait_step);
  BOOST_TEST(actor.message("told", JsonObject{{"n", 4}}, order)->defer.has_value());
  BOOST_REQUIRE(actor.done());
  BOOST_TEST(actor.in() == "there");
  BOOST_TEST(actor.attribute("number") == Json(4));
  BOOST_TEST(actor.attribute("other") == Json(7));  // taken by the step, and not once more by the state
  BOOST_TEST(actor.snapshot.deferred.empty());
  healthy(actor);
}

BOOST_AUTO_TEST_CASE(other_events_are_deferred_while_it_waits_and_have_their_turn_afterwards) {
  auto actor = started(wait_step);
  BOOST_TEST(actor.command("again")->defer.has_value());
  BOOST_TEST(actor.waits());
  BOOST_REQUIRE(actor.message("told", JsonObject{{"n", 4}}, order));
  BOOST_TEST(actor.in() == "there");
  BOOST_TEST(actor.attribute("other") == Json(8));
  healthy(actor);
}

BOOST_AUTO_TEST_CASE(one_event_of_several_is_enough_and_the_fields_of_the_others_are_null) {
  auto actor = started("      - word: { wait: { for: [told, again], timeout: PT1H } }\n      - keep: { set: { why: \"${steps.word.n == null ? 'none' : 'some'}\" } }\n");
  BOOST_TEST(may(actor, "again", "staff"));
  BOOST_REQUIRE(actor.command("again"));
  BOOST_TEST(actor.attribute("why") == Json("none"));
  healthy(actor);
}

BOOST_AUTO_TEST_CASE(the_awaited_event_goes_before_an_interrupt_of_the_same_name) {
  auto actor = started(wait_step, "    failed: { to: broken }\n    on: { told: { interrupt: undo, to: broken } }\n");
  BOOST_REQUIRE(actor.message("told", JsonObject{{"n", 4}}, order));
  BOOST_TEST(actor.in() == "there");
  healthy(actor);
}

BOOST_AUTO_TEST_CASE(a_wait_that_is_over_fails_and_what_was_done_before_is_undone) {
  auto actor = started(take_step + wait_step);
  BOOST_REQUIRE(actor.done(JsonObject{{"n", 1}}));
  actor.pass(std::chrono::hours{2});
  BOOST_TEST(actor.doing() == "stock.give");
  BOOST_REQUIRE(actor.done());
  BOOST_TEST(actor.in() == "broken");
  BOOST_TEST(actor.snapshot.cursor.timers.empty());
  healthy(actor);
}

BOOST_AUTO_TEST_CASE(a_wait_that_is_over_leads_where_on_error_says) {
  auto goes_on = started("      - word: { wait: { for: told, timeout: PT1H }, on_error: { timeout: continue } }\n      - keep: { set: { why: \"${error.class}\" } }\n");
  goes_on.pass(std::chrono::hours{1});
  BOOST_TEST(goes_on.in() == "there");
  BOOST_TEST(goes_on.attribute("why") == Json("timeout"));
  healthy(goes_on);

  auto actor = started("      - word: { wait: { for: told, timeout: PT1H }, save: { number: result.n }, on_error: incident }\n" + change_step);
  actor.pass(std::chrono::hours{1});
  BOOST_REQUIRE(actor.held());
  BOOST_TEST(actor.incidents.begin()->second.code == "timeout");
  BOOST_TEST(!actor.is_offered("edit"));
  BOOST_REQUIRE(actor.remedy(What::retry));
  BOOST_TEST(actor.waits());
  BOOST_TEST((actor.snapshot.cursor.timers.at("wait:word") == actor.now + std::chrono::hours{1}));
  actor.pass(std::chrono::hours{1});
  BOOST_REQUIRE(actor.remedy(What::done, JsonObject{{"n", 9}}));
  BOOST_TEST(actor.attribute("number") == Json(9));
  BOOST_TEST(actor.doing() == "vendor.change");
  healthy(actor);
}

BOOST_AUTO_TEST_CASE(an_event_that_comes_while_the_wait_is_held_counts_when_it_is_tried_again) {
  auto actor = started("      - word: { wait: { for: told, timeout: PT1H }, on_error: incident }\n");
  actor.pass(std::chrono::hours{1});
  BOOST_TEST(actor.message("told", JsonObject{{"n", 4}}, order)->defer.has_value());
  BOOST_REQUIRE(actor.remedy(What::retry));
  BOOST_TEST(actor.in() == "there");
  healthy(actor);
}

BOOST_AUTO_TEST_CASE(a_late_event_after_the_wait_is_deferred_like_any_other) {
  auto actor = started("      - word: { wait: { for: told, timeout: PT1H }, on_error: { timeout: continue } }\n" + change_step);
  actor.pass(std::chrono::hours{1});
  BOOST_TEST(actor.message("told", JsonObject{{"n", 4}}, order)->defer.has_value());
  BOOST_REQUIRE(actor.done());
  BOOST_TEST(actor.attribute("other") == Json(4));
  healthy(actor);
}

BOOST_AUTO_TEST_CASE(what_a_wait_saved_is_set_back_by_undo) {
  auto actor = started(wait_step + change_step);
  BOOST_REQUIRE(actor.message("told", JsonObject{{"n", 4}}, order));
  BOOST_REQUIRE(actor.answer(OutcomeClass::rejected_customer));
  BOOST_TEST(actor.in() == "broken");
  BOOST_TEST(actor.attribute("number").is_null());
  BOOST_TEST(actor.last("set").at("attributes").at("number").is_null());
  healthy(actor);
}

BOOST_AUTO_TEST_CASE(an_interrupt_ends_the_wait) {
  auto actor = started(take_step + wait_step, stop_undoes);
  BOOST_REQUIRE(actor.done(JsonObject{{"n", 1}}));
  BOOST_REQUIRE(actor.command("stop"));
  BOOST_TEST(!actor.waits());
  BOOST_TEST(actor.snapshot.cursor.timers.empty());
  BOOST_TEST(actor.doing() == "stock.give");
  healthy(actor);
}

BOOST_AUTO_TEST_CASE(an_awaited_event_whose_result_cannot_be_saved_is_kept_and_the_run_waits_on) {
  auto actor = started("      - word: { wait: { for: told, timeout: PT1H }, save: { number: 1 / result.n } }\n");
  BOOST_REQUIRE(actor.message("told", JsonObject{{"n", 0}}, order));
  BOOST_TEST(actor.waits());
  BOOST_TEST(actor.incidents.begin()->second.kind == "event_failed");
  BOOST_REQUIRE(actor.message("told", JsonObject{{"n", 1}}, order));
  BOOST_TEST(actor.in() == "there");
  healthy(actor);
}

BOOST_AUTO_TEST_CASE(a_step_behind_a_wait_that_cannot_be_decided_holds_the_run_when_time_is_over) {
  auto actor = started("      - word: { wait: { for: told, timeout: PT1H }, on_error: continue }\n", "    failed: { to: broken }\n");
  actor.pass(std::chrono::hours{1});
  BOOST_TEST(actor.in() == "there");
  healthy(actor);
}

BOOST_AUTO_TEST_CASE(a_waiting_run_survives_a_restart) {
  auto actor = started(wait_step);
  actor.restart();
  BOOST_TEST(actor.waits());
  actor.pass(std::chrono::hours{1});
  BOOST_TEST(actor.in() == "broken");
  healthy(actor);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(approve)

BOOST_AUTO_TEST_CASE(a_person_of_the_role_approves_and_is_named_in_the_result) {
  auto actor = started(approve_step + "      - keep: { set: { name: \"${steps.allow.by}\" } }\n");
  BOOST_TEST(may(actor, "approve", "staff"));
  BOOST_TEST(may(actor, "reject", "admin"));
  BOOST_TEST(!may(actor, "approve", "customer"));
  BOOST_REQUIRE(actor.command("approve", JsonObject{{"note", "fine"}}));
  BOOST_TEST(actor.in() == "there");
  BOOST_TEST(actor.attribute("why") == Json("fine"));
  BOOST_TEST(actor.attribute("name") == Json("usr_1"));
  healthy(actor);
}

BOOST_AUTO_TEST_CASE(another_role_may_not) {
  auto actor = started(approve_step);
  for (const auto* word : {"approve", "reject"}) {
    const auto decided = actor.command(word, JsonObject{}, "customer");
    BOOST_REQUIRE(!decided);
    BOOST_TEST((decided.error().code == ErrorCode::permission_denied));
  }
  BOOST_TEST(actor.waits());
  healthy(actor);
}

BOOST_AUTO_TEST_CASE(rejecting_fails_the_step_with_what_the_person_said) {
  auto actor = started(take_step + approve_step, "    failed: { set: { why: \"${error.code}: ${error.text}\" }, to: broken }\n");
  BOOST_REQUIRE(actor.done(JsonObject{{"n", 1}}));
  BOOST_REQUIRE(actor.command("reject", JsonObject{{"note", "too dear"}}));
  BOOST_TEST(actor.doing() == "stock.give");
  BOOST_REQUIRE(actor.done());
  BOOST_TEST(actor.in() == "broken");
  healthy(actor);
}

BOOST_AUTO_TEST_CASE(rejecting_leads_where_on_error_says) {
  auto actor = started("      - allow: { approve: { by: [staff], timeout: P1D }, on_error: { rejected: continue } }\n      - keep: { set: { why: \"${error.code}\" } }\n");
  BOOST_REQUIRE(actor.command("reject"));
  BOOST_TEST(actor.in() == "there");
  BOOST_TEST(actor.attribute("why") == Json("rejected"));
  healthy(actor);
}

BOOST_AUTO_TEST_CASE(nobody_deciding_in_time_fails_the_step) {
  auto actor = started(approve_step);
  actor.pass(std::chrono::hours{24});
  BOOST_TEST(actor.in() == "broken");
  healthy(actor);
}

BOOST_AUTO_TEST_CASE(outside_of_the_step_there_is_nothing_to_decide) {
  ScriptedActor actor{small_workflow(working(change_step + approve_step))};
  BOOST_REQUIRE(actor.born());
  const auto idle = actor.command("approve");
  BOOST_REQUIRE(!idle);
  BOOST_TEST(idle.error().reason == "not_allowed_now");
  BOOST_REQUIRE(actor.command("go"));
  const auto busy = actor.command("approve");
  BOOST_REQUIRE(!busy);
  BOOST_TEST(busy.error().reason == "busy");
  BOOST_TEST(!may(actor, "approve", "staff"));
  healthy(actor);
}

BOOST_AUTO_TEST_CASE(a_workflow_without_the_step_does_not_know_the_commands) {
  auto actor = started(change_step);
  const auto decided = actor.command("approve");
  BOOST_REQUIRE(!decided);
  BOOST_TEST(decided.error().reason == "unknown_command");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace stellwerk::testing
