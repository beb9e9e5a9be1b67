#pragma once
// A clock moved by hand. Any thread.

#include <atomic>
#include <cstdint>

#include "core/clock.hpp"

namespace stellwerk::testing {

class ManualClock final : public Clock {
 public:
  /// Monday, 2026-03-02, 08:00 UTC unless said otherwise.
  explicit ManualClock(Time start = from_micros(1'772'438'400'000'000)) : micros_{to_micros(start)} {}
  [[nodiscard]] Time now() const override { return from_micros(micros_.load()); }
  void set(Time time) { micros_.store(to_micros(time)); }
  void advance(Duration by) { micros_.fetch_add(by.count()); }

 private:
  std::atomic<std::int64_t> micros_;
};

}  // namespace stellwerk::testing
