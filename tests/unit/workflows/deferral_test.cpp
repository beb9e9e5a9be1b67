#include "tests/support/small_workflow.hpp"

namespace stellwerk::testing {

BOOST_AUTO_TEST_SUITE(deferral)

BOOST_AUTO_TEST_CASE(a_busy_actor_answers_each_command_as_its_declaration_says) {
  auto actor = started(change_step);
  struct Row {
    const char* command;
    const char* reason;
  };
  for (const auto& [command, reason] : {Row{"go", "busy"}, Row{"only_there", "busy"}, Row{"stop", "busy"}}) {
    const auto decided = actor.command(command);
    BOOST_REQUIRE(!decided);
    BOOST_TEST((decided.error().code == ErrorCode::conflict));
    BOOST_TEST(decided.error().reason == reason, command);
  }
  BOOST_TEST(actor.command("again")->defer.has_value());
  const auto second = actor.command("again");
  BOOST_REQUIRE(!second);
  BOOST_TEST(second.error().reason == "duplicate_command");
}

BOOST_AUTO_TEST_CASE(what_was_deferred_is_applied_when_the_actor_waits_again) {
  auto actor = started(change_step);
  BOOST_REQUIRE(actor.command("again"));
  BOOST_REQUIRE(actor.message("told", JsonObject{{"n", 30}}, "ord_01jnq0000000000000000000aa"));
  BOOST_TEST(actor.snapshot.deferred.size() == 2U);
  BOOST_TEST(actor.attribute("other") == Json(7));
  BOOST_REQUIRE(actor.done());
  BOOST_TEST(actor.in() == "there");
  BOOST_TEST(actor.attribute("other") == Json(30));  // in order of arrival: 8, then 30
  BOOST_TEST(actor.snapshot.deferred.empty());
  BOOST_TEST(actor.problems.empty());
}

BOOST_AUTO_TEST_CASE(a_deferred_command_that_is_no_longer_possible_is_refused_in_the_journal) {
  auto actor = started(change_step, "    failed: { to: broken }\n");
  BOOST_REQUIRE(actor.command("again"));
  BOOST_REQUIRE(actor.message("told", JsonObject{{"n", 1}}, "ord_01jnq0000000000000000000aa"));
  BOOST_REQUIRE(actor.answer(OutcomeClass::rejected_customer));
  BOOST_TEST(actor.in() == "broken");
  BOOST_TEST(text_of(actor.last("event_refused"), "event") == "told");
  BOOST_TEST(actor.snapshot.deferred.empty());
}

BOOST_AUTO_TEST_CASE(a_held_run_takes_no_command_but_those_that_interrupt_it) {
  auto actor = started(change_step);
  BOOST_REQUIRE(actor.answer(OutcomeClass::rejected_operator));
  for (const auto* command : {"go", "again", "only_there"}) {
    const auto decided = actor.command(command);
    BOOST_REQUIRE(!decided);
    BOOST_TEST(decided.error().reason == "incident_open", command);
  }
  BOOST_TEST(actor.message("told", JsonObject{{"n", 1}}, "ord_01jnq0000000000000000000aa")->defer.has_value());
}

BOOST_AUTO_TEST_CASE(at_most_sixty_four_events_are_deferred_and_no_message_is_lost) {
  auto actor = started(change_step);
  for (int i = 0; i < 64; ++i) BOOST_REQUIRE(actor.message("told", JsonObject{{"n", i}}));
  const auto command = actor.command("again");
  BOOST_REQUIRE(!command);
  BOOST_TEST((command.error().code == ErrorCode::resource_exhausted));
  BOOST_REQUIRE(actor.message("told", JsonObject{{"n", 99}}));
  BOOST_REQUIRE(actor.incidents.size() == 1U);
  BOOST_TEST(actor.incidents.begin()->second.code == "too_many_deferred");
  BOOST_REQUIRE(actor.done());
  BOOST_TEST(actor.attribute("other") == Json(63));
  BOOST_REQUIRE(actor.remedy(workflows::Remedy::What::retry));
  BOOST_TEST(actor.attribute("other") == Json(99));
}

BOOST_AUTO_TEST_CASE(only_what_was_applied_is_named_as_applied) {
  ScriptedActor actor{small_workflow(working(change_step))};
  BOOST_REQUIRE(actor.born());
  BOOST_TEST(actor.message("told", JsonObject{{"n", 1}})->applied_event == "told");
  BOOST_REQUIRE(actor.command("go"));
  BOOST_TEST(actor.message("told", JsonObject{{"n", 1}})->applied_event.empty());  // deferred
  BOOST_TEST(actor.done()->applied_event.empty());
  BOOST_TEST(actor.message("told", JsonObject{{"n", 1}}, "tkt_01jnq0000000000000000000aa")->applied_event.empty());  // refused
}

BOOST_AUTO_TEST_CASE(a_message_is_taken_only_from_the_kinds_that_its_declaration_names) {
  ScriptedActor actor{small_workflow(working(change_step))};
  BOOST_REQUIRE(actor.born());
  BOOST_REQUIRE(actor.message("told", JsonObject{{"n", 1}}, "tkt_01jnq0000000000000000000aa"));
  BOOST_TEST(actor.attribute("other") == Json(7));
  BOOST_TEST(text_of(actor.last("event_refused"), "reason") == "sender");
  BOOST_REQUIRE(actor.message("go", JsonObject{}, "ord_01jnq0000000000000000000aa"));  // a command, and no message
  BOOST_TEST(actor.in() == "ready");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace stellwerk::testing
