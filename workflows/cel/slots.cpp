#include "workflows/cel/slots.hpp"

#include <algorithm>
#include <utility>

#include "workflows/cel/cel.hpp"

namespace stellwerk::workflows::cel {

void collect_slots(const Node& node, std::vector<int>& slots) {
  if (node.op == Op::slot || node.op == Op::slot_present) slots.push_back(node.slot);
  for (const auto& child : node.children) collect_slots(child, slots);
}

std::vector<int> sorted_slots(std::vector<int> slots) {
  std::ranges::sort(slots);
  const auto repeated = std::ranges::unique(slots);
  slots.erase(repeated.begin(), repeated.end());
  return slots;
}

std::vector<int> Program::slots() const {
  std::vector<int> slots;
  if (root_) collect_slots(*root_, slots);
  return sorted_slots(std::move(slots));
}

}  // namespace stellwerk::workflows::cel
