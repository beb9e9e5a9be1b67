#pragma once
// The read side and the plain records beside the actors: accounts, sessions, products, lists of services and tickets, the
// journal as people read it. SQL only. One Directory is one database session, used by one thread at a time.

#include "config/secret.hpp"
#include "storage/doctor.hpp"
#include "storage/store.hpp"

namespace stellwerk::storage {

struct AccountRow {
  UserId id;
  TenantId tenant;
  std::string email;          ///< lower case, unique in its tenant
  std::string role;           ///< admin, staff, reseller, customer
  std::string name;
  std::string password_hash;
  std::string customer;       ///< cus_… of a customer account
  bool disabled = false;
  Time created_at{};
};

struct CustomerRow {
  std::string id;      ///< cus_…
  TenantId tenant;
  std::string number;  ///< upper-case hexadecimal, at least 8 digits
  std::string name;
  std::string email;
  Time created_at{};
};

struct SessionRow {
  std::string id;  ///< ses_…
  UserId user;
  TenantId tenant;
  Time created_at{};
  Time expires_at{};
  bool revoked = false;
};

struct ServiceView {
  ActorId id;
  TenantId tenant;
  std::string customer, order, product, workflow, hostname, server, state, status;
  Json attributes = JsonObject{};
  Json cursor = JsonObject{};
  std::int64_t version = 0;
  int revision = 1;
  Time created_at{}, updated_at{};
};

struct TicketView {
  ActorId id;
  TenantId tenant;
  std::string number, customer, subject, department, priority, service, state, status;
  std::int64_t version = 0;
  Time created_at{}, updated_at{}, last_reply_at{};
};

struct TicketMessageView {
  std::string id;      ///< evt_… of the event that brought it
  ActorId ticket;
  std::string author;  ///< usr_… or empty
  std::string role;    ///< customer, staff, admin, system
  bool internal = false;
  std::string body;
  Time at{};
};

struct JournalView {
  ActorId actor;
  std::int64_t version = 0;
  Time at{};
  std::string trace;
  std::string decision;
  Json entries = JsonArray{};
};

/// Where a deferred command was written down, and whether it still waits.
struct DeferredEvent {
  EventId id;
  ActorId actor;
  std::int64_t version = 0;  ///< of the journal row that tells of the deferral
  Time at{};                 ///< of the deferral
  bool waits = false;        ///< it lies in the actor's mailbox; otherwise a later row of the journal tells its end
};

struct NotificationView {
  OutboxRow row;
};

/// A row that holds something sealed: its ids (all as text) and documents, in the order of sealed_tables().
struct SealedDocument {
  std::string table;
  std::vector<std::string> ids;
  std::vector<std::string> documents;
};
/// Tables in which data keys seal: actor (id; attributes, cursor), mailbox (seq, receiver, event_id; payload), attempt (id, run, lane; input),
/// server (id; settings), workflow_setting (workflow, name, level, owner; content), workflow_setting_change (seq, workflow, name, level, owner;
/// content), personal_key (actor, id; sealed).
[[nodiscard]] std::vector<std::string> sealed_tables();

/// A cursor page: `after` is the last id of the page before ("" = from the start); `limit` 1..200.
struct PageRequest {
  std::string after;
  int limit = 50;
};

/// Which incidents are listed; what is empty does not matter.
struct IncidentFilter {
  std::string state = {};  ///< open, closed
  std::string kind = {};   ///< held_run, quarantined, message, event_failed …
  ActorId actor = {};
  std::string step = {};
};

class Directory {
 public:
  virtual ~Directory() = default;

  /// The value of this name; `value` from now on when there was none. Of two that ask at the same time both get the same.
  [[nodiscard]] virtual Result<std::string> settle_value(const std::string& name, const std::string& value) = 0;

  /// Each put inserts; Errors: conflict when the e-mail or id is taken.
  [[nodiscard]] virtual Result<void> add_account(const AccountRow& account) = 0;
  [[nodiscard]] virtual Result<std::optional<AccountRow>> find_account(const TenantId& tenant, const std::string& email) = 0;
  [[nodiscard]] virtual Result<std::optional<AccountRow>> find_account_by_id(const UserId& id) = 0;
  [[nodiscard]] virtual Result<void> add_customer(const CustomerRow& customer) = 0;
  [[nodiscard]] virtual Result<std::optional<CustomerRow>> find_customer(const TenantId& tenant, const std::string& id) = 0;
  /// By id, so oldest first.
  [[nodiscard]] virtual Result<std::vector<CustomerRow>> list_customers(const TenantId& tenant, const PageRequest& page) = 0;
  [[nodiscard]] virtual Result<void> add_session(const SessionRow& session) = 0;
  [[nodiscard]] virtual Result<std::optional<SessionRow>> find_session(const std::string& id) = 0;
  [[nodiscard]] virtual Result<void> revoke_session(const std::string& id) = 0;

