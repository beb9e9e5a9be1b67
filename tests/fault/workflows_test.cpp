// Every shipped workflow × every failure: each way into each working state is found by walking, then walked again with one thing
// going wrong at each try in turn. Nothing is random.

#include <boost/test/unit_test.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <random>
#include <set>

#include "core/embedded.hpp"
#include "tests/fault/life.hpp"
#include "tests/support/catalog.hpp"

namespace stellwerk::testing {
namespace {

using workflows::Remedy;
using What = Fault::What;

/// A value that fits the type.
Json sample(const workflows::TypeSpec& type) {
  using enum workflows::TypeSpec::Base;
  switch (type.base) {
    case integer: return static_cast<std::int64_t>(type.min.value_or(1));
    case boolean: return true;
    case real: return type.min.value_or(1);
    case date: return "2026-03-02";
    case timestamp: return "2026-03-02T08:00:00Z";
    case duration: return "PT1H";
    case period: return "P1M";
    case enumeration: return Json(boost::json::string(type.values.front()));
    case list: return JsonArray{};
    case map: return JsonObject{};
    case ref: return "prd_1";
    case url: return "https://host.example.com";
    case string: return type.format == "ip" ? "192.0.2.1" : type.format == "email" ? "ada@example.com" : "v1.example.com";
    case secret:
    case any: return "text";
  }
  return {};
}

Json sample(const std::vector<workflows::Field>& fields) {
  JsonObject values;
  for (const auto& field : fields)
    if (field.required) values[field.name] = sample(field.type);
  return values;
}

/// A life that stands before the event that makes it work.
struct Start {
  Life life;
  std::string event;  ///< empty: to be born
  bool timer = false;
  bool message = false;
};

bool give(Life& life, const Start& start) {
  auto& actor = life.actor;
  if (start.event.empty()) {
    std::vector<workflows::Field> fields;
    for (const auto& attribute : actor.definition->attributes) fields.push_back(attribute.field);
    return actor.born(sample(fields)).has_value();
  }
  if (start.timer) {
    const auto due = actor.snapshot.cursor.timers.find(start.event);
    if (due == actor.snapshot.cursor.timers.end()) return false;
    const auto at = due->second;
    actor.now = std::max(actor.now, at);
    return actor.fire(start.event, at).has_value();
  }
  const auto payload = sample(actor.definition->events.at(start.event).with);
  return (start.message ? actor.message(start.event, payload) : actor.command(start.event, payload)).has_value();
}

/// All ways from one waiting state to the next, found from birth on; each state is left in each way once.
std::vector<Start> find_starts(const std::shared_ptr<const workflows::Definition>& definition) {
  std::vector<Start> found;
  std::deque<Start> open{{Life{definition}, "", false, false}};
  std::set<std::string> seen;
  while (!open.empty()) {
    auto start = std::move(open.front());
    open.pop_front();
    auto life = start.life;
    if (!give(life, start)) continue;
    found.push_back(std::move(start));
    BOOST_REQUIRE_MESSAGE(life.drive(Fault{}), definition->name << ": does not come to rest from " << found.back().event);
    if (life.actor.state().final || !seen.insert(life.actor.in()).second) continue;
    for (const auto& [name, spec] : definition->events)
      if (definition->candidates(life.actor.snapshot.state, name) != nullptr) open.push_back({life, name, false, spec.allow.empty()});
    for (const auto& [name, due] : life.actor.snapshot.cursor.timers) open.push_back({life, name, true, false});
  }
  return found;
}

class Judge {
 public:
  Judge(const workflows::Definition& definition, const Start& start, const Fault& fault) : definition_{definition}, start_{start}, fault_{fault} {}

  void check(const Life& life, bool rested) const {
    const auto& actor = life.actor;
    expect(actor.problems.empty(), actor.problems.empty() ? "" : actor.problems.front());
    expect(rested, "does not come to rest");
    expect(!life.skipped || fault_.remedy == Remedy::What::skip, "only skipping a step led on");
    expect(life.skipped || life.world.most_at_once() <= 1, "there were two of ours at once");
    expect(life.world.strangers_are_well(), "a stranger's machine was touched");
    expect(actor.incidents.empty(), "an incident is left open");
    if (!rested || life.skipped) return;  // who skips a step or its undo takes care of the rest
    const auto left = life.world.leftovers();
    const std::set<std::string> ended{"cancelled", "terminated", "provision_failed"};
    if (ended.count(actor.in()) > 0) expect(left.empty(), left.empty() ? "" : "left over: " + left.front());
    if (definition_.kind == "service" && actor.in() == "active") expect(life.world.ours() == 1, "active without a machine");
    for (const auto& [state, step] : actor.state().confirmed_by) {
      const auto& name = definition_.states[static_cast<std::size_t>(state)].steps[static_cast<std::size_t>(step)].name;
      const bool confirmed = std::any_of(actor.journal.begin(), actor.journal.end(), [&](const Json& e) { return text_of(e, "type") == "step_done" && text_of(e, "step") == name; });
      expect(confirmed, "reached without the word of " + name);
    }
  }

