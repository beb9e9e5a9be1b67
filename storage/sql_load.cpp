// What the engine reads: actors with their mailbox, attempts to take over, messages that wait. Due timers: sql_due.cpp.

#include <fmt/format.h>

#include <iterator>
#include <unordered_map>

#include "monitoring/log.hpp"
#include "storage/rows.hpp"
#include "storage/sql_store.hpp"

namespace stellwerk::storage {

namespace {

std::string ids_list(std::span<const ActorId> ids) {
  JsonArray list;
  for (const auto& id : ids) list.emplace_back(boost::json::string(id.str()));
  return dump_json(list);
}

const std::string open_quarantine = "coalesce((select min(i.id) from incident i where i.actor = actor.id and i.kind = 'quarantined' and i.state = 'open'), '')";

/// Cells of the actor, then its quarantine.
Result<LoadedActor> read_loaded(const Row& row) {
  LoadedActor loaded;
  STELLWERK_TRY(loaded.row, read_bare(row, actor_columns.types(), read_actor, loaded.unreadable));
  loaded.quarantine = IncidentId{std::get<std::string>(row[actor_columns.all().size()])};
  return loaded;
}

Result<void> read_mailbox_of(Session& session, LoadedActor& loaded) {
  static const auto sql = "select " + mailbox_columns.list() + " from mailbox where receiver = :id order by seq limit 256";
  STELLWERK_TRY(const auto messages, session.rows(sql, mailbox_columns.types(), {{"id", loaded.row.id.str()}}));
  for (const auto& message : messages) {
    STELLWERK_TRY(auto one, read_bare(message, mailbox_columns.types(), read_mailbox, loaded.unreadable));
    loaded.mailbox.push_back(std::move(one));
  }
  return {};
}

}  // namespace

Result<LoadedActor> SqlStore::load(const ActorId& id) {
  static const auto types = actor_columns.types() + "t";
  static const auto actor_sql = "select " + actor_columns.list() + ", " + open_quarantine + " from actor where id = :id";
  // The mailbox second: a message that is missed here is announced to the receiver after its commit.
  STELLWERK_TRY(const auto actors, session_.rows(actor_sql, types, {{"id", id.str()}}));
  if (actors.empty()) return fail(ErrorCode::not_found, fmt::format("there is no actor {}", id.str()));
  STELLWERK_TRY(auto loaded, read_loaded(actors.front()));
  STELLWERK_CHECK(read_mailbox_of(session_, loaded));
  static const auto key_sql = "select " + personal_key_columns.list() + " from personal_key where actor = :id";
  STELLWERK_TRY(const auto keys, session_.rows(key_sql, personal_key_columns.types(), {{"id", id.str()}}));
  STELLWERK_TRY(loaded.personal_key, read_one(keys, read_personal_key));
  return loaded;
}

Result<std::vector<LoadedActor>> SqlStore::load_many(std::span<const ActorId> ids) {
  // Few of them have something in their mailbox: those are read one by one, behind the statement that saw it.
  static const auto types = actor_columns.types() + "tii";
  static const auto sql = "select " + actor_columns.list() + ", " + open_quarantine + ", case when exists (select 1 from mailbox m where m.receiver = actor.id) then 1 else 0 end, "
                          "case when exists (select 1 from personal_key k where k.actor = actor.id) then 1 else 0 end from actor where id in {items ids}";
  static const auto keys_sql = "select " + personal_key_columns.list() + " from personal_key where actor in {items ids}";
  std::vector<LoadedActor> all;
  if (ids.empty()) return all;
  STELLWERK_TRY(const auto rows, session_.rows(sql, types, {{"ids", ids_list(ids)}}));
  std::unordered_map<ActorId, std::size_t> with_key;
  for (const auto& row : rows) {
    STELLWERK_TRY(auto loaded, read_loaded(row));
    const auto flags = actor_columns.all().size() + 1;
    if (std::get<std::int64_t>(row[flags]) != 0) STELLWERK_CHECK(read_mailbox_of(session_, loaded));
    if (std::get<std::int64_t>(row[flags + 1]) != 0) with_key.emplace(loaded.row.id, all.size());
    all.push_back(std::move(loaded));
  }
  if (with_key.empty()) return all;
  std::vector<ActorId> owners;
  for (const auto& [id, index] : with_key) owners.push_back(id);
  STELLWERK_TRY(const auto keys, session_.rows(keys_sql, personal_key_columns.types(), {{"ids", ids_list(owners)}}));
  for (const auto& row : keys) {
    STELLWERK_TRY(auto key, read_personal_key(row));
    all[with_key.at(key.actor)].personal_key = std::move(key);
  }
  return all;
}

Result<std::vector<AttemptRow>> SqlStore::take_over_attempts(const std::string& incarnation) {
  static const auto sql = "update attempt set incarnation = :incarnation where incarnation <> :incarnation returning " + attempt_columns.list();
  std::vector<AttemptRow> attempts;
  const auto work = [&]() -> Result<void> {
    STELLWERK_TRY(const auto rows, session_.rows(sql, attempt_columns.types(), {{"incarnation", incarnation}}));
    // Its actor knows what the attempt sends: a row that cannot be read must not keep the node from starting.
    for (const auto& row : rows) {
      std::string unreadable;
      STELLWERK_TRY(auto attempt, read_bare(row, attempt_columns.types(), read_attempt, unreadable));
      if (!unreadable.empty()) monitoring::log_error("an attempt's documents cannot be read", {{"actor", attempt.actor.str()}, {"error", unreadable}});
      attempts.push_back(std::move(attempt));
    }
    return {};
  };
  STELLWERK_CHECK(session_.transaction(work));
  return attempts;
}

Result<std::vector<AttemptRow>> SqlStore::find_attempts(std::span<const ActorId> actors) {
  static const auto sql = "select " + attempt_columns.list() + " from attempt where actor in {items actors}";
  JsonArray ids;
  for (const auto& actor : actors) ids.emplace_back(boost::json::string(actor.str()));
  STELLWERK_TRY(const auto rows, session_.rows(sql, attempt_columns.types(), {{"actors", dump_json(ids)}}));
  std::vector<AttemptRow> attempts;
  for (const auto& row : rows) {
    std::string unreadable;
    STELLWERK_TRY(auto attempt, read_bare(row, attempt_columns.types(), read_attempt, unreadable));
    if (unreadable.empty()) attempts.push_back(std::move(attempt));
    else monitoring::log_error("an attempt's documents cannot be read", {{"actor", attempt.actor.str()}, {"error", unreadable}});
  }
  return attempts;
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

Result<Undelivered> SqlStore::return_undelivered(std::int64_t after, int limit) {
  static const Bulk give_back{Columns{"seq:i"}, "update mailbox set receiver = mailbox.sender, sender = mailbox.receiver, returned = 1 from {rows} where mailbox.seq = d.seq "
                                                  "and not exists (select 1 from actor a where a.id = mailbox.receiver)"};
  static const Bulk drop{Columns{"seq:i"}, "delete from mailbox where seq in (select d.seq from {rows}) and not exists (select 1 from actor a where a.id = mailbox.receiver)"};
  Undelivered result;
  STELLWERK_CHECK(check_incarnation());
  // Read without a lock first: there is hardly ever anything to write, and no transaction then.
  STELLWERK_TRY(const auto page, session_.rows("select m.seq, m.sender, m.returned, m.receiver, m.event, case when a.id is null then 1 else 0 end as lost "
                                               "from (select seq, sender, returned, receiver, event from mailbox where seq > :after order by seq limit :limit) m "
                                               "left join actor a on a.id = m.receiver order by m.seq",
                                               "ititti", {{"after", after}, {"limit", std::int64_t{limit}}}));
  if (std::ssize(page) == limit) result.seen = std::get<std::int64_t>(page.back()[0]);
  std::vector<Row> back, dropped;
  for (const auto& row : page) {
    Reader r{row};
    const auto seq = r.number();
    const ActorId sender{r.text()};
    const bool came_back = r.flag();
    const auto receiver = r.text(), event = r.text();
    if (!r.flag()) continue;
    if (came_back || sender.empty()) {
      dropped.push_back({seq});
      monitoring::log_warning("a message is dropped: neither its receiver nor its sender exists", {{"actor", receiver}, {"event", event}, {"sender", sender.str()}});
    } else {
      back.push_back({seq});
      result.returned.push_back(sender);
    }
  }
  result.dropped = static_cast<int>(dropped.size());
  if (back.empty() && dropped.empty()) return result;
  const auto work = [&]() -> Result<void> {
    STELLWERK_CHECK(session_.run(give_back, back));
    STELLWERK_CHECK(session_.run(drop, dropped));
    return {};
  };
  STELLWERK_CHECK(session_.transaction(work));
  return result;
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
