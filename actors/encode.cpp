#include "actors/encode.hpp"

#include <fmt/format.h>

#include <utility>

namespace stellwerk::actors {
namespace {

using workflows::Definition;
using workflows::Snapshot;

std::vector<workflows::cel::Value> setting_values(const Definition& definition) {
  std::vector<workflows::cel::Value> values;
  for (const auto& setting : definition.settings)
    values.push_back(setting.field.fallback ? workflows::decode(setting.field.type, *setting.field.fallback) : workflows::cel::Value{});
  return values;
}

/// Name and payload of the event, for the projectors and the journal.
storage::Applied make_applied(const workflows::Event& event, const workflows::Decision& decision) {
  storage::Applied applied{.id = event.id, .event = {}, .payload = decision.applied_payload, .principal = event.by.id, .role = event.by.role};
  // A birth has no event. A command or message counts when it was applied: deferred, refused or kept ones come again, or never.
  if (!decision.applied_event.empty()) applied.event = decision.applied_event;
  else if (const auto* timer = std::get_if<workflows::TimerDue>(&event.body)) applied.event = "timer:" + timer->name;
  else if (std::holds_alternative<workflows::Tried>(event.body)) applied.event = "outcome";
  else if (!std::holds_alternative<workflows::Born>(event.body)) applied.event = "none";
  return applied;
}

}  // namespace

Result<Snapshot> make_snapshot(const Definition& definition, const storage::LoadedActor& loaded) {
  const auto& row = loaded.row;
  Snapshot snapshot;
  snapshot.id = row.id;
  snapshot.tenant = row.tenant;
  snapshot.customer = row.customer;
  snapshot.version = row.version;
  snapshot.state = definition.find_state(row.state);
  if (snapshot.state < 0)
    return fail(ErrorCode::internal, fmt::format("state '{}' of actor {} is unknown to workflow {} revision {}", row.state, row.id.str(), row.workflow, row.revision));
  STELLWERK_TRY(snapshot.cursor, workflows::decode_cursor(row.cursor));
  const bool works = definition.states[static_cast<std::size_t>(snapshot.state)].works();
  if (works != snapshot.cursor.run.has_value())
    return fail(ErrorCode::internal, fmt::format("actor {} is in state '{}' {} a run", row.id.str(), row.state, works ? "without" : "with"));
  snapshot.attributes.reserve(definition.attributes.size());
  for (const auto& attribute : definition.attributes) {
    const auto* value = find_member(row.attributes, attribute.field.name);
    snapshot.attributes.push_back(value == nullptr ? workflows::cel::Value{} : workflows::decode(attribute.field.type, *value));
  }
  snapshot.settings = setting_values(definition);
  for (const auto& message : loaded.mailbox)
    if (message.deferred) snapshot.deferred.push_back({message.seq, message.event});
  return snapshot;
}

Snapshot unborn(const Definition& definition, const ActorId& id, const TenantId& tenant, const std::string& customer) {
  Snapshot snapshot;
  snapshot.id = id;
  snapshot.tenant = tenant;
  snapshot.customer = customer;
  snapshot.attributes.resize(definition.attributes.size());
  snapshot.settings = setting_values(definition);
  return snapshot;
}

Json make_meta(const workflows::Event& event, int depth) {
  return JsonObject{{"by", event.by.id}, {"role", event.by.role}, {"trace", event.trace}, {"depth", depth}};
}

storage::AttemptRow make_attempt(const Definition& definition, const storage::ActorRow& row, const workflows::Run& run, const std::string& incarnation) {
  const auto& attempt = *run.attempt;
  const auto& begun = run.begun.back();
  const auto state = static_cast<std::size_t>(definition.find_state(row.state));
  storage::AttemptRow out;
  out.run = run.id;
  out.id = attempt.id;
  out.actor = row.id;
  out.tenant = row.tenant;
  out.workflow = row.workflow;
  out.step = definition.states[state].steps[static_cast<std::size_t>(begun.step)].name;
  out.key = attempt.key;
  out.executor = attempt.executor;
  out.operation = attempt.operation;
  out.sub = attempt.sub;
  out.server = attempt.server;
  out.input = run.phase == workflows::Phase::undoing ? begun.result : begun.input;
  out.mode = attempt.mode;
  out.number = attempt.number;
  out.due = attempt.due;
  out.deadline = attempt.deadline + attempt.waited;
  out.sent = attempt.sent;
  out.handle = attempt.handle;
  out.incarnation = incarnation;
  return out;
}

storage::ActorChange make_change(const Definition& definition, const storage::ActorRow& before, const workflows::Event& event, const workflows::Decision& decision,
                                 const std::string& incarnation, Time now) {
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
  JsonObject attributes;
  for (std::size_t i = 0; i < definition.attributes.size(); ++i) {
    const auto& value = decision.next.attributes[i];
    if (!value.is_null()) attributes[definition.attributes[i].field.name] = workflows::encode(definition.attributes[i].field.type, value);
  }
  row.attributes = std::move(attributes);
  row.cursor = workflows::encode_cursor(decision.next.cursor);
  change.applied = make_applied(event, decision);
  change.journal = decision.journal;
  change.trace = event.trace;
  change.timers_cleared = decision.timers_cleared;
  for (const auto& name : decision.timers_set)
    if (const auto live = decision.next.cursor.timers.find(name); live != decision.next.cursor.timers.end())
      change.timers.push_back({row.id, row.tenant, name, live->second});
  if (decision.attempt_changed && decision.next.cursor.run && decision.next.cursor.run->attempt)
    change.attempt = make_attempt(definition, row, *decision.next.cursor.run, incarnation);
  if (decision.attempt_ended) change.attempt_ended = std::pair{*decision.attempt_ended, 0};
  for (const auto& note : decision.runs) {
    storage::RunRow run{.id = note.id, .tenant = row.tenant, .actor = row.id, .workflow = row.workflow, .revision = row.revision, .event = note.event,
                        .state = note.state, .status = note.status, .step = note.step, .trace = event.trace, .started_at = note.started,
                        .ended_at = note.ended ? now : Time{}};
    if (change.run) change.runs_before.push_back(*std::exchange(change.run, std::nullopt));
    change.run = std::move(run);
  }
  for (const auto& message : decision.messages)
    change.messages.push_back({.receiver = ActorId{message.receiver}, .sender = row.id, .event_id = message.id, .event = message.event, .payload = message.payload,
                               .meta = make_meta(workflows::Event{.id = message.id, .by = {row.id.str(), "system"}, .trace = event.trace, .depth = 0, .body = {}}, event.depth + 1),
                               .deferred = false, .at = now});
  if (decision.defer) {
    const bool command = std::holds_alternative<workflows::Command>(event.body);
    auto meta = make_meta(event, event.depth);
    meta.as_object()["command"] = command;
    const auto* message = std::get_if<workflows::Message>(&event.body);
    change.messages.push_back({.receiver = row.id, .sender = ActorId{message == nullptr ? std::string{} : message->sender}, .event_id = event.id, .event = decision.defer->event,
                               .payload = decision.applied_payload, .meta = std::move(meta), .deferred = true, .at = now});
  }
  change.consumed = decision.consumed;
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
  return change;
}

}  // namespace stellwerk::actors
