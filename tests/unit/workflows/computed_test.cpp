#include "tests/unit/workflows/timed.hpp"

namespace stellwerk::testing {
namespace {

const char* const overdue = R"yaml(language: 1
workflow: overdue
kind: service
title: Overdue
settings:
  suspend_after: { type: period, default: P10D }
attributes:
  remind_at: { type: date, value: "self.suspend_at == null ? null : self.suspend_at - P2D" }
  suspend_at: { type: date, value: "self.oldest_due == null ? null : workday(latest(self.oldest_due + settings.suspend_after, self.hold_until))" }
  oldest_due: { type: date, edit: [staff] }
  hold_until: { type: date, edit: [staff] }
  share: { type: int, value: "100 / self.parts" }
  parts: { type: int, default: 4, edit: [staff] }
  age: { type: int, value: "self.state == 'idle' ? 1 : 2" }
  seen: { type: date }
events:
  look: { allow: [staff], with: { oldest_due: { type: date } } }
  paid: { from: [invoice], with: { parts: { type: int, required: true } } }
initial: idle
states:
  idle:
    status: active
    rest: true
    on:
      look: { do: [ { set: { oldest_due: "${event.oldest_due}" } }, { set: { seen: "${self.remind_at}" } } ], to: other }
      paid: { set: { parts: "${event.parts}" } }
  other: { status: active, rest: true }
schedule:
  suspend: { at: self.suspend_at, notify: suspended }
)yaml";

}  // namespace

BOOST_AUTO_TEST_SUITE(computed)

BOOST_AUTO_TEST_CASE(values_follow_what_they_read_in_the_order_in_which_they_depend) {
  TimedActor actor{overdue};
  BOOST_REQUIRE(actor.born());
  BOOST_TEST(actor.text("suspend_at") == "null");
  BOOST_TEST(actor.text("share") == "25");
  BOOST_REQUIRE(actor.edit({{"oldest_due", "2026-04-02"}}));  // the 12th is a Sunday
  BOOST_TEST(actor.text("suspend_at") == "\"2026-04-13\"");
  BOOST_TEST(actor.text("remind_at") == "\"2026-04-11\"");
  BOOST_TEST(actor.due("schedule:suspend") == "2026-04-13T06:00:00Z");
  BOOST_REQUIRE(actor.edit({{"hold_until", "2026-05-04"}}));
  BOOST_TEST(actor.due("schedule:suspend") == "2026-05-04T06:00:00Z");
  BOOST_REQUIRE(actor.edit({{"oldest_due", nullptr}}));
  BOOST_TEST(actor.text("remind_at") == "null");
  BOOST_TEST(actor.due("schedule:suspend") == "none");
}

BOOST_AUTO_TEST_CASE(effects_that_follow_see_the_new_value) {
  TimedActor actor{overdue};
  BOOST_REQUIRE(actor.born());
  BOOST_REQUIRE(actor.command("look", {{"oldest_due", "2026-04-02"}}));
  BOOST_TEST(actor.text("seen") == "\"2026-04-11\"");
  BOOST_TEST(actor.text("age") == "2");
}

BOOST_AUTO_TEST_CASE(a_setting_changes_them_when_it_is_refreshed_and_the_journal_tells) {
  TimedActor actor{overdue};
  BOOST_REQUIRE(actor.born({{"oldest_due", "2026-04-02"}}));
  actor.set("suspend_after", "P20D");
  const auto decided = actor.refresh();
  BOOST_REQUIRE(decided);
  BOOST_TEST(actor.text("suspend_at") == "\"2026-04-22\"");
  BOOST_TEST(dump_json(actor.last("set")) == R"({"type":"set","attributes":{"suspend_at":"2026-04-22","remind_at":"2026-04-20"}})");
}

BOOST_AUTO_TEST_CASE(nobody_sets_them) {
  TimedActor actor{overdue};
  BOOST_REQUIRE(!actor.born({{"share", 3}}));
  BOOST_REQUIRE(actor.born());
  const auto refused = actor.edit({{"share", 3}});
  BOOST_REQUIRE(!refused);
  BOOST_TEST(refused.error().fields.front().pointer == "/share");
}

BOOST_AUTO_TEST_CASE(one_that_cannot_be_evaluated_refuses_a_command_and_keeps_a_message) {
  TimedActor actor{overdue};
  BOOST_REQUIRE(actor.born());
  const auto refused = actor.edit({{"parts", 0}});
  BOOST_REQUIRE(!refused);
  BOOST_TEST((refused.error().code == ErrorCode::invalid_argument));
  BOOST_TEST(describe(refused.error()).find("value of attribute share at line") != std::string::npos);
  BOOST_REQUIRE(actor.message("paid", {{"parts", 0}}));
  BOOST_TEST(actor.text("parts") == "4");
  BOOST_REQUIRE(actor.incidents.size() == 1U);
  BOOST_REQUIRE(actor.message("paid", {{"parts", 5}}));
  BOOST_TEST(actor.text("share") == "20");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace stellwerk::testing