  [[nodiscard]] virtual Result<void> put_product(const ProductRow& product) = 0;  ///< inserts or replaces
  [[nodiscard]] virtual Result<std::optional<ProductRow>> find_product(const TenantId& tenant, const ProductId& id) = 0;
  [[nodiscard]] virtual Result<std::vector<ProductRow>> list_products(const TenantId& tenant, const PageRequest& page) = 0;
  [[nodiscard]] virtual Result<std::vector<ServerRow>> list_servers(const TenantId& tenant, const PageRequest& page) = 0;

  /// `customer` empty: all of the tenant. Newest first (ids are time-ordered).
  [[nodiscard]] virtual Result<std::vector<ServiceView>> list_services(const TenantId& tenant, const std::string& customer, const PageRequest& page) = 0;
  [[nodiscard]] virtual Result<std::optional<ServiceView>> find_service(const TenantId& tenant, const ActorId& id) = 0;
  [[nodiscard]] virtual Result<std::vector<TicketView>> list_tickets(const TenantId& tenant, const std::string& customer, const std::string& status,
                                                                     const PageRequest& page) = 0;
  [[nodiscard]] virtual Result<std::optional<TicketView>> find_ticket(const TenantId& tenant, const ActorId& id) = 0;
  /// Oldest first; internal notes only when `with_internal`.
  [[nodiscard]] virtual Result<std::vector<TicketMessageView>> ticket_messages(const TenantId& tenant, const ActorId& ticket, bool with_internal) = 0;

  /// Oldest first, after version `after`.
  [[nodiscard]] virtual Result<std::vector<JournalView>> journal(const TenantId& tenant, const ActorId& actor, std::int64_t after, int limit) = 0;
  /// Of a command that was answered "deferred"; none of any other event.
  [[nodiscard]] virtual Result<std::optional<DeferredEvent>> find_deferred(const TenantId& tenant, const EventId& id) = 0;
  [[nodiscard]] virtual Result<std::optional<ActorRow>> find_actor(const TenantId& tenant, const ActorId& id) = 0;
  [[nodiscard]] virtual Result<std::optional<RunRow>> find_run(const TenantId& tenant, const RunId& id) = 0;
  [[nodiscard]] virtual Result<std::vector<RunRow>> list_runs(const TenantId& tenant, const ActorId& actor, const PageRequest& page) = 0;
  /// The live attempts of a run.
  [[nodiscard]] virtual Result<std::vector<AttemptRow>> live_attempts(const TenantId& tenant, const RunId& run) = 0;
  /// Newest first.
  [[nodiscard]] virtual Result<std::vector<IncidentRow>> list_incidents(const TenantId& tenant, const IncidentFilter& filter, const PageRequest& page) = 0;
  [[nodiscard]] Result<std::vector<IncidentRow>> list_incidents(const TenantId& tenant, const std::string& state, const PageRequest& page) {
    return list_incidents(tenant, IncidentFilter{.state = state}, page);
  }
  [[nodiscard]] virtual Result<std::optional<IncidentRow>> find_incident(const TenantId& tenant, const IncidentId& id) = 0;
  [[nodiscard]] virtual Result<std::vector<OutboxRow>> list_outbox(const TenantId& tenant, const PageRequest& page) = 0;

  // --- keys, audit, and what is sealed under them (sql_sealed.cpp)
  [[nodiscard]] virtual Result<std::optional<PersonalKeyRow>> find_personal_key(const TenantId& tenant, const ActorId& actor) = 0;
  /// Actors of the customer, by id, after `after`.
  [[nodiscard]] virtual Result<std::vector<ActorRow>> actors_of(const TenantId& tenant, const std::string& customer, const ActorId& after, int limit) = 0;
  /// Newest first; `object` empty: of all.
  [[nodiscard]] virtual Result<std::vector<AuditRow>> list_audit(const TenantId& tenant, const std::string& object, const PageRequest& page) = 0;
  /// Blanks the customer's record, accounts (which can log in no more), tickets' words, notices, and what people and vendors wrote about their
  /// actors: incidents (but those of runs that are held), notes of the audit. Writes `audit` in the same transaction; call purge_deleted()
  /// then. Errors: not_found; conflict with reason "personal_key" while an actor of theirs keeps its key (it was born, or told something personal, meanwhile).
  [[nodiscard]] virtual Result<void> erase_customer(const TenantId& tenant, const std::string& customer, const AuditRow& audit) = 0;
  /// Documents that hold something sealed under the key, of one table of sealed_tables(), whose first id is not below `after`.
  [[nodiscard]] virtual Result<std::vector<SealedDocument>> sealed_documents(const TenantId& tenant, const std::string& key, const std::string& table,
                                                                            const std::string& after, int limit) = 0;
  /// Writes them back, in one transaction.
  [[nodiscard]] virtual Result<void> put_sealed(std::span<const SealedDocument> documents) = 0;
  [[nodiscard]] virtual Result<std::int64_t> count_sealed(const TenantId& tenant, const std::string& key) = 0;
  /// Destroys a data key that nothing uses any more. Errors: conflict, when something does.
  [[nodiscard]] virtual Result<void> destroy_data_key(const TenantId& tenant, const std::string& key) = 0;
  /// The same keys sealed anew (under another master key), all or none.
  [[nodiscard]] virtual Result<void> reseal_data_keys(std::span<const DataKeyRow> keys) = 0;
  /// Overwrites in the files what erase_customer(), destroy_data_key() and reseal_data_keys() left there (which the value "purge_owed" says,
  /// with the moment in microseconds). SQLite: deleted keys are overwritten and the log is emptied; PostgreSQL: their row versions go (vacuum).
  /// False: somebody reads an old state of the file; call it again. True also when nothing was owed. Errors: those of the database.
  [[nodiscard]] virtual Result<bool> purge_deleted() = 0;

