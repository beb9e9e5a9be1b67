#include "sandbox/parameters.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

#include "sandbox/split.hpp"

namespace stellwerk::sandbox {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alnum(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }
bool all_digits(std::string_view text) { return !text.empty() && std::all_of(text.begin(), text.end(), is_digit); }

std::optional<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool is_label(std::string_view label) {
  if (label.empty() || label.size() > 63 || !is_alnum(label.front()) || !is_alnum(label.back())) return false;
  return std::all_of(label.begin(), label.end(), [](char c) { return is_alnum(c) || c == '-'; });
}

bool is_dns_name(std::string_view text) {
  const auto labels = split(text, ".");
  return text.size() <= 253 && std::all_of(labels.begin(), labels.end(), is_label);
}

bool is_tag(std::string_view tag) {
  if (tag.empty() || !(is_alnum(tag.front()) || tag.front() == '_')) return false;
  return std::all_of(tag.begin(), tag.end(), [](char c) { return is_alnum(c) || std::string_view{"_-+."}.find(c) != std::string_view::npos; });
}

bool is_ipv4(std::string_view text) {
  const auto bytes = split(text, ".");
  return bytes.size() == 4 && std::all_of(bytes.begin(), bytes.end(), [](std::string_view byte) {
           return all_digits(byte) && byte.size() <= 3 && parse_integer(byte).value_or(256) <= 255;
         });
}

bool is_ipv6(std::string_view text) {
  return text.find(':') != std::string_view::npos &&
         std::all_of(text.begin(), text.end(), [](char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0 || c == ':' || c == '.'; });
}

bool is_network(std::string_view text, bool v6) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos || !all_digits(text.substr(slash + 1))) return false;
  const auto bits = parse_integer(text.substr(slash + 1)).value_or(999);
  return v6 ? is_ipv6(text.substr(0, slash)) && bits <= 128 : is_ipv4(text.substr(0, slash)) && bits <= 32;
}

/// "ip=192.0.2.7/24,gw=192.0.2.1,ip6=auto"; an address needs its prefix length.
bool is_ip_config(std::string_view text) {
  const auto parts = split(text, ",");
  return std::all_of(parts.begin(), parts.end(), [](std::string_view part) {
    if (part.starts_with("ip=")) return part == "ip=dhcp" || is_network(part.substr(3), false);
    if (part.starts_with("ip6=")) return part == "ip6=dhcp" || part == "ip6=auto" || is_network(part.substr(4), true);
    if (part.starts_with("gw=")) return is_ipv4(part.substr(3));
    if (part.starts_with("gw6=")) return is_ipv6(part.substr(4));
    return false;
  });
}

bool has_net_model(std::string_view text) {
  static constexpr std::array models{"virtio", "e1000", "e1000e", "rtl8139", "vmxnet3", "pcnet", "ne2k_pci", "i82551"};
  const auto parts = split(text, ",");
  return std::any_of(parts.begin(), parts.end(), [](std::string_view part) {
    const auto name = part.substr(0, part.find('='));
    if (name == "model") return part.size() > name.size() + 1;
    return std::find(models.begin(), models.end(), name) != models.end();
  });
}

bool is_url_encoded(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return is_alnum(c) || std::string_view{"-%_.!~*'()"}.find(c) != std::string_view::npos; });
}

std::string check_format(ParameterFormat format, std::string_view value) {
  switch (format) {
    case ParameterFormat::none: return {};
    case ParameterFormat::node: return is_label(value) ? "" : "invalid format - value does not look like a valid node name";
    case ParameterFormat::dns_name: return is_dns_name(value) ? "" : "invalid format - value does not look like a valid DNS name";
    case ParameterFormat::url_encoded: return is_url_encoded(value) ? "" : "invalid format - value is not a valid urlencoded string";
    case ParameterFormat::ip_config:
      return is_ip_config(value) ? "" : "invalid format - format error: value does not look like a valid ip network configuration";
    case ParameterFormat::net: return has_net_model(value) ? "" : "invalid format - format error: model: property is missing and it is not optional";
    case ParameterFormat::size: return parse_size(value) ? "" : "value does not match the regex pattern";
    case ParameterFormat::memory:
      if (!all_digits(value)) return fmt::format("invalid format - format error: current: type check ('integer') failed - got '{}'", value);
      return parse_integer(value).value_or(0) >= 16 ? "" : "invalid format - format error: current: value must have a minimum value of 16";
    case ParameterFormat::tags:
      if (value.empty()) return {};
      for (const auto tag : split(value, ",; ")) {
        if (!is_tag(tag)) return fmt::format("invalid format - invalid characters in tag '{}'", tag);
      }
      return {};
  }
  return {};
}

