#pragma once
// Formats of text that declarations can ask for.

#include <string>
#include <string_view>
#include <vector>

namespace stellwerk::workflows {

/// Labels of letters, digits and '-', 253 characters in all (RFC 1123 section 2.1); the last label is no number.
[[nodiscard]] bool is_hostname(std::string_view text);
/// local@domain: no spaces, at most 254 characters, the domain a hostname of two labels or more. The rest is for the mail to find out.
[[nodiscard]] bool is_email(std::string_view text);
/// IPv4 in four decimal numbers or IPv6 (RFC 4291), without prefix length or zone.
[[nodiscard]] bool is_ip(std::string_view text);
/// 8-4-4-4-12 hexadecimal digits (RFC 9562 section 4).
[[nodiscard]] bool is_uuid(std::string_view text);
/// http or https, a host, no spaces.
[[nodiscard]] bool is_url(std::string_view text);
/// A day that exists: "2026-02-28".
[[nodiscard]] bool is_date(std::string_view text);
/// ISO 8601 with calendar units: years, months, weeks, days; at least one, none of them negative.
[[nodiscard]] bool is_period(std::string_view text);

/// The values of `format`.
[[nodiscard]] const std::vector<std::string>& format_names();
/// True when the text has the format; of an unknown format: false.
[[nodiscard]] bool has_format(std::string_view format, std::string_view text);

}  // namespace stellwerk::workflows
