// The memory store: what writes, decisions and local actions.

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>
#include <unordered_set>

#include "storage/commit_check.hpp"
#include "storage/fault_point.hpp"
#include "storage/memory_store.hpp"

namespace stellwerk::storage {

/// What would become of the decision as things stand.
CommitResult MemoryStore::judge(const Commit& commit) const {
  for (const auto& change : commit.changes) {
    const auto found = state_->actors.find(change.row.id);
    const auto version = found == state_->actors.end() ? 0 : found->second.version;
    if (version != change.expected_version) return {CommitStatus::conflict, {}, {}};
  }
  for (const auto& required : commit.required) {
    const auto row = find_reference(commit.changes.front().row.tenant, required.id);
    if ((row ? row->version : 0) != required.version) return {CommitStatus::conflict, {}, {}};
  }
  if (commit.idempotency && state_->idempotency.contains({commit.idempotency->scope, commit.idempotency->key})) return {CommitStatus::duplicate, {}, {}};
  for (const auto& change : commit.changes) {
    for (const auto& message : change.messages) {
      const auto receiver = state_->actors.find(message.receiver);
      if (receiver != state_->actors.end() && receiver->second.tenant != change.row.tenant) return refuse_other_tenant(message);
    }
  }
  std::set<std::string> events;
  for (const auto& change : commit.changes) {
    for (const auto& event : change.outbox) {
      if (state_->outbox.contains(event.id) || !events.insert(event.id).second) return {CommitStatus::rejected, fmt::format("outbox event {} exists already", event.id), {}};
    }
  }
  return {CommitStatus::committed, {}, {}};
}

CommitResult MemoryStore::act(const Commit& commit) {
  if (commit.actions.empty()) return {};
  auto& s = *state_;
  const auto before = std::tuple{s.servers, s.places, s.place_keys, s.ranges, s.numbers, s.addresses, s.acted};
  const auto& row = commit.changes.front().row;
  MemoryWorld world{s};
  for (const auto& action : commit.actions) {
    if (!s.acted.emplace(row.tenant, action.key).second) continue;
    auto outcome = perform_action(world, as_attempt(action, row), row.updated_at);
    if (outcome && outcome->code.empty()) continue;
    std::tie(s.servers, s.places, s.place_keys, s.ranges, s.numbers, s.addresses, s.acted) = before;
    if (!outcome) return {CommitStatus::rejected, describe(outcome.error()), {}};
    return {CommitStatus::refused, std::move(outcome->text), std::move(outcome->code)};
  }
  return {};
}

Result<std::vector<CommitResult>> MemoryStore::commit(std::span<const Commit> batch) {
  const std::lock_guard lock{state_->mutex};
  STELLWERK_CHECK(check_fence());
  std::vector<CommitResult> results;
  std::unordered_set<std::string> broken;
  for (const auto& commit : batch) {
    CommitResult result;
    if (auto why = find_unstorable(commit)) {
      result = {CommitStatus::rejected, std::move(*why), {}};
    } else if (std::any_of(commit.changes.begin(), commit.changes.end(), [&](const ActorChange& c) { return broken.contains(c.row.id.str()); })) {
      result = {CommitStatus::conflict, {}, {}};
    } else {
      result = judge(commit);
    }
    if (result.status == CommitStatus::committed) result = act(commit);
    if (result.status == CommitStatus::committed) {
      for (const auto& change : commit.changes) apply(change);
      if (commit.idempotency) state_->idempotency.emplace(std::pair{commit.idempotency->scope, commit.idempotency->key}, *commit.idempotency);
      if (commit.guard) state_->guard_entries.push_back(*commit.guard);
    } else {
      for (const auto& change : commit.changes) broken.insert(change.row.id.str());
    }
    results.push_back(std::move(result));
  }
  fault_point("commit");
  return results;
}

void MemoryStore::apply(const ActorChange& change) {
  auto& s = *state_;
  const auto& actor = change.row;
  auto& row = s.actors[actor.id];
  const auto before = row;
  row = actor;
  if (change.expected_version > 0) {  // these never change
    row.tenant = before.tenant;
    row.kind = before.kind;
    row.created_at = before.created_at;
  }
  if (change.documents_kept) {
    row = before;
    row.version = actor.version;
    row.decision = actor.decision;
    row.updated_at = actor.updated_at;
  }
  for (const auto& name : change.timers_cleared) s.timers.erase({actor.id, name}), s.held.erase({actor.id, name});
  for (const auto& timer : change.timers) {
    auto& stored = s.timers[{timer.actor, timer.name}];
    if (stored.due != timer.due) s.held.erase({timer.actor, timer.name});
    stored = timer;
  }
  for (const auto& ended : change.attempts_ended) s.attempts.erase(ended);
  for (auto attempt : change.attempts) {
    auto& stored = s.attempts[{attempt.run, attempt.lane}];
    if (stored.id == attempt.id && !attempt.result) attempt.result = stored.result;
    stored = std::move(attempt);
  }
  auto runs = change.runs_before;
  if (change.run) runs.push_back(*change.run);
  for (const auto& run : runs) {
    const auto [at, fresh] = s.runs.try_emplace(run.id, run);
    if (fresh) continue;
    const auto started = at->second.started_at;
    at->second = run;
    at->second.started_at = started;
  }
  for (const auto seq : change.consumed) {
    if (const auto found = s.mailbox.find(seq); found != s.mailbox.end() && found->second.receiver == actor.id) s.mailbox.erase(found);
  }
  for (const auto& waiting : change.rewritten) {
    if (const auto found = s.mailbox.find(waiting.seq); found != s.mailbox.end() && found->second.receiver == actor.id) found->second.payload = waiting.payload;
  }
  for (auto message : change.messages) {
    message.seq = ++s.last_seq;
    s.mailbox.emplace(message.seq, std::move(message));
  }
  for (const auto& incident : change.incidents) {
    if (incident.state != "closed") {
      s.incidents.try_emplace(incident.id, incident);
    } else if (const auto open = s.incidents.find(incident.id); open != s.incidents.end()) {
      auto& known = open->second;
      std::tie(known.state, known.closed_by, known.closed_how, known.note, known.closed_at) =
          std::tie(incident.state, incident.closed_by, incident.closed_how, incident.note, incident.closed_at);
    }
  }
  for (const auto& event : change.outbox) s.outbox.emplace(event.id, event);
  if (change.forget_person) s.personal_keys.erase(actor.id);
  if (change.personal_key) s.personal_keys.insert_or_assign(actor.id, *change.personal_key);
  s.audit.insert(s.audit.end(), change.audit.begin(), change.audit.end());
}

ActionResult MemoryStore::run_action(const AttemptRow& attempt, Time now) {
  using Status = ActionResult::Status;
  const auto found = state_->attempts.find({attempt.run, attempt.lane});
  if (found == state_->attempts.end() || found->second.id != attempt.id) return {Status::stale, JsonObject{}, {}, {}};
  if (found->second.result) return {Status::done, *found->second.result, {}, {}};
  MemoryWorld world{*state_};
  auto outcome = perform_action(world, attempt, now);
  if (!outcome) return {Status::failed, JsonObject{}, {}, describe(outcome.error())};
  if (!outcome->code.empty()) return {Status::refused, JsonObject{}, std::move(outcome->code), std::move(outcome->text)};
  found->second.result = outcome->result;
  return {Status::done, std::move(outcome->result), {}, {}};
}

Result<std::vector<ActionResult>> MemoryStore::run_actions(std::span<const ActionRequest> requests, Time now) {
  const std::lock_guard lock{state_->mutex};
  STELLWERK_CHECK(check_fence());
  std::vector<ActionResult> results;
  for (const auto& request : requests) results.push_back(run_action(request.attempt, now));
  fault_point("commit");
  return results;
}

}  // namespace stellwerk::storage
