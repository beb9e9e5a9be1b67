// Work in place: steps in a state that waits; the state stays, the actor is busy.

#include "tests/support/small_workflow.hpp"

namespace stellwerk::testing {

using What = workflows::Remedy::What;

namespace {

/// A state `up` in which `reboot` works in place; `more` goes into the transition.
std::string in_place(const std::string& steps, const std::string& more = "", const std::string& stop = "interrupt: undo, to: down") {
  return "language: 1\nworkflow: small\nkind: service\ntitle: Small\n"
         "attributes:\n  name: { type: string, default: box }\n  number: { type: int }\n  other: { type: int, default: 7 }\n  why: { type: string }\n"
         "events:\n  reboot: { allow: [staff], with: { note: { type: string } } }\n  again: { allow: [staff], busy: defer }\n  stop: { allow: [staff] }\n"
         "  rename: { allow: [staff] }\n  down_with_it: { allow: [staff] }\n  told: { from: [order], with: { n: { type: int, required: true } } }\n"
         "initial: up\nstates:\n"
         "  up:\n    status: active\n    rest: true\n    on:\n"
         "      again: { set: { other: \"${self.other + 1}\" } }\n      told: { set: { other: \"${event.n}\" } }\n      rename: { set: { name: chest } }\n      stop: { " + stop + " }\n" +
         "      reboot:\n        set: { why: began }\n        steps:\n" + steps + more +
         "      down_with_it: { to: down }\n  down: { status: suspended, rest: true, on: { reboot: { to: up } } }\n";
}
const std::string take = "          - take: { action: stock.take, save: { number: result.n } }\n";
const std::string change = "          - change: { call: vendor.change, on_server: \"'srv_1'\" }\n";

ScriptedActor rebooting(const std::string& text) {
  ScriptedActor actor{small_workflow(text)};
  BOOST_REQUIRE(actor.born());
  BOOST_REQUIRE(actor.command("reboot", JsonObject{{"note", "now"}}));
  return actor;
}

void healthy(const ScriptedActor& actor) {
  for (const auto& problem : actor.problems) BOOST_ERROR(problem);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(in_place_work)

BOOST_AUTO_TEST_CASE(the_state_stays_and_the_decision_says_what_keeps_the_actor_busy) {
  ScriptedActor actor{small_workflow(in_place(change))};
  BOOST_REQUIRE(actor.born());
  const auto decided = actor.command("reboot");
  BOOST_REQUIRE(decided);
  BOOST_TEST(decided->state == "up");
  BOOST_TEST(decided->busy == "reboot");
  BOOST_TEST(actor.attribute("why") == Json("began"));
  const auto ended = actor.done();
  BOOST_REQUIRE(ended);
  BOOST_TEST(ended->busy.empty());
  BOOST_TEST(actor.in() == "up");
  BOOST_TEST(actor.run() == nullptr);
  BOOST_TEST(actor.count("state") == 1U);  // at birth
  healthy(actor);
}

BOOST_AUTO_TEST_CASE(done_and_failed_follow_when_they_are_given) {
  const std::string more = "        done: { set: { why: done } }\n        failed: { set: { why: \"${error.code}\" }, to: down }\n";
  auto actor = rebooting(in_place(change, more));
  BOOST_REQUIRE(actor.done());
  BOOST_TEST(actor.in() == "up");
  BOOST_TEST(actor.attribute("why") == Json("done"));
  actor = rebooting(in_place(change, more));
  BOOST_REQUIRE(actor.answer(Outcome{.is = OutcomeClass::rejected_customer, .code = "no"}));
  BOOST_TEST(actor.in() == "down");
  BOOST_TEST(actor.attribute("why") == Json("no"));
  healthy(actor);
}

BOOST_AUTO_TEST_CASE(without_failed_what_was_done_is_undone_and_the_actor_waits_where_it_was) {
  auto actor = rebooting(in_place(take + change));
  BOOST_REQUIRE(actor.done(JsonObject{{"n", 3}}));
  BOOST_REQUIRE(actor.answer(OutcomeClass::rejected_customer));
  BOOST_TEST(actor.doing() == "stock.give");
  BOOST_REQUIRE(actor.done());
  BOOST_TEST(actor.in() == "up");
  BOOST_TEST(actor.run() == nullptr);
  BOOST_TEST(actor.attribute("number").is_null());
  healthy(actor);
}

BOOST_AUTO_TEST_CASE(failed_incident_holds_it_for_a_person) {
  auto actor = rebooting(in_place(change, "        failed: incident\n"));
  BOOST_REQUIRE(actor.answer(OutcomeClass::rejected_customer));
  BOOST_REQUIRE(actor.held());
  BOOST_TEST(!actor.is_offered("fail"));
  BOOST_REQUIRE(actor.remedy(What::skip));
  BOOST_TEST(actor.run() == nullptr);
  healthy(actor);
}

BOOST_AUTO_TEST_CASE(other_events_are_refused_or_deferred_as_their_declaration_says) {
  auto actor = rebooting(in_place(change));
  for (const auto* command : {"reboot", "rename"}) {
    const auto decided = actor.command(command);
    BOOST_REQUIRE(!decided);
    BOOST_TEST(decided.error().reason == "busy", command);
  }
  BOOST_TEST(actor.command("again")->defer.has_value());
  BOOST_TEST(actor.message("told", JsonObject{{"n", 30}}, "ord_01jnq0000000000000000000aa")->defer.has_value());
  BOOST_TEST(actor.attribute("other") == Json(7));
  BOOST_REQUIRE(actor.done());
  BOOST_TEST(actor.attribute("other") == Json(30));
  BOOST_TEST(actor.snapshot.deferred.empty());
  const auto allowed = workflows::allowed_commands(*actor.definition, actor.snapshot, "staff");
  BOOST_TEST(allowed.size() == 5U);
  healthy(actor);
}

BOOST_AUTO_TEST_CASE(an_interrupt_undoes_it_and_leads_on) {
  auto actor = rebooting(in_place(take + change));
  BOOST_REQUIRE(actor.done(JsonObject{{"n", 3}}));
  BOOST_REQUIRE(actor.command("stop"));
  BOOST_TEST(actor.in() == "up");
  BOOST_REQUIRE(actor.answer(Outcome{.is = OutcomeClass::retry, .sent = false}));
  BOOST_TEST(actor.doing() == "stock.give");
  BOOST_REQUIRE(actor.done());
  BOOST_TEST(actor.in() == "down");
  healthy(actor);
}

BOOST_AUTO_TEST_CASE(the_same_transition_is_an_ordinary_one_while_nothing_runs) {
  ScriptedActor actor{small_workflow(in_place(change))};
  BOOST_REQUIRE(actor.born());
  BOOST_REQUIRE(actor.command("stop"));
  BOOST_TEST(actor.in() == "down");
  healthy(actor);
}

BOOST_AUTO_TEST_CASE(an_interrupt_that_keeps_may_lead_back_to_the_state_itself) {
  auto actor = rebooting(in_place(take, "", "interrupt: keep, set: { why: kept }, to: up"));
  BOOST_REQUIRE(actor.command("stop"));
  BOOST_REQUIRE(actor.done(JsonObject{{"n", 3}}));
  BOOST_TEST(actor.in() == "up");
  BOOST_TEST(actor.attribute("why") == Json("kept"));
  BOOST_TEST(actor.attribute("number") == Json(3));
  healthy(actor);
}

BOOST_AUTO_TEST_CASE(leave_ends_it_in_another_state) {
  auto actor = rebooting(in_place("          - out: { leave: { to: down }, when: self.other == 7 }\n" + change));
  BOOST_TEST(actor.in() == "down");
  BOOST_TEST(actor.run() == nullptr);
  healthy(actor);
}

BOOST_AUTO_TEST_CASE(redo_goes_back_to_an_earlier_step_of_the_same_work) {
  auto actor = rebooting(in_place(take + "          - create: { call: vendor.create, on_server: \"'srv_1'\", with: { name: \"b${self.number}\" }, on_error: { conflict: { redo: take, times: 2 } } }\n"));
  BOOST_REQUIRE(actor.done(JsonObject{{"n", 1}}));
  BOOST_REQUIRE(actor.answer(OutcomeClass::conflict));
  BOOST_TEST(bool_of(actor.input(), "block"));
  BOOST_REQUIRE(actor.done());
  BOOST_REQUIRE(actor.done(JsonObject{{"n", 2}}));
  BOOST_TEST(text_of(actor.input(), "name") == "b2");
  BOOST_REQUIRE(actor.done());
  BOOST_TEST(actor.run() == nullptr);
  healthy(actor);
}

BOOST_AUTO_TEST_CASE(the_event_that_began_it_is_seen_by_its_steps_and_its_end) {
  auto actor = rebooting(in_place(change + "          - keep: { set: { why: \"${event.note}\" } }\n", "        done: { set: { name: \"${event.note}\" } }\n"));
  BOOST_REQUIRE(actor.done());
  BOOST_TEST(actor.attribute("why") == Json("now"));
  BOOST_TEST(actor.attribute("name") == Json("now"));
  healthy(actor);
}

BOOST_AUTO_TEST_CASE(parallel_each_and_wait_are_done_in_place_as_well) {
  auto actor = rebooting(in_place("          - both:\n              parallel:\n                - a: { call: vendor.change, on_server: \"'srv_1'\" }\n                - b: { call: vendor.change, on_server: \"'srv_2'\" }\n"
                                  "          - word: { wait: { for: told, timeout: PT1H }, save: { number: result.n } }\n"));
  BOOST_REQUIRE(actor.done(1, JsonObject{}));
  BOOST_REQUIRE(actor.done(0, JsonObject{}));
  BOOST_TEST(actor.waits());
  BOOST_REQUIRE(actor.message("told", JsonObject{{"n", 6}}, "ord_01jnq0000000000000000000aa"));
  BOOST_TEST(actor.attribute("number") == Json(6));
  BOOST_TEST(actor.attribute("other") == Json(7));
  BOOST_TEST(actor.run() == nullptr);
  healthy(actor);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace stellwerk::testing
