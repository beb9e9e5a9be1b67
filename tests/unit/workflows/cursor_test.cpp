#include "tests/support/small_workflow.hpp"

namespace stellwerk::testing {

using workflows::Phase;

BOOST_AUTO_TEST_SUITE(cursor)

BOOST_AUTO_TEST_CASE(survives_its_json_in_every_phase) {
  auto actor = started(take_step + create_step + change_step, stop_undoes);
  const auto same = [&] {
    const auto json = workflows::encode_cursor(actor.snapshot.cursor);
    const auto read = workflows::decode_cursor(*parse_json(dump_json(json)));
    BOOST_REQUIRE(read);
    BOOST_TEST(dump_json(workflows::encode_cursor(*read)) == dump_json(json));
  };
  same();
  BOOST_REQUIRE(actor.done(JsonObject{{"n", 1}}));
  BOOST_REQUIRE(actor.answer(Outcome{.is = OutcomeClass::pending, .handle = "task-1"}));
  same();
  BOOST_REQUIRE(actor.answer(OutcomeClass::rejected_operator));
  BOOST_TEST((actor.run()->phase == Phase::held));
  same();
  BOOST_REQUIRE(actor.remedy(workflows::Remedy::What::retry));
  BOOST_REQUIRE(actor.command("stop"));
  BOOST_TEST((actor.run()->phase == Phase::settling));
  same();
  BOOST_REQUIRE(actor.done());
  BOOST_TEST((actor.run()->phase == Phase::undoing));
  same();
  BOOST_TEST(actor.problems.empty());
}

BOOST_AUTO_TEST_CASE(a_run_keeps_the_settings_it_began_with) {
  const std::string text = "language: 1\nworkflow: small\nkind: service\nsettings: { size: { type: int, default: 1 }, note: { type: string, default: a } }\n"
                           "attributes: { first: { type: int }, last: { type: string }, after: { type: int } }\nevents: { go: { allow: [staff] } }\ninitial: idle\nstates:\n"
                           "  idle: { status: pending, rest: true, on: { go: { to: busy } } }\n"
                           "  busy:\n    status: pending\n    steps:\n      - one: { action: stock.take }\n      - two: { set: { first: \"${settings.size}\", last: \"${settings.note}\" } }\n"
                           "    done: { set: { after: \"${settings.size}\" }, to: idle }\n    failed: { to: idle }\n";
  ScriptedActor actor{small_workflow(text)};
  actor.snapshot.settings[0] = workflows::cel::Value::of_int(7);
  BOOST_REQUIRE(actor.born());
  BOOST_REQUIRE(actor.command("go"));
  actor.snapshot.settings[0] = workflows::cel::Value::of_int(9);
  actor.snapshot.settings[1] = workflows::cel::Value::of_string("b");
  BOOST_REQUIRE(actor.done(JsonObject{{"n", 1}}));
  BOOST_TEST(dump_json(actor.attribute("first")) == "7");
  BOOST_TEST(dump_json(actor.attribute("last")) == "\"a\"");
  BOOST_TEST(dump_json(actor.attribute("after")) == "9");  // the run has ended
  BOOST_TEST(actor.problems.empty());
}

BOOST_AUTO_TEST_CASE(survives_its_json_with_branches_elements_failures_and_waiting) {
  const std::string both = "      - both:\n          parallel:\n            - a: { call: vendor.change, on_server: \"'srv_1'\" }\n            - b: { call: vendor.change, on_server: \"'srv_2'\" }\n";
  const std::string all = "      - all:\n          each:\n            in: \"[1, 2]\"\n            as: x\n            steps: [ { one: { action: stock.take } } ]\n";
  const std::string more = "      - more:\n          each:\n            in: \"['y']\"\n            as: y\n            steps: [ { two: { action: stock.take } } ]\n";
  auto actor = started(both + all + more + "      - word: { wait: { for: told, timeout: PT1H } }\n");
  const auto read = [&] {
    auto cursor = workflows::decode_cursor(*parse_json(dump_json(workflows::encode_cursor(actor.snapshot.cursor))));
    BOOST_REQUIRE(cursor);
    BOOST_REQUIRE(cursor->run);
    return *cursor->run;
  };
  BOOST_REQUIRE(actor.answer(1, Outcome{.is = OutcomeClass::rejected_operator, .code = "because", .text = "so", .handle = "task-1", .after = std::chrono::seconds{3}, .sent = false}));
  const auto branches = read();
  BOOST_REQUIRE(branches.attempts.size() == 1U);
  BOOST_TEST((branches.attempts.front().at == workflows::StepAt{.step = 0, .inner = 0}));
  BOOST_REQUIRE(branches.failures.size() == 1U);
  const auto& failure = branches.failures.front();
  BOOST_TEST((failure.at == workflows::StepAt{.step = 0, .inner = 1}));
  BOOST_TEST((failure.outcome.is == OutcomeClass::rejected_operator && failure.outcome.code == "because" && failure.outcome.text == "so" && failure.outcome.handle == "task-1"));
  BOOST_TEST((failure.outcome.after == Duration{std::chrono::seconds{3}} && !failure.outcome.sent && !failure.time_used_up && !failure.for_a_person));
  BOOST_REQUIRE(actor.done(0, JsonObject{}));
  BOOST_TEST((read().at == workflows::StepAt{.step = 0, .inner = 1}));  // held there
  BOOST_TEST(read().finished.size() == 1U);
  BOOST_REQUIRE(actor.remedy(workflows::Remedy::What::skip));
  for (int i = 0; i < 2; ++i) {
    BOOST_TEST((read().at == workflows::StepAt{.step = 1, .inner = 0, .item = i}));
    BOOST_TEST(read().items.size() == 2U);
    BOOST_REQUIRE(actor.done(JsonObject{{"n", i}}));
  }
  BOOST_TEST(read().former_items.at(1).size() == 2U);
  BOOST_REQUIRE(actor.done(JsonObject{{"n", 9}}));
  BOOST_REQUIRE(read().waiting);
  BOOST_TEST((read().waiting->at == workflows::StepAt{.step = 3} && read().waiting->since == actor.now));
  BOOST_TEST(actor.problems.empty());
}

BOOST_AUTO_TEST_CASE(what_is_not_a_place_or_an_outcome_is_an_error) {
  auto actor = started("      - both:\n          parallel:\n            - a: { call: vendor.change, on_server: \"'srv_1'\" }\n            - b: { call: vendor.change, on_server: \"'srv_2'\" }\n");
  BOOST_REQUIRE(actor.answer(1, OutcomeClass::rejected_operator));
  const auto good = workflows::encode_cursor(actor.snapshot.cursor);
  BOOST_TEST(workflows::decode_cursor(good).has_value());
  const auto refused = [&](auto change) {
    auto json = good;
    change(json.at("run").as_object());
    BOOST_TEST(!workflows::decode_cursor(json).has_value());
  };
  refused([](JsonObject& run) { run["at"] = JsonArray{}; });
  refused([](JsonObject& run) { run["at"] = JsonArray{"left"}; });
  refused([](JsonObject& run) { run["attempts"].as_array()[0].as_object().erase("at"); });
  refused([](JsonObject& run) { run["failures"].as_array()[0].at("outcome").as_object()["is"] = "perhaps"; });
  refused([](JsonObject& run) { run["begun"] = "all"; });
  refused([](JsonObject& run) { run.erase("work"); });
}

BOOST_AUTO_TEST_CASE(a_word_that_is_not_known_is_an_error_and_not_a_guess) {
  auto actor = started(change_step);
  auto json = workflows::encode_cursor(actor.snapshot.cursor);
  json.at("run").at("phase") = "sideways";
  BOOST_TEST(!workflows::decode_cursor(json).has_value());
  BOOST_TEST(!workflows::decode_cursor(Json("text")).has_value());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace stellwerk::testing
