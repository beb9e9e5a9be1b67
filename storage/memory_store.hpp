#pragma once
// The Store in plain containers. Internal to this folder: memory_store.cpp has the node and what the engine reads, memory_commit.cpp what
// writes, memory_guard.cpp, memory_settings.cpp and memory_things.cpp the rest.

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "storage/memory_state.hpp"
#include "storage/store.hpp"

namespace stellwerk::storage {

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
  Result<std::vector<LoadedActor>> load_many(std::span<const ActorId> ids) override;
  Result<std::vector<AttemptRow>> take_over_attempts(const std::string& incarnation) override;
  Result<std::vector<AttemptRow>> find_attempts(std::span<const ActorId> actors) override;
  Result<std::vector<TenantId>> tenants_due(Time until) override;
  Result<std::vector<TimerRow>> timers_due(const TenantId& tenant, Time until, int limit, const std::optional<TimerRow>& after) override;
  Result<std::optional<Time>> next_due(Time after) override;
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
  [[nodiscard]] std::optional<LoadedActor> find_actor(const ActorId& id) const;
  /// Not held by the mass-action guard, and not of a stopped tenant.
  [[nodiscard]] bool may_fire(const TimerRow& timer) const;
  CommitResult judge(const Commit& commit) const;
  [[nodiscard]] std::optional<ReferenceRow> find_reference(const TenantId& tenant, const std::string& id) const;
  /// The actions of its transition: all of them, or none and why.
  CommitResult act(const Commit& commit);
  void apply(const ActorChange& change);
  ActionResult run_action(const AttemptRow& attempt, Time now);

  std::shared_ptr<MemoryState> state_;
  std::string incarnation_;
};

}  // namespace stellwerk::storage
