#include "tests/support/small_workflow.hpp"
#include "workflows/replay.hpp"

namespace stellwerk::testing {

BOOST_AUTO_TEST_SUITE(runs)

BOOST_AUTO_TEST_CASE(a_run_goes_through_its_steps_and_saves_their_results) {
  auto actor = started(take_step + create_step);
  BOOST_TEST(actor.attempt()->executor == "action");
  BOOST_TEST(actor.attempt()->key == actor.run()->id.str() + "/take/1");
  BOOST_REQUIRE(actor.done(JsonObject{{"n", 12}}));
  BOOST_TEST(actor.attribute("number") == Json(12));
  BOOST_TEST(actor.attempt()->server == "srv_1");
  BOOST_TEST(text_of(actor.input(), "name") == "box");
  BOOST_REQUIRE(actor.done());
  BOOST_TEST(actor.in() == "there");
  BOOST_TEST(actor.run() == nullptr);
  BOOST_TEST(actor.problems.empty());
}

BOOST_AUTO_TEST_CASE(a_stale_outcome_changes_nothing) {
  auto actor = started(change_step);
  const auto old = *actor.attempt();
  BOOST_REQUIRE(actor.answer(OutcomeClass::retry));
  BOOST_TEST(actor.attempt()->number == old.number + 1);
  const workflows::Event late{.id = EventId{format_id("evt", make_uuid())}, .body = workflows::Tried{old.id, old.number, {.is = OutcomeClass::done}}};
  const auto decided = workflows::advance(*actor.definition, actor.snapshot, late, actor.now);
  BOOST_REQUIRE(decided);
  BOOST_TEST(workflows::is_nothing(*decided));
}

BOOST_AUTO_TEST_CASE(the_number_of_tries_is_the_budget_of_a_retry) {
  auto actor = started("      - change: { call: vendor.change, on_server: \"'srv_1'\", retry: { attempts: 3 } }\n");
  for (int i = 0; i < 2; ++i) BOOST_REQUIRE(actor.answer(OutcomeClass::retry));
  BOOST_TEST(actor.in() == "busy");
  BOOST_REQUIRE(actor.answer(OutcomeClass::retry));
  BOOST_TEST(actor.in() == "broken");
}

BOOST_AUTO_TEST_CASE(the_time_of_a_retry_ends_it_before_the_next_try_would_be_late) {
  auto actor = started("      - change: { call: vendor.change, on_server: \"'srv_1'\", retry: { for: PT10M, delay: PT1M, backoff: 1 } }\n");
  const auto began = actor.now;
  int tries = 0;
  while (actor.in() == "busy" && ++tries < 100) BOOST_REQUIRE(actor.answer(OutcomeClass::retry));
  BOOST_TEST(actor.in() == "broken");
  BOOST_TEST((actor.now - began <= std::chrono::minutes{10}));
  BOOST_TEST(tries >= 8);
  BOOST_TEST(tries <= 14);
}

BOOST_AUTO_TEST_CASE(waiting_for_a_server_that_is_away_costs_no_try_and_no_time_of_the_step) {
  auto actor = started("      - change: { call: vendor.change, on_server: \"'srv_1'\", retry: { attempts: 1 }, timeout: PT10M, patience: PT2H }\n");
  const auto away = Outcome{.is = OutcomeClass::retry_after, .after = std::chrono::minutes{30}, .sent = false};
  for (int i = 0; i < 4; ++i) {
    BOOST_REQUIRE(actor.answer(away));
    BOOST_TEST(actor.in() == "busy");
    BOOST_TEST(actor.attempt()->tries == 0);
  }
  BOOST_REQUIRE(actor.answer(away));  // two hours and a half
  BOOST_TEST(actor.in() == "broken");
}

BOOST_AUTO_TEST_CASE(an_unclear_answer_is_looked_at_before_anything_is_repeated) {
  auto actor = started(create_step);
  BOOST_REQUIRE(actor.answer(OutcomeClass::unclear));
  BOOST_TEST(actor.attempt()->mode == "observe");
  BOOST_TEST((actor.attempt()->due == actor.now));
  const auto sent = actor.now;
  BOOST_REQUIRE(actor.answer(OutcomeClass::not_done));
  BOOST_TEST(actor.attempt()->mode == "observe");  // not believed before `settle` has passed
  BOOST_TEST((actor.attempt()->due == sent + std::chrono::seconds{60}));
  BOOST_REQUIRE(actor.answer(OutcomeClass::not_done));
  BOOST_TEST(actor.attempt()->mode == "execute");
  BOOST_TEST(!actor.run()->begun.back().touched);
}

BOOST_AUTO_TEST_CASE(what_was_looked_at_too_early_is_looked_at_again_however_late_one_hears_of_it) {
  auto actor = started(create_step);
  BOOST_REQUIRE(actor.answer(OutcomeClass::unclear));
  actor.now += std::chrono::minutes{5};  // the process stood still with the answer in its hand
  BOOST_REQUIRE(actor.answer(OutcomeClass::not_done));
  BOOST_TEST(actor.attempt()->mode == "observe");
  BOOST_TEST((actor.attempt()->due == actor.now));
  BOOST_TEST(actor.run()->begun.back().touched);
  BOOST_REQUIRE(actor.answer(OutcomeClass::not_done));
  BOOST_TEST(actor.attempt()->mode == "execute");
}

BOOST_AUTO_TEST_CASE(a_vendor_that_drops_every_request_is_asked_ever_more_seldom) {
  auto actor = started(change_step);
  std::vector<Duration> waits;
  for (int i = 0; i < 4; ++i) {
    BOOST_REQUIRE(actor.answer(OutcomeClass::unclear));
    BOOST_REQUIRE(actor.answer(OutcomeClass::not_done));
    waits.push_back(actor.attempt()->due - actor.now);
  }
  BOOST_TEST((waits[0] == Duration{0}));
  BOOST_TEST((waits[1] > std::chrono::seconds{3}));
  BOOST_TEST((waits[3] > waits[1]));
}

BOOST_AUTO_TEST_CASE(what_may_not_be_repeated_becomes_an_incident_when_unclear) {
  auto actor = started("      - pay: { call: vendor.charge, on_server: \"'srv_1'\", with: { name: x } }\n");
  BOOST_REQUIRE(actor.answer(OutcomeClass::unclear));
  BOOST_TEST(actor.held());
  BOOST_TEST(actor.incidents.begin()->second.error_class == "unclear");
}

BOOST_AUTO_TEST_CASE(a_task_that_goes_on_keeps_its_handle_and_its_try) {
  auto actor = started(create_step);
  BOOST_REQUIRE(actor.answer(Outcome{.is = OutcomeClass::pending, .handle = "task-1"}));
  BOOST_TEST(actor.attempt()->mode == "poll");
  BOOST_TEST(actor.attempt()->handle == "task-1");
  actor.restart();
  BOOST_TEST(actor.attempt()->handle == "task-1");
  BOOST_REQUIRE(actor.done(JsonObject{{"id", 4}}));
  BOOST_TEST(actor.in() == "there");
}

BOOST_AUTO_TEST_CASE(a_composite_operation_goes_entry_by_entry_with_keys_of_their_own) {
  auto actor = started("      - build: { call: vendor.build, on_server: \"'srv_1'\", with: { name: x }, save: { number: result.id, why: result.place } }\n");
  BOOST_TEST(actor.doing() == "vendor.build/clone");
  BOOST_TEST(actor.attempt()->key == actor.run()->id.str() + "/build/clone/1");
  const auto deadline = actor.attempt()->deadline;
  BOOST_REQUIRE(actor.done(JsonObject{{"id", 9}}));
  BOOST_TEST(actor.doing() == "vendor.build/configure");
  BOOST_TEST((actor.attempt()->deadline == deadline));
  BOOST_REQUIRE(actor.done(JsonObject{{"place", "left"}}));
  BOOST_TEST(actor.attribute("number") == Json(9));
  BOOST_TEST(actor.attribute("why") == Json("left"));
}

BOOST_AUTO_TEST_CASE(a_run_sees_optional_members_of_its_event_and_of_results_as_null) {
  auto actor = started("      - change: { call: vendor.change, on_server: \"'srv_1'\" }\n"
                       "      - keep: { set: { why: \"${run.event.note == null && steps.change.note == null ? 'none' : 'some'}\" } }\n");
  BOOST_REQUIRE(actor.done(JsonObject{{"speed", 3}}));
  BOOST_TEST(actor.in() == "there");
  BOOST_TEST(actor.attribute("why") == Json("none"));
}

BOOST_AUTO_TEST_CASE(a_local_step_that_fails_leaves_nothing_of_itself) {
  auto actor = started("      - both: { do: [ { notify: half }, { set: { number: \"${1 / (self.other - 7)}\" } } ] }\n");
  BOOST_TEST(actor.held());
  BOOST_TEST(actor.notices.empty());
  BOOST_TEST(actor.count("set") == 1U);  // at birth
  BOOST_TEST(actor.count("notify") == 0U);
}

BOOST_AUTO_TEST_CASE(one_working_state_follows_another_in_the_decision_that_ends_it) {
  ScriptedActor actor{small_workflow(R"(language: 1
workflow: chain
kind: service
title: Chain
events: { go: { allow: [staff], with: { note: { type: string } } } }
attributes: { why: { type: string } }
initial: ready
states:
  ready: { status: pending, rest: true, on: { go: { to: one } } }
  one: { status: pending, steps: [ { a: { call: vendor.change, on_server: "'srv_1'" } } ], done: { to: two }, failed: incident }
  two: { status: pending, steps: [ { b: { set: { why: "${run.event.note}" } } } ], done: { to: three }, failed: incident }
  three: { status: pending, steps: [ { c: { call: vendor.change, on_server: "'srv_1'" } } ], done: { to: ready }, failed: incident }
)")};
  BOOST_REQUIRE(actor.born());
  BOOST_REQUIRE(actor.command("go", JsonObject{{"note", "all the way"}}));
  const auto first = actor.run()->id;
  const auto decided = actor.done();
  BOOST_REQUIRE(decided);
  BOOST_TEST(actor.in() == "three");
  BOOST_TEST(actor.attribute("why") == Json("all the way"));
  BOOST_REQUIRE(decided->attempts_ended.size() == 1U);
  BOOST_TEST(decided->attempts_ended.front().first.str() == first.str());  // and not the run in between, which had no try
  BOOST_TEST(decided->attempts_changed.size() == 1U);
  BOOST_TEST(actor.run()->id.str() != first.str());
}

BOOST_AUTO_TEST_CASE(leave_ends_a_run_without_failure) {
  auto actor = started("      - enough: { when: \"self.other == 7\", leave: { to: broken }, notify: gone }\n" + change_step);
  BOOST_TEST(actor.in() == "broken");
  BOOST_TEST(actor.notices.size() == 1U);
  BOOST_TEST(text_of(actor.last("run_ended"), "status") == "done");
}

BOOST_AUTO_TEST_CASE(a_step_that_may_fail_lets_the_run_go_on) {
  auto actor = started("      - change: { call: vendor.change, on_server: \"'srv_1'\", on_error: continue }\n      - keep: { set: { why: \"${error.code}\" } }\n");
  BOOST_REQUIRE(actor.answer(Outcome{.is = OutcomeClass::rejected_operator, .code = "no_way"}));
  BOOST_TEST(actor.in() == "there");
  BOOST_TEST(actor.attribute("why") == Json("no_way"));
}

BOOST_AUTO_TEST_CASE(every_change_of_attributes_is_in_the_journal) {
  auto actor = started(take_step + change_step);
  BOOST_REQUIRE(actor.done(JsonObject{{"n", 12}}));
  BOOST_TEST(actor.last("set").at("attributes") == Json(JsonObject{{"number", 12}}));
  BOOST_REQUIRE(actor.answer(OutcomeClass::rejected_customer));
  BOOST_REQUIRE(actor.done());
  BOOST_TEST(actor.last("set").at("attributes") == Json(JsonObject{{"number", nullptr}}));
}

BOOST_AUTO_TEST_CASE(set_hides_a_secret_in_the_journal) {
  ScriptedActor actor{small_workflow(R"(language: 1
workflow: secretive
kind: service
title: Secretive
attributes: { password: { type: secret }, name: { type: string } }
events: { go: { allow: [staff], with: { password: { type: secret } } } }
initial: ready
states:
  ready: { status: pending, rest: true, on: { go: { set: { password: "${event.password}", name: plain } } } }
)")};
  BOOST_REQUIRE(actor.born());
  BOOST_REQUIRE(actor.command("go", JsonObject{{"password", "opensesame"}}));
  BOOST_TEST(actor.last("set").at("attributes") == Json(JsonObject{{"password", "***"}, {"name", "plain"}}));
  BOOST_TEST(actor.attribute("password") == Json("opensesame"));
}

namespace {

/// Secrets come by birth, command, message, `wait`, deferred message, interrupt, edit, and from an operation and an action.
const char* const secretive = R"(language: 1
workflow: secretive
kind: service
title: Secretive
attributes:
  password: { type: secret, edit: [staff] }
  token: { type: secret }
  n: { type: int, default: 0 }
events:
  go:   { allow: [staff], with: { password: { type: secret } } }
  stop: { allow: [staff], with: { password: { type: secret } } }
  word: { from: [order], with: { password: { type: secret, required: true }, n: { type: int, required: true } } }
  later: { from: [order], busy: defer, with: { password: { type: secret } } }
  odd:  { from: [order], with: { password: { type: secret }, n: { type: int, required: true } } }
initial: ready
states:
  ready:
    status: pending
    rest: true
    on:
      go: { save: { password: event.password }, to: busy }
      later: { save: { token: event.password } }
      odd: [ { when: 10 / event.n > 1, save: { token: event.password } } ]
  busy:
    status: pending
    on: { stop: { interrupt: undo, save: { token: event.password }, to: ready } }
    steps:
      - make: { call: vault.make, on_server: "'srv_1'", with: { key: "${self.password}" }, save: { token: result.token } }
      - draw: { action: vault.draw, save: { password: result.password } }
      - hear: { wait: { for: word, timeout: PT1H }, save: { token: result.password } }
      - last: { call: vault.make, on_server: "'srv_1'", with: { key: "${self.token}" } }
    done:   { to: ready }
    failed: { to: ready }
)";

std::shared_ptr<const workflows::Definition> with_a_vault() {
  using enum workflows::TypeSpec::Base;
  auto catalog = small_catalog();
  catalog.operations["vault.make"] = {.name = "vault.make", .effect = workflows::Effect::sets, .input = {{.name = "key", .type = {.base = secret}}},
                                      .output = {{.name = "token", .type = {.base = secret}}, {.name = "id", .type = {.base = integer}}}};
  catalog.actions["vault.draw"] = {.name = "vault.draw", .input = {}, .output = {{.name = "password", .type = {.base = secret}}}, .undo = {}};
  auto loaded = workflows::load_workflow("secretive.yaml", secretive, catalog);
  if (!loaded)
    for (const auto& problem : loaded.error()) BOOST_ERROR(config::render(problem, secretive));
  BOOST_REQUIRE(loaded);
  return *loaded;
}

}  // namespace

BOOST_AUTO_TEST_CASE(secrets_are_not_in_the_journal) {
  const auto order = "ord_01jnq0000000000000000000aa";
  ScriptedActor actor{with_a_vault()};
  std::string told;
  const auto look = [&] {
    for (const auto& [id, incident] : actor.incidents) told += dump_json(incident.detail) + incident.text + incident.code;
    for (const auto& notice : actor.notices) told += dump_json(notice.data);
  };
  BOOST_REQUIRE(actor.born(JsonObject{{"password", "plain-birth"}}));
  BOOST_REQUIRE(actor.edit(JsonObject{{"password", "plain-edit"}}));
  BOOST_REQUIRE(actor.command("go", JsonObject{{"password", "plain-command"}}));
  BOOST_TEST(text_of(actor.input(), "key") == "plain-command");
  BOOST_TEST(actor.message("later", JsonObject{{"password", "plain-later"}}, order)->defer.has_value());
  BOOST_REQUIRE(actor.answer(Outcome{.is = OutcomeClass::rejected_operator, .text = "no"}));
  look();
  BOOST_REQUIRE(actor.remedy(workflows::Remedy::What::edit, JsonObject{{"key", "plain-input"}}));
  BOOST_TEST(text_of(actor.input(), "key") == "plain-input");
  BOOST_REQUIRE(actor.done(JsonObject{{"token", "plain-output"}, {"id", 7}}));
  BOOST_TEST(actor.last("step_done").at("result") == Json(JsonObject{{"token", "***"}, {"id", 7}}));
  BOOST_TEST(actor.attribute("token") == Json("plain-output"));
  BOOST_REQUIRE(actor.done(JsonObject{{"password", "plain-drawn"}}));
  BOOST_REQUIRE(actor.message("word", JsonObject{{"password", "plain-word"}, {"n", 3}}, order));
  BOOST_TEST(actor.last("event").at("payload") == Json(JsonObject{{"password", "***"}, {"n", 3}}));
  BOOST_TEST(actor.last("step_done").at("result") == Json(JsonObject{{"password", "***"}, {"n", 3}}));
  BOOST_TEST(text_of(actor.input(), "key") == "plain-word");
  BOOST_REQUIRE(actor.command("stop", JsonObject{{"password", "plain-stop"}}));
  BOOST_REQUIRE(actor.done());
  BOOST_TEST(actor.in() == "ready");
  BOOST_TEST(actor.attribute("token") == Json("plain-later"));  // its turn came when the run was over
  BOOST_REQUIRE(actor.message("odd", JsonObject{{"password", "plain-odd"}, {"n", 0}}, order));
  BOOST_REQUIRE(actor.incidents.size() == 1U);
  look();
  BOOST_TEST(text_of(actor.snapshot.cursor.failed.at(0).payload, "password") == "plain-odd");  // a retry needs it
  told += dump_json(Json(actor.journal));
  BOOST_TEST(told.find("plain-") == std::string::npos, told);
  BOOST_TEST(actor.problems.empty());
  const auto history = workflows::replay(*actor.definition, std::vector<Json>(actor.journal.begin(), actor.journal.end()));
  BOOST_REQUIRE(history);
  BOOST_TEST((history->unknown == std::set<std::string>{"password", "token"}));
}

BOOST_AUTO_TEST_CASE(what_failed_and_was_passed_over_was_not_carried_out) {
  for (const bool fails : {false, true}) {
    auto actor = started("      - change: { call: vendor.change, on_server: \"'srv_1'\", on_error: continue }\n      - keep: { set: { why: \"${ran('change') ? 'ran' : 'not'}\" } }\n");
    BOOST_REQUIRE(actor.answer(fails ? OutcomeClass::rejected_operator : OutcomeClass::done));
    BOOST_TEST(actor.attribute("why") == Json(fails ? "not" : "ran"));
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace stellwerk::testing
