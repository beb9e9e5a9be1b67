// advance(): which event may do what, now. The only place that decides what happens next; deciding.hpp tells where the rest of it is.

#include <fmt/format.h>

#include <algorithm>

#include "core/match.hpp"
#include "workflows/advance/calendar.hpp"
#include "workflows/advance/deciding.hpp"
#include "workflows/secrets.hpp"

namespace stellwerk::workflows {
namespace {

/// A message is taken from the kinds of actors that `from` names. Ids whose prefix tells no kind, and the engine itself, pass
/// when messages are taken at all.
bool may_send(const EventSpec& spec, std::string_view sender) {
  if (sender.empty()) return true;
  const auto kind = kind_of(sender);
  return kind.empty() ? !spec.from.empty() : std::find(spec.from.begin(), spec.from.end(), kind) != spec.from.end();
}

Error refusal(ErrorCode code, std::string reason, std::string message) { return Error{code, std::move(message), std::move(reason)}; }

/// What an expression of the workflow went wrong with; refusals have a reason, and what does not fit its declaration has pointers.
bool is_mistake(const Error& error) { return error.code == ErrorCode::invalid_argument && error.reason.empty() && error.fields.empty(); }

Error too_deep(const Limits& limits, int depth) {
  return over_limit({.setting = "depth", .limit = limits.depth, .reason = "causation_depth", .what = fmt::format("messages caused one another {} times in a row, without a person, a try or a timer in between that would end it", depth),
                     .advice = "look at the workflows whether these actors ask and answer one another without end"});
}

}  // namespace

Deciding::Deciding(const Definition& definition, const Snapshot& snapshot, const Event& event, Time now)
    : definition_{definition}, snapshot_{snapshot}, event_{event}, asked_now_{now}, wall_{std::max(now, snapshot.cursor.last)} {
  if (const auto uuid = parse_id(event.id.str())) seed_ = derive_uuid(*uuid, snapshot.id.str());
  reads_rows_ = std::any_of(definition.references.begin(), definition.references.end(), [](const Reference& r) { return r.used; });
  begin();
}

void Deciding::reset() {
  decision_ = Decision{.journal = JsonArray(decision_.journal.storage())};
  begin();
}

void Deciding::begin() {
  now_ = wall_;
  // all but the rows, which may be large, and the next decision has others; and the attributes: until the end they are in the frame
  next_.id = snapshot_.id;
  next_.tenant = snapshot_.tenant;
  next_.customer = snapshot_.customer;
  next_.state = snapshot_.state;
  next_.version = snapshot_.version;
  next_.settings = snapshot_.settings;
  next_.cursor = snapshot_.cursor;
  next_.deferred = snapshot_.deferred;
  next_.calendar = snapshot_.calendar;
  next_.limits = snapshot_.limits;
  next_.standstills = snapshot_.standstills;
  next_.cursor.depth = causation_depth();
  if (comes_from_outside()) next_.cursor.moves = 0;
  state_ = snapshot_.state;
  decision_.journal.reserve(16);
  derived_ = 0;
  entered_ = false;
  touched_ = false;
  at_ = snapshot_.cursor.run ? snapshot_.cursor.run->at : StepAt{};
  cause_ = snapshot_.cursor.run ? snapshot_.cursor.run->event : std::string{};
  cause_payload_ = snapshot_.cursor.run ? snapshot_.cursor.run->payload : Json(JsonObject{});
  frame_.assign(definition_.frame_size(), cel::Value{});
  shown_.assign(reads_rows_ ? definition_.references.size() : 0, {});
  if (reads(slot::id)) put(slot::id, cel::Value::of_string(snapshot_.id.str()));
  if (reads(slot::tenant)) put(slot::tenant, cel::Value::of_string(snapshot_.tenant.str()));
  if (snapshot_.calendar.zone != "UTC") put(slot::zone, cel::Value::of_string(snapshot_.calendar.zone));  // without one it is UTC
  if (reads(slot::customer) && !snapshot_.customer.empty()) put(slot::customer, cel::Value::of_string(snapshot_.customer));
  static const auto nothing = cel::Value::of_map({});
  for (const int empty : {slot::event, slot::run_event, slot::result, slot::steps}) put(empty, nothing);
  for (std::size_t i = 0; i < snapshot_.attributes.size() && i < definition_.attributes.size(); ++i)
    put(definition_.attribute_slot(static_cast<int>(i)), snapshot_.attributes[i]);
  show_settings();
  show_now();
  if (state_ >= 0) show_state();
  if (next_.cursor.run) show_run();
  show_references();
  show_ran();
}

void Deciding::show_now() {
  put(slot::now, cel::Value::of_time(now_));
  // decide() has refused a calendar that cannot be reckoned with
  if (const auto day = day_of(snapshot_.calendar, now_)) put(slot::today, cel::Value::of_date(*day));
}

void Deciding::show_state() {
  if (reads(slot::state)) put(slot::state, cel::Value::of_string(state().name));
  if (reads(slot::status)) put(slot::status, cel::Value::of_string(state().status));
}

void Deciding::show_event(const std::string& name, const Json& payload) {
  if (reads(slot::event)) put(slot::event, event_value(name, payload));
  show_references();
}

/// A payload as expressions see it: every declared field is there.
cel::Value Deciding::event_value(const std::string& name, const Json& payload) const {
  const auto spec = definition_.events.find(name);
  return spec == definition_.events.end() ? cel::from_json(payload.is_object() ? payload : Json(JsonObject{})) : decode_object(spec->second.with, payload);
}

std::string Deciding::derive(std::string_view prefix, std::string_view what) {
  std::string salt{what};
  salt += ':';
  salt += std::to_string(derived_++);
  return format_id(prefix, derive_uuid(*seed_, salt));
}

bool Deciding::comes_from_outside() const {
  if (std::holds_alternative<Tried>(event_.body)) return false;
  const auto* due = std::get_if<TimerDue>(&event_.body);
  if (due == nullptr || due->due > snapshot_.cursor.last) return true;
  // It was due when it was set, and is no news. But each firing of `every` has a moment of its own.
  constexpr std::string_view of_schedule = "schedule:";
  if (!due->name.starts_with(of_schedule)) return false;
  const int schedule = definition_.find_schedule(std::string_view{due->name}.substr(of_schedule.size()));
  return schedule >= 0 && static_cast<bool>(definition_.schedules[static_cast<std::size_t>(schedule)].every);
}

int Deciding::causation_depth() const {
  const bool goes_on = std::holds_alternative<Tried>(event_.body) || (std::holds_alternative<TimerDue>(event_.body) && !comes_from_outside());
  return goes_on ? snapshot_.cursor.depth : event_.depth;
}

Result<void> Deciding::count_move() {
  if (++next_.cursor.moves > limits().steps)
    return fail(over_limit({.setting = "steps", .limit = limits().steps, .reason = "too_many_moves",
                            .what = fmt::format("workflow {} made {} moves (steps and transitions) up to state {} without an event from outside; it does not come to rest", definition_.name,
                                                next_.cursor.moves, state().name),
                            .advice = "let it wait for an event or for a time"}));
  return {};
}

Result<Decision> Deciding::decide() {
  if (!seed_) return wrap(parse_id(event_.id.str()).error(), "an event carries an id, from which the ids of its decision follow");
  if (frame_[slot::today].is_null()) return wrap(day_of(snapshot_.calendar, now_).error(), fmt::format("the calendar of tenant {}", snapshot_.tenant.str()));
  auto decided = dispatch();
  const bool reckons = !is_nothing(decision_) || std::holds_alternative<Refresh>(event_.body);
  if (decided && reckons) decided = settle();
  if (decision_.needs.empty() && !decided && !is_told()) {
    decided = keep_event(decided.error());
    if (decided) decided = settle();
  }
  if (!decision_.needs.empty()) {
    Decision asks;
    asks.needs = std::move(decision_.needs);
    asks.next = snapshot_;
    return asks;
  }
  if (!decided) return fail(std::move(decided).error());
  if (state_ < 0) {
    decision_.next = snapshot_;  // a timer or an outcome of what was never born
    return std::move(decision_);
  }
  stay_awake();
  note_rows();
  next_.state = state_;
  next_.cursor.last = now_;
  const auto attributes = frame_.begin() + definition_.attribute_slot(0);
  next_.attributes.assign(attributes, attributes + static_cast<std::ptrdiff_t>(definition_.attributes.size()));
  decision_.state = state().name;
  decision_.status = state().status;
  if (is_busy()) decision_.busy = work().name;
  decision_.live = !state().final;
  decision_.next = std::move(next_);
  return std::move(decision_);
}

Result<void> Deciding::dispatch() {
  return std::visit(match{
      [&](const Born& b) { return born(b); },
      [&](const Command& c) {
        auto done = asked(c.name, c.payload, true, 0, false);
        if (done || !is_mistake(done.error())) return done;
        done.error().reason = "expression_failed";
        return Result<void>{wrap(std::move(done).error(), fmt::format("command '{}' in state {} of workflow {} cannot be decided", c.name,
                                                                      definition_.states[static_cast<std::size_t>(snapshot_.state)].name, definition_.name))};
      },
      [&](const Message& m) { return asked(m.name, m.payload, false, m.seq, false); },
      [&](const Turn& t) { return asked(t.name, t.payload, t.command, t.seq, true); },
      [&](const TimerDue& t) { return timer(t); },
      [&](const Tried& t) {
        const auto* in_hand = event_.refused ? find_attempt(snapshot_, t.attempt) : nullptr;
        return in_hand != nullptr && in_hand->number == t.number ? Result<void>{fail(*event_.refused)} : tried(t);
      },
      [&](const Remedy& r) { return event_.refused ? Result<void>{fail(*event_.refused)} : remedy(r); },
      [&](const Edit& e) { return event_.refused ? Result<void>{fail(*event_.refused)} : edit(e); },
      [&](const Refresh&) { return event_.refused ? Result<void>{fail(*event_.refused)} : refresh(); },
  }, event_.body);
}

Result<void> Deciding::settle() {
  if (!decision_.applied_event.empty()) end_clocks(decision_.applied_event);
  for (;;) {
    STELLWERK_CHECK(compute());
    if (state().final || is_busy()) break;
    STELLWERK_CHECK(rearm_timers());
    STELLWERK_TRY(const bool fired, rearm_schedules());
    if (!fired) break;
  }
  if (std::ssize(decision_.timers_set) > limits().timers && !kept_)
    return fail(over_limit({.setting = "timers", .limit = limits().timers, .reason = "too_many_timers",
                            .what = fmt::format("a decision of workflow {} would set {} timers", definition_.name, decision_.timers_set.size()),
                            .advice = "declare fewer times ('after', 'schedule') for one state"}));
  return {};
}

Result<void> Deciding::born(const Born& born) {
  if (state_ >= 0) return fail(ErrorCode::conflict, fmt::format("actor {} exists already", next_.id.str()), "exists");
  if (event_.refused) return fail(*event_.refused);
  if (event_.depth > limits().depth) return fail(too_deep(limits(), event_.depth));
  std::vector<Field> fields;
  for (const auto& attribute : definition_.attributes)
    if (!attribute.is_computed()) fields.push_back(attribute.field);
  STELLWERK_TRY(auto attributes, check_object(fields, born.attributes));
  next_.cursor.born = now_;
  JsonObject shown;
  for (std::size_t i = 0; i < definition_.attributes.size(); ++i) {
    const auto& field = definition_.attributes[i].field;
    const auto* value = find_member(attributes, field.name);
    if (value == nullptr || definition_.attributes[i].is_computed()) continue;
    set_attribute(static_cast<int>(i), *value);
    if (!value->is_null()) shown[field.name] = *value;
  }
  STELLWERK_CHECK(check_size());
  decision_.applied_payload = attributes;
  note({{"type", "created"}, {"kind", definition_.kind}, {"workflow", definition_.name}, {"by", {{"id", event_.by.id}, {"role", event_.by.role}}}});
  if (!shown.empty()) note_set(std::move(shown));
  state_ = definition_.initial;  // computed values may ask for the state
  show_state();
  const auto computed = compute();
  state_ = -1;
  STELLWERK_CHECK(computed);
  return enter(definition_.initial);
}

/// Also while the actor works: what its steps have frozen stays as it is.
Result<void> Deciding::edit(const Edit& edit) {
  if (state_ < 0) return fail(ErrorCode::not_found, fmt::format("actor {} does not exist", next_.id.str()));
  if (state().final) return fail(ErrorCode::conflict, fmt::format("nothing can be changed in state {}: it is final", state().name), "not_allowed_now");
  if (!edit.values.is_object() || edit.values.get_object().empty()) return fail(ErrorCode::invalid_argument, "an edit is an object of attributes and their new values");
  std::vector<FieldProblem> problems;
  std::vector<Field> fields;
  for (const auto& member : edit.values.get_object()) {
    const int index = definition_.find_attribute(member.key());
    const auto pointer = json_pointer("", member.key());
    if (index < 0) {
      problems.push_back({pointer, "there is no such attribute"});
      continue;
    }
    const auto& attribute = definition_.attributes[static_cast<std::size_t>(index)];
    if (attribute.is_computed()) problems.push_back({pointer, "is computed and cannot be set"});
    else if (attribute.edit.empty()) problems.push_back({pointer, "cannot be edited; a command of the workflow changes it"});
    else if (!may_give(attribute.edit, event_.by.role))
      return fail(ErrorCode::permission_denied, fmt::format("role {} may not edit attribute '{}'", event_.by.role, attribute.field.name), "role");
    else fields.push_back(attribute.field);
  }
  if (!problems.empty()) return fail(Error{ErrorCode::invalid_argument, "these attributes cannot be edited", "not_editable", std::move(problems)});
  STELLWERK_TRY(auto values, check_object(fields, edit.values));
  for (const auto& field : fields)
    if (const auto* value = find_member(values, field.name)) set_attribute(definition_.find_attribute(field.name), *value);
  STELLWERK_CHECK(check_size());
  note({{"type", "edited"}, {"id", event_.id.str()}, {"by", {{"id", event_.by.id}, {"role", event_.by.role}}}});
  note_set(values.get_object());
  decision_.applied_payload = std::move(values);
  decision_.applied_event = "edit";
  return {};
}

/// All of it follows in settle(), as after every decision; what has changed there is reckoned with anew.
Result<void> Deciding::refresh() {
  touched_ = true;
  return {};
}

Result<bool> Deciding::applies(const Transition& candidate) {
  for (const auto* condition : {&candidate.when, &candidate.require}) {
    if (!*condition) continue;
    auto holds = condition->test(frame());
    if (!holds) return wrap(std::move(holds).error(), fmt::format("condition '{}' at line {} of workflow {}", condition->source(), candidate.place.line, definition_.name));
    if (!*holds) return false;
  }
  return true;
}

Result<bool> Deciding::take(const Candidates& candidates) {
  for (const auto& candidate : candidates) {
    STELLWERK_TRY(const bool holds, applies(candidate));
    if (!holds) continue;
    STELLWERK_CHECK(apply(candidate));
    return true;
  }
  return false;
}

/// A command, a message, or the turn of a deferred one.
Result<void> Deciding::asked(const std::string& name, const Json& payload, bool command, std::int64_t seq, bool turn) {
  if (state_ < 0) return fail(ErrorCode::not_found, fmt::format("actor {} does not exist", next_.id.str()));
  // Who gives a command or a remedy is told why not. A message or a deferred event has nobody to tell: its refusal is recorded; what
  // could not be decided is kept by an incident.
  const auto refuse = [&](Error error) -> Result<void> {
    if (is_told()) return fail(std::move(error));
    note({{"type", "event_refused"}, {"event", name}, {"id", event_.id.str()}, {"reason", error.reason.empty() ? std::string{to_string(error.code)} : error.reason},
          {"text", describe(error)}});
    if (seq > 0) decision_.consumed.push_back(seq);
    return {};
  };
  if (event_.refused && !std::holds_alternative<Remedy>(event_.body)) return fail(*event_.refused);
  if (event_.depth > limits().depth) return fail(too_deep(limits(), event_.depth));
  const auto declared = definition_.events.find(name);
  const auto implicit = declared == definition_.events.end() ? implicit_event(definition_, name) : std::nullopt;
  const auto* spec = declared != definition_.events.end() ? &declared->second : implicit ? &*implicit : nullptr;
  if (spec == nullptr || (command && !implicit && spec->allow.empty()))
    return refuse(refusal(ErrorCode::not_found, "unknown_command", fmt::format("{} '{}' is not declared by workflow {}", command ? "command" : "event", name, definition_.name)));
  if (command && !implicit && !may_give(spec->allow, event_.by.role))
    return refuse(refusal(ErrorCode::permission_denied, "role", fmt::format("role {} may not give command '{}'", event_.by.role, name)));
  if (const auto* message = std::get_if<Message>(&event_.body); message != nullptr && !may_send(*spec, message->sender))
    return refuse(refusal(ErrorCode::permission_denied, "sender", fmt::format("'{}' is not taken from {}", name, message->sender)));
  STELLWERK_CHECK(check_payload(payload, name));
  STELLWERK_TRY(const auto checked, check_object(spec->with, payload));
  cause_ = name;
  cause_payload_ = checked;
  decision_.applied_payload = checked;
  show_event(name, checked);

  if (is_busy()) {
    auto done = while_busy(*spec, checked, command, seq, turn);
    if (!done && done.error().code == ErrorCode::conflict) return refuse(std::move(done).error());
    return done;
  }
  const auto* candidates = definition_.candidates(state_, name);
  if (candidates == nullptr) return refuse(refusal(ErrorCode::conflict, "not_allowed_now", fmt::format("'{}' is not possible in state {}", name, state().name)));
  const auto before = decision_.journal.size();
  auto& entry = note_event(*spec, checked);
  if (turn) entry["deferred"] = true;
  STELLWERK_TRY(const bool taken, take(*candidates));
  if (!taken) {
    decision_.journal.erase(decision_.journal.begin() + static_cast<std::ptrdiff_t>(before), decision_.journal.end());
    return refuse(refusal(ErrorCode::conflict, "not_allowed_now", fmt::format("'{}' is not possible now: none of its conditions holds in state {}", name, state().name)));
  }
  decision_.applied_event = name;
  if (seq > 0) decision_.consumed.push_back(seq);
  return {};
}

JsonObject& Deciding::note_event(const EventSpec& spec, const Json& payload) {
  Json room;
  return note({{"type", "event"}, {"event", spec.name}, {"id", event_.id.str()}, {"by", {{"id", event_.by.id}, {"role", event_.by.role}}}, {"payload", shown(spec.with, payload, room)}});
}

Result<Decision> advance(const Definition& definition, const Snapshot& snapshot, const Event& event, Time now) {
  return Deciding{definition, snapshot, event, now}.decide();
}

}  // namespace stellwerk::workflows
