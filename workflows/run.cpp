// Runs: the steps of a working state, and what follows from the outcome of each try.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/match.hpp"
#include "workflows/deciding.hpp"

namespace stellwerk::workflows {
namespace {

/// ±20 %, from the key and number alone.
double jitter(const std::string& key, int number) {
  std::uint64_t h = 1469598103934665603ULL + static_cast<std::uint64_t>(number);
  for (const char c : key) h = (h ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  h ^= h >> 33;
  return 0.8 + 0.4 * static_cast<double>(h % 1000) / 1000.0;
}

bool is_zero(Time time) { return time == Time{}; }

}  // namespace

Result<void> Deciding::begin_run(int) {
  Run begun_run;
  begun_run.id = RunId{derive("run", "run")};
  const auto starts = [&](const std::string& name, const Json& payload) {
    begun_run.event = name;
    begun_run.payload = payload;
  };
  std::visit(match{
      [&](const Command& c) { starts(c.name, decision_.applied_payload); },
      [&](const Message& m) { starts(m.name, decision_.applied_payload); },
      [&](const Turn& t) { starts(t.name, decision_.applied_payload); },
      [&](const TimerDue& t) { starts(t.name, JsonObject{}); },
      [&](const Born&) { starts("", JsonObject{}); },
      [&](const Tried&) { starts(snapshot_.cursor.run ? snapshot_.cursor.run->event : "", snapshot_.cursor.run ? snapshot_.cursor.run->payload : Json(JsonObject{})); },
      [&](const Remedy&) { starts(snapshot_.cursor.run ? snapshot_.cursor.run->event : "", snapshot_.cursor.run ? snapshot_.cursor.run->payload : Json(JsonObject{})); },
  }, event_.body);
  begun_run.by = event_.by;
  begun_run.trace = event_.trace;
  begun_run.started = now_;
  next_.cursor.run = std::move(begun_run);
  decision_.started_run = run().id;
  note({{"type", "run_started"}, {"run", run().id.str()}, {"state", state().name}, {"event", run().event}});
  note_run("running", false);
  show_run();
  return go_on(0);
}

void Deciding::note_run(std::string_view status, bool ended) {
  RunNote entry{run().id, run().event, state().name, std::string{status}, run().step < static_cast<int>(state().steps.size()) ? step(run().step).name : "", run().started, ended};
  const auto known = std::find_if(decision_.runs.begin(), decision_.runs.end(), [&](const RunNote& n) { return n.id == entry.id; });
  if (known == decision_.runs.end()) decision_.runs.push_back(std::move(entry));
  else *known = std::move(entry);
}

Result<void> Deciding::go_on(int index) {
  for (;; ++index) {
    if (index >= static_cast<int>(state().steps.size())) {
      run().step = index;
      return finish(state().done, "done");
    }
    STELLWERK_CHECK(count_move());
    run().step = index;
    if (step(index).when) {
      auto holds = step(index).when.test(frame());
      if (!holds) return step_failed({.is = OutcomeClass::rejected_operator, .code = "expression", .text = describe(holds.error()), .sent = false}, false);
      if (!*holds) {
        note({{"type", "step_skipped"}, {"step", step(index).name}});
        continue;
      }
    }
    STELLWERK_TRY(const auto flow, begin_step(index));
    if (flow != Flow::on) return {};
  }
}

Result<Flow> Deciding::begin_step(int index) {
  const auto& body = step(index).body;
  if (const auto* call = std::get_if<CallStep>(&body)) return begin_call(index, *call);
  if (const auto* action = std::get_if<ActionStep>(&body)) return begin_action(index, *action);
  if (const auto* leave = std::get_if<LeaveStep>(&body)) {
    note({{"type", "step_done"}, {"step", step(index).name}});
    end_run("done");
    STELLWERK_CHECK(leave_state());
    STELLWERK_CHECK(effects(leave->effects));
    STELLWERK_CHECK(enter(leave->to));
    return Flow::left;
  }
  auto done = effects(std::get<LocalStep>(body).effects);
  if (!done) {
    STELLWERK_CHECK(step_failed({.is = OutcomeClass::rejected_operator, .code = "expression", .text = describe(done.error()), .sent = false}, false));
    return Flow::waits;
  }
  note({{"type", "step_done"}, {"step", step(index).name}});
  return Flow::on;
}

Result<Flow> Deciding::begin_call(int index, const CallStep& call) {
  const auto wrong = [&](std::string code, const Error& error) -> Result<Flow> {
    STELLWERK_CHECK(step_failed({.is = OutcomeClass::rejected_operator, .code = std::move(code), .text = describe(error), .sent = false}, false));
    return Flow::waits;
  };
  std::string server;
  if (call.on_server) {
    auto value = call.on_server.evaluate(frame());
    if (!value) return wrong("expression", value.error());
    if (value->kind() != cel::Kind::string) return wrong("no_server", Error{ErrorCode::invalid_argument, fmt::format("on_server '{}' names no server", call.on_server.source())});
    server = value->as_string();
  }
  Json input = JsonObject{};
  if (call.with) {
    auto value = call.with.evaluate(frame());
    if (!value) return wrong("expression", value.error());
    input = cel::to_json(*value);
  }
  auto checked = check_object(call.operation.input, input);
  if (!checked) {
    auto error = checked.error();
    for (const auto& field : error.fields) error.message += fmt::format("; {}: {}", field.pointer, field.message);
    return wrong("invalid_input", error);
  }
  const int sub = call.operation.subs.empty() ? -1 : 0;
  run().begun.push_back({.step = index, .sub = sub, .input = std::move(*checked), .server = server});
  STELLWERK_CHECK(resume());
  return Flow::waits;
}

Result<Flow> Deciding::begin_action(int index, const ActionStep& action) {
  Json input = JsonObject{};
  if (action.with) {
    auto value = action.with.evaluate(frame());
    if (value) {
      input = cel::to_json(*value);
    } else {
      STELLWERK_CHECK(step_failed({.is = OutcomeClass::rejected_operator, .code = "expression", .text = describe(value.error()), .sent = false}, false));
      return Flow::waits;
    }
  }
  run().begun.push_back({.step = index, .input = std::move(input)});
  STELLWERK_CHECK(resume());
  return Flow::waits;
}

Result<void> Deciding::resume() {
  if (run().begun.empty() || begun().step != run().step) return go_on(run().step);  // it was held before it began
  const auto& current = step(run().step);
  if (run().phase != Phase::settling) run().phase = Phase::forward;
  if (const auto* call = std::get_if<CallStep>(&current.body)) {
    const auto key = begun().sub < 0 ? fmt::format("{}/{}/{}", run().id.str(), current.name, begun().n)
                                     : fmt::format("{}/{}/{}/{}", run().id.str(), current.name, call->operation.subs[static_cast<std::size_t>(begun().sub)], begun().n);
    new_attempt(key, "connector", call->operation.name, begun().sub, begun().server, call->timeout);
    if (begun().touched && begun().sub <= 0) run().attempt->mode = "observe";
  } else {
    const auto& action = std::get<ActionStep>(current.body);
    new_attempt(fmt::format("{}/{}/{}", run().id.str(), current.name, begun().n), "action", action.action.name, -1, "", std::chrono::hours{1});
  }
  return {};
}

void Deciding::new_attempt(std::string key, std::string executor, std::string operation_name, int sub, const std::string& server, Duration timeout) {
  Attempt attempt;
  attempt.id = AttemptId{derive("att", "attempt")};
  attempt.key = std::move(key);
  attempt.executor = std::move(executor);
  attempt.operation = std::move(operation_name);
  attempt.sub = sub;
  attempt.server = server;
  attempt.started = now_;
  attempt.due = now_;
  attempt.deadline = now_ + timeout;
  JsonObject entry{{"type", "step_started"}, {"run", run().id.str()}, {"step", step(run().phase == Phase::undoing ? begun().step : run().step).name}, {"key", attempt.key},
                   {"operation", attempt.operation}, {"attempt", attempt.id.str()}};
  if (!server.empty()) entry["server"] = server;
  if (run().phase == Phase::undoing) entry["undo"] = true;
  note(std::move(entry));
  run().attempt = std::move(attempt);
  decision_.attempt_changed = true;
  if (decision_.attempt_ended == run().id) decision_.attempt_ended.reset();
}

/// The same try once more, later or looking first; the number tells it from the former.
void Deciding::repeat_attempt(std::string mode, Duration delay) {
  auto& attempt = *run().attempt;
  ++attempt.number;
  if (mode != "poll") attempt.handle.clear();
  attempt.mode = std::move(mode);
  attempt.due = now_ + delay;
  decision_.attempt_changed = true;
}

void Deciding::end_attempt() {
  if (!next_.cursor.run || !run().attempt) return;
  run().attempt.reset();
  decision_.attempt_changed = false;
  decision_.attempt_ended = run().id;
}

const OperationSignature* Deciding::operation() const {
  const bool undoing = run().phase == Phase::undoing;
  const auto& current = step(undoing ? run().begun.back().step : run().step);
  const auto* call = std::get_if<CallStep>(&current.body);
  if (call == nullptr) return nullptr;
  return undoing ? &*call->undo_operation : &call->operation;
}

const Retry& Deciding::retry() const {
  static const Retry standard{};
  if (run().phase == Phase::undoing) return standard;
  const auto& body = step(run().step).body;
  if (const auto* call = std::get_if<CallStep>(&body)) return call->retry;
  if (const auto* action = std::get_if<ActionStep>(&body)) return action->retry;
  return standard;
}

Duration Deciding::patience() const {
  if (const auto* call = std::get_if<CallStep>(&step(run().phase == Phase::undoing ? run().begun.back().step : run().step).body)) return call->patience;
  return std::chrono::hours{4};
}

Duration Deciding::backoff(int number) const {
  const auto& r = retry();
  const auto factor = std::pow(r.backoff, std::min(number - 1, 40));
  const auto delay = std::min(static_cast<double>(r.delay.count()) * factor, static_cast<double>(r.max_delay.count()));
  return Duration{static_cast<std::int64_t>(delay * jitter(run().attempt->key, number))};
}

// --- outcomes

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
      begun().touched = true;
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
    current.done = true;
    current.result = outcome.output;
    return begin_undo(*run().ending);
  }
  if (op != nullptr && !op->subs.empty() && current.sub + 1 < static_cast<int>(op->subs.size())) {
    // the next entry of the composite operation; the step's time goes on
    const auto former = *run().attempt;
    ++current.sub;
    const auto& sub = op->subs[static_cast<std::size_t>(current.sub)];
    const auto& name = step(current.step).name;
    if (!undoing) {
      auto merged = current.result.is_object() ? current.result.get_object() : JsonObject{};
      if (outcome.output.is_object())
        for (const auto& member : outcome.output.get_object()) merged[member.key()] = member.value();
      current.result = std::move(merged);
    }
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

Result<void> Deciding::step_done(const Json& output) {
  auto& current = begun();
  auto merged = current.result.is_object() ? current.result.get_object() : JsonObject{};
  if (output.is_object())
    for (const auto& member : output.get_object()) merged[member.key()] = member.value();
  const Json result(std::move(merged));
  if (dump_json(result).size() > max_saved_bytes)
    return fail(ErrorCode::resource_exhausted, fmt::format("result of step {} is larger than {} bytes", step(current.step).name, max_saved_bytes), "result_too_large");
  current.done = true;
  current.result = result;
  run().results.as_object()[step(current.step).name] = result;
  put(slot::steps, cel::from_json(run().results));
  STELLWERK_CHECK(save(step(current.step), current, result));
  note({{"type", "step_done"}, {"step", step(current.step).name}, {"result", result}});
  end_attempt();
  return go_on(current.step + 1);
}

Result<void> Deciding::save(const Step& saved, BegunStep& current, const Json& output) {
  put(slot::result, cel::from_json(output));
  for (const auto& [attribute, path] : saved.save) {
    const auto& field = definition_.attributes[static_cast<std::size_t>(attribute)].field;
    auto value = path.evaluate(frame());
    if (!value) return wrap(std::move(value).error(), fmt::format("save attribute {} of step {}", field.name, saved.name));
    const auto json = encode(field.type, *value);
    std::vector<FieldProblem> problems;
    check_value(field.type, json, "/" + field.name, problems);
    if (!problems.empty())
      return fail(ErrorCode::invalid_argument, fmt::format("attribute {} cannot take the result of step {}: {}", field.name, saved.name, problems.front().message));
    current.before.emplace_back(attribute, encode(field.type, frame_[static_cast<std::size_t>(definition_.attribute_slot(attribute))]));
    set_attribute(attribute, json);
  }
  return {};
}

/// Refused for now, without effect.
Result<void> Deciding::try_again(const Outcome& outcome) {
  auto& attempt = *run().attempt;
  if (run().phase == Phase::settling && attempt.mode != "observe") return begin_undo(*run().ending);
  auto delay = outcome.after.value_or(backoff(attempt.number));
  if (outcome.sent) {
    ++attempt.tries;
  } else {
    attempt.waited += delay;
    if (attempt.waited > patience()) return step_failed(outcome, true);
  }
  const auto elapsed = now_ - attempt.started + (outcome.sent ? delay : Duration{}) - attempt.waited;
  const bool used_up = (retry().attempts > 0 ? attempt.tries >= retry().attempts : elapsed > retry().for_) || now_ > attempt.deadline + attempt.waited;
  if (used_up) return step_failed(outcome, true);
  repeat_attempt(attempt.mode == "observe" ? "observe" : "execute", delay);
  return {};
}

/// It may have happened: look before anything else.
Result<void> Deciding::try_unclear(const Outcome& outcome) {
  auto& attempt = *run().attempt;
  if (run().phase != Phase::undoing) begun().touched = true;
  if (attempt.mode == "execute" || is_zero(attempt.sent)) attempt.sent = now_;
  const auto* op = operation();
  if (op != nullptr && !op->repeatable) {
    hold(outcome);
    return {};
  }
  if (now_ > attempt.deadline + attempt.waited) return step_failed(outcome, true);
  // After a restart or the first doubt one looks at once; later with growing delays.
  repeat_attempt("observe", attempt.mode == "execute" || outcome.code == "restart" ? Duration{} : backoff(std::min(attempt.number, 6)));
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
  if (now_ > attempt.deadline + attempt.waited) return step_failed(outcome, true);
  ++attempt.tries;
  repeat_attempt("execute", Duration{});
  return {};
}

Result<void> Deciding::step_failed(const Outcome& outcome, bool time_used_up) {
  if (run().phase == Phase::undoing) {
    hold(outcome);
    return {};
  }
  const auto& failed = step(run().step);
  const auto error_class = time_used_up ? std::string{"timeout"} : std::string{to_string(outcome.is)};
  run().error = JsonObject{{"class", error_class}, {"code", outcome.code}, {"text", outcome.text}, {"step", failed.name},
                           {"operation", run().attempt ? run().attempt->operation : ""}};
  put(slot::error, cel::from_json(run().error));
  const bool began = !run().begun.empty() && begun().step == run().step;
  const bool touched = began && begun().touched;
  if (run().phase == Phase::settling) {
    if (time_used_up && touched) {
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
      put(slot::steps, cel::from_json(run().results));
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
  if (!undoing) {
    if (!run().begun.empty() && begun().step == run().step) remedies.push_back("edit");
    remedies.push_back("done");
    if (!state().failed_is_incident) remedies.push_back("fail");
  } else {
    remedies.push_back("done");
  }
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

void Deciding::end_run(std::string_view status) {
  end_attempt();
  decision_.attempt_ended = run().id;
  note({{"type", "run_ended"}, {"run", run().id.str()}, {"status", status}});
  note_run(status, true);
  next_.cursor.run.reset();
}

Result<void> Deciding::finish(const Candidates& candidates, std::string_view status) {
  const auto name = state().name;
  end_run(status);
  STELLWERK_TRY(const bool taken, take(candidates));
  if (!taken) return fail(ErrorCode::internal, fmt::format("no candidate of '{}' holds in state {} of workflow {}", status, name, definition_.name), "no_candidate");
  return {};
}

}  // namespace stellwerk::workflows
