#pragma once
// What advance() reads: the actor as it is now, and the event that reaches it. Plain values.

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/id.hpp"
#include "core/outcome.hpp"
#include "workflows/cel/value.hpp"
#include "workflows/definition.hpp"

namespace stellwerk::workflows {

/// Who asks. Role: customer, staff, admin, reseller; "system" for timers, outcomes and messages.
struct Principal {
  std::string id;
  std::string role = "system";
};

/// A step of a run that began: what undo needs to know of it.
struct BegunStep {
  int step = 0;            ///< index in the working state
  int sub = -1;            ///< entry of a composite operation in hand
  int n = 1;               ///< generation of the input: rises when a person edits it
  Json input;              ///< frozen when the step started
  std::string server;
  Json result;             ///< once done
  bool done = false;
  bool touched = false;    ///< an effect is possible: not proven to be absent
  std::vector<std::pair<int, Json>> before;  ///< attributes it saved, as they were before
  Time sent{};             ///< latest moment its request may have left without a clear answer
};

/// The try in hand; at most one per run.
struct Attempt {
  AttemptId id;
  std::string key;
  std::string executor;    ///< connector, action
  std::string operation;   ///< full name
  int sub = -1;
  std::string mode = "execute";
  int number = 1;
  int tries = 0;           ///< that count for `retry.attempts`
  std::string server;
  std::string handle;
  Time started{};          ///< of the step (or of its undo)
  Time due{};
  Time deadline{};
  Time sent{};             ///< latest moment bytes of a changing request may have left
  Duration waited{};       ///< for a server that was not there: not part of the step's time
};

enum class Phase {
  forward,
  settling,  ///< interrupted: the try in hand is being brought to a definite end
  undoing,
  held,      ///< an incident is open; `held_phase` is where it goes on
};

/// What follows when the undo list is empty.
struct Ending {
  enum class What { failed, interrupted, redo } what = What::failed;
  std::string event;       ///< interrupted: by this event
  int transition = 0;      ///< … and this candidate of it
  Json payload = JsonObject{};
  int redo = -1;           ///< step to go back to
  bool undo = true;        ///< false: interrupt: keep
};

/// One pass through the steps of a working state.
struct Run {
  RunId id;
  std::string event;       ///< what started it
  Json payload = JsonObject{};
  Principal by;
  std::string trace;
  Time started{};
  Phase phase = Phase::forward;
  Phase held_phase = Phase::forward;
  int step = 0;
  std::vector<BegunStep> begun;
  std::optional<Attempt> attempt;
  std::optional<Ending> ending;
  std::map<std::string, int> redos;  ///< by step name
  Json results = JsonObject{};       ///< steps.<name>
  Json error;                        ///< class, code, text, step, operation
  IncidentId incident;               ///< while held
};

/// A timer or message that could not be processed (its conditions failed); kept until a person decides.
struct FailedEvent {
  IncidentId incident;
  std::string type;  ///< timer, message
  std::string name;
  Json payload = JsonObject{};
};

struct Cursor {
  Time entered{};                     ///< into the state
  Time last{};                        ///< an actor's `now` never runs backwards
  std::map<std::string, Time> timers; ///< live timers
  std::optional<Run> run;
  std::vector<FailedEvent> failed;
  int moves = 0;                      ///< steps and transitions without an event from outside
};
[[nodiscard]] Json encode_cursor(const Cursor& cursor);
/// Errors: internal, when the text is not a cursor.
[[nodiscard]] Result<Cursor> decode_cursor(const Json& json);

struct Deferred {
  std::int64_t seq = 0;
  std::string event;
};

struct Snapshot {
  ActorId id;
  TenantId tenant;
  std::string customer;
  int state = -1;            ///< -1: not born yet
  std::int64_t version = 0;
  std::vector<cel::Value> attributes;  ///< by declaration
  std::vector<cel::Value> settings;    ///< by declaration
  Cursor cursor;
  std::vector<Deferred> deferred;
};

// --- events
/// The actor begins to exist.
struct Born {
  Json attributes = JsonObject{};
};
struct Command {
  std::string name;
  Json payload = JsonObject{};
};
struct Message {
  std::string name;
  Json payload = JsonObject{};
  std::string sender;
  std::int64_t seq = 0;  ///< mailbox row that is consumed by applying it
};
/// A deferred command or message gets its turn.
struct Turn {
  std::string name;
  Json payload = JsonObject{};
  std::int64_t seq = 0;
  bool command = false;
};
struct TimerDue {
  std::string name;
  Time due{};
};
/// What came of the try in hand.
struct Tried {
  AttemptId attempt;
  int number = 1;
  Outcome outcome;
};
struct Remedy {
  enum class What { retry, skip, edit, done, fail } what = What::retry;
  IncidentId incident;
  std::string note;
  Json input = JsonObject{};   ///< edit: members that replace those of the step's input
  Json output = JsonObject{};  ///< done: the step's result as verified
};
using Body = std::variant<Born, Command, Message, Turn, TimerDue, Tried, Remedy>;

/// What reaches an actor. `id` was drawn at the edge and is the only entropy of a decision.
struct Event {
  EventId id;
  Principal by;
  std::string trace;  ///< 32 hex digits
  int depth = 0;      ///< causation depth, at most 64
  Body body;
};

}  // namespace stellwerk::workflows
