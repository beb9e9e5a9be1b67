#include "tests/unit/workflows/timed.hpp"

namespace stellwerk::testing {
namespace {

const char* const host = R"(language: 1
workflow: host
kind: service
title: Host
attributes:
  plan: { type: ref, kind: plan, edit: [staff] }
  cores: { type: int, default: 0 }
  since: { type: date }
events:
  size: { allow: [staff] }
  change: { allow: [staff], with: { plan: { type: ref, kind: plan, required: true } } }
initial: idle
states:
  idle:
    status: active
    rest: true
    on:
      size: { set: { cores: "${self.plan.cores}", since: "${self.plan.since}" } }
      change: { when: event.plan.cores > self.cores, set: { cores: "${event.plan.cores}", plan: "${event.plan}" } }
schedule:
  renew: { at: self.plan.since + P1M, notify: renew }
)";

const workflows::Row small{.kind = "plan", .version = 3, .fields = {{"cores", 2}, {"since", "2026-04-01"}}};
const workflows::Row large{.kind = "plan", .version = 9, .fields = {{"cores", 8}, {"since", "2026-05-01"}}};

}  // namespace

BOOST_AUTO_TEST_SUITE(reference)

BOOST_AUTO_TEST_CASE(rows_that_are_not_there_are_asked_for_and_nothing_is_decided) {
  TimedActor actor{host};
  BOOST_REQUIRE(actor.born());
  workflows::Event event{.id = EventId{format_id("evt", derive_uuid(Uuid{}, "x"))}, .by = {"usr_1", "staff"}, .body = workflows::Command{"change", {{"plan", "pln_large"}}}};
  const auto asks = workflows::advance(*actor.definition, actor.snapshot, event, actor.now);
  BOOST_REQUIRE(asks);
  BOOST_REQUIRE(asks->needs.size() == 1U);
  BOOST_TEST(asks->needs[0].id == "pln_large");
  BOOST_TEST(asks->needs[0].kind == "plan");
  BOOST_TEST(asks->journal.empty());
}

BOOST_AUTO_TEST_CASE(fields_are_read_by_their_types_and_the_versions_are_noted_once) {
  TimedActor actor{host};
  actor.world["pln_small"] = small;
  actor.world["pln_large"] = large;
  BOOST_REQUIRE(actor.born({{"plan", "pln_small"}}));
  BOOST_TEST(actor.due("schedule:renew") == "2026-05-01T06:00:00Z");
  BOOST_REQUIRE(actor.command("size"));
  BOOST_TEST(actor.text("cores") == "2");
  BOOST_TEST(actor.text("since") == "\"2026-04-01\"");
  BOOST_TEST(dump_json(actor.last("read")) == R"({"type":"read","rows":{"pln_small":3}})");
  BOOST_REQUIRE(actor.command("change", {{"plan", "pln_large"}}));
  BOOST_TEST(actor.text("plan") == "\"pln_large\"");
  BOOST_TEST(actor.due("schedule:renew") == "2026-06-01T06:00:00Z");
}

BOOST_AUTO_TEST_CASE(a_changed_row_moves_timers_when_it_is_refreshed) {
  TimedActor actor{host};
  actor.world["pln_small"] = small;
  BOOST_REQUIRE(actor.born({{"plan", "pln_small"}}));
  actor.world["pln_small"].fields.as_object()["since"] = "2026-04-10";
  BOOST_REQUIRE(actor.refresh());
  BOOST_TEST(actor.due("schedule:renew") == "2026-05-10T06:00:00Z");
}

BOOST_AUTO_TEST_CASE(without_a_row_there_is_nothing_to_read) {
  TimedActor actor{host};
  BOOST_REQUIRE(actor.born());
  BOOST_REQUIRE(actor.command("size"));
  BOOST_TEST(actor.text("cores") == "null");
  BOOST_REQUIRE(actor.edit({{"plan", "pln_gone"}}));  // no such row
  BOOST_REQUIRE(actor.command("size"));
  BOOST_TEST(actor.text("cores") == "null");
  BOOST_TEST(actor.due("schedule:renew") == "none");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace stellwerk::testing
