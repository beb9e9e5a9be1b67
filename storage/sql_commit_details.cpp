// What a decision writes beside its actor's row: journal, timers, attempts, runs, messages, incidents, outbox, read side.

#include <map>

#include "storage/projectors/projectors.hpp"
#include "storage/rows.hpp"
#include "storage/sql_store.hpp"

namespace stellwerk::storage {
namespace {

std::string insert_into(const std::string& table, const Columns& columns, const std::string& behind = "") {
  return "insert into " + table + " (" + columns.list() + ") select " + columns.list("d.") + " from {rows} where true" + behind;
}

const Columns& journal_columns() {
  static const Columns columns{"actor, version:i, at:i, tenant, trace, decision, entries:j"};
  return columns;
}
const Columns& guard_entry_columns() {
  static const Columns columns{"tenant, kind, actor, at:i, released"};
  return columns;
}
const Columns& message_columns() {
  static const Columns columns{"tenant, receiver, sender, event_id, event, payload:j, meta:j, deferred:i, at:i, returned:i"};
  return columns;
}

const Columns& deferral_columns() {
  static const Columns columns{"id, tenant, actor, version:i, at:i"};
  return columns;
}

/// The statements in the order in which they run: what is removed goes before what is set.
struct Statements {
  Bulk journal{journal_columns(), insert_into("journal", journal_columns())};
  Bulk clear_timers{Columns{"actor, name"}, "delete from timer where (actor, name) in (select d.actor, d.name from {rows})"};
  Bulk set_timers{timer_columns, insert_into("timer", timer_columns, " on conflict (actor, name) do update set due = excluded.due, tenant = excluded.tenant, "
                                                         "held = case when timer.due = excluded.due then timer.held else '' end")};
  Bulk end_attempts{Columns{"run, lane:i"}, "delete from attempt where (run, lane) in (select d.run, d.lane from {rows})"};
  // The result of an action survives as long as its attempt, whatever the decision knew of it.
  Bulk write_attempts{attempt_columns,
                      insert_into("attempt", attempt_columns,
                                  " on conflict (run, lane) do update set " + attempt_columns.assignments("excluded.", {"run", "lane", "result"}) +
                                      ", result = case when attempt.id = excluded.id then coalesce(excluded.result, attempt.result) else excluded.result end")};
  Bulk write_runs{run_columns, insert_into("run", run_columns, " on conflict (id) do update set " +
                                                                    run_columns.assignments("excluded.", {"id", "tenant", "actor", "started_at"}))};
  Bulk consume{Columns{"receiver, seq:i"}, "delete from mailbox where (seq, receiver) in (select d.seq, d.receiver from {rows})"};
  Bulk rewrite{Columns{"receiver, seq:i, payload:j"}, "update mailbox set payload = d.payload from {rows} where mailbox.seq = d.seq and mailbox.receiver = d.receiver"};
  Bulk send{message_columns(), insert_into("mailbox", message_columns())};
  Bulk remember_deferrals{deferral_columns(), insert_into("deferred_event", deferral_columns(), " on conflict (id) do nothing")};
  Bulk write_incidents{incident_columns, insert_into("incident", incident_columns, " on conflict (id) do update set " +
                                                                                       incident_columns.assignments("excluded.", {"id", "tenant", "opened_at"}))};
  /// Closing knows the incident's id only: what was written when it opened stays.
  Bulk close_incidents{Columns{"id, tenant, state, closed_by, closed_how, note, closed_at:i"},
                       "update incident set state = d.state, closed_by = d.closed_by, closed_how = d.closed_how, note = d.note, closed_at = d.closed_at from {rows} "
                       "where incident.id = d.id and incident.tenant = d.tenant"};
  Bulk publish{outbox_columns, insert_into("outbox", outbox_columns)};
  Bulk forget_persons{Columns{"actor"}, "delete from personal_key where actor in (select d.actor from {rows})"};
  Bulk keep_keys{personal_key_columns, insert_into("personal_key", personal_key_columns, " on conflict (actor) do update set " +
                                                                                             personal_key_columns.assignments("excluded.", {"actor"}))};
  Bulk keep_audit{audit_columns, insert_into("audit", audit_columns)};
  Bulk count_guarded{guard_entry_columns(), insert_into("guard_entry", guard_entry_columns())};
};

struct Rows {
  std::vector<Row> journal, cleared, timers, ended, attempts, runs, consumed, rewritten, messages, incidents, closed, outbox, deferrals, forgotten, keys, audit, guarded;
  std::map<std::string, Changes> by_kind;

