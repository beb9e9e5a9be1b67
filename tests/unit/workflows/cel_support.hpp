#pragma once
// Evaluating an expression in one line, for tests of the expression language.

#include <fmt/format.h>

#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "workflows/cel/cel.hpp"

namespace cel_tests {

namespace cel = stellwerk::workflows::cel;
using cel::Type;
using cel::Value;

/// A row of a table: the expression, and "kind text" of its value, "mistake: …" or "error: …".
struct Row {
  std::string_view expression;
  std::string_view result;
};
inline std::ostream& operator<<(std::ostream& stream, const Row& row) { return stream << row.expression; }

inline std::string shown(const Value& value) { return fmt::format("{} {}", cel::kind_name(value.kind()), cel::to_text(value)); }

inline std::string evaluated(std::string_view expression, const cel::Environment& environment = {}, std::span<const Value> frame = {}) {
  const auto program = cel::compile(expression, environment);
  if (!program) return "mistake: " + program.error().front().message;
  const auto value = program->evaluate(frame);
  return value ? shown(*value) : "error: " + value.error().message;
}

/// The same with `x` of type dyn, so that nothing is refused before it is evaluated.
inline std::string evaluated_with(std::string_view expression, Value x) {
  cel::Environment environment;
  environment.add("x", {}, 0);
  const std::vector<Value> frame{std::move(x)};
  return evaluated(expression, environment, frame);
}

}  // namespace cel_tests
