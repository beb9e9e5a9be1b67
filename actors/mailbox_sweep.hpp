#pragma once
// Looks into the mailboxes of all actors: for those whom nobody has woken, and for messages that nobody will ever take. Free of CAF.

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "actors/lasting_session.hpp"
#include "core/clock.hpp"
#include "core/id.hpp"

namespace stellwerk::actors {

class MailboxSweep {
 public:
  static constexpr Duration interval = std::chrono::seconds{5};

  /// Looks through the next page of either, from the start again behind the last: receivers that take nothing must not hide the ones behind
  /// them. Returns who has to look into its mailbox; nobody when the look before was less than `interval` ago. An error is logged; the
  /// next look is as good. `now`: monotonic time.
  [[nodiscard]] std::vector<ActorId> look(LastingSession& session, Duration now);

 private:
  void return_undelivered(LastingSession& session, std::vector<ActorId>& woken);
  void find_waiting(LastingSession& session, std::vector<ActorId>& woken);

  std::optional<Duration> last_;
  std::int64_t returned_until_ = 0;  ///< the mailbox was looked through up to this row
  int passed_ = 0;                   ///< receivers that the sweep under way has passed
};

}  // namespace stellwerk::actors
