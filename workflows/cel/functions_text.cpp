// forms of strings: case, trim, reverse, quote, join, and the encodings that requests need

#include <algorithm>

#include "workflows/cel/encoding.hpp"
#include "workflows/cel/functions.hpp"
#include "workflows/cel/utf8.hpp"

namespace stellwerk::workflows::cel {
namespace {

bool give(Run& run, std::string text, Value& out) {
  if (!run.charge(text.size())) return false;
  out = Value::of_string(std::move(text));
  return true;
}

std::string ascii_lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  return text;
}
std::string ascii_upper(std::string text) {
  for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c;
  return text;
}
bool lower(Run& run, const Arguments& a, Value& out) { return give(run, ascii_lower(a[0].as_string()), out); }
bool upper(Run& run, const Arguments& a, Value& out) { return give(run, ascii_upper(a[0].as_string()), out); }

/// White_Space of Unicode.
bool is_space(std::uint32_t c) {
  return (c >= 9 && c <= 13) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}
bool trim(Run& run, const Arguments& a, Value& out) {
  const std::string& text = a[0].as_string();
  std::size_t first = text.size(), last = text.size();
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t start = at;
    if (is_space(utf8::next(text, at))) continue;
    first = std::min(first, start);
    last = at;
  }
  return give(run, text.substr(first, last - first), out);
}
bool reverse(Run& run, const Arguments& a, Value& out) {
  const std::string& text = a[0].as_string();
  std::string made(text.size(), '\0');
  std::size_t to = text.size();
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t bytes = std::min(utf8::width(text[at]), text.size() - at);
    to -= bytes;
    text.copy(made.data() + to, bytes, at);
    at += bytes;
  }
  return give(run, std::move(made), out);
}
bool quote(Run& run, const Arguments& a, Value& out) {
  static constexpr std::string_view plain = "\a\b\f\n\r\t\v\\\"", letter = "abfnrtv\\\"";
  std::string made = "\"";
  for (char c : a[0].as_string()) {
    const auto found = plain.find(c);
    if (found == std::string_view::npos) {
      made += c;
    } else {
      made += '\\';
      made += letter[found];
    }
  }
  made += '"';
  return give(run, std::move(made), out);
}
bool join(Run& run, const Arguments& a, Value& out) {
  const List& items = a[0].as_list();
  const std::string separator = a.size() > 1 ? a[1].as_string() : std::string{};
  std::string made;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (items[i].kind() != Kind::string) return run.fail(no_overload("join", a.items()));
    if (!run.step() || !run.charge(items[i].as_string().size() + separator.size())) return false;
    if (i > 0) made += separator;
    made += items[i].as_string();
  }
  out = Value::of_string(std::move(made));
  return true;
}

bool url(Run& run, const Arguments& a, Value& out) { return give(run, url_text(to_text(a[0])), out); }
bool base64(Run& run, const Arguments& a, Value& out) { return give(run, base64_text(a[0].as_string()), out); }
bool punycode(Run& run, const Arguments& a, Value& out) {
  // encoding a label is quadratic: host names are short
  if (a[0].as_string().size() > 1'024) return run.fail("punycode() takes host names of at most 1024 bytes");
  return give(run, punycode_text(a[0].as_string()), out);
}

}  // namespace

std::span<const Overload> text_functions() {
  using enum Type::Base;
  static const Overload rows[] = {
      {"lowerAscii", true, {takes::string}, string, lower},
      {"upperAscii", true, {takes::string}, string, upper},
      {"lower", false, {takes::string}, string, lower},
      {"lower", true, {takes::string}, string, lower},
      {"trim", true, {takes::string}, string, trim},
      {"reverse", true, {takes::string}, string, reverse},
      {"strings.quote", false, {takes::string}, string, quote},
      {"join", true, {takes::list}, string, join},
      {"join", true, {takes::list, takes::string}, string, join},
      {"url", false, {takes::string | takes::number}, string, url},
      {"base64", false, {takes::string | takes::bytes}, string, base64},
      {"punycode", false, {takes::string}, string, punycode},
  };
  return rows;
}

}  // namespace stellwerk::workflows::cel
