#pragma once
// Walks a checked tree. Values are passed by pointer: into the frame, into a literal of the tree, into a container that is kept
// alive by the caller's scratch value, or to that scratch itself. So reading members and comparing them allocates nothing.

#include "workflows/cel/ast.hpp"
#include "workflows/cel/run.hpp"

namespace stellwerk::workflows::cel {

/// The value of the tree, or nullptr with the error in `run`. The result lives as long as `scratch`, the frame and the tree.
[[nodiscard]] const Value* evaluate(const Node& root, Run& run, Value& scratch);

/// The same as a Result; takes the failure out of `run`.
[[nodiscard]] Result<Value> evaluate_value(const Node& root, Run& run);

}  // namespace stellwerk::workflows::cel
