#pragma once
// Durable state of the engine. One Store is one database session and is used by one thread at a time; open as many as needed.
// Implementations: memory (tests and simulation), SQLite and PostgreSQL; all pass tests/contract/store_contract.
// What the rows mean: storage/records.hpp; what is written together: storage/commit.hpp.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "storage/commit.hpp"
#include "storage/records.hpp"

namespace stellwerk::storage {

/// What a look for messages without a receiver has done.
struct Undelivered {
  std::int64_t seen = 0;          ///< the mailbox was looked through up to this row; 0: to its end
  std::vector<ActorId> returned;  ///< senders whose messages came back
  int dropped = 0;                ///< rows that had neither receiver nor sender
};

struct LoadedActor {
  ActorRow row;
  std::vector<MailboxRow> mailbox;  ///< deferred and undelivered, by seq, at most 256
  std::optional<PersonalKeyRow> personal_key = std::nullopt;
  IncidentId quarantine = {};   ///< its open incident of kind "quarantined"; empty: none
  std::string unreadable = {};  ///< what of it is no JSON, and stands empty here; empty: all can be read
};

/// How long a node counts as alive after its last heartbeat, unless it says otherwise.
inline constexpr Duration default_lease = std::chrono::seconds{15};

class Store {
 public:
  virtual ~Store() = default;

  // --- the node
  // A session that bears an incarnation writes nothing, by whatever function, once that incarnation was ended: every transaction
  // holds the row in node_fence, and a successor waits for those under way. Such a write fails with `cancelled`.
  /// Registers this process, and takes every shard. Ends former incarnations of the same host at once (its lock says that their
  /// process is gone), those of other hosts when the lease that they promised to renew is silent by the database's clock.
  /// `lease`: how long this incarnation counts as alive after a heartbeat.
  /// Errors: conflict with reason "held" when a live incarnation of another host holds the database.
  [[nodiscard]] virtual Result<void> begin_incarnation(const std::string& incarnation, const std::string& host, Duration lease = default_lease) = 0;
  /// Hands over: whoever waits may begin at once.
  virtual void end_incarnation(const std::string& incarnation) = 0;
  /// Under which incarnation this session writes. Sessions of tools beside the node bear none, and may not commit().
  virtual void use_incarnation(const std::string& incarnation) = 0;

  /// Renews the lease of this session's incarnation; call it three times in a lease. Returns the database's time, which no demo moves.
  /// Errors: cancelled when the incarnation was ended.
  [[nodiscard]] virtual Result<Time> heartbeat() = 0;

  // --- writing
  /// Writes all decisions in one transaction (bisecting when the database refuses one); one result per decision, in order.
  /// Errors: cancelled (the incarnation was ended or never begun), unavailable (the database cannot be reached: a part of the batch
  /// may be on disk; repeating it is safe, what was written then is recognised as committed or is a conflict).
  [[nodiscard]] virtual Result<std::vector<CommitResult>> commit(std::span<const Commit> batch) = 0;
  /// One result per request, in order. Error as in commit().
  [[nodiscard]] virtual Result<std::vector<ActionResult>> run_actions(std::span<const ActionRequest> requests, Time now) = 0;

  // --- reading for the engine
  /// Errors: not_found.
  [[nodiscard]] virtual Result<LoadedActor> load(const ActorId& id) = 0;
  /// Of these actors those that exist, in no particular order, as load() reads them: for many at once.
  [[nodiscard]] virtual Result<std::vector<LoadedActor>> load_many(std::span<const ActorId> ids) = 0;
  /// Takes every attempt that is not of `incarnation` over to it and returns them.
  [[nodiscard]] virtual Result<std::vector<AttemptRow>> take_over_attempts(const std::string& incarnation) = 0;
  /// The attempts in hand of these actors, in no particular order. One whose documents cannot be read is left out, and told in the log.
  [[nodiscard]] virtual Result<std::vector<AttemptRow>> find_attempts(std::span<const ActorId> actors) = 0;
  // Timers that are due: all three leave out those that the mass-action guard holds, and those of stopped tenants.
  /// Tenants with a timer due at or before `until`, in the order of their ids. It costs the number of tenants, not that of timers.
  [[nodiscard]] virtual Result<std::vector<TenantId>> tenants_due(Time until) = 0;
  /// The tenant's timers due at or before `until`, earliest first, at most `limit`; behind `after`, the last one of an earlier page.
  [[nodiscard]] virtual Result<std::vector<TimerRow>> timers_due(const TenantId& tenant, Time until, int limit, const std::optional<TimerRow>& after) = 0;
  /// When the first timer of all tenants is due behind this moment; nothing: none is.
  [[nodiscard]] virtual Result<std::optional<Time>> next_due(Time after) = 0;
  /// Receivers whose mailbox may be taken from: undelivered messages, or deferred ones of an actor that neither works nor is held
  /// (the node ended between the end of its run and their turn). Longest waiting first, at most `limit`.
  [[nodiscard]] virtual Result<std::vector<ActorId>> receivers_waiting(int limit) = 0;
  /// Looks through at most `limit` rows of the mailbox behind `after`. Messages whose receiver does not exist go back to their sender; those
  /// that have no sender either are removed. Errors: as commit().
  [[nodiscard]] virtual Result<Undelivered> return_undelivered(std::int64_t after, int limit) = 0;
  /// Rows that references point to, committed data only; ids that exist nowhere in the tenant are left out.
  [[nodiscard]] virtual Result<std::vector<ReferenceRow>> read_references(const TenantId& tenant, std::span<const std::string> ids) = 0;
  [[nodiscard]] virtual Result<std::optional<IdempotencyRow>> find_idempotency(const std::string& scope, const std::string& key) = 0;
  /// Errors: not_found.
  [[nodiscard]] virtual Result<ServerRow> find_server(const ServerId& id) = 0;

