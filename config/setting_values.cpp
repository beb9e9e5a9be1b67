#include "config/setting_values.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <fstream>
#include <limits>
#include <utility>

#include "core/utf8.hpp"

namespace stellwerk::config {
namespace {

Refusal wrong(std::string_view value, std::string_view what, std::string hint) {
  return {"SW901", fmt::format("'{}' is not {}", printable(value.substr(0, 80)), what), std::move(hint)};
}

bool is_network(std::string_view text) {
  const auto slash = text.find('/');
  const std::string address{text.substr(0, slash)};
  std::array<unsigned char, 16> bytes{};
  const bool is_v4 = ::inet_pton(AF_INET, address.c_str(), bytes.data()) == 1;
  if (!is_v4 && ::inet_pton(AF_INET6, address.c_str(), bytes.data()) != 1) return false;
  if (slash == std::string_view::npos) return true;
  const auto prefix = parse_number(text.substr(slash + 1), false);
  return prefix && *prefix >= 0 && *prefix <= (is_v4 ? 32 : 128);
}

constexpr std::array<std::pair<std::string_view, std::int64_t>, 3> suffixes_of_bytes{{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}}};

}  // namespace

std::optional<Refusal> check_listen(std::string_view text) {
  const auto refuse = [&] {
    return wrong(text, "an address with a port", "write for example 127.0.0.1:8080 or [::1]:8080; port 0 takes a free one");
  };
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return refuse();
  const auto host = text.substr(0, colon);
  if (host.find(':') != std::string_view::npos && !(host.starts_with('[') && host.ends_with(']'))) return refuse();
  if (host.find_first_of(" \t/") != std::string_view::npos) return refuse();
  const auto port = parse_number(text.substr(colon + 1), false);
  if (!port) return refuse();
  if (*port < 0 || *port > 65535) return Refusal{"SW902", fmt::format("the port {} is outside 0..65535", *port), ""};
  return std::nullopt;
}

std::optional<Refusal> check_networks(std::string_view text) {
  while (!text.empty()) {
    const auto comma = text.find(',');
    auto one = text.substr(0, comma);
    while (one.starts_with(' ')) one.remove_prefix(1);
    while (one.ends_with(' ')) one.remove_suffix(1);
    if (!is_network(one)) return wrong(one, "a network", "write networks with commas between them, for example 127.0.0.0/8,::1/128");
    text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
  }
  return std::nullopt;
}

std::optional<Refusal> check_level(std::string_view text) {
  static const std::vector<std::string> levels{"debug", "info", "warning", "error"};
  for (const auto& level : levels)
    if (text == level) return std::nullopt;
  const auto meant = closest(text, levels);
  return wrong(text, "a log level", meant.empty() ? "one of debug, info, warning, error" : fmt::format("did you mean '{}'?", meant));
}

std::optional<Refusal> check_database(std::string_view text) {
  if (text.empty() || (text.starts_with("sqlite:") && text.size() > 7) || text.starts_with("postgresql://") || text.starts_with("postgres://"))
    return std::nullopt;
  return Refusal{"SW901", "the value is not a database", "write sqlite:FILE or postgresql://user@host/name"};
}

std::optional<Refusal> check_base_url(std::string_view text) {
  if (text.empty() || (text.starts_with("http://") && text.size() > 7) || (text.starts_with("https://") && text.size() > 8)) return std::nullopt;
  return wrong(text, "a base URL", "it begins with http:// or https://");
}

std::optional<Refusal> check_zone(std::string_view text) {
  if (text == "UTC") return std::nullopt;
  const auto is_part = [](std::string_view part) {
    return !part.empty() && std::all_of(part.begin(), part.end(), [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-' || c == '+'; });
  };
  bool well_formed = !text.empty() && text.size() <= 64;
  for (std::size_t from = 0; well_formed && from <= text.size();) {
    const auto end = std::min(text.find('/', from), text.size());
    well_formed = is_part(text.substr(from, end - from));
    from = end + 1;
  }
  // the files that the time-zone library reads; they begin with a mark (RFC 9636 section 3.1)
  if (well_formed) {
    std::array<char, 4> mark{};
    std::ifstream file{std::string{"/usr/share/zoneinfo/"}.append(text), std::ios::binary};
    if (file.read(mark.data(), mark.size()) && std::string_view{mark.data(), mark.size()} == "TZif") return std::nullopt;
  }
  return wrong(text, "a time zone of this system", "write an IANA name such as Europe/Berlin, or UTC; the package tzdata holds the zones");
}

std::optional<Refusal> check_not_empty(std::string_view text) {
  if (!text.empty()) return std::nullopt;
  return Refusal{"SW901", "the value is empty", ""};
}

std::optional<std::int64_t> parse_number(std::string_view text, bool suffixes) {
  std::int64_t factor = 1;
  if (suffixes) {
    for (const auto& [suffix, size] : suffixes_of_bytes) {
      if (!text.ends_with(suffix)) continue;
      factor = size;
      text.remove_suffix(suffix.size());
      break;
    }
  }
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  if (value > std::numeric_limits<std::int64_t>::max() / factor || value < std::numeric_limits<std::int64_t>::min() / factor) return std::nullopt;
  return value * factor;
}

std::optional<Duration> parse_time_of_day(std::string_view text) {
  const auto digit = [&](std::size_t at) { return text[at] >= '0' && text[at] <= '9' ? text[at] - '0' : 100; };
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  const int hour = digit(0) * 10 + digit(1), minute = digit(3) * 10 + digit(4);
  if (hour > 23 || minute > 59) return std::nullopt;
  return std::chrono::hours{hour} + std::chrono::minutes{minute};
}

std::string format_time_of_day(Duration time) {
  const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(time).count();
  return fmt::format("{:02}:{:02}", minutes / 60, minutes % 60);
}

std::string format_bytes(std::int64_t bytes) {
  for (const auto& [suffix, size] : suffixes_of_bytes)
    if (bytes != 0 && bytes % size == 0) return fmt::format("{}{}", bytes / size, suffix);
  return std::to_string(bytes);
}

}  // namespace stellwerk::config
