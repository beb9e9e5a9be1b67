#pragma once
// Days and hours of a tenant: what a date means as a moment, and which hours count.

#include <cstdint>
#include <optional>

#include "core/clock.hpp"
#include "core/result.hpp"
#include "workflows/snapshot.hpp"

namespace stellwerk::workflows {

/// The day of `moment` in the calendar's zone, as days since 1970-01-01. Errors: invalid_argument (unknown zone, out of range).
[[nodiscard]] Result<std::int64_t> day_of(const Calendar& calendar, Time moment);
/// The automation time of that day: a time that the clocks leave out moves forward by the gap, of one that comes twice the earlier.
/// Errors: invalid_argument.
[[nodiscard]] Result<Time> automation_on(const Calendar& calendar, std::int64_t day);
/// The automation time of the day `times` periods after the local day of `anchor`: counted from there in one go, clamped to the end of
/// the month. Errors: invalid_argument.
[[nodiscard]] Result<Time> after_periods(const Calendar& calendar, Time anchor, cel::Period period, std::int64_t times = 1);

/// The time that counts between two moments: in the hours' spans of the zone's wall clock; all of it when there are none. A span over a
/// change of the clocks is as long as it really was. Errors: invalid_argument.
[[nodiscard]] Result<Duration> counting_time(const Calendar& calendar, const WorkingHours& hours, Time from, Time to);
/// When `amount` of counting time has passed since `from`; nothing when that is more than a hundred years away. Errors: invalid_argument.
[[nodiscard]] Result<std::optional<Time>> counted_up(const Calendar& calendar, const WorkingHours& hours, Time from, Duration amount);

}  // namespace stellwerk::workflows
