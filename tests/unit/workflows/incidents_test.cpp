#include "tests/support/small_workflow.hpp"

namespace stellwerk::testing {

using What = workflows::Remedy::What;

BOOST_AUTO_TEST_SUITE(incidents)

BOOST_AUTO_TEST_CASE(failures_lead_where_their_class_says) {
  struct Row {
    OutcomeClass is;
    bool held;
  };
  for (const auto& [is, held] : {Row{OutcomeClass::rejected_customer, false}, Row{OutcomeClass::rejected_operator, true}, Row{OutcomeClass::conflict, true}, Row{OutcomeClass::gone, true}}) {
    auto actor = started(change_step);
    BOOST_REQUIRE(actor.answer(is));
    BOOST_TEST(actor.held() == held, to_string(is));
    BOOST_TEST(actor.in() == (held ? "busy" : "broken"), to_string(is));
    BOOST_TEST(actor.problems.empty());
  }
}

BOOST_AUTO_TEST_CASE(on_error_by_code_goes_before_class_and_class_before_one_word) {
  const std::string step = "      - change: { call: vendor.change, on_server: \"'srv_1'\", on_error: { rejected_operator: fail, special: continue } }\n";
  auto actor = started(step);
  BOOST_REQUIRE(actor.answer(Outcome{.is = OutcomeClass::rejected_operator, .code = "special"}));
  BOOST_TEST(actor.in() == "there");
  actor = started(step);
  BOOST_REQUIRE(actor.answer(Outcome{.is = OutcomeClass::rejected_operator, .code = "other"}));
  BOOST_TEST(actor.in() == "broken");
}

BOOST_AUTO_TEST_CASE(an_incident_says_what_happened_and_what_can_be_done) {
  auto actor = started(take_step + create_step);
  BOOST_REQUIRE(actor.done(JsonObject{{"n", 1}}));
  BOOST_REQUIRE(actor.answer(Outcome{.is = OutcomeClass::rejected_operator, .code = "quota", .text = "no more"}));
  const auto& incident = actor.incidents.begin()->second;
  BOOST_TEST(incident.step == "create");
  BOOST_TEST(incident.code == "quota");
  BOOST_TEST(incident.text == "no more");
  BOOST_TEST(text_of(incident.detail, "operation") == "vendor.create");
  BOOST_TEST(find_member(incident.detail, "undo_would_cover")->as_array().size() == 1U);
  for (const auto* remedy : {"retry", "skip", "edit", "done", "fail"}) BOOST_TEST(actor.is_offered(remedy), remedy);
}

BOOST_AUTO_TEST_CASE(retry_tries_the_step_again_and_looks_first_where_an_effect_is_possible) {
  auto actor = started(create_step);
  BOOST_REQUIRE(actor.answer(OutcomeClass::rejected_operator));
  const auto key = actor.last("step_started").at("key");
  BOOST_REQUIRE(actor.remedy(What::retry));
  BOOST_TEST(actor.attempt()->mode == "execute");
  BOOST_TEST(Json(boost::json::string(actor.attempt()->key)) == key);

  actor = started(create_step);
  BOOST_REQUIRE(actor.answer(OutcomeClass::unclear));
  BOOST_REQUIRE(actor.answer(OutcomeClass::rejected_operator));
  BOOST_REQUIRE(actor.remedy(What::retry));
  BOOST_TEST(actor.attempt()->mode == "observe");
}

BOOST_AUTO_TEST_CASE(a_second_retry_of_a_composite_operation_looks_at_the_entry_in_hand) {
  auto actor = started("      - build: { call: vendor.build, on_server: \"'srv_1'\", with: { name: x } }\n");
  BOOST_REQUIRE(actor.done());
  BOOST_REQUIRE(actor.answer(OutcomeClass::rejected_operator));
  BOOST_REQUIRE(actor.remedy(What::retry));
  BOOST_TEST(actor.doing() == "vendor.build/configure");
  BOOST_TEST(actor.attempt()->mode == "observe");
  BOOST_REQUIRE(actor.answer(OutcomeClass::not_done));
  BOOST_TEST(actor.attempt()->mode == "execute");
}

BOOST_AUTO_TEST_CASE(edited_input_gets_a_key_of_its_own) {
  auto actor = started(create_step);
  BOOST_REQUIRE(actor.answer(OutcomeClass::rejected_operator));
  const auto wrong = actor.remedy(What::edit, JsonObject{{"size", "large"}});
  BOOST_REQUIRE(!wrong);
  BOOST_TEST(wrong.error().fields.front().pointer == "/input/size");
  BOOST_REQUIRE(actor.remedy(What::edit, JsonObject{{"name", "chest"}, {"size", 4}}));
  BOOST_TEST(actor.attempt()->key == actor.run()->id.str() + "/create/2");
  BOOST_TEST(text_of(actor.input(), "name") == "chest");
}

BOOST_AUTO_TEST_CASE(the_identity_of_what_may_be_there_is_not_edited_away) {
  auto actor = started("      - build: { call: vendor.build, on_server: \"'srv_1'\", with: { name: x, size: 100 } }\n");
  BOOST_REQUIRE(actor.done());
  BOOST_REQUIRE(actor.answer(OutcomeClass::rejected_operator));
  const auto other = actor.remedy(What::edit, JsonObject{{"name", "y"}});
  BOOST_REQUIRE(!other);
  BOOST_TEST(other.error().reason == "identity_in_use");
  BOOST_REQUIRE(actor.remedy(What::edit, JsonObject{{"name", "x"}, {"size", 10}}));
  BOOST_TEST(actor.attempt()->key == actor.run()->id.str() + "/build/configure/2");
}

BOOST_AUTO_TEST_CASE(the_input_of_what_may_be_there_and_cannot_be_looked_for_is_not_edited) {
  auto actor = started("      - pay: { call: vendor.charge, on_server: \"'srv_1'\", with: { name: x } }\n");
  BOOST_REQUIRE(actor.answer(OutcomeClass::unclear));
  BOOST_REQUIRE(actor.held());
  BOOST_TEST(!actor.is_offered("edit"));
  const auto edited = actor.remedy(What::edit, JsonObject{});
  BOOST_REQUIRE(!edited);
  BOOST_TEST(edited.error().reason == "remedy_not_offered");
  // refused without effect, it may be
  auto refused = started("      - pay: { call: vendor.charge, on_server: \"'srv_1'\", with: { name: x } }\n");
  BOOST_REQUIRE(refused.answer(OutcomeClass::rejected_operator));
  BOOST_TEST(refused.is_offered("edit"));
}

BOOST_AUTO_TEST_CASE(a_step_done_by_hand_brings_its_result) {
  auto actor = started(take_step + create_step + change_step);
  BOOST_REQUIRE(actor.answer(OutcomeClass::rejected_operator));
  BOOST_REQUIRE(actor.remedy(What::done, JsonObject{{"n", 77}}));
  BOOST_TEST(actor.attribute("number") == Json(77));
  BOOST_TEST(actor.doing() == "vendor.create");
}

BOOST_AUTO_TEST_CASE(a_step_held_before_it_began_may_be_done_by_hand_as_well) {
  auto actor = started("      - take: { action: stock.take, with: { of: \"${string(1 / (self.other - 7))}\" }, save: { number: result.n } }\n" + change_step);
  BOOST_REQUIRE(actor.held());
  BOOST_TEST(!actor.is_offered("edit"));  // there is no input yet
  const auto edit = actor.remedy(What::edit, JsonObject{{"of", "x"}});
  BOOST_REQUIRE(!edit);
  BOOST_TEST(edit.error().reason == "remedy_not_offered");
  BOOST_REQUIRE(actor.remedy(What::done, JsonObject{{"n", 5}}));
  BOOST_TEST(actor.attribute("number") == Json(5));
  BOOST_REQUIRE(actor.answer(OutcomeClass::rejected_customer));
  BOOST_TEST(actor.doing() == "stock.give");  // what was done by hand is taken back like the rest
}

BOOST_AUTO_TEST_CASE(a_step_that_proves_a_state_is_not_passed_over_except_while_it_is_undone) {
  const std::string undoable = "      - make: { call: vendor.create, on_server: \"'srv_1'\", with: { name: box } }\n";
  const auto text = [&](const std::string& steps) {
    auto whole = working(steps);
    return whole.insert(whole.find("    rest: true\n", whole.find("  there:\n")), "    confirmed_by: [ busy.make ]\n");
  };
  ScriptedActor actor{small_workflow(text(undoable + change_step))};
  BOOST_REQUIRE(actor.born());
  BOOST_REQUIRE(actor.command("go"));
  BOOST_REQUIRE(actor.answer(OutcomeClass::rejected_operator));
  for (const auto* remedy : {"retry", "edit", "done", "fail"}) BOOST_TEST(actor.is_offered(remedy), remedy);
  BOOST_TEST(!actor.is_offered("skip"));
  const auto refused = actor.remedy(What::skip);
  BOOST_REQUIRE(!refused);
  BOOST_TEST(refused.error().reason == "remedy_not_offered");
  BOOST_TEST(refused.error().message.find("proves state there (confirmed_by)") != std::string::npos, refused.error().message);
  BOOST_REQUIRE(actor.remedy(What::done, JsonObject{{"id", 1}}));
  BOOST_REQUIRE(actor.answer(OutcomeClass::rejected_operator));
  BOOST_TEST(actor.is_offered("skip"));  // the next step proves nothing
  BOOST_REQUIRE(actor.remedy(What::fail));
  BOOST_REQUIRE(actor.answer(OutcomeClass::rejected_operator));
  BOOST_TEST(actor.is_offered("skip"));
  BOOST_REQUIRE(actor.remedy(What::skip));
  BOOST_TEST(actor.in() == "broken");
  BOOST_TEST(actor.problems.empty());
}

BOOST_AUTO_TEST_CASE(a_local_step_that_failed_can_be_tried_again_or_skipped) {
  const std::string steps = "      - keep: { set: { number: \"${1 / (self.other - 7)}\" } }\n" + change_step;
  for (const auto what : {What::edit, What::retry, What::skip}) {
    auto actor = started(steps);
    BOOST_REQUIRE(actor.held());
    const auto decided = actor.remedy(what);
    if (what == What::edit) BOOST_TEST(!decided.has_value());
    else BOOST_REQUIRE(decided);
    BOOST_TEST(actor.held() == (what != What::skip));
    BOOST_TEST(actor.problems.empty());
  }
}

BOOST_AUTO_TEST_CASE(failed_incident_holds_the_run_where_it_stands) {
  auto actor = started(take_step + change_step, "    failed: incident\n");
  BOOST_REQUIRE(actor.done(JsonObject{{"n", 1}}));
  BOOST_REQUIRE(actor.answer(OutcomeClass::rejected_customer));
  BOOST_TEST(actor.held());
  BOOST_TEST(!actor.is_offered("fail"));
  const auto refused = actor.remedy(What::fail);
  BOOST_REQUIRE(!refused);
  BOOST_TEST(actor.attribute("number") == Json(1));
}

BOOST_AUTO_TEST_CASE(failed_transitions_see_the_error) {
  auto actor = started(change_step, "    failed: { set: { why: \"${error.class + '/' + error.code + '/' + error.step}\" }, to: broken }\n");
  BOOST_REQUIRE(actor.answer(Outcome{.is = OutcomeClass::rejected_customer, .code = "nope"}));
  BOOST_TEST(actor.attribute("why") == Json("rejected_customer/nope/change"));

  // also when a person lets it fail, after an outcome that could not be decided
  actor = started("      - change: { call: vendor.change, on_server: \"'srv_1'\", save: { number: result.speed / (self.other - 7) } }\n",
                  "    failed: { set: { why: \"${error.code}\" }, to: broken }\n");
  BOOST_REQUIRE(actor.done(JsonObject{{"speed", 1}}));
  BOOST_REQUIRE(actor.held());
  BOOST_REQUIRE(actor.remedy(What::fail));
  BOOST_TEST(actor.in() == "broken");
  BOOST_TEST(actor.attribute("why") == Json("expression"));
}

BOOST_AUTO_TEST_CASE(a_message_that_does_not_fit_is_kept_by_an_incident) {
  ScriptedActor actor{small_workflow(working(change_step))};
  BOOST_REQUIRE(actor.born());
  const auto decided = actor.message("told", JsonObject{{"n", "many"}});
  BOOST_REQUIRE(decided);
  BOOST_TEST(decided->consumed.size() == 1U);
  BOOST_REQUIRE(actor.incidents.size() == 1U);
  const auto retried = actor.remedy(What::retry);
  BOOST_REQUIRE(!retried);  // it fits no better now, and whoever asks is told so
  BOOST_TEST(actor.incidents.size() == 1U);
  BOOST_REQUIRE(actor.remedy(What::skip));
  BOOST_TEST(actor.snapshot.cursor.failed.empty());
}

BOOST_AUTO_TEST_CASE(a_remedy_of_an_incident_that_is_not_open_is_told_so) {
  auto actor = started(change_step);
  BOOST_REQUIRE(actor.answer(OutcomeClass::rejected_operator));
  const auto closed = workflows::Remedy{What::retry, IncidentId{"inc_01jnq0000000000000000000aa"}, "", {}, {}};
  const auto decided = workflows::advance(*actor.definition, actor.snapshot, {.id = make_id<EventId>("evt"), .by = {"usr_1", "staff"}, .body = closed}, actor.now);
  BOOST_REQUIRE(!decided);
  BOOST_TEST(decided.error().reason == "incident_not_open");
}

BOOST_AUTO_TEST_CASE(an_action_that_was_carried_out_is_not_carried_out_again) {
  auto actor = started("      - take: { action: stock.take, save: { number: 12 / (self.other - 7) + result.n } }\n" + change_step);
  BOOST_REQUIRE(actor.done(JsonObject{{"n", 3}}));
  BOOST_REQUIRE(actor.held());
  BOOST_TEST(!actor.is_offered("edit"));
  const auto edited = actor.remedy(What::edit, JsonObject{{"of", "x"}});
  BOOST_REQUIRE(!edited);
  BOOST_TEST(edited.error().reason == "remedy_not_offered");
  BOOST_REQUIRE(!actor.remedy(What::retry));  // what cannot be saved yet is told to who asks
  BOOST_TEST(actor.attempt() == nullptr);
  actor.snapshot.attributes[static_cast<std::size_t>(actor.definition->find_attribute("other"))] = workflows::cel::Value::of_int(8);
  BOOST_REQUIRE(actor.remedy(What::retry));
  BOOST_TEST(actor.attribute("number") == Json(15));
  BOOST_TEST(actor.doing() == "vendor.change");
  BOOST_REQUIRE(actor.answer(OutcomeClass::rejected_customer));
  BOOST_TEST(actor.doing() == "stock.give");
  BOOST_TEST(int_of(actor.input(), "n") == 3);
  BOOST_TEST(actor.problems.empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace stellwerk::testing
