#pragma once
// The part of the cursor's JSON that belongs to time: schedules, timers that fell due meanwhile or have fired, the birth.

#include "workflows/snapshot.hpp"

namespace stellwerk::workflows {

/// Adds `born`, `late`, `fired` and `schedules`, each only when there is something to tell.
void encode_times(const Cursor& cursor, JsonObject& json);
/// Reads what encode_times() wrote; what is absent stays as it is in `cursor`. Errors: internal, when a part is no JSON of its kind.
[[nodiscard]] Result<void> decode_times(const Json& json, Cursor& cursor);

}  // namespace stellwerk::workflows
