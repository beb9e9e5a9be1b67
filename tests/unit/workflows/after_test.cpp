#include <ostream>

#include "tests/unit/workflows/timed.hpp"

namespace stellwerk::testing {
namespace {

std::string waiting(const std::string& after) {
  return R"(language: 1
workflow: timed
kind: service
title: Timed
settings:
  patience: { type: period, default: P10D }
attributes:
  due: { type: date, edit: [staff] }
  moment: { type: timestamp, edit: [staff] }
  span: { type: duration, edit: [staff] }
  divisor: { type: int, default: 1, edit: [staff] }
events:
  go: { allow: [staff] }
  reboot: { allow: [staff] }
  again: { allow: [staff] }
initial: idle
states:
  idle:
    status: active
    rest: true
    on:
      go: { to: other }
      again: { to: idle }
      reboot: { steps: [ { reboot: { call: vendor.change, on_server: "'srv_1'" } } ] }
    after:
)" + after + R"(  other: { status: active, rest: true }
)";
}

const std::string timer = "after:idle:1";

struct Row {
  const char* key;
  const char* zone;
  const char* due;
};
std::ostream& operator<<(std::ostream& out, const Row& row) { return out << row.key << " in " << row.zone; }

/// Entered on 2026-01-31T10:00Z, with due 2026-03-29, moment 2026-03-30T12:34:56Z and span PT90M.
const Row rows[] = {
    {"P2D", "Europe/Berlin", "2026-02-02T10:00:00Z"},  // a literal of days: fixed
    {"P2W", "Europe/Berlin", "2026-02-14T10:00:00Z"},
    {"PT5M", "Europe/Berlin", "2026-01-31T10:05:00Z"},
    {"P1M", "Europe/Berlin", "2026-02-28T05:00:00Z"},
    {"P1Y", "UTC", "2027-01-31T06:00:00Z"},
    {"settings.patience", "America/New_York", "2026-02-10T11:00:00Z"},
    {"self.due", "Europe/Berlin", "2026-03-29T04:00:00Z"},
    {"self.due", "UTC", "2026-03-29T06:00:00Z"},
    {"self.due + settings.patience", "UTC", "2026-04-08T06:00:00Z"},
    {"self.moment", "Europe/Berlin", "2026-03-30T12:34:56Z"},
    {"self.span", "Europe/Berlin", "2026-01-31T11:30:00Z"},
    {"now + PT1H", "UTC", "2026-01-31T11:00:00Z"},
    {"today + P1D", "UTC", "2026-02-01T06:00:00Z"},
};

}  // namespace

BOOST_AUTO_TEST_SUITE(after)

BOOST_AUTO_TEST_CASE(keys_of_after_are_lengths_from_the_entry_or_moments) {
  for (const auto& row : rows) {
    BOOST_TEST_CONTEXT(row) {
      TimedActor actor{waiting(std::string{"      \""} + row.key + "\": { to: other }\n"), row.zone};
      actor.now = at("2026-01-31T10:00:00Z");
      BOOST_REQUIRE(actor.born({{"due", "2026-03-29"}, {"moment", "2026-03-30T12:34:56Z"}, {"span", "PT90M"}}));
      BOOST_TEST(actor.due(timer) == row.due);
      // later it gives the same
      actor.now += std::chrono::minutes{3};
      BOOST_REQUIRE(actor.edit({{"divisor", 2}}));
      BOOST_TEST(actor.due(timer) == row.due);
    }
  }
}

BOOST_AUTO_TEST_CASE(what_a_key_reads_moves_the_timer_arms_it_and_clears_it) {
  TimedActor actor{waiting("      self.due: { notify: due }\n")};
  BOOST_REQUIRE(actor.born());
  BOOST_TEST(actor.due(timer) == "none");
  BOOST_REQUIRE(actor.edit({{"due", "2026-03-10"}}));
  BOOST_TEST(actor.due(timer) == "2026-03-10T06:00:00Z");
  BOOST_REQUIRE(actor.edit({{"due", "2026-03-09"}}));
  BOOST_TEST(actor.due(timer) == "2026-03-09T06:00:00Z");
  BOOST_REQUIRE(actor.edit({{"due", nullptr}}));
  BOOST_TEST(actor.due(timer) == "none");
}

