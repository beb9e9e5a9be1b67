#pragma once
// Decisions as short as a test wants to write them.

#include <string>

#include "storage/store.hpp"

namespace stellwerk::testing {

inline const TenantId tenant{"ten_1"};
inline const Time noon = from_micros(1'772'452'800'000'000);  // 2026-03-02T12:00:00Z

inline storage::ActorChange change_of(const std::string& id, std::int64_t expected, const std::string& kind = "order") {
  storage::ActorChange change;
  change.row = {ActorId{id}, tenant, kind, "test-flow", 1, "active", "active", "cus_1", JsonObject{{"n", 1.0}}, JsonObject{}, expected + 1, true, "", noon, noon};
  change.expected_version = expected;
  change.applied = {EventId{"evt_" + id + std::to_string(expected)}, expected == 0 ? "" : "poke", JsonObject{}, "usr_1", "customer"};
  change.journal = JsonArray{JsonObject{{"entry", "poked"}}};
  change.trace = "trace-1";
  return change;
}

inline storage::Commit decision(const std::string& id, std::vector<storage::ActorChange> changes) {
  for (auto& change : changes) change.row.decision = id;
  return {.id = id, .changes = std::move(changes), .required = {}, .actions = {}, .idempotency = std::nullopt};
}
inline storage::Commit create(const std::string& actor, const std::string& kind = "order") { return decision("dec_" + actor + "_1", {change_of(actor, 0, kind)}); }
inline storage::Commit update(const std::string& actor, std::int64_t expected) {
  return decision("dec_" + actor + "_" + std::to_string(expected + 1), {change_of(actor, expected)});
}

inline storage::AttemptRow attempt_of(const std::string& actor, const std::string& run, const std::string& id, const std::string& operation = "noop.run",
                                      Json input = JsonObject{}) {
  storage::AttemptRow a;
  a.run = RunId{run};
  a.id = AttemptId{id};
  a.actor = ActorId{actor};
  a.tenant = tenant;
  a.workflow = "test-flow";
  a.step = "step";
  a.key = run + "/step/1";
  a.executor = operation.starts_with("noop") ? "connector" : "action";
  a.operation = operation;
  a.input = std::move(input);
  a.mode = "execute";
  a.due = noon;
  a.deadline = noon + std::chrono::hours{1};
  a.incarnation = "nod_1";
  return a;
}

inline storage::MailboxRow message_to(const std::string& receiver, const std::string& sender, const std::string& event, bool deferred = false) {
  return {ActorId{receiver}, 0, ActorId{sender}, EventId{"evt_" + event}, event, JsonObject{{"of", event}}, JsonObject{}, deferred, noon};
}

inline storage::OutboxRow outbox_event(const std::string& id, const std::string& actor) {
  return {id, tenant, "state", ActorId{actor}, JsonObject{{"to", "active"}}, noon};
}

}  // namespace stellwerk::testing