 private:
  void expect(bool holds, const std::string& what) const {
    if (!holds) BOOST_ERROR(definition_.name << ", " << start_.life.actor.snapshot.state << " --" << start_.event << "--> " << describe(fault_) << ": " << what);
  }
  const workflows::Definition& definition_;
  const Start& start_;
  const Fault& fault_;
};

/// Everything that can go wrong at try `at`.
std::vector<Fault> faults_at(const workflows::Definition& definition, int at) {
  std::vector<Fault> faults;
  using enum OutcomeClass;
  for (const auto remedy : {Remedy::What::retry, Remedy::What::fail, Remedy::What::skip}) {
    for (const auto is : {done, already, not_done, retry, retry_after, unclear, conflict, gone, rejected_customer, rejected_operator}) {
      faults.push_back({.what = What::answers, .at = at, .is = is, .remedy = remedy});
      if (is != done && is != already) faults.push_back({.what = What::always_answers, .at = at, .is = is, .remedy = remedy});
    }
    faults.push_back({.what = What::stranger, .at = at, .remedy = remedy});
  }
  for (const auto what : {What::task, What::lost, What::late, What::stranger_lost, What::crash_before, What::crash_after, What::twice})
    for (const bool every : {false, true}) faults.push_back({.what = what, .at = at, .every_twice = every});
  std::set<std::string> interrupting;
  for (const auto& state : definition.states)
    if (state.works())
      for (const auto& [event, candidates] : state.on) interrupting.insert(event);
  for (const auto& event : interrupting)
    for (const auto what : {What::interrupt, What::interrupt_lost, What::interrupt_crash, What::interrupt_late})
      for (const bool every : {false, true}) faults.push_back({.what = what, .at = at, .event = event, .every_twice = every});
  return faults;
}

/// Whatever went wrong before: from where it rests now every way on is healthy.
int walk_on(const workflows::Definition& definition, const Start& start, const Fault& fault, const Life& rested) {
  int lives = 0;
  for (const auto& name : workflows::allowed_commands(definition, rested.actor.snapshot, "staff")) {
    auto life = rested;
    const Start next{rested, name, false, false};
    if (!give(life, next) || life.actor.run() == nullptr) continue;
    const auto ended = life.drive(Fault{});
    Judge{definition, start, fault}.check(life, ended);
    if (life.incidents > rested.incidents && rested.world.ours() > 0) BOOST_ERROR(definition.name << ": " << name << " after " << describe(fault) << " needs a person");
    ++lives;
  }
  return lives;
}

int walk(const std::shared_ptr<const workflows::Definition>& definition) {
  int lives = 0;
  for (const auto& start : find_starts(definition)) {
    auto healthy = start.life;
    if (!give(healthy, start)) continue;
    const auto rested = healthy.drive(Fault{});
    Judge{*definition, start, {}}.check(healthy, rested);
    ++lives;
    const int tries = healthy.tries;
    // two beyond the last: faults lead to undo, which has tries of its own
    for (int at = 0; tries > 0 && at < tries + 2; ++at) {
      for (const auto& fault : faults_at(*definition, at)) {
        auto life = start.life;
        BOOST_REQUIRE(give(life, start));
        const auto ended = life.drive(fault);
        Judge{*definition, start, fault}.check(life, ended);
        ++lives;
        if (ended && !life.skipped) lives += walk_on(*definition, start, fault, life);
      }
    }
  }
  return lives;
}

/// Two things go wrong: the first leads into undo, the second hits the undo at each of its tries.
int walk_undo(const std::shared_ptr<const workflows::Definition>& definition) {
  int lives = 0;
  for (const auto& start : find_starts(definition)) {
    auto healthy = start.life;
    if (!give(healthy, start) || !healthy.drive(Fault{})) continue;
    for (int first = 0; first < healthy.tries; ++first) {
      for (int second = first + 1; second < first + healthy.tries + 2; ++second) {
        for (const auto what : {What::lost, What::late, What::crash_before, What::crash_after, What::twice, What::task}) {
          auto life = start.life;
          BOOST_REQUIRE(give(life, start));
          const Fault fault{.what = what, .at = second};
          life.fail_at = first;
          const auto ended = life.drive(fault);
          Judge{*definition, start, fault}.check(life, ended);
          ++lives;
        }
      }
    }
  }
  return lives;
}

/// Many things go wrong on one way; a seed that fails is printed and repeats the same life.
void walk_at_random(const std::shared_ptr<const workflows::Definition>& definition, unsigned seed) {
  std::mt19937 random{seed};
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  const auto starts = find_starts(definition);
  const auto& start = starts[below(starts.size())];
  auto life = start.life;
  if (!give(life, start)) return;
  int disturbed = 0;
  const auto fault = [&](const ScriptedActor& actor) -> Fault {
    if (++disturbed > 60 || below(2) == 0) return {};
    static constexpr What whats[] = {What::answers, What::answers, What::task, What::lost, What::late, What::crash_before, What::crash_after, What::twice, What::stranger,
                                     What::interrupt, What::interrupt_lost, What::interrupt_crash, What::interrupt_late};
    static constexpr OutcomeClass classes[] = {OutcomeClass::retry, OutcomeClass::retry_after, OutcomeClass::unclear, OutcomeClass::rejected_operator, OutcomeClass::rejected_customer};
    Fault made{.what = whats[below(std::size(whats))], .at = life.tries, .is = classes[below(std::size(classes))], .remedy = below(4) == 0 ? Remedy::What::fail : Remedy::What::retry};
    const bool interrupts = made.what >= What::interrupt && made.what <= What::interrupt_late;
    if (interrupts && (actor.state().on.empty() || below(4) > 0)) return {};
    if (interrupts) made.event = actor.state().on.begin()->first;
    // looking tells the truth, and what the world has done is not denied afterwards
    const auto* tried = actor.attempt();
    if (made.what == What::answers && (tried == nullptr || tried->mode != "execute" || tried->executor == "action")) return {};
    return made;
  };
  const auto ended = life.drive(fault);
  const Fault shown{.at = static_cast<int>(seed)};
  Judge{*definition, start, shown}.check(life, ended);
}

std::vector<std::shared_ptr<const workflows::Definition>> library() {
  std::vector<std::shared_ptr<const workflows::Definition>> all;
  for (const auto& file : embedded_files()) {
    if (!file.path.starts_with("workflows/library/") || file.path.ends_with(".test.yaml")) continue;
    auto loaded = workflows::load_workflow(std::string{file.path}, std::string{file.text}, shipped_catalog());
    BOOST_REQUIRE_MESSAGE(loaded.has_value(), file.path << (loaded ? "" : ": " + config::render(loaded.error().front(), file.text)));
    all.push_back(*loaded);
  }
  BOOST_REQUIRE(!all.empty());
  return all;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(fault_workflows)

BOOST_AUTO_TEST_CASE(every_shipped_workflow_survives_every_single_fault) {
  for (const auto& definition : library()) BOOST_TEST_MESSAGE(fmt::format("{}: {} lives", definition->name, walk(definition)));
}

BOOST_AUTO_TEST_CASE(an_undo_that_is_disturbed_leaves_nothing_over) {
  for (const auto& definition : library()) BOOST_TEST_MESSAGE(fmt::format("{}: {} lives", definition->name, walk_undo(definition)));
}

BOOST_AUTO_TEST_CASE(many_faults_on_one_way_leave_nothing_over) {
  for (const auto& definition : library())
    for (unsigned seed = 1; seed <= 600; ++seed) walk_at_random(definition, seed);  // the seed stands as "try" in a failure
}

BOOST_AUTO_TEST_CASE(every_working_state_is_walked) {
  for (const auto& definition : library()) {
    std::set<std::string> walked;
    for (const auto& start : find_starts(definition)) {
      auto life = start.life;
      if (!give(life, start) || !life.drive(Fault{})) continue;
      for (const auto& entry : life.actor.journal)
        if (text_of(entry, "type") == "run_started") walked.insert(text_of(entry, "state"));
    }
    for (const auto& state : definition->states)
      if (state.works()) BOOST_TEST(walked.count(state.name) == 1U, definition->name << ": no way into " << state.name << " was found");
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace stellwerk::testing
