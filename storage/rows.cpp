#include "storage/rows.hpp"

namespace stellwerk::storage {
namespace {

constexpr std::size_t largest_document = 64U << 20;

std::int64_t micros(Time time) { return to_micros(time); }
std::int64_t flag(bool value) { return value ? 1 : 0; }

}  // namespace

const Columns actor_columns{
    "id, tenant, kind, workflow, revision:i, state, status, customer, attributes:j, cursor:j, version:i, live:i, decision, created_at:i, updated_at:i"};
const Columns mailbox_columns{"receiver, seq:i, sender, event_id, event, payload:j, meta:j, deferred:i, at:i, returned:i"};
const Columns timer_columns{"actor, tenant, name, due:i"};
const Columns attempt_columns{
    "run, lane:i, id, actor, tenant, workflow, step, key, executor, operation, sub:i, server, input:j, mode, number:i, due:i, deadline:i, sent:i, handle, "
    "incarnation, result:j"};
const Columns run_columns{"id, tenant, actor, workflow, revision:i, event, state, status, step, trace, started_at:i, ended_at:i"};
const Columns incident_columns{
    "id, tenant, kind, actor, actor_kind, run, step, error_class, code, message, detail:j, remedies:j, state, closed_by, closed_how, note, opened_at:i, "
    "closed_at:i"};
const Columns outbox_columns{"id, tenant, type, actor, data:j, at:i"};
const Columns server_columns{"id, tenant, name, connector, pool, capacity:i, used:i, state, settings:j, created_at:i"};
const Columns product_columns{"id, tenant, name, workflow, attributes:j, visible:i, created_at:i"};
const Columns idempotency_columns{"scope, key, body_hash, status:i, answer:j, at:i"};
const Columns data_key_columns{"id, tenant, sealed, created_at:i"};
const Columns personal_key_columns{"id, tenant, customer, actor, sealed, created_at:i"};
const Columns audit_columns{"id, tenant, at:i, changed_by, role, action, object, field, note"};

Row to_row(const ActorRow& a) {
  return {a.id.str(), a.tenant.str(), a.kind, a.workflow, std::int64_t{a.revision}, a.state, a.status, a.customer, dump_json(a.attributes),
          dump_json(a.cursor), a.version, flag(a.live), a.decision, micros(a.created_at), micros(a.updated_at)};
}
Row to_row(const TimerRow& t) { return {t.actor.str(), t.tenant.str(), t.name, micros(t.due)}; }
Row to_row(const AttemptRow& a) {
  return {a.run.str(), std::int64_t{a.lane}, a.id.str(), a.actor.str(), a.tenant.str(), a.workflow, a.step, a.key, a.executor, a.operation,
          std::int64_t{a.sub}, a.server, dump_json(a.input), a.mode, std::int64_t{a.number}, micros(a.due), micros(a.deadline), micros(a.sent), a.handle,
          a.incarnation, a.result ? Value{dump_json(*a.result)} : Value{}};
}
Row to_row(const RunRow& r) {
  return {r.id.str(), r.tenant.str(), r.actor.str(), r.workflow, std::int64_t{r.revision}, r.event, r.state, r.status, r.step, r.trace,
          micros(r.started_at), micros(r.ended_at)};
}
Row to_row(const IncidentRow& i) {
  JsonArray remedies;
  for (const auto& remedy : i.remedies) remedies.emplace_back(remedy);
  return {i.id.str(), i.tenant.str(), i.kind, i.actor.str(), i.actor_kind, i.run.str(), i.step, i.error_class, i.code, i.text, dump_json(i.detail),
          dump_json(remedies), i.state, i.closed_by, i.closed_how, i.note, micros(i.opened_at), micros(i.closed_at)};
}
Row to_row(const OutboxRow& o) { return {o.id, o.tenant.str(), o.type, o.actor.str(), dump_json(o.data), micros(o.at)}; }
Row to_row(const ServerRow& s) {
  return {s.id.str(), s.tenant.str(), s.name, s.connector, s.pool, std::int64_t{s.capacity}, std::int64_t{s.used}, s.state, dump_json(s.settings),
          micros(s.created_at)};
}
Row to_row(const ProductRow& p) {
  return {p.id.str(), p.tenant.str(), p.name, p.workflow, dump_json(p.attributes), flag(p.visible), micros(p.created_at)};
}
Row to_row(const IdempotencyRow& r) { return {r.scope, r.key, r.body_hash, std::int64_t{r.status}, dump_json(r.answer), micros(r.at)}; }

Row to_row(const DataKeyRow& k) { return {k.id, k.tenant.str(), k.sealed, micros(k.created_at)}; }
Row to_row(const PersonalKeyRow& k) { return {k.id, k.tenant.str(), k.customer, k.actor.str(), k.sealed, micros(k.created_at)}; }
Row to_row(const AuditRow& a) { return {a.id, a.tenant.str(), micros(a.at), a.by, a.role, a.action, a.object, a.field, a.note}; }

std::string Reader::text() {
  const auto* value = std::get_if<std::string>(&row_.at(at_++));
  return value == nullptr ? std::string{} : *value;
}

std::int64_t Reader::number() {
  const auto* value = std::get_if<std::int64_t>(&row_.at(at_++));
  return value == nullptr ? 0 : *value;
}

Json Reader::json() {
  auto parsed = parse_json(text(), largest_document);
  if (parsed) return std::move(*parsed);
  if (!problem_) problem_ = Error{ErrorCode::internal, "read a stored document", {}, {}, std::make_shared<const Error>(parsed.error())};
  return nullptr;
}

// Members of a braced list are evaluated in order, so each reader follows its columns.

Result<ActorRow> read_actor(const Row& row) {
  Reader r{row};
  return r.finish(ActorRow{r.id<ActorId>(), r.id<TenantId>(), r.text(), r.text(), r.small(), r.text(), r.text(), r.text(), r.json(), r.json(), r.number(),
                           r.flag(), r.text(), r.time(), r.time()});
}
Result<MailboxRow> read_mailbox(const Row& row) {
  Reader r{row};
  return r.finish(MailboxRow{r.id<ActorId>(), r.number(), r.id<ActorId>(), r.id<EventId>(), r.text(), r.json(), r.json(), r.flag(), r.time(), r.flag()});
}
Result<TimerRow> read_timer(const Row& row) {
  Reader r{row};
  return r.finish(TimerRow{r.id<ActorId>(), r.id<TenantId>(), r.text(), r.time()});
}
Result<AttemptRow> read_attempt(const Row& row) {
  Reader r{row};
  AttemptRow a{r.id<RunId>(), r.small(), r.id<AttemptId>(), r.id<ActorId>(), r.id<TenantId>(), r.text(), r.text(), r.text(), r.text(), r.text(),
               r.small(), r.text(), r.json(), r.text(), r.small(), r.time(), r.time(), r.time(), r.text(), r.text(), {}};
  if (!r.next_is_null()) a.result = r.json();
  return r.finish(std::move(a));
}
Result<RunRow> read_run(const Row& row) {
  Reader r{row};
  return r.finish(RunRow{r.id<RunId>(), r.id<TenantId>(), r.id<ActorId>(), r.text(), r.small(), r.text(), r.text(), r.text(), r.text(), r.text(), r.time(),
                         r.time()});
}
Result<IncidentRow> read_incident(const Row& row) {
  Reader r{row};
  IncidentRow i{r.id<IncidentId>(), r.id<TenantId>(), r.text(), r.id<ActorId>(), r.text(), r.id<RunId>(), r.text(), r.text(), r.text(), r.text(), r.json()};
  const auto remedies = r.json();
  if (const auto* list = remedies.if_array()) {
    for (const auto& remedy : *list) {
      if (remedy.is_string()) i.remedies.emplace_back(as_view(remedy.get_string()));
    }
  }
  i.state = r.text();
  i.closed_by = r.text();
  i.closed_how = r.text();
  i.note = r.text();
  i.opened_at = r.time();
  i.closed_at = r.time();
  return r.finish(std::move(i));
}
Result<OutboxRow> read_outbox(const Row& row) {
  Reader r{row};
  return r.finish(OutboxRow{r.text(), r.id<TenantId>(), r.text(), r.id<ActorId>(), r.json(), r.time()});
}
Result<ServerRow> read_server(const Row& row) {
  Reader r{row};
  return r.finish(ServerRow{r.id<ServerId>(), r.id<TenantId>(), r.text(), r.text(), r.text(), r.small(), r.small(), r.text(), r.json(), r.time()});
}
Result<ProductRow> read_product(const Row& row) {
  Reader r{row};
  return r.finish(ProductRow{r.id<ProductId>(), r.id<TenantId>(), r.text(), r.text(), r.json(), r.flag(), r.time()});
}
Result<IdempotencyRow> read_idempotency(const Row& row) {
  Reader r{row};
  return r.finish(IdempotencyRow{r.text(), r.text(), r.text(), r.small(), r.json(), r.time()});
}
Result<DataKeyRow> read_data_key(const Row& row) {
  Reader r{row};
  return r.finish(DataKeyRow{r.text(), r.id<TenantId>(), r.text(), r.time()});
}
Result<PersonalKeyRow> read_personal_key(const Row& row) {
  Reader r{row};
  return r.finish(PersonalKeyRow{r.text(), r.id<TenantId>(), r.text(), r.id<ActorId>(), r.text(), r.time()});
}
Result<AuditRow> read_audit(const Row& row) {
  Reader r{row};
  return r.finish(AuditRow{r.text(), r.id<TenantId>(), r.time(), r.text(), r.text(), r.text(), r.text(), r.text(), r.text()});
}

}  // namespace stellwerk::storage
