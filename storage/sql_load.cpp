// What the engine reads: actors with their mailbox, attempts to take over, timers that are due.

#include <fmt/format.h>

#include "storage/rows.hpp"
#include "storage/sql_store.hpp"

namespace stellwerk::storage {

Result<LoadedActor> SqlStore::load(const ActorId& id) {
  static const auto actor_sql = "select " + actor_columns.list() + " from actor where id = :id";
  static const auto mailbox_sql = "select " + mailbox_columns.list() + " from mailbox where receiver = :id order by seq limit 256";
  // The mailbox second: a message that is missed here is announced to the receiver after its commit.
  STELLWERK_TRY(const auto actors, session_.rows(actor_sql, actor_columns.types(), {{"id", id.str()}}));
  if (actors.empty()) return fail(ErrorCode::not_found, fmt::format("there is no actor {}", id.str()));
  STELLWERK_TRY(auto row, read_actor(actors.front()));
  STELLWERK_TRY(const auto messages, session_.rows(mailbox_sql, mailbox_columns.types(), {{"id", id.str()}}));
  STELLWERK_TRY(auto mailbox, read_all(messages, read_mailbox));
  return LoadedActor{std::move(row), std::move(mailbox)};
}

Result<std::vector<AttemptRow>> SqlStore::take_over_attempts(const std::string& incarnation) {
  static const auto sql = "update attempt set incarnation = :incarnation where incarnation <> :incarnation returning " + attempt_columns.list();
  std::vector<AttemptRow> attempts;
  const auto work = [&]() -> Result<void> {
    STELLWERK_TRY(const auto rows, session_.rows(sql, attempt_columns.types(), {{"incarnation", incarnation}}));
    STELLWERK_TRY(attempts, read_all(rows, read_attempt));
    return {};
  };
  STELLWERK_CHECK(session_.transaction(work));
  return attempts;
}

Result<std::vector<TimerRow>> SqlStore::timers_due(Time until, int limit) {
  static const auto sql = "select " + timer_columns.list() + " from timer where due <= :until order by due limit :limit";
  STELLWERK_TRY(const auto rows, session_.rows(sql, timer_columns.types(), {{"until", to_micros(until)}, {"limit", std::int64_t{limit}}}));
  return read_all(rows, read_timer);
}

Result<std::vector<ActorId>> SqlStore::receivers_waiting(int limit) {
  STELLWERK_TRY(const auto rows, session_.rows("select m.receiver from mailbox m where m.deferred = 0 or (not exists (select 1 from attempt t where t.actor = m.receiver) "
                                               "and not exists (select 1 from incident i where i.actor = m.receiver and i.state = 'open' and i.kind in ('held_run', 'quarantined'))) "
                                               "group by m.receiver order by min(m.seq) limit :limit",
                                               "t", {{"limit", std::int64_t{limit}}}));
  std::vector<ActorId> receivers;
  for (const auto& row : rows) receivers.emplace_back(std::get<std::string>(row[0]));
  return receivers;
}

Result<std::optional<IdempotencyRow>> SqlStore::find_idempotency(const std::string& scope, const std::string& key) {
  static const auto sql = "select " + idempotency_columns.list() + " from idempotency where scope = :scope and key = :key";
  STELLWERK_TRY(const auto rows, session_.rows(sql, idempotency_columns.types(), {{"scope", scope}, {"key", key}}));
  return read_one(rows, read_idempotency);
}

Result<ServerRow> SqlStore::find_server(const ServerId& id) {
  static const auto sql = "select " + server_columns.list() + " from server where id = :id";
  STELLWERK_TRY(const auto rows, session_.rows(sql, server_columns.types(), {{"id", id.str()}}));
  if (rows.empty()) return fail(ErrorCode::not_found, fmt::format("there is no server {}", id.str()));
  return read_server(rows.front());
}

}  // namespace stellwerk::storage
