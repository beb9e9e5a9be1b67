#pragma once
// Which places of the frame a checked tree reads.

#include <vector>

#include "workflows/cel/ast.hpp"

namespace stellwerk::workflows::cel {

/// Appends the slots that the tree reads, in no order, also more than once.
void collect_slots(const Node& node, std::vector<int>& slots);
/// Each once, ascending.
[[nodiscard]] std::vector<int> sorted_slots(std::vector<int> slots);

}  // namespace stellwerk::workflows::cel
