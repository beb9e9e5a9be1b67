// The Store in plain containers: for tests and the simulation. It has no read side.

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>
#include <unordered_set>

#include "core/planted.hpp"
#include "storage/actions/address_rank.hpp"
#include "storage/commit_check.hpp"
#include "storage/fault_point.hpp"
#include "storage/guard_incident.hpp"
#include "storage/incarnation.hpp"
#include "storage/memory_state.hpp"
#include "storage/reference_kind.hpp"
#include "storage/setting_level.hpp"

namespace stellwerk::storage {
namespace {

class MemoryStore final : public Store {
 public:
  explicit MemoryStore(std::shared_ptr<MemoryState> state) : state_{std::move(state)} {}

  Result<void> begin_incarnation(const std::string& incarnation, const std::string& host, Duration lease) override;
  void end_incarnation(const std::string& incarnation) override;
  void use_incarnation(const std::string& incarnation) override { incarnation_ = incarnation; }
  Result<Time> heartbeat() override;
  Result<std::vector<CommitResult>> commit(std::span<const Commit> batch) override;
  Result<std::vector<ActionResult>> run_actions(std::span<const ActionRequest> requests, Time now) override;
  Result<LoadedActor> load(const ActorId& id) override;
  Result<std::vector<AttemptRow>> take_over_attempts(const std::string& incarnation) override;
  Result<std::vector<TimerRow>> timers_due(Time until, int limit) override;
  Result<std::vector<ActorId>> receivers_waiting(int limit) override;
  Result<Undelivered> return_undelivered(std::int64_t after, int limit) override;
  Result<std::vector<ReferenceRow>> read_references(const TenantId& tenant, std::span<const std::string> ids) override;
  Result<std::optional<IdempotencyRow>> find_idempotency(const std::string& scope, const std::string& key) override;
  Result<ServerRow> find_server(const ServerId& id) override;
  Result<void> publish(const Revision& revision) override;
  Result<std::vector<Revision>> revisions(const TenantId& tenant) override;
  Result<std::vector<SettingValue>> setting_values(const TenantId& tenant) override;
  Result<void> put_setting(const TenantId& tenant, const SettingValue& value) override;
  Result<std::vector<SettingValue>> setting_history(const TenantId& tenant, int limit) override;
  Result<std::vector<ActorId>> actors_reached(const TenantId& tenant, const SettingValue& value, const ActorId& after, int limit) override;
  Result<void> hold_timers(const GuardQuestion& question, std::span<const TimerRow> timers) override;
  Result<void> put_guard_question(const GuardQuestion& question, std::int64_t let_go, const std::optional<GuardQuestion>& rest) override;
  Result<std::vector<GuardQuestion>> guard_questions(const TenantId& tenant, Time since, int limit) override;
  Result<std::vector<GuardEntry>> guard_entries(Time since) override;
  Result<void> forget_guard_entries(Time before) override;
  Result<std::int64_t> count_live(const TenantId& tenant, const std::string& kind) override;
  Result<void> put_stop(const StopRow& stop, const TenantId& journal) override;
  Result<std::vector<StopRow>> stops() override;
  Result<std::vector<StopRow>> stop_history(const TenantId& tenant, int limit) override;
  Result<void> put_server(const ServerRow& server) override;
  Result<void> put_id_range(const IdRange& range) override;
  Result<void> put_addresses(std::span<const AddressRow> addresses) override;
  Result<std::vector<DataKeyRow>> data_keys(const TenantId& tenant) override;
  Result<void> add_data_key(const DataKeyRow& key) override;
  Result<void> add_audit(const AuditRow& entry) override;
  Result<std::optional<std::string>> get_value(const std::string& name) override;
  Result<void> put_value(const std::string& name, const std::string& value) override;

