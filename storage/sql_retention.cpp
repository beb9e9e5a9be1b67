// What is deleted because its time is over. Small transactions: nobody waits for them, and a crash in between loses nothing.

#include <fmt/format.h>

#include <optional>
#include <string_view>

#include "storage/sql_directory.hpp"
#include "storage/sql_months.hpp"

namespace stellwerk::storage {
namespace {

/// Each selects keys of at most :limit rows, oldest first, and deletes these.
const std::string& statement_for(Directory::Aged what) {
  using enum Directory::Aged;
  static const std::string incidents_sql = "delete from incident where id in (select id from incident where state = 'closed' and closed_at < :before order by closed_at limit :limit)";
  static const std::string audit_sql = "delete from audit where id in (select id from audit where at < :before order by at limit :limit)";
  static const std::string tenants_sql =
      "delete from journal where (actor, version) in (select j.actor, j.version from journal j join (select distinct tenant from data_key) k on j.actor = k.tenant "
      "where j.at < :before order by j.at limit :limit)";
  static const std::string idempotency_sql =
      "delete from idempotency where (scope, key) in (select scope, key from idempotency where at < :before order by at limit :limit)";
  static const std::string outbox_sql = "delete from outbox where id in (select id from outbox where at < :before order by at limit :limit)";
  static const std::string actions_sql =
      "delete from transition_action where (tenant, key) in (select tenant, key from transition_action where at < :before order by at limit :limit)";
  static const std::string deferred_sql = "delete from deferred_event where id in (select d.id from deferred_event d where d.at < :before "
                                          "and not exists (select 1 from mailbox m where m.receiver = d.actor and m.event_id = d.id) order by d.at limit :limit)";
  static const std::string sessions_sql = "delete from session where id in (select id from session where expires_at < :before order by expires_at limit :limit)";
  switch (what) {
    case incidents: return incidents_sql;
    case audit: return audit_sql;
    case tenant_journals: return tenants_sql;
    case idempotency: return idempotency_sql;
    case outbox: return outbox_sql;
    case transition_actions: return actions_sql;
    case deferred_events: return deferred_sql;
    case sessions: return sessions_sql;
  }
  return sessions_sql;
}

/// The month that a partition of the journal holds; none of any other table.
std::optional<Month> month_of_table(const std::string& table) {
  constexpr std::string_view prefix = "journal_";
  if (table.size() != prefix.size() + 7 || !table.starts_with(prefix)) return std::nullopt;
  const auto first = parse_time(table.substr(prefix.size(), 4) + "-" + table.substr(prefix.size() + 5) + "-01T00:00:00Z");
  if (!first) return std::nullopt;
  return month_of(*first);
}

}  // namespace

Result<std::int64_t> SqlDirectory::trim(Aged what, Time before, int limit) {
  std::int64_t count = 0;
  STELLWERK_CHECK(session_.transaction([&]() -> Result<void> {
    STELLWERK_TRY(count, session_.execute(statement_for(what), {{"before", to_micros(before)}, {"limit", std::int64_t{limit}}}));
    return {};
  }));
  return count;
}

Result<Directory::FinalActors> SqlDirectory::final_actors(const std::string& after, int limit, Time before) {
  STELLWERK_TRY(const auto rows, session_.rows("select id, case when live = 0 and updated_at < :before then 1 else 0 end from actor where id > :after order by id limit :limit", "ti",
                                               {{"before", to_micros(before)}, {"after", after}, {"limit", std::int64_t{limit}}}));
  FinalActors page;
  for (const auto& row : rows) {
    if (std::get<std::int64_t>(row[1]) == 1) page.actors.emplace_back(std::get<std::string>(row[0]));
  }
  if (std::ssize(rows) >= limit) page.last = std::get<std::string>(rows.back()[0]);
  return page;
}

Result<std::int64_t> SqlDirectory::trim_actor(const ActorId& actor, int limit) {
  std::int64_t count = 0;
  const auto work = [&]() -> Result<void> {
    // Asked again here: what is deleted cannot be had back.
    STELLWERK_TRY(const auto gone, session_.rows("select id from actor where id = :actor and live = 0", "t", {{"actor", actor.str()}}));
    if (gone.empty()) return {};
    // A range in time, which leads to the month where it lies: a list of versions would be looked for in every month.
    STELLWERK_TRY(const auto batch, session_.rows("select coalesce(max(version), 0), coalesce(min(at), 0), coalesce(max(at), 0) from "
                                                  "(select version, at from journal where actor = :actor order by version limit :limit) d", "iii",
                                                  {{"actor", actor.str()}, {"limit", std::int64_t{limit}}}));
    const auto bound = [&](std::size_t column) { return std::get<std::int64_t>(batch.front()[column]); };
    STELLWERK_TRY(count, session_.execute("delete from journal where actor = :actor and version <= :version and at between :first and :last",
                                          {{"actor", actor.str()}, {"version", bound(0)}, {"first", bound(1)}, {"last", bound(2)}}));
    for (const auto* sql : {"delete from deferred_event where id in (select id from deferred_event where actor = :actor order by id limit :limit)",
                            "delete from run where id in (select id from run where actor = :actor and ended_at > 0 order by id limit :limit)"}) {
      if (count >= limit) return {};
      STELLWERK_TRY(const auto rows, session_.execute(sql, {{"actor", actor.str()}, {"limit", limit - count}}));
      count += rows;
    }
    return {};
  };
  STELLWERK_CHECK(session_.transaction(work));
  return count;
}

Result<std::vector<std::string>> SqlDirectory::drop_months(Time before) {
  std::vector<std::string> dropped;
  if (session_.dialect() == DialectKind::sqlite) return dropped;
  STELLWERK_TRY(const auto tables, session_.rows("select c.relname::text from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = to_regclass('journal') order by 1", "t"));
  for (const auto& row : tables) {
    const auto& table = std::get<std::string>(row[0]);
    const auto month = month_of_table(table);
    if (!month || month->next > before) continue;
    // Nothing is written to a month that is over, and nobody who is final lives again: what is found here holds below.
    STELLWERK_TRY(const auto needed, session_.rows(fmt::format("select j.actor from {} j where not exists (select 1 from actor a where a.id = j.actor and a.live = 0 and a.updated_at < :before) limit 1", table),
                                                   "t", {{"before", to_micros(before)}}));
    if (!needed.empty()) continue;
    auto done = session_.transaction([&]() -> Result<void> {
      STELLWERK_CHECK(session_.script("set local lock_timeout = '2s'"));  // decisions must not queue behind us for a lock that a reader keeps
      STELLWERK_CHECK(session_.script(fmt::format("alter table journal detach partition {}", table)));
      return session_.script(fmt::format("drop table {}", table));
    });
    if (done) dropped.push_back(table);
    else if (done.error().reason != reason::serialization) return fail(std::move(done).error());
  }
  return dropped;
}

}  // namespace stellwerk::storage
