#include "workflows/proof/coverage.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "workflows/loader/reader.hpp"

namespace stellwerk::workflows::proof {
namespace {

void add(Coverage& all, const Definition& definition, const Reached& reached, const std::string& from, const std::string& by, const Candidates& candidates) {
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const auto& transition = candidates[i];
    auto name = fmt::format("{}: {}", from, by);
    if (candidates.size() > 1) name += fmt::format("[{}]", i + 1);
    if (transition.to >= 0) name += " -> " + definition.states[static_cast<std::size_t>(transition.to)].name;
    all.things.push_back({std::move(name), transition.place.line, reached.transitions.contains(&transition)});
  }
}

Coverage transitions(const Definition& definition, const Reached& reached) {
  Coverage all{"transitions", {}};
  for (const auto& [event, candidates] : definition.on) add(all, definition, reached, "on", event, candidates);
  for (const auto& schedule : definition.schedules) add(all, definition, reached, "schedule", schedule.name, schedule.then);
  for (const auto& state : definition.states) {
    for (const auto& [event, candidates] : state.on) add(all, definition, reached, state.name, event, candidates);
    for (const auto& after : state.after) add(all, definition, reached, state.name, after.name, after.then);
  }
  for (const auto& work : definition.works) {
    const auto from = work.in_place && work.state >= 0 ? definition.states[static_cast<std::size_t>(work.state)].name + "/" + work.name : work.name;
    add(all, definition, reached, from, "done", work.done);
    add(all, definition, reached, from, "failed", work.failed);
  }
  return all;
}

const std::vector<Step>* inner_of(const Step& step) {
  if (const auto* parallel = std::get_if<ParallelStep>(&step.body)) return parallel->steps.get();
  if (const auto* each = std::get_if<EachStep>(&step.body)) return each->steps.get();
  return nullptr;
}

}  // namespace

std::size_t Coverage::count() const { return static_cast<std::size_t>(std::ranges::count_if(things, [](const Reachable& thing) { return thing.reached; })); }

double Coverage::percent() const { return things.empty() ? 100 : 100.0 * static_cast<double>(count()) / static_cast<double>(things.size()); }

std::vector<Coverage> cover(const Definition& definition, const Reached& reached) {
  Coverage states{"states", {}}, steps{"steps", {}};
  for (std::size_t i = 0; i < definition.states.size(); ++i)
    states.things.push_back({definition.states[i].name, definition.states[i].place.line, reached.states.contains(static_cast<int>(i))});
  for (std::size_t i = 0; i < definition.works.size(); ++i) {
    const auto add_step = [&](const Step& step) {
      steps.things.push_back({definition.works[i].name + "." + step.name, step.place.line, reached.steps.contains({static_cast<int>(i), step.name})});
    };
    for (const auto& step : definition.works[i].steps) {
      add_step(step);
      if (const auto* inner = inner_of(step)) std::ranges::for_each(*inner, add_step);
    }
  }
  return {std::move(states), transitions(definition, reached), std::move(steps)};
}

std::string shortfall(const Goal& goal, const std::vector<Coverage>& coverage) {
  const auto found = std::ranges::find_if(coverage, [&](const Coverage& c) { return c.what == goal.what; });
  if (found == coverage.end()) return {};
  std::vector<std::string> known, missing;
  std::size_t wanted = 0, got = 0;
  for (const auto& thing : found->things) {
    known.push_back(thing.name);
    if (reading::contains(goal.except, thing.name)) continue;
    ++wanted;
    got += thing.reached ? 1 : 0;
    if (!thing.reached) missing.push_back(fmt::format("{} (line {})", thing.name, thing.line));
  }
  for (const auto& name : goal.except)
    if (!reading::contains(known, name)) return fmt::format("'except' of {} names '{}', which is none of them", goal.what, name);
  const double percent = wanted == 0 ? 100 : 100.0 * static_cast<double>(got) / static_cast<double>(wanted);
  if (percent >= goal.percent) return {};
  std::string text = fmt::format("{} of {} {} were reached, {:.0f} % are wanted; never:", got, wanted, goal.what, goal.percent);
  for (const auto& name : missing) text += "\n    " + name;
  return text;
}

}  // namespace stellwerk::workflows::proof
