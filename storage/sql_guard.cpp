// The mass-action guard's questions and what it holds; the emergency stop; and the tenant's own journal, which tells of both.

#include <fmt/format.h>

#include <algorithm>

#include "storage/guard_incident.hpp"
#include "storage/rows.hpp"
#include "storage/sql_store.hpp"

namespace stellwerk::storage {
namespace {

const Columns question_columns{"id, tenant, kind, why, state, passed:i, bound:i, live:i, examples:j, answers:j, asked_at:i, until_at:i, number:i"};
const Columns entry_columns{"tenant, kind, actor, at:i, released"};
const Columns stop_change_columns{"tenant, turned_on:i, turned_by, note, at:i"};

Row to_row(const GuardQuestion& q) {
  return {q.id.str(), q.tenant.str(), q.kind, q.why, q.state, q.passed, q.bound, q.live, dump_json(q.examples), dump_json(q.answers), to_micros(q.asked_at), to_micros(q.until), q.number};
}

JsonArray array_of(const Json& json) { return json.is_array() ? json.get_array() : JsonArray{}; }

Result<GuardQuestion> read_question(const Row& row) {
  Reader r{row};
  GuardQuestion q{.id = r.id<IncidentId>(), .tenant = r.id<TenantId>(), .kind = r.text(), .why = r.text(), .state = r.text(), .passed = r.number(), .bound = r.number(),
                  .live = r.number(), .examples = array_of(r.json()), .answers = array_of(r.json()), .asked_at = r.time(), .until = r.time(), .number = r.number(), .held = r.number()};
  return r.finish(std::move(q));
}
Result<GuardEntry> read_entry(const Row& row) {
  Reader r{row};
  return r.finish(GuardEntry{r.id<TenantId>(), r.text(), r.id<ActorId>(), r.time(), r.id<IncidentId>()});
}
Result<StopRow> read_stop(const Row& row) {
  Reader r{row};
  return r.finish(StopRow{r.id<TenantId>(), r.flag(), r.text(), r.text(), r.time()});
}

Result<void> write_question(Session& session, const GuardQuestion& question, bool changes) {
  static const Bulk add{question_columns, "insert into guard_question (" + question_columns.list() + ") select " + question_columns.list("d.") +
                                              " from {rows} where true on conflict (id) do nothing"};
  static const Bulk change{question_columns, "update guard_question set " + question_columns.assignments("d.", {"id", "tenant", "kind"}) + " from {rows} where guard_question.id = d.id"};
  static const Bulk add_incident{incident_columns, "insert into incident (" + incident_columns.list() + ") select " + incident_columns.list("d.") +
                                                       " from {rows} where true on conflict (id) do nothing"};
  static const Bulk change_incident{incident_columns, "insert into incident (" + incident_columns.list() + ") select " + incident_columns.list("d.") +
                                                          " from {rows} where true on conflict (id) do update set " + incident_columns.assignments("excluded.", {"id", "tenant", "opened_at"})};
  const auto row = to_row(question);
  const auto incident = storage::to_row(guard_incident(question));
  STELLWERK_CHECK(session.run(changes ? change : add, {&row, 1}));
  STELLWERK_CHECK(session.run(changes ? change_incident : add_incident, {&incident, 1}));
  return {};
}

/// What the tenant's journal tells of a question, when it is asked or answered.
JsonObject entry_of(const GuardQuestion& question) {
  JsonObject entry{{"type", question.answers.empty() ? "guard_asked" : "guard_answered"}, {"question", question.id.str()}, {"kind", question.kind}, {"why", question.why},
                   {"state", question.state}};
  if (!question.answers.empty()) entry["answer"] = question.answers.back();
  return entry;
}

}  // namespace

Result<void> SqlStore::note_in_journal(const TenantId& tenant, Time at, JsonObject entry) {
  static const Columns columns{"actor, version:i, at:i, tenant, trace, decision, entries:j"};
  static const Bulk add{columns, "insert into journal (" + columns.list() + ") select " + columns.list("d.") + " from {rows} where true"};
  STELLWERK_TRY(const auto last, session_.rows("select coalesce(max(version), 0) from journal where actor = :tenant", "i", {{"tenant", tenant.str()}}));
  const auto version = std::get<std::int64_t>(last.at(0).at(0)) + 1;
  const Row row{tenant.str(), version, to_micros(at), tenant.str(), std::string{}, format_id("dec", make_uuid()), dump_json(JsonArray{std::move(entry)})};
  STELLWERK_CHECK(session_.run(add, {&row, 1}));
  return {};
}

Result<void> SqlStore::hold_timers(const GuardQuestion& question, std::span<const TimerRow> timers) {
  static const Columns columns{"actor, name, due:i, question"};
  static const Bulk hold{columns, "update timer set held = d.question from {rows} where timer.actor = d.actor and timer.name = d.name and timer.due = d.due"};
  std::vector<Row> rows;
  for (const auto& timer : timers) rows.push_back({timer.actor.str(), timer.name, to_micros(timer.due), question.id.str()});
  return session_.transaction([&]() -> Result<void> {
    STELLWERK_TRY(const auto known, session_.rows("select state from guard_question where id = :id", "t", {{"id", question.id.str()}}));
    if (!known.empty() && std::get<std::string>(known[0][0]) == "released")
      return fail(ErrorCode::conflict, fmt::format("question {} of the mass-action guard is answered: nothing can be held under it", question.id.str()));
    if (known.empty()) {
      STELLWERK_CHECK(write_question(session_, question, false));
      STELLWERK_CHECK(note_in_journal(question.tenant, question.asked_at, entry_of(question)));
    }
    STELLWERK_CHECK(session_.run(hold, rows));
    return {};
  });
}

Result<void> SqlStore::put_guard_question(const GuardQuestion& question, std::int64_t let_go, const std::optional<GuardQuestion>& rest) {
  const Parameter id{"id", question.id.str()};
  return session_.transaction([&]() -> Result<void> {
    STELLWERK_TRY(const auto known, session_.rows("select id from guard_question where id = :id", "t", {id}));
    if (known.empty()) return fail(ErrorCode::not_found, fmt::format("there is no question {}", question.id.str()));
    STELLWERK_CHECK(write_question(session_, question, true));
    if (const auto at = question.answers.empty() ? Result<Time>{question.asked_at} : parse_time(text_of(question.answers.back(), "at")))
      STELLWERK_CHECK(note_in_journal(question.tenant, *at, entry_of(question)));
    if (let_go < 0) {
      STELLWERK_CHECK(session_.execute("update timer set held = '' where held = :id", {id}));
    } else if (let_go > 0) {
      STELLWERK_CHECK(session_.execute("update timer set held = '' where (actor, name) in (select t.actor, t.name from timer t where t.held = :id order by t.due, t.actor, t.name limit :number)",
                                       {id, {"number", let_go}}));
    }
    if (!rest) return {};
    STELLWERK_CHECK(write_question(session_, *rest, false));
    STELLWERK_CHECK(note_in_journal(rest->tenant, rest->asked_at, entry_of(*rest)));
    STELLWERK_CHECK(session_.execute("update timer set held = :rest where held = :id", {{"rest", rest->id.str()}, id}));
    return {};
  });
}

Result<std::vector<GuardQuestion>> SqlStore::guard_questions(const TenantId& tenant, Time since, int limit) {
  static const auto sql = "select " + question_columns.list("q.") + ", (select count(*) from timer t where t.held = q.id and t.held <> '') from guard_question q "
                          "where (:tenant = '' or q.tenant = :tenant) and (q.state <> 'released' or q.asked_at >= :since or q.until_at >= :since) order by q.id desc limit :limit";
  static const auto types = question_columns.types() + "i";
  STELLWERK_TRY(const auto rows, session_.rows(sql, types, {{"tenant", tenant.str()}, {"since", to_micros(since)}, {"limit", std::int64_t{limit}}}));
  return read_all(rows, read_question);
}

Result<std::vector<GuardEntry>> SqlStore::guard_entries(Time since) {
  static const auto sql = "select " + entry_columns.list() + " from guard_entry where at >= :since order by at, seq";
  STELLWERK_TRY(const auto rows, session_.rows(sql, entry_columns.types(), {{"since", to_micros(since)}}));
  return read_all(rows, read_entry);
}

Result<void> SqlStore::forget_guard_entries(Time before) {
  return session_.transaction([&]() -> Result<void> {
    STELLWERK_CHECK(session_.execute("delete from guard_entry where at < :before", {{"before", to_micros(before)}}));
    return {};
  });
}

Result<std::int64_t> SqlStore::count_live(const TenantId& tenant, const std::string& kind) {
  STELLWERK_TRY(const auto rows, session_.rows("select count(*) from actor where tenant = :tenant and kind = :kind and live = 1", "i", {{"tenant", tenant.str()}, {"kind", kind}}));
  return std::get<std::int64_t>(rows.at(0).at(0));
}

Result<void> SqlStore::put_stop(const StopRow& stop, const TenantId& journal) {
  static const Bulk keep{stop_change_columns, "insert into emergency_stop_change (" + stop_change_columns.list() + ") select " + stop_change_columns.list("d.") + " from {rows} where true"};
  const Row row{stop.tenant.str(), std::int64_t{stop.on ? 1 : 0}, stop.by, stop.note, to_micros(stop.at)};
  return session_.transaction([&]() -> Result<void> {
    STELLWERK_CHECK(session_.execute("delete from emergency_stop where tenant = :tenant", {{"tenant", stop.tenant.str()}}));
    if (stop.on)
      STELLWERK_CHECK(session_.execute("insert into emergency_stop (tenant, turned_by, note, at) values (:tenant, :by, :note, :at)",
                                       {{"tenant", stop.tenant.str()}, {"by", stop.by}, {"note", stop.note}, {"at", to_micros(stop.at)}}));
    STELLWERK_CHECK(session_.run(keep, {&row, 1}));
    return note_in_journal(journal, stop.at, {{"type", "emergency_stop"}, {"on", stop.on}, {"scope", stop.tenant.empty() ? "all" : "tenant"}, {"by", stop.by}, {"note", stop.note}});
  });
}

Result<std::vector<StopRow>> SqlStore::stops() {
  STELLWERK_TRY(const auto rows, session_.rows("select tenant, 1, turned_by, note, at from emergency_stop order by tenant", "titti"));
  return read_all(rows, read_stop);
}

Result<std::vector<StopRow>> SqlStore::stop_history(const TenantId& tenant, int limit) {
  static const auto all = "select " + stop_change_columns.list() + " from emergency_stop_change";
  static const auto newest = std::string{" order by seq desc limit :limit"};
  static const auto of_tenant = all + " where tenant = '' or tenant = :tenant" + newest, of_all = all + newest;
  const auto asked = [&] {
    if (tenant.empty()) return session_.rows(of_all, stop_change_columns.types(), {{"limit", std::int64_t{limit}}});
    return session_.rows(of_tenant, stop_change_columns.types(), {{"tenant", tenant.str()}, {"limit", std::int64_t{limit}}});
  };
  STELLWERK_TRY(const auto rows, asked());
  return read_all(rows, read_stop);
}

}  // namespace stellwerk::storage
