#pragma once
// What is written together: a decision with all that belongs to it, and a local action with its effect.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "storage/records.hpp"

namespace stellwerk::storage {

/// The event a change applied, for the projectors (ticket messages and the like).
struct Applied {
  EventId id;
  std::string event;   ///< "" for a created actor's birth: then `payload` holds its attributes
  Json payload = JsonObject{};
  std::string principal;  ///< usr_… or empty
  std::string role;       ///< customer, staff, admin, system, connector
};

/// What one decision writes about one actor.
struct ActorChange {
  ActorRow row;                        ///< the new state; row.version is the new version
  bool documents_kept = false;         ///< attributes and cursor stay as they are stored, also when nobody can read them; no projector runs
  std::int64_t expected_version = 0;   ///< 0: the actor is created
  Applied applied;
  Json journal = JsonArray{};          ///< entries of this decision, in order
  std::string trace;
  std::vector<TimerRow> timers;        ///< set (or moved)
  std::vector<std::string> timers_cleared;
  std::vector<AttemptRow> attempts;    ///< written (inserted or replaced by run and lane)
  std::vector<std::pair<RunId, int>> attempts_ended;  ///< run and lane: removed, before `attempts` are written
  std::optional<RunRow> run;           ///< written
  std::vector<RunRow> runs_before;     ///< runs that ended in the same decision before `run` began: written first
  std::vector<MailboxRow> messages;    ///< to others, or deferred to itself; seq is ignored
  std::vector<std::int64_t> consumed;  ///< own mailbox rows applied or refused: removed
  std::vector<MailboxRow> rewritten;   ///< own mailbox rows that go on waiting with another payload; only seq and payload count
  std::vector<IncidentRow> incidents;  ///< opened: inserted; state "closed": only state and closed_* of the existing row change
  std::vector<OutboxRow> outbox;
  std::optional<PersonalKeyRow> personal_key;  ///< made by this decision: its journal is sealed with it
  bool forget_person = false;          ///< the actor's personal key is destroyed
  std::vector<AuditRow> audit;
};

/// A row that must still be as it was when the decision was made (`require`): locked and read again in the transaction, by id.
struct RequiredRow {
  std::string id;
  std::string kind;
  std::int64_t version = 0;
};
/// An action of a transition: carried out in the transaction that writes the decision, after the actors' guarded update.
struct TransitionAction {
  EventId id;
  std::string key;    ///< the effect is there at most once per key
  std::string name;   ///< "id.release"
  Json input = JsonObject{};
  ActorId actor = {};  ///< whose it is, one of the changes; empty: the first
};

/// One decision: all of it or nothing.
struct Commit {
  std::string id;                      ///< decision id
  std::vector<ActorChange> changes;    ///< the deciding actor first, then actors it creates
  std::vector<RequiredRow> required;   ///< one has changed: conflict
  std::vector<TransitionAction> actions;  ///< one is refused: refused, nothing is written
  std::optional<IdempotencyRow> idempotency;
  std::optional<GuardEntry> guard = {};  ///< the mass-action guard has counted it
};

enum class CommitStatus {
  committed,  ///< on disk
  conflict,   ///< an actor's version is not the expected one (or it exists already): load and decide again
  duplicate,  ///< its idempotency key is taken: nothing was written
  refused,    ///< an action does not admit it now, or a message is for another tenant: `code` and `error` say why; nothing was written
  rejected,   ///< the database refuses this decision even alone; `error` says why
};
struct CommitResult {
  CommitStatus status = CommitStatus::committed;
  std::string error;
  std::string code;  ///< of a refusal: "exhausted", "no_server", "invalid_input", "other_tenant"
};

/// A local effect of a step, done by the store: effect and result in one transaction. See storage/actions/actions.hpp.
struct ActionRequest {
  AttemptRow attempt;  ///< operation and input; its row must still be there under this id, else status `stale`
};
struct ActionResult {
  enum class Status {
    done,     ///< result is committed (also when it already was)
    refused,  ///< the world does not admit it now (pool full, range exhausted): `text` for the operator; nothing was written
    failed,   ///< the database failed: try again
    stale,    ///< the attempt is gone: nothing to do
  };
  Status status = Status::done;
  Json result = JsonObject{};
  std::string code;  ///< of a refusal: "exhausted", "no_server", "invalid_input"
  std::string text;
};

}  // namespace stellwerk::storage
