// Transitions: exit, effects, entry; and what entering a state brings with it. Their effects: effects.cpp.

#include <fmt/format.h>

#include <utility>

#include "workflows/advance/deciding.hpp"

namespace stellwerk::workflows {
namespace {

constexpr std::pair<std::string_view, std::string_view> kinds[] = {{"service", "svc"}, {"ticket", "tkt"}, {"order", "ord"}, {"invoice", "inv"}, {"domain", "dom"}, {"customer", "cus"}};

}  // namespace

std::string_view prefix_of(std::string_view kind) {
  for (const auto& [name, prefix] : kinds)
    if (name == kind) return prefix;
  return "act";
}

std::string_view kind_of(std::string_view id) {
  for (const auto& [name, prefix] : kinds)
    if (prefix == id_prefix(id)) return name;
  return {};
}

Result<void> Deciding::apply(const Transition& transition) {
  decision_.taken.push_back(&transition);
  STELLWERK_CHECK(count_move());
  if (transition.require) rely_on(transition.require);
  const bool by_timer = cause_.starts_with("schedule:") || cause_.starts_with("after:");
  if (transition.counts && by_timer) {
    decision_.guarded = !std::holds_alternative<Remedy>(event_.body);  // what a person lets go is no accident of the clock
    note({{"type", "guard"}, {"guard", "mass"}});
  }
  if (transition.to >= 0) STELLWERK_CHECK(leave_state());
  STELLWERK_CHECK(effects(transition.effects));
  if (transition.to >= 0) return enter(transition.to);
  if (transition.work >= 0) return begin_run(transition.work);
  return {};
}

Result<void> Deciding::leave_state() {
  for (const auto& after : state().after) clear_timer(after.name);
  next_.cursor.late.clear();
  next_.cursor.fired.clear();
  return effects(state().exit);
}

Result<void> Deciding::enter(int to) {
  auto& entry = note({{"type", "state"}, {"to", definition_.states[static_cast<std::size_t>(to)].name}});
  if (state_ >= 0) entry["from"] = state().name;
  STELLWERK_CHECK(count_clocks(state_, to));
  state_ = to;
  next_.cursor.entered = now_;
  entered_ = true;
  show_state();
  STELLWERK_CHECK(effects(state().entry));
  STELLWERK_CHECK(compute());
  STELLWERK_CHECK(arm_timers());
  if (state().final)
    while (!next_.cursor.timers.empty()) clear_timer(std::string{next_.cursor.timers.begin()->first});
  if (state().works()) return begin_run(state().work);
  return {};
}

}  // namespace stellwerk::workflows
