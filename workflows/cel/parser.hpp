#pragma once
// Text to tree. Macros (has, all, exists, …) become nodes of their own here, as in every CEL implementation.

#include <string_view>

#include "workflows/cel/ast.hpp"
#include "workflows/cel/cel.hpp"

namespace stellwerk::workflows::cel {

/// Parses one whole expression. Bounds: those of ast.hpp.
[[nodiscard]] tl::expected<Node, Mistake> parse(std::string_view source);

}  // namespace stellwerk::workflows::cel
