// The node as an incarnation: fence, heartbeat, shards; and the months of the journal it writes to.

#include <fmt/format.h>

#include <chrono>

#include "monitoring/log.hpp"
#include "storage/sql_months.hpp"
#include "storage/sql_store.hpp"

namespace stellwerk::storage {
namespace {

constexpr std::int64_t lease_micros = 15'000'000;

}  // namespace

Result<void> SqlStore::begin_incarnation(const std::string& incarnation, const std::string& host) {
  const auto work = [&]() -> Result<void> {
    if (session_.dialect() == DialectKind::postgresql) {
      STELLWERK_CHECK(session_.script("lock table node_fence in share row exclusive mode"));  // one taker at a time; batches go on
      STELLWERK_TRY(const auto alive, session_.rows("select f.host, f.incarnation from node_fence f join node_heartbeat h on h.incarnation = f.incarnation "
                                                    "where f.host <> :host and h.at > {now} - :lease order by h.at desc limit 1",
                                                    "tt", {{"host", host}, {"lease", lease_micros}}));
      if (!alive.empty()) {
        return fail(ErrorCode::conflict,
                    fmt::format("host {} holds the database (incarnation {}) and was alive within the last 15 s; stop it, or wait until it is silent for 15 s",
                                std::get<std::string>(alive[0][0]), std::get<std::string>(alive[0][1])));
      }
    }
    // On SQLite the file lock says that nobody else is there. Elsewhere this delete waits for a former node's batch in flight.
    STELLWERK_CHECK(session_.execute("delete from node_fence"));
    STELLWERK_CHECK(session_.execute("delete from node_heartbeat"));
    STELLWERK_CHECK(session_.execute("insert into node_fence (incarnation, host, begun_at) values (:incarnation, :host, {now})",
                                     {{"incarnation", incarnation}, {"host", host}}));
    STELLWERK_CHECK(session_.execute("insert into node_heartbeat (incarnation, at) values (:incarnation, {now})", {{"incarnation", incarnation}}));
    STELLWERK_CHECK(session_.execute("update shard set incarnation = :incarnation", {{"incarnation", incarnation}}));
    return {};
  };
  STELLWERK_CHECK(session_.transaction(work));
  incarnation_ = incarnation;
  return {};
}

void SqlStore::end_incarnation(const std::string& incarnation) {
  auto ended = session_.transaction([&]() -> Result<void> {
    STELLWERK_CHECK(session_.execute("delete from node_fence where incarnation = :incarnation", {{"incarnation", incarnation}}));
    STELLWERK_CHECK(session_.execute("delete from node_heartbeat where incarnation = :incarnation", {{"incarnation", incarnation}}));
    return {};
  });
  // Nobody waits for it: without it the successor waits 15 s at most.
  if (!ended) monitoring::log_error("end the incarnation", ended.error());
}

Result<void> SqlStore::heartbeat() {
  std::int64_t alive = 0;
  const auto work = [&]() -> Result<void> {
    STELLWERK_TRY(alive, session_.execute("update node_heartbeat set at = {now} where incarnation = :incarnation", {{"incarnation", incarnation_}}));
    return {};
  };
  STELLWERK_CHECK(session_.transaction(work));
  if (alive == 0) return fail(ErrorCode::cancelled, fmt::format("incarnation {} was ended by another process", incarnation_));
  return {};
}

void SqlStore::ensure_months(std::span<const Commit> batch) {
  for (const auto& commit : batch) {
    for (const auto& change : commit.changes) {
      const auto month = month_of(change.row.updated_at);
      if (!months_.insert(month.name).second) continue;
      // The default partition takes what has none: a month that cannot be made now costs nothing but tidiness.
      auto made = session_.transaction([&] { return make_month(session_, month); });
      if (!made) monitoring::log_warning("no partition of the journal for this month; the default one is used", {{"month", month.name}, {"error", made.error().message}});
    }
  }
}

}  // namespace stellwerk::storage
