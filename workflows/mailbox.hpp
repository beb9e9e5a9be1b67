#pragma once
// Which event of an actor's mailbox has its turn, and what a written decision leaves behind: the part of a durable actor's life that
// needs neither a store nor a thread. The durable actor and the tests of workflows in virtual time both live by it.

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "workflows/decision.hpp"

namespace stellwerk::workflows {

/// A row of the mailbox.
struct Waits {
  std::int64_t seq = 0;
  std::string_view event;
  bool deferred = false;
};

/// The row that has its turn: while the actor waits, deferred events before messages, each in order of arrival; while it works,
/// messages, and a deferred event that the `wait` in hand waits for, before them. Nothing when no row may be taken now.
[[nodiscard]] std::optional<std::int64_t> next_in_line(const Definition& definition, const Snapshot& snapshot, std::span<const Waits> rows);

/// The actor as it is once the decision is written under `version`. A deferral without a row number yet stands in Snapshot::deferred with seq 0.
[[nodiscard]] Snapshot settled(const Decision& decision, std::int64_t version);

/// Whether an effect of the attempt may be there already. Of an action only its executor knows: clocks may have been set since it began.
[[nodiscard]] bool may_have_begun(const Attempt& attempt, Time now);
/// The answer to an attempt of a process that ended: what may have left is looked at first. Nothing when it simply goes on (an action,
/// a poll, a try not yet due).
[[nodiscard]] std::optional<Outcome> outcome_of_restart(const Attempt& attempt, Time now);

}  // namespace stellwerk::workflows
