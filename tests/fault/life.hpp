#pragma once
// A life: an actor and its world together, driven until the actor waits again, with at most one thing that goes wrong on the way.

#include <functional>
#include <optional>
#include <string>

#include "tests/fault/world.hpp"
#include "tests/support/scripted_actor.hpp"

namespace stellwerk::testing {

/// What goes wrong, at the try of this number (from 0, counted over a run and what follows it).
struct Fault {
  enum class What {
    none,
    answers,        ///< this class instead of carrying it out
    always_answers, ///< … from then on, until a person comes
    task,           ///< the vendor works on it and says so; the effect is there when its task is asked for
    lost,           ///< carried out, and the answer is lost
    late,           ///< the answer is lost, and the effect comes only after one has looked
    crash_before,   ///< the process ends before anything has left
    crash_after,    ///< … after the effect, before the answer is written
    twice,          ///< carried out twice
    stranger,       ///< somebody else has taken the number meanwhile
    interrupt,      ///< this event comes while the try is under way
    interrupt_lost, ///< … and the answer is lost as well
    interrupt_crash,///< … and the process ends before the answer is written
    interrupt_late, ///< … and the effect comes only after one has looked
    stranger_lost,  ///< somebody else has taken the number, and the answer that says so is lost
  };
  What what = What::none;
  int at = -1;
  OutcomeClass is = OutcomeClass::done;
  std::string event;
  workflows::Remedy::What remedy = workflows::Remedy::What::retry;  ///< what a person chooses when asked
  bool every_twice = false;                                        ///< each try, not only this one
};
[[nodiscard]] std::string describe(const Fault& fault);

class Life {
 public:
  explicit Life(std::shared_ptr<const workflows::Definition> definition) : actor{std::move(definition)} {}
  /// Until the actor waits or is final; an incident is closed by the fault's remedy. False: it did not come to rest.
  bool drive(const Fault& fault);
  /// The same with a fault of its own for each try, as `next` says; true: it came to rest.
  bool drive(const std::function<Fault(const ScriptedActor&)>& next);

  ScriptedActor actor;
  World world;
  int tries = 0;        ///< that drive() saw
  int fail_at = -1;     ///< this try is refused for the customer's input, so that undo begins
  int incidents = 0;
  bool skipped = false; ///< a person took the responsibility for a step or its undo

 private:
  [[nodiscard]] Request request() const;
  void one_try(const Fault& fault);
  bool one_remedy(const Fault& fault);
  void interrupted(const Fault& fault);

  std::optional<std::pair<Time, Request>> late_;  ///< an effect that is still to come
  bool healed_ = false;
};

}  // namespace stellwerk::testing