  // --- revisions of workflows and connectors: immutable published texts
  struct Revision {
    TenantId tenant;
    std::string type;  ///< "workflow" or "connector"
    std::string name;
    int revision = 1;
    std::string text;
    Time at{};
  };
  [[nodiscard]] virtual Result<void> publish(const Revision& revision) = 0;  ///< Errors: conflict when it exists.
  [[nodiscard]] virtual Result<std::vector<Revision>> revisions(const TenantId& tenant) = 0;

  // --- settings of workflows
  /// Every value of the tenant that is set, the present one of each.
  [[nodiscard]] virtual Result<std::vector<SettingValue>> setting_values(const TenantId& tenant) = 0;
  /// Sets, changes or (null) clears one; its history is kept (audit).
  [[nodiscard]] virtual Result<void> put_setting(const TenantId& tenant, const SettingValue& value) = 0;
  /// The history of the tenant's settings, newest first.
  [[nodiscard]] virtual Result<std::vector<SettingValue>> setting_history(const TenantId& tenant, int limit) = 0;
  /// Live actors that a setting of this level reaches, after `after` in the order of ids, at most `limit`: they are reckoned again.
  [[nodiscard]] virtual Result<std::vector<ActorId>> actors_reached(const TenantId& tenant, const SettingValue& value, const ActorId& after, int limit) = 0;

  // --- mass-action guard and emergency stop
  /// Writes the question unless it is known, and marks these timers as held for it: timers_due() leaves them out until they are let go,
  /// set to another time or cleared. One that is no longer as given is left alone. Errors: cancelled; conflict
  /// (the question is answered already, or another one of its tenant and kind stands).
  [[nodiscard]] virtual Result<void> hold_timers(const GuardQuestion& question, std::span<const TimerRow> timers) = 0;
  /// Writes what became of a known question. Of its held timers those due earliest are let go: all (-1) or so many; the others are
  /// held for `rest` from then on, when it is given. Errors: cancelled.
  [[nodiscard]] virtual Result<void> put_guard_question(const GuardQuestion& question, std::int64_t let_go, const std::optional<GuardQuestion>& rest) = 0;
  /// Those that are not released, and all asked or holding good at or after `since`; of every tenant when it is empty. Newest first.
  [[nodiscard]] virtual Result<std::vector<GuardQuestion>> guard_questions(const TenantId& tenant, Time since, int limit) = 0;
  /// What was counted at or after `since`, oldest first.
  [[nodiscard]] virtual Result<std::vector<GuardEntry>> guard_entries(Time since) = 0;
  [[nodiscard]] virtual Result<void> forget_guard_entries(Time before) = 0;
  [[nodiscard]] virtual Result<std::int64_t> count_live(const TenantId& tenant, const std::string& kind) = 0;
  /// Turns the emergency stop on or off; its history is kept. `journal`: in whose own journal it is noted. Errors: cancelled.
  [[nodiscard]] virtual Result<void> put_stop(const StopRow& stop, const TenantId& journal) = 0;
  /// Those that are on.
  [[nodiscard]] virtual Result<std::vector<StopRow>> stops() = 0;
  /// Of this tenant and of all, newest first; of every tenant when it is empty.
  [[nodiscard]] virtual Result<std::vector<StopRow>> stop_history(const TenantId& tenant, int limit) = 0;

  // --- things of the installation that actions and connectors use
  [[nodiscard]] virtual Result<void> put_server(const ServerRow& server) = 0;  ///< inserts or replaces (not `used`)
  [[nodiscard]] virtual Result<void> put_id_range(const IdRange& range) = 0;
  [[nodiscard]] virtual Result<void> put_addresses(std::span<const AddressRow> addresses) = 0;  ///< known ones are left alone
  // --- keys
  /// Oldest first.
  [[nodiscard]] virtual Result<std::vector<DataKeyRow>> data_keys(const TenantId& tenant) = 0;
  /// Errors: conflict when there is one of this id.
  [[nodiscard]] virtual Result<void> add_data_key(const DataKeyRow& key) = 0;
  /// Kept before the value is shown to anybody.
  [[nodiscard]] virtual Result<void> add_audit(const AuditRow& entry) = 0;
  /// Small named values of the installation (clock offset of the demo …).
  [[nodiscard]] virtual Result<std::optional<std::string>> get_value(const std::string& name) = 0;
  [[nodiscard]] virtual Result<void> put_value(const std::string& name, const std::string& value) = 0;
};

/// Opens sessions on one database.
class Database {
 public:
  virtual ~Database() = default;
  /// Errors: unavailable.
  [[nodiscard]] virtual Result<std::unique_ptr<Store>> open_store() = 0;
  /// "memory", "sqlite" or "postgresql".
  [[nodiscard]] virtual std::string dialect() const = 0;
};

/// `now`: the database's clock, by which leases are judged; none: wall time.
[[nodiscard]] std::shared_ptr<Database> make_memory_database(std::function<Time()> now = {});

}  // namespace stellwerk::storage
