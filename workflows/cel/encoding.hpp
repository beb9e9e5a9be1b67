#pragma once
// Small text encodings that functions and JSON share.

#include <string>
#include <string_view>

namespace stellwerk::workflows::cel {

/// RFC 4648 with padding.
[[nodiscard]] std::string base64_text(std::string_view bytes);
/// Percent-encoding: only the unreserved characters of RFC 3986 stay.
[[nodiscard]] std::string url_text(std::string_view text);
/// The shortest text that reads back as the same double; "NaN", "Infinity", "-Infinity".
[[nodiscard]] std::string double_text(double value);
/// IDNA A-label form of a host name: labels beyond ASCII become xn-- and RFC 3492; ASCII letters are lowered. No Unicode mapping.
[[nodiscard]] std::string punycode_text(std::string_view host);

}  // namespace stellwerk::workflows::cel
