#pragma once

#include <string_view>
#include <vector>

namespace stellwerk::sandbox {

/// The parts between any of the separators; at least one, parts may be empty.
[[nodiscard]] inline std::vector<std::string_view> split(std::string_view text, std::string_view separators) {
  std::vector<std::string_view> parts;
  while (true) {
    const auto end = text.find_first_of(separators);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

}  // namespace stellwerk::sandbox
