// 'text %s'.format([…]) of the strings extension: %s %d %f %e %b %o %x %X %%, with a precision for %f and %e

#include <algorithm>
#include <cmath>
#include <vector>

#include "workflows/cel/encoding.hpp"
#include "workflows/cel/functions.hpp"
#include "workflows/cel/numbers.hpp"

namespace stellwerk::workflows::cel {
namespace {

constexpr int max_precision = 1'000;

/// The text of %s; lists and maps show their members, maps in the order of their keys.
bool show(Run& run, const Value& value, std::string& text) {
  if (!run.step()) return false;
  if (value.kind() == Kind::null) {
    text += "null";
  } else if (value.kind() == Kind::list) {
    text += '[';
    for (std::size_t i = 0; i < value.as_list().size(); ++i) {
      if (i > 0) text += ", ";
      if (!show(run, value.as_list()[i], text)) return false;
    }
    text += ']';
  } else if (value.kind() == Kind::map) {
    std::vector<std::pair<std::string, const Value*>> members;
    for (const auto& [key, member] : value.as_map()) members.emplace_back(to_text(key), &member);
    std::sort(members.begin(), members.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    text += '{';
    for (std::size_t i = 0; i < members.size(); ++i) {
      text += fmt::format("{}{}: ", i > 0 ? ", " : "", members[i].first);
      if (!show(run, *members[i].second, text)) return false;
    }
    text += '}';
  } else {
    const std::string own = to_text(value);
    if (!run.charge(own.size())) return false;
    text += own;
  }
  return true;
}

bool refuse(Run& run, std::string_view rule, const Value& value) { return run.fail(fmt::format("error during formatting: {}, was given {}", rule, kind_name(value.kind()))); }

bool as_real(const Value& value, double& number) {
  if (value.kind() == Kind::real) return number = value.as_double(), true;
  if (value.kind() == Kind::integer) return number = static_cast<double>(value.as_int()), true;
  if (value.kind() == Kind::uinteger) return number = static_cast<double>(value.as_uint()), true;
  return false;
}

std::string hex(std::string_view bytes, bool upper) {
  std::string text;
  for (char c : bytes) text += upper ? fmt::format("{:02X}", static_cast<unsigned char>(c)) : fmt::format("{:02x}", static_cast<unsigned char>(c));
  return text;
}

template <class Number>
std::string in_base(Number number, char clause) {
  switch (clause) {
    case 'b': return fmt::format("{:b}", number);
    case 'o': return fmt::format("{:o}", number);
    case 'X': return fmt::format("{:X}", number);
    default: return fmt::format("{:x}", number);
  }
}

bool clause_text(Run& run, char clause, int precision, const Value& value, std::string& text) {
  const Kind kind = value.kind();
  const bool whole = kind == Kind::integer || kind == Kind::uinteger;
  switch (clause) {
    case 's': return show(run, value, text);
    case 'd':
      if (kind == Kind::real && !std::isfinite(value.as_double())) return text += double_text(value.as_double()), true;
      if (!whole) return refuse(run, "decimal clause can only be used on integers", value);
      return text += to_text(value), true;
    case 'f':
    case 'e': {
      double number = 0;
      if (!as_real(value, number)) return refuse(run, clause == 'f' ? "fixed-point clause can only be used on doubles" : "scientific clause can only be used on doubles", value);
      if (!std::isfinite(number)) return text += double_text(number), true;
      return text += clause == 'f' ? fmt::format("{:.{}f}", number, precision) : fmt::format("{:.{}e}", number, precision), true;
    }
    case 'b':
      if (kind == Kind::boolean) return text += value.as_bool() ? '1' : '0', true;
      if (!whole) return refuse(run, "only integers and bools can be formatted as binary", value);
      break;
    case 'o':
      if (!whole) return refuse(run, "octal clause can only be used on integers", value);
      break;
    case 'x':
    case 'X':
      if (kind == Kind::string || kind == Kind::bytes) return run.charge(value.as_string().size() * 2) && (text += hex(value.as_string(), clause == 'X'), true);
      if (!whole) return refuse(run, "only integers, byte buffers, and strings can be formatted as hex", value);
      break;
    default: return run.fail(fmt::format("could not parse formatting clause: unrecognized formatting clause \"{}\"", clause));
  }
  text += kind == Kind::integer ? in_base(value.as_int(), clause) : in_base(value.as_uint(), clause);
  return true;
}

bool format(Run& run, const Arguments& a, Value& out) {
  const std::string& pattern = a[0].as_string();
  const List& values = a[1].as_list();
  std::string text;
  std::size_t used = 0;
  if (!run.charge(pattern.size())) return false;
  for (std::size_t at = 0; at < pattern.size(); ++at) {
    if (pattern[at] != '%') {
      text += pattern[at];
      continue;
    }
    if (++at >= pattern.size()) return run.fail("could not parse formatting clause: unexpected end of text");
    if (pattern[at] == '%') {
      text += '%';
      continue;
    }
    int precision = 6;
    if (pattern[at] == '.') {
      precision = 0;
      for (++at; at < pattern.size() && pattern[at] >= '0' && pattern[at] <= '9'; ++at) precision = std::min(precision * 10 + (pattern[at] - '0'), max_precision + 1);
      if (precision > max_precision || at >= pattern.size()) return run.fail(fmt::format("could not parse formatting clause: a precision is at most {}", max_precision));
    }
    if (used >= values.size()) return run.fail(fmt::format("index {} out of range", used));
    const std::size_t before = text.size();
    if (!clause_text(run, pattern[at], precision, values[used++], text) || !run.charge(text.size() - before)) return false;
  }
  out = Value::of_string(std::move(text));
  return true;
}

}  // namespace

std::span<const Overload> format_functions() {
  static const Overload rows[] = {{"format", true, {takes::string, takes::list}, Type::Base::string, format}};
  return rows;
}

}  // namespace stellwerk::workflows::cel
