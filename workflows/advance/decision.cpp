#include "workflows/decision.hpp"

#include <algorithm>
#include <utility>

namespace stellwerk::workflows {

bool is_nothing(const Decision& d) {
  return d.journal.empty() && d.consumed.empty() && d.attempts_changed.empty() && d.attempts_ended.empty() && d.timers_set.empty() && d.timers_cleared.empty();
}

const Attempt* find_attempt(const Snapshot& snapshot, const AttemptId& id) {
  if (!snapshot.cursor.run) return nullptr;
  for (const auto& attempt : snapshot.cursor.run->attempts)
    if (attempt.id == id) return &attempt;
  return nullptr;
}

const Step& step_at(const Work& work, const StepAt& at) {
  const auto& outer = work.steps[static_cast<std::size_t>(at.step)];
  if (at.inner < 0) return outer;
  const auto* parallel = std::get_if<ParallelStep>(&outer.body);
  const auto& inner = parallel != nullptr ? *parallel->steps : *std::get<EachStep>(outer.body).steps;
  return inner[static_cast<std::size_t>(at.inner)];
}

const BegunStep& begun_of(const Run& run, const Attempt& attempt) {
  const auto found = std::find_if(run.begun.rbegin(), run.begun.rend(), [&](const BegunStep& b) { return b.at == attempt.at; });
  STELLWERK_ASSERT(found != run.begun.rend(), "a try belongs to a step that has begun");
  return *found;
}

const Json& input_of(const Run& run, const Attempt& attempt) {
  const auto& begun = begun_of(run, attempt);
  return run.phase == Phase::undoing ? begun.undo_input : begun.input;
}

}  // namespace stellwerk::workflows
