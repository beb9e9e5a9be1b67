#include "workflows/formats.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "workflows/cel/calendar.hpp"

namespace stellwerk::workflows {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_visible(char c) { return static_cast<unsigned char>(c) > ' ' && c != '\x7f'; }

}  // namespace

bool is_hostname(std::string_view text) {
  if (text.empty() || text.size() > 253) return false;
  while (true) {
    const auto dot = text.find('.');
    const auto label = text.substr(0, dot);
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') return false;
    if (!std::ranges::all_of(label, [](char c) { return is_letter(c) || is_digit(c) || c == '-'; })) return false;
    if (dot == std::string_view::npos) return !std::ranges::all_of(label, is_digit);
    text.remove_prefix(dot + 1);
  }
}

bool is_email(std::string_view text) {
  const auto at = text.rfind('@');
  if (text.size() > 254 || at == std::string_view::npos || at == 0 || at > 64) return false;
  const auto domain = text.substr(at + 1);
  const auto local = text.substr(0, at);
  return domain.find('.') != std::string_view::npos && is_hostname(domain) && std::ranges::all_of(local, [](char c) { return is_visible(c) && c != '@'; });
}

bool is_ip(std::string_view text) {
  if (text.size() > 45 || text.find('\0') != std::string_view::npos) return false;
  const std::string copy{text};
  std::array<unsigned char, 16> address{};
  return inet_pton(AF_INET, copy.c_str(), address.data()) == 1 || inet_pton(AF_INET6, copy.c_str(), address.data()) == 1;
}

bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : !is_hex(text[i])) return false;
  }
  return true;
}

bool is_url(std::string_view text) {
  if (text.size() > 2048 || !std::ranges::all_of(text, is_visible)) return false;
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (!text.starts_with(scheme)) continue;
    text.remove_prefix(scheme.size());
    return !text.empty() && text.front() != '/' && text.front() != ':' && text.front() != '?' && text.front() != '#';
  }
  return false;
}

bool is_date(std::string_view text) { return cel::parse_date(text).has_value(); }

bool is_period(std::string_view text) { return text.find('-') == std::string_view::npos && cel::parse_period(text).has_value(); }

const std::vector<std::string>& format_names() {
  static const std::vector<std::string> names{"hostname", "email", "ip", "uuid"};
  return names;
}

bool has_format(std::string_view format, std::string_view text) {
  if (format == "hostname") return is_hostname(text);
  if (format == "email") return is_email(text);
  if (format == "ip") return is_ip(text);
  return format == "uuid" && is_uuid(text);
}

}  // namespace stellwerk::workflows
