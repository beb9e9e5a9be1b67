#include "actors/mailbox_sweep.hpp"

#include <algorithm>
#include <cstddef>
#include <iterator>

#include "core/planted.hpp"
#include "monitoring/log.hpp"

namespace stellwerk::actors {
namespace {

constexpr int page = 500;             ///< of receivers
constexpr int most_passed = 100'000;  ///< … in one sweep
constexpr int rows = 5'000;           ///< of the mailbox

}  // namespace

std::vector<ActorId> MailboxSweep::look(LastingSession& session, Duration now) {
  std::vector<ActorId> woken;
  if ((last_ && now - *last_ < interval) || planted(Planted::wake_lost_for_good)) return woken;
  last_ = now;
  return_undelivered(session, woken);
  find_waiting(session, woken);
  return woken;
}

/// Messages that nobody will ever take go back to whom they came from.
void MailboxSweep::return_undelivered(LastingSession& session, std::vector<ActorId>& woken) {
  const auto seen = session.call(&storage::Store::return_undelivered, returned_until_, rows);
  if (!seen) return monitoring::log_error("messages without a receiver cannot be looked for", seen.error());
  returned_until_ = seen->seen;
  woken.insert(woken.end(), seen->returned.begin(), seen->returned.end());
}

void MailboxSweep::find_waiting(LastingSession& session, std::vector<ActorId>& woken) {
  const auto waiting = session.call(&storage::Store::receivers_waiting, passed_ + page);
  if (!waiting) return monitoring::log_error("mailboxes cannot be swept", waiting.error());
  const auto first = std::min(static_cast<std::ptrdiff_t>(passed_), std::ssize(*waiting));
  woken.insert(woken.end(), waiting->begin() + first, waiting->end());
  const bool more = std::ssize(*waiting) == passed_ + page && passed_ + page < most_passed;
  passed_ = more ? passed_ + page : 0;
}

}  // namespace stellwerk::actors
