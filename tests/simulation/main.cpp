// stellwerk-sim: lives seeds, scenarios and planted bugs. The last line is the summary; the exit status is 1 when something does not hold.

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <optional>
#include <string>
#include <string_view>

#include "core/planted.hpp"
#include "tests/simulation/scenarios.hpp"
#include "tests/simulation/story.hpp"

namespace {

using namespace stellwerk;
using namespace stellwerk::simulation;

constexpr std::string_view usage = R"(stellwerk-sim [options]
  --seeds N       live N seeds (default 500)
  --from S        beginning with seed S (default 1)
  --seed S        live one seed
  --script TEXT   live one script, as --shrink prints it
  --trace         … and print everything that happens
  --shrink        make the failing seed small: fewer faults, actors and requests, less time
  --same          live each seed twice and compare every decision and request
  --plant NAME    with this bug in the engine: look for the first seed that finds it (the exit status is 1 when none does), or live --seed or --script
  --plants        … for each bug
  --scenario NAME live one named scenario; "all": every one
  --list          names of scenarios and of bugs that can be planted
)";

struct Options {
  std::uint64_t seeds = 500, from = 1;
  std::optional<std::uint64_t> seed;
  bool trace = false, shrink = false, same = false, plants = false, list = false;
  std::string plant, scenario, script;
};

std::optional<Options> read_options(int count, char** words) {
  Options options;
  for (int i = 1; i < count; ++i) {
    const std::string_view word{words[i]};
    const auto value = [&] { return i + 1 < count ? std::string{words[++i]} : std::string{}; };
    const auto number = [&] { return std::strtoull(value().c_str(), nullptr, 10); };
    if (word == "--seeds") options.seeds = number();
    else if (word == "--from") options.from = number();
    else if (word == "--seed") options.seed = number();
    else if (word == "--script") options.script = value();
    else if (word == "--trace") options.trace = true;
    else if (word == "--shrink") options.shrink = true;
    else if (word == "--same") options.same = true;
    else if (word == "--plant") options.plant = value();
    else if (word == "--plants") options.plants = true;
    else if (word == "--scenario") options.scenario = value();
    else if (word == "--list") options.list = true;
    else return std::nullopt;
  }
  return options;
}

double seconds_since(std::chrono::steady_clock::time_point begin) { return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(); }

void tell(std::uint64_t seed, const Verdict& verdict) {
  fmt::print("seed {} fails ({} steps, {} decisions):\n", seed, verdict.steps, verdict.decisions);
  for (const auto& what : verdict.wrongs) fmt::print("  {}\n", what);
}

int list() {
  for (const auto& scenario : scenarios()) fmt::print("{:<40} §{}\n    arranged: {}\n    holds:    {}\n", scenario.name, scenario.paragraph, scenario.arranged, scenario.holds);
  for (const auto& gap : not_simulated()) fmt::print("not simulated: §{} {}: {}\n", gap.paragraph, gap.what, gap.why);
  for (const auto& [bug, name] : planted_names) fmt::print("plant {}\n", name);
  return 0;
}

int live_scenarios(const Options& options, const Stock& stock) {
  int failed = 0, lived = 0;
  for (const auto& scenario : scenarios()) {
    if (options.scenario != "all" && options.scenario != scenario.name) continue;
    ++lived;
    const auto played = play(scenario, stock, options.trace);
    if (options.trace) fmt::print("{}", played.trace);
    if (played.wrongs.empty()) continue;
    ++failed;
    fmt::print("scenario {} (§{}) fails:\n", scenario.name, scenario.paragraph);
    for (const auto& what : played.wrongs) fmt::print("  {}\n", what);
  }
  fmt::print("{} scenarios, {} failed\n", lived, failed);
  return lived == 0 || failed > 0 ? 1 : 0;
}

/// The first seed that finds it; nothing: none does.
std::optional<std::uint64_t> find_planted([[maybe_unused]] Planted bug, [[maybe_unused]] const Options& options, [[maybe_unused]] const Stock& stock) {
#ifdef STELLWERK_PLANTED_BUGS
  std::optional<std::uint64_t> found;
  for (auto seed = options.from; seed < options.from + options.seeds && !found; ++seed) {
    planted_bug = bug;
    auto script = script_of(seed);
    script.plan.most_steps = 40'000;  // a healthy life takes a tenth of it; one that goes in circles is found soon
    const auto verdict = live(script, stock);
    planted_bug = std::nullopt;
    // What fails without it as well shows nothing.
    if (!verdict.named || !live(script, stock).wrongs.empty()) continue;
    found = seed;
    if (options.trace) tell(seed, verdict);
    else fmt::print("  seed {}: {}\n", seed, verdict.wrongs.front());
  }
  return found;
#else
  return std::nullopt;
#endif
}

