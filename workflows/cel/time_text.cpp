#include "workflows/cel/time_text.hpp"

#include <fmt/format.h>

#include <chrono>
#include <limits>

#include "core/clock.hpp"

namespace stellwerk::workflows::cel {
namespace {

constexpr std::int64_t first_second = -62'135'596'800, last_second = 253'402'300'799;
constexpr std::int32_t nanos_per_second = 1'000'000'000;
__extension__ using Wide = __int128;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Reads digits at fixed places; -1 when one of them is no digit.
int digits(std::string_view text, std::size_t at, std::size_t count) {
  if (at + count > text.size()) return -1;
  int number = 0;
  for (std::size_t i = at; i < at + count; ++i) {
    if (!is_digit(text[i])) return -1;
    number = number * 10 + (text[i] - '0');
  }
  return number;
}

/// Digits behind a point, to nanoseconds; more than nine are refused. Moves `at`.
std::optional<std::int32_t> fraction(std::string_view text, std::size_t& at) {
  std::int32_t nanos = 0;
  int count = 0;
  for (; at < text.size() && is_digit(text[at]); ++at) {
    if (++count > 9) return std::nullopt;
    nanos = nanos * 10 + (text[at] - '0');
  }
  if (count == 0) return std::nullopt;
  for (; count < 9; ++count) nanos *= 10;
  return nanos;
}

std::string with_fraction(std::string text, std::int32_t nanos) {
  if (nanos == 0) return text;
  text += fmt::format(".{:09}", nanos);
  text.erase(text.find_last_not_of('0') + 1);
  return text;
}

Result<Instant> parse_go_span(std::string_view text) {
  const auto wrong = [&] { return fail(ErrorCode::invalid_argument, fmt::format("'{}' is no duration; write P3D, PT5M or 72h", text)); };
  std::size_t at = 0;
  const bool minus = !text.empty() && text[0] == '-';
  if (minus || (!text.empty() && text[0] == '+')) ++at;
  if (text.substr(at) == "0") return Instant{};
  if (at == text.size()) return wrong();
  Wide total = 0;
  while (at < text.size()) {
    Wide whole = 0;
    const std::size_t start = at;
    for (; at < text.size() && is_digit(text[at]); ++at) {
      whole = whole * 10 + (text[at] - '0');
      if (whole > std::numeric_limits<std::int64_t>::max()) return fail(ErrorCode::invalid_argument, fmt::format("duration '{}' is out of range", text));
    }
    const bool has_digits = at > start;
    std::int32_t part = 0;
    if (at < text.size() && text[at] == '.') {
      const auto behind = fraction(text, ++at);
      if (!behind) return wrong();
      part = *behind;
    } else if (!has_digits) {
      return wrong();
    }
    const auto rest = text.substr(at);
    Wide unit = 0;
    std::size_t length = 1;
    if (rest.starts_with("ns")) {
      unit = 1, length = 2;
    } else if (rest.starts_with("us")) {
      unit = 1'000, length = 2;
    } else if (rest.starts_with("µs")) {
      unit = 1'000, length = 3;
    } else if (rest.starts_with("ms")) {
      unit = 1'000'000, length = 2;
    } else if (rest.starts_with("s")) {
      unit = nanos_per_second;
    } else if (rest.starts_with("m")) {
      unit = Wide{60} * nanos_per_second;
    } else if (rest.starts_with("h")) {
      unit = Wide{3'600} * nanos_per_second;
    } else {
      return wrong();
    }
    total += whole * unit + part * unit / nanos_per_second;
    if (total > std::numeric_limits<std::int64_t>::max()) return fail(ErrorCode::invalid_argument, fmt::format("duration '{}' is out of range", text));
    at += length;
  }
  if (minus) total = -total;
  return Instant{static_cast<std::int64_t>(total / nanos_per_second), static_cast<std::int32_t>(total % nanos_per_second)};
}

}  // namespace

bool is_timestamp_in_range(std::int64_t seconds) { return seconds >= first_second && seconds <= last_second; }

bool is_duration_in_range(Instant span) {
  const Wide nanos = static_cast<Wide>(span.seconds) * nanos_per_second + span.nanos;
  return nanos >= std::numeric_limits<std::int64_t>::min() && nanos <= std::numeric_limits<std::int64_t>::max();
}

std::optional<Instant> add_to_point(Instant point, Instant span, bool subtract) {
  Instant sum;
  std::int64_t nanos = std::int64_t{point.nanos} + (subtract ? -span.nanos : span.nanos);
  std::int64_t carry = 0;
  if (nanos < 0) nanos += nanos_per_second, carry = -1;
  if (nanos >= nanos_per_second) nanos -= nanos_per_second, carry = 1;
  const bool overflow = subtract ? __builtin_sub_overflow(point.seconds, span.seconds, &sum.seconds) : __builtin_add_overflow(point.seconds, span.seconds, &sum.seconds);
  if (overflow || __builtin_add_overflow(sum.seconds, carry, &sum.seconds)) return std::nullopt;
  sum.nanos = static_cast<std::int32_t>(nanos);
  return sum;
}

std::optional<Instant> add_spans(Instant a, Instant b, bool subtract) {
  const Wide second = static_cast<Wide>(b.seconds) * nanos_per_second + b.nanos;
  const Wide total = static_cast<Wide>(a.seconds) * nanos_per_second + a.nanos + (subtract ? -second : second);
  if (total < std::numeric_limits<std::int64_t>::min() || total > std::numeric_limits<std::int64_t>::max()) return std::nullopt;
  return Instant{static_cast<std::int64_t>(total / nanos_per_second), static_cast<std::int32_t>(total % nanos_per_second)};
}

Result<Instant> parse_timestamp(std::string_view text) {
  const auto wrong = [&](std::string_view why) { return fail(ErrorCode::invalid_argument, fmt::format("'{}' is no timestamp: {}", text.substr(0, 64), why)); };
  // a fifth digit of the year is well formed elsewhere, here it is out of range
  if (text.size() > 5 && digits(text, 0, 5) >= 0) return wrong("the year is out of range (0001 to 9999)");
  const int year = digits(text, 0, 4), month = digits(text, 5, 2), day = digits(text, 8, 2);
  if (year < 0 || month < 0 || day < 0 || text[4] != '-' || text[7] != '-') return wrong("write 2026-03-02T08:00:00Z");
  const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)}, std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok()) return wrong("there is no such day");
  Instant instant;
  instant.seconds = std::chrono::sys_days{date}.time_since_epoch().count() * std::int64_t{86'400};
  if (text.size() > 10) {
    const int hour = digits(text, 11, 2), minute = digits(text, 14, 2), second = digits(text, 17, 2);
    if (hour < 0 || minute < 0 || second < 0 || (text[10] != 'T' && text[10] != 't') || text[13] != ':' || text[16] != ':') return wrong("write 2026-03-02T08:00:00Z");
    if (hour > 23 || minute > 59 || second > 59) return wrong("there is no such time of day");
    instant.seconds += hour * 3'600 + minute * 60 + second;
    std::size_t at = 19;
    if (at < text.size() && text[at] == '.') {
      const auto nanos = fraction(text, ++at);
      if (!nanos) return wrong("the fraction has one to nine digits");
      instant.nanos = *nanos;
    }
    const auto zone = text.substr(at);
    if (zone != "Z" && zone != "z") {
      const int hours = digits(zone, 1, 2), minutes = digits(zone, 4, 2);
      if (zone.size() != 6 || (zone[0] != '+' && zone[0] != '-') || zone[3] != ':' || hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return wrong("it ends with Z or an offset like +01:00");
      instant.seconds -= (zone[0] == '-' ? -1 : 1) * (hours * 3'600 + minutes * 60);
    }
  }
  if (!is_timestamp_in_range(instant.seconds)) return wrong("the year is out of range (0001 to 9999)");
  return instant;
}

Result<Instant> parse_span(std::string_view text) {
  const bool minus = text.starts_with('-');
  if (!text.substr(minus ? 1 : 0).starts_with('P')) return parse_go_span(text);
  STELLWERK_TRY(const Duration span, parse_duration(text.substr(minus ? 1 : 0)));
  const auto micros = minus ? -span.count() : span.count();
  return Instant{micros / 1'000'000, static_cast<std::int32_t>(micros % 1'000'000 * 1'000)};
}

std::string timestamp_text(std::int64_t seconds, std::int32_t nanos) {
  const Civil civil = civil_of(seconds);
  return with_fraction(fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", civil.year, civil.month, civil.day, civil.hour, civil.minute, civil.second), nanos) + "Z";
}

std::string duration_text(std::int64_t seconds, std::int32_t nanos) {
  const bool minus = seconds < 0 || nanos < 0;
  const auto magnitude = seconds < 0 ? 0 - static_cast<std::uint64_t>(seconds) : static_cast<std::uint64_t>(seconds);
  return with_fraction(fmt::format("{}{}", minus ? "-" : "", magnitude), nanos < 0 ? -nanos : nanos) + "s";
}

Civil civil_of(std::int64_t local_seconds) {
  const std::int64_t days = local_seconds / 86'400 - (local_seconds % 86'400 < 0 ? 1 : 0);
  const auto rest = static_cast<int>(local_seconds - days * 86'400);
  const std::chrono::sys_days day{std::chrono::days{days}};
  const std::chrono::year_month_day date{day};
  Civil civil;
  civil.year = static_cast<int>(date.year());
  civil.month = static_cast<unsigned>(date.month());
  civil.day = static_cast<unsigned>(date.day());
  civil.day_of_year = static_cast<int>((day - std::chrono::sys_days{date.year() / std::chrono::January / 1}).count());
  civil.weekday = std::chrono::weekday{day}.c_encoding();
  civil.hour = rest / 3'600;
  civil.minute = rest / 60 % 60;
  civil.second = rest % 60;
  return civil;
}

}  // namespace stellwerk::workflows::cel
