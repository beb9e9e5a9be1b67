// Which transitions of timers the mass-action guard counts.

#include <algorithm>
#include <set>

#include "workflows/loader/checks.hpp"

namespace stellwerk::workflows::loading {
namespace {

/// Where an actor comes to without an event from outside: the endings of work that went well are followed, failures are not.
class Weighing {
 public:
  explicit Weighing(const Definition& definition) : definition_{definition} {
    const auto look = [&](const auto& on) {
      for (const auto& [name, candidates] : on) {
        const auto event = definition.events.find(name);
        if (event == definition.events.end() || !event->second.destructive) continue;
        for (const auto& transition : candidates)
          if (transition.to >= 0) destructive_.insert(transition.to);
      }
    };
    look(definition.on);
    for (const auto& state : definition.states) look(state.on);
  }

  [[nodiscard]] bool counts(const Transition& transition) const {
    std::set<int> seen;
    return transition.guard_mass || leads_on(transition, seen);
  }

 private:
  bool leads_on(const Transition& transition, std::set<int>& seen) const {
    return (transition.to >= 0 && state_counts(transition.to, seen)) || (transition.work >= 0 && work_counts(transition.work, seen));
  }

  bool state_counts(int index, std::set<int>& seen) const {
    if (destructive_.contains(index)) return true;
    if (!seen.insert(index).second) return false;
    const auto& state = definition_.states[static_cast<std::size_t>(index)];
    return state.works() && work_counts(state.work, seen);
  }

  bool work_counts(int index, std::set<int>& seen) const {
    const auto& work = definition_.work(index);
    bool counts = false;
    each_step(work.steps, [&](const Step& step) {
      if (const auto* call = std::get_if<CallStep>(&step.body)) counts = counts || call->operation.effect == Effect::destroys;
      if (const auto* leave = std::get_if<LeaveStep>(&step.body)) counts = counts || (leave->to >= 0 && state_counts(leave->to, seen));
    });
    return counts || std::any_of(work.done.begin(), work.done.end(), [&](const Transition& transition) { return leads_on(transition, seen); });
  }

  const Definition& definition_;
  std::set<int> destructive_;  ///< states that a command with `confirm: destructive` leads to
};

}  // namespace

void mark_counted(Definition& definition) {
  const Weighing weighing{definition};
  const auto mark = [&](Candidates& candidates) {
    for (auto& transition : candidates) transition.counts = weighing.counts(transition);
  };
  for (auto& state : definition.states)
    for (auto& after : state.after) mark(after.then);
  for (auto& schedule : definition.schedules) mark(schedule.then);
}

}  // namespace stellwerk::workflows::loading
