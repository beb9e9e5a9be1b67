// A failing life is made small: what is left shows the same failure, and no more than that needs.

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

#include "core/planted.hpp"
#include "tests/simulation/story.hpp"

using namespace stellwerk;
using namespace stellwerk::simulation;

namespace {

const Stock& stock() {
  static const auto loaded = [] {
    auto result = load_stock(STELLWERK_SOURCE_DIR "/tests/simulation/workflows");
    if (!result) BOOST_FAIL(describe(result.error()));
    return *result;
  }();
  return loaded;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(simulation_shrink)

BOOST_AUTO_TEST_CASE(knows_a_failure_again_by_other_names_and_numbers) {
  BOOST_TEST(kind_of("svc_01hf7yat00fcbbvbescpyp0vrn in state active has 2 places, and names 'x'") == kind_of("svc_01hf7yat00f0000000000000rn in state active has 11 places, and names 'x'"));
  BOOST_TEST(kind_of("svc_01h in state cancelled should have [] at the vendor, and has [site-1@0]") == kind_of("svc_02h in state cancelled should have [] at the vendor, and has [box-4@2 hall-4@0]"));
  BOOST_TEST(kind_of("svc_01h has 1 timers, but its journal says 2; after:halted:1 should be at 3") == kind_of("svc_09h has 0 timers, but its journal says 1"));
  BOOST_TEST(kind_of("DELETE /boxes/part-a-2?mark=svc_1 with key run_1/part/0/1 was sent during an emergency stop") == kind_of("POST /halls with key run_2/hall/1 was sent during an emergency stop"));
  BOOST_TEST(kind_of("message poke for svc_1 lies in its mailbox") != kind_of("message told for svc_1 lies in its mailbox"));
}

BOOST_AUTO_TEST_CASE(writes_a_script_as_a_word_and_reads_it_back) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const auto text = to_text(script_of(seed));
    const auto read = script_from(text);
    BOOST_REQUIRE(read.has_value());
    BOOST_TEST(to_text(*read) == text);
  }
  BOOST_TEST(script_from("seed=1,frogs=3").error().message.find("frogs") != std::string::npos);
  BOOST_TEST(!script_from("requests=many"));
  BOOST_TEST(!script_from("requests"));
}

BOOST_AUTO_TEST_CASE(lives_what_a_word_says_as_the_script_itself) {
  auto script = script_of(3);
  script.plan.guard.pause = script_from("seed=3")->plan.guard.pause;  // the one thing that a word does not tell
  const auto again = script_from(to_text(script));
  BOOST_REQUIRE(again.has_value());
  BOOST_TEST(live(script, stock()).fingerprint == live(*again, stock()).fingerprint);
}

#ifdef STELLWERK_PLANTED_BUGS

BOOST_AUTO_TEST_CASE(leaves_of_a_planted_bug_what_shows_it) {
  for (const auto bug : {Planted::deferred_dropped, Planted::key_changes_on_retry, Planted::undo_of_completed_only, Planted::message_not_deleted, Planted::stop_not_obeyed}) {
    const std::string name{std::ranges::find(planted_names, bug, &std::pair<Planted, std::string_view>::first)->second};
    BOOST_TEST_CONTEXT(name) {
      planted_bug = bug;
      std::optional<Script> found;
      Verdict verdict;
      for (std::uint64_t seed = 1; seed <= 400 && !found; ++seed) {
        auto script = script_of(seed);
        script.plan.most_steps = 40'000;
        verdict = live(script, stock());
        if (verdict.named) found = script;
      }
      BOOST_REQUIRE(found.has_value());
      const auto small = shrink(*found, stock(), [](const std::string&) {}, 400);
      const auto shown = live(small, stock());
      planted_bug = std::nullopt;
      const auto kind = kind_of(verdict.wrongs.front());
      BOOST_TEST(std::ranges::any_of(shown.wrongs, [&](const auto& wrong) { return kind_of(wrong) == kind; }), kind << " is lost in " << to_text(small));
      BOOST_TEST(live(small, stock()).wrongs.empty(), "without the bug it holds: " << to_text(small));
      std::int64_t actors = 0, wishes = 0, faults = 0, before = 0;
      for (const auto& dial : dials()) {
        if (dial.name == "ventures" || dial.name == "stalls") actors += dial.read(small);
        if (dial.name == "requests") wishes = dial.read(small);
        if (dial.fault && dial.read(small) > 0) ++faults;
        if (dial.fault && dial.read(*found) > 0) ++before;
      }
      BOOST_TEST(actors <= 2, to_text(small));
      BOOST_TEST(wishes <= 15, to_text(small));
      BOOST_TEST(faults <= std::min<std::int64_t>(before, 3), to_text(small));
      BOOST_TEST(small.plan.trouble <= found->plan.trouble);
      BOOST_TEST_MESSAGE(name << ": " << to_text(*found) << "\n  → " << to_text(small));
    }
  }
}

#endif

BOOST_AUTO_TEST_SUITE_END()