  /// Taken numbers and addresses: (pool or range, value, owner). For the operator and for tests of "nothing left over".
  struct Lease {
    std::string type, pool, value, owner, state;  ///< type "id" or "address" or "place"; state "taken", "blocked", "quarantine"
  };
  [[nodiscard]] virtual Result<std::vector<Lease>> list_leases(const TenantId& tenant) = 0;

  // --- retention (sql_retention.cpp); over all tenants, each call one transaction of at most `limit` rows
  /// What is deleted by its own age: closed incidents, audit with the tenants' own journals, answers to repeated requests, notifications,
  /// keys of effects and of deferred commands that wait no more, and sessions that have run out.
  enum class Aged { incidents, audit, tenant_journals, idempotency, outbox, transition_actions, deferred_events, sessions };
  /// Deletes what is older than `before`, oldest first; how many rows. Fewer than `limit`: there is no more.
  [[nodiscard]] virtual Result<std::int64_t> trim(Aged what, Time before, int limit) = 0;
  struct FinalActors {
    std::vector<ActorId> actors;  ///< final, and not changed since
    std::string last;             ///< where the next page begins; empty: there is none
  };
  /// A page of `limit` actors, whoever they are, by id behind `after`; of those the final ones.
  [[nodiscard]] virtual Result<FinalActors> final_actors(const std::string& after, int limit, Time before) = 0;
  /// Deletes what tells of a final actor's life: journal, ended runs, deferred commands. The actor itself stays. Returns the rows.
  [[nodiscard]] virtual Result<std::int64_t> trim_actor(const ActorId& actor, int limit) = 0;
  /// PostgreSQL: drops the months of the journal that ended before and in which everybody is final since; their names.
  [[nodiscard]] virtual Result<std::vector<std::string>> drop_months(Time before) = 0;

  // --- promise 4 (sql_doctor.cpp); over all tenants
  /// Of these actors, who is live and has no wake-up: no timer, message or open incident, no attempt under a live incarnation, and no rest in
  /// a state of `resting` ("workflow/state"). At most 1,000.
  [[nodiscard]] virtual Result<std::vector<StuckRow>> stuck_among(std::span<const ActorId> actors, std::span<const std::string> resting) = 0;
  /// The same of a page of live actors, in the order of their ids, behind `after` ("" = from the start).
  [[nodiscard]] virtual Result<StuckPage> stuck_page(const std::string& after, int limit, std::span<const std::string> resting) = 0;
  /// Timers that were due before this moment; without those that an incident of their actor, the mass-action guard or an emergency stop holds. The oldest 20,000 are looked at, at most 1,000 told.
  [[nodiscard]] virtual Result<std::vector<StuckRow>> overdue_timers(Time before) = 0;
  /// A page of attempts, by run: those of an incarnation that is no more, and those whose deadline and due time were before this moment.
  [[nodiscard]] virtual Result<StuckPage> overdue_attempts(const std::string& after, int limit, Time before) = 0;
  /// A page of the mailbox: messages written before this moment whose receiver is not held, deferred events of actors without a run in hand,
  /// and what is for nobody that exists.
  [[nodiscard]] virtual Result<StuckPage> overdue_messages(const std::string& after, int limit, Time before) = 0;
  /// Counts are bounded; still, ask on request only.
  [[nodiscard]] virtual Result<DatabaseFacts> facts() = 0;
};

/// A SQL database: sessions for the engine and for readers.
class SqlDatabase : public Database {
 public:
  /// Sessions opened from now on, Directories too, write under this incarnation; empty: under none, as tools do.
  virtual void use_incarnation(const std::string& incarnation) = 0;
  /// The host of the live incarnation, if it is another one than `host`: a node there holds the database. None on SQLite, where the
  /// file's lock tells, and on a database without a schema. It may be asked of a schema older than this binary, and changes nothing.
  [[nodiscard]] virtual Result<std::optional<std::string>> holder(const std::string& host) = 0;
  [[nodiscard]] virtual Result<std::unique_ptr<Directory>> open_directory() = 0;
  /// Applies missing migrations in order; refuses a schema newer than the binary. Returns the names applied.
  [[nodiscard]] virtual Result<std::vector<std::string>> migrate() = 0;
};

/// "sqlite:FILE" or "postgresql://…". Does not connect yet except for SQLite's exclusive file lock (Errors: conflict when another
/// process holds the file; invalid_argument for an unknown form).
/// `lease`: a third of it is how long PostgreSQL keeps a session that stopped in a transaction, and how long a connection may be silent.
[[nodiscard]] Result<std::shared_ptr<SqlDatabase>> open_database(const config::Secret& url, Duration lease = default_lease);

}  // namespace stellwerk::storage
