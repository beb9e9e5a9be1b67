#pragma once
// One decision in the making: the working state of advance(), split over advance.cpp (events), remedies.cpp, transitions.cpp,
// run.cpp (steps), outcomes.cpp and undo.cpp. Internal to this folder.

#include <span>

#include "workflows/decision.hpp"

namespace stellwerk::workflows {

/// Refuses a decision that does not come to rest: local steps and transitions without an event from outside.
inline constexpr int max_moves = 100;
inline constexpr int max_deferred = 64;
inline constexpr int max_messages = 64;
inline constexpr int max_timers = 32;
inline constexpr std::size_t max_saved_bytes = 32 * 1024;
inline constexpr std::size_t max_event_bytes = 32 * 1024;
inline constexpr std::size_t max_attribute_bytes = 64 * 1024;

/// The prefix of ids of actors of this kind; "act" for kinds that we do not know.
[[nodiscard]] std::string_view prefix_of(std::string_view kind);
/// The kind of the actor with this id; empty when its prefix does not tell.
[[nodiscard]] std::string_view kind_of(std::string_view id);

/// How a step leaves the run.
enum class Flow {
  on,     ///< the next step follows at once
  waits,  ///< an outcome is awaited
  left,   ///< the run has ended
};

class Deciding {
 public:
  Deciding(const Definition& definition, const Snapshot& snapshot, const Event& event, Time now);
  [[nodiscard]] Result<Decision> decide();

 private:
  // --- events (advance.cpp)
  Result<void> born(const Born& born);
  Result<void> asked(const std::string& name, const Json& payload, bool command, std::int64_t seq, bool turn);
  Result<void> timer(const TimerDue& due);
  Result<void> tried(const Tried& tried);
  Result<void> while_busy(const EventSpec& spec, const Json& payload, bool command, std::int64_t seq, bool turn);
  /// Applies the first candidate whose condition holds; false when none does.
  Result<bool> take(const Candidates& candidates);
  void keep_failed(const std::string& type, const std::string& name, const Json& payload, const Error& error);
  /// An actor that waits has something to wake it, or an incident says that it has not.
  void stay_awake();

  // --- what a person decides about an incident (remedies.cpp)
  Result<void> remedy(const Remedy& remedy);
  Result<void> remedy_of_event(const Remedy& remedy, const FailedEvent& failed);
  Result<void> remedy_of_run(const Remedy& remedy);
  Result<void> edit_input(const Remedy& remedy);
  Result<void> mark_done(const Remedy& remedy);
  void close_incident(const Remedy& remedy);

  // --- transitions (transitions.cpp)
  Result<void> apply(const Transition& transition);
  Result<void> enter(int state);
  Result<void> leave_state();
  Result<void> arm_timers();
  Result<void> effects(const std::vector<LocalEffect>& list);
  Result<void> set(const SetEffect& effect);
  void set_attribute(int attribute, const Json& value);
  /// Errors: invalid_argument, when the attributes together have grown beyond their bound.
  [[nodiscard]] Result<void> check_size() const;

  // --- runs (run.cpp)
  Result<void> begin_run(int state);
  /// Goes on from step `index`: local steps at once, until one needs the outside or the run ends.
  Result<void> go_on(int index);
  Result<Flow> begin_step(int index);
  Result<Flow> begin_call(int index, const CallStep& call);
  Result<Flow> begin_action(int index, const ActionStep& action);
  Result<Flow> begin_local(int index, const LocalStep& local);
  /// The whole step is done with `output`.
  Result<void> step_done(const Json& output);
  Result<void> save(const Step& step, BegunStep& begun, const Json& output);
  Result<void> finish(const Candidates& candidates, std::string_view status);

  // --- what came of a try (outcomes.cpp)
  Result<void> on_outcome(const Outcome& outcome);
  Result<void> try_done(const Outcome& outcome);
  Result<void> try_again(const Outcome& outcome);
  Result<void> try_unclear(const Outcome& outcome);
  Result<void> try_absent(const Outcome& outcome);
  Result<void> step_failed(const Outcome& outcome, bool time_used_up);
  /// After a remedy: the step in hand once more; what may have happened is observed first.
  Result<void> resume();
  void new_attempt(std::string key, std::string executor, std::string operation, int sub, const std::string& server, Duration timeout);
  void repeat_attempt(std::string mode, Duration delay);
  void end_attempt();
  void hold(const Outcome& outcome);
  /// What expressions see as `error`.
  void note_error(std::string_view error_class, const Outcome& outcome);
  /// No further try: the step's tries or its time are used up when the next one begins `delay` from now.
  [[nodiscard]] bool is_used_up(Duration delay) const;
  /// Adds what an entry of a composite operation gave to the result of its step.
  static void add_result(BegunStep& begun, const Json& output);
  void end_run(std::string_view status);
  [[nodiscard]] const Retry& retry() const;
  [[nodiscard]] Duration patience() const;
  [[nodiscard]] Duration backoff(int number) const;
  [[nodiscard]] const OperationSignature* operation() const;  ///< of the call in hand (also an undo's); null for an action

  // --- undo (undo.cpp)
  Result<void> begin_undo(Ending ending);
  Result<void> undo_next();
  Result<void> undone();
  Result<void> undo_finished();
  [[nodiscard]] Result<bool> begin_undo_of(BegunStep& begun);
  void forget_step();

  // --- small helpers
  /// Forgets everything decided so far.
  void reset();
  [[nodiscard]] const State& state() const { return definition_.states[static_cast<std::size_t>(state_)]; }
  [[nodiscard]] const Step& step(int index) const { return state().steps[static_cast<std::size_t>(index)]; }
  [[nodiscard]] Run& run() { return *next_.cursor.run; }
  [[nodiscard]] const Run& run() const { return *next_.cursor.run; }
  [[nodiscard]] BegunStep& begun() { return run().begun.back(); }
  [[nodiscard]] const BegunStep& begun() const { return run().begun.back(); }
  /// The step in hand has begun: it may have an effect.
  [[nodiscard]] bool has_begun() const { return !run().begun.empty() && begun().step == run().step; }
  [[nodiscard]] std::span<const cel::Value> frame() const { return frame_; }
  [[nodiscard]] std::string derive(std::string_view prefix, std::string_view what);
  void put(int slot, cel::Value value) { frame_[static_cast<std::size_t>(slot)] = std::move(value); }
  void show_state();
  void show_run();
  void show_steps();
  [[nodiscard]] cel::Value event_value(const std::string& name, const Json& payload) const;
  void note(JsonObject entry) { decision_.journal.push_back(std::move(entry)); }
  void set_timer(const std::string& name, Time due);
  void clear_timer(const std::string& name);
  Result<void> count_move();
  void note_run(std::string_view status, bool ended);

  const Definition& definition_;
  const Snapshot& snapshot_;
  const Event& event_;
  Time asked_now_;
  Time now_;        ///< what expressions see; a late timer acts at its own time
  Time wall_;       ///< what attempts are reckoned from
  Snapshot next_;
  int state_;
  std::vector<cel::Value> frame_;
  Decision decision_;
  Uuid seed_;
  int derived_ = 0;
  std::string cause_;  ///< event that starts the run which this decision may begin
  Json cause_payload_;
  bool entered_ = false;
};

}  // namespace stellwerk::workflows
