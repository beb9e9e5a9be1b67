#pragma once
// A session that fails on purpose, on the one memory database of the world. What it wrote is noted for the oracle.

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "storage/store.hpp"
#include "tests/simulation/simulation.hpp"

namespace stellwerk::simulation {

/// A session of one node, of whose end it hears by `node`. Those of a node that has ended do nothing.
class SimulatedStore final : public storage::Store {
 public:
  SimulatedStore(World& world, Node& node, std::unique_ptr<storage::Store> inner) : world_{world}, node_{node}, inner_{std::move(inner)} {}

  Result<void> begin_incarnation(const std::string& incarnation, const std::string& host, Duration lease) override;
  void end_incarnation(const std::string& incarnation) override;
  void use_incarnation(const std::string& incarnation) override { inner_->use_incarnation(incarnation); }
  Result<Time> heartbeat() override;
  Result<std::vector<storage::CommitResult>> commit(std::span<const storage::Commit> batch) override;
  Result<std::vector<storage::ActionResult>> run_actions(std::span<const storage::ActionRequest> requests, Time now) override;
  Result<storage::LoadedActor> load(const ActorId& id) override;
  Result<std::vector<storage::LoadedActor>> load_many(std::span<const ActorId> ids) override;
  Result<std::vector<storage::AttemptRow>> take_over_attempts(const std::string& incarnation) override;
  Result<std::vector<storage::AttemptRow>> find_attempts(std::span<const ActorId> actors) override;
  Result<std::vector<TenantId>> tenants_due(Time until) override;
  Result<std::vector<storage::TimerRow>> timers_due(const TenantId& tenant, Time until, int limit, const std::optional<storage::TimerRow>& after) override;
  Result<std::optional<Time>> next_due(Time after) override;
  Result<std::vector<ActorId>> receivers_waiting(int limit) override;
  Result<storage::Undelivered> return_undelivered(std::int64_t after, int limit) override;
  Result<std::vector<storage::ReferenceRow>> read_references(const TenantId& tenant, std::span<const std::string> ids) override;
  Result<std::optional<storage::IdempotencyRow>> find_idempotency(const std::string& scope, const std::string& key) override;
  Result<storage::ServerRow> find_server(const ServerId& id) override;
  Result<void> publish(const Revision& revision) override;
  Result<std::vector<Revision>> revisions(const TenantId& tenant) override;
  Result<std::vector<storage::SettingValue>> setting_values(const TenantId& tenant) override;
  Result<void> put_setting(const TenantId& tenant, const storage::SettingValue& value) override;
  Result<std::vector<storage::SettingValue>> setting_history(const TenantId& tenant, int limit) override;
  Result<std::vector<ActorId>> actors_reached(const TenantId& tenant, const storage::SettingValue& value, const ActorId& after, int limit) override;
  Result<void> hold_timers(const storage::GuardQuestion& question, std::span<const storage::TimerRow> timers) override;
  Result<void> put_guard_question(const storage::GuardQuestion& question, std::int64_t let_go, const std::optional<storage::GuardQuestion>& rest) override;
  Result<std::vector<storage::GuardQuestion>> guard_questions(const TenantId& tenant, Time since, int limit) override;
  Result<std::vector<storage::GuardEntry>> guard_entries(Time since) override;
  Result<void> forget_guard_entries(Time before) override;
  Result<std::int64_t> count_live(const TenantId& tenant, const std::string& kind) override;
  Result<void> put_stop(const storage::StopRow& stop, const TenantId& journal) override;
  Result<std::vector<storage::StopRow>> stops() override;
  Result<std::vector<storage::StopRow>> stop_history(const TenantId& tenant, int limit) override;
  Result<void> put_server(const storage::ServerRow& server) override;
  Result<void> put_id_range(const storage::IdRange& range) override;
  Result<void> put_addresses(std::span<const storage::AddressRow> addresses) override;
  Result<std::vector<storage::DataKeyRow>> data_keys(const TenantId& tenant) override;
  Result<void> add_data_key(const storage::DataKeyRow& key) override;
  Result<void> add_audit(const storage::AuditRow& entry) override;
  Result<std::optional<std::string>> get_value(const std::string& name) override;
  Result<void> put_value(const std::string& name, const std::string& value) override;

 private:
  /// Runs a call of the session, or something goes wrong before or after it.
  template <class Call>
  auto run(std::string_view name, std::string_view role, Call call) -> decltype(call());
  template <class Call, class Part>
  auto run(std::string_view name, std::string_view role, Call call, Part part) -> decltype(call());
  void look_at(const storage::Commit& commit, storage::CommitStatus status);
  Result<std::vector<storage::CommitResult>> write(std::span<const storage::Commit> batch);
  Result<std::vector<storage::ActionResult>> act(std::span<const storage::ActionRequest> requests, Time now);

  World& world_;
  Node& node_;
  std::unique_ptr<storage::Store> inner_;
};

}  // namespace stellwerk::simulation
