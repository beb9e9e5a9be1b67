// Undo: every step that began and is not proven to have had no effect, newest first. Then what follows: failed, the interrupt, or redo.

#include <fmt/format.h>

#include <algorithm>

#include "workflows/deciding.hpp"

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
  end_attempt();
  run().ending = std::move(ending);
  if (!run().ending->undo) return undo_finished();
  run().phase = Phase::undoing;
  static constexpr std::string_view why[] = {"failed", "interrupted", "redo"};
  JsonObject entry{{"type", "undo_started"}, {"run", run().id.str()}, {"because", why[static_cast<std::size_t>(run().ending->what)]}};
  if (run().ending->what == Ending::What::redo) entry["back_to"] = step(run().ending->redo).name;
  note(std::move(entry));
  note_run("undoing", false);
  return undo_next();
}

Result<void> Deciding::undo_next() {
  while (!run().begun.empty()) {
    auto& last = run().begun.back();
    if (!run().ending->undo || (run().ending->what == Ending::What::redo && last.step < run().ending->redo)) break;
    STELLWERK_TRY(const bool waits, begin_undo_of(last));
    if (waits) return {};
    forget_step();
  }
  return undo_finished();
}

/// The newest step of the undo list has no effect any more: its attributes are as they were before it.
void Deciding::forget_step() {
  auto& last = run().begun.back();
  for (auto saved = last.before.rbegin(); saved != last.before.rend(); ++saved) set_attribute(saved->first, saved->second);
  run().results.as_object().erase(step(last.step).name);
  show_steps();
  run().begun.pop_back();
}

/// True: it waits for an attempt, or for a person.
Result<bool> Deciding::begin_undo_of(BegunStep& last) {
  const auto& undone_step = step(last.step);
  const bool blocks = run().ending->what == Ending::What::redo && last.step == run().ending->redo;
  if (const auto* call = std::get_if<CallStep>(&undone_step.body)) {
    if (!last.touched || !call->undo_operation) return false;
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
    const int sub = call->undo_operation->subs.empty() ? -1 : 0;
    last.sub = sub;
    const auto key = sub < 0 ? fmt::format("{}/{}/undo", run().id.str(), undone_step.name)
                             : fmt::format("{}/{}/{}/undo", run().id.str(), undone_step.name, call->undo_operation->subs[0]);
    new_attempt(key, "connector", call->undo_operation->name, sub, last.server, call->timeout);
    // What may still come into being is not taken back before it is there.
    if (!last.done && last.sent != Time{}) run().attempt->due = std::max(wall_, last.sent + call->operation.settle);
    last.result = std::move(input);  // the frozen input of the undo, for its further entries and attempts
    return true;
  }
  if (const auto* action = std::get_if<ActionStep>(&undone_step.body)) {
    if ((!last.done && !last.touched) || !action->undo_action) return false;
    auto input = by_name(action->undo_action->input, last);
    // Effect and result of an action are written together: without a result there is nothing to give back.
    if (!last.done && !has_required(action->undo_action->input, input)) return false;
    if (blocks && has_field(action->undo_action->input, "block")) input.as_object()["block"] = true;
    new_attempt(fmt::format("{}/{}/undo", run().id.str(), undone_step.name), "action", action->undo_action->name, -1, "", std::chrono::hours{1});
    last.result = std::move(input);
    return true;
  }
  return false;
}

/// The undo in hand has come to its end.
Result<void> Deciding::undone() {
  end_attempt();
  note({{"type", "undone"}, {"step", step(begun().step).name}});
  forget_step();
  return undo_next();
}

Result<void> Deciding::undo_finished() {
  const auto ending = *run().ending;
  switch (ending.what) {
    case Ending::What::failed:
      return finish(state().failed, "failed");
    case Ending::What::redo:
      run().ending.reset();
      run().phase = Phase::forward;
      note_run("running", false);
      return go_on(ending.redo);
    case Ending::What::interrupted: {
      const auto on = state().on.find(ending.event);
      if (on == state().on.end() || static_cast<std::size_t>(ending.transition) >= on->second.size())
        return fail(ErrorCode::internal, fmt::format("run {} was interrupted by {}, which state {} does not name", run().id.str(), ending.event, state().name));
      const auto& transition = on->second[static_cast<std::size_t>(ending.transition)];
      put(slot::event, event_value(ending.event, ending.payload));
      cause_ = ending.event;
      cause_payload_ = ending.payload;
      end_run("cancelled");
      return apply(transition);
    }
  }
  return {};
}

}  // namespace stellwerk::workflows
