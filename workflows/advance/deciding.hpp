#pragma once
// One decision in the making: the working state of advance(). Which event may do what: advance.cpp, busy.cpp (while steps run); what
// cannot be decided: kept.cpp; what it brings: transitions.cpp, effects.cpp, computed.cpp, references.cpp, timers.cpp, schedules.cpp; steps: run.cpp, attempts.cpp, branches.cpp
// (parallel, each), waiting.cpp (wait, approve), outcomes.cpp, undo.cpp; people: remedies.cpp. Internal to this folder.

#include <boost/container/small_vector.hpp>

#include <initializer_list>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "workflows/decision.hpp"

namespace stellwerk::workflows {

/// The prefix of ids of actors of this kind; "act" for kinds that we do not know.
[[nodiscard]] std::string_view prefix_of(std::string_view kind);
/// The kind of the actor with this id; empty when its prefix does not tell.
[[nodiscard]] std::string_view kind_of(std::string_view id);

/// Whether a role is among those that may: an admin is staff and a reseller a customer, with more besides; the engine itself may all.
[[nodiscard]] bool may_give(const std::vector<std::string>& roles, const std::string& role);
/// The timer that ends the `wait` or `approve` in hand.
[[nodiscard]] std::string wait_timer(const Step& step);
/// The declared output of a step, or the fields of the events it waits for; empty when it has none.
[[nodiscard]] std::vector<Field> output_of(const Definition& definition, const Step& step);
/// The steps inside of a `parallel` or `each`; nullptr for others.
[[nodiscard]] const std::vector<Step>* inner_steps(const Step& step);
/// How often the run went back to an earlier step; edits of what was taken back are added: a step begins anew with a number of its own.
[[nodiscard]] int times_redone(const Run& run);
/// `approve` and `reject`, when some step of the workflow is an `approve`: no file declares them. Nothing for other names.
[[nodiscard]] std::optional<EventSpec> implicit_event(const Definition& definition, std::string_view name);

/// For a journal: many small pieces that go together. Whatever is copied out of it keeps it.
[[nodiscard]] inline boost::json::storage_ptr roomy_storage() { return boost::json::make_shared_resource<boost::json::monotonic_resource>(std::size_t{4096}); }

/// How a step leaves the run.
enum class Flow {
  on,     ///< the next step follows at once
  waits,  ///< an outcome is awaited
  left,   ///< the run has ended
};

/// Timers of the actor: "schedule:<name>"; of one that repeats and waits for its `when`, once that holds: "waiting:<name>".
inline constexpr std::string_view of_schedule = "schedule:", of_waiting = "waiting:";

class Deciding {
 public:
  Deciding(const Definition& definition, const Snapshot& snapshot, const Event& event, Time now);
  [[nodiscard]] Result<Decision> decide();

 private:
  // --- events (advance.cpp)
  Result<void> dispatch();
  /// What follows from every decision: clocks that end, computed attributes, timers of the state and of the actor.
  Result<void> settle();
  /// Whether it is something new that the actor hears: not what its own tries and timers without a delay lead to, one after the other.
  [[nodiscard]] bool comes_from_outside() const;
  /// How many messages caused one another up to this event.
  [[nodiscard]] int causation_depth() const;
  // --- what is kept for a person (kept.cpp)
  /// The event in hand could not be decided, or the store refused what it led to: all of it is given up, a person decides.
  Result<void> keep_event(const Error& error);
  void keep_timer(const TimerDue& due, const Error& error);
  void may_have_happened();
  [[nodiscard]] bool is_last_part();
  void note_unclear_undo();
  [[nodiscard]] bool is_beyond_finding();
  /// The same of the undo while that is in hand.
  [[nodiscard]] bool is_unfindable();
  Result<void> hold_outcome(const Tried& tried, const Error& error);  ///< (outcomes.cpp)
  /// What cannot be reckoned: an error, or, when the event is with a person already, an incident of its own, once.
  Result<void> tell_beside(const std::string& type, const std::string& name, Error error);
  /// An error goes back to who asks: nothing of the event has to be kept.
  [[nodiscard]] bool is_told() const;
  Result<void> born(const Born& born);
  Result<void> edit(const Edit& edit);
  Result<void> refresh();
  Result<void> asked(const std::string& name, const Json& payload, bool command, std::int64_t seq, bool turn);
  Result<void> tried(const Tried& tried);
  // --- while steps run, in a working state or in place (busy.cpp)
  Result<void> while_busy(const EventSpec& spec, const Json& payload, bool command, std::int64_t seq, bool turn);
  /// Applies the first candidate whose conditions hold; false when none does.
  Result<bool> take(const Candidates& candidates);
  /// `when` and `require` hold.
  [[nodiscard]] Result<bool> applies(const Transition& candidate);
  void keep_failed(const std::string& type, const std::string& name, const Json& payload, const Error& error);
  /// An actor that waits has something to wake it, or an incident says that it has not.
  void stay_awake();
  [[nodiscard]] bool is_left_so(const IncidentId& closed) const;

