// Runs: the steps of a work, one after the other. Several at once and once per element: branches.cpp; what follows from the outcome
// of a try: outcomes.cpp.

#include <fmt/format.h>

#include <algorithm>

#include "workflows/advance/deciding.hpp"
#include "workflows/secrets.hpp"

namespace stellwerk::workflows {
namespace {

/// Where the lists of a decision ended, so that what a failed step has added can be given up.
struct Mark {
  explicit Mark(const Decision& d)
      : journal{d.journal.size()}, notices{d.notices.size()}, messages{d.messages.size()}, created{d.created.size()}, actions{d.actions.size()} {}
  void go_back(Decision& d) const {
    const auto cut = [](auto& list, std::size_t size) { list.erase(list.begin() + static_cast<std::ptrdiff_t>(size), list.end()); };
    cut(d.journal, journal), cut(d.notices, notices), cut(d.messages, messages), cut(d.created, created), cut(d.actions, actions);
  }
  std::size_t journal, notices, messages, created, actions;
};

Error with_fields(Error error) {
  for (const auto& field : error.fields) error.message += fmt::format("; {}: {}", field.pointer, field.message);
  return error;
}

const std::vector<Field>* remote_output(const Step& step) {
  if (const auto* call = std::get_if<CallStep>(&step.body)) return &call->operation.output;
  if (const auto* action = std::get_if<ActionStep>(&step.body)) return &action->action.output;
  return nullptr;
}

/// The step of this name, also one inside of a `parallel` or `each`; nullptr when there is none.
const Step* find_step(const std::vector<Step>& steps, std::string_view name) {
  for (const auto& step : steps) {
    if (step.name == name) return &step;
    if (const auto* inner = inner_steps(step))
      if (const auto* found = find_step(*inner, name)) return found;
  }
  return nullptr;
}

/// A step's result as expressions see it: every declared field is there.
cel::Value result_value(const Definition& definition, const Step* step, const Json& result) {
  const auto* output = step == nullptr ? nullptr : remote_output(*step);
  if (output != nullptr && !output->empty()) return decode_object(*output, result);
  if (step != nullptr && std::holds_alternative<WaitStep>(step->body)) return decode_object(output_of(definition, *step), result);
  return cel::from_json(result);
}

/// What is left of a step that failed while the run went on.
cel::Value failure_value(const Step* step, const Json& result) {
  auto entries = cel::from_json(result).as_map();
  if (const auto* output = step == nullptr ? nullptr : remote_output(*step))
    for (const auto& field : *output) entries.emplace_back(cel::Value::of_string(field.name), cel::Value{});
  return cel::Value::of_map(std::move(entries));
}

}  // namespace

const std::vector<Step>* inner_steps(const Step& step) {
  if (const auto* parallel = std::get_if<ParallelStep>(&step.body)) return parallel->steps.get();
  if (const auto* each = std::get_if<EachStep>(&step.body)) return each->steps.get();
  return nullptr;
}

std::vector<Field> output_of(const Definition& definition, const Step& step) {
  if (const auto* output = remote_output(step)) return *output;
  std::vector<Field> fields;
  if (const auto* wait = std::get_if<WaitStep>(&step.body))
    for (const auto& event : wait->events)
      if (const auto spec = definition.events.find(event); spec != definition.events.end()) fields.insert(fields.end(), spec->second.with.begin(), spec->second.with.end());
  return fields;
}

/// The run may have been started by any of several events: fields that only the others have are there, and null.
cel::Value Deciding::run_event() const {
  cel::Entries entries = event_value(run().event, run().payload).as_map();
  const auto has = [&](const std::string& name) { return std::any_of(entries.begin(), entries.end(), [&](const auto& e) { return e.first.as_string() == name; }); };
  for (const auto& [name, spec] : definition_.events)
    for (const auto& field : spec.with)
      if (!has(field.name)) entries.emplace_back(cel::Value::of_string(field.name), cel::Value{});
  return cel::Value::of_map(std::move(entries));
}

void Deciding::show_run() {
  if (reads(slot::run_event)) put(slot::run_event, run_event());
  show_steps();
  show_item();
  show_error();
  show_references();
}

void Deciding::show_error() {
  if (reads(slot::error)) put(slot::error, run().error.is_object() ? cel::from_json(run().error) : cel::Value{});
}

void Deciding::show_steps() {
  if (!reads(slot::steps)) return;
  cel::Entries entries;
  entries.reserve(run().results.get_object().size());
  for (const auto& member : run().results.get_object()) {
    const auto* found = find_step(work().steps, std::string_view{member.key()});
    const bool failed = find_member(member.value(), "failed") != nullptr && find_member(member.value(), "class") != nullptr;
    entries.emplace_back(cel::Value::of_string(std::string{member.key()}),
                         failed ? failure_value(found, member.value()) : result_value(definition_, found, member.value()));
  }
  put(slot::steps, cel::Value::of_map(std::move(entries)));
}

Result<void> Deciding::begin_run(int index) {
  Run begun_run;
  begun_run.id = RunId{derive("run", "run")};
  begun_run.work = index;
  begun_run.event = cause_;
  begun_run.payload = cause_payload_.is_object() ? cause_payload_ : Json(JsonObject{});
  begun_run.by = event_.by;
  begun_run.trace = event_.trace;
  begun_run.started = now_;
  for (std::size_t i = 0; i < snapshot_.settings.size() && i < definition_.settings.size(); ++i) {
    const auto& setting = definition_.settings[i];
    if (!(snapshot_.settings[i] == setting.initial)) begun_run.settings[setting.field.name] = encode(setting.field.type, snapshot_.settings[i]);
  }
  next_.cursor.run = std::move(begun_run);
  at_ = {};
  decision_.started_run = run().id;
  note({{"type", "run_started"}, {"run", run().id.str()}, {"state", state().name}, {"work", work().name}, {"event", run().event}});
  note_run("running", false);
  show_run();
  return go_on(0);
}

void Deciding::show_settings() {
  const bool keeps = next_.cursor.run.has_value();
  for (std::size_t i = 0; i < snapshot_.settings.size() && i < definition_.settings.size(); ++i) {
    const auto& setting = definition_.settings[i];
    const auto* kept = keeps ? run().settings.if_contains(setting.field.name) : nullptr;
    put(definition_.setting_slot(static_cast<int>(i)), kept != nullptr ? decode(setting.field.type, *kept) : keeps ? setting.initial : snapshot_.settings[i]);
  }
}

void Deciding::note_run(std::string_view status, bool ended) {
  const bool at_a_step = run().at.step < static_cast<int>(work().steps.size());
  RunNote entry{run().id, run().event, state().name, std::string{status}, at_a_step ? step(run().at).name : "", run().started, ended};
  const auto known = std::find_if(decision_.runs.begin(), decision_.runs.end(), [&](const RunNote& n) { return n.id == entry.id; });
  if (known == decision_.runs.end()) decision_.runs.push_back(std::move(entry));
  else *known = std::move(entry);
}

void Deciding::note_set(JsonObject shown) {
  if (shown.empty()) return;
  mask_attributes(definition_, shown);
  note({{"type", "set"}, {"attributes", std::move(shown)}});
}

Result<void> Deciding::go_on(int index) {
  at_ = StepAt{.step = index};
  return walk();
}

Result<void> Deciding::go_on_after() {
  if (is_branch()) {
    run().finished.push_back(at_);
    return branch_ended();
  }
  next_place();
  return walk();
}

void Deciding::next_place() {
  if (at_.item < 0) {
    at_ = StepAt{.step = at_.step + 1};
    return;
  }
  const auto& each = work().steps[static_cast<std::size_t>(at_.step)];
  if (++at_.inner >= static_cast<int>(inner_steps(each)->size())) next_element();
}

Result<void> Deciding::walk() {
  for (;; next_place()) {
    run().at = at_;
    if (at_.step >= static_cast<int>(work().steps.size())) return finish(work().done, "done");
    if (at_.inner < 0) STELLWERK_CHECK(count_move());  // an `each` counts once: its elements are bounded
    if (here().when) {
      auto holds = here().when.test(frame());
      if (!holds) {
        STELLWERK_TRY(const auto flow, cannot_begin("expression", holds.error()));
        if (flow == Flow::on) continue;
        return {};
      }
      if (!*holds) {
        note({{"type", "step_skipped"}, {"step", here().name}});
        continue;
      }
    }
    STELLWERK_TRY(const auto flow, begin_step());
    if (flow != Flow::on) return {};
  }
}

Result<Flow> Deciding::begin_step() {
  const auto& body = here().body;
  if (const auto* call = std::get_if<CallStep>(&body)) return begin_remote(call->operation.input, call->with, call->on_server, call->operation.subs.empty() ? -1 : 0);
  if (const auto* action = std::get_if<ActionStep>(&body)) return begin_remote(action->action.input, action->with, {}, -1);
  if (const auto* leave = std::get_if<LeaveStep>(&body)) return begin_leave(*leave);
  if (const auto* wait = std::get_if<WaitStep>(&body)) return begin_wait(wait->timeout);
  if (const auto* approve = std::get_if<ApproveStep>(&body)) return begin_wait(approve->timeout);
  if (const auto* parallel = std::get_if<ParallelStep>(&body)) return begin_parallel(*parallel);
  if (const auto* each = std::get_if<EachStep>(&body)) return begin_each(*each);
  return begin_local(std::get<LocalStep>(body));
}

Result<Flow> Deciding::cannot_begin(std::string code, const Error& error) {
  const Outcome outcome{.is = OutcomeClass::rejected_operator, .code = std::move(code), .text = describe(error), .sent = false};
  if (run().phase == Phase::forward && reaction_to(outcome, false).what == Reaction::What::go_on) {
    note_error(to_string(outcome.is), outcome);
    note_failed(outcome, to_string(outcome.is));
    return Flow::on;
  }
  STELLWERK_CHECK(step_failed(outcome, false));
  return Flow::waits;
}

Result<Flow> Deciding::begin_leave(const LeaveStep& leave) {
  note({{"type", "step_done"}, {"step", here().name}});
  end_run("done");
  STELLWERK_CHECK(leave_state());
  STELLWERK_CHECK(effects(leave.effects));
  STELLWERK_CHECK(enter(leave.to));
  return Flow::left;
}

/// Happens as a whole or not at all: what a failed one has set, sent or created so far is given up.
Result<Flow> Deciding::begin_local(const LocalStep& local) {
  auto frame_before = frame_;
  auto rows_before = shown_;
  const Mark before{decision_};
  const auto done = effects(local.effects);
  if (!done) {
    frame_ = std::move(frame_before);
    shown_ = std::move(rows_before);
    before.go_back(decision_);
    const auto& reason = done.error().reason;
    const bool over = reason.ends_with("_too_large") || reason.starts_with("too_many_");
    return cannot_begin(over ? reason : "expression", done.error());
  }
  run().results.as_object()[here().name] = JsonObject{};
  show_steps();
  note({{"type", "step_done"}, {"step", here().name}});
  return Flow::on;
}

/// A call or an action: what it gets is evaluated once, and frozen.
Result<Flow> Deciding::begin_remote(const std::vector<Field>& fields, const cel::Template& with, const cel::Program& on_server, int sub) {
  std::string server;
  if (on_server) {
    auto value = on_server.evaluate(frame());
    if (!value) return cannot_begin("expression", value.error());
    if (value->kind() != cel::Kind::string)
      return cannot_begin("no_server", Error{ErrorCode::invalid_argument, fmt::format("on_server '{}' names no server", on_server.source())});
    server = value->as_string();
  }
  Json input = JsonObject{};
  if (with) {
    auto value = with.evaluate(frame());
    if (!value) return cannot_begin("expression", value.error());
    input = encode_object(fields, *value);
  }
  auto checked = check_object(fields, input);
  if (!checked) return cannot_begin("invalid_input", with_fields(checked.error()));
  run().begun.push_back({.at = at_, .sub = sub, .n = 1 + times_redone(run()), .input = std::move(*checked), .server = std::move(server)});
  STELLWERK_CHECK(resume());
  return Flow::waits;
}

Result<void> Deciding::step_done(const Json& output) {
  const auto& name = here().name;
  STELLWERK_CHECK(add_result(begun(), output));
  begun().done = true;
  run().results.as_object()[name] = begun().result;
  show_steps();
  STELLWERK_CHECK(save(here(), begun(), begun().result));
  Json room;
  note({{"type", "step_done"}, {"step", name}, {"result", shown_result(begun().result, room)}});
  end_attempt();
  return go_on_after();
}

const Json& Deciding::shown_result(const Json& result, Json& room) const {
  if (const auto* output = remote_output(here())) return shown(*output, result, room);
  const auto* wait = std::get_if<WaitStep>(&here().body);
  return wait == nullptr ? result : shown(output_of(definition_, here()), result, room);
}

Result<void> Deciding::save(const Step& saved, BegunStep& current, const Json& output) {
  if (saved.save.empty()) return {};
  put(slot::result, result_value(definition_, &saved, output));
  JsonObject shown;
  for (const auto& [attribute, path] : saved.save) {
    const auto& field = definition_.attributes[static_cast<std::size_t>(attribute)].field;
    auto value = path.evaluate(frame());
    if (!value) return wrap(std::move(value).error(), fmt::format("save attribute {} of step {}", field.name, saved.name));
    auto json = encode(field.type, *value);
    std::vector<FieldProblem> problems;
    check_value(field.type, json, "/" + field.name, problems);
    if (!problems.empty())
      return fail(ErrorCode::invalid_argument, fmt::format("attribute {} cannot take the result of step {}: {}", field.name, saved.name, problems.front().message));
    current.before.emplace_back(attribute, encode(field.type, frame_[static_cast<std::size_t>(definition_.attribute_slot(attribute))]));
    set_attribute(attribute, json);
    shown[field.name] = std::move(json);
  }
  note_set(std::move(shown));
  STELLWERK_CHECK(compute());
  return check_size();
}

void Deciding::end_run(std::string_view status) {
  end_attempts();
  stop_waiting();
  note({{"type", "run_ended"}, {"run", run().id.str()}, {"status", status}});
  note_run(status, true);
  next_.cursor.run.reset();
  show_settings();
}

/// In place it is fine when nothing follows: the actor waits where it is.
Result<void> Deciding::finish(const Candidates& candidates, std::string_view status) {
  const auto& ended = work();
  end_run(status);
  if (candidates.empty() && ended.in_place) return {};
  STELLWERK_TRY(const bool taken, take(candidates));
  if (!taken && !ended.in_place)
    return fail(ErrorCode::internal, fmt::format("no candidate of '{}' holds in state {} of workflow {}", status, ended.name, definition_.name), "no_candidate");
  return {};
}

}  // namespace stellwerk::workflows
