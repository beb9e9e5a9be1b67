// What came of a try: done, once more, look first, or a failure and what it leads to.

#include <fmt/format.h>

#include <algorithm>

#include "workflows/deciding.hpp"

namespace stellwerk::workflows {

Result<void> Deciding::on_outcome(const Outcome& outcome) {
  const auto& attempt = *run().attempt;
  JsonObject entry{{"type", "attempt"}, {"run", run().id.str()}, {"step", step(run().phase == Phase::undoing ? begun().step : run().step).name}, {"key", attempt.key},
                   {"operation", attempt.operation}, {"number", attempt.number}, {"mode", attempt.mode}, {"outcome", to_string(outcome.is)}};
  if (!outcome.code.empty()) entry["code"] = outcome.code;
  if (!outcome.text.empty()) entry["text"] = outcome.text;
  if (!outcome.handle.empty()) entry["handle"] = outcome.handle;
  note(std::move(entry));
  using enum OutcomeClass;
  switch (outcome.is) {
    case done:
    case already:
      return try_done(outcome);
    case pending:
      if (run().phase != Phase::undoing) begun().touched = true;
      if (outcome.handle.empty()) return try_unclear(outcome);
      run().attempt->mode = "poll";
      run().attempt->handle = outcome.handle;
      run().attempt->sent = now_;
      decision_.attempt_changed = true;
      return {};
    case retry:
    case retry_after:
      return try_again(outcome);
    case unclear:
      return try_unclear(outcome);
    case not_done:
      return try_absent(outcome);
    case gone:
      if (run().phase == Phase::undoing) return try_done(outcome);  // nothing there to take back
      return step_failed(outcome, false);
    case conflict:
      if (begun().sub <= 0 && run().phase != Phase::undoing) begun().touched = false;  // the identity is somebody else's: ours has no effect
      return step_failed(outcome, false);
    case rejected_customer:
    case rejected_operator:
      return step_failed(outcome, false);
  }
  return {};
}

Result<void> Deciding::try_done(const Outcome& outcome) {
  auto& current = begun();
  const auto* op = operation();
  const bool undoing = run().phase == Phase::undoing;
  if (!undoing) current.touched = true;
  if (run().phase == Phase::settling) {
    add_result(current, outcome.output);
    current.done = op == nullptr || current.sub + 1 >= static_cast<int>(op->subs.size());
    if (current.done && !run().ending->undo) STELLWERK_CHECK(save(step(current.step), current, current.result));  // kept
    return begin_undo(*run().ending);
  }
  if (op != nullptr && !op->subs.empty() && current.sub + 1 < static_cast<int>(op->subs.size())) {
    // the next entry of the composite operation; the step's time goes on
    const auto former = *run().attempt;
    ++current.sub;
    const auto& sub = op->subs[static_cast<std::size_t>(current.sub)];
    const auto& name = step(current.step).name;
    if (!undoing) add_result(current, outcome.output);
    new_attempt(undoing ? fmt::format("{}/{}/{}/undo", run().id.str(), name, sub) : fmt::format("{}/{}/{}/{}", run().id.str(), name, sub, current.n), "connector", op->name,
                current.sub, current.server, former.deadline - former.started);
    run().attempt->started = former.started;
    run().attempt->deadline = former.deadline;
    run().attempt->waited = former.waited;
    return {};
  }
  if (undoing) return undone();
  return step_done(outcome.output);
}

bool Deciding::is_used_up(Duration delay) const {
  const auto& attempt = *run().attempt;
  if (retry().attempts > 0 && attempt.tries >= retry().attempts) return true;
  const auto spent = now_ + delay - attempt.waited;
  return spent - attempt.started > retry().for_ || spent > attempt.deadline;
}

/// Refused for now, without effect.
Result<void> Deciding::try_again(const Outcome& outcome) {
  auto& attempt = *run().attempt;
  if (run().phase == Phase::settling && attempt.mode != "observe") return begin_undo(*run().ending);
  const auto delay = std::max(outcome.after.value_or(backoff(attempt.number)), Duration{});
  if (outcome.sent) {
    ++attempt.tries;
  } else {
    attempt.waited += delay;
    if (attempt.waited > patience()) return step_failed(outcome, true);
  }
  if (is_used_up(delay)) return step_failed(outcome, true);
  repeat_attempt(attempt.mode == "observe" ? "observe" : "execute", delay);
  return {};
}

/// It may have happened: look before anything else.
Result<void> Deciding::try_unclear(const Outcome& outcome) {
  auto& attempt = *run().attempt;
  if (attempt.mode == "execute" || attempt.sent == Time{}) attempt.sent = now_;
  if (run().phase != Phase::undoing) {
    begun().touched = true;
    begun().sent = attempt.sent;
  }
  if (const auto* op = operation(); op != nullptr && !op->repeatable) {
    if (run().phase != Phase::undoing) note_error(to_string(outcome.is), outcome);
    hold(outcome);
    return {};
  }
  // After a restart or the first doubt one looks at once; later with growing delays.
  const bool first = attempt.mode == "execute" || outcome.code == "restart";
  const auto delay = first ? Duration{} : backoff(std::min(attempt.number, 6));
  if (now_ + delay - attempt.waited > attempt.deadline) return step_failed(outcome, true);
  repeat_attempt("observe", delay);
  return {};
}

/// Observed: the effect is not there.
Result<void> Deciding::try_absent(const Outcome& outcome) {
  auto& attempt = *run().attempt;
  const auto* op = operation();
  const bool creates = op != nullptr && (op->effect == Effect::creates || op->effect == Effect::charges) && begun().sub <= 0;
  if (creates && now_ < attempt.sent + op->settle) {
    repeat_attempt("observe", attempt.sent + op->settle - now_);
    return {};
  }
  if (run().phase != Phase::undoing && begun().sub <= 0) begun().touched = false;
  if (run().phase == Phase::settling) return begin_undo(*run().ending);
  // After the first doubt at once; a vendor that drops every request is asked ever more seldom.
  ++attempt.tries;
  const auto delay = attempt.mode == "observe" && attempt.tries <= 1 ? Duration{} : backoff(attempt.tries);
  if (is_used_up(delay)) return step_failed(outcome, true);
  repeat_attempt("execute", delay);
  return {};
}

void Deciding::note_error(std::string_view error_class, const Outcome& outcome) {
  run().error = JsonObject{{"class", error_class}, {"code", outcome.code}, {"text", outcome.text}, {"step", step(run().step).name},
                           {"operation", run().attempt ? run().attempt->operation : ""}};
  put(slot::error, cel::from_json(run().error));
}

Result<void> Deciding::step_failed(const Outcome& outcome, bool time_used_up) {
  if (run().phase == Phase::undoing) {
    hold(outcome);
    return {};
  }
  const auto& failed = step(run().step);
  const auto error_class = time_used_up ? std::string{"timeout"} : std::string{to_string(outcome.is)};
  note_error(error_class, outcome);
  const bool touched = has_begun() && begun().touched;
  if (run().phase == Phase::settling) {
    // A task that the vendor still works on has no definite end yet.
    if (touched && (time_used_up || !outcome.handle.empty())) {
      hold(outcome);
      return {};
    }
    return begin_undo(*run().ending);
  }
  Reaction reaction;
  if (const auto by_code = failed.on_error_by.find(outcome.code); by_code != failed.on_error_by.end()) {
    reaction = by_code->second;
  } else if (const auto by_class = failed.on_error_by.find(error_class); by_class != failed.on_error_by.end()) {
    reaction = by_class->second;
  } else if (failed.on_error) {
    reaction = *failed.on_error;
  } else {
    const bool fails = time_used_up ? !touched : outcome.is == OutcomeClass::rejected_customer;
    reaction.what = fails ? Reaction::What::fail : Reaction::What::incident;
  }
  switch (reaction.what) {
    case Reaction::What::incident:
      hold(outcome);
      return {};
    case Reaction::What::fail:
      if (state().failed_is_incident) {
        hold(outcome);
        return {};
      }
      return begin_undo(Ending{});
    case Reaction::What::go_on:
      end_attempt();
      run().results.as_object()[failed.name] = JsonObject{{"failed", true}, {"class", error_class}, {"code", outcome.code}, {"text", outcome.text}};
      show_steps();
      note({{"type", "step_failed"}, {"step", failed.name}, {"goes_on", true}});
      return go_on(run().step + 1);
    case Reaction::What::redo:
      if (++run().redos[failed.name] > reaction.times) {
        hold(outcome);
        return {};
      }
      return begin_undo(Ending{.what = Ending::What::redo, .redo = reaction.redo});
  }
  return {};
}

void Deciding::hold(const Outcome& outcome) {
  const bool undoing = run().phase == Phase::undoing;
  const auto& held = step(undoing ? begun().step : std::min(run().step, static_cast<int>(state().steps.size()) - 1));
  JsonObject detail{{"state", state().name}};
  if (run().attempt) {
    detail["operation"] = run().attempt->operation;
    detail["key"] = run().attempt->key;
    detail["server"] = run().attempt->server;
    if (!run().attempt->handle.empty()) detail["handle"] = run().attempt->handle;
  }
  JsonArray would_undo;
  for (auto it = run().begun.rbegin(); it != run().begun.rend(); ++it)
    if (it->touched || it->done) would_undo.push_back(boost::json::string{step(it->step).name});
  detail["undo_would_cover"] = std::move(would_undo);
  std::vector<std::string> remedies{"retry", "skip"};
  if (run().phase == Phase::forward && has_begun()) remedies.emplace_back("edit");
  remedies.emplace_back("done");
  if (run().phase == Phase::forward && !state().failed_is_incident) remedies.emplace_back("fail");
  IncidentOpened incident{.id = IncidentId{derive("inc", "incident")}, .kind = "held_run", .run = run().id, .step = held.name, .error_class = std::string{to_string(outcome.is)},
                          .code = outcome.code, .text = outcome.text, .detail = std::move(detail), .remedies = std::move(remedies)};
  note({{"type", "incident_opened"}, {"incident", incident.id.str()}, {"kind", incident.kind}, {"step", held.name}, {"class", incident.error_class}, {"text", incident.text}});
  run().held_phase = run().phase;
  run().phase = Phase::held;
  run().incident = incident.id;
  end_attempt();
  note_run("held", false);
  decision_.incidents.push_back(std::move(incident));
}

}  // namespace stellwerk::workflows
