#pragma once
// Time: one clock interface, UTC microseconds, ISO 8601 text.

#include <atomic>
#include <chrono>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace stellwerk {

using Duration = std::chrono::microseconds;
using Time = std::chrono::sys_time<Duration>;

/// Wall time, for tokens, leases and HTTP deadlines.
[[nodiscard]] Time wall_now();

/// The engine's time. May be called from any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Time now() const = 0;
  /// Wall time without what the demo adds to it: what is compared with other clocks.
  [[nodiscard]] virtual Time wall() const { return now(); }
  /// Time since some fixed moment, for spans between two looks: it never jumps, whatever happens to now(). Goes on while the process is stopped.
  [[nodiscard]] virtual Duration monotonic() const;
};

/// Wall time plus an offset that only the demo and tests move (forward).
class OffsetClock final : public Clock {
 public:
  [[nodiscard]] Time now() const override;
  [[nodiscard]] Time wall() const override { return wall_now(); }
  void set_offset(Duration offset) { offset_.store(offset.count()); }
  [[nodiscard]] Duration offset() const { return Duration{offset_.load()}; }

 private:
  std::atomic<std::int64_t> offset_{0};
};

/// "2026-03-02T08:00:00.000000Z"; always UTC, microseconds left out when zero.
[[nodiscard]] std::string format_time(Time time);
/// RFC 3339 with Z or an offset. Errors: invalid_argument.
[[nodiscard]] Result<Time> parse_time(std::string_view text);

/// ISO 8601 duration of fixed length: weeks, days (24 h), hours, minutes, seconds with a fraction to microseconds. Years and
/// months are refused: they have no fixed length. Bounds: up to 36,525 days. Errors: invalid_argument.
[[nodiscard]] Result<Duration> parse_duration(std::string_view text);
/// The canonical form of a duration, e.g. "P3D", "PT5M", "PT0.5S".
[[nodiscard]] std::string format_duration(Duration duration);

[[nodiscard]] inline std::int64_t to_micros(Time time) { return time.time_since_epoch().count(); }
[[nodiscard]] inline Time from_micros(std::int64_t micros) { return Time{Duration{micros}}; }

}  // namespace stellwerk
