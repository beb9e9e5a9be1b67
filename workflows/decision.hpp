#pragma once
// What advance() answers: the next state of the actor, and everything that is written with it.

#include <optional>
#include <string>
#include <vector>

#include "workflows/snapshot.hpp"

namespace stellwerk::workflows {

struct OutgoingMessage {
  EventId id;
  std::string receiver;
  std::string event;
  Json payload = JsonObject{};
};
struct Notice {
  EventId id;
  std::string type;  ///< "notification" or the type given to `emit`
  Json data = JsonObject{};
};
struct NewActor {
  ActorId id;
  std::string kind;
  std::string workflow;
  Json attributes = JsonObject{};
  EventId event;     ///< id of its Born
};
struct IncidentOpened {
  IncidentId id;
  std::string kind;  ///< held_run, event_failed
  RunId run;
  std::string step;
  std::string error_class, code, text;
  Json detail = JsonObject{};
  std::vector<std::string> remedies;
};
struct IncidentClosed {
  IncidentId id;
  std::string how, by, note;
};
struct RunNote {
  RunId id;
  std::string event, state, status, step;
  Time started{};
  bool ended = false;
};

/// An action of a transition: carried out in the transaction that writes the decision.
struct TransitionAction {
  EventId id;              ///< of its effect
  std::string key;         ///< idempotency key of the effect
  std::string name;        ///< "billing.renew"
  Json input = JsonObject{};
};
/// A row as it was when it was read: with `require`, it must still be so when the decision is written.
struct ReadRow {
  std::string id;
  std::string kind;
  std::int64_t version = 0;
};
/// A row that must be read before anything can be decided.
struct NeededRow {
  std::string id;
  std::string kind;
};

struct Decision {
  /// Not empty: nothing was decided. Read these rows into Snapshot::rows (missing ones as `missing`) and ask again.
  std::vector<NeededRow> needs;
  Snapshot next;                           ///< version not yet raised; deferred as before; without rows: each decision reads them anew
  std::string state, status;
  std::string busy;                        ///< name of the work in hand; empty: none
  bool live = true;
  JsonArray journal;
  std::vector<std::string> timers_cleared; ///< live ones are in next.cursor.timers
  std::vector<std::string> timers_set;     ///< names that are new or moved
  std::vector<AttemptId> attempts_changed; ///< of next.cursor.run->attempts: to be written and carried out
  std::vector<std::pair<RunId, int>> attempts_ended;  ///< run and lane: the row goes, unless the same lane is among the changed
  std::vector<AttemptId> settle;           ///< tries in hand that are to be given up if they have not begun
  std::vector<const Transition*> taken;    ///< transitions carried out, in order; they belong to the definition
  std::vector<TransitionAction> actions;
  std::vector<ReadRow> requires_;          ///< what `require` relied on
  bool guarded = false;                    ///< a timer took a transition that counts for the mass-action guard
  std::vector<OutgoingMessage> messages;
  std::optional<Deferred> defer;           ///< the event in hand goes to the actor's own mailbox as deferred
  std::vector<std::int64_t> consumed;
  std::vector<Notice> notices;
  std::vector<NewActor> created;
  std::vector<IncidentOpened> incidents;
  std::vector<IncidentClosed> incidents_closed;
  std::vector<RunNote> runs;               ///< runs that this decision started, changed or ended; one entry each
  RunId started_run;                       ///< a run began by this event
  Json applied_payload = JsonObject{};     ///< checked and completed payload of the event
  std::string applied_event;               ///< command or message that was applied; empty: none was (refused, deferred, kept for a person)
};

/// Decides. Pure: the same arguments give the same decision.
/// Errors are refusals, nothing changes: conflict (reasons busy, incident_open, not_allowed_now, duplicate_command), permission_denied,
/// not_found (no such event or incident), invalid_argument with field pointers (remedies: reasons remedy_not_offered, identity_in_use),
/// resource_exhausted (too many deferred); invalid_argument with a reason for every other limit (Limits). Messages, timers and outcomes that cannot be decided are no errors:
/// an incident keeps them.
/// A stale outcome, timer or turn gives a decision with an empty journal: is_nothing().
[[nodiscard]] Result<Decision> advance(const Definition& definition, const Snapshot& snapshot, const Event& event, Time now);

/// True when there is nothing to write.
[[nodiscard]] bool is_nothing(const Decision& decision);

/// The try of this id; nullptr when it is not in hand.
[[nodiscard]] const Attempt* find_attempt(const Snapshot& snapshot, const AttemptId& id);
/// The step at this place of the run's work.
[[nodiscard]] const Step& step_at(const Work& work, const StepAt& at);
/// The begun step that the attempt belongs to, and with it the frozen input of the attempt.
[[nodiscard]] const BegunStep& begun_of(const Run& run, const Attempt& attempt);
/// What the executor of the attempt gets: the frozen input of the step, or of its undo.
[[nodiscard]] const Json& input_of(const Run& run, const Attempt& attempt);

/// Commands that this role may give now, by name, in the order of the definition's events.
[[nodiscard]] std::vector<std::string> allowed_commands(const Definition& definition, const Snapshot& snapshot, const std::string& role);

}  // namespace stellwerk::workflows