  void add(const Commit& commit, const ActorChange& change) {
    const auto& actor = change.row;
    journal.push_back({actor.id.str(), actor.version, to_micros(actor.updated_at), actor.tenant.str(), change.trace, commit.id, dump_json(change.journal)});
    for (const auto& name : change.timers_cleared) cleared.push_back({actor.id.str(), name});
    for (const auto& timer : change.timers) timers.push_back(to_row(timer));
    for (const auto& [run, lane] : change.attempts_ended) ended.push_back({run.str(), std::int64_t{lane}});
    for (const auto& attempt : change.attempts) attempts.push_back(to_row(attempt));
    for (const auto& run : change.runs_before) runs.push_back(to_row(run));
    if (change.run) runs.push_back(to_row(*change.run));
    for (const auto seq : change.consumed) consumed.push_back({actor.id.str(), seq});
    for (const auto& m : change.rewritten) rewritten.push_back({actor.id.str(), m.seq, dump_json(m.payload)});
    for (const auto& m : change.messages) {
      messages.push_back({actor.tenant.str(), m.receiver.str(), m.sender.str(), m.event_id.str(), m.event, dump_json(m.payload), dump_json(m.meta),
                          std::int64_t{m.deferred ? 1 : 0}, to_micros(m.at), std::int64_t{m.returned ? 1 : 0}});
      // who gave a command may ask for its end; a message has nobody who would
      if (m.deferred && bool_of(m.meta, "command")) deferrals.push_back({m.event_id.str(), actor.tenant.str(), actor.id.str(), actor.version, to_micros(m.at)});
    }
    for (const auto& i : change.incidents) {
      if (i.state == "closed") closed.push_back({i.id.str(), i.tenant.str(), i.state, i.closed_by, i.closed_how, i.note, to_micros(i.closed_at)});
      else incidents.push_back(to_row(i));
    }
    for (const auto& event : change.outbox) outbox.push_back(to_row(event));
    if (change.forget_person) forgotten.push_back({actor.id.str()});
    if (change.personal_key) keys.push_back(to_row(*change.personal_key));
    for (const auto& entry : change.audit) audit.push_back(to_row(entry));
    if (!change.documents_kept && projectors().contains(actor.kind)) by_kind[actor.kind].push_back(&change);
  }
};

}  // namespace

Result<void> SqlStore::write_details(std::span<const Commit> batch, const Group& written) {
  static const Statements statements;
  Rows rows;
  for (const auto index : written) {
    for (const auto& change : batch[index].changes) rows.add(batch[index], change);
    if (const auto& g = batch[index].guard) rows.guarded.push_back({g->tenant.str(), g->kind, g->actor.str(), to_micros(g->at), g->released.str()});
  }
  STELLWERK_CHECK(session_.run(statements.journal, rows.journal));
  STELLWERK_CHECK(session_.run(statements.clear_timers, rows.cleared));
  STELLWERK_CHECK(session_.run(statements.set_timers, rows.timers));
  STELLWERK_CHECK(session_.run(statements.end_attempts, rows.ended));
  STELLWERK_CHECK(session_.run(statements.write_attempts, rows.attempts));
  STELLWERK_CHECK(session_.run(statements.write_runs, rows.runs));
  STELLWERK_CHECK(session_.run(statements.consume, rows.consumed));
  STELLWERK_CHECK(session_.run(statements.rewrite, rows.rewritten));
  STELLWERK_CHECK(session_.run(statements.send, rows.messages));
  STELLWERK_CHECK(session_.run(statements.remember_deferrals, rows.deferrals));
  STELLWERK_CHECK(session_.run(statements.write_incidents, rows.incidents));
  STELLWERK_CHECK(session_.run(statements.close_incidents, rows.closed));
  STELLWERK_CHECK(session_.run(statements.publish, rows.outbox));
  STELLWERK_CHECK(session_.run(statements.forget_persons, rows.forgotten));
  STELLWERK_CHECK(session_.run(statements.keep_keys, rows.keys));
  STELLWERK_CHECK(session_.run(statements.keep_audit, rows.audit));
  STELLWERK_CHECK(session_.run(statements.count_guarded, rows.guarded));
  for (const auto& [kind, changes] : rows.by_kind) STELLWERK_CHECK(projectors().at(kind)(session_, changes));
  return {};
}

}  // namespace stellwerk::storage
