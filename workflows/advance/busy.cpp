// What may reach an actor while steps run, in a working state or in place: the event that is waited for, an interrupt, a deferral,
// a refusal. And which commands that leaves.

#include <fmt/format.h>

#include <algorithm>

#include "workflows/advance/deciding.hpp"

namespace stellwerk::workflows {
namespace {

/// Where a held run goes on, or where another is.
Phase going_on(const Run& run) { return run.phase == Phase::held ? run.held_phase : run.phase; }

/// Undo is not interruptible, except on the way back to an earlier step of the same run.
bool may_interrupt(const Run& run) {
  const auto phase = going_on(run);
  return phase == Phase::forward || (phase == Phase::undoing && run.ending && run.ending->what == Ending::What::redo);
}

/// The candidates among which one interrupts; nullptr when the event never does so here.
const Candidates* interrupting_candidates(const Definition& definition, int state, std::string_view event) {
  const auto* candidates = definition.candidates(state, event);
  if (candidates == nullptr) return nullptr;
  return std::any_of(candidates->begin(), candidates->end(), [](const Transition& t) { return t.interrupt != Interrupt::none; }) ? candidates : nullptr;
}

/// A command of this name is deferred, started the run in hand, or has interrupted it.
bool is_under_way(const Snapshot& snapshot, std::string_view event) {
  const auto& run = snapshot.cursor.run;
  if (run && (run->event == event || (run->ending && run->ending->what == Ending::What::interrupted && run->ending->event == event))) return true;
  return std::any_of(snapshot.deferred.begin(), snapshot.deferred.end(), [&](const Deferred& d) { return d.event == event; });
}

bool is_awaited_by(const Step& step, std::string_view event) {
  const auto* wait = std::get_if<WaitStep>(&step.body);
  return wait != nullptr && std::find(wait->events.begin(), wait->events.end(), event) != wait->events.end();
}

/// True when some state or step of the definition names the event: deferring it makes sense.
bool is_named(const Definition& definition, std::string_view event) {
  if (definition.on.find(event) != definition.on.end()) return true;
  if (std::any_of(definition.states.begin(), definition.states.end(), [&](const State& s) { return !s.works() && s.on.find(event) != s.on.end(); })) return true;
  return std::any_of(definition.works.begin(), definition.works.end(), [&](const Work& work) {
    return std::any_of(work.steps.begin(), work.steps.end(), [&](const Step& step) { return is_awaited_by(step, event); });
  });
}

/// The step that waits in this run; nullptr when none does.
const Step* waiting_step(const Definition& definition, const Run& run) { return run.waiting ? &step_at(definition.work(run.work), run.waiting->at) : nullptr; }

bool may_while_busy(const Definition& definition, const Snapshot& snapshot, const EventSpec& spec) {
  const auto& run = *snapshot.cursor.run;
  if (const auto* waits = waiting_step(definition, run); waits != nullptr && is_awaited_by(*waits, spec.name)) return true;
  const bool interrupts = interrupting_candidates(definition, snapshot.state, spec.name) != nullptr;
  if (interrupts && may_interrupt(run)) return true;
  const bool waits_its_turn = interrupts || (spec.busy == Busy::defer && is_named(definition, spec.name) && run.phase != Phase::held);
  return waits_its_turn && !is_under_way(snapshot, spec.name);
}

}  // namespace

bool may_give(const std::vector<std::string>& roles, const std::string& role) {
  if (role == "system") return true;
  const auto has = [&](std::string_view r) { return std::find(roles.begin(), roles.end(), r) != roles.end(); };
  return has(role) || (role == "admin" && has("staff")) || (role == "reseller" && has("customer"));
}

/// Errors are refusals (conflict, permission_denied); others are mistakes in the workflow.
Result<void> Deciding::while_busy(const EventSpec& spec, const Json& payload, bool command, std::int64_t seq, bool turn) {
  STELLWERK_TRY(const bool awaited, take_awaited(spec, payload, seq, turn));
  if (awaited) return {};
  const auto* candidates = interrupting_candidates(definition_, state_, spec.name);
  bool interrupts = candidates != nullptr;
  if (interrupts && may_interrupt(run())) {
    for (std::size_t index = 0; index < candidates->size(); ++index) {
      const auto& candidate = (*candidates)[index];
      if (candidate.interrupt == Interrupt::none) continue;
      STELLWERK_TRY(const bool holds, applies(candidate));
      if (!holds) continue;
      note_event(spec, payload)["interrupts"] = run().id.str();
      decision_.applied_event = spec.name;
      if (seq > 0) decision_.consumed.push_back(seq);
      if (candidate.require) rely_on(candidate.require);
      run().ending = Ending{.what = Ending::What::interrupted, .event = spec.name, .transition = static_cast<int>(index), .payload = payload,
                            .undo = candidate.interrupt != Interrupt::keep};
      // The undo of a redo goes on: where it leads to has changed.
      if (going_on(run()) == Phase::undoing) return {};
      if (run().phase == Phase::held) {
        decision_.incidents_closed.push_back({run().incident, "interrupted", event_.by.id, spec.name});
        note({{"type", "incident_closed"}, {"incident", run().incident.str()}, {"remedy", "interrupted"}, {"note", spec.name}, {"by", {{"id", event_.by.id}, {"role", event_.by.role}}}});
      }
      run().incident = {};
      run().failures.clear();
      // An action may stand while its run was held by what follows it: what is kept is kept with its result. One whose result cannot be
      // saved was what held the run; the interrupt must not be held by it again.
      for (auto& stands : run().begun) {
        if (run().ending->undo || stands.done || !stands.touched || !stands.result.is_object() || !std::holds_alternative<ActionStep>(step(stands.at).body)) continue;
        stands.done = save(step(stands.at), stands, stands.result).has_value();
      }
      if (run().attempts.empty()) return begin_undo(*run().ending);
      run().phase = Phase::settling;
      for (const auto& in_hand : run().attempts) decision_.settle.push_back(in_hand.id);
      note_run("undoing", false);
      return {};
    }
    // What else the state does with this event it does when it waits again.
    interrupts = std::all_of(candidates->begin(), candidates->end(), [](const Transition& t) { return t.interrupt != Interrupt::none; });
    if (interrupts)
      return fail(ErrorCode::conflict, fmt::format("'{}' is not possible now: none of its conditions holds in state {}", spec.name, state().name), "not_allowed_now");
  }
  if (turn) return {};  // stays deferred until the actor waits again
  if (command && !interrupts && run().phase == Phase::held)
    return fail(ErrorCode::conflict, fmt::format("'{}' has to wait: run {} is held by incident {}", spec.name, run().id.str(), run().incident.str()), "incident_open");
  if (command && !interrupts && spec.busy == Busy::refuse)
    return fail(ErrorCode::conflict, fmt::format("'{}' is not possible while the actor is busy with {}", spec.name, work().name), "busy");
  if (!interrupts && !is_named(definition_, spec.name))
    return fail(ErrorCode::conflict, fmt::format("'{}' is not possible in any state of workflow {}", spec.name, definition_.name), "not_allowed_now");
  if (command && is_under_way(next_, spec.name)) return fail(ErrorCode::conflict, fmt::format("'{}' is already under way", spec.name), "duplicate_command");
  if (std::ssize(next_.deferred) >= limits().deferred) {
    auto error = over_limit({.setting = "deferred", .limit = limits().deferred, .reason = "too_many_deferred",
                             .what = fmt::format("{} events wait already for the end of {}", next_.deferred.size(), work().name), .advice = "try again when it has come to its end"});
    error.code = ErrorCode::resource_exhausted;  // that one passes
    return fail(std::move(error));
  }
  decision_.defer = Deferred{seq, spec.name};
  next_.cursor.moves = snapshot_.cursor.moves;  // it counts when it has its turn
  next_.cursor.depth = snapshot_.cursor.depth;
  if (seq > 0) decision_.consumed.push_back(seq);
  note({{"type", "event_deferred"}, {"event", spec.name}, {"id", event_.id.str()}, {"by", {{"id", event_.by.id}, {"role", event_.by.role}}}});
  return {};
}

std::vector<std::string> allowed_commands(const Definition& definition, const Snapshot& snapshot, const std::string& role) {
  std::vector<std::string> names;
  if (snapshot.state < 0) return names;
  const auto& run = snapshot.cursor.run;
  for (const auto& [name, spec] : definition.events) {
    if (spec.allow.empty() || !may_give(spec.allow, role)) continue;
    if (run ? may_while_busy(definition, snapshot, spec) : definition.candidates(snapshot.state, name) != nullptr) names.push_back(name);
  }
  const auto* waits = run ? waiting_step(definition, *run) : nullptr;
  if (const auto* approve = waits == nullptr ? nullptr : std::get_if<ApproveStep>(&waits->body); approve != nullptr && may_give(approve->by, role))
    names.insert(names.end(), {"approve", "reject"});
  return names;
}

}  // namespace stellwerk::workflows
