// What only the whole workflow shows: states nothing leads to, paths around a confirmation.
#include <fmt/format.h>

#include <algorithm>

#include "workflows/loader.hpp"

namespace stellwerk::workflows::loading {
namespace {

enum class Way { event, timer, done, failed, leave };

/// Calls `visit(way, transition's target, its place)` for every way out of the state.
template <class Visit>
void each_way(const Definition& definition, int from, const Visit& visit) {
  const auto& state = definition.states[static_cast<std::size_t>(from)];
  const auto all = [&](Way way, const Candidates& candidates) {
    for (const auto& transition : candidates) {
      if (transition.to >= 0) visit(way, transition.to, transition.place);
    }
  };
  for (const auto& [event, candidates] : state.on) all(Way::event, candidates);
  if (!state.final && !state.works()) {
    for (const auto& [event, candidates] : definition.on) {
      if (!state.on.contains(event)) all(Way::event, candidates);
    }
  }
  for (const auto& timer : state.after) all(Way::timer, timer.then);
  all(Way::done, state.done);
  all(Way::failed, state.failed);
  for (const auto& step : state.steps) {
    if (const auto* leave = std::get_if<LeaveStep>(&step.body); leave && leave->to >= 0) visit(Way::leave, leave->to, step.place);
  }
}

void check_reachable(Context& context) {
  const auto& definition = context.definition;
  std::vector<bool> reached(definition.states.size(), false);
  std::vector<int> open{definition.initial};
  reached[static_cast<std::size_t>(definition.initial)] = true;
  while (!open.empty()) {
    const int state = open.back();
    open.pop_back();
    each_way(definition, state, [&](Way, int to, Place) {
      if (reached[static_cast<std::size_t>(to)]) return;
      reached[static_cast<std::size_t>(to)] = true;
      open.push_back(to);
    });
  }
  for (std::size_t i = 0; i < reached.size(); ++i) {
    if (reached[i]) continue;
    context.report.add(code::unreachable_state, definition.states[i].place, fmt::format("nothing leads to the state '{}'", definition.states[i].name), "add a transition to it, or remove it");
  }
}

/// True when the end of the run in `from` proves one of the steps: it always runs, and its failure is not passed over.
bool confirms(const Definition& definition, int from, const std::vector<std::pair<int, int>>& confirmed_by) {
  return std::ranges::any_of(confirmed_by, [&](const std::pair<int, int>& confirmed) {
    if (confirmed.first != from) return false;
    const auto& step = definition.states[static_cast<std::size_t>(from)].steps[static_cast<std::size_t>(confirmed.second)];
    const auto goes_on = [](const Reaction& reaction) { return reaction.what == Reaction::What::go_on; };
    return !step.when && !(step.on_error && goes_on(*step.on_error)) && std::ranges::none_of(step.on_error_by, [&](const auto& by) { return goes_on(by.second); });
  });
}

void check_confirmed(Context& context, int guarded) {
  const auto& definition = context.definition;
  const auto& state = definition.states[static_cast<std::size_t>(guarded)];
  std::vector<std::string> names;
  for (const auto& [from, step] : state.confirmed_by) {
    const auto& working = definition.states[static_cast<std::size_t>(from)];
    names.push_back(working.name + "." + working.steps[static_cast<std::size_t>(step)].name);
  }
  const auto hint = fmt::format("only 'done' of a run in which {} always runs may lead here", join(names));
  if (definition.initial == guarded) {
    context.report.add(code::unconfirmed_path, state.place, fmt::format("the workflow begins in '{}', which {} must confirm", state.name, join(names)), hint);
  }
  for (int from = 0; from < static_cast<int>(definition.states.size()); ++from) {
    if (from == guarded) continue;  // whoever is there has been confirmed
    each_way(definition, from, [&](Way way, int to, Place place) {
      if (to != guarded || (way == Way::done && confirms(definition, from, state.confirmed_by))) return;
      context.report.add(code::unconfirmed_path, place, fmt::format("this way into '{}' goes around {}", state.name, join(names)), hint);
    });
  }
}

}  // namespace

void check_whole(Context& context) {
  if (context.definition.states.empty()) return;
  if (!context.has_lost_ways) check_reachable(context);
  for (int i = 0; i < static_cast<int>(context.definition.states.size()); ++i) {
    if (!context.definition.states[static_cast<std::size_t>(i)].confirmed_by.empty()) check_confirmed(context, i);
  }
}

}  // namespace stellwerk::workflows::loading
