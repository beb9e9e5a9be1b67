#pragma once
// Values share their parts: [a, a] in [b, b] in … is small in memory and endless when written out. So what an evaluation made is
// measured as it would be written, before anybody writes it.

#include <cstddef>

#include "workflows/cel/run.hpp"
#include "workflows/cel/value.hpp"

namespace stellwerk::workflows::cel {

constexpr std::size_t max_result_bytes = 8 << 20;  ///< strings as they are, 16 for every value
constexpr int max_result_depth = 60;               ///< below the depth that JSON readers take

/// False with resource_exhausted noted when the value written out would exceed `bytes` or the depth. Costs at most bytes / 16 visits.
[[nodiscard]] bool check_result(const Value& value, std::size_t bytes, Run& run);

}  // namespace stellwerk::workflows::cel
