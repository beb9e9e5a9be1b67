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
  // an admin is staff, and a reseller a customer, with more besides
  return has(role) || (role == "admin" && has("staff")) || (role == "reseller" && has("customer"));
}

/// A message is taken from the kinds of actors that `from` names. Ids whose prefix tells no kind, and the engine itself, pass
/// when messages are taken at all.
bool may_send(const EventSpec& spec, std::string_view sender) {
  if (sender.empty()) return true;
  const auto kind = kind_of(sender);
  return kind.empty() ? !spec.from.empty() : std::find(spec.from.begin(), spec.from.end(), kind) != spec.from.end();
}

/// Where a held run goes on, or where another is.
Phase going_on(const Run& run) { return run.phase == Phase::held ? run.held_phase : run.phase; }

/// Undo is not interruptible, except on the way back to an earlier step of the same run.
bool may_interrupt(const Run& run) {
  const auto phase = going_on(run);
  return phase == Phase::forward || (phase == Phase::undoing && run.ending && run.ending->what == Ending::What::redo);
}

/// A command of this name is deferred, started the run in hand, or has interrupted it.
bool is_under_way(const Snapshot& snapshot, std::string_view event) {
  const auto& run = snapshot.cursor.run;
  if (run && (run->event == event || (run->ending && run->ending->what == Ending::What::interrupted && run->ending->event == event))) return true;
  return std::any_of(snapshot.deferred.begin(), snapshot.deferred.end(), [&](const Deferred& d) { return d.event == event; });
}

Error refusal(ErrorCode code, std::string reason, std::string message) { return Error{code, std::move(message), std::move(reason)}; }

constexpr int max_depth = 64;
Error too_deep() { return refusal(ErrorCode::resource_exhausted, "causation_depth", fmt::format("messages caused one another {} times in a row", max_depth)); }

/// The declared output of a step; nullptr when it has none.
const std::vector<Field>* output_of(const Step& step) {
  const std::vector<Field>* output = nullptr;
  if (const auto* call = std::get_if<CallStep>(&step.body)) output = &call->operation.output;
  if (const auto* action = std::get_if<ActionStep>(&step.body)) output = &action->action.output;
  return output == nullptr || output->empty() ? nullptr : output;
}

/// True when some state of the definition names the event: deferring it makes sense.
bool is_named(const Definition& definition, std::string_view event) {
  if (definition.on.find(event) != definition.on.end()) return true;
  return std::any_of(definition.states.begin(), definition.states.end(), [&](const State& s) { return !s.works() && s.on.find(event) != s.on.end(); });
}

}  // namespace

Deciding::Deciding(const Definition& definition, const Snapshot& snapshot, const Event& event, Time now)
    : definition_{definition}, snapshot_{snapshot}, event_{event}, asked_now_{now}, wall_{std::max(now, snapshot.cursor.last)} {
  if (const auto uuid = parse_id(event.id.str())) seed_ = *uuid;
  reset();
}

void Deciding::reset() {
  now_ = wall_;
  next_ = snapshot_;
  if (!std::holds_alternative<Tried>(event_.body)) next_.cursor.moves = 0;  // from outside
  state_ = snapshot_.state;
  decision_ = {};
  derived_ = 0;
  entered_ = false;
  cause_ = snapshot_.cursor.run ? snapshot_.cursor.run->event : std::string{};
  cause_payload_ = snapshot_.cursor.run ? snapshot_.cursor.run->payload : Json(JsonObject{});
  frame_.assign(definition_.frame_size(), cel::Value{});
  put(slot::now, cel::Value::of_time(now_));
  put(slot::id, cel::Value::of_string(snapshot_.id.str()));
  put(slot::tenant, cel::Value::of_string(snapshot_.tenant.str()));
  if (!snapshot_.customer.empty()) put(slot::customer, cel::Value::of_string(snapshot_.customer));
  for (const int empty : {slot::event, slot::run_event, slot::result, slot::steps}) put(empty, cel::Value::of_map({}));
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
  // The run may have been started by any of several events: fields that only the others have are there, and null.
  cel::Entries entries = event_value(run().event, run().payload).as_map();
  const auto has = [&](const std::string& name) { return std::any_of(entries.begin(), entries.end(), [&](const auto& e) { return e.first.as_string() == name; }); };
  for (const auto& [name, spec] : definition_.events)
    for (const auto& field : spec.with)
      if (!has(field.name)) entries.emplace_back(cel::Value::of_string(field.name), cel::Value{});
  put(slot::run_event, cel::Value::of_map(std::move(entries)));
  show_steps();
  put(slot::error, run().error.is_object() ? cel::from_json(run().error) : cel::Value{});
}

