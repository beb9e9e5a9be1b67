#include "storage/commit_check.hpp"

#include <fmt/format.h>

#include <initializer_list>
#include <set>

namespace stellwerk::storage {
namespace {

bool has_nul(std::string_view text) { return text.find('\0') != std::string_view::npos; }

bool has_nul(const Json& json) {
  if (const auto* text = json.if_string()) return has_nul(as_view(*text));
  if (const auto* array = json.if_array()) {
    for (const auto& item : *array) {
      if (has_nul(item)) return true;
    }
  }
  if (const auto* object = json.if_object()) {
    for (const auto& member : *object) {
      if (has_nul(std::string_view{member.key().data(), member.key().size()}) || has_nul(member.value())) return true;
    }
  }
  return false;
}

bool any_nul(std::initializer_list<std::string_view> texts) {
  for (const auto text : texts) {
    if (has_nul(text)) return true;
  }
  return false;
}

/// The part of the change that holds a NUL character, or nothing.
std::optional<std::string> nul_place(const ActorChange& change) {
  const auto& row = change.row;
  if (any_nul({row.id.str(), row.tenant.str(), row.kind, row.workflow, row.state, row.status, row.customer, row.decision, change.trace})) return "the actor";
  if (has_nul(row.attributes)) return "the attributes";
  if (has_nul(row.cursor)) return "the cursor";
  if (has_nul(change.journal)) return "the journal";
  if (has_nul(change.applied.payload)) return "the event";
  for (const auto& timer : change.timers) {
    if (has_nul(timer.name)) return "a timer";
  }
  for (const auto& attempt : change.attempts) {
    if (any_nul({attempt.step, attempt.key, attempt.handle}) || has_nul(attempt.input)) return "an attempt";
  }
  if (change.run && any_nul({change.run->event, change.run->state, change.run->step, change.run->trace})) return "the run";
  for (const auto& message : change.messages) {
    if (has_nul(message.event) || has_nul(message.payload) || has_nul(message.meta)) return "a message";
  }
  for (const auto& incident : change.incidents) {
    if (any_nul({incident.step, incident.code, incident.text, incident.note}) || has_nul(incident.detail)) return "an incident";
  }
  for (const auto& event : change.outbox) {
    if (any_nul({event.id, event.type}) || has_nul(event.data)) return "an outbox event";
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> find_unstorable(const Commit& commit) {
  if (commit.changes.empty()) return "a decision without a change";
  std::set<std::string_view> actors;
  for (const auto& change : commit.changes) {
    if (!actors.insert(change.row.id.str()).second) return fmt::format("actor {} is changed twice by one decision", change.row.id.str());
    if (auto place = nul_place(change)) return fmt::format("{} of actor {} holds a NUL character, which no database stores", *place, change.row.id.str());
  }
  for (const auto& action : commit.actions) {
    if (any_nul({action.key, action.name}) || has_nul(action.input)) return fmt::format("the action {} holds a NUL character, which no database stores", action.name);
  }
  for (const auto& row : commit.required) {
    if (has_nul(row.id)) return "the id of a required row holds a NUL character, which no database stores";
  }
  if (commit.idempotency && (any_nul({commit.idempotency->scope, commit.idempotency->key}) || has_nul(commit.idempotency->answer)))
    return "the idempotency key or its answer holds a NUL character, which no database stores";
  return std::nullopt;
}

CommitResult refuse_other_tenant(const MailboxRow& message) {
  return {CommitStatus::refused, fmt::format("'{}' may not be sent to {}: it belongs to another tenant", message.event, message.receiver.str()), "other_tenant"};
}

}  // namespace stellwerk::storage
