// The Store in plain containers: for tests and the simulation. It has no read side.

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>
#include <unordered_set>

#include "storage/actions/address_rank.hpp"
#include "storage/commit_check.hpp"
#include "storage/fault_point.hpp"
#include "storage/memory_state.hpp"
#include "storage/reference_kind.hpp"
#include "storage/setting_level.hpp"

namespace stellwerk::storage {
namespace {

class MemoryStore final : public Store {
 public:
  explicit MemoryStore(std::shared_ptr<MemoryState> state) : state_{std::move(state)} {}

  Result<void> begin_incarnation(const std::string& incarnation, const std::string& host) override;
  void end_incarnation(const std::string& incarnation) override;
  void use_incarnation(const std::string& incarnation) override { incarnation_ = incarnation; }
  Result<void> heartbeat() override;
  Result<std::vector<CommitResult>> commit(std::span<const Commit> batch) override;
  Result<std::vector<ActionResult>> run_actions(std::span<const ActionRequest> requests, Time now) override;
  Result<LoadedActor> load(const ActorId& id) override;
  Result<std::vector<AttemptRow>> take_over_attempts(const std::string& incarnation) override;
  Result<std::vector<TimerRow>> timers_due(Time until, int limit) override;
  Result<std::vector<ActorId>> receivers_waiting(int limit) override;
  Result<std::vector<ReferenceRow>> read_references(const TenantId& tenant, std::span<const std::string> ids) override;
  Result<std::optional<IdempotencyRow>> find_idempotency(const std::string& scope, const std::string& key) override;
  Result<ServerRow> find_server(const ServerId& id) override;
  Result<void> publish(const Revision& revision) override;
  Result<std::vector<Revision>> revisions(const TenantId& tenant) override;
  Result<std::vector<SettingValue>> setting_values(const TenantId& tenant) override;
  Result<void> put_setting(const TenantId& tenant, const SettingValue& value) override;
  Result<std::vector<SettingValue>> setting_history(const TenantId& tenant, int limit) override;
  Result<std::vector<ActorId>> actors_reached(const TenantId& tenant, const SettingValue& value, const ActorId& after, int limit) override;
  Result<void> put_server(const ServerRow& server) override;
  Result<void> put_id_range(const IdRange& range) override;
  Result<void> put_addresses(std::span<const AddressRow> addresses) override;
  Result<std::optional<std::string>> get_value(const std::string& name) override;
  Result<void> put_value(const std::string& name, const std::string& value) override;

 private:
  /// The caller holds the mutex. Errors: cancelled.
  Result<void> check_fence() const;
  CommitResult judge(const Commit& commit) const;
  [[nodiscard]] std::optional<ReferenceRow> find_reference(const TenantId& tenant, const std::string& id) const;
  /// The actions of its transition: all of them, or none and why.
  CommitResult act(const Commit& commit);
  void apply(const ActorChange& change);
  ActionResult run_action(const AttemptRow& attempt, Time now);

  std::shared_ptr<MemoryState> state_;
  std::string incarnation_;
};

Result<void> MemoryStore::begin_incarnation(const std::string& incarnation, const std::string& host) {
  const std::lock_guard lock{state_->mutex};
  state_->incarnation = incarnation;  // one process: whoever was before is gone
  state_->host = host;
  incarnation_ = incarnation;
  return {};
}

void MemoryStore::end_incarnation(const std::string& incarnation) {
  const std::lock_guard lock{state_->mutex};
  if (state_->incarnation == incarnation) state_->incarnation.clear();
}

Result<void> MemoryStore::check_fence() const {
  if (incarnation_.empty()) return fail(ErrorCode::cancelled, "this session has no incarnation; begin_incarnation() or use_incarnation() comes first");
  if (state_->incarnation == incarnation_) return {};
  return fail(ErrorCode::cancelled, fmt::format("incarnation {} was ended by another process; this node may not write any more", incarnation_));
}

Result<void> MemoryStore::heartbeat() {
  const std::lock_guard lock{state_->mutex};
  return check_fence();
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
  for (const auto& name : change.timers_cleared) s.timers.erase({actor.id, name});
  for (const auto& timer : change.timers) s.timers[{timer.actor, timer.name}] = timer;
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
  return loaded;
}

Result<std::vector<AttemptRow>> MemoryStore::take_over_attempts(const std::string& incarnation) {
  const std::lock_guard lock{state_->mutex};
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
    if (timer.due <= until) due.push_back(timer);
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

Result<void> MemoryStore::put_server(const ServerRow& server) {
  const std::lock_guard lock{state_->mutex};
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
  state_->ranges[{range.tenant, range.name}] = range;
  return {};
}

Result<void> MemoryStore::put_addresses(std::span<const AddressRow> addresses) {
  const std::lock_guard lock{state_->mutex};
  for (const auto& a : addresses) {
    state_->addresses[{a.tenant, a.pool}].try_emplace(address_rank(a.address), MemoryState::Address{a.address, Holding{"", "free", {}}});
  }
  return {};
}

Result<std::optional<std::string>> MemoryStore::get_value(const std::string& name) {
  const std::lock_guard lock{state_->mutex};
  const auto found = state_->values.find(name);
  return found == state_->values.end() ? std::optional<std::string>{} : std::optional{found->second};
}

Result<void> MemoryStore::put_value(const std::string& name, const std::string& value) {
  const std::lock_guard lock{state_->mutex};
  state_->values[name] = value;
  return {};
}

class MemoryDatabase final : public Database {
 public:
  Result<std::unique_ptr<Store>> open_store() override { return std::make_unique<MemoryStore>(state_); }
  std::string dialect() const override { return "memory"; }

 private:
  std::shared_ptr<MemoryState> state_ = std::make_shared<MemoryState>();
};

}  // namespace

std::shared_ptr<Database> make_memory_database() { return std::make_shared<MemoryDatabase>(); }

}  // namespace stellwerk::storage
