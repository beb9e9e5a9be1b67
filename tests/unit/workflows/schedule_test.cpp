#include "tests/unit/workflows/timed.hpp"
#include "workflows/replay.hpp"

namespace stellwerk::testing {
namespace {

/// A service that waits in `idle`, works in place at `reboot`, and whose dates a person edits.
std::string service(const std::string& schedule, const std::string& more = "") {
  return R"(language: 1
workflow: timed
kind: service
title: Timed
settings:
  before: { type: period, default: P2D }
  length: { type: duration, default: P2D }
attributes:
  due: { type: date, edit: [staff] }
  opened: { type: date, edit: [staff] }
  moment: { type: timestamp, edit: [staff] }
  dates: { type: list, of: date, edit: [staff] }
  divisor: { type: int, default: 1, edit: [staff] }
  paused: { type: bool, default: false, edit: [staff] }
  n: { type: int, default: 0 }
events:
  reboot: { allow: [staff] }
  close: { allow: [staff] }
  tick: { allow: [staff] }
  tock: { from: [service] }
  open: { allow: [staff] }
on: { tick: { set: { n: "${self.n + 1}" } }, tock: { set: { n: "${self.n + 1}" } } }
initial: idle
states:
  idle:
    status: active
    rest: true
    on:
      reboot: { steps: [ { reboot: { call: vendor.change, on_server: "'srv_1'" } } ] }
      close: { to: closed }
      open: { to: working }
  working:
    status: active
    rest: true
    on: { close: { to: closed } }
  closed: { status: terminated, final: true }
schedule:
)" + schedule + more;
}

const std::string due_timer = "schedule:remind";

}  // namespace

BOOST_AUTO_TEST_SUITE(schedule)

