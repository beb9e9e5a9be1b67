// `parallel`: branches at the same time, their failures, interrupts and crashes.

#include "tests/support/small_workflow.hpp"

namespace stellwerk::testing {

using What = workflows::Remedy::What;
using workflows::Phase;

namespace {

/// Three branches: an action and two creating calls; then one more step.
const std::string three =
    "      - all:\n          parallel:\n"
    "            - number: { action: stock.take, save: { number: result.n } }\n"
    "            - left: { call: vendor.create, on_server: \"'srv_1'\", with: { name: left } }\n"
    "            - right: { call: vendor.create, on_server: \"'srv_2'\", with: { name: right } }\n" +
    change_step;
const char* const branch_names[] = {"number", "left", "right"};

Json result_of(int lane) { return lane == 0 ? Json(JsonObject{{"n", 5}}) : Json(JsonObject{{"id", lane}}); }

/// Undoes whatever is asked, and tells in which order.
std::vector<std::string> undone(ScriptedActor& actor) {
  std::vector<std::string> order;
  while (actor.run() != nullptr && actor.run()->phase == Phase::undoing) {
    order.push_back(actor.doing() + (actor.doing() == "stock.give" ? "" : ":" + text_of(actor.input(), "name")));
    BOOST_REQUIRE(actor.done());
  }
  return order;
}

void healthy(const ScriptedActor& actor) {
  for (const auto& problem : actor.problems) BOOST_ERROR(problem);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(parallel)

BOOST_AUTO_TEST_CASE(all_branches_begin_in_one_decision_each_in_a_lane_of_its_own) {
  ScriptedActor actor{small_workflow(working(three))};
  BOOST_REQUIRE(actor.born());
  const auto decided = actor.command("go");
  BOOST_REQUIRE(decided);
  BOOST_TEST(decided->attempts_changed.size() == 3U);
  BOOST_REQUIRE(actor.attempts().size() == 3U);
  for (int lane = 0; lane < 3; ++lane) {
    BOOST_REQUIRE(actor.attempt(lane) != nullptr);
    BOOST_TEST(actor.attempt(lane)->key == actor.run()->id.str() + "/" + branch_names[lane] + "/1");
  }
  BOOST_TEST(actor.attempt(2)->server == "srv_2");
  BOOST_TEST(text_of(actor.input(2), "name") == "right");
  healthy(actor);
}

BOOST_AUTO_TEST_CASE(goes_on_when_the_last_branch_is_done_in_whatever_order_they_end) {
  for (const auto& order : {std::vector{0, 1, 2}, {2, 1, 0}, {1, 2, 0}, {1, 0, 2}}) {
    auto actor = started(three);
    for (std::size_t i = 0; i < 3; ++i) {
      BOOST_TEST(actor.attempts().size() == 3 - i);
      const auto decided = actor.done(order[i], result_of(order[i]));
      BOOST_REQUIRE(decided);
      BOOST_REQUIRE(decided->attempts_ended.size() == (i == 2 && order[i] == 0 ? 0U : 1U));  // the lane of the next step is taken over
    }
    BOOST_TEST(actor.doing() == "vendor.change");
    BOOST_TEST(actor.attribute("number") == Json(5));
    BOOST_REQUIRE(actor.done());
    BOOST_TEST(actor.in() == "there");
    healthy(actor);
  }
}

BOOST_AUTO_TEST_CASE(results_of_all_branches_are_seen_afterwards) {
  auto actor = started(three.substr(0, three.size() - change_step.size()) + "      - keep: { set: { other: \"${steps.left.id + steps.right.id + steps.number.n}\" } }\n");
  for (int lane = 0; lane < 3; ++lane) BOOST_REQUIRE(actor.done(lane, result_of(lane)));
  BOOST_TEST(actor.attribute("other") == Json(8));
}

BOOST_AUTO_TEST_CASE(local_branches_and_branches_left_out_need_no_try) {
  auto actor = started("      - all:\n          parallel:\n            - set: { set: { why: quick } }\n            - never: { call: vendor.change, on_server: \"'srv_1'\", when: self.other == 0 }\n");
  BOOST_TEST(actor.in() == "there");
  BOOST_TEST(actor.attribute("why") == Json("quick"));
  healthy(actor);
}

BOOST_AUTO_TEST_CASE(a_failure_is_dealt_with_when_the_others_have_come_to_their_end) {
  for (int failing = 0; failing < 3; ++failing) {
    auto actor = started(three);
    BOOST_REQUIRE(actor.answer(failing, OutcomeClass::rejected_customer));
    BOOST_TEST((actor.run()->phase == Phase::forward));
    BOOST_TEST(actor.attempts().size() == 2U);
    for (int lane = 0; lane < 3; ++lane) {
      if (lane == failing) continue;
      BOOST_REQUIRE(actor.answer(lane, OutcomeClass::retry));  // goes its own way to its end
      BOOST_REQUIRE(actor.done(lane, result_of(lane)));
    }
    const auto order = undone(actor);
    BOOST_TEST(order.size() == 2U);
    BOOST_TEST(actor.in() == "broken");
    BOOST_TEST(actor.attribute("number").is_null());
    healthy(actor);
  }
}

BOOST_AUTO_TEST_CASE(one_undo_list_covers_all_branches_newest_first) {
  auto actor = started(take_step + "      - all:\n          parallel:\n            - left: { call: vendor.create, on_server: \"'srv_1'\", with: { name: left } }\n"
                       "            - right: { call: vendor.create, on_server: \"'srv_1'\", with: { name: right } }\n" + change_step);
  BOOST_REQUIRE(actor.done(JsonObject{{"n", 1}}));
  BOOST_REQUIRE(actor.done(1, JsonObject{}));
  BOOST_REQUIRE(actor.done(0, JsonObject{}));
  BOOST_REQUIRE(actor.answer(OutcomeClass::rejected_customer));
  BOOST_TEST(actor.attempt()->key == actor.run()->id.str() + "/right/undo");
  const auto order = undone(actor);
  const std::vector<std::string> expected{"vendor.remove:right", "vendor.remove:left", "stock.give"};
  BOOST_TEST(order == expected, boost::test_tools::per_element());
  BOOST_TEST(actor.in() == "broken");
  healthy(actor);
}

BOOST_AUTO_TEST_CASE(every_class_of_failure_in_every_branch_leads_where_it_leads_in_a_plain_step) {
  using enum OutcomeClass;
  struct Row {
    OutcomeClass is;
    bool held;
  };
  for (const auto& [is, held] : {Row{rejected_customer, false}, Row{rejected_operator, true}, Row{conflict, true}, Row{gone, true}})
    for (int failing = 0; failing < 3; ++failing)
      for (const bool last : {false, true}) {
        auto actor = started(three);
        if (!last) BOOST_REQUIRE(actor.answer(failing, Outcome{.is = is, .code = "because", .text = "the vendor says"}));
        for (int lane = 0; lane < 3; ++lane)
          if (lane != failing) BOOST_REQUIRE(actor.done(lane, result_of(lane)));
        if (last) BOOST_REQUIRE(actor.answer(failing, Outcome{.is = is, .code = "because", .text = "the vendor says"}));
        BOOST_TEST(actor.held() == held, to_string(is));
        if (!held) {
          BOOST_TEST(undone(actor).size() == 2U);
          BOOST_TEST(actor.in() == "broken");
        } else {
          const auto& incident = actor.incidents.begin()->second;
          BOOST_TEST(incident.step == branch_names[failing]);
          BOOST_TEST(incident.code == "because");
          BOOST_TEST(text_of(incident.detail, "operation") == (failing == 0 ? "stock.take" : "vendor.create"));
          BOOST_TEST(text_of(incident.detail, "key") == actor.run()->id.str() + "/" + branch_names[failing] + "/1");
          for (const auto* remedy : {"retry", "skip", "edit", "done", "fail"}) BOOST_TEST(actor.is_offered(remedy), remedy);
          BOOST_REQUIRE(actor.remedy(What::retry));
          BOOST_REQUIRE(actor.attempt(failing) != nullptr);
          BOOST_REQUIRE(actor.done(failing, result_of(failing)));
          BOOST_TEST(actor.doing() == "vendor.change");
        }
        healthy(actor);
      }
}

BOOST_AUTO_TEST_CASE(each_remedy_acts_on_the_branch_that_failed) {
  for (const auto what : {What::skip, What::edit, What::done, What::fail}) {
    auto actor = started(three);
    BOOST_REQUIRE(actor.answer(1, OutcomeClass::rejected_operator));
    BOOST_REQUIRE(actor.done(0, result_of(0)));
    BOOST_REQUIRE(actor.done(2, result_of(2)));
    BOOST_REQUIRE(actor.held());
    BOOST_REQUIRE(actor.remedy(what, what == What::edit ? Json(JsonObject{{"size", 3}}) : what == What::done ? Json(JsonObject{{"id", 9}}) : Json(JsonObject{})));
    if (what == What::edit) {
      BOOST_TEST(actor.attempt(1)->key == actor.run()->id.str() + "/left/2");
      BOOST_TEST(int_of(actor.input(1), "size") == 3);
      BOOST_REQUIRE(actor.done(1, result_of(1)));
    }
    if (what == What::fail) {
      BOOST_TEST(undone(actor).size() == 2U);
      BOOST_TEST(actor.in() == "broken");
    } else {
      BOOST_TEST(actor.doing() == "vendor.change");
      BOOST_REQUIRE(actor.answer(OutcomeClass::rejected_customer));
      BOOST_TEST(undone(actor).size() == (what == What::skip ? 2U : 3U));
    }
    healthy(actor);
  }
}

BOOST_AUTO_TEST_CASE(several_failures_are_put_before_a_person_one_after_the_other) {
  auto actor = started(three);
  BOOST_REQUIRE(actor.answer(2, OutcomeClass::rejected_operator));
  BOOST_REQUIRE(actor.answer(0, OutcomeClass::rejected_operator));
  BOOST_TEST(actor.incidents.empty());
  BOOST_REQUIRE(actor.done(1, result_of(1)));
  BOOST_TEST(actor.incidents.begin()->second.step == "right");
  BOOST_REQUIRE(actor.remedy(What::skip));
  BOOST_REQUIRE(actor.held());
  BOOST_TEST(actor.incidents.begin()->second.step == "number");
  BOOST_REQUIRE(actor.remedy(What::done, JsonObject{{"n", 8}}));
  BOOST_TEST(actor.attribute("number") == Json(8));
  BOOST_TEST(actor.doing() == "vendor.change");
  healthy(actor);
}

BOOST_AUTO_TEST_CASE(the_first_failure_decides_and_the_rest_is_undone_with_it) {
  auto actor = started(three);
  BOOST_REQUIRE(actor.answer(2, OutcomeClass::rejected_customer));
  BOOST_REQUIRE(actor.answer(1, OutcomeClass::rejected_operator));  // would have been an incident
  BOOST_REQUIRE(actor.done(0, result_of(0)));
  BOOST_TEST(actor.incidents.empty());
  BOOST_TEST(undone(actor).size() == 1U);
  BOOST_TEST(actor.in() == "broken");
  healthy(actor);
}

BOOST_AUTO_TEST_CASE(a_branch_that_may_fail_hinders_no_other) {
  auto actor = started("      - all:\n          parallel:\n            - a: { call: vendor.change, on_server: \"'srv_1'\", on_error: continue }\n"
                       "            - b: { call: vendor.change, on_server: \"'srv_2'\" }\n      - keep: { set: { why: \"${error.code}\" } }\n");
  BOOST_REQUIRE(actor.answer(0, Outcome{.is = OutcomeClass::rejected_operator, .code = "no_way"}));
  BOOST_REQUIRE(actor.done(1, JsonObject{}));
  BOOST_TEST(actor.in() == "there");
  BOOST_TEST(actor.attribute("why") == Json("no_way"));
  healthy(actor);
}

BOOST_AUTO_TEST_CASE(after_a_branch_that_cannot_begin_nothing_new_starts) {
  auto actor = started("      - all:\n          parallel:\n            - a: { call: vendor.change, on_server: \"'srv_1'\" }\n"
                       "            - b: { call: vendor.change, on_server: \"string(1 / (self.other - 7))\" }\n            - c: { call: vendor.change, on_server: \"'srv_3'\" }\n");
  BOOST_TEST(actor.attempts().size() == 1U);
  BOOST_TEST(!actor.held());
  BOOST_REQUIRE(actor.done(0, JsonObject{}));
  BOOST_REQUIRE(actor.held());
  BOOST_TEST(actor.incidents.begin()->second.step == "b");
  BOOST_TEST(!actor.is_offered("edit"));
  BOOST_REQUIRE(actor.remedy(What::skip));
  BOOST_REQUIRE(actor.attempt(2) != nullptr);  // it begins when the failure is out of the way
  BOOST_REQUIRE(actor.done(2, JsonObject{}));
  BOOST_TEST(actor.in() == "there");
  healthy(actor);
}

BOOST_AUTO_TEST_CASE(what_may_not_be_repeated_waits_for_the_others_and_then_for_a_person) {
  auto actor = started("      - all:\n          parallel:\n            - pay: { call: vendor.charge, on_server: \"'srv_1'\", with: { name: x }, on_error: fail }\n"
                       "            - b: { call: vendor.change, on_server: \"'srv_2'\" }\n");
  BOOST_REQUIRE(actor.answer(0, OutcomeClass::unclear));
  BOOST_TEST(!actor.held());
  BOOST_REQUIRE(actor.done(1, JsonObject{}));
  BOOST_TEST(actor.held());  // whatever on_error says: the effect is unknown
  BOOST_TEST(actor.incidents.begin()->second.error_class == "unclear");
  healthy(actor);
}

BOOST_AUTO_TEST_CASE(an_interrupt_settles_all_tries_in_hand_before_it_undoes) {
  auto actor = started(three, stop_undoes);
  BOOST_REQUIRE(actor.done(0, result_of(0)));
  const auto decided = actor.command("stop");
  BOOST_REQUIRE(decided);
  BOOST_TEST(decided->settle.size() == 2U);
  BOOST_TEST((actor.run()->phase == Phase::settling));
  BOOST_REQUIRE(actor.answer(1, Outcome{.is = OutcomeClass::retry, .code = "given_up", .sent = false}));
  BOOST_TEST((actor.run()->phase == Phase::settling));
  BOOST_REQUIRE(actor.answer(2, OutcomeClass::unclear));
  BOOST_TEST(actor.attempt(2)->mode == "observe");
  BOOST_REQUIRE(actor.answer(2, OutcomeClass::already));
  const std::vector<std::string> expected{"vendor.remove:right", "stock.give"};
  const auto order = undone(actor);
  BOOST_TEST(order == expected, boost::test_tools::per_element());
  BOOST_TEST(actor.in() == "stopped");
  healthy(actor);
}

BOOST_AUTO_TEST_CASE(an_interrupt_that_keeps_waits_for_all_tries_and_saves_what_they_gave) {
  auto actor = started(three, "    failed: { to: broken }\n    on: { stop: { interrupt: keep, to: stopped } }\n");
  BOOST_REQUIRE(actor.command("stop"));
  BOOST_REQUIRE(actor.done(2, result_of(2)));
  BOOST_REQUIRE(actor.done(0, result_of(0)));
  BOOST_TEST(actor.in() == "busy");
  BOOST_REQUIRE(actor.done(1, result_of(1)));
  BOOST_TEST(actor.in() == "stopped");
  BOOST_TEST(actor.attribute("number") == Json(5));
  healthy(actor);
}

BOOST_AUTO_TEST_CASE(a_task_without_end_holds_the_interrupted_run_when_the_others_have_ended) {
  auto actor = started(three, stop_undoes);
  BOOST_REQUIRE(actor.answer(1, Outcome{.is = OutcomeClass::pending, .handle = "task-1"}));
  BOOST_REQUIRE(actor.command("stop"));
  BOOST_REQUIRE(actor.answer(1, Outcome{.is = OutcomeClass::rejected_operator, .code = "timeout", .handle = "task-1"}));
  BOOST_TEST(!actor.held());
  BOOST_REQUIRE(actor.done(0, result_of(0)));
  BOOST_REQUIRE(actor.answer(2, Outcome{.is = OutcomeClass::retry, .sent = false}));
  BOOST_REQUIRE(actor.held());
  BOOST_TEST((actor.run()->held_phase == Phase::settling));
  BOOST_TEST(actor.incidents.begin()->second.step == "left");
  BOOST_REQUIRE(actor.remedy(What::retry));
  BOOST_TEST(actor.attempt(1)->mode == "observe");
  BOOST_REQUIRE(actor.answer(1, OutcomeClass::already));
  const std::vector<std::string> expected{"vendor.remove:left", "stock.give"};
  const auto order = undone(actor);
  BOOST_TEST(order == expected, boost::test_tools::per_element());
  BOOST_TEST(actor.in() == "stopped");
  healthy(actor);
}

BOOST_AUTO_TEST_CASE(an_interrupt_ends_the_incident_of_a_held_branch) {
  auto actor = started(three, stop_undoes);
  BOOST_REQUIRE(actor.answer(1, OutcomeClass::rejected_operator));
  BOOST_REQUIRE(actor.answer(0, OutcomeClass::rejected_operator));
  BOOST_REQUIRE(actor.done(2, result_of(2)));
  BOOST_REQUIRE(actor.held());
  BOOST_REQUIRE(actor.command("stop"));
  BOOST_TEST(actor.incidents.empty());
  BOOST_TEST(text_of(actor.last("incident_closed"), "remedy") == "interrupted");
  BOOST_TEST(undone(actor).size() == 1U);
  BOOST_TEST(actor.in() == "stopped");
  healthy(actor);
}

BOOST_AUTO_TEST_CASE(after_a_crash_every_try_that_may_have_left_is_looked_at) {
  auto actor = started(three);
  BOOST_REQUIRE(actor.answer(2, Outcome{.is = OutcomeClass::pending, .handle = "task-2"}));
  actor.restart();
  BOOST_TEST(actor.attempt(0)->mode == "execute");  // an action is simply carried out again
  BOOST_TEST(actor.attempt(1)->mode == "observe");
  BOOST_TEST(actor.attempt(2)->mode == "poll");
  BOOST_TEST(actor.attempt(2)->handle == "task-2");
  BOOST_REQUIRE(actor.answer(1, OutcomeClass::already));
  BOOST_REQUIRE(actor.done(0, result_of(0)));
  BOOST_REQUIRE(actor.done(2, result_of(2)));
  BOOST_TEST(actor.doing() == "vendor.change");
  healthy(actor);
}

BOOST_AUTO_TEST_CASE(a_crash_in_every_branch_at_every_point_changes_nothing_but_that_it_is_looked_at) {
  for (int crashed = 0; crashed < 3; ++crashed) {
    auto actor = started(three);
    for (int lane = 0; lane < 3; ++lane) {
      if (lane == crashed) actor.restart();
      const bool looks = actor.attempt(lane)->mode == "observe";
      BOOST_REQUIRE(actor.answer(lane, Outcome{.is = looks ? OutcomeClass::already : OutcomeClass::done, .output = result_of(lane)}));
    }
    BOOST_TEST(actor.doing() == "vendor.change");
    BOOST_TEST(actor.attribute("number") == Json(5));
    healthy(actor);
  }
}

BOOST_AUTO_TEST_CASE(a_branch_whose_result_cannot_be_saved_is_held_and_its_effect_remembered) {
  auto actor = started("      - all:\n          parallel:\n            - number: { action: stock.take, save: { number: result.n / (self.other - 7) } }\n"
                       "            - b: { call: vendor.change, on_server: \"'srv_2'\" }\n");
  BOOST_REQUIRE(actor.done(0, JsonObject{{"n", 12}}));
  BOOST_TEST(!actor.held());
  BOOST_REQUIRE(actor.done(1, JsonObject{}));
  BOOST_REQUIRE(actor.held());
  BOOST_REQUIRE(actor.remedy(What::fail));
  BOOST_TEST(actor.doing() == "stock.give");
  BOOST_TEST(int_of(actor.input(), "n") == 12);
  healthy(actor);
}

BOOST_AUTO_TEST_CASE(a_composite_branch_goes_through_its_entries_in_its_lane) {
  auto actor = started("      - all:\n          parallel:\n            - a: { call: vendor.change, on_server: \"'srv_1'\" }\n"
                       "            - b: { call: vendor.build, on_server: \"'srv_1'\", with: { name: x } }\n");
  BOOST_TEST(actor.doing(1) == "vendor.build/clone");
  BOOST_REQUIRE(actor.done(1, JsonObject{}));
  BOOST_TEST(actor.doing(1) == "vendor.build/configure");
  BOOST_TEST(actor.attempt(1)->key == actor.run()->id.str() + "/b/configure/1");
  BOOST_REQUIRE(actor.done(0, JsonObject{}));
  BOOST_REQUIRE(actor.done(1, JsonObject{}));
  BOOST_TEST(actor.in() == "there");
  healthy(actor);
}

BOOST_AUTO_TEST_CASE(redo_across_a_parallel_undoes_its_branches_and_begins_them_again) {
  auto actor = started(take_step + "      - all:\n          parallel:\n            - left: { call: vendor.create, on_server: \"'srv_1'\", with: { name: left } }\n"
                       "            - right: { call: vendor.create, on_server: \"'srv_1'\", with: { name: right } }\n"
                       "      - last: { call: vendor.create, on_server: \"'srv_1'\", with: { name: last }, on_error: { conflict: { redo: take, times: 1 } } }\n");
  BOOST_REQUIRE(actor.done(JsonObject{{"n", 1}}));
  BOOST_REQUIRE(actor.done(0, JsonObject{}));
  BOOST_REQUIRE(actor.done(1, JsonObject{}));
  BOOST_REQUIRE(actor.answer(OutcomeClass::conflict));
  for (const auto* name : {"right", "left"}) {
    BOOST_TEST(text_of(actor.input(), "name") == name);
    BOOST_REQUIRE(actor.done());
  }
  BOOST_TEST(actor.doing() == "stock.give");
  BOOST_TEST(bool_of(actor.input(), "block"));
  BOOST_REQUIRE(actor.done());
  BOOST_REQUIRE(actor.done(JsonObject{{"n", 2}}));
  BOOST_TEST(actor.attempts().size() == 2U);
  BOOST_REQUIRE(actor.done(1, JsonObject{}));
  BOOST_REQUIRE(actor.done(0, JsonObject{}));
  BOOST_TEST(text_of(actor.input(), "name") == "last");
  healthy(actor);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace stellwerk::testing
