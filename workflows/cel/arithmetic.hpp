#pragma once
// + - * / % with CEL's errors: overflow, division by zero, kinds that do not fit.

#include "workflows/cel/ast.hpp"
#include "workflows/cel/run.hpp"

namespace stellwerk::workflows::cel {

/// `op` is one of add, subtract, multiply, divide, remainder. False with the error noted in `run`.
[[nodiscard]] bool arithmetic(Op op, const Value& left, const Value& right, Run& run, Value& out);

}  // namespace stellwerk::workflows::cel
