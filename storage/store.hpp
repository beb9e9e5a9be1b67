#pragma once
// Durable state of the engine. One Store is one database session and is used by one thread at a time; open as many as needed.
// Implementations: memory (tests and simulation), SQLite and PostgreSQL; all pass tests/contract/store_contract.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "core/id.hpp"
#include "core/json.hpp"
#include "core/result.hpp"

namespace stellwerk::storage {

/// The state of one actor: the truth. Attributes and cursor are the workflow's own encoding and opaque to the store,
/// except for what a projector reads out of `attributes`.
struct ActorRow {
  ActorId id;
  TenantId tenant;
  std::string kind;          ///< "service", "ticket", "order"
  std::string workflow;      ///< name
  int revision = 1;
  std::string state;
  std::string status;        ///< closed list per kind; what people see
  std::string customer;      ///< owner, cus_…; empty: none
  Json attributes = JsonObject{};
  Json cursor = JsonObject{};
  std::int64_t version = 0;  ///< 1 after creation, +1 with every decision
  bool live = true;          ///< false in a final state
  std::string decision;      ///< id of the decision that wrote this version
  Time created_at{};
  Time updated_at{};
};

/// A row of the mailbox: a message not yet applied (`deferred` = accepted while the receiver worked, waits for its turn).
struct MailboxRow {
  ActorId receiver;
  std::int64_t seq = 0;  ///< given by the store; rows of one sender are in order
  ActorId sender;        ///< empty for a deferred command
  EventId event_id;
  std::string event;
  Json payload = JsonObject{};
  Json meta = JsonObject{};  ///< principal, trace, causation depth: opaque
  bool deferred = false;
  Time at{};
  bool returned = false;  ///< it came back to its sender: `receiver` sent it, `sender` is whom it did not reach; meta.reason says why (none: there is no such actor)
};

struct TimerRow {
  ActorId actor;
  TenantId tenant;
  std::string name;  ///< unique within the actor
  Time due{};
};

/// The one live attempt of a run's lane; the history of attempts is in the journal.
struct AttemptRow {
  RunId run;
  int lane = 0;
  AttemptId id;          ///< new for every step (and every sub-operation)
  ActorId actor;
  TenantId tenant;
  std::string workflow;
  std::string step;
  std::string key;       ///< idempotency key <run>/<step>[/<sub>][/<item>]/<n>; of its undo "…/undo", "…/<n>/undo" after a redo
  std::string executor;  ///< "connector" or "action"
  std::string operation; ///< "proxmox.create_vm", "id.allocate"
  int sub = -1;          ///< index of the composite operation's entry, -1: simple
  std::string server;    ///< srv_… for a connector
  Json input = JsonObject{};  ///< frozen when the step starts
  std::string mode;      ///< "execute", "observe" (unclear: look first), "poll" (a handle is known), "undo"-actions are "execute" of their own operation
  int number = 1;        ///< of this try
  Time due{};            ///< not before
  Time deadline{};       ///< of the whole step
  Time sent{};           ///< latest moment bytes of a changing request may have left; epoch: never
  std::string handle;    ///< of the remote task
  std::string incarnation;  ///< who executes it
  std::optional<Json> result;  ///< of an action: committed together with its effect
};

struct IncidentRow {
  IncidentId id;
  TenantId tenant;
  std::string kind;  ///< "held_run", "quarantined", "message"
  ActorId actor;
  std::string actor_kind;
  RunId run;
  std::string step;
  std::string error_class;  ///< outcome class
  std::string code;
  std::string text;         ///< the vendor's own text
  Json detail = JsonObject{};  ///< operation, server, what undo would do
  std::vector<std::string> remedies;  ///< retry, skip, edit, done, fail
  std::string state = "open";  ///< open, closed
  std::string closed_by;
  std::string closed_how;   ///< the remedy
  std::string note;
  Time opened_at{};
  Time closed_at{};
};

struct RunRow {
  RunId id;
  TenantId tenant;
  ActorId actor;
  std::string workflow;
  int revision = 1;
  std::string event;   ///< what started it
  std::string state;   ///< working state
  std::string status;  ///< running, held, undoing, done, failed, cancelled
  std::string step;    ///< in hand or last
  std::string trace;
  Time started_at{};
  Time ended_at{};
};

struct OutboxRow {
  std::string id;  ///< evt_…
  TenantId tenant;
  std::string type;  ///< "notification", "state", …
  ActorId actor;
  Json data = JsonObject{};
  Time at{};
};

/// Scope = tenant, principal, method, path; kept 7 days.
struct IdempotencyRow {
  std::string scope;
  std::string key;
  std::string body_hash;
  int status = 0;       ///< HTTP status of the recorded answer
  Json answer = JsonObject{};
  Time at{};
};

/// A tenant's data key, itself sealed under the master key. The newest is the one that seals; older ones still open what they sealed.
struct DataKeyRow {
  std::string id;  ///< hexadecimal; stands in every text that it sealed
  TenantId tenant;
  std::string sealed;
  Time created_at{};
};

/// The key of one actor's personal fields in the journal, sealed under the tenant's data key. It belongs to a customer: who erases the
/// person destroys every key of theirs, and what they sealed can be read by nobody any more.
struct PersonalKeyRow {
  std::string id;
  TenantId tenant;
  std::string customer;  ///< cus_…; of an actor without a customer its own id
  ActorId actor;
  std::string sealed;
  Time created_at{};
};

/// Who saw or erased what, and why. Never the value.
struct AuditRow {
  std::string id;  ///< evt_…
  TenantId tenant;
  Time at{};
  std::string by;      ///< usr_… or the name given on the command line
  std::string role;
  std::string action;  ///< "reveal", "erase", "rotate"
  std::string object;  ///< id of the server, actor or customer
  std::string field;
  std::string note;
};

/// The event a change applied, for the projectors (ticket messages and the like).
struct Applied {
  EventId id;
  std::string event;   ///< "" for a created actor's birth: then `payload` holds its attributes
  Json payload = JsonObject{};
  std::string principal;  ///< usr_… or empty
  std::string role;       ///< customer, staff, admin, system, connector
};

/// What one decision writes about one actor.
struct ActorChange {
  ActorRow row;                        ///< the new state; row.version is the new version
  bool documents_kept = false;         ///< attributes and cursor stay as they are stored, also when nobody can read them; no projector runs
  std::int64_t expected_version = 0;   ///< 0: the actor is created
  Applied applied;
  Json journal = JsonArray{};          ///< entries of this decision, in order
  std::string trace;
  std::vector<TimerRow> timers;        ///< set (or moved)
  std::vector<std::string> timers_cleared;
  std::vector<AttemptRow> attempts;    ///< written (inserted or replaced by run and lane)
  std::vector<std::pair<RunId, int>> attempts_ended;  ///< run and lane: removed, before `attempts` are written
  std::optional<RunRow> run;           ///< written
  std::vector<RunRow> runs_before;     ///< runs that ended in the same decision before `run` began: written first
  std::vector<MailboxRow> messages;    ///< to others, or deferred to itself; seq is ignored
  std::vector<std::int64_t> consumed;  ///< own mailbox rows applied or refused: removed
  std::vector<IncidentRow> incidents;  ///< opened: inserted; state "closed": only state and closed_* of the existing row change
  std::vector<OutboxRow> outbox;
  std::optional<PersonalKeyRow> personal_key;  ///< made by this decision: its journal is sealed with it
  bool forget_person = false;          ///< the actor's personal key is destroyed
  std::vector<AuditRow> audit;
};

/// A row that must still be as it was when the decision was made (`require`): locked and read again in the transaction, by id.
struct RequiredRow {
  std::string id;
  std::string kind;
  std::int64_t version = 0;
};
/// An action of a transition: carried out in the transaction that writes the decision, after the actors' guarded update.
struct TransitionAction {
  EventId id;
  std::string key;    ///< the effect is there at most once per key
  std::string name;   ///< "id.release"
  Json input = JsonObject{};
  ActorId actor = {};  ///< whose it is, one of the changes; empty: the first
};

/// A decision that the mass-action guard has counted.
struct GuardEntry {
  TenantId tenant;
  std::string kind;     ///< of the actor
  ActorId actor;
  Time at{};            ///< engine time
  IncidentId released;  ///< the question whose release let it pass; empty: it passed within the bounds
};

/// What the mass-action guard asks a person: may these timers do what they are about to? While it is not released, timers are held.
/// It stands in the list of incidents too, under the same id (kind "mass_guard", remedies release and keep).
struct GuardQuestion {
  IncidentId id;
  TenantId tenant;
  std::string kind;               ///< of the actors
  std::string why;                ///< "mass", "restore", "downtime", "rest" (of a release up to a number)
  std::string state = "open";     ///< open (a person is asked), kept (answered: hold on), released
  std::int64_t passed = 0;        ///< when it was asked: how many went in the window before,
  std::int64_t bound = 0;         ///< … how many may,
  std::int64_t live = 0;          ///< … and how many actors of the kind there were
  JsonArray examples;             ///< ids of up to ten actors
  JsonArray answers;              ///< in order: how, by, note, at; of a release also number (null: all) and until; of a keep until
  Time asked_at{};
  Time until{};                   ///< kept: asked again then. Released: the same kind passes until then
  std::int64_t number = -1;       ///< released: how many may pass; -1: all
  std::int64_t held = 0;          ///< timers held for it now; told, not written
};

/// Whether automation stands still, for a tenant or for all.
struct StopRow {
  TenantId tenant;   ///< empty: all tenants
  bool on = false;
  std::string by;    ///< usr_…
  std::string note;  ///< why
  Time at{};
};

/// One decision: all of it or nothing.
struct Commit {
  std::string id;                      ///< decision id
  std::vector<ActorChange> changes;    ///< the deciding actor first, then actors it creates
  std::vector<RequiredRow> required;   ///< one has changed: conflict
  std::vector<TransitionAction> actions;  ///< one is refused: refused, nothing is written
  std::optional<IdempotencyRow> idempotency;
  std::optional<GuardEntry> guard = {};  ///< the mass-action guard has counted it
};

enum class CommitStatus {
  committed,  ///< on disk
  conflict,   ///< an actor's version is not the expected one (or it exists already): load and decide again
  duplicate,  ///< its idempotency key is taken: nothing was written
  refused,    ///< an action does not admit it now, or a message is for another tenant: `code` and `error` say why; nothing was written
  rejected,   ///< the database refuses this decision even alone; `error` says why
};
struct CommitResult {
  CommitStatus status = CommitStatus::committed;
  std::string error;
  std::string code;  ///< of a refusal: "exhausted", "no_server", "invalid_input", "other_tenant"
};

/// What a look for messages without a receiver has done.
struct Undelivered {
  std::int64_t seen = 0;          ///< the mailbox was looked through up to this row; 0: to its end
  std::vector<ActorId> returned;  ///< senders whose messages came back
  int dropped = 0;                ///< rows that had neither receiver nor sender
};

/// A row that a reference of a workflow points to, with what expressions may read of it.
struct ReferenceRow {
  std::string id;
  std::string kind;            ///< "product" (also called "plan"), "server", or the kind of an actor
  std::int64_t version = 0;    ///< rises with every change
  Json fields = JsonObject{};  ///< product: name, workflow and its attributes; server: name, connector, pool, state; customer: number, name, email, status; actor: status, state, customer and its attributes (which of them are secret its workflow knows)
  std::string workflow;        ///< of an actor
  int revision = 0;            ///< of an actor's workflow
};

/// A value of a workflow's setting that differs from its default.
struct SettingValue {
  enum class Level { tenant, customer_group, product, actor } level = Level::tenant;
  std::string owner;     ///< id of the group, product or actor; empty for the tenant
  std::string workflow;  ///< the workflow that declares it, or its base
  std::string name;
  Json value;            ///< null: the level says nothing any more
  std::string by;        ///< usr_…
  std::string note;
  Time at{};
};

struct LoadedActor {
  ActorRow row;
  std::vector<MailboxRow> mailbox;  ///< deferred and undelivered, by seq, at most 256
  std::optional<PersonalKeyRow> personal_key = std::nullopt;
  IncidentId quarantine = {};   ///< its open incident of kind "quarantined"; empty: none
  std::string unreadable = {};  ///< what of it is no JSON, and stands empty here; empty: all can be read
};

/// A local effect of a step, done by the store: effect and result in one transaction. See storage/actions/actions.hpp.
struct ActionRequest {
  AttemptRow attempt;  ///< operation and input; its row must still be there under this id, else status `stale`
};
struct ActionResult {
  enum class Status {
    done,     ///< result is committed (also when it already was)
    refused,  ///< the world does not admit it now (pool full, range exhausted): `text` for the operator; nothing was written
    failed,   ///< the database failed: try again
    stale,    ///< the attempt is gone: nothing to do
  };
  Status status = Status::done;
  Json result = JsonObject{};
  std::string code;  ///< of a refusal: "exhausted", "no_server", "invalid_input"
  std::string text;
};

struct ServerRow {
  ServerId id;
  TenantId tenant;
  std::string name;
  std::string connector;
  std::string pool;
  int capacity = 0;           ///< places; 0: no limit
  int used = 0;
  std::string state = "active";  ///< active, drain, maintenance
  Json settings = JsonObject{};  ///< connector settings; secrets sealed
  Time created_at{};
};

struct ProductRow {
  ProductId id;
  TenantId tenant;
  std::string name;
  std::string workflow;
  Json attributes = JsonObject{};  ///< given to the service at its creation
  bool visible = true;
  Time created_at{};
};

/// Numbers first..last (inclusive) of our own, from which id.allocate takes.
struct IdRange {
  TenantId tenant;
  std::string name;
  std::int64_t first = 0;
  std::int64_t last = 0;
};
/// One address of ours, from which ip.allocate takes.
struct AddressRow {
  TenantId tenant;
  std::string pool;
  std::string address;
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
  /// Takes every attempt that is not of `incarnation` over to it and returns them.
  [[nodiscard]] virtual Result<std::vector<AttemptRow>> take_over_attempts(const std::string& incarnation) = 0;
  /// Timers due at or before `until`, earliest first; without those that the mass-action guard holds, and those of stopped tenants.
  [[nodiscard]] virtual Result<std::vector<TimerRow>> timers_due(Time until, int limit) = 0;
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
  /// Of this tenant and of all, newest first.
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
