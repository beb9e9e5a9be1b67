// Runs: the steps of a working state. What follows from the outcome of a try: outcomes.cpp.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

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

Error with_fields(Error error) {
  for (const auto& field : error.fields) error.message += fmt::format("; {}: {}", field.pointer, field.message);
  return error;
}

}  // namespace

Result<void> Deciding::begin_run(int) {
  Run begun_run;
  begun_run.id = RunId{derive("run", "run")};
  begun_run.event = cause_;
  begun_run.payload = cause_payload_.is_object() ? cause_payload_ : Json(JsonObject{});
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
  return begin_local(index, std::get<LocalStep>(body));
}

/// Happens as a whole or not at all: what a failed one has set, sent or created so far is given up.
Result<Flow> Deciding::begin_local(int index, const LocalStep& local) {
  auto frame_before = frame_;
  auto decision_before = decision_;
  const auto done = effects(local.effects);
  if (!done) {
    frame_ = std::move(frame_before);
    decision_ = std::move(decision_before);
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
    input = encode_object(call.operation.input, *value);
  }
  auto checked = check_object(call.operation.input, input);
  if (!checked) return wrong("invalid_input", with_fields(checked.error()));
  const int sub = call.operation.subs.empty() ? -1 : 0;
  run().begun.push_back({.step = index, .sub = sub, .input = std::move(*checked), .server = server});
  STELLWERK_CHECK(resume());
  return Flow::waits;
}

Result<Flow> Deciding::begin_action(int index, const ActionStep& action) {
  const auto wrong = [&](std::string code, const Error& error) -> Result<Flow> {
    STELLWERK_CHECK(step_failed({.is = OutcomeClass::rejected_operator, .code = std::move(code), .text = describe(error), .sent = false}, false));
    return Flow::waits;
  };
  Json input = JsonObject{};
  if (action.with) {
    auto value = action.with.evaluate(frame());
    if (!value) return wrong("expression", value.error());
    input = encode_object(action.action.input, *value);
  }
  auto checked = check_object(action.action.input, input);
  if (!checked) return wrong("invalid_input", with_fields(checked.error()));
  run().begun.push_back({.step = index, .input = std::move(*checked)});
  STELLWERK_CHECK(resume());
  return Flow::waits;
}

Result<void> Deciding::resume() {
  if (!has_begun()) return go_on(run().step);  // it was held before it began
  // Nothing new begins while an interrupt waits for a definite end.
  if (run().phase == Phase::settling && !begun().touched) return begin_undo(*run().ending);
  const auto& current = step(run().step);
  if (const auto* call = std::get_if<CallStep>(&current.body)) {
    const auto key = begun().sub < 0 ? fmt::format("{}/{}/{}", run().id.str(), current.name, begun().n)
                                     : fmt::format("{}/{}/{}/{}", run().id.str(), current.name, call->operation.subs[static_cast<std::size_t>(begun().sub)], begun().n);
    new_attempt(key, "connector", call->operation.name, begun().sub, begun().server, call->timeout);
    if (begun().touched) run().attempt->mode = "observe";
    run().attempt->sent = begun().sent;
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
  attempt.started = wall_;
  attempt.due = wall_;
  attempt.deadline = wall_ + timeout;
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
  const auto factor = std::pow(r.backoff, std::clamp(number - 1, 0, 40));
  const auto delay = std::min(static_cast<double>(r.delay.count()) * factor, static_cast<double>(r.max_delay.count()));
  return Duration{static_cast<std::int64_t>(delay * jitter(run().attempt->key, number))};
}

void Deciding::add_result(BegunStep& begun, const Json& output) {
  if (!begun.result.is_object()) begun.result = JsonObject{};
  if (!output.is_object()) return;
  for (const auto& member : output.get_object()) begun.result.as_object()[member.key()] = member.value();
}

Result<void> Deciding::step_done(const Json& output) {
  auto& current = begun();
  add_result(current, output);
  const auto result = current.result;
  if (dump_json(result).size() > max_saved_bytes)
    return fail(ErrorCode::resource_exhausted, fmt::format("result of step {} is larger than {} bytes", step(current.step).name, max_saved_bytes), "result_too_large");
  current.done = true;
  run().results.as_object()[step(current.step).name] = result;
  show_steps();
  STELLWERK_CHECK(save(step(current.step), current, result));
  note({{"type", "step_done"}, {"step", step(current.step).name}, {"result", result}});
  end_attempt();
  return go_on(current.step + 1);
}

Result<void> Deciding::save(const Step& saved, BegunStep& current, const Json& output) {
  const auto* call = std::get_if<CallStep>(&saved.body);
  const auto* action = std::get_if<ActionStep>(&saved.body);
  const auto* fields = call != nullptr ? &call->operation.output : action != nullptr ? &action->action.output : nullptr;
  put(slot::result, fields == nullptr || fields->empty() ? cel::from_json(output) : decode_object(*fields, output));
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
  return saved.save.empty() ? Result<void>{} : check_size();
}

void Deciding::end_run(std::string_view status) {
  end_attempt();
  // A run that began in this very decision has no row of an attempt yet, and one that had must not be forgotten over it.
  if (snapshot_.cursor.run && snapshot_.cursor.run->id == run().id) decision_.attempt_ended = run().id;
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
