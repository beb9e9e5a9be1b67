// Which events may start the work of a state, before the states are read.
#include <algorithm>

#include "workflows/loader/loader.hpp"

namespace stellwerk::workflows::loading {
namespace {

template <class Visit>
void each_candidate(const Yaml& candidates, const Visit& visit) {
  if (!candidates.is_list()) {
    if (candidates.is_map()) visit(candidates);
    return;
  }
  for (const auto& candidate : candidates.items) {
    if (candidate.is_map()) visit(candidate);
  }
}

/// Calls `visit(state)` for every state that the candidates lead to, also at the end of steps done in place.
template <class Visit>
void each_target(const Context& context, const Yaml& candidates, const Visit& visit) {
  const auto target = [&](const Yaml& map, const KeySet& keys) {
    const auto* to = find_key(map, keys, "to");
    if (const int state = to && to->is_text() ? peek_state(context, to->text) : -1; state >= 0) visit(static_cast<std::size_t>(state));
  };
  each_candidate(candidates, [&](const Yaml& candidate) {
    target(candidate, transition_keys());
    for (const auto* key : {"done", "failed"}) {
      const auto* ending = find_key(candidate, transition_keys(), key);
      if (ending) each_candidate(*ending, [&](const Yaml& then) { target(then, transition_keys()); });
    }
    const auto* steps = find_key(candidate, transition_keys(), "steps");
    for (const auto& step : steps && steps->is_list() ? steps->items : std::vector<Yaml>{}) {
      const auto* body = step.is_map() && step.entries.size() == 1 ? &step.entries[0].value : nullptr;
      const auto* leave = body && body->is_map() ? find_key(*body, step_keys(), "leave") : nullptr;
      if (leave && leave->is_map()) target(*leave, transition_keys());
    }
  });
}

const std::vector<YamlEntry>& entries_of(const Yaml* map) {
  static const std::vector<YamlEntry> none;
  return map && map->is_map() ? map->entries : none;
}

}  // namespace

std::vector<RunEvents> find_run_events(const Context& context, const Yaml& root) {
  std::vector<RunEvents> found(context.state_names.size());
  std::vector<std::pair<std::size_t, std::size_t>> onward;  // from one working state into the next, the event goes along
  const auto& states = entries_of(find_key(root, workflow_keys(), "states"));
  const auto by_events = [&](const Yaml* on) {
    for (const auto& [event, place, candidates] : entries_of(on)) each_target(context, candidates, [&, name = &event](std::size_t to) { found[to].names.insert(*name); });
  };
  const auto by_timers = [&](const Yaml* timers) {
    for (const auto& [timer, place, candidates] : entries_of(timers)) each_target(context, candidates, [&](std::size_t to) { found[to].also_none = true; });
  };

  if (!found.empty()) found[static_cast<std::size_t>(context.definition.initial)].also_none = true;
  by_events(find_key(root, workflow_keys(), "on"));
  by_timers(find_key(root, workflow_keys(), "schedule"));
  for (std::size_t from = 0; from < states.size() && from < found.size(); ++from) {
    const auto& state = states[from].value;
    if (!state.is_map()) continue;
    by_events(find_key(state, state_keys(), "on"));
    by_timers(find_key(state, state_keys(), "after"));
    // a state has the keys of steps that a transition has
    if (find_key(state, state_keys(), "steps")) each_target(context, state, [&](std::size_t to) { onward.emplace_back(from, to); });
  }
  for (bool changed = true; changed;) {
    changed = false;
    for (const auto& [from, to] : onward) {
      const auto before = found[to].names.size();
      const auto none_before = found[to].also_none;
      const auto names = found[from].names;  // a copy: `from` may be `to`
      found[to].names.insert(names.begin(), names.end());
      found[to].also_none = none_before || found[from].also_none;
      changed = changed || found[to].names.size() != before || found[to].also_none != none_before;
    }
  }
  return found;
}

bool has_steps_in_place(const Yaml& map, const KeySet& keys) {
  for (const auto* key : {"on", "after", "schedule"}) {
    for (const auto& entry : entries_of(find_key(map, keys, key))) {
      bool found = false;
      each_candidate(entry.value, [&](const Yaml& candidate) { found = found || find_key(candidate, transition_keys(), "steps"); });
      if (found) return true;
    }
  }
  return false;
}

}  // namespace stellwerk::workflows::loading
