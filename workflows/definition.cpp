#include "workflows/definition.hpp"

#include <algorithm>

namespace stellwerk::workflows {

int Definition::find_state(std::string_view state) const {
  const auto found = std::ranges::find(states, state, &State::name);
  return found == states.end() ? -1 : static_cast<int>(found - states.begin());
}

int Definition::find_attribute(std::string_view attribute) const {
  const auto found = std::ranges::find_if(attributes, [&](const Attribute& candidate) { return candidate.field.name == attribute; });
  return found == attributes.end() ? -1 : static_cast<int>(found - attributes.begin());
}

int Definition::find_schedule(std::string_view schedule) const {
  const auto found = std::ranges::find(schedules, schedule, &Schedule::name);
  return found == schedules.end() ? -1 : static_cast<int>(found - schedules.begin());
}

const Candidates* Definition::candidates(int state, std::string_view event) const {
  const auto& there = states[static_cast<std::size_t>(state)];
  if (const auto own = there.on.find(event); own != there.on.end()) return &own->second;
  if (there.final || there.works()) return nullptr;
  const auto common = on.find(event);
  return common == on.end() ? nullptr : &common->second;
}

}  // namespace stellwerk::workflows
