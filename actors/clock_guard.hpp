#pragma once
// Whether this node's clock can be trusted: what comes due by a wrong clock does harm that nobody can take back. Free of CAF; any thread.

#include <atomic>
#include <cstdint>
#include <string>

#include "core/clock.hpp"

namespace stellwerk::actors {

class ClockGuard {
 public:
  static constexpr Duration most_drift = std::chrono::minutes{5};    ///< of wall time from monotonic time, since the start
  static constexpr Duration most_apart = std::chrono::seconds{2};    ///< of wall time from the database's

  /// What wall time and monotonic time are to each other is taken for good from this moment, and again from the first at which the
  /// database agrees: a clock that was wrong at the start may be put right.
  explicit ClockGuard(const Clock& clock) : clock_{clock}, offset_{present_offset().count()} {}

  /// The database said that it was `database` at some moment between `before` and `after`, both of this node's wall time.
  void compare(Time database, Time before, Time after);

  /// Whether wall time has run as monotonic time has, since the start.
  [[nodiscard]] bool is_steady() const { return !drifted(); }
  /// Nothing fires when not: timers and due attempts wait until the clocks agree again. Looks at the clocks of this moment.
  [[nodiscard]] bool may_fire() const { return !drifted() && !apart(); }
  /// Why nothing fires, in words for an operator; empty: it may.
  [[nodiscard]] std::string trouble() const;
  /// Of wall time from the database's, at the last comparison; positive: the node is ahead.
  [[nodiscard]] Duration difference() const { return Duration{difference_.load()}; }

 private:
  [[nodiscard]] Duration present_offset() const { return clock_.wall().time_since_epoch() - clock_.monotonic(); }
  [[nodiscard]] Duration drift() const { return present_offset() - Duration{offset_.load()}; }
  [[nodiscard]] bool drifted() const;
  [[nodiscard]] bool apart() const;

  const Clock& clock_;
  std::atomic<std::int64_t> offset_;
  std::atomic<bool> agreed_{false};  ///< the database has agreed once
  std::atomic<std::int64_t> difference_{0};
};

}  // namespace stellwerk::actors
