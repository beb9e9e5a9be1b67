// The engine's records as people read them: journal, runs, attempts, incidents, outbox, leases.

#include <algorithm>

#include "storage/rows.hpp"
#include "storage/sql_directory.hpp"

namespace stellwerk::storage {
namespace {

Result<JournalView> read_journal(const Row& row) {
  Reader r{row};
  return r.finish(JournalView{r.id<ActorId>(), r.number(), r.time(), r.text(), r.text(), r.json()});
}

Result<DeferredEvent> read_deferred(const Row& row) {
  Reader r{row};
  return r.finish(DeferredEvent{r.id<EventId>(), r.id<ActorId>(), r.number(), r.time(), r.flag()});
}

}  // namespace

Result<std::vector<JournalView>> SqlDirectory::journal(const TenantId& tenant, const ActorId& actor, std::int64_t after, int limit) {
  STELLWERK_TRY(const auto rows,
                session_.rows("select actor, version, at, trace, decision, entries from journal where actor = :actor and version > :after and tenant = :tenant "
                              "order by version limit :limit",
                              "tiittj",
                              {{"actor", actor.str()}, {"after", after}, {"tenant", tenant.str()}, {"limit", std::int64_t{std::clamp(limit, 1, 1'000)}}}));
  return read_all(rows, read_journal);
}

/// One statement: what is not in the mailbox any more is in the journal for whoever reads it after this.
Result<std::optional<DeferredEvent>> SqlDirectory::find_deferred(const TenantId& tenant, const EventId& id) {
  STELLWERK_TRY(const auto rows,
                session_.rows("select id, actor, version, at, case when exists (select 1 from mailbox where receiver = e.actor and event_id = e.id and deferred = 1) then 1 else 0 end "
                              "from deferred_event e where id = :id and tenant = :tenant",
                              "ttiii", {{"id", id.str()}, {"tenant", tenant.str()}}));
  return read_one(rows, read_deferred);
}

Result<std::optional<ActorRow>> SqlDirectory::find_actor(const TenantId& tenant, const ActorId& id) {
  static const auto sql = "select " + actor_columns.list() + " from actor where id = :id and tenant = :tenant";
  STELLWERK_TRY(const auto rows, session_.rows(sql, actor_columns.types(), {{"id", id.str()}, {"tenant", tenant.str()}}));
  if (rows.empty()) return std::optional<ActorRow>{};
  std::string unreadable;  // its incident says so; whoever looks at it has to see the rest
  STELLWERK_TRY(auto actor, read_bare(rows.front(), actor_columns.types(), read_actor, unreadable));
  return std::optional{std::move(actor)};
}

Result<std::optional<RunRow>> SqlDirectory::find_run(const TenantId& tenant, const RunId& id) {
  static const auto sql = "select " + run_columns.list() + " from run where id = :id and tenant = :tenant";
  STELLWERK_TRY(const auto rows, session_.rows(sql, run_columns.types(), {{"id", id.str()}, {"tenant", tenant.str()}}));
  return read_one(rows, read_run);
}

Result<std::vector<RunRow>> SqlDirectory::list_runs(const TenantId& tenant, const ActorId& actor, const PageRequest& page) {
  static const auto sql = "select " + run_columns.list() + " from run where actor = :actor and tenant = :tenant and id < :before order by id desc limit :limit";
  STELLWERK_TRY(const auto rows, session_.rows(sql, run_columns.types(),
                                               {{"actor", actor.str()}, {"tenant", tenant.str()}, {"before", before_id(page)}, {"limit", page_limit(page)}}));
  return read_all(rows, read_run);
}

Result<std::vector<AttemptRow>> SqlDirectory::live_attempts(const TenantId& tenant, const RunId& run) {
  static const auto sql = "select " + attempt_columns.list() + " from attempt where run = :run and tenant = :tenant order by lane";
  STELLWERK_TRY(const auto rows, session_.rows(sql, attempt_columns.types(), {{"run", run.str()}, {"tenant", tenant.str()}}));
  return read_all(rows, read_attempt);
}

Result<std::vector<IncidentRow>> SqlDirectory::list_incidents(const TenantId& tenant, const IncidentFilter& filter, const PageRequest& page) {
  // One text without dead branches for each combination, so that each has its own plan.
  auto sql = "select " + incident_columns.list() + " from incident where tenant = :tenant and id < :before";
  std::vector<Parameter> parameters{{"tenant", tenant.str()}, {"before", before_id(page)}, {"limit", page_limit(page)}};
  const auto narrow = [&](const char* column, const std::string& value) {
    if (value.empty()) return;
    sql.append(" and ").append(column).append(" = :").append(column);
    parameters.emplace_back(column, value);
  };
  narrow("state", filter.state);
  narrow("kind", filter.kind);
  narrow("actor", filter.actor.str());
  narrow("step", filter.step);
  STELLWERK_TRY(const auto rows, session_.rows(sql + " order by id desc limit :limit", incident_columns.types(), std::span<const Parameter>{parameters}));
  return read_all(rows, read_incident);
}

Result<std::optional<IncidentRow>> SqlDirectory::find_incident(const TenantId& tenant, const IncidentId& id) {
  static const auto sql = "select " + incident_columns.list() + " from incident where id = :id and tenant = :tenant";
  STELLWERK_TRY(const auto rows, session_.rows(sql, incident_columns.types(), {{"id", id.str()}, {"tenant", tenant.str()}}));
  return read_one(rows, read_incident);
}

Result<std::vector<OutboxRow>> SqlDirectory::list_outbox(const TenantId& tenant, const PageRequest& page) {
  static const auto sql = "select " + outbox_columns.list() + " from outbox where tenant = :tenant and id > :after order by id limit :limit";
  STELLWERK_TRY(const auto rows, session_.rows(sql, outbox_columns.types(), {{"tenant", tenant.str()}, {"after", page.after}, {"limit", page_limit(page)}}));
  return read_all(rows, read_outbox);
}

Result<std::vector<Directory::Lease>> SqlDirectory::list_leases(const TenantId& tenant) {
  STELLWERK_TRY(const auto rows,
                session_.rows("select 'id' as type, name as pool, cast(number as text) as content, owner, state, number as position, '' as rank from id_lease where tenant = :tenant "
                              "union all select 'address', pool, address, owner, state, 0, rank from address where tenant = :tenant and state <> 'free' "
                              "union all select 'place', s.pool, p.server, p.owner, 'taken', 0, p.attempt from place p join server s on s.id = p.server where p.tenant = :tenant "
                              "order by 1, 2, 6, 7",
                              "tttttit", {{"tenant", tenant.str()}}));
  std::vector<Lease> leases;
  for (const auto& row : rows) {
    Reader r{row};
    leases.push_back(Lease{r.text(), r.text(), r.text(), r.text(), r.text()});
  }
  return leases;
}

}  // namespace stellwerk::storage
