// The engine's records as people read them: journal, runs, attempts, incidents, outbox, leases, and who is stuck.

#include <algorithm>

#include "storage/rows.hpp"
#include "storage/sql_directory.hpp"

namespace stellwerk::storage {
namespace {

Result<JournalView> read_journal(const Row& row) {
  Reader r{row};
  return r.finish(JournalView{r.id<ActorId>(), r.number(), r.time(), r.text(), r.text(), r.json()});
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

Result<std::optional<ActorRow>> SqlDirectory::find_actor(const TenantId& tenant, const ActorId& id) {
  static const auto sql = "select " + actor_columns.list() + " from actor where id = :id and tenant = :tenant";
  STELLWERK_TRY(const auto rows, session_.rows(sql, actor_columns.types(), {{"id", id.str()}, {"tenant", tenant.str()}}));
  return read_one(rows, read_actor);
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

Result<std::vector<IncidentRow>> SqlDirectory::list_incidents(const TenantId& tenant, const std::string& state, const PageRequest& page) {
  static const auto by_state = "select " + incident_columns.list() + " from incident where tenant = :tenant and state = :state and id < :before order by id desc limit :limit";
  static const auto all = "select " + incident_columns.list() + " from incident where tenant = :tenant and id < :before order by id desc limit :limit";
  const Parameter of_tenant{"tenant", tenant.str()}, before{"before", before_id(page)}, limit{"limit", page_limit(page)};
  STELLWERK_TRY(const auto rows, state.empty() ? session_.rows(all, incident_columns.types(), {of_tenant, before, limit})
                                               : session_.rows(by_state, incident_columns.types(), {of_tenant, {"state", state}, before, limit}));
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

Result<std::vector<ActorId>> SqlDirectory::stuck_actors(std::span<const std::string> resting, int limit) {
  JsonArray names;
  for (const auto& name : resting) names.emplace_back(name);
  STELLWERK_TRY(const auto rows, session_.rows("select a.id from actor a where a.live = 1 "
                                               "and not exists (select 1 from attempt t where t.actor = a.id) "
                                               "and not exists (select 1 from timer t where t.actor = a.id) "
                                               "and not exists (select 1 from mailbox m where m.receiver = a.id and m.deferred = 0) "
                                               "and not exists (select 1 from incident i where i.actor = a.id and i.state = 'open') "
                                               "and a.workflow || '/' || a.state not in {items resting} order by a.id limit :limit",
                                               "t", {{"resting", dump_json(names)}, {"limit", std::int64_t{limit}}}));
  std::vector<ActorId> stuck;
  for (const auto& row : rows) stuck.emplace_back(std::get<std::string>(row[0]));
  return stuck;
}

}  // namespace stellwerk::storage
