#pragma once
// The node's right to act, kept on its own monotonic clock. The database is fenced by the incarnation's row; vendors know nothing of it:
// what is sent to them goes by this. Free of CAF; any thread.

#include <atomic>
#include <cstdint>

#include "core/clock.hpp"

namespace stellwerk::actors {

class Lease {
 public:
  /// `length`: how long after a heartbeat others wait before they take over. Over until the first renew().
  Lease(const Clock& clock, Duration length) : clock_{clock}, length_{length} {}

  /// A heartbeat was written. `sent`: the monotonic time before its statement left; the database has counted from later on.
  void renew(Duration sent);
  /// The incarnation was ended. There is no way back.
  void lose() { lost_.store(true); }
  [[nodiscard]] bool is_lost() const { return lost_.load(); }

  /// How much longer nobody else may take over for certain; zero: somebody may.
  [[nodiscard]] Duration left() const;
  /// Whether what leaves now has left before somebody else may act: a tenth of the lease is kept for the way out. To be asked again
  /// when a connection stands, right before the first byte.
  [[nodiscard]] bool may_send() const { return left() > length_ / 10; }
  [[nodiscard]] Duration length() const { return length_; }

 private:
  const Clock& clock_;
  Duration length_;
  std::atomic<std::int64_t> until_{0};  ///< monotonic, microseconds
  std::atomic<bool> lost_{false};
};

}  // namespace stellwerk::actors