BOOST_AUTO_TEST_CASE(a_date_fires_at_the_automation_time_of_its_day_in_the_zone_of_the_tenant) {
  struct Row {
    const char *zone, *day, *moment;
  };
  for (const auto& row : {Row{"UTC", "2026-03-29", "2026-03-29T06:00:00Z"}, Row{"Europe/Berlin", "2026-03-28", "2026-03-28T05:00:00Z"},
                          Row{"Europe/Berlin", "2026-03-29", "2026-03-29T04:00:00Z"}, Row{"America/New_York", "2026-03-08", "2026-03-08T10:00:00Z"},
                          Row{"Australia/Lord_Howe", "2026-10-04", "2026-10-03T19:00:00Z"}}) {
    TimedActor actor{service("  remind: { at: self.due, notify: due }\n"), row.zone};
    BOOST_REQUIRE(actor.born({{"due", row.day}}));
    BOOST_TEST(actor.due(due_timer) == row.moment);
    actor.until("2026-12-01T00:00:00Z");
    BOOST_TEST(actor.told == std::vector<std::string>{std::string{"due @ "} + row.moment}, boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_CASE(what_at_reads_moves_the_timer_and_null_clears_it) {
  TimedActor actor{service("  remind: { at: self.due - settings.before, notify: due }\n")};
  BOOST_REQUIRE(actor.born());
  BOOST_TEST(actor.due(due_timer) == "none");
  BOOST_REQUIRE(actor.edit({{"due", "2026-04-10"}}));
  BOOST_TEST(actor.due(due_timer) == "2026-04-08T06:00:00Z");
  BOOST_REQUIRE(actor.edit({{"due", "2026-05-10"}}));
  BOOST_TEST(actor.due(due_timer) == "2026-05-08T06:00:00Z");
  BOOST_REQUIRE(actor.edit({{"due", nullptr}}));
  BOOST_TEST(actor.due(due_timer) == "none");
  BOOST_TEST(actor.count("timer_set") == 2U);
  BOOST_TEST(actor.count("timer_cleared") == 1U);
}

BOOST_AUTO_TEST_CASE(a_changed_setting_moves_a_running_timer_when_it_is_refreshed) {
  TimedActor actor{service("  remind: { at: self.due - settings.before, notify: due }\n")};
  BOOST_REQUIRE(actor.born({{"due", "2026-04-10"}}));
  actor.set("before", "P1M");
  BOOST_REQUIRE(actor.refresh());
  BOOST_TEST(actor.due(due_timer) == "2026-03-10T06:00:00Z");
  const auto again = actor.refresh();
  BOOST_REQUIRE(again);
  BOOST_TEST(workflows::is_nothing(*again));
}

BOOST_AUTO_TEST_CASE(a_new_zone_or_automation_time_moves_a_running_timer_when_it_is_refreshed) {
  TimedActor actor{service("  remind: { at: self.due, notify: due }\n")};
  BOOST_REQUIRE(actor.born({{"due", "2026-04-10"}}));
  actor.snapshot.calendar.zone = "America/New_York";
  BOOST_REQUIRE(actor.refresh());
  BOOST_TEST(actor.due(due_timer) == "2026-04-10T10:00:00Z");
  actor.snapshot.calendar.automation_time = std::chrono::hours{9};
  BOOST_REQUIRE(actor.refresh());
  BOOST_TEST(actor.due(due_timer) == "2026-04-10T13:00:00Z");
}

BOOST_AUTO_TEST_CASE(it_fires_once_for_a_value_of_per) {
  TimedActor actor{service("  remind: { at: self.due, per: self.opened, notify: due }\n")};
  BOOST_REQUIRE(actor.born({{"due", "2026-03-10"}, {"opened", "2026-03-01"}}));
  actor.until("2026-03-20T00:00:00Z");
  BOOST_TEST(actor.told.size() == 1U);
  BOOST_REQUIRE(actor.edit({{"due", "2026-03-25"}}));  // later, for the same thing
  BOOST_TEST(actor.due(due_timer) == "none");
  BOOST_REQUIRE(actor.edit({{"opened", "2026-03-22"}}));
  BOOST_TEST(actor.due(due_timer) == "2026-03-25T06:00:00Z");
  actor.until("2026-04-20T00:00:00Z");
  BOOST_TEST(actor.told.size() == 2U);
  BOOST_TEST(dump_json(actor.last("schedule")) == R"({"type":"schedule","schedule":"remind","per":"2026-03-22"})");
}

BOOST_AUTO_TEST_CASE(without_a_value_of_per_it_never_fires) {
  TimedActor actor{service("  remind: { at: self.due, per: self.opened, notify: due }\n")};
  BOOST_REQUIRE(actor.born({{"due", "2026-03-10"}}));
  BOOST_TEST(actor.due(due_timer) == "none");
}

BOOST_AUTO_TEST_CASE(a_list_fires_at_each_of_its_moments_in_order) {
  TimedActor actor{service("  remind: { at: self.dates, notify: due }\n")};
  BOOST_REQUIRE(actor.born({{"dates", {"2026-03-20", "2026-03-05", "2026-03-09"}}}));
  actor.until("2026-03-10T00:00:00Z");
  BOOST_REQUIRE(actor.edit({{"dates", {"2026-03-20", "2026-03-05", "2026-03-12"}}}));
  actor.until("2026-04-10T00:00:00Z");
  const std::vector<std::string> expected{"due @ 2026-03-05T06:00:00Z", "due @ 2026-03-09T06:00:00Z", "due @ 2026-03-12T06:00:00Z", "due @ 2026-03-20T06:00:00Z"};
  BOOST_TEST(actor.told == expected, boost::test_tools::per_element());
  BOOST_TEST(actor.snapshot.cursor.timers.empty());
}

BOOST_AUTO_TEST_CASE(every_counts_from_the_birth_and_never_from_the_last_firing) {
  TimedActor actor{service("  remind: { every: P1M, notify: due }\n")};
  actor.now = at("2028-01-31T10:00:00Z");
  BOOST_REQUIRE(actor.born());
  actor.until("2028-06-01T00:00:00Z");
  const std::vector<std::string> expected{"due @ 2028-02-29T06:00:00Z", "due @ 2028-03-31T06:00:00Z", "due @ 2028-04-30T06:00:00Z", "due @ 2028-05-31T06:00:00Z"};
  BOOST_TEST(actor.told == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(every_missed_firing_of_every_happens_when_it_was_due) {
  TimedActor actor{service("  remind: { every: PT36H, notify: due }\n")};
  BOOST_REQUIRE(actor.born());
  actor.away_until("2026-03-07T08:00:00Z");
  const std::vector<std::string> expected{"due @ 2026-03-03T20:00:00Z", "due @ 2026-03-05T08:00:00Z", "due @ 2026-03-06T20:00:00Z"};
  BOOST_TEST(actor.told == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(another_distance_goes_on_after_the_last_firing) {
  TimedActor actor{service("  remind: { every: settings.length, notify: due }\n")};
  BOOST_REQUIRE(actor.born());  // 2 March, 08:00
  actor.until("2026-03-09T00:00:00Z");
  BOOST_TEST(actor.told.size() == 3U);  // 4, 6, 8 March
  actor.set("length", "P1D");
  BOOST_REQUIRE(actor.refresh());
  BOOST_TEST(actor.due(due_timer) == "2026-03-09T08:00:00Z");
  actor.set("length", "P10D");
  BOOST_REQUIRE(actor.refresh());
  BOOST_TEST(actor.due(due_timer) == "2026-03-12T08:00:00Z");
}

BOOST_AUTO_TEST_CASE(another_zone_moves_every_and_repeats_no_firing) {
  TimedActor actor{service("  remind: { every: P1M, notify: due }\n")};
  actor.now = at("2026-01-31T10:00:00Z");
  BOOST_REQUIRE(actor.born());
  actor.until("2026-02-28T07:00:00Z");
  BOOST_TEST(actor.told.size() == 1U);
  actor.snapshot.calendar.zone = "America/New_York";  // where it would be due at 11:00
  BOOST_REQUIRE(actor.refresh());
  BOOST_TEST(actor.due(due_timer) == "2026-03-31T10:00:00Z");
  actor.until("2026-03-30T00:00:00Z");
  BOOST_TEST(actor.told.size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_schedule_that_moves_its_own_date_is_armed_in_the_same_decision) {
  TimedActor actor{service("  remind: { at: self.due, set: { due: \"${self.due + P7D}\" }, notify: due }\n")};
  BOOST_REQUIRE(actor.born({{"due", "2026-03-10"}}));
  actor.away_until("2026-03-25T00:00:00Z");
  const std::vector<std::string> expected{"due @ 2026-03-10T06:00:00Z", "due @ 2026-03-17T06:00:00Z", "due @ 2026-03-24T06:00:00Z"};
  BOOST_TEST(actor.told == expected, boost::test_tools::per_element());
  BOOST_TEST(actor.due(due_timer) == "2026-03-31T06:00:00Z");
}

BOOST_AUTO_TEST_CASE(every_with_per_fires_once_for_its_value) {
  TimedActor actor{service("  remind: { every: PT8H, per: today, notify: due }\n")};
  BOOST_REQUIRE(actor.born());
  actor.until("2026-03-04T23:00:00Z");
  const std::vector<std::string> expected{"due @ 2026-03-02T16:00:00Z", "due @ 2026-03-03T00:00:00Z", "due @ 2026-03-04T00:00:00Z"};
  BOOST_TEST(actor.told == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_skipped_firing_is_dropped_for_good) {
  TimedActor actor{service("  remind: { at: self.due, when: \"!self.paused\", notify: due }\n")};
  BOOST_REQUIRE(actor.born({{"due", "2026-03-10"}, {"paused", true}}));
  actor.until("2026-03-11T00:00:00Z");
  BOOST_TEST(dump_json(actor.last("schedule_skipped")) == R"({"type":"schedule_skipped","schedule":"remind","per":"2026-03-10"})");
  BOOST_REQUIRE(actor.edit({{"paused", false}}));
  actor.until("2026-05-11T00:00:00Z");
  BOOST_TEST(actor.told.empty());
}

BOOST_AUTO_TEST_CASE(a_skipped_firing_that_waits_happens_in_the_decision_that_makes_its_condition_true) {
  TimedActor actor{service("  remind: { at: self.due, when: \"!self.paused\", skipped: wait, set: { n: \"${self.n + 10}\" }, notify: due }\n")};
  BOOST_REQUIRE(actor.born({{"due", "2026-03-10"}, {"paused", true}}));
  actor.until("2026-03-11T00:00:00Z");
  BOOST_TEST(actor.count("schedule_waits") == 1U);
  BOOST_TEST(actor.snapshot.cursor.timers.empty());
  BOOST_REQUIRE(actor.command("tick"));
  BOOST_TEST(actor.told.empty());
  const auto decided = actor.edit({{"paused", false}});
  BOOST_REQUIRE(decided);
  BOOST_TEST(decided->notices.size() == 1U);
  BOOST_TEST(actor.text("n") == "11");
  BOOST_REQUIRE(actor.command("tick"));
  BOOST_TEST(actor.told.size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_firing_that_waits_is_off_when_its_moment_is_moved) {
  TimedActor actor{service("  remind: { at: self.due, per: self.opened, when: \"!self.paused\", skipped: wait, notify: due }\n")};
  BOOST_REQUIRE(actor.born({{"due", "2026-03-10"}, {"opened", "2026-03-01"}, {"paused", true}}));
  actor.until("2026-03-11T00:00:00Z");
  BOOST_REQUIRE(actor.edit({{"due", "2026-03-20"}}));
  BOOST_TEST(actor.count("schedule_cleared") == 1U);
  BOOST_TEST(actor.due(due_timer) == "2026-03-20T06:00:00Z");
  BOOST_REQUIRE(actor.edit({{"paused", false}}));
  BOOST_TEST(actor.told.empty());
  actor.until("2026-03-21T00:00:00Z");
  BOOST_TEST(actor.told.size() == 1U);
}

BOOST_AUTO_TEST_CASE(after_downtime_each_fires_in_its_turn_and_sees_its_own_time) {
  TimedActor actor{service("  later: { at: self.due, notify: later }\n  sooner: { at: self.due - P3D, notify: sooner }\n  between: { at: self.moment, set: { opened: \"${today}\" }, notify: between }\n")};
  BOOST_REQUIRE(actor.born({{"due", "2026-03-10"}, {"moment", "2026-03-08T12:00:00Z"}}));
  actor.away_until("2026-03-20T00:00:00Z");
  const std::vector<std::string> expected{"sooner @ 2026-03-07T06:00:00Z", "between @ 2026-03-08T12:00:00Z", "later @ 2026-03-10T06:00:00Z"};
  BOOST_TEST(actor.told == expected, boost::test_tools::per_element());
  BOOST_TEST(actor.text("opened") == "\"2026-03-08\"");
}

BOOST_AUTO_TEST_CASE(a_moment_that_is_past_already_fires_at_once_but_never_before_what_has_been) {
  TimedActor actor{service("  remind: { at: self.due, notify: due }\n")};
  BOOST_REQUIRE(actor.born());
  BOOST_REQUIRE(actor.edit({{"due", "2026-02-10"}}));
  BOOST_TEST(actor.due(due_timer) == "2026-02-10T06:00:00Z");
  actor.until("2026-03-02T08:00:00Z");
  BOOST_TEST(actor.told == std::vector<std::string>{"due @ 2026-03-02T08:00:00Z"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_falls_due_while_the_actor_works_fires_when_it_waits_again) {
  TimedActor actor{service("  remind: { at: self.due, notify: due }\n")};
  BOOST_REQUIRE(actor.born({{"due", "2026-03-03"}}));
  const auto started = actor.command("reboot");
  BOOST_REQUIRE(started);
  BOOST_TEST(started->busy == "reboot");
  actor.until("2026-03-03T09:00:00Z");
  BOOST_TEST(actor.told.empty());
  BOOST_TEST(actor.due(due_timer) == "none");
  BOOST_REQUIRE(actor.done());
  BOOST_TEST(actor.due(due_timer) == "2026-03-03T06:00:00Z");
  actor.until("2026-03-03T10:00:00Z");
  BOOST_TEST(actor.told.size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_final_state_ends_every_schedule) {
  TimedActor actor{service("  remind: { every: P1D, notify: due }\n")};
  BOOST_REQUIRE(actor.born());
  BOOST_REQUIRE(actor.command("close"));
  BOOST_TEST(actor.snapshot.cursor.timers.empty());
  const auto decided = actor.refresh();
  BOOST_REQUIRE(decided);
  BOOST_TEST(workflows::is_nothing(*decided));
}

BOOST_AUTO_TEST_CASE(ran_tells_whether_another_schedule_was_carried_out_for_its_present_value) {
  TimedActor actor{service("  warn: { at: self.due - P3D, per: self.opened, notify: warning }\n  remind: { at: self.due, when: \"ran('warn')\", notify: due }\n")};
  BOOST_REQUIRE(actor.born({{"due", "2026-03-10"}, {"opened", "2026-03-01"}}));
  actor.until("2026-03-11T00:00:00Z");
  BOOST_TEST(actor.told.size() == 2U);
  BOOST_REQUIRE(actor.edit({{"due", "2026-04-10"}, {"opened", nullptr}}));  // never warned for this one
  actor.until("2026-04-11T00:00:00Z");
  BOOST_TEST(actor.told.size() == 2U);
  BOOST_TEST(actor.count("schedule_skipped") == 1U);
}

BOOST_AUTO_TEST_CASE(a_condition_that_cannot_be_evaluated_is_with_a_person_and_its_value_used_up) {
  TimedActor actor{service("  remind: { at: self.due, when: \"10 / self.divisor > 0\", notify: due }\n")};
  BOOST_REQUIRE(actor.born({{"due", "2026-03-10"}, {"divisor", 0}}));
  actor.until("2026-03-11T00:00:00Z");
  BOOST_REQUIRE(actor.incidents.size() == 1U);
  BOOST_TEST(actor.incidents.begin()->second.kind == "event_failed");
  BOOST_TEST(actor.snapshot.cursor.timers.empty());
  BOOST_REQUIRE(!actor.remedy(workflows::Remedy::What::retry));
  BOOST_REQUIRE(actor.edit({{"divisor", 2}}));
  BOOST_TEST(actor.told.empty());
  BOOST_REQUIRE(actor.remedy(workflows::Remedy::What::retry));
  BOOST_TEST(actor.told.size() == 1U);
  BOOST_TEST(actor.incidents.empty());
}

BOOST_AUTO_TEST_CASE(a_condition_that_fails_while_it_waits_does_not_harm_the_event_in_hand) {
  TimedActor actor{service("  remind: { at: self.due, when: \"10 / self.divisor > 5\", skipped: wait, notify: due }\n")};
  BOOST_REQUIRE(actor.born({{"due", "2026-03-10"}, {"divisor", 5}}));
  actor.until("2026-03-11T00:00:00Z");
  BOOST_TEST(actor.count("schedule_waits") == 1U);
  BOOST_REQUIRE(actor.edit({{"divisor", 0}}));
  BOOST_TEST(actor.text("divisor") == "0");
  BOOST_TEST(actor.incidents.size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_moment_that_cannot_be_reckoned_refuses_a_command_and_keeps_other_events) {
  TimedActor actor{service("  remind: { at: \"self.due + P1D * (10 / self.divisor)\", notify: due }\n  other: { every: P1D, notify: daily }\n")};
  BOOST_REQUIRE(actor.born({{"due", "2026-03-10"}}));
  const auto refused = actor.edit({{"divisor", 0}});
  BOOST_REQUIRE(!refused);
  BOOST_TEST((refused.error().code == ErrorCode::invalid_argument));
  BOOST_TEST(describe(refused.error()).find("schedule remind at line") != std::string::npos);
  BOOST_TEST(actor.text("divisor") == "1");
  actor.snapshot.attributes[static_cast<std::size_t>(actor.definition->find_attribute("divisor"))] = workflows::cel::Value::of_int(0);
  BOOST_REQUIRE(actor.message("tock"));
  BOOST_REQUIRE(actor.incidents.size() == 1U);
  BOOST_TEST(actor.text("n") == "0");  // kept, not applied
  actor.until("2026-03-05T07:00:00Z");   // and yet it lives on
  BOOST_TEST(actor.due("schedule:other") == "2026-03-05T08:00:00Z");
  actor.snapshot.attributes[static_cast<std::size_t>(actor.definition->find_attribute("divisor"))] = workflows::cel::Value::of_int(1);
  BOOST_REQUIRE(actor.remedy(workflows::Remedy::What::skip));
}

BOOST_AUTO_TEST_CASE(what_cannot_be_reckoned_after_an_outcome_holds_the_run_where_it_stands) {
  TimedActor actor{service("  remind: { at: \"self.due + P1D * (10 / self.divisor)\", notify: due }\n")};
  BOOST_REQUIRE(actor.born({{"due", "2026-03-10"}}));
  BOOST_REQUIRE(actor.command("reboot"));
  BOOST_REQUIRE(actor.edit({{"divisor", 0}}));
  BOOST_REQUIRE(actor.done());
  BOOST_REQUIRE(actor.snapshot.cursor.run);
  BOOST_TEST((actor.snapshot.cursor.run->phase == workflows::Phase::held));
  BOOST_TEST(actor.incidents.begin()->second.kind == "held_run");
  BOOST_REQUIRE(actor.edit({{"divisor", 5}}));
  BOOST_REQUIRE(actor.remedy(workflows::Remedy::What::retry));
  BOOST_REQUIRE(actor.done());
  BOOST_TEST(!actor.snapshot.cursor.run.has_value());
  BOOST_TEST(actor.due(due_timer) == "2026-03-12T06:00:00Z");
}

BOOST_AUTO_TEST_CASE(a_command_that_ends_the_actor_is_possible_whatever_cannot_be_reckoned) {
  TimedActor actor{service("  remind: { at: \"self.due + P1D * (10 / self.divisor)\", notify: due }\n")};
  BOOST_REQUIRE(actor.born({{"due", "2026-03-10"}}));
  actor.snapshot.attributes[static_cast<std::size_t>(actor.definition->find_attribute("divisor"))] = workflows::cel::Value::of_int(0);
  BOOST_REQUIRE(!actor.command("tick"));
  BOOST_REQUIRE(actor.command("close"));
  BOOST_TEST(actor.in() == "closed");
}

BOOST_AUTO_TEST_CASE(more_moments_than_can_be_remembered_are_refused) {
  TimedActor actor{service("  remind: { at: self.dates, notify: due }\n")};
  JsonArray many;
  for (int i = 0; i < 65; ++i) many.emplace_back("2026-03-10");
  const auto refused = actor.born({{"dates", many}});
  BOOST_REQUIRE(!refused);
  BOOST_TEST(refused.error().reason == "too_many_moments");
}

BOOST_AUTO_TEST_CASE(a_schedule_may_begin_work_in_place_under_its_own_name) {
  TimedActor actor{service("  remind: { at: self.due, steps: [ { change: { call: vendor.change, on_server: \"'srv_1'\" } } ] }\n")};
  BOOST_REQUIRE(actor.born({{"due", "2026-03-10"}}));
  actor.until("2026-03-11T00:00:00Z");
  BOOST_REQUIRE(actor.snapshot.cursor.run);
  BOOST_TEST(actor.snapshot.cursor.run->event == "schedule:remind");
  BOOST_TEST(actor.in() == "idle");
  BOOST_REQUIRE(actor.done());
  BOOST_TEST(!actor.snapshot.cursor.run.has_value());
}

BOOST_AUTO_TEST_CASE(a_distance_that_comes_back_counts_from_now) {
  TimedActor actor{service("  remind: { every: \"self.paused ? null : P1D\", notify: due }\n")};
  BOOST_REQUIRE(actor.born());  // 2 March, 08:00
  actor.until("2026-03-04T07:00:00Z");
  BOOST_TEST(actor.told.size() == 2U);
  BOOST_REQUIRE(actor.edit({{"paused", true}}));
  BOOST_TEST(actor.due(due_timer) == "none");
  actor.until("2026-03-20T07:00:00Z");
  BOOST_REQUIRE(actor.edit({{"paused", false}}));
  BOOST_TEST(actor.due(due_timer) == "2026-03-21T06:00:00Z");
  BOOST_TEST(actor.told.size() == 2U);
}

BOOST_AUTO_TEST_CASE(every_remembers_no_more_than_a_bounded_number_of_values) {
  TimedActor actor{service("  remind: { every: P1D, per: today, notify: due }\n")};
  BOOST_REQUIRE(actor.born());
  actor.until("2026-06-30T00:00:00Z");
  BOOST_TEST(actor.told.size() > 100U);
  const auto& used = actor.snapshot.cursor.schedules.at("remind").used;
  BOOST_TEST(used.size() == 64U);
  BOOST_TEST(dump_json(used.back()) == "\"2026-06-29\"");
}

BOOST_AUTO_TEST_CASE(a_schedule_that_fails_again_and_again_opens_one_incident) {
  TimedActor actor{service("  remind: { every: P1D, when: \"10 / self.divisor > 0\", notify: due }\n")};
  BOOST_REQUIRE(actor.born({{"divisor", 0}}));
  actor.until("2026-03-12T00:00:00Z");
  BOOST_TEST(actor.incidents.size() == 1U);
  BOOST_TEST(actor.snapshot.cursor.failed.size() == 1U);
  BOOST_TEST(actor.count("incident_opened") == 1U);
  BOOST_TEST(actor.count("event_failed_again") == 8U);
  BOOST_REQUIRE(actor.remedy(workflows::Remedy::What::skip));
  actor.until("2026-03-12T09:00:00Z");
  BOOST_TEST(actor.count("incident_opened") == 2U);
  BOOST_TEST(workflows::replay(*actor.definition, std::vector<Json>(actor.journal.begin(), actor.journal.end())).has_value());
}

BOOST_AUTO_TEST_CASE(a_waiting_firing_that_asks_for_a_row_gets_it) {
  TimedActor actor{R"(language: 1
workflow: timed
kind: service
title: Timed
attributes:
  due: { type: date }
  paused: { type: bool, default: true, edit: [staff] }
  cores: { type: int }
  plan: { type: ref, kind: plan }
initial: idle
states:
  idle: { status: active, rest: true }
  moved: { status: suspended, rest: true, entry: { set: { cores: "${self.plan.cores}" } } }
schedule:
  move: { at: self.due, when: "!self.paused", skipped: wait, set: { plan: pln_2 }, to: moved }
)"};
  actor.world["pln_2"] = {.kind = "plan", .version = 2, .fields = {{"cores", 8}}};
  BOOST_REQUIRE(actor.born({{"due", "2026-03-10"}}));
  actor.until("2026-03-11T00:00:00Z");
  BOOST_REQUIRE(actor.edit({{"paused", false}}));
  BOOST_TEST(actor.in() == "moved");
  BOOST_TEST(actor.text("cores") == "8");
  BOOST_TEST(actor.incidents.empty());
}

BOOST_AUTO_TEST_CASE(what_repeats_and_waited_becomes_a_timer_of_its_own_when_it_counts_for_the_guard) {
  TimedActor actor{R"(language: 1
workflow: timed
kind: service
title: Timed
attributes:
  paused: { type: bool, default: true, edit: [staff] }
initial: idle
states:
  idle: { status: active, rest: true }
  moved: { status: suspended, rest: true }
schedule:
  move: { every: P1D, when: "!self.paused", skipped: wait, guard: mass, to: moved }
)"};
  BOOST_REQUIRE(actor.born());
  actor.until("2026-03-11T12:00:00Z");
  BOOST_TEST(actor.count("schedule_waits") >= 1U);
  const auto edited = actor.edit({{"paused", false}});
  BOOST_REQUIRE(edited);
  BOOST_TEST(!edited->guarded);
  BOOST_TEST(actor.in() == "idle");
  BOOST_REQUIRE(actor.snapshot.cursor.timers.contains("waiting:move"));
  // nothing is carried out whose condition is gone by then
  BOOST_REQUIRE(actor.edit({{"paused", true}}));
  BOOST_REQUIRE(actor.fire("waiting:move"));
  BOOST_TEST(actor.in() == "idle");
  BOOST_REQUIRE(actor.edit({{"paused", false}}));
  const auto fired = actor.fire("waiting:move");
  BOOST_REQUIRE(fired);
  BOOST_TEST(fired->guarded);
  BOOST_TEST(actor.in() == "moved");
  BOOST_TEST(actor.count("schedule") == 1U);
  BOOST_TEST(!actor.snapshot.cursor.schedules.at("move").waits);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace stellwerk::testing
