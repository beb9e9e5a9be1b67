#pragma once
// JSON: Boost.JSON behind the names we use, with caps on size and depth.

#include <boost/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace stellwerk {

using Json = boost::json::value;
using JsonObject = boost::json::object;
using JsonArray = boost::json::array;

/// Parses strict JSON (UTF-8, no comments, no trailing commas, duplicate keys refused by nobody: the last wins).
/// Bounds: `max_bytes` of text, depth 64. Errors: malformed with the byte offset.
[[nodiscard]] Result<Json> parse_json(std::string_view text, std::size_t max_bytes = 1 << 20);

/// Compact text.
[[nodiscard]] std::string dump_json(const Json& json);

/// Whether the compact text has at most `max_bytes`; it is written out only when that is in doubt.
[[nodiscard]] bool dumps_within(const Json& json, std::size_t max_bytes);

/// The member, or nullptr when `json` is no object or has none of this name.
[[nodiscard]] const Json* find_member(const Json& json, std::string_view name);
/// Member as text; `fallback` when absent or of another type.
[[nodiscard]] std::string text_of(const Json& json, std::string_view name, std::string_view fallback = {});
/// Member as integer (also an unsigned that fits); `fallback` otherwise.
[[nodiscard]] std::int64_t int_of(const Json& json, std::string_view name, std::int64_t fallback = 0);
[[nodiscard]] bool bool_of(const Json& json, std::string_view name, bool fallback = false);

/// RFC 6901: `pointer` extended by one reference token.
[[nodiscard]] std::string json_pointer(std::string_view pointer, std::string_view token);

inline std::string_view as_view(const boost::json::string& text) { return {text.data(), text.size()}; }

}  // namespace stellwerk
