// What a person decides about an incident: of a run that is held, or of an event that could not be decided.

#include <fmt/format.h>

#include <algorithm>

#include "workflows/advance/deciding.hpp"

namespace stellwerk::workflows {
namespace {

std::string_view remedy_name(Remedy::What what) {
  switch (what) {
    case Remedy::What::retry: return "retry";
    case Remedy::What::skip: return "skip";
    case Remedy::What::edit: return "edit";
    case Remedy::What::done: return "done";
    case Remedy::What::fail: return "fail";
  }
  return "retry";
}

tl::unexpected<Error> not_offered(Remedy::What what) {
  return fail(ErrorCode::invalid_argument, fmt::format("this incident does not offer the remedy {}", remedy_name(what)), "remedy_not_offered");
}

tl::unexpected<Error> nothing_to_verify() {
  return fail(ErrorCode::invalid_argument,
              "'verified_absent' is for a retry of a step that may have happened and must not be repeated (repeatable: false); here retry looks first, or nothing has left", "remedy_not_offered");
}

}  // namespace

void Deciding::close_incident(const Remedy& remedy) {
  decision_.incidents_closed.push_back({remedy.incident, std::string{remedy_name(remedy.what)}, event_.by.id, remedy.note});
  auto& entry = note({{"type", "incident_closed"}, {"incident", remedy.incident.str()}, {"remedy", remedy_name(remedy.what)}, {"note", remedy.note},
                      {"by", {{"id", event_.by.id}, {"role", event_.by.role}}}});
  if (remedy.verified_absent) entry["verified_absent"] = true;
}

Result<void> Deciding::remedy(const Remedy& remedy) {
  auto& failed = next_.cursor.failed;
  const auto kept = std::find_if(failed.begin(), failed.end(), [&](const FailedEvent& f) { return f.incident == remedy.incident; });
  if (kept != failed.end()) {
    const auto event = *kept;
    failed.erase(kept);
    return remedy_of_event(remedy, event);
  }
  if (!next_.cursor.run || run().phase != Phase::held || run().incident != remedy.incident)
    return fail(ErrorCode::not_found, fmt::format("incident {} is not open", remedy.incident.str()), "incident_not_open");
  return remedy_of_run(remedy);
}

/// Errors leave the incident open: whoever asks is told what is still wrong.
Result<void> Deciding::remedy_of_event(const Remedy& remedy, const FailedEvent& failed) {
  if (remedy.what != Remedy::What::retry && remedy.what != Remedy::What::skip) return not_offered(remedy.what);
  if (remedy.verified_absent) return nothing_to_verify();
  close_incident(remedy);
  if (remedy.what == Remedy::What::skip) return {};
  if (failed.type == "message") return asked(failed.name, failed.payload, false, 0, false);
  return again(failed);
}

Result<void> Deciding::remedy_of_run(const Remedy& remedy) {
  using What = Remedy::What;
  const auto phase = run().held_phase;
  const bool undoing = phase == Phase::undoing;
  const bool settling = phase == Phase::settling;
  const bool at_its_end = waits_at_its_end();
  if (at_its_end && remedy.what != What::retry && remedy.what != What::skip) return not_offered(remedy.what);
  at_ = undoing && !at_its_end ? run().begun.back().at : run().at;
  if (remedy.verified_absent) STELLWERK_CHECK(believe_absent(remedy));
  if (remedy.what == What::edit) STELLWERK_CHECK(edit_input(remedy));
  if (remedy.what == What::fail && (undoing || settling || work().failed_is_incident)) return not_offered(remedy.what);
  if (const auto* confirmed = remedy.what == What::skip && !undoing && !settling ? confirmed_state() : nullptr)
    return fail(ErrorCode::invalid_argument, fmt::format("step {} proves state {} (confirmed_by) and cannot be passed over; try it again, or declare it done once you have checked that it is",
                                                         here().name, confirmed->name), "remedy_not_offered");
  close_incident(remedy);
  run().incident = {};
  run().phase = phase;
  note_run(undoing || settling ? "undoing" : "running", false);
  if (at_its_end) return undo_finished(remedy.what == What::skip);
  switch (remedy.what) {
    case What::retry:
    case What::edit:
      return undoing ? undo_next() : resume();
    case What::skip:
      if (undoing) return undone();
      if (settling) return branch_ended();
      note({{"type", "step_skipped"}, {"step", here().name}, {"note", remedy.note}});
      return go_on_after();
    case What::done:
      if (undoing) return undone();
      return mark_done(remedy);
    case What::fail:
      return begin_undo(Ending{});
  }
  return {};
}

/// Of a composite operation it is the part in hand that has not happened.
Result<void> Deciding::believe_absent(const Remedy& remedy) {
  const bool undoing = run().held_phase == Phase::undoing;
  const bool unknown = remedy.what == Remedy::What::retry && !waits_at_its_end() && has_begun() && (undoing ? begun().undo_unclear : is_beyond_finding());
  if (!unknown) return nothing_to_verify();
  believed_absent_ = true;
  if (undoing) return {};
  auto& current = begun();
  current.sent = {};
  if (current.sub <= 0) current.touched = false;
  return {};
}

/// Merges the edited members into the step's input; the key's generation rises.
Result<void> Deciding::edit_input(const Remedy& remedy) {
  const auto* call = std::get_if<CallStep>(&here().body);
  const auto* action = std::get_if<ActionStep>(&here().body);
  if (run().held_phase != Phase::forward || !has_begun() || (call == nullptr && action == nullptr) || (action != nullptr && begun().touched) || is_beyond_finding())
    return not_offered(remedy.what);
  const auto& fields = call != nullptr ? call->operation.input : action->action.input;
  if (!remedy.input.is_object()) return fail(ErrorCode::invalid_argument, "the edited input is an object");
  STELLWERK_CHECK(check_payload(remedy.input, "edit"));
  auto& current = begun();
  auto input = current.input.is_object() ? current.input.get_object() : JsonObject{};
  std::vector<FieldProblem> problems;
  for (const auto& member : remedy.input.get_object()) {
    const auto names = [&](const Field& field) { return field.name == std::string_view{member.key()}; };
    // What undo goes by names the thing that may be there already: with another value it would be lost from sight.
    const bool identity = current.touched && call != nullptr && call->undo_operation &&
                          std::any_of(call->undo_operation->input.begin(), call->undo_operation->input.end(), names);
    if (const auto* before = input.if_contains(member.key()); identity && before != nullptr && *before != member.value())
      problems.push_back({json_pointer("/input", std::string_view{member.key()}), "names what this step may have made already; skip the step or let the run fail instead"});
    input[member.key()] = member.value();
  }
  if (!problems.empty()) return fail(Error{ErrorCode::invalid_argument, "this input cannot be edited any more", "identity_in_use", std::move(problems)});
  STELLWERK_TRY(current.input, check_object(fields, Json(std::move(input)), "/input"));
  ++current.n;
  return {};
}

/// The step was done by hand, and a person has verified it.
Result<void> Deciding::mark_done(const Remedy& remedy) {
  const auto& body = here().body;
  const bool has_result = !std::holds_alternative<LocalStep>(body) && !std::holds_alternative<LeaveStep>(body) && inner_steps(here()) == nullptr;
  if (!has_result) return go_on_after();
  if (!has_begun()) run().begun.push_back({.at = at_, .input = JsonObject{}});
  begun().touched = std::holds_alternative<CallStep>(body) || std::holds_alternative<ActionStep>(body);
  if (run().phase == Phase::settling) {
    STELLWERK_CHECK(add_result(begun(), remedy.output));
    begun().done = true;
    if (!run().ending->undo) STELLWERK_CHECK(save(here(), begun(), begun().result));  // kept
    return branch_ended();
  }
  return step_done(remedy.output);
}

}  // namespace stellwerk::workflows
