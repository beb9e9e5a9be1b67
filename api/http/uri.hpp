#pragma once
// Percent-encoding and the two halves of a request target (RFC 3986). Nothing is normalised: "." and ".." stay as they are.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace stellwerk::http {

/// The value of a hexadecimal digit, or -1.
[[nodiscard]] int hex_value(char c);

/// The decoded text, or nothing when an escape is broken or the result holds NUL or is not UTF-8. `plus_is_space`: as in queries.
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space = false);

/// True for well-formed UTF-8: no overlong forms, no surrogates, at most U+10FFFF.
[[nodiscard]] bool is_utf8(std::string_view text);

/// The part of a target before '?'.
[[nodiscard]] std::string_view path_of(std::string_view target);

/// The segments of a raw path, still encoded: "/" has none, "/a//b/" has "a", "", "b", "".
[[nodiscard]] std::vector<std::string_view> split_path(std::string_view path);

/// Names and values of the query, decoded, in order; a name without '=' has an empty value. Nothing when one cannot be decoded.
[[nodiscard]] std::optional<std::vector<std::pair<std::string, std::string>>> parse_query(std::string_view target);

}  // namespace stellwerk::http
