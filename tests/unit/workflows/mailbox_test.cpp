#include "workflows/mailbox.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/support/small_workflow.hpp"

namespace stellwerk::workflows {
namespace {

const std::vector<Waits> rows{{4, "told", false}, {2, "told", false}, {9, "again", true}, {7, "told", true}};

}  // namespace

BOOST_AUTO_TEST_SUITE(mailbox)

BOOST_AUTO_TEST_CASE(an_actor_that_waits_takes_deferred_events_before_messages_each_in_order) {
  const auto definition = testing::small_workflow(testing::working(testing::change_step));
  Snapshot snapshot;
  BOOST_TEST(next_in_line(*definition, snapshot, rows).value() == 7);
  BOOST_TEST(next_in_line(*definition, snapshot, std::span{rows}.first(2)).value() == 2);
  BOOST_TEST(!next_in_line(*definition, snapshot, {}).has_value());
}

BOOST_AUTO_TEST_CASE(an_actor_that_works_takes_messages_only) {
  const auto definition = testing::small_workflow(testing::working(testing::change_step));
  Snapshot snapshot;
  snapshot.cursor.run = Run{};
  BOOST_TEST(next_in_line(*definition, snapshot, rows).value() == 2);
  BOOST_TEST(!next_in_line(*definition, snapshot, std::span{rows}.last(2)).has_value());
}

BOOST_AUTO_TEST_CASE(a_wait_in_hand_takes_the_deferred_event_it_waits_for) {
  const auto definition = testing::small_workflow(testing::working("      - pause: { wait: { for: told, timeout: PT1H } }\n"));
  Snapshot snapshot;
  snapshot.cursor.run = Run{.waiting = Waiting{}};
  BOOST_TEST(next_in_line(*definition, snapshot, rows).value() == 7);
  snapshot.cursor.run->phase = Phase::undoing;  // nothing is waited for any more
  BOOST_TEST(next_in_line(*definition, snapshot, rows).value() == 2);
}

BOOST_AUTO_TEST_CASE(a_written_decision_leaves_no_consumed_row_and_a_deferral_without_a_number) {
  Decision decision;
  decision.next.version = 6;
  decision.next.deferred = {{3, "again"}, {5, "told"}};
  decision.consumed = {3, 8};
  decision.defer = Deferred{8, "told"};
  const auto snapshot = settled(decision, 7);
  BOOST_TEST(snapshot.version == 7);
  BOOST_REQUIRE(snapshot.deferred.size() == 2U);
  BOOST_TEST(snapshot.deferred[0].seq == 5);
  BOOST_TEST(snapshot.deferred[1].seq == 0);
  BOOST_TEST(snapshot.deferred[1].event == "told");
}

BOOST_AUTO_TEST_CASE(after_a_restart_only_what_may_have_left_is_in_doubt) {
  const Time now{std::chrono::hours{1}};
  Attempt attempt{.executor = "connector", .mode = "execute", .due = now};
  BOOST_REQUIRE(outcome_of_restart(attempt, now).has_value());
  BOOST_TEST((outcome_of_restart(attempt, now)->is == OutcomeClass::unclear));
  attempt.due = now + Duration{1};
  BOOST_TEST(!outcome_of_restart(attempt, now).has_value());
  attempt.due = now;
  for (const auto* mode : {"poll", "observe"}) {
    attempt.mode = mode;
    BOOST_TEST(!outcome_of_restart(attempt, now).has_value());
  }
  BOOST_TEST(!outcome_of_restart({.executor = "action", .mode = "execute", .due = now}, now).has_value());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace stellwerk::workflows
