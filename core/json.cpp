#include "core/json.hpp"

#include <fmt/format.h>

namespace stellwerk {

Result<Json> parse_json(std::string_view text, std::size_t max_bytes) {
  if (text.size() > max_bytes) return fail(ErrorCode::malformed, fmt::format("JSON of {} bytes; at most {} are taken", text.size(), max_bytes));
  boost::json::parse_options options;
  options.max_depth = 64;
  boost::json::error_code ec;
  boost::json::stream_parser parser({}, options);
  const auto used = parser.write_some(text.data(), text.size(), ec);
  if (!ec && used < text.size()) {
    // only white space may follow the value
    if (text.find_first_not_of(" \t\r\n", used) != std::string_view::npos) ec = boost::json::error::extra_data;
  }
  if (!ec) parser.finish(ec);
  if (ec) return fail(ErrorCode::malformed, fmt::format("not valid JSON near byte {}: {}", used, ec.message()));
  return parser.release();
}

namespace {

/// What the text of a string has at most: every byte may become \u00xx.
std::size_t most_bytes(std::string_view text) { return 6 * text.size() + 2; }

/// What the text has at most, commas included.
std::size_t most_bytes(const Json& json) {
  if (json.is_string()) return most_bytes(as_view(json.get_string())) + 1;
  std::size_t bytes = 33;  // no number is longer
  if (const auto* array = json.if_array())
    for (const auto& item : *array) bytes += most_bytes(item);
  if (const auto* object = json.if_object())
    for (const auto& member : *object) bytes += most_bytes(std::string_view{member.key()}) + 1 + most_bytes(member.value());
  return bytes;
}

}  // namespace

std::string dump_json(const Json& json) { return boost::json::serialize(json); }

bool dumps_within(const Json& json, std::size_t max_bytes) { return most_bytes(json) <= max_bytes || dump_json(json).size() <= max_bytes; }

const Json* find_member(const Json& json, std::string_view name) {
  const auto* object = json.if_object();
  return object == nullptr ? nullptr : object->if_contains(name);
}

std::string text_of(const Json& json, std::string_view name, std::string_view fallback) {
  const auto* member = find_member(json, name);
  if (member == nullptr || !member->is_string()) return std::string{fallback};
  return std::string{as_view(member->get_string())};
}

std::int64_t int_of(const Json& json, std::string_view name, std::int64_t fallback) {
  const auto* member = find_member(json, name);
  if (member == nullptr) return fallback;
  if (member->is_int64()) return member->get_int64();
  if (member->is_uint64() && member->get_uint64() <= INT64_MAX) return static_cast<std::int64_t>(member->get_uint64());
  return fallback;
}

bool bool_of(const Json& json, std::string_view name, bool fallback) {
  const auto* member = find_member(json, name);
  return member != nullptr && member->is_bool() ? member->get_bool() : fallback;
}

std::string json_pointer(std::string_view pointer, std::string_view token) {
  std::string text{pointer};
  text += '/';
  for (const char c : token) {
    if (c == '~') text += "~0";
    else if (c == '/') text += "~1";
    else text += c;
  }
  return text;
}

}  // namespace stellwerk
