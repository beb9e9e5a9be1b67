#pragma once
// The tables of the memory database. Everything is guarded by `mutex`; a decision or an action holds it from begin to end.

#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "storage/actions/world.hpp"
#include "storage/store.hpp"

namespace stellwerk::storage {

struct MemoryState {
  std::mutex mutex;
  std::function<Time()> now = wall_now;  ///< the database's clock
  std::string incarnation, host;
  Time silent_from{};  ///< the lease of `incarnation` ends
  Duration lease{};
  std::map<ActorId, ActorRow> actors;
  std::map<std::pair<ActorId, std::string>, TimerRow> timers;
  std::map<std::pair<RunId, int>, AttemptRow> attempts;
  std::map<RunId, RunRow> runs;
  std::map<std::int64_t, MailboxRow> mailbox;
  std::int64_t last_seq = 0;
  std::map<IncidentId, IncidentRow> incidents;
  std::map<std::string, OutboxRow> outbox;
  std::map<std::pair<std::string, std::string>, IdempotencyRow> idempotency;
  std::map<std::tuple<TenantId, std::string, std::string, int>, Store::Revision> revisions;
  std::map<std::string, std::string> values;
  std::map<std::string, DataKeyRow> data_keys;
  std::map<ActorId, PersonalKeyRow> personal_keys;
  std::vector<AuditRow> audit;

  std::set<std::pair<TenantId, std::string>> acted;  ///< keys of actions in transitions
  std::map<TenantId, std::map<std::tuple<std::string, std::string, SettingValue::Level, std::string>, SettingValue>> settings;  ///< by workflow, name, level, owner
  std::map<TenantId, std::vector<SettingValue>> setting_changes;

  std::map<IncidentId, GuardQuestion> guard_questions;
  std::vector<GuardEntry> guard_entries;
  std::map<std::pair<ActorId, std::string>, IncidentId> held;  ///< timers, by the question they are held for
  std::map<TenantId, StopRow> stops;
  std::vector<StopRow> stop_changes;

  std::map<ServerId, ServerRow> servers;
  std::map<ServerId, std::int64_t> server_versions;
  std::map<AttemptId, std::pair<ServerId, ActorId>> places;
  std::map<AttemptId, std::string> place_keys;  ///< of `places`
  using Name = std::pair<TenantId, std::string>;
  std::map<Name, IdRange> ranges;
  std::map<Name, std::map<std::int64_t, Holding>> numbers;
  struct Address {
    std::string address;
    Holding holding;
  };
  std::map<Name, std::map<std::string, Address>> addresses;  ///< by rank
};

/// The actions' view; the caller holds the mutex. Actions change nothing before they are certain, so nothing needs to be taken back.
class MemoryWorld final : public World {
 public:
  explicit MemoryWorld(MemoryState& state) : state_{state} {}

  Result<std::optional<IdRange>> lock_range(const TenantId& tenant, const std::string& name) override;
  Result<std::optional<std::int64_t>> lowest_free_number(const IdRange& range, const std::set<std::int64_t>& blocked, Time now) override;
  Result<std::optional<Holding>> find_number(const IdRange& range, std::int64_t number) override;
  Result<void> put_number(const IdRange& range, std::int64_t number, const Holding& holding) override;
  Result<void> free_number(const IdRange& range, std::int64_t number) override;

  Result<bool> lock_address_pool(const TenantId& tenant, const std::string& pool) override;
  Result<std::optional<std::string>> lowest_free_address(const TenantId& tenant, const std::string& pool, Time now) override;
  Result<std::vector<std::pair<std::string, Holding>>> find_address(const TenantId& tenant, const std::string& address) override;
  Result<void> put_address(const TenantId& tenant, const std::string& pool, const std::string& address, const Holding& holding) override;

  Result<std::vector<ServerRow>> lock_servers(const TenantId& tenant, const std::string& pool) override;
  Result<bool> lock_server(const ServerId& server) override;
  Result<std::vector<Place>> places_of(const ActorId& owner) override;
  Result<void> add_place(const Place& place, const TenantId& tenant, const ActorId& owner) override;
  Result<bool> remove_place(const Place& place) override;

 private:
  MemoryState& state_;
};

/// A database on tables that the caller sees: for the simulation, whose oracle reads them.
[[nodiscard]] std::shared_ptr<Database> make_memory_database(std::shared_ptr<MemoryState> state);

}  // namespace stellwerk::storage
