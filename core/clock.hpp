#pragma once
// Time: one clock interface, UTC microseconds, ISO 8601 text.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
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
  /// What is due is due by this.
  [[nodiscard]] virtual Time now() const = 0;
  /// This machine's own wall time: what is compared with other clocks.
  [[nodiscard]] virtual Time wall() const { return now(); }
  /// Time since some fixed moment, for spans between two looks: it never jumps, whatever happens to now(). Goes on while the process is stopped.
  [[nodiscard]] virtual Duration monotonic() const;
  /// The database said that it was `database` at some moment between `sent` and `answered`, both of monotonic time. A clock that goes by
  /// the database heeds it.
  virtual void follow(Time /*database*/, Duration /*sent*/, Duration /*answered*/) {}
};

/// Another clock's time, as it was told last, plus monotonic progress since. May be called from any thread.
class FollowedTime {
 public:
  /// As Clock::follow(). What is known already stays as it is while it can be true: a slow answer makes nothing jump. Else it is moved
  /// as little as possible; at first to the earliest that can be true, so that nothing is due too early.
  void follow(Time told, Duration sent, Duration answered);
  /// Nothing before the first follow().
  [[nodiscard]] std::optional<Time> at(Duration monotonic) const;

 private:
  static constexpr std::int64_t unknown = std::numeric_limits<std::int64_t>::min();
  std::atomic<std::int64_t> origin_{unknown};  ///< the other clock's time when monotonic time was zero, microseconds
};

/// The database's time plus an offset that only the demo and tests move (forward). Before the database has told it: wall time.
class OffsetClock final : public Clock {
 public:
  [[nodiscard]] Time now() const override;
  [[nodiscard]] Time wall() const override { return wall_now(); }
  void follow(Time database, Duration sent, Duration answered) override { database_.follow(database, sent, answered); }
  void set_offset(Duration offset) { offset_.store(offset.count()); }
  [[nodiscard]] Duration offset() const { return Duration{offset_.load()}; }

 private:
  FollowedTime database_;
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
