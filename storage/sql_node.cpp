// The node as an incarnation: fence, heartbeat, shards; and the months of the journal it writes to.

#include <chrono>
#include <string>
#include <vector>

#include "monitoring/log.hpp"
#include "monitoring/metrics.hpp"
#include "storage/incarnation.hpp"
#include "storage/sql_holder.hpp"
#include "storage/sql_months.hpp"
#include "storage/sql_store.hpp"

namespace stellwerk::storage {
namespace {

/// The live incarnation of another host: host and incarnation. The lease is read through JSON, since a schema before 0006 has none.
Result<std::vector<Row>> live_elsewhere(Session& session, const std::string& host) {
  return session.rows("select f.host, f.incarnation from node_fence f join node_heartbeat h on h.incarnation = f.incarnation "
                      "where f.host <> :host and h.at + coalesce(cast(to_jsonb(h) ->> 'lease' as bigint), 15000000) > {now} order by h.at desc limit 1",
                      "tt", {{"host", host}});
}

Result<void> check_nobody_lives(Session& session, const std::string& host) {
  STELLWERK_TRY(const auto alive, live_elsewhere(session, host));
  if (alive.empty()) return {};
  return fail(database_held(std::get<std::string>(alive[0][0]), std::get<std::string>(alive[0][1])));
}

}  // namespace

Result<std::optional<std::string>> find_holder(Session& session, const std::string& host) {
  STELLWERK_TRY(const auto there, session.rows("select case when to_regclass('node_fence') is null then 0 else 1 end", "i"));
  if (std::get<std::int64_t>(there.at(0).at(0)) == 0) return std::optional<std::string>{};
  STELLWERK_TRY(const auto alive, live_elsewhere(session, host));
  if (alive.empty()) return std::optional<std::string>{};
  return std::optional{std::get<std::string>(alive[0][0])};
}

Result<void> SqlStore::begin_incarnation(const std::string& incarnation, const std::string& host, Duration lease) {
  session_.set_incarnation({});
  const bool shared = session_.dialect() == DialectKind::postgresql;  // on SQLite the file lock says that nobody else is there
  // A look without any lock first: who waits for its turn does not disturb the node that works.
  if (shared) STELLWERK_CHECK(check_nobody_lives(session_, host));
  std::vector<Row> silenced;
  const auto work = [&]() -> Result<void> {
    if (shared) {
      STELLWERK_CHECK(session_.script("lock table node_fence in share row exclusive mode"));  // one taker at a time; batches go on
      // Every batch and every heartbeat holds its node's row. Behind this lock none is under way, and a lease that is found silent
      // stays so: the former node learns that it is over before it believes in another one.
      STELLWERK_CHECK(session_.rows("select incarnation from node_fence for update", "t"));
      STELLWERK_CHECK(check_nobody_lives(session_, host));
    }
    STELLWERK_TRY(silenced, session_.rows("delete from node_fence returning host, incarnation", "tt"));
    STELLWERK_CHECK(session_.execute("delete from node_heartbeat"));
    STELLWERK_CHECK(session_.execute("insert into node_fence (incarnation, host, begun_at) values (:incarnation, :host, {now})",
                                     {{"incarnation", incarnation}, {"host", host}}));
    STELLWERK_CHECK(session_.execute("insert into node_heartbeat (incarnation, at, lease) values (:incarnation, {now}, :lease)",
                                     {{"incarnation", incarnation}, {"lease", std::int64_t{lease.count()}}}));
    STELLWERK_CHECK(session_.execute("update shard set incarnation = :incarnation", {{"incarnation", incarnation}}));
    return {};
  };
  STELLWERK_CHECK(session_.transaction(work));
  session_.set_incarnation(incarnation);
  if (silenced.empty()) return {};
  // A node that ends takes its row away itself.
  monitoring::log_warning("the database is taken over from a node that had not ended; it writes nothing any more",
                          {{"host", std::get<std::string>(silenced[0][0])}, {"incarnation", std::get<std::string>(silenced[0][1])}});
  monitoring::gauge("stellwerk_node_took_over_seconds").set(std::chrono::duration<double>(wall_now().time_since_epoch()).count());
  return {};
}

void SqlStore::end_incarnation(const std::string& incarnation) {
  session_.set_incarnation({});
  auto ended = session_.transaction([&]() -> Result<void> {
    STELLWERK_CHECK(session_.execute("delete from node_fence where incarnation = :incarnation", {{"incarnation", incarnation}}));
    STELLWERK_CHECK(session_.execute("delete from node_heartbeat where incarnation = :incarnation", {{"incarnation", incarnation}}));
    return {};
  });
  // Nobody waits for it: without it the successor waits until the lease is silent.
  if (!ended) monitoring::log_error("end the incarnation", ended.error());
}

Result<Time> SqlStore::heartbeat() {
  STELLWERK_CHECK(check_incarnation());
  Time at{};
  const auto work = [&]() -> Result<void> {
    STELLWERK_TRY(const auto rows, session_.rows("update node_heartbeat set at = {now} where incarnation = :incarnation returning at", "i",
                                                 {{"incarnation", session_.incarnation()}}));
    if (rows.empty()) return fail(incarnation_ended(session_.incarnation()));
    at = from_micros(std::get<std::int64_t>(rows[0][0]));
    return {};
  };
  STELLWERK_CHECK(session_.transaction(work));
  return at;
}

void SqlStore::ensure_months(std::span<const Commit> batch) {
  for (const auto& commit : batch) {
    for (const auto& change : commit.changes) {
      const auto month = month_of(change.row.updated_at);
      if (!months_.insert(month.name).second) continue;
      // The default partition takes what has none: a month that cannot be made now costs nothing but tidiness.
      auto made = session_.transaction([&] { return make_month(session_, month); });
      if (!made && made.error().code != ErrorCode::cancelled) monitoring::log_warning("no partition of the journal for this month; the default one is used", {{"month", month.name}, {"error", made.error().message}});
    }
  }
}

}  // namespace stellwerk::storage
