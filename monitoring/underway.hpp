#pragma once
// Calls of the database that have not come back. A database that fails says so; one that is silent (a synchronous standby that is away, a
// lock that is never given back, a pooler that hangs) leaves the caller standing there with nobody to tell. Any thread.

#include <chrono>
#include <string>

#include "core/clock.hpp"

namespace stellwerk::monitoring {

/// Longer than any call takes while the database is well; from then on the part is not ready.
inline constexpr Duration silent_after = std::chrono::seconds{10};

/// Stands for one call while it is under way. `what` completes "the database has not answered for 12 s: …".
class Underway {
 public:
  explicit Underway(std::string what);
  ~Underway();
  Underway(const Underway&) = delete;
  Underway& operator=(const Underway&) = delete;

 private:
  int id_;
};

struct LongestCall {
  std::string what;     ///< empty: none is under way
  Duration waiting{};   ///< by the monotonic clock
};
[[nodiscard]] LongestCall longest_call();

}  // namespace stellwerk::monitoring
