#pragma once
// UTF-8 by code points: CEL counts and cuts strings in characters, not bytes.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace stellwerk::workflows::cel::utf8 {

[[nodiscard]] bool is_valid(std::string_view text);
/// Number of code points of a valid text.
[[nodiscard]] std::size_t length(std::string_view text);
/// Byte offset of code point `index`; text.size() when it is the length, npos beyond.
[[nodiscard]] std::size_t offset_of(std::string_view text, std::size_t index);
/// Bytes of the sequence that starts with `lead`.
[[nodiscard]] std::size_t width(char lead);
/// The code point at `offset`, which must be the start of one; moves `offset` behind it.
[[nodiscard]] std::uint32_t next(std::string_view text, std::size_t& offset);
void append(std::string& text, std::uint32_t code_point);

}  // namespace stellwerk::workflows::cel::utf8
