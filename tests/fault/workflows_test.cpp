// Every workflow × every failure: each way on from each situation is found by walking, then walked again with one thing going wrong
// at each point in turn. Nothing is random, except in the case that says so. The workflows: all that are shipped, and those of
// tests/fault/workflows, which use every construct of the language.

#include <boost/test/unit_test.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>
#include <sstream>

#include "core/embedded.hpp"
#include "tests/fault/catalog.hpp"
#include "tests/fault/walks.hpp"
#include "tests/support/catalog.hpp"

namespace stellwerk::testing {
namespace {

using namespace workflows;
using What = Fault::What;

/// Faults told of one workflow; more say the same.
constexpr int most_reports = 12;

class Judge {
 public:
  Judge(const Subjected& subjected, const Ways& ways) : definition_{*subjected.definition}, ways_{ways} {}

  void check(const Life& life, bool rested, const Start& start, const Fault& fault) const {
    const auto expect = [&](bool holds, const std::string& what) {
      if (!holds && ++reports_ <= most_reports) BOOST_ERROR(definition_.name << ", " << start.where() << describe(fault) << ": " << what << "; " << shape(life, start.life.actor.journal.size()));
    };
    const auto& actor = life.actor;
    expect(actor.problems.empty(), actor.problems.empty() ? "" : actor.problems.front());
    expect(rested, actor.is_born() ? "does not come to rest in " + actor.state().name : "is not born");
    expect(life.wrongs().empty(), life.wrongs().empty() ? "" : life.wrongs().front());
    expect(!life.skipped || fault.remedy == Remedy::What::skip, "only skipping a step led on");
    expect(life.skipped || life.world.most_at_once() <= ways_.most_at_once, fmt::format("there were {} of ours at once", life.world.most_at_once()));
    expect(life.world.strangers_are_well(), "a stranger's thing was touched");
    expect(actor.incidents.empty(), "an incident is left open");
    if (!rested || life.skipped || !actor.is_born()) return;  // who skips a step or its undo takes care of the rest
    for (const auto& [state, step] : actor.state().confirmed_by) {
      const auto& name = definition_.work(definition_.states[static_cast<std::size_t>(state)].work).steps[static_cast<std::size_t>(step)].name;
      const bool confirmed = std::any_of(actor.journal.begin(), actor.journal.end(), [&](const Json& e) { return text_of(e, "type") == "step_done" && text_of(e, "step") == name; });
      expect(confirmed, "reached without the word of " + name);
    }
  }

  /// A run that was done although something went wrong leaves what it leaves when nothing does.
  void compare(const Life& healthy, const Life& life, bool rested, const Start& start, const Fault& fault) const {
    check(life, rested, start, fault);
    if (!rested || life.skipped || life.went_on || life.actor.snapshot.state != healthy.actor.snapshot.state) return;
    const auto kinds = [](const Life& of) {
      std::multiset<std::string> all;
      for (const auto& what : of.world.holdings()) all.insert(what.substr(0, what.find_first_of("0123456789\"")));
      return all;
    };
    const bool same_way = shape(life, 0).find("undo_started") == std::string::npos;
    if (same_way && kinds(life) != kinds(healthy) && ++reports_ <= most_reports)
      BOOST_ERROR(definition_.name << ", " << start.where() << describe(fault) << ": holds " << fmt::format("{}", fmt::join(life.world.holdings(), ", ")) << " instead of "
                                   << fmt::format("{}", fmt::join(healthy.world.holdings(), ", ")));
  }

