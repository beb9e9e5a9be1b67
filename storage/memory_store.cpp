// The Store in plain containers: for tests and the simulation. It has no read side. Here: the node, and what the engine reads.

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "core/planted.hpp"
#include "storage/incarnation.hpp"
#include "storage/memory_store.hpp"
#include "storage/reference_kind.hpp"

namespace stellwerk::storage {

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

std::optional<LoadedActor> MemoryStore::find_actor(const ActorId& id) const {
  const auto found = state_->actors.find(id);
  if (found == state_->actors.end()) return std::nullopt;
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

Result<LoadedActor> MemoryStore::load(const ActorId& id) {
  const std::lock_guard lock{state_->mutex};
  auto found = find_actor(id);
  if (!found) return fail(ErrorCode::not_found, fmt::format("there is no actor {}", id.str()));
  return std::move(*found);
}

Result<std::vector<LoadedActor>> MemoryStore::load_many(std::span<const ActorId> ids) {
  const std::lock_guard lock{state_->mutex};
  std::vector<LoadedActor> loaded;
  for (const auto& id : std::set<ActorId>(ids.begin(), ids.end()))
    if (auto found = find_actor(id)) loaded.push_back(std::move(*found));
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

Result<std::vector<AttemptRow>> MemoryStore::find_attempts(std::span<const ActorId> actors) {
  const std::lock_guard lock{state_->mutex};
  std::vector<AttemptRow> found;
  for (const auto& [key, attempt] : state_->attempts)
    if (std::ranges::find(actors, attempt.actor) != actors.end()) found.push_back(attempt);
  return found;
}

bool MemoryStore::may_fire(const TimerRow& timer) const {
  return !state_->stops.contains(TenantId{}) && !state_->stops.contains(timer.tenant) && !state_->held.contains({timer.actor, timer.name});
}

Result<std::vector<TenantId>> MemoryStore::tenants_due(Time until) {
  const std::lock_guard lock{state_->mutex};
  std::set<TenantId> tenants;
  for (const auto& [key, timer] : state_->timers)
    if (timer.due <= until && may_fire(timer)) tenants.insert(timer.tenant);
  return std::vector<TenantId>(tenants.begin(), tenants.end());
}

Result<std::vector<TimerRow>> MemoryStore::timers_due(const TenantId& tenant, Time until, int limit, const std::optional<TimerRow>& after) {
  const std::lock_guard lock{state_->mutex};
  const auto place = [](const TimerRow& timer) { return std::tie(timer.due, timer.actor, timer.name); };
  std::vector<TimerRow> due;
  for (const auto& [key, timer] : state_->timers)
    if (timer.tenant == tenant && timer.due <= until && may_fire(timer) && (!after || place(timer) > place(*after))) due.push_back(timer);
  std::ranges::sort(due, {}, place);
  if (std::ssize(due) > limit) due.resize(static_cast<std::size_t>(limit));
  return due;
}

Result<std::optional<Time>> MemoryStore::next_due(Time after) {
  const std::lock_guard lock{state_->mutex};
  std::optional<Time> next;
  for (const auto& [key, timer] : state_->timers)
    if (timer.due > after && (!next || timer.due < *next) && may_fire(timer)) next = timer.due;
  return next;
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

namespace {

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
