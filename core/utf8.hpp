#pragma once
// UTF-8: strict checking, and columns that count characters.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace stellwerk {

/// Length in bytes of the well-formed character at `at` (RFC 3629: no overlong form, no surrogate, at most U+10FFFF), or 0.
[[nodiscard]] std::size_t utf8_length(std::string_view text, std::size_t at);

/// Byte offset of the first character that no text file may hold: malformed UTF-8, or a control character other than tab, LF and CR.
[[nodiscard]] std::optional<std::size_t> find_bad_character(std::string_view text);

/// Number of characters; a malformed byte counts as one.
[[nodiscard]] std::size_t count_characters(std::string_view text);

/// Fit for a terminal: control characters become a space, malformed bytes '?'. Keeps the number of characters.
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace stellwerk