std::optional<std::string> parse_boolean(std::string_view text) {
  for (const auto yes : {"1", "on", "yes", "true"}) {
    if (text == yes) return "1";
  }
  for (const auto no : {"0", "off", "no", "false"}) {
    if (text == no) return "0";
  }
  return std::nullopt;
}

std::string wrong_type(std::string_view type, std::string_view value) { return fmt::format("type check ('{}') failed - got '{}'", type, value); }

/// Empty when the number lies within the bounds.
template <class Number>
std::string check_bounds(const Parameter& parameter, Number value) {
  if (parameter.minimum && value < static_cast<Number>(*parameter.minimum))
    return fmt::format("value must have a minimum value of {}", *parameter.minimum);
  if (parameter.maximum && value > static_cast<Number>(*parameter.maximum))
    return fmt::format("value must have a maximum value of {}", *parameter.maximum);
  return {};
}

/// Empty when `value` fits; booleans are normalised in place.
std::string check_value(const Parameter& parameter, std::string& value) {
  switch (parameter.type) {
    case ParameterType::boolean: {
      auto normal = parse_boolean(value);
      if (!normal) return wrong_type("boolean", value);
      value = std::move(*normal);
      return {};
    }
    case ParameterType::integer: {
      const auto number = parse_integer(value);
      return number ? check_bounds(parameter, *number) : wrong_type("integer", value);
    }
    case ParameterType::number: {
      double number = 0;
      const auto [end, ec] = std::from_chars(value.data(), value.data() + value.size(), number);
      if (ec != std::errc{} || end != value.data() + value.size()) return wrong_type("number", value);
      return check_bounds(parameter, number);
    }
    case ParameterType::text: break;
  }
  if (parameter.max_length != 0 && value.size() > parameter.max_length)
    return fmt::format("value may only be {} characters long", parameter.max_length);
  if (!parameter.choices.empty()) {
    const auto choices = split(parameter.choices, " ");
    if (std::find(choices.begin(), choices.end(), value) == choices.end())
      return fmt::format("value '{}' does not have a value in the enumeration '{}'", value, fmt::join(choices, ", "));
  }
  return check_format(parameter.format, value);
}

}  // namespace

const Parameter* find_parameter(std::span<const Parameter> parameters, std::string_view name) {
  const auto fits = [&](const Parameter& parameter) {
    if (!parameter.name.ends_with("[n]")) return parameter.name == name;
    const auto stem = parameter.name.substr(0, parameter.name.size() - 3);
    if (!name.starts_with(stem) || name.size() > stem.size() + 3 || !all_digits(name.substr(stem.size()))) return false;
    return parse_integer(name.substr(stem.size())).value_or(999) <= parameter.last_index;
  };
  const auto found = std::find_if(parameters.begin(), parameters.end(), fits);
  return found == parameters.end() ? nullptr : &*found;
}

FieldErrors check_parameters(std::span<const Parameter> parameters, const Fields& fields, Values& values) {
  FieldErrors errors;
  for (const auto& [name, sent] : fields) {
    const auto* parameter = find_parameter(parameters, name);
    if (parameter == nullptr) {
      errors[name] = "property is not defined in schema and the schema does not allow additional properties";
      continue;
    }
    auto value = sent;
    if (auto text = check_value(*parameter, value); !text.empty()) errors[name] = std::move(text);
    values[name] = std::move(value);
  }
  for (const auto& parameter : parameters) {
    if (parameter.required && !values.contains(parameter.name)) errors[std::string{parameter.name}] = "property is missing and it is not optional";
  }
  return errors;
}

std::optional<std::int64_t> parse_size(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double unit = 1;
  if (const auto at = std::string_view{"KMGT"}.find(text.empty() ? '\0' : text.back()); at != std::string_view::npos) {
    for (std::size_t i = 0; i <= at; ++i) unit *= 1024;
    text.remove_suffix(1);
  }
  const auto parts = split(text, ".");
  if (parts.size() > 2 || text.size() > 15 || !std::all_of(parts.begin(), parts.end(), all_digits)) return std::nullopt;
  double number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  const auto bytes = number * unit;
  if (bytes > 1e18) return std::nullopt;
  return static_cast<std::int64_t>(bytes);
}

std::string format_size(std::int64_t bytes) {
  static constexpr std::array units{"", "K", "M", "G", "T"};
  std::size_t unit = 0;
  while (unit + 1 < units.size() && bytes != 0 && bytes % 1024 == 0) bytes /= 1024, ++unit;
  return fmt::format("{}{}", bytes, units[unit]);
}

}  // namespace stellwerk::sandbox
