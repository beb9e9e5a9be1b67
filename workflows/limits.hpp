#pragma once
// How much one actor may keep and one decision may do: settings `limits.*` of the server. Over a limit a command is refused, a step
// fails, a timer or message becomes an incident. No record is ever cut; what vendors say is shortened before it becomes one.

#include <cstdint>
#include <string>
#include <string_view>

#include "core/error.hpp"

namespace stellwerk::workflows {

struct Limits {
  std::int64_t attributes = 64 * 1024;   ///< bytes of all attributes of an actor, as JSON
  std::int64_t event = 32 * 1024;        ///< bytes that a command, a message or a notice carries
  std::int64_t result = 32 * 1024;       ///< bytes of a step's result
  std::int64_t vendor_text = 16 * 1024;  ///< bytes of what a vendor says of an attempt
  int messages = 64;                     ///< that one decision sends; as many notices; as many new actors
  int timers = 32;                       ///< that one decision sets
  int depth = 64;                        ///< messages that cause one another
  int steps = 100;                       ///< steps and transitions of an actor without an event from outside
  int deferred = 64;                     ///< events that wait while the actor works
};

/// What is over a limit.
struct Excess {
  std::string_view setting;  ///< behind "limits."
  std::int64_t limit = 0;
  std::string reason;
  std::string what;          ///< "the payload of 'go' has 40011 bytes"
  std::string_view advice;   ///< what to do beside raising the limit: "let it carry less"
};
/// "<what>; the limit is 32768 (setting limits.event): <advice>, or raise the limit". Code: invalid_argument.
[[nodiscard]] Error over_limit(const Excess& excess);

}  // namespace stellwerk::workflows
