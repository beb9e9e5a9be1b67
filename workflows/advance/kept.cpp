// What cannot be decided is kept for a person: an event by an incident, what else cannot be reckoned beside it, and an actor that nothing
// would ever wake. What the person decides: remedies.cpp.

#include <fmt/format.h>

#include <algorithm>

#include "core/match.hpp"
#include "workflows/advance/deciding.hpp"

namespace stellwerk::workflows {

bool Deciding::is_told() const {
  return std::holds_alternative<Born>(event_.body) || std::holds_alternative<Command>(event_.body) || std::holds_alternative<Remedy>(event_.body) ||
         std::holds_alternative<Edit>(event_.body) || state_ < 0;
}

/// What was begun before the mistake showed is given up as a whole.
Result<void> Deciding::keep_event(const Error& error) {
  const auto message = [&](const std::string& name, const Json& payload, std::int64_t seq) {
    keep_failed("message", name, payload, error);
    if (seq > 0) decision_.consumed.push_back(seq);
  };
  reset();
  Result<void> kept;
  std::visit(match{
      [&](const Message& m) { message(m.name, m.payload, m.seq); },
      [&](const Turn& t) { message(t.name, t.payload, t.seq); },
      [&](const TimerDue& t) { keep_timer(t, error); },
      [&](const Tried& t) { kept = hold_outcome(t, error); },
      [&](const Refresh&) { keep_failed("refresh", "refresh", JsonObject{}, error); },
      [](const auto&) {},  // told
  }, event_.body);
  kept_ = true;
  kept_text_ = describe(error);
  return kept;
}

/// An event whose conditions cannot be evaluated: an incident keeps it for a person.
void Deciding::keep_failed(const std::string& type, const std::string& name, const Json& payload, const Error& error) {
  // What comes again and again by itself is with a person once, with what it was about last; each message is a matter of its own.
  auto& failed = next_.cursor.failed;
  const auto known = type == "message" ? failed.end() : std::find_if(failed.begin(), failed.end(), [&](const FailedEvent& f) { return f.type == type && f.name == name; });
  if (known != failed.end()) {
    known->payload = payload;
    note({{"type", "event_failed_again"}, {"incident", known->incident.str()}, {"event", name}, {"payload", payload}, {"text", describe(error)}});
    return;
  }
  IncidentOpened incident{.id = IncidentId{derive("inc", "failed_event")}, .kind = "event_failed", .run = {}, .step = {}, .error_class = "expression",
                          .code = error.reason.empty() ? std::string{to_string(error.code)} : error.reason, .text = describe(error),
                          .detail = JsonObject{{"type", type}, {"name", name}, {"state", state().name}},
                          .remedies = {"retry", "skip"}};
  failed.push_back({incident.id, type, name, payload});
  auto& entry = note({{"type", "incident_opened"}, {"incident", incident.id.str()}, {"kind", incident.kind}, {"text", incident.text}, {"event", name}});
  if (type == "message") entry["id"] = event_.id.str();  // whoever gave it finds it by this
  decision_.incidents.push_back(std::move(incident));
}

/// Reckoning went wrong beside an event that is with a person already: told once, until somebody has looked at it.
Result<void> Deciding::tell_beside(const std::string& type, const std::string& name, Error error) {
  if (!kept_) return fail(std::move(error));
  const bool known = describe(error) == kept_text_ ||
                     std::any_of(next_.cursor.failed.begin(), next_.cursor.failed.end(), [&](const FailedEvent& f) { return f.type == type && f.name == name; });
  if (!known) keep_failed(type, name, JsonObject{}, error);
  return {};
}

/// A person has skipped the incident that tells of this state: it was meant to wait so.
bool Deciding::is_left_so(const IncidentId& closed) const {
  const auto* remedy = std::get_if<Remedy>(&event_.body);
  const auto& failed = snapshot_.cursor.failed;
  return remedy != nullptr && remedy->what == Remedy::What::skip &&
         std::any_of(failed.begin(), failed.end(), [&](const FailedEvent& f) { return f.incident == closed && f.type == "state" && f.name == state().name; });
}

void Deciding::stay_awake() {
  const auto& cursor = next_.cursor;
  // An open incident wakes it as well; once it is closed, something else has to.
  const auto& closed = decision_.incidents_closed;
  const bool looks_again = std::any_of(closed.begin(), closed.end(), [&](const auto& c) { return !is_left_so(c.id); });
  const bool stands_still = entered_ || !decision_.timers_cleared.empty() || (snapshot_.cursor.run && !cursor.run) || looks_again;
  if (!stands_still || is_busy() || state().final || state().rest || in_question_ || !cursor.timers.empty() || !cursor.failed.empty()) return;
  // Where nothing was touched the schedules have not been looked at.
  const auto gives_a_moment = [&](const Schedule& schedule) {
    if (schedule.is_clock) return false;
    const auto given = time_of(schedule.every ? schedule.every : schedule.at);
    return given && !given->is_null() && !(given->kind() == cel::Kind::list && given->as_list().empty());
  };
  if (looks_again && std::any_of(definition_.schedules.begin(), definition_.schedules.end(), gives_a_moment)) return;
  keep_failed("state", state().name, JsonObject{},
              Error{ErrorCode::conflict, fmt::format("state {} waits, but none of its timers is set: nothing would wake the actor", state().name), "no_wakeup"});
}

}  // namespace stellwerk::workflows
