#pragma once
// The scalars of the YAML 1.2 core schema (section 10.3.2), stricter in one point: a number with a leading zero is text.

#include <string>

#include "config/yaml.hpp"

namespace stellwerk::config {

/// Gives `node` the kind and value of the plain scalar `node.text`. False: a number that does not fit 64 bits.
[[nodiscard]] bool resolve_plain(Yaml& node);

}  // namespace stellwerk::config
