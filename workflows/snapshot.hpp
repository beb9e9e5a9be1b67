#pragma once
// What advance() reads: the actor as it is now, and the event that reaches it. Plain values.

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "core/error.hpp"
#include "core/id.hpp"
#include "core/outcome.hpp"
#include "workflows/cel/value.hpp"
#include "workflows/definition.hpp"
#include "workflows/limits.hpp"

namespace stellwerk::workflows {

/// Who asks. Role: customer, staff, admin, reseller; "system" for timers, outcomes and messages.
struct Principal {
  std::string id;
  std::string role = "system";
};

/// Where a run stands in its work.
struct StepAt {
  int step = 0;    ///< index in the work
  int inner = -1;  ///< index in a `parallel` or `each`
  int item = -1;   ///< element of an `each`
  friend auto operator<=>(const StepAt&, const StepAt&) = default;
};

/// A step of a run that began: what undo needs to know of it.
struct BegunStep {
  StepAt at;
  int sub = -1;            ///< entry of a composite operation in hand
  int n = 1;               ///< generation of the input: rises when a person edits it
  Json input;              ///< frozen when the step started
  std::string server;
  Json result;             ///< once done
  Json undo_input;         ///< frozen when its undo started
  bool done = false;
  bool touched = false;    ///< an effect is possible: not proven to be absent
  std::vector<std::pair<int, Json>> before;  ///< attributes it saved, as they were before
  Time sent{};             ///< latest moment its request may have left without a clear answer
  bool undo_unclear = false;  ///< its undo may have happened, and must not be repeated before somebody has looked
};

/// A try in hand; one per run, or one per branch of a `parallel`.
struct Attempt {
  AttemptId id;
  StepAt at;
  int lane = 0;            ///< index of the branch; 0 outside `parallel`
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
  Duration stood{};        ///< while an emergency stop was on: not part of it either
  Time reckoned{};         ///< up to here stops are in `stood`; epoch: from `started` on they are not
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

/// A branch of a `parallel` that failed while others still ran.
struct Failure {
  StepAt at;
  Outcome outcome;
  bool time_used_up = false;
  bool for_a_person = false;  ///< whatever the step's `on_error` says: its effect is unknown, or an expression is wrong
};

/// The `wait` or `approve` in hand; its end is the timer "wait:<step>".
struct Waiting {
  StepAt at;
  Time since{};
  Duration stood{};  ///< while an emergency stop was on: given back already
};

/// One pass through the steps of a work.
struct Run {
  RunId id;
  int work = 0;            ///< index into Definition::works
  std::string event;       ///< what started it
  Json payload = JsonObject{};
  Principal by;
  std::string trace;
  Time started{};
  Phase phase = Phase::forward;
  Phase held_phase = Phase::forward;
  StepAt at;                         ///< step in hand; of a `parallel` only its `step`, unless the run is held at one of its branches
  std::vector<BegunStep> begun;      ///< in the order in which they began
  std::vector<Attempt> attempts;     ///< in hand
  std::vector<Failure> failures;     ///< of branches, until all have come to an end
  std::vector<StepAt> finished;      ///< branches of the `parallel` in hand that are done or were left out
  std::optional<Waiting> waiting;
  JsonArray items;                   ///< of the `each` in hand, as they were when it began
  JsonObject settings;               ///< as they were when it began, those that are not at their default: a run keeps them to its end
  std::map<int, JsonArray> former_items;  ///< … and of those before it, by step: their undo reads them
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

/// What is remembered of a schedule.
struct ScheduleState {
  JsonArray used;          ///< values of `per` that have fired or were dropped, newest last, at most 64
  Json ran;                ///< the value of `per` for which it was last carried out; null: never
  Json per;                ///< of the firing that is armed or waits
  bool waits = false;      ///< `skipped: wait`: it was due at `due`, and `when` did not hold
  Time due{};
  int n = 0;               ///< `every`: firings so far
  Json every;              ///< … and the distance by which they were counted
  Duration counted{};      ///< clock: time that counted, up to `counting_since`
  Time counting_since{};   ///< clock: runs since; epoch: it stands
  bool ended = false;      ///< clock: stopped for good, or has fired
};

struct Cursor {
  Time born{};                        ///< anchor of `every`
  Time entered{};                     ///< into the state
  Time last{};                        ///< an actor's `now` never runs backwards
  std::map<std::string, Time> timers; ///< live timers
  std::map<std::string, Time> late;   ///< timers of the state that fell due while the actor worked in place: armed again when it waits
  std::vector<std::string> fired;     ///< timers of the state that have fired since it was entered: a change of what they read does not arm them again
  std::map<std::string, ScheduleState> schedules;
  std::optional<Run> run;
  std::vector<FailedEvent> failed;
  std::set<std::string> shown;        ///< one-time secrets whose present value the owner has seen
  int moves = 0;                      ///< steps and transitions without an event from outside
  int depth = 0;                      ///< messages that have caused one another, up to what is in hand
};
[[nodiscard]] Json encode_cursor(const Cursor& cursor);
/// Errors: internal, when the text is not a cursor.
[[nodiscard]] Result<Cursor> decode_cursor(const Json& json);

struct Deferred {
  std::int64_t seq = 0;
  std::string event;
};

/// The tenant's calendar: dates and periods reckon in its zone and fire at its automation time.
struct Calendar {
  std::string zone = "UTC";                              ///< IANA name
  Duration automation_time = std::chrono::hours{6};      ///< local time of day
};

/// A span in which an emergency stop was on.
struct Standstill {
  Time from{};
  Time until = Time::max();  ///< max: it is on
};
/// How much of the time between `from` and `until` the actor had to stand still. The spans do not overlap.
[[nodiscard]] Duration stood_still(const std::vector<Standstill>& spans, Time from, Time until);

/// A row that a reference points to, as it was committed when it was read.
struct Row {
  std::string kind;
  std::int64_t version = 0;   ///< rises with every change of the row
  Json fields = JsonObject{};
  bool missing = false;       ///< there is no such row
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
  Calendar calendar;
  Limits limits;
  std::shared_ptr<const std::vector<Standstill>> standstills;  ///< of its tenant, those that matter; null: none
  std::map<std::string, Row, std::less<>> rows;  ///< by id: what references point to, as far as it was read (Decision::needs asks for more)
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
  bool verified_absent = false;  ///< retry: somebody has looked, it has not happened: do it, without looking first
};
/// A person changes attributes that are declared `edit`.
struct Edit {
  Json values = JsonObject{};
};
/// Settings, the calendar or a referenced row have changed: computed values and timers are reckoned again.
struct Refresh {};
using Body = std::variant<Born, Command, Message, Turn, TimerDue, Tried, Remedy, Edit, Refresh>;

/// What reaches an actor. `id` was drawn at the edge and is the only entropy of a decision.
struct Event {
  EventId id;
  Principal by;
  std::string trace;  ///< 32 hex digits
  int depth = 0;      ///< of messages and births: how many caused one another before
  Body body;
  /// The store refused what this event led to (an action of a transition): it is put before a person instead of being applied.
  std::optional<Error> refused = {};
};

}  // namespace stellwerk::workflows
