// An emergency stop takes nothing from the time of a step: what was stopped has as long as if it had not been.

#include "tests/support/small_workflow.hpp"

namespace stellwerk::testing {
namespace {

using namespace std::chrono_literals;

const std::string patient_step = "      - change: { call: vendor.change, on_server: \"'srv_1'\", retry: { for: PT1H, delay: PT10M, backoff: 1 }, timeout: PT2H }\n";
const std::string wait_step = "      - word: { wait: { for: told, timeout: PT1H }, save: { number: result.n } }\n";

/// A stop was on from now on for so long.
void stop(ScriptedActor& actor, Duration length) {
  auto spans = actor.snapshot.standstills ? *actor.snapshot.standstills : std::vector<workflows::Standstill>{};
  spans.push_back({actor.now, actor.now + length});
  actor.snapshot.standstills = std::make_shared<const std::vector<workflows::Standstill>>(std::move(spans));
  actor.now += length;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(standstill)

BOOST_AUTO_TEST_CASE(is_what_the_spans_and_the_time_have_in_common) {
  const auto at = [](int minute) { return from_micros(1'772'438'400'000'000) + std::chrono::minutes{minute}; };
  const std::vector<workflows::Standstill> spans{{at(10), at(20)}, {at(30), at(40)}, {at(50)}};
  BOOST_TEST((stood_still(spans, at(0), at(5)) == 0min));
  BOOST_TEST((stood_still(spans, at(0), at(15)) == 5min));
  BOOST_TEST((stood_still(spans, at(15), at(35)) == 10min));
  BOOST_TEST((stood_still(spans, at(0), at(100)) == 70min));
  BOOST_TEST((stood_still(spans, at(45), at(40)) == 0min));
}

BOOST_AUTO_TEST_CASE(does_not_use_up_the_time_for_retries_or_the_deadline_of_a_step) {
  for (const bool stopped : {false, true}) {
    auto actor = started(patient_step);
    if (stopped) stop(actor, 6h);
    else actor.now += 6h;
    BOOST_REQUIRE(actor.answer(Outcome{.is = OutcomeClass::retry, .text = "busy"}));
    BOOST_TEST((actor.attempt() != nullptr) == stopped);
    if (!stopped) continue;
    const auto given_back = actor.last("time_given_back");
    BOOST_TEST((text_of(given_back, "step") == "change" && text_of(given_back, "stood") == "PT6H" && text_of(given_back, "because") == "emergency_stop"));
    // what is left of its hour is as much as before, and no more
    int tries = 0;
    while (actor.attempt() != nullptr && tries < 20) {
      ++tries;
      BOOST_REQUIRE(actor.answer(Outcome{.is = OutcomeClass::retry, .text = "busy"}));
    }
    BOOST_TEST(tries >= 4);
    BOOST_TEST(tries <= 7);
    BOOST_TEST(actor.count("time_given_back") == 1U);
    BOOST_TEST(actor.problems.empty());
  }
}

BOOST_AUTO_TEST_CASE(is_given_back_once_for_each_stop) {
  auto actor = started(patient_step);
  for (int i = 0; i < 3; ++i) {
    stop(actor, 5h);
    BOOST_REQUIRE(actor.answer(Outcome{.is = OutcomeClass::retry, .text = "busy"}));
    BOOST_REQUIRE(actor.attempt() != nullptr);
    BOOST_TEST((actor.attempt()->stood == (i + 1) * 5h));
  }
  BOOST_TEST(actor.count("time_given_back") == 3U);
}

BOOST_AUTO_TEST_CASE(before_the_step_began_is_none_of_its_time) {
  auto actor = started(take_step + patient_step);
  stop(actor, 6h);
  BOOST_REQUIRE(actor.done(JsonObject{{"n", 1}}));
  actor.now += 10min;
  BOOST_REQUIRE(actor.answer(Outcome{.is = OutcomeClass::retry}));
  BOOST_TEST((actor.attempt()->stood == 0h));
}

BOOST_AUTO_TEST_CASE(of_a_composite_operation_counts_for_the_whole_of_it) {
  auto actor = started("      - build: { call: vendor.build, on_server: \"'srv_1'\", with: { name: x }, timeout: PT1H }\n");
  stop(actor, 3h);
  BOOST_REQUIRE(actor.done());
  BOOST_TEST(actor.doing() == "vendor.build/configure");
  BOOST_TEST((actor.attempt()->stood == 3h));
  BOOST_REQUIRE(actor.answer(OutcomeClass::unclear));
  BOOST_REQUIRE(actor.attempt() != nullptr);
  BOOST_TEST(actor.count("time_given_back") == 1U);
}

BOOST_AUTO_TEST_CASE(makes_a_wait_so_much_longer) {
  auto actor = started(wait_step);
  const auto begun = actor.now;
  actor.now += 30min;
  stop(actor, 4h);
  BOOST_REQUIRE(actor.fire("wait:word", begun + 1h));
  BOOST_TEST(actor.waits());
  BOOST_TEST((actor.snapshot.cursor.timers.at("wait:word") == begun + 5h));
  BOOST_TEST(text_of(actor.last("time_given_back"), "stood") == "PT4H");
  actor.now = begun + 5h;
  BOOST_REQUIRE(actor.fire("wait:word", begun + 5h));
  BOOST_TEST(!actor.waits());
  BOOST_TEST(actor.incidents.empty());
  BOOST_TEST(actor.in() == "broken");
  BOOST_TEST(actor.problems.empty());
}

BOOST_AUTO_TEST_CASE(that_is_over_long_ago_does_not_keep_a_wait_for_ever) {
  auto actor = started(wait_step);
  const auto begun = actor.now;
  stop(actor, 10min);
  actor.now = begun + 3h;  // the node was away
  BOOST_REQUIRE(actor.fire("wait:word", begun + 1h));
  BOOST_TEST(actor.in() == "broken");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace stellwerk::testing
