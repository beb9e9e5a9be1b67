#pragma once
// Days and periods: text forms, arithmetic by the calendar, and where they meet timestamps in a zone. Proleptic Gregorian calendar,
// years 0001 to 9999.

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.hpp"
#include "workflows/cel/time_text.hpp"
#include "workflows/cel/value.hpp"

namespace stellwerk::workflows::cel {

/// "2026-03-31" as days since 1970-01-01. Errors: invalid_argument.
[[nodiscard]] Result<std::int64_t> parse_date(std::string_view text);
[[nodiscard]] std::string date_text(std::int64_t day);
[[nodiscard]] bool is_date_in_range(std::int64_t day);

/// ISO 8601 with years, months, weeks and days: "P1M10D", "-P2W"; also a sign for each part, "P1M-10D". Errors: invalid_argument; hours
/// are refused with a hint.
[[nodiscard]] Result<Period> parse_period(std::string_view text);
/// Years, months and days: "P1Y2M", "P14D", "-P1M", "P1M-10D", "P0D".
[[nodiscard]] std::string period_text(Period period);
/// True for a word with the shape of an ISO 8601 literal: P and a digit, or PT and a digit, then digits and units only.
[[nodiscard]] bool is_iso_literal(std::string_view word);

// Nothing when the result is out of range.
[[nodiscard]] std::optional<Period> make_period(std::int64_t months, std::int64_t days);
[[nodiscard]] std::optional<Period> multiply(Period period, std::int64_t times);
/// Months first, clamped to the end of the month, then days.
[[nodiscard]] std::optional<std::int64_t> add_to_date(std::int64_t day, Period period);
/// Order of two periods of months only, of days only, or of equal ones; nothing for others: a month has 28 to 31 days.
[[nodiscard]] std::optional<std::strong_ordering> compare_periods(Period a, Period b);

/// The same wall time in the zone, a period later: a time in a gap moves forward by the gap, of two the earlier is taken. A period of
/// nothing leaves the moment as it is. Errors: invalid_argument (unknown zone, out of range).
[[nodiscard]] Result<Instant> add_to_moment(std::string_view zone, Instant moment, Period period);
/// The day of a moment in a zone. Errors: invalid_argument.
[[nodiscard]] Result<std::int64_t> day_in_zone(std::string_view zone, std::int64_t seconds);

}  // namespace stellwerk::workflows::cel
