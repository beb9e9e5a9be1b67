#include "workflows/cel/calendar.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>

namespace stellwerk::workflows::cel {
namespace {

constexpr std::int64_t first_day = -719'162, last_day = 2'932'896;
constexpr std::int64_t most_months = 9'999 * 12, most_days = 9'999 * 366;
constexpr std::int64_t seconds_per_day = 86'400;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::int64_t floor_day(std::int64_t seconds) { return seconds / seconds_per_day - (seconds % seconds_per_day < 0 ? 1 : 0); }

}  // namespace

Result<std::int64_t> parse_date(std::string_view text) {
  const auto wrong = [&](std::string_view why) { return fail(ErrorCode::invalid_argument, fmt::format("'{}' is no date: {}", text.substr(0, 64), why)); };
  const auto digits = [&](std::size_t from, std::size_t count) { return std::all_of(text.begin() + static_cast<std::ptrdiff_t>(from), text.begin() + static_cast<std::ptrdiff_t>(from + count), is_digit); };
  if (text.size() != 10 || text[4] != '-' || text[7] != '-' || !digits(0, 4) || !digits(5, 2) || !digits(8, 2)) return wrong("write 2026-03-31");
  const auto number = [&](std::size_t from, std::size_t count) {
    int value = 0;
    for (const char c : text.substr(from, count)) value = value * 10 + (c - '0');
    return value;
  };
  const std::chrono::year_month_day date{std::chrono::year{number(0, 4)}, std::chrono::month{static_cast<unsigned>(number(5, 2))}, std::chrono::day{static_cast<unsigned>(number(8, 2))}};
  if (number(0, 4) < 1) return wrong("the year is out of range (0001 to 9999)");
  if (!date.ok()) return wrong("there is no such day");
  return std::int64_t{std::chrono::sys_days{date}.time_since_epoch().count()};
}

std::string date_text(std::int64_t day) {
  const Civil civil = civil_of(day * seconds_per_day);
  return fmt::format("{:04}-{:02}-{:02}", civil.year, civil.month, civil.day);
}

bool is_date_in_range(std::int64_t day) { return day >= first_day && day <= last_day; }

Result<Period> parse_period(std::string_view text) {
  const auto wrong = [&](std::string_view why) { return fail(ErrorCode::invalid_argument, fmt::format("'{}' is no period: {}", text.substr(0, 64), why)); };
  auto rest = text;
  const bool minus = rest.starts_with('-');
  if (minus) rest.remove_prefix(1);
  if (!rest.starts_with('P') || rest.size() < 2) return wrong("write P1M, P14D or P1Y2M");
  if (rest.find('T') != std::string_view::npos) return wrong("it counts days of the calendar, not hours; a duration does that, such as PT36H");
  rest.remove_prefix(1);
  std::string_view order = "YMWD";
  std::int64_t months = 0, days = 0;
  while (!rest.empty()) {
    const bool less = rest.starts_with('-');
    if (less) rest.remove_prefix(1);
    std::int64_t number = 0;
    std::size_t count = 0;
    for (; count < rest.size() && is_digit(rest[count]); ++count) {
      number = number * 10 + (rest[count] - '0');
      if (number > most_days) return wrong("it is out of range (9,999 years)");
    }
    if (count == 0) return wrong("a number is missing");
    if (count == rest.size()) return wrong("the unit is missing");
    const char unit = rest[count];
    const auto position = order.find(unit);
    if (position == std::string_view::npos) return wrong("units are Y, M, W and D in this order");
    order.remove_prefix(position + 1);
    rest.remove_prefix(count + 1);
    if (less != minus) number = -number;
    (unit == 'Y' || unit == 'M' ? months : days) += number * (unit == 'Y' ? 12 : unit == 'W' ? 7 : 1);
  }
  const auto period = make_period(months, days);
  if (!period) return wrong("it is out of range (9,999 years)");
  return *period;
}

std::string period_text(Period period) {
  if (period == Period{}) return "P0D";
  const bool minus = period.months <= 0 && period.days <= 0;
  const int sign = minus ? -1 : 1;
  std::string text = minus ? "-P" : "P";
  const auto part = [&](std::int32_t number, char unit) {
    if (number != 0) text += fmt::format("{}{}", sign * number, unit);
  };
  part(period.months / 12, 'Y');
  part(period.months % 12, 'M');
  part(period.days, 'D');
  return text;
}

bool is_iso_literal(std::string_view word) {
  if (!word.starts_with('P')) return false;
  word.remove_prefix(1);
  if (word.starts_with('T')) word.remove_prefix(1);
  if (word.empty() || !is_digit(word.front()) || is_digit(word.back())) return false;
  return std::all_of(word.begin(), word.end(), [](char c) { return is_digit(c) || std::string_view{"YMWDTHS"}.find(c) != std::string_view::npos; });
}

std::optional<Period> make_period(std::int64_t months, std::int64_t days) {
  if (std::abs(months) > most_months || std::abs(days) > most_days) return std::nullopt;
  return Period{static_cast<std::int32_t>(months), static_cast<std::int32_t>(days)};
}

std::optional<Period> multiply(Period period, std::int64_t times) {
  std::int64_t months = 0, days = 0;
  if (__builtin_mul_overflow(std::int64_t{period.months}, times, &months) || __builtin_mul_overflow(std::int64_t{period.days}, times, &days)) return std::nullopt;
  if (months == INT64_MIN || days == INT64_MIN) return std::nullopt;
  return make_period(months, days);
}

std::optional<std::int64_t> add_to_date(std::int64_t day, Period period) {
  using namespace std::chrono;
  std::int64_t moved = day;
  if (period.months != 0) {
    const year_month_day date{sys_days{std::chrono::days{day}}};
    const year_month month = year_month{date.year(), date.month()} + std::chrono::months{period.months};
    // std::chrono counts years in 16 bits; both terms are within 9,999 years, so their sum is too
    if (month.year() < year{1} || month.year() > year{9'999}) return std::nullopt;
    const auto last = year_month_day_last{month.year(), month_day_last{month.month()}}.day();
    moved = sys_days{month / std::min(date.day(), last)}.time_since_epoch().count();
  }
  moved += period.days;
  return is_date_in_range(moved) ? std::optional{moved} : std::nullopt;
}

std::optional<std::strong_ordering> compare_periods(Period a, Period b) {
  if (a.months == 0 && b.months == 0) return a.days <=> b.days;
  if (a.days == 0 && b.days == 0) return a.months <=> b.months;
  return a == b ? std::optional{std::strong_ordering::equal} : std::nullopt;
}

Result<Instant> add_to_moment(std::string_view zone, Instant moment, Period period) {
  if (period == Period{}) return moment;
  STELLWERK_TRY(const std::int64_t offset, offset_at(zone, moment.seconds));
  const std::int64_t local = moment.seconds + offset;
  const std::int64_t day = floor_day(local);
  const auto moved = add_to_date(day, period);
  if (!moved) return fail(ErrorCode::invalid_argument, "timestamp is out of range");
  STELLWERK_TRY(const std::int64_t seconds, moment_of(zone, *moved * seconds_per_day + (local - day * seconds_per_day)));
  if (!is_timestamp_in_range(seconds)) return fail(ErrorCode::invalid_argument, "timestamp is out of range");
  return Instant{seconds, moment.nanos};
}

Result<std::int64_t> day_in_zone(std::string_view zone, std::int64_t seconds) {
  STELLWERK_TRY(const std::int64_t offset, offset_at(zone, seconds));
  const auto day = floor_day(seconds + offset);
  if (!is_date_in_range(day)) return fail(ErrorCode::invalid_argument, "date is out of range");
  return day;
}

}  // namespace stellwerk::workflows::cel
