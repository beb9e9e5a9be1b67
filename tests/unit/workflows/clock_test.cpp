#include "tests/unit/workflows/timed.hpp"

namespace stellwerk::testing {
namespace {

const char* const ticket = R"(language: 1
workflow: ticket
kind: ticket
title: Ticket
settings:
  answer_within: { type: duration, default: PT4H }
attributes: { urgent: { type: bool, default: false } }
events:
  ask: { allow: [customer, staff] }
  answer: { allow: [staff] }
  close: { allow: [staff] }
initial: open
states:
  open: { status: open, rest: true, on: { answer: { to: waiting }, close: { to: closed } } }
  waiting: { status: answered, rest: true, on: { ask: { to: open }, close: { to: closed } } }
  closed: { status: closed, final: true }
schedule:
  too_late:
    at: settings.answer_within
    counts_in: [open]
    calendar: [ { days: [mon, tue, wed, thu, fri], from: "09:00", to: "17:00" } ]
    ends_on: [answer]
    notify: answer_overdue
)";

std::string without_end() {
  std::string text = ticket;
  text.erase(text.find("    ends_on: [answer]\n"), std::string{"    ends_on: [answer]\n"}.size());
  return text;
}

const std::string timer = "schedule:too_late";

}  // namespace

BOOST_AUTO_TEST_SUITE(clock)

BOOST_AUTO_TEST_CASE(it_counts_working_hours_in_its_states_only) {
  TimedActor actor{without_end(), "Europe/Berlin"};
  actor.now = at("2026-03-06T14:00:00Z");  // Friday, 15:00
  BOOST_REQUIRE(actor.born());
  BOOST_TEST(actor.due(timer) == "2026-03-09T10:00:00Z");  // two hours are left on Monday
  actor.until("2026-03-06T15:00:00Z");
  BOOST_REQUIRE(actor.command("answer"));  // one hour is used up; the clock stands
  BOOST_TEST(actor.due(timer) == "none");
  actor.until("2026-03-11T08:00:00Z");
  BOOST_REQUIRE(actor.command("ask"));  // Wednesday, 09:00
  BOOST_TEST(actor.due(timer) == "2026-03-11T11:00:00Z");
  actor.until("2026-03-12T00:00:00Z");
  BOOST_TEST(actor.told == std::vector<std::string>{"answer_overdue @ 2026-03-11T11:00:00Z"}, boost::test_tools::per_element());
  BOOST_REQUIRE(actor.command("answer"));
  BOOST_REQUIRE(actor.command("ask"));
  BOOST_TEST(actor.due(timer) == "none");  // once
}

BOOST_AUTO_TEST_CASE(it_counts_on_over_a_change_of_the_clocks) {
  TimedActor actor{without_end(), "Europe/Berlin"};
  actor.now = at("2026-03-27T14:00:00Z");  // Friday, 15:00
  BOOST_REQUIRE(actor.born());
  BOOST_TEST(actor.due(timer) == "2026-03-30T09:00:00Z");  // Monday, 11:00, in summer time
}

BOOST_AUTO_TEST_CASE(the_event_that_ends_it_ends_it_for_good) {
  TimedActor actor{ticket};
  BOOST_REQUIRE(actor.born());
  BOOST_REQUIRE(actor.command("answer"));
  BOOST_TEST(actor.count("clock_ended") == 1U);
  BOOST_REQUIRE(actor.command("ask"));
  BOOST_TEST(actor.due(timer) == "none");
  actor.until("2026-04-12T00:00:00Z");
  BOOST_TEST(actor.told.empty());
}

BOOST_AUTO_TEST_CASE(the_journal_tells_when_it_runs_and_what_it_has_counted) {
  TimedActor actor{without_end()};
  actor.now = at("2026-03-02T09:30:00Z");
  BOOST_REQUIRE(actor.born());
  BOOST_TEST(dump_json(actor.last("clock")) == R"({"type":"clock","schedule":"too_late","runs":true,"counted":"PT0S"})");
  actor.until("2026-03-02T11:00:00Z");
  BOOST_REQUIRE(actor.command("answer"));
  BOOST_TEST(dump_json(actor.last("clock")) == R"({"type":"clock","schedule":"too_late","runs":false,"counted":"PT1H30M"})");
}

BOOST_AUTO_TEST_CASE(another_limit_moves_it_and_one_that_is_past_fires_at_once) {
  TimedActor actor{without_end()};
  actor.now = at("2026-03-02T09:00:00Z");
  BOOST_REQUIRE(actor.born());
  BOOST_TEST(actor.due(timer) == "2026-03-02T13:00:00Z");
  actor.until("2026-03-02T11:00:00Z");
  actor.set("answer_within", "PT8H");
  BOOST_REQUIRE(actor.refresh());
  BOOST_TEST(actor.due(timer) == "2026-03-02T17:00:00Z");
  actor.set("answer_within", "PT1H");
  BOOST_REQUIRE(actor.refresh());
  actor.until("2026-03-02T11:00:00Z");
  BOOST_TEST(actor.told == std::vector<std::string>{"answer_overdue @ 2026-03-02T11:00:00Z"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_was_used_up_before_its_timer_had_its_turn_is_told_all_the_same) {
  TimedActor actor{without_end()};
  actor.now = at("2026-03-02T09:00:00Z");
  BOOST_REQUIRE(actor.born());
  actor.now = at("2026-03-02T14:00:00Z");  // an hour after it was due
  BOOST_REQUIRE(actor.command("answer"));
  BOOST_TEST(actor.due(timer) == "2026-03-02T13:00:00Z");
  BOOST_REQUIRE(actor.refresh());
  actor.until("2026-03-03T09:00:00Z");
  BOOST_TEST(actor.told == std::vector<std::string>{"answer_overdue @ 2026-03-02T14:00:00Z"}, boost::test_tools::per_element());
  BOOST_TEST(actor.due(timer) == "none");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace stellwerk::testing