  // --- what a person decides about an incident (remedies.cpp)
  Result<void> remedy(const Remedy& remedy);
  Result<void> remedy_of_event(const Remedy& remedy, const FailedEvent& failed);
  Result<void> remedy_of_run(const Remedy& remedy);
  Result<void> edit_input(const Remedy& remedy);
  /// A person has looked: the step in hand has not happened. Errors: remedy_not_offered, where looking tells it as well.
  Result<void> believe_absent(const Remedy& remedy);
  Result<void> mark_done(const Remedy& remedy);
  void close_incident(const Remedy& remedy);

  // --- transitions (transitions.cpp), what they bring (effects.cpp)
  Result<void> apply(const Transition& transition);
  Result<void> enter(int state);
  Result<void> leave_state();
  Result<void> effects(const std::vector<LocalEffect>& list);
  Result<void> set(const SetEffect& effect);
  Result<void> save_from_event(const SaveEffect& effect);
  Result<void> notify(const NotifyEffect& effect);
  Result<void> emit(const EmitEffect& effect);
  Result<void> send(const SendEffect& effect);
  Result<void> create(const CreateEffect& effect);
  Result<void> act(const ActionEffect& effect);
  Result<void> each(const EachEffect& effect);
  /// The value as the attribute keeps it. Errors: invalid_argument, reason bad_value.
  [[nodiscard]] Result<Json> fitting(int attribute, const cel::Value& value, std::string_view doing) const;
  void set_attribute(int attribute, const Json& value);
  /// Errors: invalid_argument, when the attributes together have grown beyond their bound.
  [[nodiscard]] Result<void> check_size() const;
  [[nodiscard]] std::size_t size_of(std::size_t attribute, const cel::Value& value, bool exactly) const;
  /// What is sent or told carries no more than an event may. Errors: event_too_large.
  [[nodiscard]] Result<void> check_payload(const Json& payload, std::string_view what) const;
  /// One more may be sent, told or created by this decision. Errors: too_many_messages, too_many_notices, too_many_actors.
  [[nodiscard]] Result<void> check_number(std::size_t present, std::string_view what) const;

  // --- computed attributes (computed.cpp): after whatever changed attributes, in order of their dependence
  Result<void> compute();
  Result<void> compute_one(int attribute, JsonObject& shown);

  // --- references (references.cpp)
  /// Puts the rows that the references point to into their slots; what is not there is asked for by Decision::needs.
  void show_references();
  /// Notes the rows that the `require` of a taken transition relied on.
  void rely_on(const cel::Program& require);
  /// Notes which versions of rows the decision has seen.
  void note_rows();

  // --- timers of the state (timers.cpp): `after`
  Result<void> timer(const TimerDue& due);
  Result<void> arm_timers();
  /// Timers of the state whose delay reads something that has changed; late ones, when the actor waits again.
  Result<void> rearm_timers();
  /// When the timer of the state is due: reckoned from the entry, with `now` and `today` as they were then.
  [[nodiscard]] Result<std::optional<Time>> due_of(const After& after);
  /// What an expression for a time gives; null when it cannot be evaluated because something that it reads has no value yet.
  [[nodiscard]] Result<cel::Value> time_of(const cel::Program& program) const;
  /// The moment meant by what `after` or `at` gave: a date or period fires at the automation time. Nothing for null.
  [[nodiscard]] Result<std::optional<Time>> moment_of(const cel::Value& value, Time anchor, std::string_view what) const;
  /// A person wants an event that was kept to be tried once more; messages are not dealt with here.
  Result<void> again(const FailedEvent& failed);
  void set_timer(const std::string& name, Time due);
  /// A live timer goes away other than by firing.
  void clear_timer(const std::string& name);
  /// A timer has fired: it is no longer live.
  void end_timer(const std::string& name);

