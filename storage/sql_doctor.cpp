// Who is silently stuck: promise 4 as queries. Every look is bounded by rows, not by what sleeps.
//
// An actor sleeps well with a timer, so the common path through "without a wake-up" is: one entry of the partial index on live actors,
// one probe of `timer`'s primary key, done. Only who fails that is looked up in attempt_actor, mailbox_receiver and incident_held; its
// row (columns before the documents, which neither database reads) is fetched last, for the state. 5,000 sleeping actors are 10,000
// index entries: 10 ms on SQLite, among 200,000. The overdue half reads from the due end of timer_due, and pages of the two tables that
// hold nothing but work in hand.

#include <fmt/format.h>

#include <algorithm>

#include "storage/rows.hpp"
#include "storage/sql_directory.hpp"

namespace stellwerk::storage {
namespace {

constexpr std::int64_t most_found = 1'000;
constexpr std::int64_t timers_looked_at = 20'000;

/// No wake-up is left. An attempt counts under an incarnation that holds the database; while none does, any. A run in hand makes no state
/// a resting one. Columns of `actor a`.
const std::string without_wake_up =
    "a.live = 1 "
    "and not exists (select 1 from timer t where t.actor = a.id) "
    "and not exists (select 1 from attempt t where t.actor = a.id and (t.incarnation in (select incarnation from node_fence) or not exists (select 1 from node_fence))) "
    "and not exists (select 1 from mailbox m where m.receiver = a.id and m.deferred = 0) "
    "and not exists (select 1 from incident i where i.actor = a.id and i.state = 'open') "
    "and (a.workflow || '/' || a.state not in {items resting} "
    "or coalesce((select r.ended_at from run r where r.actor = a.id order by r.id desc limit 1), 1) = 0) ";

/// Its own incident says why it stands still.
const std::string not_held = "not exists (select 1 from incident i where i.actor = a.id and i.state = 'open' and i.kind in ('held_run', 'quarantined'))";

/// No emergency stop holds its tenant.
std::string not_stopped(const std::string& of) { return "not exists (select 1 from emergency_stop s where s.tenant = '' or s.tenant = " + of + ")"; }

/// No stop of its tenant was lifted lately that it has lived through: its time stood still meanwhile, which its row does not say before it is
/// written again.
const std::string keeps_its_time =
    "not exists (select 1 from emergency_stop_change s where s.turned_on = 0 and (s.tenant = '' or s.tenant = t.tenant) and s.at > t.due and s.at > :before - 86400000000)";

const std::string actor_list = "a.id, a.tenant, a.kind, a.workflow, a.revision, a.state";
const char* const stuck_types = "ttttitttti";

std::string names_of(std::span<const std::string> resting) {
  JsonArray names;
  for (const auto& name : resting) names.emplace_back(boost::json::string(name));
  return dump_json(names);
}

/// Columns: those of `actor_list`, the actor's id again (there may be no such actor), what, subject, since.
Result<StuckRow> read_stuck(const Row& row) {
  Reader r{row};
  r.skip();
  StuckRow out;
  out.tenant = r.id<TenantId>();
  out.kind = r.text();
  out.workflow = r.text();
  out.revision = r.small();
  out.state = r.text();
  out.actor = r.id<ActorId>();
  out.what = r.text();
  out.subject = r.text();
  out.since = r.time();
  return r.finish(std::move(out));
}

/// The last key of a page and the number of rows in it.
Result<StuckPage> read_page(Session& session, const std::string& sql, std::string_view types, const Value& after, int limit) {
  STELLWERK_TRY(const auto rows, session.rows(sql, types, {{"after", after}, {"limit", std::int64_t{limit}}}));
  StuckPage page;
  page.looked_at = static_cast<int>(std::get<std::int64_t>(rows.at(0)[1]));
  if (const auto* text = std::get_if<std::string>(&rows[0][0])) page.until = *text;
  if (const auto* number = std::get_if<std::int64_t>(&rows[0][0])) page.until = std::to_string(*number);
  return page;
}

}  // namespace

Result<std::vector<StuckRow>> SqlDirectory::stuck_among(std::span<const ActorId> actors, std::span<const std::string> resting) {
  static const auto sql = "select " + actor_list + ", a.id as actor, 'no_wake_up' as what, '' as subject, a.updated_at from actor a where a.id in {items ids} and " +
                          without_wake_up + "limit :limit";
  if (actors.empty()) return std::vector<StuckRow>{};
  JsonArray ids;
  for (const auto& actor : actors) ids.emplace_back(boost::json::string(actor.str()));
  STELLWERK_TRY(const auto rows, session_.rows(sql, stuck_types, {{"ids", dump_json(ids)}, {"resting", names_of(resting)}, {"limit", most_found}}));
  return read_all(rows, read_stuck);
}

Result<StuckPage> SqlDirectory::stuck_page(const std::string& after, int limit, std::span<const std::string> resting) {
  static const auto sql = "select " + actor_list + ", a.id as actor, 'no_wake_up' as what, '' as subject, a.updated_at from actor a where a.id > :after and a.id <= :until and " +
                          without_wake_up + "order by a.id limit :limit";
  STELLWERK_TRY(auto page, read_page(session_, "select max(id), count(*) from (select id from actor where live = 1 and id > :after order by id limit :limit) p", "ti", after, limit));
  if (page.looked_at == 0) return page;
  STELLWERK_TRY(const auto rows, session_.rows(sql, stuck_types, {{"after", after}, {"until", page.until}, {"resting", names_of(resting)}, {"limit", most_found}}));
  STELLWERK_TRY(page.found, read_all(rows, read_stuck));
  if (page.looked_at < limit) page.until.clear();
  return page;
}

Result<std::vector<StuckRow>> SqlDirectory::overdue_timers(Time before) {
  static const auto sql = "select " + actor_list + ", t.actor, 'timer' as what, t.name, t.due from "
                          "(select actor, name, due from timer where due < :before and held = '' and " + not_stopped("timer.tenant") +
                          " order by due limit :looked) t left join actor a on a.id = t.actor "
                          "where " + not_held + " order by t.due limit :limit";
  STELLWERK_TRY(const auto rows, session_.rows(sql, stuck_types, {{"before", to_micros(before)}, {"looked", timers_looked_at}, {"limit", most_found}}));
  return read_all(rows, read_stuck);
}

Result<StuckPage> SqlDirectory::overdue_attempts(const std::string& after, int limit, Time before) {
  static const auto sql = "select " + actor_list + ", t.actor, case when f.incarnation is null then 'attempt_abandoned' else 'attempt_past_deadline' end as what, t.step, t.due "
                          "from attempt t left join node_fence f on f.incarnation = t.incarnation left join actor a on a.id = t.actor "
                          "where t.run > :after and t.run <= :until and (f.incarnation is null or (t.deadline > 0 and t.deadline < :before and t.due < :before and " + not_held + " and " + not_stopped("t.tenant") + " and " + keeps_its_time + ")) "
                          "order by t.run limit :limit";
  STELLWERK_TRY(auto page, read_page(session_, "select max(run), count(*) from (select run from attempt where run > :after order by run limit :limit) p", "ti", after, limit));
  if (page.looked_at == 0) return page;
  STELLWERK_TRY(const auto rows, session_.rows(sql, stuck_types, {{"after", after}, {"until", page.until}, {"before", to_micros(before)}, {"limit", most_found}}));
  STELLWERK_TRY(page.found, read_all(rows, read_stuck));
  if (page.looked_at < limit) page.until.clear();
  return page;
}

Result<StuckPage> SqlDirectory::overdue_messages(const std::string& after, int limit, Time before) {
  // A deferred event has its turn when no run is in hand; whether the state takes it, the workflow knows.
  static const auto sql = "select " + actor_list + ", m.receiver, case when a.id is null then 'no_receiver' when m.deferred = 1 then 'deferred' else 'message' end as what, m.event, m.at "
                          "from mailbox m left join actor a on a.id = m.receiver where m.seq > :after and m.seq <= :until and m.at < :before and " + not_held +
                          " and (m.deferred = 0 or coalesce((select r.ended_at from run r where r.actor = a.id order by r.id desc limit 1), 1) <> 0) order by m.seq limit :limit";
  const std::int64_t from = after.empty() ? 0 : std::stoll(after);
  STELLWERK_TRY(auto page, read_page(session_, "select max(seq), count(*) from (select seq from mailbox where seq > :after order by seq limit :limit) p", "ii", from, limit));
  if (page.looked_at == 0) return page;
  STELLWERK_TRY(const auto rows, session_.rows(sql, stuck_types, {{"after", from}, {"until", std::int64_t{std::stoll(page.until)}}, {"before", to_micros(before)}, {"limit", most_found}}));
  STELLWERK_TRY(page.found, read_all(rows, read_stuck));
  if (page.looked_at < limit) page.until.clear();
  return page;
}

Result<DatabaseFacts> SqlDirectory::facts() {
  DatabaseFacts facts;
  facts.dialect = session_.dialect() == DialectKind::sqlite ? "sqlite" : "postgresql";
  const auto count = [&](const std::string& sql) -> Result<std::int64_t> {
    STELLWERK_TRY(const auto rows, session_.rows("select count(*) from (" + sql + ") p", "i"));
    return std::get<std::int64_t>(rows.at(0)[0]);
  };
  STELLWERK_TRY(const auto schema, session_.rows("select name, {now} from schema_version order by name desc limit 1", "ti"));
  if (!schema.empty()) {
    Reader r{schema.front()};
    facts.schema = r.text();
    facts.now = r.time();
  }
  STELLWERK_TRY(const auto nodes, session_.rows("select f.incarnation, f.host, f.begun_at, coalesce(h.at, 0), coalesce(h.lease, 0) from node_fence f left join node_heartbeat h on h.incarnation = f.incarnation "
                                                "order by f.begun_at", "ttiii"));
  for (const auto& node : nodes) {
    Reader r{node};
    facts.nodes.push_back({r.text(), r.text(), r.time(), r.time(), Duration{r.number()}});
  }
  STELLWERK_TRY(facts.live_actors, count("select 1 from actor where live = 1 limit 1000000"));
  STELLWERK_TRY(facts.messages_waiting, count("select 1 from mailbox limit 100000"));
  STELLWERK_TRY(facts.messages_lost, count("select 1 from (select receiver from mailbox order by seq limit 100000) m left join actor a on a.id = m.receiver where a.id is null"));
  STELLWERK_TRY(facts.incidents_open, count("select 1 from incident where state = 'open' limit 100000"));
  return facts;
}

}  // namespace stellwerk::storage
