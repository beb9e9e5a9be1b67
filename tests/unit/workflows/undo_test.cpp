#include "tests/support/small_workflow.hpp"

namespace stellwerk::testing {

BOOST_AUTO_TEST_SUITE(undo)

BOOST_AUTO_TEST_CASE(undoes_completed_steps_in_reverse_when_a_step_fails) {
  auto actor = started(take_step + create_step + change_step);
  BOOST_REQUIRE(actor.done(JsonObject{{"n", 12}}));
  BOOST_REQUIRE(actor.done());
  BOOST_REQUIRE(actor.answer(OutcomeClass::rejected_customer));
  BOOST_TEST(actor.doing() == "vendor.remove");
  BOOST_TEST(actor.attempt()->key == actor.run()->id.str() + "/create/undo");
  BOOST_TEST(text_of(actor.input(), "name") == "box");
  BOOST_TEST(actor.attempt()->server == "srv_1");
  BOOST_TEST(actor.attribute("number") == Json(12));
  BOOST_REQUIRE(actor.done());
  BOOST_TEST(actor.doing() == "stock.give");
  BOOST_TEST(int_of(actor.input(), "n") == 12);
  BOOST_REQUIRE(actor.done());
  BOOST_TEST(actor.in() == "broken");
  BOOST_TEST(actor.attribute("number").is_null());  // as it was before the step
  BOOST_TEST(actor.problems.empty());
}

BOOST_AUTO_TEST_CASE(what_may_still_come_into_being_is_not_taken_back_before_it_is_there) {
  auto actor = started("      - pay: { call: vendor.charge, on_server: \"'srv_1'\", with: { name: x } }\n");
  BOOST_REQUIRE(actor.answer(OutcomeClass::unclear));
  const auto sent = actor.now;
  actor.now += std::chrono::seconds{5};
  BOOST_REQUIRE(actor.remedy(workflows::Remedy::What::fail));
  BOOST_TEST(actor.doing() == "vendor.remove");
  BOOST_TEST((actor.attempt()->due == sent + std::chrono::seconds{60}));
}

BOOST_AUTO_TEST_CASE(a_run_that_was_held_by_an_unclear_answer_knows_when_its_request_left) {
  auto actor = started(create_step);
  const auto sent = actor.now;
  BOOST_REQUIRE(actor.answer_in_vain({.is = OutcomeClass::unclear}, {ErrorCode::internal, "a row cannot be read", "unreadable"}));
  BOOST_REQUIRE(actor.held());
  actor.now += std::chrono::seconds{5};
  BOOST_REQUIRE(actor.remedy(workflows::Remedy::What::fail));
  BOOST_TEST(actor.doing() == "vendor.remove");
  BOOST_TEST((actor.attempt()->due == sent + std::chrono::seconds{60}));
  BOOST_TEST(actor.problems.empty());
}

BOOST_AUTO_TEST_CASE(an_undo_that_stands_is_not_carried_out_again_when_what_follows_could_not_be_decided) {
  for (const auto& [first, output] : {std::pair{take_step, JsonObject{{"n", 12}}}, std::pair{create_step, JsonObject{}}}) {
    auto actor = started(first + change_step);
    BOOST_REQUIRE(actor.done(output));
    BOOST_REQUIRE(actor.answer(OutcomeClass::rejected_customer));
    BOOST_REQUIRE(actor.doing() == "stock.give" || actor.doing() == "vendor.remove");
    BOOST_REQUIRE(actor.answer_in_vain({.is = OutcomeClass::done}, {ErrorCode::internal, "a row cannot be read", "unreadable"}));
    BOOST_REQUIRE(actor.held());
    BOOST_REQUIRE(actor.remedy(workflows::Remedy::What::retry));
    BOOST_TEST(actor.in() == "broken");
    BOOST_TEST(actor.attribute("number").is_null());
    BOOST_TEST(actor.problems.empty());
  }
}

BOOST_AUTO_TEST_CASE(a_step_proven_without_effect_is_not_undone) {
  for (const auto is : {OutcomeClass::rejected_customer, OutcomeClass::conflict}) {
    auto actor = started("      - create: { call: vendor.create, on_server: \"'srv_1'\", with: { name: x }, on_error: fail }\n");
    BOOST_REQUIRE(actor.answer(is));
    BOOST_TEST(actor.in() == "broken");
  }
}

BOOST_AUTO_TEST_CASE(what_turns_out_to_be_a_strangers_is_not_undone_although_our_answer_was_lost) {
  auto actor = started("      - create: { call: vendor.create, on_server: \"'srv_1'\", with: { name: x }, on_error: fail }\n");
  BOOST_REQUIRE(actor.answer(OutcomeClass::unclear));
  BOOST_REQUIRE(actor.answer(OutcomeClass::conflict));
  BOOST_TEST(actor.in() == "broken");
}

BOOST_AUTO_TEST_CASE(a_step_that_may_have_had_an_effect_is_undone) {
  auto actor = started("      - create: { call: vendor.create, on_server: \"'srv_1'\", with: { name: x }, on_error: fail, timeout: PT1M }\n");
  BOOST_REQUIRE(actor.answer(OutcomeClass::unclear));
  while (actor.in() == "busy" && actor.run()->phase == workflows::Phase::forward) BOOST_REQUIRE(actor.answer(OutcomeClass::unclear));
  BOOST_TEST(actor.doing() == "vendor.remove");
}

BOOST_AUTO_TEST_CASE(what_is_gone_needs_no_undo) {
  auto actor = started(create_step + change_step);
  BOOST_REQUIRE(actor.done());
  BOOST_REQUIRE(actor.answer(OutcomeClass::rejected_customer));
  BOOST_REQUIRE(actor.answer(OutcomeClass::gone));
  BOOST_TEST(actor.in() == "broken");
}

BOOST_AUTO_TEST_CASE(an_undo_that_is_refused_holds_the_run) {
  auto actor = started(create_step + change_step);
  BOOST_REQUIRE(actor.done());
  BOOST_REQUIRE(actor.answer(OutcomeClass::rejected_customer));
  BOOST_REQUIRE(actor.answer(OutcomeClass::rejected_operator));
  BOOST_TEST(actor.held());
  BOOST_TEST(actor.is_offered("retry"));
  BOOST_TEST(actor.is_offered("skip"));
  BOOST_TEST(!actor.is_offered("fail"));
  BOOST_TEST(!actor.is_offered("edit"));
  BOOST_REQUIRE(actor.remedy(workflows::Remedy::What::retry));
  BOOST_TEST(actor.doing() == "vendor.remove");
  BOOST_TEST(text_of(actor.input(), "name") == "box");
  BOOST_REQUIRE(actor.done());
  BOOST_TEST(actor.in() == "broken");
}

BOOST_AUTO_TEST_CASE(skipping_an_undo_goes_on_with_the_next) {
  auto actor = started(take_step + create_step + change_step);
  BOOST_REQUIRE(actor.done(JsonObject{{"n", 1}}));
  BOOST_REQUIRE(actor.done());
  BOOST_REQUIRE(actor.answer(OutcomeClass::rejected_customer));
  BOOST_REQUIRE(actor.answer(OutcomeClass::rejected_operator));
  BOOST_REQUIRE(actor.remedy(workflows::Remedy::What::skip));
  BOOST_TEST(actor.doing() == "stock.give");
}

BOOST_AUTO_TEST_CASE(a_composite_undo_goes_through_its_entries) {
  auto actor = started("      - build: { call: vendor.build, on_server: \"'srv_1'\", with: { name: x } }\n");
  BOOST_REQUIRE(actor.done());
  BOOST_REQUIRE(actor.answer(OutcomeClass::rejected_customer));  // of the second entry: the first has an effect
  BOOST_TEST(actor.doing() == "vendor.demolish/stop");
  BOOST_REQUIRE(actor.done());
  BOOST_TEST(actor.doing() == "vendor.demolish/delete");
  BOOST_TEST(text_of(actor.input(), "name") == "x");
  BOOST_TEST(actor.attempt()->key == actor.run()->id.str() + "/build/delete/undo");
  BOOST_REQUIRE(actor.done());
  BOOST_TEST(actor.in() == "broken");
}

BOOST_AUTO_TEST_CASE(redo_blocks_the_value_of_the_step_it_goes_back_to) {
  auto actor = started(take_step + "      - create: { call: vendor.create, on_server: \"'srv_1'\", with: { name: \"box-${self.number}\" }, on_error: { conflict: { redo: take, times: 2 } } }\n");
  for (int n = 1; n <= 2; ++n) {
    BOOST_REQUIRE(actor.done(JsonObject{{"n", n}}));
    BOOST_REQUIRE(actor.answer(OutcomeClass::conflict));
    BOOST_TEST(actor.doing() == "stock.give");
    BOOST_TEST(int_of(actor.input(), "n") == n);
    BOOST_TEST(bool_of(actor.input(), "block"));
    BOOST_REQUIRE(actor.done());
    BOOST_TEST(actor.doing() == "stock.take");
    BOOST_TEST(actor.attribute("number").is_null());
  }
  BOOST_REQUIRE(actor.done(JsonObject{{"n", 3}}));
  BOOST_TEST(text_of(actor.input(), "name") == "box-3");
  BOOST_REQUIRE(actor.answer(OutcomeClass::conflict));  // a third time is one too many
  BOOST_TEST(actor.held());
}

BOOST_AUTO_TEST_CASE(an_undo_whose_values_cannot_be_evaluated_waits_for_a_person) {
  auto actor = started("      - create: { call: vendor.create, on_server: \"'srv_1'\", with: { name: x }, undo: { call: vendor.remove, with: { name: \"${string(1 / (self.other - 7))}\" } } }\n" + change_step);
  BOOST_REQUIRE(actor.done());
  BOOST_REQUIRE(actor.answer(OutcomeClass::rejected_customer));
  BOOST_TEST(actor.held());
  BOOST_TEST((actor.run()->held_phase == workflows::Phase::undoing));
  BOOST_REQUIRE(actor.remedy(workflows::Remedy::What::skip));
  BOOST_TEST(actor.in() == "broken");
}

BOOST_AUTO_TEST_CASE(what_an_action_gave_is_given_back_although_it_could_not_be_saved) {
  auto actor = started("      - take: { action: stock.take, save: { number: \"result.n / (self.other - 7)\" } }\n");
  BOOST_REQUIRE(actor.done(JsonObject{{"n", 12}}));
  BOOST_REQUIRE(actor.held());
  BOOST_REQUIRE(actor.remedy(workflows::Remedy::What::fail));
  BOOST_TEST(actor.doing() == "stock.give");
  BOOST_TEST(int_of(actor.input(), "n") == 12);
}

BOOST_AUTO_TEST_CASE(a_step_that_begins_anew_has_keys_that_no_other_try_had) {
  auto actor = started(take_step + "      - create: { call: vendor.create, on_server: \"'srv_1'\", with: { name: \"box-${self.number}\" } }\n"
                       "      - last: { call: vendor.create, on_server: \"'srv_1'\", with: { name: last }, on_error: { conflict: { redo: take, times: 2 } } }\n");
  const auto key = [&](const std::string& rest) { return actor.run()->id.str() + rest; };
  for (const std::string n : {"1", "2", "3"}) {
    BOOST_TEST(actor.attempt()->key == key("/take/" + n));
    BOOST_REQUIRE(actor.done(JsonObject{{"n", 1}}));
    BOOST_TEST(actor.attempt()->key == key("/create/" + n));
    if (n == "3") break;
    BOOST_REQUIRE(actor.done());
    BOOST_TEST(actor.attempt()->key == key("/last/" + n));
    BOOST_REQUIRE(actor.answer(OutcomeClass::conflict));
    const std::string again = n == "1" ? "" : "/" + n;
    BOOST_TEST(actor.attempt()->key == key("/create" + again + "/undo"));
    BOOST_REQUIRE(actor.done());
    BOOST_TEST(actor.attempt()->key == key("/take" + again + "/undo"));
    BOOST_REQUIRE(actor.done());
  }
  BOOST_TEST(actor.problems.empty());
}

BOOST_AUTO_TEST_CASE(an_edited_input_and_a_redo_do_not_share_a_key) {
  auto actor = started(take_step + "      - create: { call: vendor.create, on_server: \"'srv_1'\", with: { name: \"box-${self.number}\" } }\n"
                       "      - last: { call: vendor.create, on_server: \"'srv_1'\", with: { name: last }, on_error: { conflict: { redo: take, times: 2 } } }\n");
  BOOST_REQUIRE(actor.done(JsonObject{{"n", 1}}));
  BOOST_REQUIRE(actor.answer(OutcomeClass::rejected_operator));
  BOOST_REQUIRE(actor.remedy(workflows::Remedy::What::edit, JsonObject{{"size", 4}}));
  BOOST_TEST(actor.attempt()->key == actor.run()->id.str() + "/create/2");
  BOOST_REQUIRE(actor.done());
  BOOST_REQUIRE(actor.answer(OutcomeClass::conflict));
  BOOST_REQUIRE(actor.done());
  BOOST_REQUIRE(actor.done());
  BOOST_REQUIRE(actor.done(JsonObject{{"n", 2}}));
  BOOST_TEST(actor.attempt()->key == actor.run()->id.str() + "/create/3");
  BOOST_TEST(actor.problems.empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace stellwerk::testing
