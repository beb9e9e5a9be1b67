#pragma once
// The Directory on a SQL database. Members by noun: sql_directory_people, sql_directory_lists, sql_directory_engine.

#include "storage/directory.hpp"
#include "storage/session.hpp"

namespace stellwerk::storage {

class SqlDirectory final : public Directory {
 public:
  SqlDirectory(DialectKind dialect, const config::Secret& target) : session_{dialect, target, SessionUse::reader} {}
  [[nodiscard]] Result<void> connect() { return session_.connect(1); }

  Result<void> add_account(const AccountRow& account) override;
  Result<std::optional<AccountRow>> find_account(const TenantId& tenant, const std::string& email) override;
  Result<std::optional<AccountRow>> find_account_by_id(const UserId& id) override;
  Result<void> add_customer(const CustomerRow& customer) override;
  Result<std::optional<CustomerRow>> find_customer(const TenantId& tenant, const std::string& id) override;
  Result<std::vector<CustomerRow>> list_customers(const TenantId& tenant, const PageRequest& page) override;
  Result<void> add_session(const SessionRow& session) override;
  Result<std::optional<SessionRow>> find_session(const std::string& id) override;
  Result<void> revoke_session(const std::string& id) override;

  Result<void> put_product(const ProductRow& product) override;
  Result<std::optional<ProductRow>> find_product(const TenantId& tenant, const ProductId& id) override;
  Result<std::vector<ProductRow>> list_products(const TenantId& tenant, const PageRequest& page) override;
  Result<std::vector<ServerRow>> list_servers(const TenantId& tenant, const PageRequest& page) override;

  Result<std::vector<ServiceView>> list_services(const TenantId& tenant, const std::string& customer, const PageRequest& page) override;
  Result<std::optional<ServiceView>> find_service(const TenantId& tenant, const ActorId& id) override;
  Result<std::vector<TicketView>> list_tickets(const TenantId& tenant, const std::string& customer, const std::string& status, const PageRequest& page) override;
  Result<std::optional<TicketView>> find_ticket(const TenantId& tenant, const ActorId& id) override;
  Result<std::vector<TicketMessageView>> ticket_messages(const TenantId& tenant, const ActorId& ticket, bool with_internal) override;

  Result<std::vector<JournalView>> journal(const TenantId& tenant, const ActorId& actor, std::int64_t after, int limit) override;
  Result<std::optional<ActorRow>> find_actor(const TenantId& tenant, const ActorId& id) override;
  Result<std::optional<RunRow>> find_run(const TenantId& tenant, const RunId& id) override;
  Result<std::vector<RunRow>> list_runs(const TenantId& tenant, const ActorId& actor, const PageRequest& page) override;
  Result<std::vector<AttemptRow>> live_attempts(const TenantId& tenant, const RunId& run) override;
  Result<std::vector<IncidentRow>> list_incidents(const TenantId& tenant, const std::string& state, const PageRequest& page) override;
  Result<std::optional<IncidentRow>> find_incident(const TenantId& tenant, const IncidentId& id) override;
  Result<std::vector<OutboxRow>> list_outbox(const TenantId& tenant, const PageRequest& page) override;

  Result<std::vector<Lease>> list_leases(const TenantId& tenant) override;
  Result<std::vector<ActorId>> stuck_actors(std::span<const std::string> resting, int limit) override;

 private:
  Session session_;
};

/// `limit` as the pages take it: 1..200.
[[nodiscard]] std::int64_t page_limit(const PageRequest& page);
/// Pages that go down, newest first, hold ids below this one.
[[nodiscard]] std::string before_id(const PageRequest& page);

}  // namespace stellwerk::storage
