// What may wait for ever, and work whose end may lead nowhere.
#include <fmt/format.h>

#include <algorithm>

#include "workflows/loader/checks.hpp"

namespace stellwerk::workflows::loading {

/// A schedule's `when` is not weighed: whether it can hold in a state shows only in the world.
void check_wake_ups(Context& context) {
  const auto& definition = context.definition;
  for (std::size_t i = 0; i < definition.states.size(); ++i) {
    const auto& state = definition.states[i];
    if (state.status.empty() || state.final || state.rest || state.works() || !state.after.empty() || context.lost_waits.contains(i)) continue;
    const bool is_woken = std::ranges::any_of(definition.schedules, [&](const Schedule& schedule) {
      return !schedule.is_clock || std::ranges::find(schedule.counts_in, static_cast<int>(i)) != schedule.counts_in.end();
    });
    if (is_woken) continue;
    context.report.add(code::no_way_on, state.place, fmt::format("the state '{}' may wait for ever", state.name),
                       "add 'after', or 'rest: true' if waiting for a person without limit is right here");
  }
}

void check_endings(Context& context) {
  const auto one = [&](const State& state, std::string_view key, const Candidates& candidates) {
    if (candidates.empty() || !(candidates.back().when || candidates.back().require)) return;
    context.report.add(code::no_last_candidate, candidates.back().place,
                       fmt::format("'{}' of the state '{}' leads nowhere when {}", key, state.name,
                                   candidates.size() == 1 ? "its condition does not hold" : "none of the conditions holds"),
                       "add a last candidate without 'when': { to: <state> }");
  };
  for (const auto& state : context.definition.states) {
    if (!state.works()) continue;
    const auto& work = context.definition.work(state.work);
    one(state, "done", work.done);
    one(state, "failed", work.failed);
  }
}

}  // namespace stellwerk::workflows::loading
