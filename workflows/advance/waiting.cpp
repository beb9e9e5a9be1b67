// Steps that wait: for an event (`wait`), or for a person's word (`approve`).

#include <fmt/format.h>

#include <algorithm>

#include "workflows/advance/deciding.hpp"

namespace stellwerk::workflows {
namespace {

constexpr std::string_view approve_word = "approve";
constexpr std::string_view reject_word = "reject";

bool names(const std::vector<std::string>& events, std::string_view event) { return std::find(events.begin(), events.end(), event) != events.end(); }

/// The roles that some `approve` of these steps asks.
void collect_roles(const std::vector<Step>& steps, std::vector<std::string>& roles) {
  for (const auto& step : steps)
    if (const auto* approve = std::get_if<ApproveStep>(&step.body)) roles.insert(roles.end(), approve->by.begin(), approve->by.end());
}

}  // namespace

std::string wait_timer(const Step& step) { return "wait:" + step.name; }

std::optional<EventSpec> implicit_event(const Definition& definition, std::string_view name) {
  if (name != approve_word && name != reject_word) return {};
  EventSpec spec{.name = std::string{name}};
  for (const auto& work : definition.works) collect_roles(work.steps, spec.allow);
  if (spec.allow.empty()) return {};
  spec.with.push_back({.name = "note", .type = {.base = TypeSpec::Base::string, .max = 2'000}});
  return spec;
}

Result<Flow> Deciding::begin_wait(Duration timeout) {
  if (!has_begun()) run().begun.push_back({.at = at_, .input = JsonObject{}});
  run().waiting = Waiting{at_, now_};
  note({{"type", "wait_started"}, {"run", run().id.str()}, {"step", here().name}});
  set_timer(wait_timer(here()), now_ + timeout);
  return Flow::waits;
}

void Deciding::stop_waiting() {
  if (!run().waiting) return;
  clear_timer(wait_timer(step(run().waiting->at)));
  run().waiting.reset();
}

Result<bool> Deciding::take_awaited(const EventSpec& spec, const Json& payload, std::int64_t seq, bool turn) {
  if (!run().waiting) return false;
  at_ = run().waiting->at;
  const auto* wait = std::get_if<WaitStep>(&here().body);
  const auto* approve = std::get_if<ApproveStep>(&here().body);
  const bool word = std::holds_alternative<Command>(event_.body) && (spec.name == approve_word || spec.name == reject_word);
  if (wait != nullptr ? !names(wait->events, spec.name) : !word) return false;
  if (approve != nullptr && !may_give(approve->by, event_.by.role))
    return fail(ErrorCode::permission_denied, fmt::format("role {} may not decide about step {}", event_.by.role, here().name), "role");

  auto& entry = note_event(spec, payload);
  entry["awaited_by"] = here().name;
  if (turn) entry["deferred"] = true;
  decision_.applied_event = spec.name;
  if (seq > 0) decision_.consumed.push_back(seq);
  // What follows the run follows from the event that started it, not from this one.
  cause_ = run().event;
  cause_payload_ = run().payload;
  stop_waiting();
  if (wait != nullptr) {
    STELLWERK_CHECK(step_done(payload));
    return true;
  }
  const auto said = text_of(payload, "note");
  if (spec.name == approve_word) {
    STELLWERK_CHECK(step_done(JsonObject{{"approved", true}, {"by", event_.by.id}, {"note", said}}));
  } else {
    STELLWERK_CHECK(step_failed({.is = OutcomeClass::rejected_operator, .code = "rejected", .text = said, .sent = false}, false));
  }
  return true;
}

Result<bool> Deciding::wait_due(const TimerDue& due) {
  if (!is_busy() || !run().waiting || due.name != wait_timer(step(run().waiting->at))) return false;
  at_ = run().waiting->at;
  if (waits_on(due)) return true;
  now_ = std::max(due.due, next_.cursor.last);
  show_now();
  end_timer(due.name);
  note({{"type", "timer"}, {"timer", due.name}, {"due", format_time(due.due)}});
  STELLWERK_CHECK(waited_too_long());
  return true;
}

/// An emergency stop has kept from the actor what it waits for: it waits so much longer.
bool Deciding::waits_on(const TimerDue& due) {
  if (!snapshot_.standstills) return false;
  auto& waiting = *run().waiting;
  const auto stood = stood_still(*snapshot_.standstills, waiting.since, wall_) - waiting.stood;
  if (stood <= Duration{} || due.due + stood <= wall_) return false;
  waiting.stood += stood;
  note({{"type", "time_given_back"}, {"run", run().id.str()}, {"step", here().name}, {"stood", format_duration(stood)}, {"because", "emergency_stop"}});
  set_timer(due.name, due.due + stood);
  return true;
}

Result<void> Deciding::waited_too_long() {
  const auto waited = now_ - run().waiting->since;
  stop_waiting();
  const auto* wait = std::get_if<WaitStep>(&here().body);
  const auto missed = wait != nullptr ? fmt::format("{} did not come", fmt::join(wait->events, " or ")) : std::string{"nobody has decided"};
  return step_failed({.is = OutcomeClass::rejected_operator, .code = "timeout",
                      .text = fmt::format("{} within {}", missed, format_duration(waited)), .sent = false}, true);
}

}  // namespace stellwerk::workflows
