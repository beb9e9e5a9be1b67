// type conversions: int, uint, double, string, bytes, bool, timestamp, duration, type, dyn

#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "workflows/cel/encoding.hpp"
#include "workflows/cel/functions.hpp"
#include "workflows/cel/numbers.hpp"
#include "workflows/cel/time_text.hpp"
#include "workflows/cel/utf8.hpp"

namespace stellwerk::workflows::cel {
namespace {

using enum Type::Base;

std::string shown(const Value& value) { return to_text(value).substr(0, 64); }

template <class Number>
bool parse_whole(Run& run, const std::string& text, Number& number, std::string_view type) {
  const char* begin = text.data();
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') ++begin;
  const auto [end, error] = std::from_chars(begin, text.data() + text.size(), number);
  if (error == std::errc::result_out_of_range) return run.fail(fmt::format("range error: '{}' does not fit {}", text.substr(0, 64), type));
  if (error != std::errc{} || end != text.data() + text.size()) return run.fail(fmt::format("'{}' is no {}", text.substr(0, 64), type));
  return true;
}

bool same(Run&, const Arguments& a, Value& out) {
  out = a[0];
  return true;
}

bool int_from_number(Run& run, const Arguments& a, Value& out) {
  std::optional<std::int64_t> number;
  if (a[0].kind() == Kind::real) number = int_from(a[0].as_double());
  if (a[0].kind() == Kind::uinteger) number = whole_number(a[0]);
  if (!number) return run.fail(fmt::format("range error: {} does not fit int", shown(a[0])));
  out = Value::of_int(*number);
  return true;
}
bool int_from_string(Run& run, const Arguments& a, Value& out) {
  std::int64_t number = 0;
  if (!parse_whole(run, a[0].as_string(), number, "int")) return false;
  out = Value::of_int(number);
  return true;
}
bool int_from_timestamp(Run&, const Arguments& a, Value& out) {
  out = Value::of_int(a[0].seconds());
  return true;
}

bool uint_from_number(Run& run, const Arguments& a, Value& out) {
  std::optional<std::uint64_t> number;
  if (a[0].kind() == Kind::real) number = uint_from(a[0].as_double());
  if (a[0].kind() == Kind::integer && a[0].as_int() >= 0) number = static_cast<std::uint64_t>(a[0].as_int());
  if (!number) return run.fail(fmt::format("range error: {} does not fit uint", shown(a[0])));
  out = Value::of_uint(*number);
  return true;
}
bool uint_from_string(Run& run, const Arguments& a, Value& out) {
  std::uint64_t number = 0;
  if (!parse_whole(run, a[0].as_string(), number, "uint")) return false;
  out = Value::of_uint(number);
  return true;
}

bool double_from_number(Run&, const Arguments& a, Value& out) {
  out = Value::of_double(a[0].kind() == Kind::integer ? static_cast<double>(a[0].as_int()) : static_cast<double>(a[0].as_uint()));
  return true;
}
bool double_from_string(Run& run, const Arguments& a, Value& out) {
  const std::string& text = a[0].as_string();
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  // strtod skips leading space and reads hexadecimal; neither is a double here
  const bool plain = !text.empty() && text.find_first_of(" \t\n\v\f\rxX") == std::string::npos && end == text.c_str() + text.size();
  if (!plain) return run.fail(fmt::format("'{}' is no double", text.substr(0, 64)));
  out = Value::of_double(number);
  return true;
}

bool string_from(Run& run, const Arguments& a, Value& out) {
  std::string text = to_text(a[0]);
  if (!run.charge(text.size())) return false;
  if (a[0].kind() == Kind::bytes && !utf8::is_valid(text)) return run.fail("invalid UTF-8 in bytes, cannot convert to string");
  out = Value::of_string(std::move(text));
  return true;
}
bool bytes_from_string(Run& run, const Arguments& a, Value& out) {
  if (!run.charge(a[0].as_string().size())) return false;
  out = Value::of_bytes(a[0].as_string());
  return true;
}
bool bool_from_string(Run& run, const Arguments& a, Value& out) {
  const std::string& text = a[0].as_string();
  for (const auto* yes : {"true", "TRUE", "True", "t", "1"}) {
    if (text == yes) return out = Value::of_bool(true), true;
  }
  for (const auto* no : {"false", "FALSE", "False", "f", "0"}) {
    if (text == no) return out = Value::of_bool(false), true;
  }
  return run.fail(fmt::format("'{}' is no bool", text.substr(0, 64)));
}

bool timestamp_from_string(Run& run, const Arguments& a, Value& out) {
  const auto instant = parse_timestamp(a[0].as_string());
  if (!instant) return run.fail(instant.error().message);
  out = Value::of_timestamp(instant->seconds, instant->nanos);
  return true;
}
bool timestamp_from_int(Run& run, const Arguments& a, Value& out) {
  if (!is_timestamp_in_range(a[0].as_int())) return run.fail(fmt::format("timestamp {} is out of range", a[0].as_int()));
  out = Value::of_timestamp(a[0].as_int(), 0);
  return true;
}
bool duration_from_string(Run& run, const Arguments& a, Value& out) {
  const auto span = parse_span(a[0].as_string());
  if (!span) return run.fail(span.error().message);
  out = Value::of_duration(span->seconds, span->nanos);
  return true;
}
bool type_of(Run&, const Arguments& a, Value& out) {
  out = Value::of_type(std::string{kind_name(a[0].kind())});
  return true;
}

}  // namespace

std::span<const Overload> conversion_functions() {
  static constexpr Mask texts = takes::string | takes::number | takes::bytes | takes::boolean | takes::timestamp | takes::duration |
                                takes::date | takes::period | takes::decimal | takes::money;
  static const Overload rows[] = {
      {"int", false, {takes::integer}, integer, same},
      {"int", false, {takes::uinteger | takes::real}, integer, int_from_number},
      {"int", false, {takes::string}, integer, int_from_string},
      {"int", false, {takes::timestamp}, integer, int_from_timestamp},
      {"uint", false, {takes::uinteger}, uinteger, same},
      {"uint", false, {takes::integer | takes::real}, uinteger, uint_from_number},
      {"uint", false, {takes::string}, uinteger, uint_from_string},
      {"double", false, {takes::real}, real, same},
      {"double", false, {takes::whole}, real, double_from_number},
      {"double", false, {takes::string}, real, double_from_string},
      {"string", false, {takes::string}, string, same},
      {"string", false, {texts}, string, string_from},
      {"bytes", false, {takes::bytes}, bytes, same},
      {"bytes", false, {takes::string}, bytes, bytes_from_string},
      {"bool", false, {takes::boolean}, boolean, same},
      {"bool", false, {takes::string}, boolean, bool_from_string},
      {"timestamp", false, {takes::timestamp}, timestamp, same},
      {"timestamp", false, {takes::string}, timestamp, timestamp_from_string},
      {"timestamp", false, {takes::integer}, timestamp, timestamp_from_int},
      {"duration", false, {takes::duration}, duration, same},
      {"duration", false, {takes::string}, duration, duration_from_string},
      {"dyn", false, {takes::any}, dyn, same},
      {"type", false, {takes::any}, type, type_of},
  };
  return rows;
}

}  // namespace stellwerk::workflows::cel
