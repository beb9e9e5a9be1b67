// Timers: those that act on another actor's word, where a guard counts, schedules that never come due.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include "workflows/loader/checks.hpp"

namespace stellwerk::workflows::loading {
namespace {

/// Who else decides: attributes that messages of other actors write, and one such message each.
std::map<int, std::string> decided_by_others(const Definition& definition) {
  static constexpr std::array no_actors{"connector", "billing", "system"};
  std::map<int, std::string> found;
  const auto all = [&](const std::map<std::string, Candidates, std::less<>>& on) {
    for (const auto& [name, candidates] : on) {
      const auto event = definition.events.find(name);
      if (event == definition.events.end()) continue;
      if (std::ranges::all_of(event->second.from, [&](const auto& kind) { return std::ranges::find(no_actors, kind) != no_actors.end(); })) continue;
      std::set<int> written;
      for (const auto& transition : candidates) add_written(written, transition.effects);
      for (const int attribute : written) found.emplace(attribute, name);
    }
  };
  all(definition.on);
  for (const auto& state : definition.states) all(state.on);
  return found;
}

/// What of this work cannot be taken back or shuts someone out, in words; empty when nothing does.
std::string weight_of(const Definition& definition, int index) {
  if (index < 0) return {};
  const auto& work = definition.work(index);
  std::string weight;
  each_step(work.steps, [&](const Step& step) {
    const auto* call = std::get_if<CallStep>(&step.body);
    if (weight.empty() && call && call->operation.effect == Effect::destroys) weight = fmt::format("{}, which destroys", call->operation.name);
  });
  for (const auto& transition : work.done) {
    if (!weight.empty() || transition.to < 0) continue;
    const auto& target = definition.states[static_cast<std::size_t>(transition.to)];
    if (target.status == "suspended" && (work.state < 0 || definition.states[static_cast<std::size_t>(work.state)].status != "suspended")) {
      weight = fmt::format("a suspension ('{}')", target.name);
    }
  }
  return weight;
}

/// `from`: status of the state in which the timer runs; empty for a schedule.
std::string weight_of(const Definition& definition, const Transition& transition, std::string_view from) {
  auto weight = weight_of(definition, transition.work);
  if (!weight.empty() || transition.to < 0) return weight;
  const auto& target = definition.states[static_cast<std::size_t>(transition.to)];
  if (target.works()) return weight_of(definition, target.work);
  return target.status == "suspended" && from != "suspended" ? fmt::format("a suspension ('{}')", target.name) : std::string{};
}

/// Through a reference: what is not read anew, locked, proves nothing.
bool reads_a_row(const Definition& definition, const cel::Program& require) {
  if (!require) return false;
  const int first = definition.reference_slot(0);
  return std::ranges::any_of(require.slots(), [&](int slot) { return slot >= first && slot < first + static_cast<int>(definition.references.size()); });
}

template <class Visit>
void each_elsewhere(const Definition& definition, const Visit& visit) {
  for (const auto& [event, candidates] : definition.on) visit(candidates);
  for (const auto& state : definition.states) {
    for (const auto& [event, candidates] : state.on) visit(candidates);
  }
  for (const auto& work : definition.works) {
    visit(work.done);
    visit(work.failed);
  }
}

void check_schedule(Context& context, const Schedule& schedule) {
  const auto tell = [&](std::string message, std::string hint) { context.report.add(code::idle_schedule, schedule.place, std::move(message), std::move(hint)); };
  for (const auto& [variable, slot] : {std::pair{"now", slot::now}, std::pair{"today", slot::today}}) {
    if (reads(schedule.at, slot)) {
      tell(fmt::format("'at' of '{}' reads '{}', so it moves on with the time and never comes", schedule.name, variable),
           "reckon from an attribute, such as self.due - P14D, or repeat with 'every: P1D'");
    }
  }
  const bool has_when = std::ranges::any_of(schedule.then, [](const Transition& transition) { return transition.when || transition.require; });
  if (schedule.skipped_waits && !has_when) {
    tell(fmt::format("'{}' waits when it is skipped, but nothing skips it: there is no 'when'", schedule.name), "add 'when', or remove 'skipped'");
  }
  if (!schedule.is_clock) return;
  for (const int state : schedule.counts_in) {
    if (state < 0 || !context.definition.states[static_cast<std::size_t>(state)].final) continue;
    tell(fmt::format("the clock '{}' counts in '{}', which is final: no timer runs there", schedule.name, context.definition.states[static_cast<std::size_t>(state)].name),
         "name states that wait or work in 'counts_in'");
  }
}

}  // namespace

void check_required(Context& context) {
  const auto& definition = context.definition;
  const auto others = decided_by_others(definition);
  const auto one = [&](const std::string& timer, std::string_view status, const Transition& transition, std::initializer_list<const cel::Program*> expressions) {
    if (reads_a_row(definition, transition.require)) return;
    const auto weight = weight_of(definition, transition, status);
    if (weight.empty()) return;
    std::set<int> read;
    add_read(read, definition, transition.when);
    for (const auto* expression : expressions) add_read(read, definition, *expression);
    const auto decided = std::ranges::find_if(read, [&](int attribute) { return others.contains(attribute); });
    if (decided == read.end()) return;
    context.report.add(code::missing_require, transition.place,
                       fmt::format("{} {}: it leads to {}, and goes by '{}', which the event '{}' of another actor sets", timer,
                                   transition.require ? "has a 'require' that reads no row of another actor" : "lacks 'require'", weight,
                                   definition.attributes[static_cast<std::size_t>(*decided)].field.name, others.at(*decided)),
                       "write require: <condition over the other actor's row, such as self.invoice.status == 'open'>; it is read again, locked, when the decision is written");
  };
  for (const auto& state : definition.states) {
    for (const auto& timer : state.after) {
      for (const auto& transition : timer.then) one(fmt::format("a timer of '{}'", state.name), state.status, transition, {&timer.delay});
    }
  }
  for (const auto& schedule : definition.schedules) {
    for (const auto& transition : schedule.then) one(fmt::format("the schedule '{}'", schedule.name), {}, transition, {&schedule.at, &schedule.every, &schedule.per});
  }
}

void check_guards(Context& context) {
  each_elsewhere(context.definition, [&](const Candidates& candidates) {
    for (const auto& transition : candidates) {
      if (!transition.guard_mass) continue;
      context.report.add(code::misplaced_guard, transition.place, "'guard: mass' counts what timers do, and no timer leads here", "remove 'guard', or move it to the transition of the timer");
    }
  });
}

void check_schedules(Context& context) {
  for (const auto& schedule : context.definition.schedules) check_schedule(context, schedule);
}

}  // namespace stellwerk::workflows::loading