int look_for_planted(const Options& options, const Stock& stock) {
  int missed = 0, known = 0;
  for (const auto& [bug, name] : planted_names) {
    if (!options.plants && options.plant != name) continue;
    ++known;
    fmt::print("{}:\n", name);
    const auto begin = std::chrono::steady_clock::now();
    const auto found = find_planted(bug, options, stock);
    if (!found) ++missed, fmt::print("  not found in {} seeds\n", options.seeds);
    else fmt::print("  found by seed {} in {:.1f} s\n", *found, seconds_since(begin));
    std::fflush(stdout);
  }
  fmt::print("{} planted bugs, {} not found\n", known, missed);
  return known == 0 || missed > 0 ? 1 : 0;
}

/// True when the bug is there to be planted, or none was asked for.
bool plant_for_good([[maybe_unused]] const std::string& name) {
#ifdef STELLWERK_PLANTED_BUGS
  for (const auto& [bug, known] : planted_names)
    if (known == name) planted_bug = bug;
  return name.empty() || planted_bug.has_value();
#else
  return name.empty();
#endif
}

int live_one(const Options& options, const Stock& stock) {
  auto script = options.seed ? Result<Script>{script_of(*options.seed)} : script_from(options.script);
  if (!script) return fmt::print("{}\n", describe(script.error())), 2;
  if (!plant_for_good(options.plant)) return fmt::print("no bug '{}' can be planted in this build\n", options.plant), 2;
  fmt::print("{}\n", to_text(*script));
  if (options.shrink) {
    if (live(*script, stock).wrongs.empty()) return fmt::print("it does not fail\n"), 0;
    *script = shrink(*script, stock, [](const std::string& what) { fmt::print("  fails with {}\n", what), std::fflush(stdout); });
    fmt::print("smallest: --script {}\n", to_text(*script));
  }
  script->plan.trace = options.trace;
  const auto verdict = live(*script, stock);
  fmt::print("{}", verdict.trace);
  if (!verdict.wrongs.empty()) return tell(script->plan.seed, verdict), 1;
  fmt::print("seed {} holds: {} steps, {} decisions, {} requests, {} nodes, {} remedies, fingerprint {:x}\n", script->plan.seed, verdict.steps, verdict.decisions, verdict.requests, verdict.nodes,
             verdict.remedies, verdict.fingerprint);
  return 0;
}

int live_many(const Options& options, const Stock& stock) {
  const auto begin = std::chrono::steady_clock::now();
  std::uint64_t failed = 0, steps = 0, decisions = 0, requests = 0, nodes = 0, remedies = 0;
  for (auto seed = options.from; seed < options.from + options.seeds; ++seed) {
    auto verdict = live(script_of(seed), stock);
    if (options.same && live(script_of(seed), stock).fingerprint != verdict.fingerprint) verdict.wrongs.push_back("lived twice, it was not the same");
    steps += verdict.steps, decisions += verdict.decisions, requests += verdict.requests, nodes += verdict.nodes, remedies += verdict.remedies;
    if (verdict.wrongs.empty()) continue;
    ++failed;
    tell(seed, verdict);
    std::fflush(stdout);
  }
  const auto took = seconds_since(begin);
  fmt::print("{} seeds from {}: {} failed; {} steps, {} decisions, {} requests, {} nodes, {} remedies in {:.1f} s, {:.0f} ms a seed\n", options.seeds, options.from, failed, steps, decisions,
             requests, nodes, remedies, took, took * 1000 / static_cast<double>(options.seeds));
  return failed > 0 ? 1 : 0;
}

int run(int count, char** words) {
  const auto options = read_options(count, words);
  if (!options) return fmt::print("{}", usage), 2;
  if (options->list) return list();
  const auto stock = load_stock(STELLWERK_SOURCE_DIR "/tests/simulation/workflows");
  if (!stock) return fmt::print("{}\n", describe(stock.error())), 2;
  if (!options->scenario.empty()) return live_scenarios(*options, *stock);
  if (options->seed || !options->script.empty()) return live_one(*options, *stock);
  if (options->plants || !options->plant.empty()) return look_for_planted(*options, *stock);
  return live_many(*options, *stock);
}

}  // namespace

int main(int count, char** words) {
  try {
    return run(count, words);
  } catch (const std::exception& error) {
    fmt::print(stderr, "stellwerk-sim: {}\n", error.what());
    return 2;
  }
}
