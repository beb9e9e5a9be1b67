#include "tests/support/small_workflow.hpp"

namespace stellwerk::testing {
namespace {

const char* const waits = R"(language: 1
workflow: waits
kind: service
title: Waits
settings: { patience: { type: duration, default: P2D } }
attributes: { n: { type: int, default: 0 }, end: { type: timestamp } }
events: { again: { allow: [staff] }, look: { allow: [staff] } }
initial: first
states:
  first:
    status: pending
    on: { again: { to: first }, look: { set: { n: "${self.n + 1}" } } }
    after:
      P1D: { notify: soon }
      settings.patience: [ { when: "10 / self.n > 0", to: second }, { to: second } ]
  second:
    status: active
    steps: [ { change: { call: vendor.change, on_server: "'srv_1'", retry: { for: PT1H } } } ]
    done: { to: third }
    failed: { to: third }
  third:
    status: active
    after: { self.end: { to: last } }
  last: { status: terminated, final: true }
)";

}  // namespace

BOOST_AUTO_TEST_SUITE(timers)

BOOST_AUTO_TEST_CASE(timers_count_from_entry_and_a_transition_without_a_target_leaves_them) {
  ScriptedActor actor{small_workflow(waits)};
  BOOST_REQUIRE(actor.born());
  const auto entered = actor.now;
  BOOST_TEST((actor.snapshot.cursor.timers.at("after:first:2") == entered + std::chrono::hours{48}));
  actor.pass(std::chrono::hours{10});
  BOOST_REQUIRE(actor.command("look"));
  BOOST_TEST((actor.snapshot.cursor.timers.at("after:first:1") == entered + std::chrono::hours{24}));
  BOOST_REQUIRE(actor.command("again"));  // leaves and enters: counted anew
  BOOST_TEST((actor.snapshot.cursor.timers.at("after:first:1") == entered + std::chrono::hours{34}));
}

BOOST_AUTO_TEST_CASE(a_timer_that_was_moved_or_is_of_an_earlier_state_does_nothing) {
  ScriptedActor actor{small_workflow(waits)};
  BOOST_REQUIRE(actor.born());
  const auto due = actor.snapshot.cursor.timers.at("after:first:1");
  actor.now += std::chrono::hours{1};
  BOOST_REQUIRE(actor.command("again"));
  actor.now = due;
  const auto stale = actor.fire("after:first:1", due);
  BOOST_REQUIRE(stale);
  BOOST_TEST(workflows::is_nothing(*stale));
  const auto early = actor.fire("after:first:1", actor.snapshot.cursor.timers.at("after:first:1"));
  BOOST_REQUIRE(early);
  BOOST_TEST(workflows::is_nothing(*early));
  BOOST_TEST(workflows::is_nothing(*actor.fire("after:third:1", due)));
}

BOOST_AUTO_TEST_CASE(the_work_of_a_late_timer_has_all_its_time) {
  ScriptedActor actor{small_workflow(waits)};
  BOOST_REQUIRE(actor.born(JsonObject{{"n", 1}}));
  const auto due = actor.snapshot.cursor.timers.at("after:first:2");
  actor.now = due + std::chrono::hours{72};  // the engine was away for three days
  BOOST_REQUIRE(actor.fire("after:first:2", due));
  BOOST_TEST(actor.in() == "second");
  BOOST_TEST((actor.snapshot.cursor.entered == due));
  BOOST_TEST((actor.attempt()->started == actor.now));
  BOOST_REQUIRE(actor.answer(OutcomeClass::retry));
  BOOST_TEST(actor.in() == "second");
}

BOOST_AUTO_TEST_CASE(a_condition_that_cannot_be_evaluated_keeps_the_timer_in_an_incident) {
  ScriptedActor actor{small_workflow(waits)};
  BOOST_REQUIRE(actor.born());
  actor.pass(std::chrono::hours{49});
  BOOST_TEST(actor.in() == "first");
  BOOST_REQUIRE(actor.incidents.size() == 1U);
  BOOST_TEST(actor.incidents.begin()->second.kind == "event_failed");
  const auto still = actor.remedy(workflows::Remedy::What::retry);
  BOOST_REQUIRE(!still);
  BOOST_TEST(actor.incidents.size() == 1U);
  BOOST_REQUIRE(actor.command("look"));  // n is 1 now
  BOOST_REQUIRE(actor.remedy(workflows::Remedy::What::retry));
  BOOST_TEST(actor.in() == "second");
  BOOST_TEST(actor.incidents.empty());
}

BOOST_AUTO_TEST_CASE(a_state_that_nothing_would_ever_leave_tells_a_person) {
  ScriptedActor actor{small_workflow(waits)};
  BOOST_REQUIRE(actor.born(JsonObject{{"n", 1}}));
  actor.pass(std::chrono::hours{48});
  BOOST_REQUIRE(actor.done());
  BOOST_TEST(actor.in() == "third");  // whose only time is not known
  BOOST_REQUIRE(actor.incidents.size() == 1U);
  BOOST_TEST(actor.incidents.begin()->second.code == "no_wakeup");
  BOOST_TEST(actor.problems.empty());
}

BOOST_AUTO_TEST_CASE(an_actors_time_never_runs_backwards) {
  ScriptedActor actor{small_workflow(waits)};
  BOOST_REQUIRE(actor.born());
  const auto before = actor.now;
  actor.now -= std::chrono::hours{5};
  BOOST_REQUIRE(actor.command("again"));
  BOOST_TEST((actor.snapshot.cursor.entered == before));
}

BOOST_AUTO_TEST_CASE(a_final_state_has_no_timers) {
  ScriptedActor actor{small_workflow(waits)};
  BOOST_REQUIRE(actor.born(JsonObject{{"n", 1}, {"end", "2026-03-10T00:00:00Z"}}));
  actor.pass(std::chrono::hours{48});
  BOOST_REQUIRE(actor.done());
  BOOST_TEST(actor.incidents.empty());
  actor.pass(std::chrono::hours{24 * 30});
  BOOST_TEST(actor.in() == "last");
  BOOST_TEST(actor.snapshot.cursor.timers.empty());
  BOOST_TEST(actor.problems.empty());
}

BOOST_AUTO_TEST_CASE(a_failed_event_that_is_skipped_leaves_no_actor_without_a_wake_up) {
  using What = workflows::Remedy::What;
  ScriptedActor actor{small_workflow(waits)};
  BOOST_REQUIRE(actor.born());
  actor.pass(std::chrono::hours{49});  // both timers have had their turn; the second is with a person
  BOOST_TEST(actor.snapshot.cursor.timers.empty());
  BOOST_REQUIRE(actor.incidents.size() == 1U);
  BOOST_REQUIRE(actor.remedy(What::skip));
  BOOST_REQUIRE(actor.incidents.size() == 1U);
  BOOST_TEST(actor.incidents.begin()->second.code == "no_wakeup");
  BOOST_REQUIRE(actor.remedy(What::skip));  // it was meant so
  BOOST_TEST(actor.incidents.empty());
  BOOST_TEST(actor.snapshot.cursor.failed.empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace stellwerk::testing
