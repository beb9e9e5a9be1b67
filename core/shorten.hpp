#pragma once
// Texts of others that are longer than we keep: shortened visibly.

#include <cstddef>
#include <string>

namespace stellwerk {

/// `text`, when it has at most `max_bytes`; else its beginning, followed by "… (N bytes left out)", together at most `max_bytes` (or the
/// mark alone). No character is cut in half. A text that was shortened before says how much is missing in all.
[[nodiscard]] std::string shorten(std::string text, std::size_t max_bytes);

}  // namespace stellwerk
