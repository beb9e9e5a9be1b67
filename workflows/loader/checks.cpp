// The checks in their order, and what several of them ask of a definition.
#include "workflows/loader/checks.hpp"

#include <algorithm>

namespace stellwerk::workflows::loading {
namespace {

/// The endings of a work, and the steps that leave it.
template <class Visit>
void each_ending(const Definition& definition, int index, const Visit& visit) {
  const auto& work = definition.work(index);
  const auto all = [&](Way way, const Candidates& candidates) {
    for (const auto& transition : candidates) {
      if (transition.to >= 0) visit(Passage{way, index, transition.to, transition.place});
    }
  };
  all(Way::done, work.done);
  all(Way::failed, work.failed);
  for (const auto& step : work.steps) {
    if (const auto* leave = std::get_if<LeaveStep>(&step.body); leave && leave->to >= 0) visit(Passage{Way::leave, index, leave->to, step.place});
  }
}

template <class Visit>
void each_target(const Definition& definition, Way way, const Candidates& candidates, const Visit& visit) {
  for (const auto& transition : candidates) {
    if (transition.to >= 0) visit(Passage{way, -1, transition.to, transition.place});
    if (transition.work >= 0) each_ending(definition, transition.work, visit);
  }
}

}  // namespace

void each_way(const Definition& definition, int from, const std::function<void(const Passage&)>& visit) {
  const auto& state = definition.states[static_cast<std::size_t>(from)];
  for (const auto& [event, candidates] : state.on) each_target(definition, Way::event, candidates, visit);
  for (const auto& timer : state.after) each_target(definition, Way::timer, timer.then, visit);
  if (state.works()) each_ending(definition, state.work, visit);
  if (state.works() || state.final) return;
  for (const auto& [event, candidates] : definition.on) {
    if (!state.on.contains(event)) each_target(definition, Way::event, candidates, visit);
  }
  for (const auto& schedule : definition.schedules) {
    if (!schedule.is_clock || std::ranges::find(schedule.counts_in, from) != schedule.counts_in.end()) each_target(definition, Way::timer, schedule.then, visit);
  }
}

void each_step(const std::vector<Step>& steps, const std::function<void(const Step&)>& visit) {
  for (const auto& step : steps) {
    visit(step);
    if (const auto* parallel = std::get_if<ParallelStep>(&step.body); parallel && parallel->steps) each_step(*parallel->steps, visit);
    if (const auto* each = std::get_if<EachStep>(&step.body); each && each->steps) each_step(*each->steps, visit);
  }
}

void add_written(std::set<int>& attributes, const std::vector<LocalEffect>& effects) {
  for (const auto& effect : effects) {
    if (const auto* set = std::get_if<SetEffect>(&effect)) {
      for (const auto& [attribute, value] : set->values) attributes.insert(attribute);
    } else if (const auto* save = std::get_if<SaveEffect>(&effect)) {
      attributes.insert(save->attribute);
    } else if (const auto* create = std::get_if<CreateEffect>(&effect); create && create->save_id >= 0) {
      attributes.insert(create->save_id);
    } else if (const auto* each = std::get_if<EachEffect>(&effect); each && each->effects) {
      add_written(attributes, *each->effects);
    }
  }
}

void add_read(std::set<int>& attributes, const Definition& definition, const cel::Program& program) {
  if (!program) return;
  for (const int slot : program.slots()) {
    const int attribute = slot - definition.attribute_slot(0);
    if (attribute < 0 || attribute >= static_cast<int>(definition.attributes.size()) || !attributes.insert(attribute).second) continue;
    add_read(attributes, definition, definition.attributes[static_cast<std::size_t>(attribute)].value);
  }
}

bool reads(const cel::Program& program, int slot) {
  if (!program) return false;
  const auto slots = program.slots();
  return std::ranges::find(slots, slot) != slots.end();
}

void check_whole(Context& context) {
  if (context.definition.states.empty()) return;
  if (!context.has_lost_ways && !context.definition.abstract) check_reachable(context);
  check_confirmed(context);
  check_wake_ups(context);
  check_endings(context);
  check_required(context);
  check_guards(context);
  check_schedules(context);
  check_parallel(context);
  check_approvals(context);
}

}  // namespace stellwerk::workflows::loading
