#pragma once
// Random valid workflows, as the text that an operator would write.

#include <string>

#include "core/json.hpp"
#include "tests/property/choices.hpp"

namespace stellwerk::testing {

/// A workflow over vendor_catalog(): up to three waiting and three working states, with in-place work, interrupts, timers and
/// schedules. What `save` writes are the attributes k0, k1 …; nothing else writes those. Equal choices, equal text.
[[nodiscard]] std::string generate_workflow(Choices& choices, const std::string& name = "generated");
/// One that extends a generated, abstract base: the texts of base and workflow.
[[nodiscard]] std::pair<std::string, std::string> generate_extended(Choices& choices);

/// Block style, texts quoted.
[[nodiscard]] std::string to_yaml(const Json& json);

}  // namespace stellwerk::testing
