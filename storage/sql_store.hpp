#pragma once
// The Store on a SQL database. Its members are spread by noun: sql_commit, sql_load, sql_due, sql_references, sql_settings, sql_node,
// sql_actions, sql_things, sql_keys.

#include <set>
#include <string>
#include <unordered_set>
#include <vector>

#include "storage/session.hpp"
#include "storage/store.hpp"

namespace stellwerk::storage {

class SqlStore final : public Store {
 public:
  SqlStore(DialectKind dialect, const config::Secret& target, Duration patience) : session_{dialect, target, SessionUse::engine, patience} {}
  [[nodiscard]] Result<void> connect() { return session_.connect(1); }

  Result<void> begin_incarnation(const std::string& incarnation, const std::string& host, Duration lease) override;
  void end_incarnation(const std::string& incarnation) override;
  void use_incarnation(const std::string& incarnation) override { session_.set_incarnation(incarnation); }
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
  /// One commit() call: what is known so far about each decision.
  struct Progress {
    std::span<const Commit> batch;
    std::vector<CommitResult> results;
    std::unordered_set<std::string> broken;  ///< actors of decisions that were not written: later ones build on sand
    bool lost = false;                       ///< a connection was lost: a conflict may be with ourselves
  };
  using Group = std::vector<std::size_t>;

  /// Decisions and actions are a node's alone. Errors: cancelled.
  Result<void> check_incarnation() const;
  Result<void> write_group(Progress& progress, Group group);
  /// One transaction. Returns the decisions that must be left out (marked in `progress`); empty: committed.
  Result<Group> write_once(Progress& progress, const Group& group);
  Result<Group> write_layer(Progress& progress, const Group& layer);
  /// Locks the rows that `require` relied on, in the order of their ids; returns the decisions for which one has changed.
  Result<Group> check_required(std::span<const Commit> batch, const Group& written);
  /// Carries out the actions of transitions, each decision's in a savepoint of its own. Returns the decisions that were refused, with
  /// why; the effects of those are taken back.
  Result<std::vector<std::pair<std::size_t, CommitResult>>> act(std::span<const Commit> batch, const Group& written);
  /// The decisions that send to an actor of another tenant, with what they are told.
  Result<std::vector<std::pair<std::size_t, CommitResult>>> check_receivers(std::span<const Commit> batch, const Group& written);
  Result<void> write_details(std::span<const Commit> batch, const Group& written);
  /// After a lost connection: what we believe to conflict may be our own commit.
  Result<void> recognise_own(Progress& progress);
  /// The tenant's own journal: what people decide about the whole of it. Its rows bear the tenant's id as actor. In a transaction.
  Result<void> note_in_journal(const TenantId& tenant, Time at, JsonObject entry);
  /// PostgreSQL: the months of the journal that this batch needs.
  void ensure_months(std::span<const Commit> batch);
  Result<void> run_chunk(std::span<const ActionRequest> requests, const std::vector<std::size_t>& chunk, Time now, std::vector<ActionResult>& results);

  Session session_;
  std::set<std::string> months_;
};

}  // namespace stellwerk::storage
