#pragma once
// The Directory on a SQL database. Members by noun: sql_directory_people, sql_directory_lists, sql_directory_engine, sql_doctor, sql_retention.

#include "storage/directory.hpp"
#include "storage/session.hpp"

namespace stellwerk::storage {

class SqlDirectory final : public Directory {
 public:
  SqlDirectory(DialectKind dialect, const config::Secret& target, Duration patience) : session_{dialect, target, SessionUse::reader, patience} {}
  void use_incarnation(const std::string& incarnation) { session_.set_incarnation(incarnation); }
  [[nodiscard]] Result<void> connect() { return session_.connect(1); }

  Result<std::string> settle_value(const std::string& name, const std::string& value) override;
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
  Result<std::optional<DeferredEvent>> find_deferred(const TenantId& tenant, const EventId& id) override;
  Result<std::optional<ActorRow>> find_actor(const TenantId& tenant, const ActorId& id) override;
  Result<std::optional<RunRow>> find_run(const TenantId& tenant, const RunId& id) override;
  Result<std::vector<RunRow>> list_runs(const TenantId& tenant, const ActorId& actor, const PageRequest& page) override;
  Result<std::vector<AttemptRow>> live_attempts(const TenantId& tenant, const RunId& run) override;
  Result<std::vector<IncidentRow>> list_incidents(const TenantId& tenant, const IncidentFilter& filter, const PageRequest& page) override;
  Result<std::optional<IncidentRow>> find_incident(const TenantId& tenant, const IncidentId& id) override;
  Result<std::vector<OutboxRow>> list_outbox(const TenantId& tenant, const PageRequest& page) override;

  Result<std::optional<PersonalKeyRow>> find_personal_key(const TenantId& tenant, const ActorId& actor) override;
  Result<std::vector<ActorRow>> actors_of(const TenantId& tenant, const std::string& customer, const ActorId& after, int limit) override;
  Result<std::vector<AuditRow>> list_audit(const TenantId& tenant, const std::string& object, const PageRequest& page) override;
  Result<void> erase_customer(const TenantId& tenant, const std::string& customer, const AuditRow& audit) override;
  Result<std::vector<SealedDocument>> sealed_documents(const TenantId& tenant, const std::string& key, const std::string& table, const std::string& after, int limit) override;
  Result<void> put_sealed(std::span<const SealedDocument> documents) override;
  Result<std::int64_t> count_sealed(const TenantId& tenant, const std::string& key) override;
  Result<void> destroy_data_key(const TenantId& tenant, const std::string& key) override;
  Result<void> reseal_data_keys(std::span<const DataKeyRow> keys) override;
  Result<bool> purge_deleted() override;

  Result<std::vector<Lease>> list_leases(const TenantId& tenant) override;

  Result<std::int64_t> trim(Aged what, Time before, int limit) override;
  Result<FinalActors> final_actors(const std::string& after, int limit, Time before) override;
  Result<std::int64_t> trim_actor(const ActorId& actor, int limit) override;
  Result<std::vector<std::string>> drop_months(Time before) override;

  Result<std::vector<StuckRow>> stuck_among(std::span<const ActorId> actors, std::span<const std::string> resting) override;
  Result<StuckPage> stuck_page(const std::string& after, int limit, std::span<const std::string> resting) override;
  Result<std::vector<StuckRow>> overdue_timers(Time before) override;
  Result<StuckPage> overdue_attempts(const std::string& after, int limit, Time before) override;
  Result<StuckPage> overdue_messages(const std::string& after, int limit, Time before) override;
  Result<DatabaseFacts> facts() override;

 private:
  Result<void> overwrite_deleted();
  Result<void> owe_purge();
  Result<void> purge_now();
  Result<void> rewrite_keys();

  Session session_;
};

/// `limit` as the pages take it: 1..200.
[[nodiscard]] std::int64_t page_limit(const PageRequest& page);
/// Pages that go down, newest first, hold ids below this one.
[[nodiscard]] std::string before_id(const PageRequest& page);

}  // namespace stellwerk::storage
