#include "config/yaml_scalar.hpp"

#include <charconv>
#include <cmath>
#include <limits>
#include <string_view>

namespace stellwerk::config {
namespace {

bool is_digits(std::string_view text) { return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos; }

/// [0-9]+ without a leading zero: `022` is a postcode or a file mode, not twenty-two.
bool is_whole(std::string_view text) { return is_digits(text) && (text.size() == 1 || text[0] != '0'); }

enum class Fit { no_number, fits, too_large };

Fit to_integer(std::string_view text, std::int64_t& value) {
  std::string_view digits = text;
  int base = 10;
  if (text.starts_with("0o")) base = 8;
  if (text.starts_with("0x")) base = 16;
  if (base != 10) {
    digits.remove_prefix(2);
    if (digits.empty() || digits[0] == '-' || digits[0] == '+') return Fit::no_number;
  } else {
    const bool is_signed = text.starts_with('-') || text.starts_with('+');
    if (!is_whole(text.substr(is_signed ? 1 : 0))) return Fit::no_number;
    if (text.starts_with('+')) digits.remove_prefix(1);
  }
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (end != digits.data() + digits.size()) return Fit::no_number;
  return error == std::errc::result_out_of_range ? Fit::too_large : Fit::fits;
}

/// [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?
bool is_real(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  if (const auto e = text.find_first_of("eE"); e != std::string_view::npos) {
    auto exponent = text.substr(e + 1);
    if (exponent.starts_with('-') || exponent.starts_with('+')) exponent.remove_prefix(1);
    if (!is_digits(exponent)) return false;
    text = text.substr(0, e);
  }
  const auto dot = text.find('.');
  if (dot == std::string_view::npos) return is_whole(text);
  const auto fraction = text.substr(dot + 1);
  if (dot == 0) return is_digits(fraction);
  return is_whole(text.substr(0, dot)) && (fraction.empty() || is_digits(fraction));
}

Fit to_real(std::string_view text, double& value) {
  if (text == ".nan" || text == ".NaN" || text == ".NAN") {
    value = std::numeric_limits<double>::quiet_NaN();
    return Fit::fits;
  }
  const auto unsigned_text = text.starts_with('-') || text.starts_with('+') ? text.substr(1) : text;
  if (unsigned_text == ".inf" || unsigned_text == ".Inf" || unsigned_text == ".INF") {
    value = text.starts_with('-') ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
    return Fit::fits;
  }
  if (!is_real(text)) return Fit::no_number;
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() ? Fit::fits : Fit::too_large;
}

}  // namespace

bool resolve_plain(Yaml& node) {
  const auto& text = node.text;
  if (text == "true" || text == "false") {  // one spelling each: True is text, as yes is
    node.kind = Yaml::Kind::boolean;
    node.boolean = text[0] == 't';
    return true;
  }
  const auto whole = to_integer(text, node.integer);
  if (whole != Fit::no_number) {
    node.kind = Yaml::Kind::integer;
    return whole == Fit::fits;
  }
  const auto real = to_real(text, node.real);
  node.kind = real == Fit::no_number ? Yaml::Kind::text : Yaml::Kind::real;
  return real != Fit::too_large;
}

}  // namespace stellwerk::config