  // --- timers of the actor (schedules.cpp): `schedule`
  /// At the end of every decision: arms, moves and clears the timers of schedules; true: one that waited for its `when` has fired.
  Result<bool> rearm_schedules();
  Result<void> rearm_schedule(const Schedule& schedule);
  Result<void> rearm_at(const Schedule& schedule, ScheduleState& kept);
  Result<void> rearm_every(const Schedule& schedule, ScheduleState& kept);
  Result<bool> fire_waiting();
  void take_back(const Deciding& before);
  Result<void> schedule_due(int schedule, const TimerDue& due);
  Result<void> waiting_due(int schedule);
  Result<void> carry_out(const Schedule& schedule, const Json& per, const Transition& transition);
  /// The firing has had its turn, whatever came of it. What is kept of it for a person: `per`.
  Json use_up(const Schedule& schedule, Time due);
  /// The present value of `per`, or of the expression `source` where there is none.
  [[nodiscard]] Result<cel::Value> value_of(const Schedule& schedule, const cel::Program& source, std::string_view key) const;
  [[nodiscard]] ScheduleState& kept_of(const Schedule& schedule) { return next_.cursor.schedules[schedule.name]; }
  void show_ran();
  // --- clocks (clocks.cpp): they run in the states they count in, and stop for good at the events they end on
  Result<void> rearm_clock(const Schedule& schedule, ScheduleState& kept);
  Result<void> count_clocks(int from, int to);
  void end_clocks(std::string_view event);

  // --- runs (run.cpp)
  Result<void> begin_run(int work);
  /// Goes on from step `index` of the work: local steps at once, until one needs the outside or the run ends.
  Result<void> go_on(int index);
  /// Goes on after the step at `at_` has ended: the next step, element or, when all branches have ended, what follows them.
  Result<void> go_on_after();
  /// Begins the step at `at_` and those that follow it, until one needs the outside or the run ends.
  Result<void> walk();
  /// Moves `at_` on: to the next step, or the next of an element.
  void next_place();
  Result<Flow> begin_step();
  Result<Flow> begin_remote(const std::vector<Field>& fields, const cel::Template& with, const cel::Program& on_server, int sub);
  Result<Flow> begin_local(const LocalStep& local);
  Result<Flow> begin_leave(const LeaveStep& leave);
  /// The step at `at_` cannot begin.
  Result<Flow> cannot_begin(std::string code, const Error& error);
  /// The whole step is done with `output`.
  Result<void> step_done(const Json& output);
  Result<void> save(const Step& step, BegunStep& begun, const Json& output);
  Result<void> finish(const Candidates& candidates, std::string_view status);
  void end_run(std::string_view status);
  /// Its key without the number of the input: `<run>/<step>[/<sub>][/<item>]`.
  [[nodiscard]] std::string key_of(const StepAt& at, const std::vector<std::string>* subs, int sub) const;
  /// Of the undo of the step at `at_`: `…/undo`, or `…/<n>/undo` where the step has begun with another input before.
  [[nodiscard]] std::string undo_key(const std::vector<std::string>* subs, int sub) const;

  // --- parallel and each (branches.cpp)
  Result<Flow> begin_parallel(const ParallelStep& parallel);
  /// Begins the branches that have not begun, unless one fails.
  Result<void> begin_branches();
  Result<Flow> begin_each(const EachStep& each);
  void next_element();
  /// A branch has ended, well or not: when it was the last, the failures are dealt with, or the run goes on.
  Result<void> branch_ended();
  /// The try at `at_` has failed for good while others may still run: kept until they have ended.
  Result<void> branch_failed(const Outcome& outcome, bool time_used_up, bool for_a_person);
  void put_aside(const Outcome& outcome, bool time_used_up, bool for_a_person);
  Result<void> next_failure();
  /// `at_` is a branch of a `parallel`.
  [[nodiscard]] bool is_branch() const { return at_.inner >= 0 && at_.item < 0; }
  [[nodiscard]] bool is_finished(const StepAt& branch) const;
  void show_item();
  /// The results inside of an `each` as they were for the element of `at_`.
  void show_element();
  void forget_results(const std::vector<Step>& steps);

