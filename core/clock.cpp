#include "core/clock.hpp"

#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <cctype>

namespace stellwerk {
namespace {

using namespace std::chrono;

constexpr std::int64_t max_micros = 36'525LL * 86'400 * 1'000'000;

tl::unexpected<Error> not_a_time(std::string_view text) {
  return fail(ErrorCode::invalid_argument, fmt::format("'{}' is not an RFC 3339 time such as 2026-03-02T08:00:00Z", text));
}

tl::unexpected<Error> not_a_duration(std::string_view text, std::string_view why) {
  return fail(ErrorCode::invalid_argument, fmt::format("'{}' is not an ISO 8601 duration such as P3D or PT5M ({})", text, why));
}

/// Reads exactly `count` digits at `at` and moves on.
bool digits(std::string_view text, std::size_t& at, int count, int& value) {
  value = 0;
  for (int i = 0; i < count; ++i, ++at) {
    if (at >= text.size() || std::isdigit(static_cast<unsigned char>(text[at])) == 0) return false;
    value = value * 10 + (text[at] - '0');
  }
  return true;
}

bool literal(std::string_view text, std::size_t& at, char c) { return at < text.size() && text[at++] == c; }

}  // namespace

Time wall_now() { return time_point_cast<Duration>(system_clock::now()); }

Duration Clock::monotonic() const {
  // Not the steady clock: that one stands while the machine is suspended, and a lease that others have seen end would seem to last.
  timespec at{};
  clock_gettime(CLOCK_BOOTTIME, &at);
  return duration_cast<Duration>(std::chrono::seconds{at.tv_sec} + nanoseconds{at.tv_nsec});
}

void FollowedTime::follow(Time told, Duration sent, Duration answered) {
  const auto latest = (told.time_since_epoch() - sent).count();  // it was told as soon as it was asked
  const auto earliest = (told.time_since_epoch() - answered).count();
  auto known = origin_.load();
  while (!origin_.compare_exchange_weak(known, std::clamp(known, std::min(earliest, latest), latest))) {
  }
}

std::optional<Time> FollowedTime::at(Duration monotonic) const {
  const auto origin = origin_.load();
  if (origin == unknown) return std::nullopt;
  return Time{Duration{origin} + monotonic};
}

Time OffsetClock::now() const { return database_.at(monotonic()).value_or(wall_now()) + offset(); }

std::string format_time(Time time) {
  const auto day = floor<days>(time);
  const year_month_day date{day};
  const hh_mm_ss clock{time - day};
  auto text = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                          static_cast<unsigned>(date.day()), clock.hours().count(), clock.minutes().count(), clock.seconds().count());
  if (const auto micros = clock.subseconds().count(); micros != 0) text += fmt::format(".{:06}", micros);
  return text + "Z";
}

Result<Time> parse_time(std::string_view text) {
  std::size_t at = 0;
  int y = 0, mo = 0, d = 0, h = 0, mi = 0, s = 0;
  if (!(digits(text, at, 4, y) && literal(text, at, '-') && digits(text, at, 2, mo) && literal(text, at, '-') && digits(text, at, 2, d)))
    return not_a_time(text);
  if (at >= text.size() || (text[at] != 'T' && text[at] != 't' && text[at] != ' ')) return not_a_time(text);
  ++at;
  if (!(digits(text, at, 2, h) && literal(text, at, ':') && digits(text, at, 2, mi))) return not_a_time(text);
  if (at < text.size() && text[at] == ':') {
    ++at;
    if (!digits(text, at, 2, s)) return not_a_time(text);
  }
  std::int64_t micros = 0;
  if (at < text.size() && text[at] == '.') {
    std::int64_t scale = 100'000;
    const auto first = ++at;
    for (; at < text.size() && std::isdigit(static_cast<unsigned char>(text[at])) != 0; ++at, scale /= 10) micros += (text[at] - '0') * scale;
    if (at == first) return not_a_time(text);
  }
  minutes offset{0};
  if (at < text.size() && (text[at] == 'Z' || text[at] == 'z')) {
    ++at;
  } else if (at < text.size() && (text[at] == '+' || text[at] == '-')) {
    const int sign = text[at++] == '-' ? -1 : 1;
    int oh = 0, om = 0;
    if (!(digits(text, at, 2, oh) && literal(text, at, ':') && digits(text, at, 2, om)) || oh > 23 || om > 59) return not_a_time(text);
    offset = minutes{sign * (oh * 60 + om)};
  } else {
    return not_a_time(text);
  }
  const year_month_day date{year{y}, month{static_cast<unsigned>(mo)}, day{static_cast<unsigned>(d)}};
  if (at != text.size() || !date.ok() || y < 1 || h > 23 || mi > 59 || s > 59) return not_a_time(text);
  return Time{sys_days{date}.time_since_epoch()} + hours{h} + minutes{mi} + seconds{s} + Duration{micros} - offset;
}