BOOST_AUTO_TEST_CASE(a_timer_that_has_fired_is_armed_again_only_by_another_entry) {
  TimedActor actor{waiting("      self.due: { notify: due }\n")};
  BOOST_REQUIRE(actor.born({{"due", "2026-03-10"}}));
  actor.until("2026-03-11T00:00:00Z");
  BOOST_TEST(actor.told.size() == 1U);
  BOOST_REQUIRE(actor.edit({{"due", "2026-03-20"}}));
  BOOST_TEST(actor.due(timer) == "none");
  BOOST_REQUIRE(actor.command("again"));
  BOOST_TEST(actor.due(timer) == "2026-03-20T06:00:00Z");
}

BOOST_AUTO_TEST_CASE(a_changed_setting_counts_from_the_entry) {
  TimedActor actor{waiting("      settings.patience: { notify: due }\n")};
  BOOST_REQUIRE(actor.born());
  actor.until("2026-03-05T00:00:00Z");
  actor.set("patience", "P1M");
  BOOST_REQUIRE(actor.refresh());
  BOOST_TEST(actor.due(timer) == "2026-04-02T06:00:00Z");
  actor.set("patience", "P1D");  // past already
  BOOST_REQUIRE(actor.refresh());
  actor.until("2026-03-05T00:00:00Z");
  BOOST_TEST(actor.told.size() == 1U);
}

BOOST_AUTO_TEST_CASE(what_falls_due_while_the_actor_works_in_place_is_kept_for_when_it_waits) {
  TimedActor actor{waiting("      P1D: { to: other }\n")};
  BOOST_REQUIRE(actor.born());
  BOOST_REQUIRE(actor.command("reboot"));
  actor.until("2026-03-03T09:00:00Z");
  BOOST_TEST(actor.in() == "idle");
  BOOST_TEST(actor.snapshot.cursor.late.size() == 1U);
  BOOST_REQUIRE(actor.done());
  BOOST_TEST(actor.due(timer) == "2026-03-03T08:00:00Z");
  BOOST_TEST(actor.snapshot.cursor.late.empty());
  actor.until("2026-03-03T10:00:00Z");
  BOOST_TEST(actor.in() == "other");
}

BOOST_AUTO_TEST_CASE(several_that_fell_due_fire_in_order_each_at_its_own_time) {
  TimedActor actor{waiting("      P3D: { notify: third }\n      P1D: { notify: first }\n      self.due: { notify: second }\n")};
  BOOST_REQUIRE(actor.born({{"due", "2026-03-04"}}));
  actor.away_until("2026-03-20T00:00:00Z");
  const std::vector<std::string> expected{"first @ 2026-03-03T08:00:00Z", "second @ 2026-03-04T06:00:00Z", "third @ 2026-03-05T08:00:00Z"};
  BOOST_TEST(actor.told == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_key_that_cannot_be_reckoned_refuses_the_command) {
  TimedActor actor{waiting("      \"P1D * (10 / self.divisor)\": { notify: due }\n")};
  BOOST_REQUIRE(actor.born());
  const auto refused = actor.edit({{"divisor", 0}});
  BOOST_REQUIRE(!refused);
  BOOST_TEST((refused.error().code == ErrorCode::invalid_argument));
  BOOST_TEST(describe(refused.error()).find("of state idle") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_action_that_the_store_refuses_puts_the_timer_before_a_person) {
  TimedActor actor{waiting("      P1D: { action: billing.renew, to: other }\n")};
  BOOST_REQUIRE(actor.born());
  actor.now = at("2026-03-03T08:00:00Z");
  const auto due = actor.snapshot.cursor.timers.at(timer);
  workflows::Event event{.body = workflows::TimerDue{timer, due}};
  event.refused = Error{ErrorCode::conflict, "the invoice is closed", "action_refused"};
  BOOST_REQUIRE(actor.apply(event));
  BOOST_TEST(actor.in() == "idle");
  BOOST_TEST(actor.actions.empty());
  BOOST_REQUIRE(actor.incidents.size() == 1U);
  BOOST_TEST(actor.incidents.begin()->second.code == "action_refused");
  BOOST_REQUIRE(actor.remedy(workflows::Remedy::What::retry));
  BOOST_TEST(actor.in() == "other");
  BOOST_TEST(actor.actions.size() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace stellwerk::testing
