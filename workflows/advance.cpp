// advance(): which event may do what, now. The only place that decides what happens next; see also transitions.cpp, run.cpp, undo.cpp.

#include <fmt/format.h>

#include <algorithm>

#include "core/match.hpp"
#include "workflows/deciding.hpp"

namespace stellwerk::workflows {
namespace {

bool may(const EventSpec& spec, const std::string& role) {
  if (role == "system") return true;
  const auto has = [&](std::string_view r) { return std::find(spec.allow.begin(), spec.allow.end(), r) != spec.allow.end(); };
  return has(role) || (role == "admin" && has("staff"));
}

Error refusal(ErrorCode code, std::string reason, std::string message) { return Error{code, std::move(message), std::move(reason)}; }

/// True when some state of the definition names the event: deferring it makes sense.
bool is_named(const Definition& definition, std::string_view event) {
  if (definition.on.find(event) != definition.on.end()) return true;
  return std::any_of(definition.states.begin(), definition.states.end(), [&](const State& s) { return !s.works() && s.on.find(event) != s.on.end(); });
}

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

}  // namespace

Deciding::Deciding(const Definition& definition, const Snapshot& snapshot, const Event& event, Time now)
    : definition_{definition}, snapshot_{snapshot}, event_{event}, asked_now_{now} {
  if (const auto uuid = parse_id(event.id.str())) seed_ = *uuid;
  reset();
}

void Deciding::reset() {
  now_ = std::max(asked_now_, snapshot_.cursor.last);
  next_ = snapshot_;
  state_ = snapshot_.state;
  decision_ = {};
  derived_ = 0;
  frame_.assign(definition_.frame_size(), cel::Value{});
  put(slot::now, cel::Value::of_time(now_));
  put(slot::id, cel::Value::of_string(snapshot_.id.str()));
  put(slot::tenant, cel::Value::of_string(snapshot_.tenant.str()));
  if (!snapshot_.customer.empty()) put(slot::customer, cel::Value::of_string(snapshot_.customer));
  for (const int empty : {slot::event, slot::run_event, slot::result, slot::steps, slot::error}) put(empty, cel::Value::of_map({}));
  for (std::size_t i = 0; i < snapshot_.attributes.size() && i < definition_.attributes.size(); ++i)
    put(definition_.attribute_slot(static_cast<int>(i)), snapshot_.attributes[i]);
  for (std::size_t i = 0; i < snapshot_.settings.size() && i < definition_.settings.size(); ++i)
    put(definition_.setting_slot(static_cast<int>(i)), snapshot_.settings[i]);
  if (state_ >= 0) show_state();
  if (next_.cursor.run) show_run();
}

void Deciding::show_state() {
  put(slot::state, cel::Value::of_string(state().name));
  put(slot::status, cel::Value::of_string(state().status));
}

void Deciding::show_run() {
  put(slot::run_event, cel::from_json(run().payload));
  put(slot::steps, cel::from_json(run().results));
  if (run().error.is_object()) put(slot::error, cel::from_json(run().error));
}

std::string Deciding::derive(std::string_view prefix, std::string_view what) {
  return format_id(prefix, derive_uuid(seed_, fmt::format("{}:{}:{}", next_.id.str(), what, derived_++)));
}

Result<void> Deciding::count_move() {
  if (++next_.cursor.moves > max_moves)
    return fail(ErrorCode::resource_exhausted, fmt::format("workflow {} made {} moves in state {} without an event from outside; it does not come to rest",
                                                           definition_.name, max_moves, state().name), "too_many_moves");
  return {};
}

void Deciding::set_timer(const std::string& name, Time due) {
  next_.cursor.timers[name] = due;
  decision_.timers_set.push_back(name);
  std::erase(decision_.timers_cleared, name);
  note({{"type", "timer_set"}, {"timer", name}, {"due", format_time(due)}});
}

void Deciding::clear_timer(const std::string& name) {
  if (next_.cursor.timers.erase(name) == 0) return;
  std::erase(decision_.timers_set, name);
  decision_.timers_cleared.push_back(name);
}

Result<Decision> Deciding::decide() {
  if (event_.depth > 64) return fail(ErrorCode::resource_exhausted, "messages caused one another 64 times in a row", "causation_depth");
  const auto outside = !std::holds_alternative<Tried>(event_.body);
  if (outside) next_.cursor.moves = 0;
  STELLWERK_CHECK(std::visit(match{
      [&](const Born& b) { return born(b); },
      [&](const Command& c) { return asked(c.name, c.payload, true, 0, false); },
      [&](const Message& m) { return asked(m.name, m.payload, false, m.seq, false); },
      [&](const Turn& t) { return asked(t.name, t.payload, t.command, t.seq, true); },
      [&](const TimerDue& t) { return timer(t); },
      [&](const Tried& t) { return tried(t); },
      [&](const Remedy& r) { return remedy(r); },
  }, event_.body));
  if (decision_.messages.size() > max_messages)
    return fail(ErrorCode::resource_exhausted, fmt::format("a decision of workflow {} sends {} messages; at most {} are taken", definition_.name,
                                                           decision_.messages.size(), max_messages), "too_many_messages");
  next_.state = state_;
  next_.cursor.last = now_;
  for (std::size_t i = 0; i < next_.attributes.size(); ++i) next_.attributes[i] = frame_[static_cast<std::size_t>(definition_.attribute_slot(static_cast<int>(i)))];
  decision_.state = state().name;
  decision_.status = state().status;
  decision_.live = !state().final;
  decision_.next = std::move(next_);
  return std::move(decision_);
}

Result<void> Deciding::born(const Born& born) {
  if (state_ >= 0) return fail(ErrorCode::conflict, fmt::format("actor {} exists already", next_.id.str()), "exists");
  std::vector<Field> fields;
  for (const auto& attribute : definition_.attributes) fields.push_back(attribute.field);
  STELLWERK_TRY(auto attributes, check_object(fields, born.attributes));
  next_.attributes.assign(definition_.attributes.size(), cel::Value{});
  for (std::size_t i = 0; i < definition_.attributes.size(); ++i)
    if (const auto* value = find_member(attributes, definition_.attributes[i].field.name))
      put(definition_.attribute_slot(static_cast<int>(i)), decode(definition_.attributes[i].field.type, *value));
  decision_.applied_payload = attributes;
  note({{"type", "created"}, {"kind", definition_.kind}, {"workflow", definition_.name}, {"by", {{"id", event_.by.id}, {"role", event_.by.role}}}});
  return enter(definition_.initial);
}

Result<bool> Deciding::take(const Candidates& candidates) {
  for (const auto& candidate : candidates) {
    if (candidate.when) {
      auto holds = candidate.when.test(frame());
      if (!holds) return wrap(std::move(holds).error(), fmt::format("condition '{}' at line {} of workflow {}", candidate.when.source(), candidate.place.line, definition_.name));
      if (!*holds) continue;
    }
    STELLWERK_CHECK(apply(candidate));
    return true;
  }
  return false;
}

/// A command, a message, or the turn of a deferred one.
Result<void> Deciding::asked(const std::string& name, const Json& payload, bool command, std::int64_t seq, bool turn) {
  const auto refuse = [&](Error error) -> Result<void> {
    // Who gives a command is told; a message or a deferred event has nobody to tell, so the refusal is recorded and the row goes.
    if (command && !turn) return fail(std::move(error));
    JsonObject entry{{"type", "event_refused"}, {"event", name}, {"id", event_.id.str()}, {"reason", error.reason.empty() ? std::string{to_string(error.code)} : error.reason},
                     {"text", describe(error)}};
    note(std::move(entry));
    if (seq > 0) decision_.consumed.push_back(seq);
    return {};
  };
  if (state_ < 0) return fail(ErrorCode::not_found, fmt::format("actor {} does not exist", next_.id.str()));
  const auto found = definition_.events.find(name);
  if (found == definition_.events.end() || (command && found->second.allow.empty()))
    return refuse(refusal(ErrorCode::not_found, "unknown_command", fmt::format("{} '{}' is not declared by workflow {}", command ? "command" : "event", name, definition_.name)));
  const auto& spec = found->second;
  if (command && !may(spec, event_.by.role))
    return refuse(refusal(ErrorCode::permission_denied, "role", fmt::format("role {} may not give command '{}'", event_.by.role, name)));
  auto checked = check_object(spec.with, payload);
  if (!checked) return refuse(std::move(checked).error());
  decision_.applied_payload = *checked;
  put(slot::event, cel::from_json(*checked));

  if (state().works()) {
    auto tried = while_busy(spec, *checked, command, seq, turn);
    if (!tried) return refuse(std::move(tried).error());
    return {};
  }
  const auto* candidates = definition_.candidates(state_, name);
  if (candidates == nullptr)
    return refuse(refusal(ErrorCode::conflict, "not_allowed_now", fmt::format("'{}' is not possible in state {}", name, state().name)));
  JsonObject entry{{"type", "event"}, {"event", name}, {"id", event_.id.str()}, {"by", {{"id", event_.by.id}, {"role", event_.by.role}}}, {"payload", *checked}};
  if (turn) entry["deferred"] = true;
  note(std::move(entry));
  auto taken = take(*candidates);
  if (!taken) {
    // What was begun before the mistake showed is given up as a whole.
    auto error = std::move(taken).error();
    reset();
    if (command && !turn) return fail(std::move(error));
    decision_.applied_payload = *checked;
    keep_failed("message", name, *checked, error);
    if (seq > 0) decision_.consumed.push_back(seq);
    return {};
  }
  if (!*taken) {
    decision_.journal.clear();
    return refuse(refusal(ErrorCode::conflict, "not_allowed_now", fmt::format("'{}' is not possible now: none of its conditions holds in state {}", name, state().name)));
  }
  if (seq > 0) decision_.consumed.push_back(seq);
  return {};
}

/// In a working state: an interrupt, a deferral, or a refusal.
Result<void> Deciding::while_busy(const EventSpec& spec, const Json& payload, bool command, std::int64_t seq, bool turn) {
  const auto on = state().on.find(spec.name);
  const bool interrupts = on != state().on.end();
  const auto phase = run().phase == Phase::held ? run().held_phase : run().phase;
  const bool undoing = phase == Phase::undoing || phase == Phase::settling;
  if (interrupts && !undoing) {
    int index = 0;
    for (const auto& candidate : on->second) {
      bool holds = true;
      if (candidate.when) {
        STELLWERK_TRY(holds, candidate.when.test(frame()));
      }
      if (holds) {
        note({{"type", "event"}, {"event", spec.name}, {"id", event_.id.str()}, {"by", {{"id", event_.by.id}, {"role", event_.by.role}}}, {"payload", payload},
              {"interrupts", run().id.str()}});
        if (seq > 0) decision_.consumed.push_back(seq);
        if (run().phase == Phase::held) decision_.incidents_closed.push_back({run().incident, "interrupted", event_.by.id, spec.name});
        run().incident = {};
        run().ending = Ending{.what = Ending::What::interrupted, .event = spec.name, .transition = index, .payload = payload,
                              .undo = candidate.interrupt != Interrupt::keep};
        if (run().attempt) {
          run().phase = Phase::settling;
          decision_.settle_attempt = true;
          note_run("undoing", false);
          return {};
        }
        return begin_undo(*run().ending);
      }
      ++index;
    }
    return fail(ErrorCode::conflict, fmt::format("'{}' is not possible now: none of its conditions holds in state {}", spec.name, state().name), "not_allowed_now");
  }
  if (turn) return {};  // stays deferred until the actor waits again
  const bool named = interrupts || is_named(definition_, spec.name);
  if (command && spec.busy == Busy::refuse && !interrupts) {
    if (run().phase == Phase::held)
      return fail(ErrorCode::conflict, fmt::format("'{}' has to wait: run {} is held by incident {}", spec.name, run().id.str(), run().incident.str()), "incident_open");
    return fail(ErrorCode::conflict, fmt::format("'{}' is not possible while the actor is busy with {}", spec.name, state().name), "busy");
  }
  if (!named) return fail(ErrorCode::conflict, fmt::format("'{}' is not possible in any state of workflow {}", spec.name, definition_.name), "not_allowed_now");
  if (command) {
    const auto same = [&](const Deferred& d) { return d.event == spec.name; };
    if (run().event == spec.name || std::any_of(next_.deferred.begin(), next_.deferred.end(), same))
      return fail(ErrorCode::conflict, fmt::format("'{}' is already under way", spec.name), "duplicate_command");
  }
  if (next_.deferred.size() >= max_deferred)
    return fail(ErrorCode::resource_exhausted, fmt::format("{} events wait already for the end of {}", max_deferred, state().name), "too_many_deferred");
  decision_.defer = Deferred{seq, spec.name};
  if (seq > 0) decision_.consumed.push_back(seq);
  note({{"type", "event_deferred"}, {"event", spec.name}, {"id", event_.id.str()}, {"by", {{"id", event_.by.id}, {"role", event_.by.role}}}});
  return {};
}

Result<void> Deciding::timer(const TimerDue& due) {
  const auto live = next_.cursor.timers.find(due.name);
  if (state_ < 0 || live == next_.cursor.timers.end() || live->second != due.due || due.due > now_) return {};  // of an earlier state, or moved
  const auto& afters = state().after;
  const auto after = std::find_if(afters.begin(), afters.end(), [&](const After& a) { return a.name == due.name; });
  if (after == afters.end()) {
    clear_timer(due.name);
    note({{"type", "timer_dropped"}, {"timer", due.name}});
    return {};
  }
  now_ = std::max(due.due, next_.cursor.last);  // a late timer acts at its own time: what follows from it is reckoned from there
  put(slot::now, cel::Value::of_time(now_));
  clear_timer(due.name);
  note({{"type", "timer"}, {"timer", due.name}, {"due", format_time(due.due)}});
  auto taken = take(after->then);
  if (!taken) {
    auto error = std::move(taken).error();
    reset();
    clear_timer(due.name);
    keep_failed("timer", due.name, JsonObject{}, error);
  }
  return {};
}

/// A timer or message whose conditions cannot be evaluated: an incident keeps it for a person.
void Deciding::keep_failed(const std::string& type, const std::string& name, const Json& payload, const Error& error) {
  IncidentOpened incident{.id = IncidentId{derive("inc", "failed_event")}, .kind = "event_failed", .run = {}, .step = {}, .error_class = "expression",
                          .code = std::string{to_string(error.code)}, .text = describe(error), .detail = JsonObject{{"type", type}, {"name", name}, {"state", state().name}},
                          .remedies = {"retry", "skip"}};
  next_.cursor.failed.push_back({incident.id, type, name, payload});
  note({{"type", "incident_opened"}, {"incident", incident.id.str()}, {"kind", incident.kind}, {"text", incident.text}, {"event", name}});
  decision_.incidents.push_back(std::move(incident));
}

Result<void> Deciding::tried(const Tried& tried) {
  if (!next_.cursor.run || !run().attempt || run().attempt->id != tried.attempt || run().attempt->number != tried.number) return {};  // stale
  auto decided = on_outcome(tried.outcome);
  if (decided) return {};
  // An expression behind this outcome cannot be evaluated: the run is held where it stands, and the outcome is kept in the text.
  const auto error = std::move(decided).error();
  reset();
  note({{"type", "attempt"}, {"step", step(run().step).name}, {"key", run().attempt->key}, {"number", run().attempt->number}, {"outcome", to_string(tried.outcome.is)},
        {"text", tried.outcome.text}});
  if (!run().begun.empty()) begun().touched = true;
  hold(Outcome{.is = OutcomeClass::rejected_operator, .code = "expression", .text = describe(error)});
  return {};
}

Result<void> Deciding::remedy(const Remedy& remedy) {
  const auto close = [&] {
    decision_.incidents_closed.push_back({remedy.incident, std::string{remedy_name(remedy.what)}, event_.by.id, remedy.note});
    note({{"type", "incident_closed"}, {"incident", remedy.incident.str()}, {"remedy", remedy_name(remedy.what)}, {"note", remedy.note},
          {"by", {{"id", event_.by.id}, {"role", event_.by.role}}}});
  };
  auto& failed = next_.cursor.failed;
  if (const auto it = std::find_if(failed.begin(), failed.end(), [&](const FailedEvent& f) { return f.incident == remedy.incident; }); it != failed.end()) {
    if (remedy.what != Remedy::What::retry && remedy.what != Remedy::What::skip)
      return fail(ErrorCode::invalid_argument, "this incident offers the remedies retry and skip", "remedy_not_offered");
    const auto event = *it;
    failed.erase(it);
    close();
    if (remedy.what == Remedy::What::skip) return {};
    if (event.type == "message") return asked(event.name, event.payload, false, 0, false);
    const auto& afters = state().after;
    const auto after = std::find_if(afters.begin(), afters.end(), [&](const After& a) { return a.name == event.name; });
    if (after == afters.end()) return {};
    STELLWERK_TRY([[maybe_unused]] const bool taken, take(after->then));
    return {};
  }
  if (!next_.cursor.run || run().phase != Phase::held || run().incident != remedy.incident)
    return fail(ErrorCode::not_found, fmt::format("incident {} is not open", remedy.incident.str()), "incident_not_open");

  const bool undoing = run().held_phase == Phase::undoing;
  using What = Remedy::What;
  switch (remedy.what) {
    case What::retry:
      close();
      run().incident = {};
      run().phase = run().held_phase;
      note_run(undoing ? "undoing" : "running", false);
      if (undoing) return undo_next();
      return resume();
    case What::skip:
      close();
      run().incident = {};
      run().phase = run().held_phase;
      note_run(undoing ? "undoing" : "running", false);
      if (undoing) return undone();
      if (run().phase == Phase::settling) return begin_undo(*run().ending);
      note({{"type", "step_skipped"}, {"step", step(run().step).name}, {"note", remedy.note}});
      return go_on(run().step + 1);
    case What::edit: {
      if (undoing || run().begun.empty()) return fail(ErrorCode::invalid_argument, "there is no input of a step to edit", "remedy_not_offered");
      const auto* call = std::get_if<CallStep>(&step(run().step).body);
      const auto* action = std::get_if<ActionStep>(&step(run().step).body);
      const auto& fields = call != nullptr ? call->operation.input : action->action.input;
      auto input = begun().input.is_object() ? begun().input.get_object() : JsonObject{};
      if (!remedy.input.is_object()) return fail(ErrorCode::invalid_argument, "the edited input is an object");
      for (const auto& member : remedy.input.get_object()) input[member.key()] = member.value();
      STELLWERK_TRY(begun().input, check_object(fields, Json(std::move(input)), "/input"));
      ++begun().n;
      close();
      run().incident = {};
      run().phase = run().held_phase;
      note_run("running", false);
      return resume();
    }
    case What::done:
      close();
      run().incident = {};
      run().phase = run().held_phase;
      note_run(undoing ? "undoing" : "running", false);
      if (undoing) return undone();
      if (!run().begun.empty()) begun().touched = true;
      if (run().phase == Phase::settling) return begin_undo(*run().ending);
      if (run().begun.empty() || begun().step != run().step) return go_on(run().step + 1);
      return step_done(remedy.output);
    case What::fail:
      if (undoing || state().failed_is_incident) return fail(ErrorCode::invalid_argument, "this incident does not offer the remedy fail", "remedy_not_offered");
      close();
      run().incident = {};
      return begin_undo(Ending{});
  }
  return {};
}

Result<Decision> advance(const Definition& definition, const Snapshot& snapshot, const Event& event, Time now) {
  return Deciding{definition, snapshot, event, now}.decide();
}

bool is_nothing(const Decision& decision) { return decision.journal.empty() && decision.consumed.empty() && !decision.attempt_changed && !decision.attempt_ended; }

std::vector<std::string> allowed_commands(const Definition& definition, const Snapshot& snapshot, const std::string& role) {
  std::vector<std::string> names;
  if (snapshot.state < 0) return names;
  const auto& state = definition.states[static_cast<std::size_t>(snapshot.state)];
  for (const auto& [name, spec] : definition.events) {
    if (spec.allow.empty() || !may(spec, role)) continue;
    if (state.works()) {
      if (state.on.find(name) != state.on.end() || (spec.busy == Busy::defer && is_named(definition, name))) names.push_back(name);
    } else if (definition.candidates(snapshot.state, name) != nullptr) {
      names.push_back(name);
    }
  }
  return names;
}

}  // namespace stellwerk::workflows