void Deciding::show_steps() {
  cel::Entries entries;
  for (const auto& member : run().results.get_object()) {
    const auto found = std::find_if(state().steps.begin(), state().steps.end(), [&](const Step& s) { return s.name == std::string_view{member.key()}; });
    const auto* output = found == state().steps.end() ? nullptr : output_of(*found);
    entries.emplace_back(cel::Value::of_string(std::string{member.key()}), output == nullptr ? cel::from_json(member.value()) : decode_object(*output, member.value()));
  }
  put(slot::steps, cel::Value::of_map(std::move(entries)));
}

/// A payload as expressions see it: every declared field is there.
cel::Value Deciding::event_value(const std::string& name, const Json& payload) const {
  const auto spec = definition_.events.find(name);
  return spec == definition_.events.end() ? cel::from_json(payload.is_object() ? payload : Json(JsonObject{})) : decode_object(spec->second.with, payload);
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
  if (const auto id = parse_id(event_.id.str()); !id) return wrap(id.error(), "an event carries an id, from which the ids of its decision follow");
  STELLWERK_CHECK(std::visit(match{
      [&](const Born& b) { return born(b); },
      [&](const Command& c) { return asked(c.name, c.payload, true, 0, false); },
      [&](const Message& m) { return asked(m.name, m.payload, false, m.seq, false); },
      [&](const Turn& t) { return asked(t.name, t.payload, t.command, t.seq, true); },
      [&](const TimerDue& t) { return timer(t); },
      [&](const Tried& t) { return tried(t); },
      [&](const Remedy& r) { return remedy(r); },
  }, event_.body));
  stay_awake();
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
  if (event_.depth > max_depth) return fail(too_deep());
  std::vector<Field> fields;
  for (const auto& attribute : definition_.attributes) fields.push_back(attribute.field);
  STELLWERK_TRY(auto attributes, check_object(fields, born.attributes));
  next_.attributes.assign(definition_.attributes.size(), cel::Value{});
  for (std::size_t i = 0; i < definition_.attributes.size(); ++i)
    if (const auto* value = find_member(attributes, definition_.attributes[i].field.name))
      put(definition_.attribute_slot(static_cast<int>(i)), decode(definition_.attributes[i].field.type, *value));
  STELLWERK_CHECK(check_size());
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
  if (state_ < 0) return fail(ErrorCode::not_found, fmt::format("actor {} does not exist", next_.id.str()));
  // Who gives a command or a remedy is told why not. A message or a deferred event has nobody to tell: its refusal is recorded …
  const bool told = (command && !turn) || std::holds_alternative<Remedy>(event_.body);
  const auto refuse = [&](Error error) -> Result<void> {
    if (told) return fail(std::move(error));
    note({{"type", "event_refused"}, {"event", name}, {"id", event_.id.str()}, {"reason", error.reason.empty() ? std::string{to_string(error.code)} : error.reason},
          {"text", describe(error)}});
    if (seq > 0) decision_.consumed.push_back(seq);
    return {};
  };
  // … and what could not be decided is kept by an incident. What was begun before the mistake showed is given up as a whole.
  const auto keep = [&](Error error, const Json& kept) -> Result<void> {
    if (told) return fail(std::move(error));
    reset();
    keep_failed("message", name, kept, error);
    if (seq > 0) decision_.consumed.push_back(seq);
    return {};
  };
  if (event_.depth > max_depth) return keep(too_deep(), payload);
  const auto found = definition_.events.find(name);
  if (found == definition_.events.end() || (command && found->second.allow.empty()))
    return refuse(refusal(ErrorCode::not_found, "unknown_command", fmt::format("{} '{}' is not declared by workflow {}", command ? "command" : "event", name, definition_.name)));
  const auto& spec = found->second;
  if (command && !may(spec, event_.by.role))
    return refuse(refusal(ErrorCode::permission_denied, "role", fmt::format("role {} may not give command '{}'", event_.by.role, name)));
  if (const auto* message = std::get_if<Message>(&event_.body); message != nullptr && !may_send(spec, message->sender))
    return refuse(refusal(ErrorCode::permission_denied, "sender", fmt::format("'{}' is not taken from {}", name, message->sender)));
  if (dump_json(payload).size() > max_event_bytes)
    return keep(refusal(ErrorCode::invalid_argument, "event_too_large", fmt::format("the payload of '{}' is larger than {} bytes", name, max_event_bytes)), JsonObject{});
  auto checked = check_object(spec.with, payload);
  if (!checked) return keep(std::move(checked).error(), payload);
  cause_ = name;
  cause_payload_ = *checked;
  decision_.applied_payload = *checked;
  put(slot::event, event_value(name, *checked));

  if (state().works()) {
    auto tried = while_busy(spec, *checked, command, seq, turn);
    if (tried) return {};
    const bool refused = tried.error().code == ErrorCode::conflict;
    return refused ? refuse(std::move(tried).error()) : keep(std::move(tried).error(), *checked);
  }
  const auto* candidates = definition_.candidates(state_, name);
  if (candidates == nullptr) return refuse(refusal(ErrorCode::conflict, "not_allowed_now", fmt::format("'{}' is not possible in state {}", name, state().name)));
  const auto before = decision_.journal.size();
  JsonObject entry{{"type", "event"}, {"event", name}, {"id", event_.id.str()}, {"by", {{"id", event_.by.id}, {"role", event_.by.role}}}, {"payload", *checked}};
  if (turn) entry["deferred"] = true;
  note(std::move(entry));
  auto taken = take(*candidates);
  if (!taken) return keep(std::move(taken).error(), *checked);
  if (!*taken) {
    decision_.journal.erase(decision_.journal.begin() + static_cast<std::ptrdiff_t>(before), decision_.journal.end());
    return refuse(refusal(ErrorCode::conflict, "not_allowed_now", fmt::format("'{}' is not possible now: none of its conditions holds in state {}", name, state().name)));
  }
  decision_.applied_event = name;
  if (seq > 0) decision_.consumed.push_back(seq);
  return {};
}

