#pragma once
// Operators of the language's own kinds, by subject. Each gives nothing when the operands are not of its kinds, else true with the
// result in `out`, or false with the error noted in `run`.

#include <optional>
#include <string>

#include "workflows/cel/ast.hpp"
#include "workflows/cel/run.hpp"

namespace stellwerk::workflows::cel {

/// Dates and periods, and timestamps with periods (in the zone of the run).
[[nodiscard]] std::optional<bool> calendar_operator(Op op, const Value& left, const Value& right, Run& run, Value& out);
/// Decimals and money, both with int.
[[nodiscard]] std::optional<bool> exact_operator(Op op, const Value& left, const Value& right, Run& run, Value& out);
/// -x of int, double, duration, period, decimal and money.
[[nodiscard]] bool negation(const Value& operand, Run& run, Value& out);

/// Why two values must be neither ordered nor found unequal ("P1M and P30D cannot be compared: a month has 28 to 31 days"); empty when
/// there is no such reason. Amounts of two currencies have no order either, but are unequal: `ordering` tells which is asked.
[[nodiscard]] std::string why_incomparable(const Value& a, const Value& b, bool ordering);

}  // namespace stellwerk::workflows::cel
