#pragma once
// What came of one attempt of a step.

#include <optional>
#include <string>
#include <string_view>

#include "core/clock.hpp"
#include "core/json.hpp"

namespace stellwerk {

enum class OutcomeClass {
  done,               ///< the effect is there, by this request
  already,            ///< the effect was there before: as good as done
  not_done,           ///< observed: the effect is absent
  pending,            ///< the vendor works on it; `handle` names its task
  retry,              ///< refused for now, without effect
  retry_after,        ///< the same, not before `after`
  unclear,            ///< the effect may have happened: observe before anything else
  conflict,           ///< the identity is taken by somebody else; proven without effect of ours
  gone,               ///< what it should work on does not exist
  rejected_customer,  ///< refused for a reason in the customer's input
  rejected_operator,  ///< refused for a reason an operator must look at
};
[[nodiscard]] std::string_view to_string(OutcomeClass outcome);
[[nodiscard]] std::optional<OutcomeClass> parse_outcome(std::string_view text);

struct Outcome {
  OutcomeClass is = OutcomeClass::unclear;
  std::string code;                ///< short machine-readable: from the file, or "timeout", "refused", "not_owned", "missing", …
  std::string text;                ///< the vendor's own words or ours, secrets masked by value; what is longer than is kept (limits.vendor_text) is shortened
  std::string handle;              ///< of a pending task
  Json output = JsonObject{};      ///< of done and already
  std::optional<Duration> after;   ///< of retry_after
  std::string hold;                ///< "server" or "installation": stop all work there
  bool sent = true;                ///< false: proven that no byte of a changing request left
};

}  // namespace stellwerk
