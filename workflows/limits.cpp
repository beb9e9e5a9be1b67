#include "workflows/limits.hpp"

#include <fmt/format.h>

namespace stellwerk::workflows {

Error over_limit(const Excess& excess) {
  return {ErrorCode::invalid_argument, fmt::format("{}; the limit is {} (setting limits.{}): {}, or raise the limit", excess.what, excess.limit, excess.setting, excess.advice), excess.reason};
}

}  // namespace stellwerk::workflows