  // --- wait and approve (waiting.cpp)
  Result<Flow> begin_wait(Duration timeout);
  /// True: the event was what the `wait` or `approve` in hand waits for, and has been taken. Errors: permission_denied.
  Result<bool> take_awaited(const EventSpec& spec, const Json& payload, std::int64_t seq, bool turn);
  /// True: the timer was that of the `wait` or `approve` in hand, which has failed by it.
  Result<bool> wait_due(const TimerDue& due);
  Result<void> waited_too_long();
  bool waits_on(const TimerDue& due);
  void stop_waiting();

  // --- what came of a try (outcomes.cpp)
  /// Its text no longer than we keep, in `room` when it has to be shortened.
  [[nodiscard]] const Outcome& kept_outcome(const Outcome& outcome, Outcome& room) const;
  /// An emergency stop has kept the try at `at_` waiting: that is not part of the step's time.
  void give_time_back();
  Result<void> on_outcome(const Outcome& outcome);
  Result<void> try_done(const Outcome& outcome);
  Result<void> try_again(const Outcome& outcome);
  Result<void> try_unclear(const Outcome& outcome);
  Result<void> try_absent(const Outcome& outcome);
  Result<void> step_failed(const Outcome& outcome, bool time_used_up);
  /// What the step at `at_`, which has failed, leads to.
  Result<void> react(const Outcome& outcome, bool time_used_up);
  [[nodiscard]] Reaction reaction_to(const Outcome& outcome, bool time_used_up) const;
  /// `on_error: continue`: the step at `at_` counts as ended.
  void note_failed(const Outcome& outcome, std::string_view error_class);
  /// Interrupted: the try at `at_` has come to a definite end.
  Result<void> settled();
  /// Only a person can say what becomes of the step at `at_`.
  void needs_a_person(const Outcome& outcome);
  /// After a remedy: the step in hand once more; what may have happened is observed first.
  Result<void> resume();
  Result<void> action_stands();  ///< the action at `at_` has been carried out already
  Attempt& new_attempt(std::string key, std::string executor, std::string operation, int sub, const std::string& server, Duration timeout);
  void repeat_attempt(std::string mode, Duration delay);
  void end_attempt();   ///< the one at `at_`, when there is one
  void end_attempts();  ///< all
  void changed(const Attempt& attempt);
  /// The state that the step in hand proves (`confirmed_by`); nullptr: none. Going forward, nobody passes such a step over.
  [[nodiscard]] const State* confirmed_state() const;
  void hold(const Outcome& outcome);
  /// What expressions see as `error`.
  void note_error(std::string_view error_class, const Outcome& outcome);
  /// No further try: the step's tries or its time are used up when the next one begins `delay` from now.
  [[nodiscard]] bool is_used_up(Duration delay) const;
  /// Adds what an entry of a composite operation gave to the result of its step.
  /// Errors: result_too_large.
  [[nodiscard]] Result<void> add_result(BegunStep& begun, const Json& output) const;
  [[nodiscard]] const Retry& retry() const;
  [[nodiscard]] Duration patience() const;
  [[nodiscard]] Duration backoff(int number) const;
  [[nodiscard]] const OperationSignature* operation() const;  ///< of the call in hand (also an undo's); null for an action

  // --- undo (undo.cpp)
  Result<void> begin_undo(Ending ending);
  Result<void> undo_next();
  Result<void> undone();
  /// An interrupt leads on when what its transition requires still holds, or `whatever`.
  Result<void> undo_finished(bool whatever = false);
  void hold_interrupt(const Transition& transition);
  /// The run in hand is held by an interrupt that has nothing left to undo.
  [[nodiscard]] bool waits_at_its_end() const;
  [[nodiscard]] Result<bool> begin_undo_of(BegunStep& begun);
  Result<void> forget_step();
  /// The candidate that interrupted the run; nullptr when the workflow does not name it.
  [[nodiscard]] const Transition* interrupting(const Ending& ending) const;

