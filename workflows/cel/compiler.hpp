#pragma once
// Source to checked tree; Program, Template and the conformance runner build on it.

#include <memory>
#include <string_view>
#include <vector>

#include "workflows/cel/checker.hpp"

namespace stellwerk::workflows::cel {

struct Compiled {
  std::shared_ptr<const Node> root;
  Type type;
};

[[nodiscard]] tl::expected<Compiled, std::vector<Mistake>> compile_tree(std::string_view source, const Environment& environment, const Type& expected, Mode mode);

}  // namespace stellwerk::workflows::cel