 private:
  const Definition& definition_;
  const Ways& ways_;
  mutable int reports_ = 0;
};

/// Events that come while something runs: those that interrupt in every way, the others once.
std::set<std::string> interrupting(const Definition& definition) {
  std::set<std::string> events;
  for (const auto& state : definition.states)
    for (const auto& [event, candidates] : state.on)
      if (std::any_of(candidates.begin(), candidates.end(), [](const Transition& t) { return t.interrupt != Interrupt::none; })) events.insert(event);
  return events;
}

/// Everything that can go wrong at point `at`.
std::vector<Fault> faults_at(const Definition& definition, int at) {
  std::vector<Fault> faults;
  using enum OutcomeClass;
  for (const auto remedy : {Remedy::What::retry, Remedy::What::fail, Remedy::What::skip}) {
    for (const auto is : {done, already, not_done, retry, retry_after, unclear, conflict, gone, rejected_customer, rejected_operator}) {
      faults.push_back({.what = What::answers, .at = at, .is = is, .remedy = remedy});
      if (is != done && is != already) faults.push_back({.what = What::always_answers, .at = at, .is = is, .remedy = remedy});
    }
    faults.push_back({.what = What::stranger, .at = at, .remedy = remedy});
    faults.push_back({.what = What::too_long, .at = at, .remedy = remedy});
    faults.push_back({.what = What::rejected, .at = at, .remedy = remedy});
  }
  for (const auto what : {What::task, What::lost, What::late, What::stranger_lost, What::crash_before, What::crash_after, What::twice})
    for (const bool every : {false, true}) faults.push_back({.what = what, .at = at, .every_twice = every});
  for (const auto what : {What::timer, What::refresh, What::stale}) faults.push_back({.what = what, .at = at});
  const auto strong = interrupting(definition);
  for (const auto& [event, spec] : definition.events) {
    faults.push_back({.what = What::interrupt, .at = at, .event = event});
    if (strong.count(event) == 0) continue;
    for (const auto what : {What::interrupt_lost, What::interrupt_crash, What::interrupt_late})
      for (const bool every : {false, true}) faults.push_back({.what = what, .at = at, .event = event, .every_twice = every});
  }
  return faults;
}

/// Whatever went wrong before: from where it rests now every command is healthy.
int walk_on(const Judge& judge, const Start& start, const Fault& fault, const Life& rested) {
  int lives = 0;
  const auto& definition = *rested.actor.definition;
  for (const auto& name : allowed_commands(definition, rested.actor.snapshot, "staff")) {
    auto life = rested;
    const auto& spec = definition.events.at(name);
    if (!give(life, {.life = rested, .kind = Start::Kind::command, .event = name, .payload = sample(spec.with), .role = "staff"}) || life.actor.run() == nullptr) continue;
    const auto ended = life.drive(Fault{});
    judge.check(life, ended, start, fault);
    ++lives;
  }
  return lives;
}

int walk(const Subjected& subjected, const Ways& ways) {
  const Judge judge{subjected, ways};
  int lives = 0;
  std::set<std::string> walked_on;
  for (const auto& start : ways.starts) {
    auto healthy = start.life;
    if (!give(healthy, start)) continue;
    const auto rested = healthy.drive(Fault{});
    judge.check(healthy, rested, start, {});
    ++lives;
    // the store refuses an action that a transition brings
    auto refused = start.life;
    refused.refuse_actions = true;
    (void)give(refused, start);
    judge.check(refused, refused.drive(Fault{}), start, {});
    ++lives;
    // two beyond the last: faults lead to undo, which has tries of its own
    for (int at = 0; healthy.points > 0 && at < healthy.points + 2; ++at) {
      for (const auto& fault : faults_at(*subjected.definition, at)) {
        auto life = start.life;
        BOOST_REQUIRE(give(life, start));
        const auto ended = life.drive(fault);
        judge.compare(healthy, life, ended, start, fault);
        ++lives;
        // the same situation with the same world goes on in the same way
        if (!ended || life.skipped || !walked_on.insert(fmt::format("{}{}{}", life.actor.state().name, dump_json(life.actor.attributes()), fmt::join(life.world.holdings(), ","))).second) continue;
        lives += walk_on(judge, start, fault, life);
      }
    }
  }
  return lives;
}

/// Two things go wrong: the first leads into undo, the second hits the undo at each of its tries.
int walk_undo(const Subjected& subjected, const Ways& ways) {
  const Judge judge{subjected, ways};
  int lives = 0;
  for (const auto& start : ways.starts) {
    auto healthy = start.life;
    if (!give(healthy, start) || !healthy.drive(Fault{})) continue;
    for (int first = 0; first < healthy.points; ++first) {
      for (int second = first + 1; second < first + healthy.points + 2; ++second) {
        for (const auto what : {What::lost, What::late, What::crash_before, What::crash_after, What::twice, What::task}) {
          auto life = start.life;
          BOOST_REQUIRE(give(life, start));
          const Fault fault{.what = what, .at = second};
          life.fail_at = first;
          const auto ended = life.drive(fault);
          judge.check(life, ended, start, fault);
          ++lives;
          if (life.points <= second) break;  // nothing was hit: it was over before
        }
      }
    }
  }
  return lives;
}

/// Many things go wrong on one way; a seed that fails is printed and repeats the same life.
void walk_at_random(const Subjected& subjected, const Ways& ways, const Judge& judge, unsigned seed) {
  std::mt19937 random{seed};
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  const auto& start = ways.starts[below(ways.starts.size())];
  const auto strong = interrupting(*subjected.definition);
  auto life = start.life;
  if (!give(life, start)) return;
  int disturbed = 0;
  const auto fault = [&](const Life& now) -> Fault {
    if (++disturbed > 60 || below(2) == 0) return {};
    static constexpr What whats[] = {What::answers, What::answers, What::task, What::lost, What::late, What::crash_before, What::crash_after, What::twice, What::stranger,
                                     What::interrupt, What::interrupt_lost, What::interrupt_crash, What::interrupt_late, What::refresh, What::timer, What::stale};
    static constexpr OutcomeClass classes[] = {OutcomeClass::retry, OutcomeClass::retry_after, OutcomeClass::unclear, OutcomeClass::rejected_operator, OutcomeClass::rejected_customer};
    Fault made{.what = whats[below(std::size(whats))], .at = now.points, .is = classes[below(std::size(classes))], .remedy = below(4) == 0 ? Remedy::What::fail : Remedy::What::retry};
    const bool interrupts = made.what >= What::interrupt && made.what <= What::interrupt_late;
    if (interrupts && (strong.empty() || below(4) > 0)) return {};
    if (interrupts) made.event = *std::next(strong.begin(), static_cast<std::ptrdiff_t>(below(strong.size())));
    // looking tells the truth, and what the world has done is not denied afterwards
    const auto* tried = now.actor.next_try();
    if (made.what == What::answers && (tried == nullptr || tried->mode != "execute" || tried->executor == "action")) return {};
    return made;
  };
  const auto ended = life.drive(fault);
  judge.check(life, ended, start, Fault{.at = static_cast<int>(seed)});
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in{path};
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

/// All files by name; those that others extend are among them.
std::vector<Subjected> load_all(const std::vector<SourceFile>& files, const Catalog& catalog) {
  std::vector<Subjected> all;
  const FindBase find_base = [&](std::string_view workflow) -> std::optional<SourceFile> {
    const auto named = fmt::format("workflow: {}\n", workflow);
    for (const auto& file : files)
      if (file.text.find("\n" + named) != std::string::npos || file.text.starts_with(named)) return file;
    return std::nullopt;
  };
  for (const auto& file : files) {
    auto loaded = load_workflow(file.name, file.text, catalog, find_base);
    if (!loaded)
      for (const auto& problem : loaded.error()) BOOST_ERROR(config::render(problem, file.text));
    else if (!(*loaded)->abstract) all.push_back({*loaded, &catalog});
  }
  return all;
}

const std::vector<std::pair<Subjected, Ways>>& library() {
  static const auto shipped = shipped_catalog();
  static const auto ours = vendor_catalog();
  static const auto loaded = [] {
    std::vector<SourceFile> files, own;
    for (const auto& file : embedded_files())
      if (file.path.starts_with("workflows/library/") && file.path.ends_with(".yaml") && !file.path.ends_with(".test.yaml")) files.push_back({std::string{file.path}, std::string{file.text}});
    for (const auto& entry : std::filesystem::directory_iterator{std::filesystem::path{STELLWERK_SOURCE_DIR} / "tests/fault/workflows"})
      if (entry.path().extension() == ".yaml") own.push_back({entry.path().filename().string(), read_file(entry.path())});
    std::sort(own.begin(), own.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    auto all = load_all(files, shipped);
    for (auto& each : load_all(own, ours)) all.push_back(std::move(each));
    std::vector<std::pair<Subjected, Ways>> found;
    for (const auto& each : all) found.emplace_back(each, find_ways(each));
    return found;
  }();
  BOOST_REQUIRE(!loaded.empty());
  return loaded;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(fault_workflows)

BOOST_AUTO_TEST_CASE(every_way_is_healthy_and_every_work_and_state_is_on_one) {
  for (const auto& [subjected, ways] : library()) {
    const auto& definition = *subjected.definition;
    BOOST_TEST_MESSAGE(ways.told);
    for (const auto& problem : ways.problems) BOOST_ERROR(definition.name << ": " << problem);
    for (const auto& work : definition.works) BOOST_TEST(ways.works.count(work.name) == 1U, definition.name << ": no way into the steps of " << work.name << " was found");
    for (const auto& schedule : definition.schedules) BOOST_TEST(ways.timers.count("schedule:" + schedule.name) == 1U, definition.name << ": schedule " << schedule.name << " was never due");
    for (const auto& state : definition.states)
      for (const auto& after : state.after) BOOST_TEST(ways.timers.count(after.name) == 1U, definition.name << ": " << after.name << " was never due");
  }
}

BOOST_AUTO_TEST_CASE(every_workflow_survives_every_single_fault) {
  int all = 0;
  for (const auto& [subjected, ways] : library()) {
    const int lives = walk(subjected, ways);
    fmt::print("{}: {} ways, {} lives\n", subjected.definition->name, ways.starts.size(), lives);
    all += lives;
  }
  fmt::print("single faults: {} lives\n", all);
}

BOOST_AUTO_TEST_CASE(an_undo_that_is_disturbed_leaves_nothing_over) {
  int all = 0;
  for (const auto& [subjected, ways] : library()) all += walk_undo(subjected, ways);
  fmt::print("disturbed undo: {} lives\n", all);
}

BOOST_AUTO_TEST_CASE(many_faults_on_one_way_leave_nothing_over) {
  for (const auto& [subjected, ways] : library()) {
    const Judge judge{subjected, ways};
    for (unsigned seed = 1; seed <= 400; ++seed) walk_at_random(subjected, ways, judge, seed);  // the seed stands as "point" in a failure
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace stellwerk::testing