 private:
  /// The caller holds the mutex. Errors: cancelled.
  Result<void> check_fence() const;
  /// The same of a session that may write without an incarnation, as tools do.
  Result<void> check_not_ended() const;
  CommitResult judge(const Commit& commit) const;
  [[nodiscard]] std::optional<ReferenceRow> find_reference(const TenantId& tenant, const std::string& id) const;
  /// The actions of its transition: all of them, or none and why.
  CommitResult act(const Commit& commit);
  void apply(const ActorChange& change);
  ActionResult run_action(const AttemptRow& attempt, Time now);

  std::shared_ptr<MemoryState> state_;
  std::string incarnation_;
};

Result<void> MemoryStore::begin_incarnation(const std::string& incarnation, const std::string& host, Duration lease) {
  const std::lock_guard lock{state_->mutex};
  const auto now = state_->now();
  if (!state_->incarnation.empty() && state_->host != host && state_->silent_from > now) return fail(database_held(state_->host, state_->incarnation));
  state_->incarnation = incarnation;
  state_->host = host;
  state_->lease = lease;
  state_->silent_from = now + lease;
  incarnation_ = incarnation;
  return {};
}

void MemoryStore::end_incarnation(const std::string& incarnation) {
  const std::lock_guard lock{state_->mutex};
  if (state_->incarnation == incarnation) state_->incarnation.clear();
  if (incarnation_ == incarnation) incarnation_.clear();
}

Result<void> MemoryStore::check_fence() const {
  if (incarnation_.empty()) return fail(no_incarnation());
  if (state_->incarnation == incarnation_ || planted(Planted::commit_without_fence)) return {};
  return fail(incarnation_ended(incarnation_));
}

Result<void> MemoryStore::check_not_ended() const { return incarnation_.empty() ? Result<void>{} : check_fence(); }

Result<Time> MemoryStore::heartbeat() {
  const std::lock_guard lock{state_->mutex};
  STELLWERK_CHECK(check_fence());
  const auto now = state_->now();
  state_->silent_from = now + state_->lease;
  return now;
}

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
  const auto before = std::tuple{s.servers, s.places, s.ranges, s.numbers, s.addresses, s.acted};
  const auto& row = commit.changes.front().row;
  MemoryWorld world{s};
  for (const auto& action : commit.actions) {
    if (!s.acted.emplace(row.tenant, action.key).second) continue;
    auto outcome = perform_action(world, as_attempt(action, row), row.updated_at);
    if (outcome && outcome->code.empty()) continue;
    std::tie(s.servers, s.places, s.ranges, s.numbers, s.addresses, s.acted) = before;
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

Result<LoadedActor> MemoryStore::load(const ActorId& id) {
  const std::lock_guard lock{state_->mutex};
  const auto found = state_->actors.find(id);
  if (found == state_->actors.end()) return fail(ErrorCode::not_found, fmt::format("there is no actor {}", id.str()));
  LoadedActor loaded{found->second, {}};
  for (const auto& [seq, message] : state_->mailbox) {
    if (message.receiver == id && loaded.mailbox.size() < 256) loaded.mailbox.push_back(message);
  }
  for (const auto& [incident, row] : state_->incidents) {
    if (row.actor == id && row.kind == "quarantined" && row.state == "open") loaded.quarantine = incident;
  }
  if (const auto key = state_->personal_keys.find(id); key != state_->personal_keys.end()) loaded.personal_key = key->second;
  return loaded;
}

Result<std::vector<AttemptRow>> MemoryStore::take_over_attempts(const std::string& incarnation) {
  const std::lock_guard lock{state_->mutex};
  STELLWERK_CHECK(check_not_ended());
  std::vector<AttemptRow> taken;
  for (auto& [key, attempt] : state_->attempts) {
    if (attempt.incarnation == incarnation) continue;
    attempt.incarnation = incarnation;
    taken.push_back(attempt);
  }
  return taken;
}

Result<std::vector<TimerRow>> MemoryStore::timers_due(Time until, int limit) {
  const std::lock_guard lock{state_->mutex};
  std::vector<TimerRow> due;
  for (const auto& [key, timer] : state_->timers) {
    const bool stopped = state_->stops.contains(TenantId{}) || state_->stops.contains(timer.tenant);
    if (timer.due <= until && !stopped && !state_->held.contains(key)) due.push_back(timer);
  }
  std::stable_sort(due.begin(), due.end(), [](const TimerRow& a, const TimerRow& b) { return a.due < b.due; });
  if (std::ssize(due) > limit) due.resize(static_cast<std::size_t>(limit));
  return due;
}

Result<std::vector<ActorId>> MemoryStore::receivers_waiting(int limit) {
  const std::lock_guard lock{state_->mutex};
  const auto busy = [&](const ActorId& actor) {
    return std::ranges::any_of(state_->attempts, [&](const auto& item) { return item.second.actor == actor; }) ||
           std::ranges::any_of(state_->incidents, [&](const auto& item) {
             const auto& incident = item.second;
             return incident.actor == actor && incident.state == "open" && (incident.kind == "held_run" || incident.kind == "quarantined");
           });
  };
  std::vector<ActorId> receivers;
  for (const auto& [seq, message] : state_->mailbox) {
    if (std::ssize(receivers) >= limit) break;
    if (std::ranges::find(receivers, message.receiver) != receivers.end() || (message.deferred && busy(message.receiver))) continue;
    receivers.push_back(message.receiver);
  }
  return receivers;
}

Result<Undelivered> MemoryStore::return_undelivered(std::int64_t after, int limit) {
  const std::lock_guard lock{state_->mutex};
  STELLWERK_CHECK(check_fence());
  Undelivered result;
  int looked_at = 0;
  for (auto at = state_->mailbox.upper_bound(after); at != state_->mailbox.end();) {
    auto& message = at->second;
    if (++looked_at == limit) result.seen = message.seq;
    const bool lost = !state_->actors.contains(message.receiver);
    if (lost && (message.returned || message.sender.empty())) {
      ++result.dropped;
      at = state_->mailbox.erase(at);
    } else {
      if (lost) {
        std::swap(message.receiver, message.sender);
        message.returned = true;
        result.returned.push_back(message.receiver);
      }
      ++at;
    }
    if (looked_at == limit) break;
  }
  return result;
}

std::optional<ReferenceRow> MemoryStore::find_reference(const TenantId& tenant, const std::string& id) const {
  if (const auto server = state_->servers.find(ServerId{id}); server != state_->servers.end()) {
    const auto& s = server->second;
    if (s.tenant != tenant) return std::nullopt;
    return ReferenceRow{id, "server", state_->server_versions.at(s.id), server_fields(s.name, s.connector, s.pool, s.state), {}, 0};
  }
  const auto actor = state_->actors.find(ActorId{id});
  if (actor == state_->actors.end() || actor->second.tenant != tenant) return std::nullopt;
  const auto& a = actor->second;
  return ReferenceRow{id, a.kind, a.version, actor_fields(a.state, a.status, a.customer, a.attributes), a.workflow, a.revision};
}

Result<std::vector<ReferenceRow>> MemoryStore::read_references(const TenantId& tenant, std::span<const std::string> ids) {
  const std::lock_guard lock{state_->mutex};
  std::vector<ReferenceRow> found;
  for (const auto& id : std::set<std::string>(ids.begin(), ids.end())) {
    if (auto row = find_reference(tenant, id)) found.push_back(std::move(*row));
  }
  return found;
}

Result<std::optional<IdempotencyRow>> MemoryStore::find_idempotency(const std::string& scope, const std::string& key) {
  const std::lock_guard lock{state_->mutex};
  const auto found = state_->idempotency.find({scope, key});
  return found == state_->idempotency.end() ? std::optional<IdempotencyRow>{} : std::optional{found->second};
}

Result<ServerRow> MemoryStore::find_server(const ServerId& id) {
  const std::lock_guard lock{state_->mutex};
  const auto found = state_->servers.find(id);
  if (found == state_->servers.end()) return fail(ErrorCode::not_found, fmt::format("there is no server {}", id.str()));
  return found->second;
}

Result<void> MemoryStore::publish(const Revision& r) {
  const std::lock_guard lock{state_->mutex};
  STELLWERK_CHECK(check_not_ended());
  if (!state_->revisions.try_emplace({r.tenant, r.type, r.name, r.revision}, r).second)
    return fail(ErrorCode::conflict, fmt::format("{} {} revision {} is published already", r.type, r.name, r.revision));
  return {};
}

Result<std::vector<Store::Revision>> MemoryStore::revisions(const TenantId& tenant) {
  const std::lock_guard lock{state_->mutex};
  std::vector<Revision> all;
  for (const auto& [key, revision] : state_->revisions) {
    if (revision.tenant == tenant) all.push_back(revision);
  }
  return all;
}

Result<std::vector<SettingValue>> MemoryStore::setting_values(const TenantId& tenant) {
  const std::lock_guard lock{state_->mutex};
  std::vector<SettingValue> values;
  for (const auto& [key, value] : state_->settings[tenant]) values.push_back(value);
  return values;
}

Result<void> MemoryStore::put_setting(const TenantId& tenant, const SettingValue& value) {
  const std::lock_guard lock{state_->mutex};
  STELLWERK_CHECK(check_not_ended());
  const std::tuple key{value.workflow, value.name, value.level, value.owner};
  if (value.value.is_null()) state_->settings[tenant].erase(key);
  else state_->settings[tenant].insert_or_assign(key, value);
  state_->setting_changes[tenant].push_back(value);
  return {};
}

Result<std::vector<SettingValue>> MemoryStore::setting_history(const TenantId& tenant, int limit) {
  const std::lock_guard lock{state_->mutex};
  const auto& all = state_->setting_changes[tenant];
  std::vector<SettingValue> newest(all.rbegin(), all.rend());
  if (std::ssize(newest) > limit) newest.resize(static_cast<std::size_t>(limit));
  return newest;
}

Result<std::vector<ActorId>> MemoryStore::actors_reached(const TenantId& tenant, const SettingValue& value, const ActorId& after, int limit) {
  const std::lock_guard lock{state_->mutex};
  const auto reaches = [&](const ActorRow& row) {
    if (row.tenant != tenant || row.workflow != value.workflow || !row.live) return false;
    switch (value.level) {
      case SettingValue::Level::tenant: return true;
      case SettingValue::Level::customer_group: return customer_group_of(row.attributes) == value.owner;
      case SettingValue::Level::product: return product_of(row.attributes) == value.owner;
      case SettingValue::Level::actor: return row.id.str() == value.owner;
    }
    return false;
  };
  std::vector<ActorId> reached;
  for (auto actor = state_->actors.upper_bound(after); actor != state_->actors.end() && std::ssize(reached) < limit; ++actor) {
    if (reaches(actor->second)) reached.push_back(actor->first);
  }
  return reached;
}

// --- mass-action guard and emergency stop

Result<void> MemoryStore::hold_timers(const GuardQuestion& question, std::span<const TimerRow> timers) {
  const std::lock_guard lock{state_->mutex};
  STELLWERK_CHECK(check_fence());
  if (const auto known = state_->guard_questions.find(question.id); known != state_->guard_questions.end() && known->second.state == "released")
    return fail(ErrorCode::conflict, fmt::format("question {} of the mass-action guard is answered: nothing can be held under it", question.id.str()));
  state_->guard_questions.try_emplace(question.id, question);
  state_->incidents.try_emplace(question.id, guard_incident(question));
  for (const auto& timer : timers) {
    const auto found = state_->timers.find({timer.actor, timer.name});
    if (found != state_->timers.end() && found->second.due == timer.due) state_->held[found->first] = question.id;
  }
  return {};
}

Result<void> MemoryStore::put_guard_question(const GuardQuestion& question, std::int64_t let_go, const std::optional<GuardQuestion>& rest) {
  const std::lock_guard lock{state_->mutex};
  STELLWERK_CHECK(check_fence());
  const auto known = state_->guard_questions.find(question.id);
  if (known == state_->guard_questions.end()) return fail(ErrorCode::not_found, fmt::format("there is no question {}", question.id.str()));
  known->second = question;
  state_->incidents.insert_or_assign(question.id, guard_incident(question));
  std::vector<TimerRow> held;
  for (const auto& [timer, by] : state_->held)
    if (by == question.id) held.push_back(state_->timers.at(timer));
  std::stable_sort(held.begin(), held.end(), [](const TimerRow& a, const TimerRow& b) { return std::tie(a.due, a.actor, a.name) < std::tie(b.due, b.actor, b.name); });
  if (rest) {
    state_->guard_questions.try_emplace(rest->id, *rest);
    state_->incidents.try_emplace(rest->id, guard_incident(*rest));
  }
  for (std::size_t i = 0; i < held.size(); ++i) {
    const std::pair timer{held[i].actor, held[i].name};
    if (let_go < 0 || std::cmp_less(i, let_go)) state_->held.erase(timer);
    else if (rest) state_->held[timer] = rest->id;
  }
  return {};
}

Result<std::vector<GuardQuestion>> MemoryStore::guard_questions(const TenantId& tenant, Time since, int limit) {
  const std::lock_guard lock{state_->mutex};
  std::vector<GuardQuestion> found;
  for (auto at = state_->guard_questions.rbegin(); at != state_->guard_questions.rend() && std::ssize(found) < limit; ++at) {
    const auto& question = at->second;
    if ((!tenant.empty() && question.tenant != tenant) || (question.state == "released" && question.asked_at < since && question.until < since)) continue;
    found.push_back(question);
    found.back().held = std::ranges::count_if(state_->held, [&](const auto& held) { return held.second == question.id; });
  }
  return found;
}

Result<std::vector<GuardEntry>> MemoryStore::guard_entries(Time since) {
  const std::lock_guard lock{state_->mutex};
  std::vector<GuardEntry> entries;
  std::ranges::copy_if(state_->guard_entries, std::back_inserter(entries), [&](const GuardEntry& entry) { return entry.at >= since; });
  std::ranges::stable_sort(entries, {}, &GuardEntry::at);
  return entries;
}

Result<void> MemoryStore::forget_guard_entries(Time before) {
  const std::lock_guard lock{state_->mutex};
  STELLWERK_CHECK(check_not_ended());
  std::erase_if(state_->guard_entries, [&](const GuardEntry& entry) { return entry.at < before; });
  return {};
}

Result<std::int64_t> MemoryStore::count_live(const TenantId& tenant, const std::string& kind) {
  const std::lock_guard lock{state_->mutex};
  return std::ranges::count_if(state_->actors, [&](const auto& item) { return item.second.live && item.second.tenant == tenant && item.second.kind == kind; });
}

Result<void> MemoryStore::put_stop(const StopRow& stop, const TenantId&) {
  const std::lock_guard lock{state_->mutex};
  STELLWERK_CHECK(check_fence());
  if (stop.on) state_->stops[stop.tenant] = stop;
  else state_->stops.erase(stop.tenant);
  state_->stop_changes.push_back(stop);
  return {};
}

Result<std::vector<StopRow>> MemoryStore::stops() {
  const std::lock_guard lock{state_->mutex};
  std::vector<StopRow> on;
  for (const auto& [tenant, stop] : state_->stops) on.push_back(stop);
  return on;
}

Result<std::vector<StopRow>> MemoryStore::stop_history(const TenantId& tenant, int limit) {
  const std::lock_guard lock{state_->mutex};
  std::vector<StopRow> newest;
  for (auto at = state_->stop_changes.rbegin(); at != state_->stop_changes.rend() && std::ssize(newest) < limit; ++at)
    if (at->tenant.empty() || at->tenant == tenant) newest.push_back(*at);
  return newest;
}

Result<void> MemoryStore::put_server(const ServerRow& server) {
  const std::lock_guard lock{state_->mutex};
  STELLWERK_CHECK(check_not_ended());
  ++state_->server_versions[server.id];
  const auto [at, fresh] = state_->servers.try_emplace(server.id, server);
  if (fresh) return {};
  const auto before = at->second;
  at->second = server;
  at->second.tenant = before.tenant;
  at->second.used = before.used;
  at->second.created_at = before.created_at;
  return {};
}

Result<void> MemoryStore::put_id_range(const IdRange& range) {
  if (range.first > range.last || range.first < 0) {
    return fail(ErrorCode::invalid_argument, fmt::format("range '{}' goes from {} to {}; it begins at 0 or above and does not end before it begins", range.name, range.first, range.last));
  }
  const std::lock_guard lock{state_->mutex};
  STELLWERK_CHECK(check_not_ended());
  state_->ranges[{range.tenant, range.name}] = range;
  return {};
}

Result<void> MemoryStore::put_addresses(std::span<const AddressRow> addresses) {
  const std::lock_guard lock{state_->mutex};
  STELLWERK_CHECK(check_not_ended());
  for (const auto& a : addresses) {
    state_->addresses[{a.tenant, a.pool}].try_emplace(address_rank(a.address), MemoryState::Address{a.address, Holding{"", "free", {}}});
  }
  return {};
}

Result<std::vector<DataKeyRow>> MemoryStore::data_keys(const TenantId& tenant) {
  const std::lock_guard lock{state_->mutex};
  std::vector<DataKeyRow> keys;
  for (const auto& [id, key] : state_->data_keys)
    if (key.tenant == tenant) keys.push_back(key);
  std::ranges::sort(keys, {}, [](const DataKeyRow& key) { return std::pair{key.created_at, key.id}; });
  return keys;
}

Result<void> MemoryStore::add_data_key(const DataKeyRow& key) {
  const std::lock_guard lock{state_->mutex};
  STELLWERK_CHECK(check_not_ended());
  if (!state_->data_keys.try_emplace(key.id, key).second) return fail(ErrorCode::conflict, fmt::format("there is a data key {} already", key.id));
  return {};
}

Result<void> MemoryStore::add_audit(const AuditRow& entry) {
  const std::lock_guard lock{state_->mutex};
  STELLWERK_CHECK(check_not_ended());
  state_->audit.push_back(entry);
  return {};
}

Result<std::optional<std::string>> MemoryStore::get_value(const std::string& name) {
  const std::lock_guard lock{state_->mutex};
  const auto found = state_->values.find(name);
  return found == state_->values.end() ? std::optional<std::string>{} : std::optional{found->second};
}

Result<void> MemoryStore::put_value(const std::string& name, const std::string& value) {
  const std::lock_guard lock{state_->mutex};
  STELLWERK_CHECK(check_not_ended());
  state_->values[name] = value;
  return {};
}

class MemoryDatabase final : public Database {
 public:
  explicit MemoryDatabase(std::shared_ptr<MemoryState> state) : state_{std::move(state)} {}
  Result<std::unique_ptr<Store>> open_store() override { return std::make_unique<MemoryStore>(state_); }
  std::string dialect() const override { return "memory"; }

 private:
  std::shared_ptr<MemoryState> state_;
};

}  // namespace

std::shared_ptr<Database> make_memory_database(std::shared_ptr<MemoryState> state) { return std::make_shared<MemoryDatabase>(std::move(state)); }

std::shared_ptr<Database> make_memory_database(std::function<Time()> now) {
  auto state = std::make_shared<MemoryState>();
  if (now) state->now = std::move(now);
  return make_memory_database(std::move(state));
}

}  // namespace stellwerk::storage
