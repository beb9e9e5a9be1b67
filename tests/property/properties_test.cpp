// What must hold for every workflow and every life. By itself it lives the same lives on every machine: what another seed would find is for
// whoever looks for it, RC_PARAMS="max_success=5000", and not for the next who changes something else. Each case prints its seed;
// RC_PARAMS="seed=…" (or the "reproduce=…" that a failure prints) repeats it.
// ctest: system

#include <boost/test/unit_test.hpp>

#include <fmt/format.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cstdlib>
#include <initializer_list>
#include <string_view>

#include "tests/fault/catalog.hpp"
#include "tests/property/generator.hpp"
#include "tests/property/script.hpp"
#include "workflows/replay.hpp"

namespace stellwerk::testing {
namespace {

using namespace workflows;

constexpr const char* standard_parameters = "seed=4711 max_success=700";
constexpr int events_per_life = 60;

struct Parameters {
  Parameters() { ::setenv("RC_PARAMS", standard_parameters, 0); }
};

/// Lists that are long from the first case on: a workflow takes a hundred choices and more.
rc::Gen<Bytes> choices(int size) { return rc::gen::resize(size, rc::gen::container<Bytes>(rc::gen::resize(rc::kNominalSize, rc::gen::inRange<std::uint8_t>(0, 255)))); }

const Catalog& catalog() {
  static const auto made = vendor_catalog();
  return made;
}

std::shared_ptr<const Definition> load(const std::string& text, const FindBase& find_base = {}) {
  auto loaded = load_workflow("generated.yaml", text, catalog(), find_base);
  if (loaded) return *loaded;
  RC_LOG() << text << '\n';
  for (const auto& problem : loaded.error()) RC_LOG() << config::render(problem, text);
  RC_FAIL("the generated workflow is refused");
  return nullptr;
}

/// Printed after the cases: how many lives had what.
void classify(const Subject& actor) {
  const auto has = [&](std::string_view type) { return std::any_of(actor.journal.begin(), actor.journal.end(), [&](const Json& e) { return text_of(e, "type") == type; }); };
  for (const auto* type : {"run_started", "undone", "timer"}) RC_CLASSIFY(has(type), std::string{type});
}

/// Lives one random life of one random workflow and hands each step of it to `check`, which says what is wrong, or nothing.
template <class Check>
void live(const char* what, const Check& check, bool persons_skip = true) {
  const bool holds = rc::check(what, [&] {
    const auto for_workflow = *choices(240).as("choices of the workflow");
    const auto for_life = *choices(400).as("choices of the life");
    Choices workflow{for_workflow}, life{for_life};
    const auto text = generate_workflow(workflow);
    Subject actor{load(text), &catalog()};
    Script script{actor, life};
    script.persons_skip = persons_skip;
    std::string wrong;
    script.play(events_per_life, [&] {
      wrong = check(actor, script);
      return wrong.empty();
    });
    if (wrong.empty()) return classify(actor);
    RC_LOG() << text << '\n' << script.told() << '\n';
    RC_FAIL(wrong);
  });
  BOOST_TEST(holds, what);
}

std::string first_of(const std::vector<std::string>& all) { return all.empty() ? std::string{} : all.front(); }

/// Of the actor's problems those that speak of this.
std::string problem_with(const Subject& actor, std::initializer_list<std::string_view> words) {
  for (const auto& problem : actor.problems)
    for (const auto word : words)
      if (problem.find(word) != std::string::npos) return problem;
  return {};
}

std::string differs(const Subject& actor) {
  const auto replayed = replay(*actor.definition, actor.journal);
  if (!replayed) return describe(replayed.error());
  if (replayed->state != actor.snapshot.state) return "the journal leads to another state than " + actor.state().name;
  for (std::size_t i = 0; i < actor.definition->attributes.size(); ++i) {
    const auto& name = actor.definition->attributes[i].field.name;
    if (replayed->unknown.count(name) > 0) {
      if (actor.attribute(i).is_null()) return "the journal says that there is a " + name;
    } else if (replayed->attributes.at(name) != actor.attribute(i)) {
      return fmt::format("attribute {} is {}, but the journal says {}", name, dump_json(actor.attribute(i)), dump_json(replayed->attributes.at(name)));
    }
  }
  if (replayed->timers != actor.snapshot.cursor.timers) {
    std::string of;
    for (const auto& [timer, due] : actor.snapshot.cursor.timers) of += fmt::format(" {} {}", timer, format_time(due));
    of += ", but the journal says";
    for (const auto& [timer, due] : replayed->timers) of += fmt::format(" {} {}", timer, format_time(due));
    return "live timers are" + of;
  }
  const auto run = actor.run() == nullptr ? std::string{} : actor.run()->id.str();
  if ((replayed->run ? replayed->run->id.str() : std::string{}) != run) return fmt::format("run {} is in hand, but the journal says otherwise", run);
  if (replayed->run && (replayed->run->phase == ReplayedRun::Phase::held) != actor.is_held()) return "the journal does not know whether the run is held";
  if (replayed->run && replayed->run->work != actor.work().name) return "the journal names another work than " + actor.work().name;
  if (replayed->incidents.size() != actor.incidents.size()) return fmt::format("{} incidents are open, the journal knows of {}", actor.incidents.size(), replayed->incidents.size());
  return {};
}

}  // namespace

BOOST_TEST_GLOBAL_FIXTURE(Parameters);

BOOST_AUTO_TEST_SUITE(properties_of_workflows)

BOOST_AUTO_TEST_CASE(a_decision_depends_on_nothing_but_its_arguments) {
  live("twice the same question, also after JSON, gives twice the same decision", [](const Subject& actor, const Script&) { return problem_with(actor, {"twice", "survive", "rows again"}); });
}

BOOST_AUTO_TEST_CASE(no_decision_leaves_an_actor_without_a_live_wake_up) {
  live("something will wake the actor, always", [](const Subject& actor, const Script&) {
    auto wrong = problem_with(actor, {"wake", "incident", "still something", "its run", "mailbox", "consumed", "fire", "row", "live", "stale"});
    if (wrong.empty() && actor.run() == nullptr && actor.mailbox_size() > 0) wrong = "an event waits although the actor is idle";
    return wrong;
  });
}

BOOST_AUTO_TEST_CASE(undo_covers_exactly_what_may_have_had_an_effect_newest_first) {
  live(
      "a run that failed or was interrupted leaves no effect, no undo comes without one, and what was saved is as before",
      [](const Subject&, Script& script) { return first_of(script.ledger().wrongs); }, false);
}

BOOST_AUTO_TEST_CASE(the_whole_journal_gives_state_and_attributes) {
  live("replay gives state, attributes, timers, run and incidents", [](const Subject& actor, const Script&) { return differs(actor); });
}

BOOST_AUTO_TEST_CASE(every_generated_workflow_loads_and_its_text_is_stable) {
  const bool holds = rc::check("text, resolved, loaded: the same text and the same workflow", [] {
    Choices workflow{*choices(240).as("choices of the workflow")};
    const auto text = generate_workflow(workflow);
    const auto loaded = load(text);
    const auto resolved = resolve_workflow("generated.yaml", text, {});
    RC_ASSERT(resolved.has_value());
    RC_ASSERT(*resolved == text);
    RC_ASSERT(loaded->text == text);
  });
  BOOST_TEST(holds);
}

BOOST_AUTO_TEST_CASE(a_resolved_workflow_needs_its_base_no_more) {
  const bool holds = rc::check("an extended workflow, resolved, loads by itself and resolves to itself", [] {
    Choices workflow{*choices(240).as("choices of the workflow")};
    const auto [base, text] = generate_extended(workflow);
    const FindBase find_base = [&base = base](std::string_view name) -> std::optional<SourceFile> {
      if (name != "base-of-all") return std::nullopt;
      return SourceFile{"base.yaml", base};
    };
    const auto loaded = load(text, find_base);
    const auto resolved = resolve_workflow("generated.yaml", text, find_base);
    if (!resolved) RC_LOG() << base << text << config::render(resolved.error().front(), text);
    RC_ASSERT(resolved.has_value());
    RC_ASSERT(loaded->text == *resolved);
    const auto alone = load(*resolved);
    RC_ASSERT(alone->text == *resolved);
    RC_ASSERT(alone->name == loaded->name);
    RC_ASSERT(alone->states.size() == loaded->states.size());
    RC_ASSERT(alone->attributes.size() == loaded->attributes.size());
    RC_ASSERT(!alone->abstract);
  });
  BOOST_TEST(holds);
}

BOOST_AUTO_TEST_CASE(time_never_runs_backwards_and_timers_fire_at_their_own_time) {
  live("an actor's time only rises, and a timer acts at the time it was due", [](const Subject& actor, const Script&) {
    auto wrong = problem_with(actor, {"backwards", "acted at", "fire"});
    const auto& cursor = actor.snapshot.cursor;
    if (wrong.empty() && (cursor.born > cursor.entered || cursor.entered > cursor.last)) wrong = "it entered its state before it was born, or after its last decision";
    return wrong;
  });
}

BOOST_AUTO_TEST_CASE(no_decision_exceeds_a_bound) {
  live("messages, timers, deferred events, moves and sizes stay within their bounds", [](const Subject& actor, const Script&) { return problem_with(actor, {"too many", "too large"}); });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace stellwerk::testing