Result<Duration> parse_duration(std::string_view text) {
  std::size_t at = 0;
  if (text.empty() || text[at] != 'P') return not_a_duration(text, "it begins with P");
  ++at;
  bool in_time = false, any = false;
  std::int64_t total = 0;
  std::string_view order = "WDTHMS";
  while (at < text.size()) {
    if (text[at] == 'T') {
      if (in_time) return not_a_duration(text, "one T only");
      in_time = true;
      order = "HMS";
      ++at;
      any = false;
      continue;
    }
    std::int64_t whole = 0, fraction = 0;
    const auto first = at;
    for (; at < text.size() && std::isdigit(static_cast<unsigned char>(text[at])) != 0; ++at) {
      if (whole > max_micros) return not_a_duration(text, "too long; at most 36525 days");
      whole = whole * 10 + (text[at] - '0');
    }
    if (at == first) return not_a_duration(text, "a number is missing");
    bool has_fraction = false;
    if (at < text.size() && text[at] == '.') {
      has_fraction = true;
      std::int64_t scale = 100'000;
      for (++at; at < text.size() && std::isdigit(static_cast<unsigned char>(text[at])) != 0; ++at, scale /= 10) fraction += (text[at] - '0') * scale;
    }
    if (at >= text.size()) return not_a_duration(text, "the unit is missing");
    const char unit = text[at++];
    if (!in_time && (unit == 'Y' || unit == 'M')) return not_a_duration(text, "years and months have no fixed length; use a period where one is taken");
    const auto position = order.find(unit);
    if (position == std::string_view::npos || unit == 'T') return not_a_duration(text, "units are W, D, then T with H, M, S in this order");
    order.remove_prefix(position + 1);
    if (has_fraction && unit != 'S') return not_a_duration(text, "only seconds have a fraction");
    const std::int64_t seconds_per = unit == 'W' ? 604'800 : unit == 'D' ? 86'400 : unit == 'H' ? 3'600 : unit == 'M' ? 60 : 1;
    if (whole > max_micros / 1'000'000 / seconds_per) return not_a_duration(text, "too long; at most 36525 days");
    total += whole * seconds_per * 1'000'000 + fraction;
    any = true;
  }
  if (!any) return not_a_duration(text, "nothing follows");
  if (total > max_micros) return not_a_duration(text, "too long; at most 36525 days");
  return Duration{total};
}

std::string format_duration(Duration duration) {
  auto micros = duration.count();
  std::string text = micros < 0 ? "-P" : "P";
  if (micros < 0) micros = -micros;
  const auto whole_days = micros / 86'400'000'000;
  micros %= 86'400'000'000;
  if (whole_days > 0) text += fmt::format("{}D", whole_days);
  if (micros == 0) return whole_days > 0 ? text : "PT0S";
  text += "T";
  if (const auto h = micros / 3'600'000'000; h > 0) text += fmt::format("{}H", h);
  micros %= 3'600'000'000;
  if (const auto m = micros / 60'000'000; m > 0) text += fmt::format("{}M", m);
  micros %= 60'000'000;
  if (micros == 0) return text;
  text += fmt::format("{}", micros / 1'000'000);
  if (micros % 1'000'000 != 0) {
    auto fraction = fmt::format("{:06}", micros % 1'000'000);
    fraction.erase(fraction.find_last_not_of('0') + 1);
    text += "." + fraction;
  }
  return text + "S";
}

}  // namespace stellwerk
