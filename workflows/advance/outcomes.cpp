// What came of a try: done, once more, look first, or a failure and what it leads to.

#include <fmt/format.h>

#include <algorithm>

#include "core/planted.hpp"
#include "core/shorten.hpp"
#include "workflows/advance/deciding.hpp"

namespace stellwerk::workflows {
namespace {

bool remote_step(const Step& step) { return std::holds_alternative<CallStep>(step.body) || std::holds_alternative<ActionStep>(step.body); }

}  // namespace

Result<void> Deciding::tried(const Tried& tried) {
  const auto* in_hand = find_attempt(next_, tried.attempt);
  if (in_hand == nullptr || in_hand->number != tried.number) return {};  // stale
  at_ = in_hand->at;
  give_time_back();
  Outcome room;
  return on_outcome(kept_outcome(tried.outcome, room));
}

const Outcome& Deciding::kept_outcome(const Outcome& outcome, Outcome& room) const {
  const auto most = static_cast<std::size_t>(limits().vendor_text);
  if (outcome.text.size() <= most) return outcome;
  room = outcome;
  room.text = shorten(std::move(room.text), most);
  return room;
}

void Deciding::give_time_back() {
  if (!snapshot_.standstills) return;
  auto& attempt = this->attempt();
  const auto stood = stood_still(*snapshot_.standstills, std::max(attempt.started, attempt.reckoned), now_);
  if (stood == Duration{}) return;
  attempt.stood += stood;
  attempt.reckoned = now_;
  note({{"type", "time_given_back"}, {"run", run().id.str()}, {"step", here().name}, {"stood", format_duration(stood)}, {"because", "emergency_stop"}});
}

/// What follows from this outcome cannot be decided (an expression behind it, say): the run is held where it stands, and the outcome
/// is kept in the text.
Result<void> Deciding::hold_outcome(const Tried& tried, const Error& error) {
  at_ = find_attempt(next_, tried.attempt)->at;
  Outcome room;
  const auto& outcome = kept_outcome(tried.outcome, room);
  note({{"type", "attempt"}, {"step", here().name}, {"key", attempt().key}, {"number", attempt().number}, {"outcome", to_string(outcome.is)}, {"text", outcome.text}});
  const auto is = outcome.is;
  // Effect and result of an action are written together, and nobody knows whether they are: asked again, it says so.
  if (is == OutcomeClass::unclear && std::holds_alternative<ActionStep>(here().body)) return try_unclear(outcome);
  const bool happened = is == OutcomeClass::done || is == OutcomeClass::already;
  if (!is_undoing()) {
    if (happened || is == OutcomeClass::pending) begun().touched = true;
    if (is == OutcomeClass::unclear) may_have_happened();
    // What the vendor gave is needed to take it back.
    if (auto former = begun().result; happened && !add_result(begun(), outcome.output)) begun().result = std::move(former);
  } else if (is == OutcomeClass::unclear) {
    note_unclear_undo();
  } else if ((happened || is == OutcomeClass::gone) && is_last_part()) {
    begun().done = begun().touched = false;  // it is taken back: what follows from that is left to do, not the undo itself
  }
  needs_a_person({.is = OutcomeClass::rejected_operator, .code = error.reason.empty() ? "expression" : error.reason, .text = describe(error)});
  return {};
}

/// Nobody knows whether the try had its effect, nor when it will: an undo waits for it.
void Deciding::may_have_happened() {
  auto& attempt = this->attempt();
  if (attempt.mode == "execute" || attempt.sent == Time{}) attempt.sent = now_;
  begun().touched = true;
  begun().sent = attempt.sent;
}

/// An undo that must not be repeated: what it does next is to look.
void Deciding::note_unclear_undo() {
  if (const auto* op = operation(); op != nullptr && !op->repeatable) begun().undo_unclear = true;
}

/// What the step asked for may be there, and nothing tells whether it is: with another input and key it might be there twice.
bool Deciding::is_beyond_finding() {
  const auto* call = std::get_if<CallStep>(&here().body);
  return call != nullptr && !call->operation.repeatable && has_begun() && begun().touched;
}

bool Deciding::is_unfindable() { return is_undoing() ? has_begun() && begun().undo_unclear : is_beyond_finding(); }

/// Of an operation that is not composite there is one part.
bool Deciding::is_last_part() {
  const auto* op = operation();
  return op == nullptr || begun().sub + 1 >= static_cast<int>(op->subs.size());
}

Result<void> Deciding::on_outcome(const Outcome& outcome) {
  auto& attempt = this->attempt();
  auto& entry = note({{"type", "attempt"}, {"run", run().id.str()}, {"step", here().name}, {"key", attempt.key},
                      {"operation", attempt.operation}, {"number", attempt.number}, {"mode", attempt.mode}, {"outcome", to_string(outcome.is)}});
  if (!outcome.code.empty()) entry["code"] = outcome.code;
  if (!outcome.text.empty()) entry["text"] = outcome.text;
  if (!outcome.handle.empty()) entry["handle"] = outcome.handle;
  using enum OutcomeClass;
  switch (outcome.is) {
    case done:
    case already:
      return try_done(outcome);
    case pending:
      if (!is_undoing()) begun().touched = true;
      if (outcome.handle.empty()) return try_unclear(outcome);
      attempt.mode = "poll";
      attempt.handle = outcome.handle;
      attempt.sent = now_;
      changed(attempt);
      return {};
    case retry:
    case retry_after:
      return try_again(outcome);
    case unclear:
      return try_unclear(outcome);
    case not_done:
      return try_absent(outcome);
    case gone:
      if (is_undoing()) return try_done(outcome);  // nothing there to take back
      return step_failed(outcome, false);
    case conflict:
      if (begun().sub <= 0 && !is_undoing()) begun().touched = false;  // the identity is somebody else's: ours has no effect
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
  const bool undoing = is_undoing();
  if (!undoing) current.touched = true;
  if (run().phase == Phase::settling) {
    STELLWERK_CHECK(add_result(current, outcome.output));
    current.done = is_last_part();
    if (current.done && !run().ending->undo) STELLWERK_CHECK(save(here(), current, current.result));  // kept
    return settled();
  }
  if (!is_last_part()) {
    // the next entry of the composite operation; the step's time goes on
    const auto& former = attempt();
    const auto started = former.started, deadline = former.deadline;
    const auto waited = former.waited, stood = former.stood;
    const auto reckoned = former.reckoned;
    ++current.sub;
    if (undoing) current.undo_unclear = false;
    else STELLWERK_CHECK(add_result(current, outcome.output));
    auto& next = new_attempt(undoing ? undo_key(&op->subs, current.sub) : fmt::format("{}/{}", key_of(at_, &op->subs, current.sub), current.n), "connector", op->name, current.sub, current.server, deadline - started);
    next.started = started;
    next.deadline = deadline;
    next.waited = waited;
    next.stood = stood;
    next.reckoned = reckoned;
    return {};
  }
  if (undoing) return undone();
  return step_done(outcome.output);
}

bool Deciding::is_used_up(Duration delay) const {
  const auto& attempt = this->attempt();
  if (retry().attempts > 0 && attempt.tries >= retry().attempts) return true;
  const auto spent = now_ + delay - attempt.waited - attempt.stood;
  return spent - attempt.started > retry().for_ || spent > attempt.deadline;
}

/// Refused for now, without effect.
Result<void> Deciding::try_again(const Outcome& outcome) {
  auto& attempt = this->attempt();
  if (run().phase == Phase::settling && attempt.mode != "observe") return settled();
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
  auto& attempt = this->attempt();
  if (!is_undoing()) may_have_happened();
  else if (attempt.mode == "execute" || attempt.sent == Time{}) attempt.sent = now_;
  if (is_undoing()) note_unclear_undo();
  if (const auto* op = operation(); op != nullptr && !op->repeatable) {
    needs_a_person(outcome);
    return {};
  }
  // After a restart or the first doubt one looks at once; later with growing delays.
  const bool first = attempt.mode == "execute" || outcome.code == "restart";
  const auto delay = first ? Duration{} : backoff(std::min(attempt.number, 6));
  if (now_ + delay - attempt.waited - attempt.stood > attempt.deadline) return step_failed(outcome, true);
  repeat_attempt("observe", delay);
  return {};
}

/// Observed: the effect is not there.
Result<void> Deciding::try_absent(const Outcome& outcome) {
  auto& attempt = this->attempt();
  const auto* op = operation();
  const bool creates = op != nullptr && (op->effect == Effect::creates || op->effect == Effect::charges) && begun().sub <= 0;
  // What counts is when one looked, not when one hears of it: the process may have stood still in between.
  if (creates && attempt.due < attempt.sent + op->settle && !planted(Planted::absent_too_early)) {
    repeat_attempt("observe", std::max(attempt.sent + op->settle - now_, Duration{}));
    return {};
  }
  // Where nobody could look, repeating is harmless, but the effect is not proven to be absent: it stays on the undo list.
  const bool proven = outcome.code != "repeatable";
  if (!is_undoing() && begun().sub <= 0 && proven) begun().touched = false;
  if (is_undoing()) begun().undo_unclear = false;
  if (run().phase == Phase::settling) return settled();
  // After the first doubt at once; a vendor that drops every request is asked ever more seldom.
  ++attempt.tries;
  const auto delay = attempt.mode == "observe" && attempt.tries <= 1 ? Duration{} : backoff(attempt.tries);
  if (is_used_up(delay)) return step_failed(outcome, true);
  repeat_attempt("execute", delay);
  return {};
}

void Deciding::note_error(std::string_view error_class, const Outcome& outcome) {
  std::string_view operation;
  if (const auto* call = std::get_if<CallStep>(&here().body)) operation = call->operation.name;
  if (const auto* action = std::get_if<ActionStep>(&here().body)) operation = action->action.name;
  run().error = JsonObject{{"class", error_class}, {"code", outcome.code}, {"text", outcome.text}, {"step", here().name}, {"operation", has_begun() ? operation : ""}};
  show_error();
}

void Deciding::needs_a_person(const Outcome& outcome) {
  if (!is_undoing() && is_branch() && run().attempts.size() > 1) return put_aside(outcome, false, true);
  if (!is_undoing()) note_error(to_string(outcome.is), outcome);
  hold(outcome);
}

Result<void> Deciding::settled() {
  end_attempt();
  return branch_ended();
}

Result<void> Deciding::step_failed(const Outcome& outcome, bool time_used_up) {
  if (is_undoing()) {
    hold(outcome);
    return {};
  }
  const std::string_view error_class = time_used_up ? std::string_view{"timeout"} : to_string(outcome.is);
  if (run().phase == Phase::settling) {
    note_error(error_class, outcome);
    // A task that the vendor still works on has no definite end yet.
    const bool touched = has_begun() && begun().touched;
    if (!touched || (!time_used_up && outcome.handle.empty())) return settled();
    if (is_branch()) return branch_failed(outcome, time_used_up, true);
    hold(outcome);
    return {};
  }
  if (is_branch() && reaction_to(outcome, time_used_up).what != Reaction::What::go_on) return branch_failed(outcome, time_used_up, false);
  note_error(error_class, outcome);
  return react(outcome, time_used_up);
}

Reaction Deciding::reaction_to(const Outcome& outcome, bool time_used_up) const {
  const std::string_view error_class = time_used_up ? std::string_view{"timeout"} : to_string(outcome.is);
  const auto& failed = here();
  if (const auto by_code = failed.on_error_by.find(outcome.code); by_code != failed.on_error_by.end()) return by_code->second;
  if (const auto by_class = failed.on_error_by.find(error_class); by_class != failed.on_error_by.end()) return by_class->second;
  if (failed.on_error) return *failed.on_error;
  Reaction reaction;
  const bool rejected = std::holds_alternative<ApproveStep>(failed.body) && outcome.code == "rejected";
  const bool fails = time_used_up ? !(has_begun() && begun().touched) : outcome.is == OutcomeClass::rejected_customer || rejected;
  reaction.what = fails ? Reaction::What::fail : Reaction::What::incident;
  return reaction;
}

void Deciding::note_failed(const Outcome& outcome, std::string_view error_class) {
  end_attempt();
  run().results.as_object()[here().name] = JsonObject{{"failed", true}, {"class", error_class}, {"code", outcome.code}, {"text", outcome.text}};
  show_steps();
  note({{"type", "step_failed"}, {"step", here().name}, {"goes_on", true}});
}

Result<void> Deciding::react(const Outcome& outcome, bool time_used_up) {
  const auto reaction = reaction_to(outcome, time_used_up);
  switch (reaction.what) {
    case Reaction::What::incident:
      hold(outcome);
      return {};
    case Reaction::What::fail:
      if (work().failed_is_incident) {
        hold(outcome);
        return {};
      }
      return begin_undo(Ending{});
    case Reaction::What::go_on:
      note_failed(outcome, time_used_up ? "timeout" : to_string(outcome.is));
      return go_on_after();
    case Reaction::What::redo:
      if (++run().redos[here().name] > reaction.times) {
        hold(outcome);
        return {};
      }
      return begin_undo(Ending{.what = Ending::What::redo, .redo = reaction.redo});
  }
  return {};
}

const State* Deciding::confirmed_state() const {
  for (const auto& confirmed : definition_.states)
    for (const auto& [from, index] : confirmed.confirmed_by)
      if (index == at_.step && definition_.states[static_cast<std::size_t>(from)].work == run().work) return &confirmed;
  return nullptr;
}

void Deciding::hold(const Outcome& outcome) {
  const bool forward = run().phase == Phase::forward;
  const auto& held = here();
  const bool remote = remote_step(held);
  JsonObject detail{{"state", state().name}};
  if (work().in_place) detail["work"] = work().name;
  if (at_.item >= 0) detail["item"] = at_.item;
  if (has_attempt()) {
    detail["operation"] = attempt().operation;
    detail["key"] = attempt().key;
    detail["server"] = attempt().server;
    if (!attempt().handle.empty()) detail["handle"] = attempt().handle;
  } else if (is_branch() && remote && has_begun() && !is_undoing()) {  // its try ended while others still ran
    const auto* op = operation();
    detail["operation"] = op != nullptr ? op->name : std::get<ActionStep>(held.body).action.name;
    detail["key"] = fmt::format("{}/{}", key_of(at_, op != nullptr ? &op->subs : nullptr, begun().sub), begun().n);
    detail["server"] = begun().server;
    if (!outcome.handle.empty()) detail["handle"] = outcome.handle;
  }
  JsonArray would_undo;
  for (auto it = run().begun.rbegin(); it != run().begun.rend(); ++it)
    if (it->touched || (it->done && remote_step(step(it->at)))) would_undo.push_back(boost::json::string{step(it->at).name});
  detail["undo_would_cover"] = std::move(would_undo);
  if (is_unfindable()) detail["effect_unknown"] = true;  // looking tells nothing: `retry` may say that somebody has looked
  std::vector<std::string> remedies{"retry"};
  if (!forward || confirmed_state() == nullptr) remedies.emplace_back("skip");
  const bool stands = std::holds_alternative<ActionStep>(held.body) && has_begun() && begun().touched;  // carried out: its input is past
  if (forward && remote && has_begun() && !stands && !is_beyond_finding()) remedies.emplace_back("edit");
  remedies.emplace_back("done");
  if (forward && !work().failed_is_incident) remedies.emplace_back("fail");
  IncidentOpened incident{.id = IncidentId{derive("inc", "incident")}, .kind = "held_run", .run = run().id, .step = held.name, .error_class = std::string{to_string(outcome.is)},
                          .code = outcome.code, .text = outcome.text, .detail = std::move(detail), .remedies = std::move(remedies)};
  note({{"type", "incident_opened"}, {"incident", incident.id.str()}, {"kind", incident.kind}, {"step", held.name}, {"class", incident.error_class}, {"text", incident.text}});
  if (!is_undoing()) run().at = at_;
  stop_waiting();
  run().held_phase = run().phase;
  run().phase = Phase::held;
  run().incident = incident.id;
  end_attempt();
  note_run("held", false);
  decision_.incidents.push_back(std::move(incident));
}

}  // namespace stellwerk::workflows
