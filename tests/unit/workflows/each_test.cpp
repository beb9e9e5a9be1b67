// `each`: the same steps once per element, one element after the other.

#include "tests/support/small_workflow.hpp"

namespace stellwerk::testing {

using What = workflows::Remedy::What;

namespace {

/// Works over `self.names`: makes each, tells its index; `more` follows the `each`.
std::string over_names(const std::string& inner, const std::string& more = {}, const std::string& in = "self.names") {
  auto text = working("      - all:\n          each:\n            in: " + in + "\n            as: box\n            steps:\n" + inner + more);
  text.insert(text.find("  due: {"), "  names: { type: list, of: string }\n  sum: { type: int, default: 0 }\n");
  return text;
}
const std::string make = "              - make: { call: vendor.create, on_server: \"'srv_1'\", with: { name: \"box-${box}\", size: \"${index}\" } }\n";
const std::string number = "              - number: { action: stock.take }\n";

ScriptedActor started_over(const std::string& text, const JsonArray& names) {
  ScriptedActor actor{small_workflow(text)};
  BOOST_REQUIRE(actor.born(JsonObject{{"names", names}}));
  BOOST_REQUIRE(actor.command("go"));
  return actor;
}

JsonArray many(int count) {
  JsonArray names;
  for (int i = 0; i < count; ++i) names.emplace_back("n" + std::to_string(i));
  return names;
}

void healthy(const ScriptedActor& actor) {
  for (const auto& problem : actor.problems) BOOST_ERROR(problem);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(each)

BOOST_AUTO_TEST_CASE(its_steps_are_done_once_per_element_in_order_with_keys_of_their_own) {
  auto actor = started_over(over_names(number + make, change_step), {"a", "b"});
  for (int item = 0; item < 2; ++item) {
    BOOST_TEST(actor.attempt()->key == fmt::format("{}/number/{}/1", actor.run()->id.str(), item));
    BOOST_REQUIRE(actor.done(JsonObject{{"n", item}}));
    BOOST_TEST(actor.attempt()->key == fmt::format("{}/make/{}/1", actor.run()->id.str(), item));
    BOOST_TEST(text_of(actor.input(), "name") == (item == 0 ? "box-a" : "box-b"));
    BOOST_TEST(int_of(actor.input(), "size") == item);
    BOOST_REQUIRE(actor.done());
  }
  BOOST_TEST(actor.doing() == "vendor.change");
  healthy(actor);
}

BOOST_AUTO_TEST_CASE(no_element_a_single_one_and_as_many_as_are_allowed_come_to_the_same_end) {
  for (const int count : {0, 1, 256}) {
    auto actor = started_over(over_names(make, "      - keep: { set: { other: \"${steps.all.count}\" } }\n"), many(count));
    int made = 0;
    while (actor.in() == "busy" && made < 1000) {
      BOOST_REQUIRE(actor.done());
      ++made;
    }
    BOOST_TEST(made == count);
    BOOST_TEST(actor.in() == "there");
    BOOST_TEST(actor.attribute("other") == Json(count));
    healthy(actor);
  }
}

BOOST_AUTO_TEST_CASE(local_steps_over_as_many_elements_as_are_allowed_need_one_decision) {
  auto actor = started_over(over_names("              - add: { set: { sum: \"${self.sum + index}\" } }\n"), many(256));
  BOOST_TEST(actor.in() == "there");
  BOOST_TEST(actor.attribute("sum") == Json(255 * 256 / 2));
  healthy(actor);
}

BOOST_AUTO_TEST_CASE(one_element_too_many_fails_the_step_before_anything_is_done) {
  auto actor = started_over(over_names(make), many(257));
  BOOST_REQUIRE(actor.held());
  BOOST_TEST(actor.incidents.begin()->second.code == "too_many_elements");
  BOOST_TEST(actor.incidents.begin()->second.step == "all");
  BOOST_TEST(actor.run()->begun.empty());
  BOOST_REQUIRE(actor.remedy(What::skip));
  BOOST_TEST(actor.in() == "there");
  healthy(actor);
}

BOOST_AUTO_TEST_CASE(a_list_without_value_has_no_elements) {
  ScriptedActor actor{small_workflow(over_names(make))};
  BOOST_REQUIRE(actor.born());
  BOOST_REQUIRE(actor.command("go"));
  BOOST_TEST(actor.in() == "there");
  healthy(actor);
}

BOOST_AUTO_TEST_CASE(the_list_is_frozen_when_the_step_begins) {
  auto actor = started_over(over_names("              - cut: { set: { names: [ z ] } }\n" + make), {"a", "b"});
  BOOST_TEST(text_of(actor.input(), "name") == "box-a");
  BOOST_REQUIRE(actor.done());
  BOOST_TEST(text_of(actor.input(), "name") == "box-b");
  BOOST_REQUIRE(actor.done());
  BOOST_TEST(actor.in() == "there");
  healthy(actor);
}

BOOST_AUTO_TEST_CASE(results_are_those_of_the_element_in_hand_and_afterwards_of_the_last) {
  auto actor = started_over(over_names(number + "              - make: { call: vendor.create, on_server: \"'srv_1'\", with: { name: \"${box}\", size: \"${steps.number.n}\" } }\n",
                                       "      - keep: { set: { other: \"${steps.number.n}\" } }\n"), {"a", "b"});
  for (const int n : {10, 20}) {
    BOOST_REQUIRE(actor.done(JsonObject{{"n", n}}));
    BOOST_TEST(int_of(actor.input(), "size") == n);
    BOOST_REQUIRE(actor.done());
  }
  BOOST_TEST(actor.attribute("other") == Json(20));
  healthy(actor);
}

BOOST_AUTO_TEST_CASE(a_step_left_out_for_an_element_has_no_result_of_the_one_before) {
  auto actor = started_over(over_names("              - number: { action: stock.take, when: \"box == 'a'\" }\n"
                                       "              - add: { set: { sum: \"${self.sum + (ran('number') ? 1 : 100)}\" } }\n"), {"a", "b"});
  BOOST_REQUIRE(actor.done(JsonObject{{"n", 1}}));
  BOOST_TEST(actor.in() == "there");
  BOOST_TEST(actor.attribute("sum") == Json(101));
  healthy(actor);
}

BOOST_AUTO_TEST_CASE(a_failure_undoes_the_elements_newest_first) {
  auto actor = started_over(over_names(number + make), {"a", "b"});
  BOOST_REQUIRE(actor.done(JsonObject{{"n", 1}}));
  BOOST_REQUIRE(actor.done());
  BOOST_REQUIRE(actor.done(JsonObject{{"n", 2}}));
  BOOST_REQUIRE(actor.answer(OutcomeClass::rejected_customer));
  BOOST_TEST(actor.attempt()->key == actor.run()->id.str() + "/number/1/undo");
  BOOST_TEST(int_of(actor.input(), "n") == 2);
  BOOST_REQUIRE(actor.done());
  BOOST_TEST(actor.attempt()->key == actor.run()->id.str() + "/make/0/undo");
  BOOST_TEST(text_of(actor.input(), "name") == "box-a");
  BOOST_REQUIRE(actor.done());
  BOOST_TEST(int_of(actor.input(), "n") == 1);
  BOOST_REQUIRE(actor.done());
  BOOST_TEST(actor.in() == "broken");
  healthy(actor);
}

BOOST_AUTO_TEST_CASE(an_undo_of_its_own_sees_the_element_and_results_it_was_done_with) {
  const std::string each_of = "              - make: { call: vendor.create, on_server: \"'srv_1'\", with: { name: \"${box}\" }, undo: { call: vendor.remove, with: { name: \"${box}-${index}\" } } }\n";
  auto actor = started_over(over_names(each_of, "      - rest:\n          each:\n            in: \"['x']\"\n            as: box\n            steps:\n"
                                                "              - more: { call: vendor.create, on_server: \"'srv_1'\", with: { name: \"${box}\" }, undo: { call: vendor.remove, with: { name: \"${box}-more\" } } }\n" + change_step), {"a", "b"});
  for (int i = 0; i < 3; ++i) BOOST_REQUIRE(actor.done());
  BOOST_REQUIRE(actor.answer(OutcomeClass::rejected_customer));
  for (const auto* name : {"x-more", "b-1", "a-0"}) {
    BOOST_TEST(text_of(actor.input(), "name") == name);
    BOOST_REQUIRE(actor.done());
  }
  BOOST_TEST(actor.in() == "broken");
  healthy(actor);
}

BOOST_AUTO_TEST_CASE(a_person_skips_the_step_of_one_element_and_the_rest_goes_on) {
  auto actor = started_over(over_names(make), {"a", "b", "c"});
  BOOST_REQUIRE(actor.done());
  BOOST_REQUIRE(actor.answer(OutcomeClass::rejected_operator));
  BOOST_REQUIRE(actor.held());
  BOOST_TEST(int_of(actor.incidents.begin()->second.detail, "item") == 1);
  BOOST_REQUIRE(actor.remedy(What::retry));
  BOOST_TEST(text_of(actor.input(), "name") == "box-b");
  BOOST_REQUIRE(actor.answer(OutcomeClass::rejected_operator));
  BOOST_REQUIRE(actor.remedy(What::skip));
  BOOST_TEST(text_of(actor.input(), "name") == "box-c");
  BOOST_REQUIRE(actor.done());
  BOOST_TEST(actor.in() == "there");
  healthy(actor);
}

BOOST_AUTO_TEST_CASE(every_element_may_fail_on_its_own_when_the_step_goes_on) {
  auto actor = started_over(over_names("              - make: { call: vendor.create, on_server: \"string(1 / (self.other - 7))\", with: { name: \"${box}\" }, on_error: continue }\n"), many(256));
  BOOST_TEST(actor.in() == "there");
  healthy(actor);
}

BOOST_AUTO_TEST_CASE(redo_across_an_each_undoes_its_elements_and_begins_anew) {
  auto text = over_names(make, "      - last: { call: vendor.create, on_server: \"'srv_1'\", with: { name: last }, on_error: { conflict: { redo: take } } }\n");
  text.insert(text.find("      - all:"), take_step);
  auto actor = started_over(text, {"a", "b"});
  BOOST_REQUIRE(actor.done(JsonObject{{"n", 1}}));
  for (int i = 0; i < 2; ++i) BOOST_REQUIRE(actor.done());
  BOOST_REQUIRE(actor.answer(OutcomeClass::conflict));
  for (int i = 0; i < 3; ++i) BOOST_REQUIRE(actor.done());
  BOOST_TEST(actor.doing() == "stock.take");
  BOOST_REQUIRE(actor.done(JsonObject{{"n", 2}}));
  BOOST_TEST(text_of(actor.input(), "name") == "box-a");
  healthy(actor);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace stellwerk::testing
