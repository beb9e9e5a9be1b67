#include "tests/support/small_workflow.hpp"

namespace stellwerk::testing {

using workflows::Phase;

BOOST_AUTO_TEST_SUITE(advance)

BOOST_AUTO_TEST_CASE(an_actor_is_born_with_its_values_and_their_defaults) {
  ScriptedActor actor{small_workflow(working(change_step))};
  BOOST_REQUIRE(actor.born(JsonObject{{"number", 3}}));
  BOOST_TEST(actor.in() == "ready");
  BOOST_TEST(actor.attribute("number") == Json(3));
  BOOST_TEST(actor.attribute("name") == Json("box"));
  const auto again = actor.born();
  BOOST_REQUIRE(!again);
  BOOST_TEST(again.error().reason == "exists");
}

BOOST_AUTO_TEST_CASE(a_birth_with_values_that_do_not_fit_is_refused_with_their_places) {
  ScriptedActor actor{small_workflow(working(change_step))};
  const auto born = actor.born(JsonObject{{"number", "three"}, {"nmae", "x"}});
  BOOST_REQUIRE(!born);
  BOOST_TEST((born.error().code == ErrorCode::invalid_argument));
  BOOST_TEST(born.error().fields.size() == 2U);
}

BOOST_AUTO_TEST_CASE(commands_are_refused_for_the_reason_that_holds) {
  struct Row {
    const char* command;
    const char* role;
    Json payload;
    ErrorCode code;
    const char* reason;
  };
  const Row rows[] = {
      {"dance", "staff", JsonObject{}, ErrorCode::not_found, "unknown_command"},
      {"told", "staff", JsonObject{{"n", 1}}, ErrorCode::not_found, "unknown_command"},  // a message is no command
      {"go", "customer", JsonObject{}, ErrorCode::permission_denied, "role"},
      {"only_there", "staff", JsonObject{}, ErrorCode::conflict, "not_allowed_now"},
      {"go", "staff", JsonObject{{"note", 4}}, ErrorCode::invalid_argument, ""},
      {"go", "staff", JsonObject{{"note", std::string(40'000, 'x')}}, ErrorCode::invalid_argument, "event_too_large"},
  };
  ScriptedActor actor{small_workflow(working(change_step))};
  BOOST_REQUIRE(actor.born());
  for (const auto& row : rows) {
    const auto decided = actor.command(row.command, row.payload, row.role);
    BOOST_REQUIRE(!decided);
    BOOST_TEST((decided.error().code == row.code), row.command);
    BOOST_TEST(decided.error().reason == row.reason, row.command);
  }
  BOOST_TEST(actor.in() == "ready");
}

BOOST_AUTO_TEST_CASE(an_admin_may_what_staff_may) {
  ScriptedActor actor{small_workflow(working(change_step))};
  BOOST_REQUIRE(actor.born());
  BOOST_TEST(actor.command("go", JsonObject{}, "admin").has_value());
}

BOOST_AUTO_TEST_CASE(the_first_candidate_whose_condition_holds_is_taken) {
  ScriptedActor actor{small_workflow(R"(language: 1
workflow: pick
kind: service
title: Pick
attributes: { n: { type: int, default: 0 } }
events: { go: { allow: [staff], with: { n: { type: int, required: true } } } }
initial: a
states:
  a: { status: pending, rest: true, on: { go: [ { when: "event.n > 10", to: b }, { when: "event.n > 5", to: c }, { when: "100 / event.n > 50", set: { n: "${event.n}" } } ] } }
  b: { status: active, rest: true, on: { go: { to: a } } }
  c: { status: active, rest: true, on: { go: { to: a } } }
)")};
  BOOST_REQUIRE(actor.born());
  BOOST_REQUIRE(actor.command("go", JsonObject{{"n", 7}}));
  BOOST_TEST(actor.in() == "c");
  BOOST_REQUIRE(actor.command("go", JsonObject{{"n", 7}}));
  BOOST_REQUIRE(actor.command("go", JsonObject{{"n", 1}}));
  BOOST_TEST(actor.attribute("n") == Json(1));
  const auto none = actor.command("go", JsonObject{{"n", 4}});
  BOOST_REQUIRE(!none);
  BOOST_TEST(none.error().reason == "not_allowed_now");
  // an error in a condition is never "false"
  const auto wrong = actor.command("go", JsonObject{{"n", 0}});
  BOOST_REQUIRE(!wrong);
  BOOST_TEST((wrong.error().code == ErrorCode::invalid_argument));
  BOOST_TEST(describe(wrong.error()).find("division") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_set_reads_the_attributes_as_they_were) {
  ScriptedActor actor{small_workflow(R"(language: 1
workflow: swap
kind: service
title: Swap
attributes: { a: { type: int, default: 1 }, b: { type: int, default: 2 } }
events: { swap: { allow: [staff] } }
initial: here
states:
  here: { status: active, rest: true, on: { swap: { set: { a: "${self.b}", b: "${self.a}" } } } }
)")};
  BOOST_REQUIRE(actor.born());
  BOOST_REQUIRE(actor.command("swap"));
  BOOST_TEST(actor.attribute("a") == Json(2));
  BOOST_TEST(actor.attribute("b") == Json(1));
}

BOOST_AUTO_TEST_CASE(ids_made_by_a_decision_differ_and_follow_from_the_event) {
  const auto definition = small_workflow(working("      - two: { do: [ { notify: a }, { notify: b } ] }\n" + change_step));
  ScriptedActor actor{definition};
  BOOST_REQUIRE(actor.born());
  const workflows::Event event{.id = make_id<EventId>("evt"), .by = {"usr_1", "staff"}, .body = workflows::Command{"go"}};
  const auto first = workflows::advance(*definition, actor.snapshot, event, actor.now);
  const auto second = workflows::advance(*definition, actor.snapshot, event, actor.now);
  BOOST_REQUIRE(first);
  BOOST_REQUIRE(first->notices.size() == 2U);
  BOOST_TEST(first->notices[0].id.str() != first->notices[1].id.str());
  BOOST_TEST(fingerprint(*definition, *first) == fingerprint(*definition, *second));
  auto other = event;
  other.id = make_id<EventId>("evt");
  BOOST_TEST(workflows::advance(*definition, actor.snapshot, other, actor.now)->started_run.str() != first->started_run.str());
}

BOOST_AUTO_TEST_CASE(a_workflow_that_does_not_come_to_rest_is_stopped) {
  ScriptedActor actor{small_workflow(R"(language: 1
workflow: loop
kind: service
title: Loop
events: { go: { allow: [staff] }, halt: { allow: [staff] } }
initial: here
states:
  here: { status: active, rest: true, on: { go: { to: one }, halt: {} } }
  one: { status: active, steps: [ { a: { notify: tick } } ], done: [ { when: "self.id != ''", to: two }, { to: here } ], failed: incident }
  two: { status: active, steps: [ { a: { notify: tock } } ], done: { to: one }, failed: incident }
)")};
  BOOST_REQUIRE(actor.born());
  const auto decided = actor.command("go");
  BOOST_REQUIRE(!decided);
  BOOST_TEST(decided.error().reason == "too_many_moves");
  BOOST_TEST(actor.in() == "here");
}

BOOST_AUTO_TEST_CASE(attributes_do_not_grow_beyond_their_bound) {
  ScriptedActor actor{small_workflow(R"(language: 1
workflow: grow
kind: service
title: Grow
attributes: { text: { type: string, default: "0123456789" } }
events: { grow: { allow: [staff] } }
initial: here
states:
  here: { status: active, rest: true, on: { grow: { set: { text: "${self.text + self.text + self.text + self.text}" } } } }
)")};
  BOOST_REQUIRE(actor.born());
  auto last = actor.command("grow");
  for (int i = 0; i < 8 && last; ++i) last = actor.command("grow");
  BOOST_REQUIRE(!last);
  BOOST_TEST((last.error().code == ErrorCode::invalid_argument));
}

BOOST_AUTO_TEST_CASE(a_new_actor_comes_with_the_decision_that_creates_it) {
  ScriptedActor actor{small_workflow(R"(language: 1
workflow: parent
kind: order
title: Parent
attributes: { service: { type: ref, kind: service }, size: { type: int } }
initial: open
states:
  open: { status: pending, rest: true, entry: [ { create: { kind: service, workflow: small, with: { order: "${self.id}", size: "${self.size}" }, save: { service: id } } } ] }
)"), "ord_01jnq0000000000000000000aa"};
  BOOST_REQUIRE(actor.born());
  BOOST_REQUIRE(actor.created.size() == 1U);
  BOOST_TEST(actor.created[0].id.str().starts_with("svc_"));
  BOOST_TEST(actor.attribute("service") == Json(boost::json::string(actor.created[0].id.str())));
  BOOST_TEST(text_of(actor.created[0].attributes, "order") == actor.snapshot.id.str());
  BOOST_TEST(find_member(actor.created[0].attributes, "size") == nullptr);  // null leaves it to the new actor's default
}

BOOST_AUTO_TEST_CASE(offered_commands_are_those_that_would_not_be_refused_by_the_state) {
  const auto offered = [](const ScriptedActor& actor, const char* role = "staff") { return workflows::allowed_commands(*actor.definition, actor.snapshot, role); };
  using Names = std::vector<std::string>;
  ScriptedActor actor{small_workflow(working(create_step + change_step, stop_undoes))};
  BOOST_REQUIRE(actor.born());
  BOOST_TEST(offered(actor) == (Names{"again", "go", "stop"}), boost::test_tools::per_element());
  BOOST_TEST(offered(actor, "customer") == (Names{"stop"}), boost::test_tools::per_element());
  BOOST_REQUIRE(actor.command("go"));
  BOOST_TEST(offered(actor) == (Names{"again", "stop"}), boost::test_tools::per_element());
  BOOST_REQUIRE(actor.command("again"));
  BOOST_TEST(offered(actor) == (Names{"stop"}), boost::test_tools::per_element());
  BOOST_REQUIRE(actor.command("stop"));
  BOOST_TEST(offered(actor).empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace stellwerk::testing
