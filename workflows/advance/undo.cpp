// Undo: every step that began and is not proven to have had no effect, newest first. Then what follows: failed, the interrupt, or redo.

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/planted.hpp"
#include "workflows/advance/deciding.hpp"

namespace stellwerk::workflows {
namespace {

/// The inputs of an undo by name: from the frozen input of the step, then from its result.
Json by_name(const std::vector<Field>& fields, const BegunStep& begun) {
  JsonObject input;
  for (const auto& field : fields) {
    const auto* value = find_member(begun.input, field.name);
    if (value == nullptr || value->is_null()) value = find_member(begun.result, field.name);
    if (value != nullptr && !value->is_null()) input[field.name] = *value;
  }
  return input;
}

bool has_field(const std::vector<Field>& fields, std::string_view name) {
  return std::any_of(fields.begin(), fields.end(), [&](const Field& f) { return f.name == name; });
}

bool has_required(const std::vector<Field>& fields, const Json& input) {
  return std::all_of(fields.begin(), fields.end(), [&](const Field& f) { return !f.required || find_member(input, f.name) != nullptr; });
}

}  // namespace

Result<void> Deciding::begin_undo(Ending ending) {
  end_attempts();
  stop_waiting();
  run().failures.clear();
  run().ending = std::move(ending);
  if (!run().ending->undo) return undo_finished();
  run().phase = Phase::undoing;
  static constexpr std::string_view why[] = {"failed", "interrupted", "redo"};
  auto& entry = note({{"type", "undo_started"}, {"run", run().id.str()}, {"because", why[static_cast<std::size_t>(run().ending->what)]}});
  if (run().ending->what == Ending::What::redo) entry["back_to"] = step(StepAt{.step = run().ending->redo}).name;
  note_run("undoing", false);
  return undo_next();
}

Result<void> Deciding::undo_next() {
  while (!run().begun.empty()) {
    auto& last = run().begun.back();
    if (!run().ending->undo || (run().ending->what == Ending::What::redo && last.at.step < run().ending->redo)) break;
    at_ = last.at;
    if (at_.item >= 0) show_element();
    STELLWERK_TRY(const bool waits, begin_undo_of(last));
    if (waits) return {};
    STELLWERK_CHECK(forget_step());
  }
  return undo_finished();
}

/// The newest step of the undo list has no effect any more: its attributes are as they were before it.
Result<void> Deciding::forget_step() {
  const auto& last = run().begun.back();
  JsonObject shown;
  for (auto saved = last.before.rbegin(); saved != last.before.rend(); ++saved) {
    set_attribute(saved->first, saved->second);
    shown[definition_.attributes[static_cast<std::size_t>(saved->first)].field.name] = saved->second;
  }
  run().results.as_object().erase(step(last.at).name);
  // Edited inputs count as well: no key is used for two inputs.
  if (const int begun_anew = times_redone(run()); last.n > begun_anew) run().redos[std::string{}] += last.n - begun_anew;
  run().begun.pop_back();
  show_steps();
  if (shown.empty()) return {};
  note_set(std::move(shown));
  return compute();
}

/// True: it waits for an attempt, or for a person.
Result<bool> Deciding::begin_undo_of(BegunStep& last) {
  const auto& undone_step = here();
  const bool blocks = run().ending->what == Ending::What::redo && last.at.step == run().ending->redo;
  if (const auto* call = std::get_if<CallStep>(&undone_step.body)) {
    if (!(planted(Planted::undo_of_completed_only) ? last.done : last.touched) || !call->undo_operation) return false;
    Json input;
    if (call->undo_with) {
      auto value = call->undo_with.evaluate(frame());
      if (!value) {
        hold({.is = OutcomeClass::rejected_operator, .code = "expression",
              .text = fmt::format("values of the undo of step {}: {}", undone_step.name, describe(value.error())), .sent = false});
        return true;
      }
      input = encode_object(call->undo_operation->input, *value);
    } else {
      input = by_name(call->undo_operation->input, last);
    }
    const bool looks = last.undo_unclear, absent = std::exchange(believed_absent_, false);  // then it goes on at the part in hand
    const int sub = call->undo_operation->subs.empty() ? -1 : looks ? last.sub : 0;
    last.sub = sub;
    last.undo_input = std::move(input);
    auto& next = new_attempt(undo_key(&call->undo_operation->subs, sub), "connector", call->undo_operation->name, sub, last.server, call->timeout);
    if (looks && !absent) next.mode = "observe";
    if (absent) last.undo_unclear = false;
    // What may still come into being is not taken back before it is there.
    if (!last.done && last.sent != Time{}) next.due = std::max(wall_, last.sent + call->operation.settle);
    return true;
  }
  if (const auto* action = std::get_if<ActionStep>(&undone_step.body)) {
    if ((!last.done && !last.touched) || !action->undo_action) return false;
    auto input = by_name(action->undo_action->input, last);
    // Effect and result of an action are written together: without a result there is nothing to give back.
    if (!last.done && !has_required(action->undo_action->input, input)) return false;
    if (blocks && has_field(action->undo_action->input, "block")) input.as_object()["block"] = true;
    last.undo_input = std::move(input);
    new_attempt(undo_key(nullptr, -1), "action", action->undo_action->name, -1, "", std::chrono::hours{1});
    return true;
  }
  return false;
}

/// The undo in hand has come to its end.
Result<void> Deciding::undone() {
  end_attempt();
  note({{"type", "undone"}, {"step", here().name}});
  STELLWERK_CHECK(forget_step());
  return undo_next();
}

const Transition* Deciding::interrupting(const Ending& ending) const {
  const auto* candidates = definition_.candidates(state_, ending.event);
  return candidates == nullptr || static_cast<std::size_t>(ending.transition) >= candidates->size() ? nullptr : &(*candidates)[static_cast<std::size_t>(ending.transition)];
}

/// What it relied on when it was accepted holds no longer: the work is over, and a person says whether it leads on all the same.
void Deciding::hold_interrupt(const Transition& transition) {
  run().phase = Phase::undoing;
  at_ = run().at;
  hold({.is = OutcomeClass::conflict, .code = "require",
        .text = fmt::format("'{}' was accepted, but '{}' at line {} of workflow {} does not hold any more", run().ending->event, transition.require.source(), transition.place.line, definition_.name),
        .sent = false});
  decision_.incidents.back().remedies = {"retry", "skip"};
}

bool Deciding::waits_at_its_end() const {
  return run().ending && run().held_phase == Phase::undoing && (run().begun.empty() || !run().ending->undo);
}

Result<void> Deciding::undo_finished(bool whatever) {
  const auto ending = *run().ending;
  switch (ending.what) {
    case Ending::What::failed:
      return finish(work().failed, "failed");
    case Ending::What::redo:
      run().ending.reset();
      run().phase = Phase::forward;
      for (auto again = work().steps.begin() + ending.redo; again != work().steps.end(); ++again) {
        run().results.as_object().erase(again->name);
        if (const auto* inner = inner_steps(*again)) forget_results(*inner);
      }
      show_steps();
      note_run("running", false);
      return go_on(ending.redo);
    case Ending::What::interrupted: {
      const auto* transition = interrupting(ending);
      if (transition == nullptr)
        return fail(ErrorCode::internal, fmt::format("run {} was interrupted by {}, which state {} does not name", run().id.str(), ending.event, state().name));
      show_event(ending.event, ending.payload);
      if (transition->require && !whatever) {
        auto holds = transition->require.test(frame());
        if (!holds)
          return wrap(std::move(holds).error(), fmt::format("condition '{}' at line {} of workflow {}", transition->require.source(), transition->place.line, definition_.name));
        if (!*holds) {
          hold_interrupt(*transition);
          return {};
        }
      }
      cause_ = ending.event;
      cause_payload_ = ending.payload;
      end_run("cancelled");
      return apply(*transition);
    }
  }
  return {};
}

}  // namespace stellwerk::workflows
