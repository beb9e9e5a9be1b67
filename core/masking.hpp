#pragma once
// Known secret values, and texts in which none of them can be read any more.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.hpp"

namespace stellwerk {

/// What stands in the place of a value that must not be read.
inline constexpr std::string_view masked = "***";

/// Replaces every value it knows, wherever it stands, by "***": as it is, escaped as in JSON, percent-encoded (also as in forms), in
/// base64 and base64url, also inside of a longer text that was encoded as a whole (`Basic` credentials). A value of fewer than four bytes
/// is replaced only where it stands alone: as a whole text or between characters that are neither letters nor digits, else no text could be read.
/// Not for texts over some megabytes: every form is looked for in turn.
class Masker {
 public:
  /// Empty values are passed over.
  void add(std::string_view secret);
  /// Every text within, at any depth.
  void add_all(const Json& secrets);
  [[nodiscard]] bool empty() const { return forms_.empty() && short_.empty(); }
  [[nodiscard]] std::string mask(std::string text) const;
  /// Every text within, and names of members.
  [[nodiscard]] Json mask_json(Json json) const;
  /// Whether mask() would change the text.
  [[nodiscard]] bool finds(std::string_view text) const;

 private:
  std::vector<std::string> forms_;  ///< longest first: what is part of another must not break it up
  std::vector<std::string> short_;
};

}  // namespace stellwerk
