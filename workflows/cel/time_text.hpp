#pragma once
// Timestamps and durations with nanoseconds: text forms, ranges, calendar fields in a zone.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace stellwerk::workflows::cel {

/// A point in time or a span: seconds, and nanos of the same sign (of a point: 0 to 999,999,999).
struct Instant {
  std::int64_t seconds = 0;
  std::int32_t nanos = 0;
};

/// Years 0001 to 9999.
[[nodiscard]] bool is_timestamp_in_range(std::int64_t seconds);
/// Nanoseconds in 64 bits (about 292 years), as the reference implementations of CEL have it.
[[nodiscard]] bool is_duration_in_range(Instant span);
/// a + b (or a - b) with the nanos brought into the form of a point or of a span; nothing on overflow of seconds.
[[nodiscard]] std::optional<Instant> add_to_point(Instant point, Instant span, bool subtract);
[[nodiscard]] std::optional<Instant> add_spans(Instant a, Instant b, bool subtract);

/// RFC 3339 with Z or an offset, or a date alone (midnight UTC). Errors: invalid_argument with "range" or what is wrong.
[[nodiscard]] Result<Instant> parse_timestamp(std::string_view text);
/// "P3D", "PT5M" (ISO 8601, fixed length, optional minus) or "72h", "1h30m", "-1.5s", "10ms". Errors: invalid_argument.
[[nodiscard]] Result<Instant> parse_span(std::string_view text);
/// "2009-02-13T23:31:30Z", with as many digits of the fraction as needed.
[[nodiscard]] std::string timestamp_text(std::int64_t seconds, std::int32_t nanos);
/// Seconds: "90s", "1.5s".
[[nodiscard]] std::string duration_text(std::int64_t seconds, std::int32_t nanos);

/// Seconds to add to UTC at that moment. `zone`: an IANA name, "UTC", or an offset "+02:00", "-09:30", "02:00".
/// The tables of the operating system reach to 2037; later moments have the standard time of their zone. Errors: invalid_argument.
[[nodiscard]] Result<std::int64_t> offset_at(std::string_view zone, std::int64_t seconds);

/// The moments of a local wall time in a zone: a time in a gap moves forward by the gap, of two the earlier is taken.
[[nodiscard]] Result<std::int64_t> moment_of(std::string_view zone, std::int64_t local_seconds);

/// When the day of a zone begins whose midnight is `local_seconds`: midnight, or the end of the gap that midnight lies in.
[[nodiscard]] Result<std::int64_t> start_of_day(std::string_view zone, std::int64_t local_seconds);

/// Fields of the proleptic Gregorian calendar for seconds since 1970-01-01 00:00 of a zone's wall clock.
struct Civil {
  int year = 1970;
  unsigned month = 1, day = 1;  ///< 1-based
  int day_of_year = 0;          ///< 0-based
  unsigned weekday = 4;         ///< 0 is Sunday
  int hour = 0, minute = 0, second = 0;
};
[[nodiscard]] Civil civil_of(std::int64_t local_seconds);

}  // namespace stellwerk::workflows::cel
