#include "workflows/mailbox.hpp"

#include <algorithm>

namespace stellwerk::workflows {
namespace {

/// The `wait` in hand waits for this event. An interrupted, held or undoing run waits for nothing.
bool is_awaited(const Definition& definition, const Run& run, std::string_view event) {
  if (!run.waiting || run.phase != Phase::forward) return false;
  const auto* wait = std::get_if<WaitStep>(&step_at(definition.work(run.work), run.waiting->at).body);
  return wait != nullptr && std::find(wait->events.begin(), wait->events.end(), event) != wait->events.end();
}

}  // namespace

std::optional<std::int64_t> next_in_line(const Definition& definition, const Snapshot& snapshot, std::span<const Waits> rows) {
  const auto& run = snapshot.cursor.run;
  const Waits* next = nullptr;
  for (const auto& row : rows) {
    if (row.deferred && run && !is_awaited(definition, *run, row.event)) continue;
    if (next == nullptr || (row.deferred && !next->deferred) || (row.deferred == next->deferred && row.seq < next->seq)) next = &row;
  }
  if (next == nullptr) return std::nullopt;
  return next->seq;
}

Snapshot settled(const Decision& decision, std::int64_t version) {
  auto snapshot = decision.next;
  snapshot.version = version;
  std::erase_if(snapshot.deferred, [&](const Deferred& d) {
    return d.seq > 0 && std::find(decision.consumed.begin(), decision.consumed.end(), d.seq) != decision.consumed.end();
  });
  // The row of a deferral is a new one, also when a message that had a number became it.
  if (decision.defer) snapshot.deferred.push_back({0, decision.defer->event});
  return snapshot;
}

bool may_have_begun(const Attempt& attempt, Time now) {
  return attempt.mode != "execute" || attempt.due <= now || attempt.executor == "action";
}

std::optional<Outcome> outcome_of_restart(const Attempt& attempt, Time now) {
  const bool may_have_left = attempt.executor == "connector" && attempt.mode == "execute" && attempt.due <= now;
  if (!may_have_left) return std::nullopt;
  return Outcome{.is = OutcomeClass::unclear, .code = "restart", .text = "the engine was restarted while this attempt was under way"};
}

}  // namespace stellwerk::workflows
