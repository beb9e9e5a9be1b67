#include "workflows/snapshot.hpp"

#include <algorithm>

namespace stellwerk::workflows {

Duration stood_still(const std::vector<Standstill>& spans, Time from, Time until) {
  Duration stood{};
  for (const auto& span : spans) stood += std::max(std::min(span.until, until) - std::max(span.from, from), Duration{});
  return stood;
}

}  // namespace stellwerk::workflows
