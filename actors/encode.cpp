#include "actors/encode.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/planted.hpp"
#include "workflows/secrets.hpp"

namespace stellwerk::actors {
namespace {

using workflows::Definition;
using workflows::Snapshot;

/// A run belongs to a working state or, in place, to the waiting one it is done in.
bool fits(const Definition& definition, const Snapshot& snapshot) {
  const auto& state = definition.states[static_cast<std::size_t>(snapshot.state)];
  const auto& run = snapshot.cursor.run;
  if (!run) return !state.works();
  if (run->work < 0 || static_cast<std::size_t>(run->work) >= definition.works.size()) return false;
  return state.works() ? run->work == state.work : definition.work(run->work).in_place;
}

/// What the projectors get: they write what people read, so no secrets.
Json shown_payload(const Definition& definition, const workflows::Event& event, const workflows::Decision& decision) {
  const auto& payload = decision.applied_payload;
  const bool of_attributes = std::holds_alternative<workflows::Born>(event.body) || std::holds_alternative<workflows::Edit>(event.body);
  if (!of_attributes) return decision.applied_event.empty() ? Json(JsonObject{}) : workflows::shown_payload(definition, decision.applied_event, payload);
  auto attributes = payload;
  if (attributes.is_object()) workflows::mask_attributes(definition, attributes.get_object());
  return attributes;
}

/// Name and payload of the event, for the projectors and the journal.
storage::Applied make_applied(const Definition& definition, const workflows::Event& event, const workflows::Decision& decision) {
  storage::Applied applied{.id = event.id, .event = {}, .payload = shown_payload(definition, event, decision), .principal = event.by.id, .role = event.by.role};
  // A birth has no event. A command or message counts when it was applied: deferred, refused or kept ones come again, or never.
  if (!decision.applied_event.empty()) applied.event = decision.applied_event;
  else if (const auto* timer = std::get_if<workflows::TimerDue>(&event.body)) applied.event = "timer:" + timer->name;
  else if (std::holds_alternative<workflows::Tried>(event.body)) applied.event = "outcome";
  else if (std::holds_alternative<workflows::Refresh>(event.body)) applied.event = "refresh";
  else if (!std::holds_alternative<workflows::Born>(event.body)) applied.event = "none";
  return applied;
}

}  // namespace

Result<Snapshot> make_snapshot(const Definition& definition, const storage::LoadedActor& loaded, const Surroundings& around) {
  const auto& row = loaded.row;
  Snapshot snapshot;
  snapshot.id = row.id;
  snapshot.tenant = row.tenant;
  snapshot.customer = row.customer;
  snapshot.version = row.version;
  snapshot.state = definition.find_state(row.state);
  if (snapshot.state < 0)
    return fail(ErrorCode::internal, fmt::format("state '{}' of actor {} is unknown to workflow {} revision {}", row.state, row.id.str(), row.workflow, row.revision));
  STELLWERK_TRY(const auto cursor, open_cursor(*around.keys, row.id, row.cursor));
  STELLWERK_TRY(snapshot.cursor, workflows::decode_cursor(cursor));
  if (!fits(definition, snapshot))
    return fail(ErrorCode::internal, fmt::format("actor {} is in state '{}' {}", row.id.str(), row.state, snapshot.cursor.run ? "with a run of other work" : "without a run"));
  snapshot.attributes.reserve(definition.attributes.size());
  for (const auto& attribute : definition.attributes) {
    const auto* value = find_member(row.attributes, attribute.field.name);
    if (value != nullptr && workflows::is_secret(attribute.field.type)) {
      STELLWERK_TRY(const auto opened, open_json(*around.keys, *value, place::attribute(row.id, attribute.field.name)));
      snapshot.attributes.push_back(workflows::decode(attribute.field.type, opened));
      continue;
    }
    snapshot.attributes.push_back(value == nullptr ? workflows::cel::Value{} : workflows::decode(attribute.field.type, *value));
  }
  snapshot.settings = around.settings->resolve(definition, row.id, row.attributes);
  snapshot.calendar = around.calendar;
  snapshot.limits = around.limits;
  for (const auto& message : loaded.mailbox)
    if (message.deferred) snapshot.deferred.push_back({message.seq, message.event});
  return snapshot;
}

Snapshot unborn(const Definition& definition, const ActorId& id, const TenantId& tenant, const std::string& customer, const Json& attributes, const Surroundings& around) {
  Snapshot snapshot;
  snapshot.id = id;
  snapshot.tenant = tenant;
  snapshot.customer = customer;
  snapshot.attributes.resize(definition.attributes.size());
  snapshot.settings = around.settings->resolve(definition, id, attributes);
  snapshot.calendar = around.calendar;
  snapshot.limits = around.limits;
  return snapshot;
}

workflows::Row make_row(const Definitions& definitions, const storage::ReferenceRow& row) {
  workflows::Row out{.kind = row.kind, .version = row.version, .fields = row.fields};
  if (row.workflow.empty() || !out.fields.is_object()) return out;
  auto& fields = out.fields.get_object();
  if (const auto definition = definitions.find(row.workflow, row.revision)) {
    for (const auto& attribute : definition->attributes)
      if (workflows::is_secret(attribute.field.type)) fields.erase(attribute.field.name);
    return out;
  }
  // Nobody knows which of its attributes are secret: only what every actor has is shown.
  JsonObject known;
  for (const char* name : {"state", "status", "customer"})
    if (const auto* value = fields.if_contains(name)) known[name] = *value;
  out.fields = std::move(known);
  return out;
}

void put_rows(Snapshot& snapshot, const Definitions& definitions, std::span<const std::string> asked, std::span<const storage::ReferenceRow> found) {
  for (const auto& id : asked) snapshot.rows[id] = workflows::Row{.missing = true};
  for (const auto& row : found) snapshot.rows[row.id] = make_row(definitions, row);
}

bool reads_references(const Definition& definition) {
  return std::any_of(definition.references.begin(), definition.references.end(), [](const workflows::Reference& r) { return r.used; });
}

Json make_meta(const workflows::Event& event, int depth) {
  return JsonObject{{"by", event.by.id}, {"role", event.by.role}, {"trace", event.trace}, {"depth", depth}};
}

storage::AttemptRow make_attempt(const Definition& definition, const storage::ActorRow& row, const workflows::Run& run, const workflows::Attempt& attempt,
                                 const std::string& incarnation) {
  storage::AttemptRow out;
  out.run = run.id;
  out.lane = attempt.lane;
  out.id = attempt.id;
  out.actor = row.id;
  out.tenant = row.tenant;
  out.workflow = row.workflow;
  out.step = workflows::step_at(definition.work(run.work), attempt.at).name;
  out.key = attempt.key;
  out.executor = attempt.executor;
  out.operation = attempt.operation;
  out.sub = attempt.sub;
  out.server = attempt.server;
  out.input = workflows::input_of(run, attempt);
  out.mode = attempt.mode;
  out.number = attempt.number;
  out.due = attempt.due;
  out.deadline = attempt.deadline + attempt.waited + attempt.stood;
  out.sent = attempt.sent;
  out.handle = attempt.handle;
  out.incarnation = incarnation;
  return out;
}

Json encode_kept(const Definition& definition, const workflows::Cursor& cursor, const ActorId& actor, const config::Keyring& keys) {
  auto json = workflows::encode_cursor(cursor);
  return workflows::handles_secrets(definition) ? seal_cursor(keys, actor, std::move(json)) : json;
}

Json encode_attributes(const Definition& definition, const Snapshot& snapshot, const ActorId& actor, const config::Keyring& keys) {
  JsonObject attributes;
  for (std::size_t i = 0; i < definition.attributes.size(); ++i) {
    const auto& field = definition.attributes[i].field;
    const auto& value = snapshot.attributes[i];
    if (value.is_null()) continue;
    auto json = workflows::encode(field.type, value);
    attributes[field.name] = workflows::is_secret(field.type) ? seal_json(keys, json, place::attribute(actor, field.name)) : std::move(json);
  }
  return attributes;
}

storage::ActorChange make_change(const Definition& definition, const storage::ActorRow& before, const workflows::Event& event, const workflows::Decision& decision,
                                 const std::string& incarnation, Time now, const Secrecy& secrecy) {
  const bool secrets = workflows::handles_secrets(definition);
  storage::ActorChange change;
  change.expected_version = before.version;
  auto& row = change.row;
  row = before;
  row.state = decision.state;
  row.status = decision.status;
  row.live = decision.live;
  row.version = before.version + 1;
  row.updated_at = now;
  if (before.version == 0) row.created_at = now;
  row.attributes = encode_attributes(definition, decision.next, row.id, *secrecy.keys);
  row.cursor = encode_kept(definition, decision.next.cursor, row.id, *secrecy.keys);
  change.applied = make_applied(definition, event, decision);
  change.journal = decision.journal;
  change.trace = event.trace;
  change.timers_cleared = decision.timers_cleared;
  for (const auto& name : decision.timers_set)
    if (const auto live = decision.next.cursor.timers.find(name); live != decision.next.cursor.timers.end())
      change.timers.push_back({row.id, row.tenant, name, live->second});
  for (const auto& id : decision.attempts_changed)
    if (const auto* attempt = workflows::find_attempt(decision.next, id)) {
      change.attempts.push_back(make_attempt(definition, row, *decision.next.cursor.run, *attempt, incarnation));
      // An action reads its input from the request; its row is only what says that it is to be done.
      if (auto& kept = change.attempts.back(); secrets) kept.input = seal_json(*secrecy.keys, kept.input, place::input(kept.id));
    }
  change.attempts_ended = decision.attempts_ended;
  if (planted(Planted::lost_timer) && !decision.runs.empty()) change.timers.clear();
  for (const auto& note : decision.runs) {
    storage::RunRow run{.id = note.id, .tenant = row.tenant, .actor = row.id, .workflow = row.workflow, .revision = row.revision, .event = note.event,
                        .state = note.state, .status = note.status, .step = note.step, .trace = event.trace, .started_at = note.started,
                        .ended_at = note.ended ? now : Time{}};
    if (change.run) change.runs_before.push_back(*std::exchange(change.run, std::nullopt));
    change.run = std::move(run);
  }
  for (const auto& message : decision.messages)
    change.messages.push_back({.receiver = ActorId{message.receiver}, .sender = row.id, .event_id = message.id, .event = message.event, .payload = message.payload,
                               .meta = make_meta(workflows::Event{.id = message.id, .by = {row.id.str(), "system"}, .trace = event.trace, .depth = 0, .body = {}}, decision.next.cursor.depth + 1),
                               .deferred = false, .at = now});
  if (decision.defer && !planted(Planted::deferred_dropped)) {
    const bool command = std::holds_alternative<workflows::Command>(event.body);
    auto meta = make_meta(event, event.depth);
    meta.as_object()["command"] = command;
    const auto* message = std::get_if<workflows::Message>(&event.body);
    change.messages.push_back({.receiver = row.id, .sender = ActorId{message == nullptr ? std::string{} : message->sender}, .event_id = event.id, .event = decision.defer->event,
                               .payload = secrets ? seal_json(*secrecy.keys, decision.applied_payload, place::message(row.id, event.id)) : decision.applied_payload, .meta = std::move(meta), .deferred = true, .at = now});
  }
  if (!planted(Planted::message_not_deleted)) change.consumed = decision.consumed;
  for (const auto& opened : decision.incidents)
    change.incidents.push_back({.id = opened.id, .tenant = row.tenant, .kind = opened.kind, .actor = row.id, .actor_kind = row.kind, .run = opened.run, .step = opened.step,
                                .error_class = opened.error_class, .code = opened.code, .text = opened.text, .detail = opened.detail, .remedies = opened.remedies,
                                .opened_at = now});
  for (const auto& closed : decision.incidents_closed) {
    storage::IncidentRow incident{.id = closed.id, .tenant = row.tenant, .actor = row.id, .state = "closed", .closed_by = closed.by, .closed_how = closed.how,
                                  .note = closed.note, .closed_at = now};
    change.incidents.push_back(std::move(incident));
  }
  for (const auto& notice : decision.notices)
    change.outbox.push_back({.id = notice.id.str(), .tenant = row.tenant, .type = notice.type, .actor = row.id, .data = notice.data, .at = now});
  const auto confidential = confidential_of(definition, secrecy.before, event, decision);
  mask_told(confidential.secrets, change);
  keep_personal(definition, confidential.personal, *secrecy.keys, secrecy.personal, now, change);
  return change;
}

void add_conditions(storage::Commit& commit, const ActorId& of, const workflows::Decision& decision) {
  for (const auto& row : decision.requires_) commit.required.push_back({row.id, row.kind, row.version});
  for (const auto& action : decision.actions) commit.actions.push_back({.id = action.id, .key = action.key, .name = action.name, .input = action.input, .actor = of});
}

}  // namespace stellwerk::actors
