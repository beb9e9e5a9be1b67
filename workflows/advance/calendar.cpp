#include "workflows/advance/calendar.hpp"

#include <algorithm>
#include <chrono>

#include "workflows/cel/calendar.hpp"
#include "workflows/cel/time_text.hpp"

namespace stellwerk::workflows {
namespace {

constexpr std::int64_t seconds_per_day = 86'400;
constexpr std::int64_t horizon_days = 36'525;

std::int64_t seconds_of(Time moment) { return std::chrono::floor<std::chrono::seconds>(moment).time_since_epoch().count(); }
Time at_second(std::int64_t seconds) { return Time{std::chrono::seconds{seconds}}; }

/// 0 is Sunday; 1970-01-01 was a Thursday.
int weekday_of(std::int64_t day) { return static_cast<int>(((day + 4) % 7 + 7) % 7); }

/// The moment of a local time of day.
Result<Time> at_local(const Calendar& calendar, std::int64_t day, Duration time_of_day) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(time_of_day);
  STELLWERK_TRY(const std::int64_t seconds, cel::moment_of(calendar.zone, day * seconds_per_day + whole.count()));
  return at_second(seconds) + (time_of_day - whole);
}

/// Calls `use(from, to)` for each stretch that counts, from the day of `from` on, in order and without overlap, until it returns false.
template <class Use>
Result<void> each_stretch(const Calendar& calendar, const WorkingHours& hours, Time from, const Use& use) {
  STELLWERK_TRY(const std::int64_t first, day_of(calendar, from));
  Time done = from;
  for (std::int64_t day = first; day < first + horizon_days; ++day) {
    const int weekday = weekday_of(day);
    for (const auto& span : hours.spans) {
      if (span.weekday != weekday) continue;
      STELLWERK_TRY(const auto opens, at_local(calendar, day, span.from));
      STELLWERK_TRY(const auto closes, at_local(calendar, day, span.to));
      const auto begin = std::max(done, opens);
      if (closes <= begin) continue;
      if (!use(begin, closes)) return {};
      done = closes;
    }
  }
  return {};
}

}  // namespace

Result<std::int64_t> day_of(const Calendar& calendar, Time moment) { return cel::day_in_zone(calendar.zone, seconds_of(moment)); }

Result<Time> automation_on(const Calendar& calendar, std::int64_t day) { return at_local(calendar, day, calendar.automation_time); }

Result<Time> after_periods(const Calendar& calendar, Time anchor, cel::Period period, std::int64_t times) {
  STELLWERK_TRY(const std::int64_t day, day_of(calendar, anchor));
  const auto whole = cel::multiply(period, times);
  const auto due = whole ? cel::add_to_date(day, *whole) : std::nullopt;
  if (!due) return fail(ErrorCode::invalid_argument, "date is out of range");
  return automation_on(calendar, *due);
}

Result<Duration> counting_time(const Calendar& calendar, const WorkingHours& hours, Time from, Time to) {
  if (to <= from) return Duration{};
  if (hours.spans.empty()) return to - from;
  Duration counted{};
  STELLWERK_CHECK(each_stretch(calendar, hours, from, [&](Time begin, Time end) {
    if (begin < to) counted += std::min(end, to) - begin;
    return end < to;
  }));
  return counted;
}

Result<std::optional<Time>> counted_up(const Calendar& calendar, const WorkingHours& hours, Time from, Duration amount) {
  if (amount <= Duration{}) return std::optional{from};
  if (hours.spans.empty()) return std::optional{from + amount};
  std::optional<Time> due;
  STELLWERK_CHECK(each_stretch(calendar, hours, from, [&](Time begin, Time end) {
    if (end - begin >= amount) due = begin + amount;
    amount -= end - begin;
    return !due;
  }));
  return due;
}

}  // namespace stellwerk::workflows
