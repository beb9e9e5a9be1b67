// Ways from state to state: what none leads to, what leads around a confirmation.
#include <fmt/format.h>

#include <algorithm>

#include "workflows/loader/checks.hpp"

namespace stellwerk::workflows::loading {
namespace {

bool goes_on_after_errors(const Step& step) {
  const auto goes_on = [](const Reaction& reaction) { return reaction.what == Reaction::What::go_on; };
  return (step.on_error && goes_on(*step.on_error)) || std::ranges::any_of(step.on_error_by, [&](const auto& by) { return goes_on(by.second); });
}

/// The step always runs, and its failure is not passed over. The elements of an `each` may be none.
bool always_succeeds(const Step& step) {
  if (step.when || goes_on_after_errors(step) || std::holds_alternative<EachStep>(step.body)) return false;
  const auto* parallel = std::get_if<ParallelStep>(&step.body);
  return !parallel || !parallel->steps || std::ranges::all_of(*parallel->steps, always_succeeds);
}

/// True when the end of this work proves one of the steps.
bool confirms(const Definition& definition, const Passage& passage, const std::vector<std::pair<int, int>>& confirmed_by) {
  if (passage.way != Way::done) return false;
  return std::ranges::any_of(confirmed_by, [&](const auto& confirmed) {
    const auto& state = definition.states[static_cast<std::size_t>(confirmed.first)];
    return state.work == passage.work && always_succeeds(definition.work(state.work).steps[static_cast<std::size_t>(confirmed.second)]);
  });
}

/// Why the end of the right work proves nothing after all; empty when it is another work.
std::string_view why_not(const Definition& definition, const Passage& passage, const std::vector<std::pair<int, int>>& confirmed_by) {
  for (const auto& [from, index] : confirmed_by) {
    const auto& state = definition.states[static_cast<std::size_t>(from)];
    if (passage.work < 0 || state.work != passage.work) continue;
    const auto& step = definition.work(state.work).steps[static_cast<std::size_t>(index)];
    if (passage.way == Way::failed) return ": it is taken when a step has failed";
    if (passage.way == Way::leave) return ": it leaves before the end";
    if (step.when) return ": its 'when' may pass the step over";
    if (goes_on_after_errors(step)) return ": the run goes on when the step has failed";
    return ": not every part of the step must have run";
  }
  return {};
}

void check_confirmed_state(Context& context, int guarded) {
  const auto& definition = context.definition;
  const auto& state = definition.states[static_cast<std::size_t>(guarded)];
  std::vector<std::string> names;
  for (const auto& [from, step] : state.confirmed_by) {
    const auto& working = definition.states[static_cast<std::size_t>(from)];
    names.push_back(working.name + "." + definition.work(working.work).steps[static_cast<std::size_t>(step)].name);
  }
  const auto hint = fmt::format("only 'done' of a run in which {} always runs may lead here", join(names));
  if (definition.initial == guarded) {
    context.report.add(code::unconfirmed_path, state.place, fmt::format("the workflow begins in '{}', which {} must confirm", state.name, join(names)), hint);
  }
  for (int from = 0; from < static_cast<int>(definition.states.size()); ++from) {
    if (from == guarded) continue;  // whoever is there has been confirmed
    each_way(definition, from, [&](const Passage& passage) {
      if (passage.to != guarded || confirms(definition, passage, state.confirmed_by)) return;
      context.report.add(code::unconfirmed_path, passage.place, fmt::format("this way into '{}' goes around {}{}", state.name, join(names), why_not(definition, passage, state.confirmed_by)), hint);
    });
  }
}

}  // namespace

bool asks_the_world(const Step& step) {
  if (std::holds_alternative<CallStep>(step.body) || std::holds_alternative<ActionStep>(step.body)) return true;
  const auto* parallel = std::get_if<ParallelStep>(&step.body);
  return parallel && parallel->steps && std::ranges::any_of(*parallel->steps, asks_the_world);
}

void check_reachable(Context& context) {
  const auto& definition = context.definition;
  std::vector<bool> reached(definition.states.size(), false);
  std::vector<int> open{definition.initial};
  reached[static_cast<std::size_t>(definition.initial)] = true;
  while (!open.empty()) {
    const int state = open.back();
    open.pop_back();
    each_way(definition, state, [&](const Passage& passage) {
      if (reached[static_cast<std::size_t>(passage.to)]) return;
      reached[static_cast<std::size_t>(passage.to)] = true;
      open.push_back(passage.to);
    });
  }
  for (std::size_t i = 0; i < reached.size(); ++i) {
    if (reached[i]) continue;
    context.report.add(code::unreachable_state, definition.states[i].place, fmt::format("nothing leads to the state '{}'", definition.states[i].name), "add a transition to it, or remove it");
  }
}

void check_confirmed(Context& context) {
  for (int i = 0; i < static_cast<int>(context.definition.states.size()); ++i) {
    if (!context.definition.states[static_cast<std::size_t>(i)].confirmed_by.empty()) check_confirmed_state(context, i);
  }
}

}  // namespace stellwerk::workflows::loading
