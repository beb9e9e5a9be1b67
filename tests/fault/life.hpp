#pragma once
// A life: an actor and its world together, driven until the actor waits again, with at most one thing that goes wrong on the way.
// A *point* is where something can go wrong: a try in hand, or a `wait` or `approve`. Points are counted from 0 over a drive.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tests/fault/subject.hpp"
#include "tests/fault/world.hpp"

namespace stellwerk::testing {

struct Fault {
  enum class What {
    none,
    answers,         ///< this class instead of carrying it out
    always_answers,  ///< … from then on, until a person comes
    task,            ///< the vendor works on it and says so; the effect is there when its task is asked for
    lost,            ///< carried out, and the answer is lost
    late,            ///< the answer is lost, and the effect comes only after one has looked
    crash_before,    ///< the process ends before anything has left
    crash_after,     ///< … after the effect, before the answer is written
    twice,           ///< carried out twice
    stranger,        ///< somebody else has taken the identity meanwhile
    interrupt,       ///< this event comes while the point is under way
    interrupt_lost,  ///< … and the answer is lost as well
    interrupt_crash, ///< … and the process ends before the answer is written
    interrupt_late,  ///< … and the effect comes only after one has looked
    stranger_lost,   ///< somebody else has taken the identity, and the answer that says so is lost
    too_long,        ///< a `wait` or `approve` comes to the end of its time
    rejected,        ///< a person rejects what is to be approved
    early,           ///< the awaited event came before the wait began
    timer,           ///< the next timer of the actor falls due meanwhile
    refresh,         ///< settings change meanwhile
    stale,           ///< the answer to an earlier try arrives as well
  };
  What what = What::none;
  int at = -1;
  OutcomeClass is = OutcomeClass::done;
  std::string event;
  workflows::Remedy::What remedy = workflows::Remedy::What::retry;  ///< what a person chooses when asked
  bool every_twice = false;                                         ///< each try, not only this one
};
[[nodiscard]] std::string describe(const Fault& fault);

class Life {
 public:
  Life(std::shared_ptr<const workflows::Definition> definition, const workflows::Catalog& catalog);
  Life(const Life& other);
  Life& operator=(const Life&) = delete;
  ~Life() = default;

  /// Until the actor waits or is final; an incident is closed by the fault's remedy. False: it did not come to rest.
  bool drive(const Fault& fault);
  /// The same with a fault of its own for each point, as `next` says.
  bool drive(const std::function<Fault(const Life&)>& next);
  /// What is wrong with the world after the runs so far; the actor's own problems are in `actor.problems`.
  [[nodiscard]] const std::vector<std::string>& wrongs() const { return wrongs_; }

  Subject actor;
  World world;
  int points = 0;        ///< that drive() saw
  int fail_at = -1;      ///< this try is refused for the customer's input, so that undo begins
  int incidents = 0;
  bool skipped = false;  ///< a person took the responsibility for a step or its undo
  bool went_on = false;  ///< a step failed, and its workflow goes on all the same
  bool refuse_actions = false;  ///< the next action of a transition is refused

 private:
  [[nodiscard]] Request request(const workflows::Attempt& tried) const;
  void one_try(const workflows::Attempt& tried, const Fault& fault);
  void one_wait(const workflows::Step& step, const Fault& fault);
  bool one_remedy(const Fault& fault);
  void interrupted(const workflows::Attempt& tried, const Fault& fault);
  void give(const std::string& event);
  void watch();
  void on_decision(const workflows::Snapshot& before, const workflows::Decision& decision);

  std::optional<std::pair<Time, Request>> late_;  ///< an effect that is still to come
  std::optional<workflows::Attempt> former_;
  bool healed_ = false;
  std::string run_;                               ///< in hand, with what there was when it began
  std::vector<std::string> at_start_;
  bool may_keep_ = false;                         ///< it was interrupted to keep what it has
  std::vector<std::string> wrongs_;
};

}  // namespace stellwerk::testing
