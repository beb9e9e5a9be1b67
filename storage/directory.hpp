#pragma once
// The read side and the plain records beside the actors: accounts, sessions, products, lists of services and tickets, the
// journal as people read it. SQL only. One Directory is one database session, used by one thread at a time.

#include "config/secret.hpp"
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

struct NotificationView {
  OutboxRow row;
};

/// A cursor page: `after` is the last id of the page before ("" = from the start); `limit` 1..200.
struct PageRequest {
  std::string after;
  int limit = 50;
};

class Directory {
 public:
  virtual ~Directory() = default;

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
  [[nodiscard]] virtual Result<std::optional<ActorRow>> find_actor(const TenantId& tenant, const ActorId& id) = 0;
  [[nodiscard]] virtual Result<std::optional<RunRow>> find_run(const TenantId& tenant, const RunId& id) = 0;
  [[nodiscard]] virtual Result<std::vector<RunRow>> list_runs(const TenantId& tenant, const ActorId& actor, const PageRequest& page) = 0;
  /// The live attempts of a run.
  [[nodiscard]] virtual Result<std::vector<AttemptRow>> live_attempts(const TenantId& tenant, const RunId& run) = 0;
  [[nodiscard]] virtual Result<std::vector<IncidentRow>> list_incidents(const TenantId& tenant, const std::string& state, const PageRequest& page) = 0;
  [[nodiscard]] virtual Result<std::optional<IncidentRow>> find_incident(const TenantId& tenant, const IncidentId& id) = 0;
  [[nodiscard]] virtual Result<std::vector<OutboxRow>> list_outbox(const TenantId& tenant, const PageRequest& page) = 0;

  /// Taken numbers and addresses: (pool or range, value, owner). For the operator and for tests of "nothing left over".
  struct Lease {
    std::string type, pool, value, owner, state;  ///< type "id" or "address" or "place"; state "taken", "blocked", "quarantine"
  };
  [[nodiscard]] virtual Result<std::vector<Lease>> list_leases(const TenantId& tenant) = 0;

  /// Actors that promise 4 would call silently stuck: live, and without attempt, timer, message, open incident or rest.
  /// `resting` lists "workflow/state" pairs that may rest.
  [[nodiscard]] virtual Result<std::vector<ActorId>> stuck_actors(std::span<const std::string> resting, int limit) = 0;
};

/// A SQL database: sessions for the engine and for readers.
class SqlDatabase : public Database {
 public:
  [[nodiscard]] virtual Result<std::unique_ptr<Directory>> open_directory() = 0;
  /// Applies missing migrations in order; refuses a schema newer than the binary. Returns the names applied.
  [[nodiscard]] virtual Result<std::vector<std::string>> migrate() = 0;
};

/// "sqlite:FILE" or "postgresql://…". Does not connect yet except for SQLite's exclusive file lock (Errors: conflict when another
/// process holds the file; invalid_argument for an unknown form).
[[nodiscard]] Result<std::shared_ptr<SqlDatabase>> open_database(const config::Secret& url);

}  // namespace stellwerk::storage