  // --- small helpers
  /// The actor as it is, before anything is decided.
  void begin();
  /// Forgets everything decided so far.
  void reset();
  [[nodiscard]] const Limits& limits() const { return snapshot_.limits; }
  [[nodiscard]] const State& state() const { return definition_.states[static_cast<std::size_t>(state_)]; }
  [[nodiscard]] bool is_busy() const { return next_.cursor.run.has_value(); }
  [[nodiscard]] const Work& work() const { return definition_.work(run().work); }
  [[nodiscard]] const Step& step(const StepAt& at) const { return step_at(work(), at); }
  [[nodiscard]] Run& run() { return *next_.cursor.run; }
  [[nodiscard]] const Run& run() const { return *next_.cursor.run; }
  [[nodiscard]] const Step& here() const { return step(at_); }
  /// The step begun at `at_`.
  [[nodiscard]] BegunStep& begun() { return const_cast<BegunStep&>(std::as_const(*this).begun()); }
  [[nodiscard]] const BegunStep& begun() const;
  /// The step at `at_` has begun: it may have an effect.
  [[nodiscard]] bool has_begun() const;
  /// The try at `at_`.
  [[nodiscard]] Attempt& attempt() { return const_cast<Attempt&>(std::as_const(*this).attempt()); }
  [[nodiscard]] const Attempt& attempt() const;
  [[nodiscard]] bool has_attempt() const;
  [[nodiscard]] bool is_undoing() const { return run().phase == Phase::undoing; }
  [[nodiscard]] std::span<const cel::Value> frame() const { return {frame_.data(), frame_.size()}; }
  [[nodiscard]] std::string derive(std::string_view prefix, std::string_view what);
  void put(int slot, cel::Value value) { frame_[static_cast<std::size_t>(slot)] = std::move(value); }
  void show_state();
  /// `now` and `today`.
  void show_now();
  void show_event(const std::string& name, const Json& payload);
  void show_run();
  /// Those of the run in hand, as they were when it began; else those of now.
  void show_settings();
  void show_steps();
  void show_error();
  [[nodiscard]] cel::Value run_event() const;
  [[nodiscard]] cel::Value event_value(const std::string& name, const Json& payload) const;
  /// Adds an entry to the journal; the reference holds until the next one.
  JsonObject& note(std::initializer_list<std::pair<boost::json::string_view, boost::json::value_ref>> members) {
    return decision_.journal.emplace_back(JsonObject(members, decision_.journal.storage())).get_object();
  }
  /// Some expression of the workflow reads the slot; others stay empty.
  [[nodiscard]] bool reads(int slot) const { return definition_.reads[static_cast<std::size_t>(slot)]; }
  Result<void> count_move();
  /// An event that was taken. Secrets appear as "***" here, in results of steps and in changes of attributes.
  JsonObject& note_event(const EventSpec& spec, const Json& payload);
  /// The result of the step in hand as the journal may tell it: itself, or a masked copy in `room`.
  [[nodiscard]] const Json& shown_result(const Json& result, Json& room) const;
  /// Every change of attributes is told by this entry.
  void note_set(JsonObject shown);
  void note_run(std::string_view status, bool ended);

  const Definition& definition_;
  const Snapshot& snapshot_;
  const Event& event_;
  Time asked_now_;
  Time now_;        ///< what expressions see; a late timer acts at its own time
  Time wall_;       ///< what attempts are reckoned from
  Snapshot next_;
  int state_;
  StepAt at_;       ///< the step that this decision is dealing with
  boost::container::small_vector<cel::Value, 48> frame_;  ///< of most workflows without memory of its own
  Decision decision_{.journal = JsonArray(roomy_storage())};
  std::optional<Uuid> seed_;  ///< of this event at this actor: the ids of the decision follow from it
  int derived_ = 0;
  std::string cause_;  ///< event that starts the run which this decision may begin
  Json cause_payload_;
  bool entered_ = false;
  bool touched_ = false;   ///< attributes have changed: what reads them is reckoned again
  bool kept_ = false;      ///< the event was put before a person: what else cannot be reckoned is told beside it
  std::string kept_text_;  ///< why
  bool in_question_ = false;  ///< schedules: one gives a moment, or waits: the actor is not forgotten
  std::vector<std::string> shown_;  ///< by reference: id of the row in its slot
  bool reads_rows_ = false;         ///< some reference is used
  bool believed_absent_ = false;    ///< a person has looked: the step in hand has not happened, and begins without looking
  bool beginning_ = false;  ///< branches are being begun: none has its end dealt with before all have
};

}  // namespace stellwerk::workflows