/// In a working state: an interrupt, a deferral, or a refusal (conflict). Other errors are mistakes in the workflow.
Result<void> Deciding::while_busy(const EventSpec& spec, const Json& payload, bool command, std::int64_t seq, bool turn) {
  const auto on = state().on.find(spec.name);
  const bool interrupts = on != state().on.end();
  if (interrupts && may_interrupt(run())) {
    for (std::size_t index = 0; index < on->second.size(); ++index) {
      const auto& candidate = on->second[index];
      if (candidate.when) {
        auto holds = candidate.when.test(frame());
        if (!holds) return wrap(std::move(holds).error(), fmt::format("condition '{}' at line {} of workflow {}", candidate.when.source(), candidate.place.line, definition_.name));
        if (!*holds) continue;
      }
      note({{"type", "event"}, {"event", spec.name}, {"id", event_.id.str()}, {"by", {{"id", event_.by.id}, {"role", event_.by.role}}}, {"payload", payload},
            {"interrupts", run().id.str()}});
      decision_.applied_event = spec.name;
      if (seq > 0) decision_.consumed.push_back(seq);
      run().ending = Ending{.what = Ending::What::interrupted, .event = spec.name, .transition = static_cast<int>(index), .payload = payload,
                            .undo = candidate.interrupt != Interrupt::keep};
      // The undo of a redo goes on: where it leads to has changed.
      if (going_on(run()) == Phase::undoing) return {};
      if (run().phase == Phase::held) decision_.incidents_closed.push_back({run().incident, "interrupted", event_.by.id, spec.name});
      run().incident = {};
      if (!run().attempt) return begin_undo(*run().ending);
      run().phase = Phase::settling;
      decision_.settle_attempt = true;
      note_run("undoing", false);
      return {};
    }
    return fail(ErrorCode::conflict, fmt::format("'{}' is not possible now: none of its conditions holds in state {}", spec.name, state().name), "not_allowed_now");
  }
  if (turn) return {};  // stays deferred until the actor waits again
  if (command && !interrupts && run().phase == Phase::held)
    return fail(ErrorCode::conflict, fmt::format("'{}' has to wait: run {} is held by incident {}", spec.name, run().id.str(), run().incident.str()), "incident_open");
  if (command && !interrupts && spec.busy == Busy::refuse)
    return fail(ErrorCode::conflict, fmt::format("'{}' is not possible while the actor is busy with {}", spec.name, state().name), "busy");
  if (!interrupts && !is_named(definition_, spec.name))
    return fail(ErrorCode::conflict, fmt::format("'{}' is not possible in any state of workflow {}", spec.name, definition_.name), "not_allowed_now");
  if (command && is_under_way(next_, spec.name)) return fail(ErrorCode::conflict, fmt::format("'{}' is already under way", spec.name), "duplicate_command");
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
  cause_ = due.name;
  cause_payload_ = JsonObject{};
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
                          .code = error.reason.empty() ? std::string{to_string(error.code)} : error.reason, .text = describe(error),
                          .detail = JsonObject{{"type", type}, {"name", name}, {"state", state().name}},
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
  const auto is = tried.outcome.is;
  if (has_begun() && run().phase != Phase::undoing) {
    if (is == OutcomeClass::done || is == OutcomeClass::already || is == OutcomeClass::unclear || is == OutcomeClass::pending) begun().touched = true;
    // What the vendor gave is needed to take it back.
    if ((is == OutcomeClass::done || is == OutcomeClass::already) && dump_json(tried.outcome.output).size() <= max_saved_bytes) add_result(begun(), tried.outcome.output);
  }
  const Outcome mistake{.is = OutcomeClass::rejected_operator, .code = error.reason.empty() ? "expression" : error.reason, .text = describe(error)};
  if (run().phase != Phase::undoing) note_error(to_string(mistake.is), mistake);
  hold(mistake);
  return {};
}

void Deciding::stay_awake() {
  const auto& cursor = next_.cursor;
  const bool stands_still = entered_ || !decision_.timers_cleared.empty();
  if (!stands_still || state().works() || state().final || state().rest || !cursor.timers.empty() || !cursor.failed.empty()) return;
  keep_failed("state", state().name, JsonObject{},
              Error{ErrorCode::conflict, fmt::format("state {} waits, but none of its timers is set: nothing would wake the actor", state().name), "no_wakeup"});
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
      const auto& run = snapshot.cursor.run;
      const bool interrupts = state.on.find(name) != state.on.end();
      const bool waits_its_turn = interrupts || (spec.busy == Busy::defer && is_named(definition, name) && run && run->phase != Phase::held);
      if (run && ((interrupts && may_interrupt(*run)) || (waits_its_turn && !is_under_way(snapshot, name)))) names.push_back(name);
    } else if (definition.candidates(snapshot.state, name) != nullptr) {
      names.push_back(name);
    }
  }
  return names;
}

}  // namespace stellwerk::workflows
