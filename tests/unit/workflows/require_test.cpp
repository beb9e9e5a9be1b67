#include "tests/unit/workflows/timed.hpp"

namespace stellwerk::testing {
namespace {

const char* const dunning = R"(language: 1
workflow: dunning
kind: service
title: Dunning
attributes:
  invoice: { type: ref, kind: invoice, edit: [staff] }
  plan: { type: ref, kind: plan, edit: [staff] }
  due: { type: date, edit: [staff] }
events:
  stop: { allow: [staff] }
initial: idle
states:
  idle:
    status: active
    rest: true
    on:
      stop:
        - { when: self.plan.cores > 0, require: self.invoice.open, to: stopped }
        - { notify: nothing_to_stop }
  stopped: { status: suspended, rest: true }
schedule:
  suspend: { at: self.due, require: self.invoice.open, guard: mass, to: stopped }
)";

std::string interrupted(const std::string& how) {
  return R"(language: 1
workflow: busy
kind: service
title: Busy
attributes:
  invoice: { type: ref, kind: invoice, edit: [staff] }
events:
  work: { allow: [staff] }
  stop: { allow: [staff] }
initial: idle
states:
  idle:
    status: active
    rest: true
    on:
      work: { steps: [ { change: { call: vendor.change, on_server: "'srv_1'" } } ] }
      stop: { interrupt: )" + how + R"(, require: self.invoice.open, to: stopped }
  stopped: { status: suspended, rest: true }
)";
}

void fill(TimedActor& actor, bool open) {
  actor.world["inv_1"] = {.kind = "invoice", .version = 4, .fields = {{"open", open}}};
  actor.world["pln_1"] = {.kind = "plan", .version = 2, .fields = {{"cores", 1}}};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(require)

BOOST_AUTO_TEST_CASE(the_rows_that_it_read_and_no_others_must_be_the_same_at_commit) {
  TimedActor actor{dunning};
  fill(actor, true);
  BOOST_REQUIRE(actor.born({{"invoice", "inv_1"}, {"plan", "pln_1"}}));
  const auto decided = actor.command("stop");
  BOOST_REQUIRE(decided);
  BOOST_TEST(actor.in() == "stopped");
  BOOST_REQUIRE(decided->requires_.size() == 1U);
  BOOST_TEST(decided->requires_[0].id == "inv_1");
  BOOST_TEST(decided->requires_[0].version == 4);
  BOOST_TEST(!decided->guarded);
}

BOOST_AUTO_TEST_CASE(when_it_does_not_hold_the_next_candidate_is_tried) {
  TimedActor actor{dunning};
  fill(actor, false);
  BOOST_REQUIRE(actor.born({{"invoice", "inv_1"}, {"plan", "pln_1"}}));
  const auto decided = actor.command("stop");
  BOOST_REQUIRE(decided);
  BOOST_TEST(actor.in() == "idle");
  BOOST_TEST(actor.told.size() == 1U);
  BOOST_TEST(decided->requires_.empty());
}

BOOST_AUTO_TEST_CASE(a_guarded_transition_of_a_timer_is_marked) {
  TimedActor actor{dunning};
  fill(actor, true);
  BOOST_REQUIRE(actor.born({{"invoice", "inv_1"}, {"plan", "pln_1"}, {"due", "2026-03-10"}}));
  actor.now = at("2026-03-10T06:00:00Z");
  const auto decided = actor.fire("schedule:suspend");
  BOOST_REQUIRE(decided);
  BOOST_TEST(actor.in() == "stopped");
  BOOST_TEST(decided->guarded);
  BOOST_TEST(dump_json(actor.last("guard")) == R"({"type":"guard","guard":"mass"})");
  BOOST_TEST(decided->requires_.size() == 1U);
}

BOOST_AUTO_TEST_CASE(an_interrupt_relies_on_it_when_it_is_accepted_and_once_more_when_it_leads_on) {
  for (const std::string how : {"undo", "keep"})
    for (const auto what : {workflows::Remedy::What::retry, workflows::Remedy::What::skip}) {
      TimedActor actor{interrupted(how)};
      fill(actor, true);
      BOOST_REQUIRE(actor.born({{"invoice", "inv_1"}}));
      BOOST_REQUIRE(actor.command("work"));
      const auto accepted = actor.command("stop");
      BOOST_REQUIRE(accepted);
      BOOST_REQUIRE(accepted->requires_.size() == 1U);
      fill(actor, false);  // paid meanwhile
      const auto ended = actor.done();
      BOOST_REQUIRE(ended);
      BOOST_TEST(actor.in() == "idle");
      BOOST_REQUIRE(actor.incidents.size() == 1U);
      const auto& incident = actor.incidents.begin()->second;
      BOOST_TEST(incident.code == "require");
      BOOST_TEST(incident.remedies == (std::vector<std::string>{"retry", "skip"}), boost::test_tools::per_element());
      BOOST_REQUIRE(!actor.remedy(workflows::Remedy::What::done));
      BOOST_REQUIRE(actor.remedy(workflows::Remedy::What::retry));  // looks again
      BOOST_TEST(actor.in() == "idle");
      BOOST_TEST(actor.incidents.size() == 1U);
      if (what == workflows::Remedy::What::retry) fill(actor, true);
      BOOST_REQUIRE(actor.remedy(what));
      BOOST_TEST(actor.in() == "stopped");
      BOOST_TEST(actor.incidents.empty());
      BOOST_TEST(!actor.snapshot.cursor.run.has_value());
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace stellwerk::testing
