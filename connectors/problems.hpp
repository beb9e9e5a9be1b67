#pragma once
// What the problem codes of connector files mean, for `stellwerk explain`.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace stellwerk::connectors {

/// One paragraph; empty for a code that is not of connectors.
[[nodiscard]] std::string explain(std::string_view code);
/// All codes with their one-line titles.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> problem_codes();

}  // namespace stellwerk::connectors
