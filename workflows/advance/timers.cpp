// Timers: `after` of the state that waits, and what a timer that falls due leads to. Those of the actor: schedules.cpp.

#include <fmt/format.h>

#include <algorithm>

#include "workflows/advance/calendar.hpp"
#include "workflows/advance/deciding.hpp"

namespace stellwerk::workflows {
namespace {

/// The schedule behind a timer of the actor; -1: it is another timer, or there is no such schedule.
int schedule_behind(const Definition& definition, std::string_view timer) {
  for (const auto prefix : {of_schedule, of_waiting})
    if (timer.starts_with(prefix)) return definition.find_schedule(timer.substr(prefix.size()));
  return -1;
}

bool has(const std::vector<std::string>& names, std::string_view name) { return std::find(names.begin(), names.end(), name) != names.end(); }

}  // namespace

void Deciding::set_timer(const std::string& name, Time due) {
  const auto [timer, is_new] = next_.cursor.timers.try_emplace(name, due);
  if (!is_new && timer->second == due) return;
  timer->second = due;
  if (!has(decision_.timers_set, name)) decision_.timers_set.push_back(name);
  std::erase(decision_.timers_cleared, name);
  note({{"type", "timer_set"}, {"timer", name}, {"due", format_time(due)}});
}

void Deciding::end_timer(const std::string& name) {
  if (next_.cursor.timers.erase(name) == 0) return;
  std::erase(decision_.timers_set, name);
  decision_.timers_cleared.push_back(name);
}

void Deciding::clear_timer(const std::string& name) {
  if (next_.cursor.timers.find(name) == next_.cursor.timers.end()) return;
  end_timer(name);
  note({{"type", "timer_cleared"}, {"timer", name}});
}

Result<std::optional<Time>> Deciding::moment_of(const cel::Value& value, Time anchor, std::string_view what) const {
  const auto reckoned = [&](Result<Time> moment) -> Result<std::optional<Time>> {
    if (!moment) return wrap(std::move(moment).error(), std::string{what});
    return std::optional{*moment};
  };
  switch (value.kind()) {
    case cel::Kind::null: return std::optional<Time>{};
    case cel::Kind::duration: return std::optional{anchor + value.as_span()};
    case cel::Kind::timestamp: return std::optional{value.as_time()};
    case cel::Kind::date: return reckoned(automation_on(snapshot_.calendar, value.as_date()));
    case cel::Kind::period: return reckoned(after_periods(snapshot_.calendar, anchor, value.as_period()));
    default: return fail(ErrorCode::invalid_argument, fmt::format("{} gives {}, which is no time", what, cel::kind_name(value.kind())));
  }
}

Result<cel::Value> Deciding::time_of(const cel::Program& program) const {
  auto value = program.evaluate(frame());
  if (value || value.error().code != ErrorCode::invalid_argument) return value;
  const auto slots = program.slots();
  const bool lacks = std::any_of(slots.begin(), slots.end(), [&](int place) { return frame_[static_cast<std::size_t>(place)].is_null(); });
  return lacks ? Result<cel::Value>{cel::Value{}} : value;
}

Result<std::optional<Time>> Deciding::due_of(const After& after) {
  const auto what = [&] {
    return fmt::format("time '{}' at line {} of state {} of workflow {}", after.delay.source(), after.then.empty() ? 0 : after.then.front().place.line, state().name, definition_.name);
  };
  const auto entered = next_.cursor.entered;
  const auto now = now_;
  // what is reckoned later gives the same as at the entry, unless what it reads has changed
  if (entered != now) {
    now_ = entered;
    show_now();
  }
  auto delay = time_of(after.delay);
  if (entered != now) {
    now_ = now;
    show_now();
  }
  if (!delay) return wrap(std::move(delay).error(), what());
  if (delay->kind() == cel::Kind::duration) return std::optional{entered + delay->as_span()};
  return moment_of(*delay, entered, what());
}

Result<void> Deciding::arm_timers() {
  for (const auto& after : state().after) {
    STELLWERK_TRY(const auto due, due_of(after));
    if (due) set_timer(after.name, *due);
  }
  return {};
}

Result<void> Deciding::rearm_timers() {
  auto& cursor = next_.cursor;
  const bool waits_again = snapshot_.cursor.run || !cursor.late.empty();
  if (state().after.empty() || (!touched_ && !waits_again && !reads_rows_)) return {};
  for (const auto& after : state().after) {
    if (has(cursor.fired, after.name)) continue;
    auto due = due_of(after);
    if (!due) {
      STELLWERK_CHECK(tell_beside("after", after.name, std::move(due).error()));
      if (const auto late = cursor.late.find(after.name); late != cursor.late.end()) set_timer(after.name, late->second);
    } else if (*due) {
      set_timer(after.name, **due);
    } else {
      clear_timer(after.name);
    }
    cursor.late.erase(after.name);
  }
  return {};
}

Result<void> Deciding::timer(const TimerDue& due) {
  const auto live = next_.cursor.timers.find(due.name);
  if (state_ < 0 || live == next_.cursor.timers.end() || live->second != due.due || due.due > now_) return {};  // of an earlier state, or moved
  if (event_.refused) return fail(*event_.refused);
  now_ = std::max(due.due, next_.cursor.last);  // a late timer acts at its own time: what follows from it is reckoned from there
  show_now();
  STELLWERK_TRY(const bool was_awaited, wait_due(due));
  if (was_awaited) return {};
  const bool waited = due.name.starts_with(of_waiting);
  const bool of_actor = waited || due.name.starts_with(of_schedule);
  const int schedule = schedule_behind(definition_, due.name);
  const auto& afters = state().after;
  const auto after = std::find_if(afters.begin(), afters.end(), [&](const After& a) { return a.name == due.name; });
  if (schedule < 0 && after == afters.end()) {
    end_timer(due.name);
    note({{"type", "timer_dropped"}, {"timer", due.name}});
    return {};
  }
  if (is_busy()) {
    // it has its turn when the actor waits again: a schedule is reckoned anew then, a timer of the state is kept
    clear_timer(due.name);
    if (!of_actor) next_.cursor.late[due.name] = due.due;
    return {};
  }
  cause_ = due.name;
  cause_payload_ = JsonObject{};
  end_timer(due.name);
  note({{"type", "timer"}, {"timer", due.name}, {"due", format_time(due.due)}});
  if (waited) return waiting_due(schedule);
  if (of_actor) return schedule_due(schedule, due);
  next_.cursor.fired.push_back(due.name);
  STELLWERK_TRY([[maybe_unused]] const bool taken, take(after->then));
  return {};
}

void Deciding::keep_timer(const TimerDue& due, const Error& error) {
  if (is_busy() && run().waiting && wait_timer(step(run().waiting->at)) == due.name) {
    at_ = run().waiting->at;
    stop_waiting();
    note({{"type", "timer"}, {"timer", due.name}, {"due", format_time(due.due)}});
    return hold({.is = OutcomeClass::rejected_operator, .code = error.reason.empty() ? "expression" : error.reason, .text = describe(error), .sent = false});
  }
  end_timer(due.name);
  note({{"type", "timer"}, {"timer", due.name}, {"due", format_time(due.due)}});
  Json payload = JsonObject{};
  if (const int index = schedule_behind(definition_, due.name); index >= 0 && due.name.starts_with(of_waiting)) {
    const auto& schedule = definition_.schedules[static_cast<std::size_t>(index)];
    const auto [per, since] = std::pair{kept_of(schedule).per, kept_of(schedule).due};
    use_up(schedule, since);
    return keep_failed("timer", std::string{of_schedule} + schedule.name, JsonObject{{"per", per}}, error);
  } else if (index >= 0) {
    payload = use_up(definition_.schedules[static_cast<std::size_t>(index)], due.due);
  } else if (!due.name.starts_with(of_schedule) && !due.name.starts_with(of_waiting)) {
    next_.cursor.fired.push_back(due.name);
  }
  keep_failed("timer", due.name, payload, error);
}

Result<void> Deciding::again(const FailedEvent& failed) {
  touched_ = true;  // whatever could not be reckoned is reckoned once more
  if (failed.type == "state") {
    if (state().name != failed.name || is_busy()) return {};  // it has left that state meanwhile
    next_.cursor.entered = now_;                              // its time begins anew
    next_.cursor.fired.clear();
    entered_ = true;
    return arm_timers();
  }
  if (failed.type != "timer") return {};
  if (is_busy()) return fail(ErrorCode::conflict, fmt::format("'{}' has to wait: the actor is busy with {}", failed.name, work().name), "busy");
  cause_ = failed.name;
  cause_payload_ = JsonObject{};
  if (failed.name.starts_with(of_schedule)) {
    const int index = definition_.find_schedule(std::string_view{failed.name}.substr(of_schedule.size()));
    if (index < 0 || state().final) return {};
    const auto& schedule = definition_.schedules[static_cast<std::size_t>(index)];
    const auto* per = find_member(failed.payload, "per");
    for (const auto& candidate : schedule.then) {
      STELLWERK_TRY(const bool holds, applies(candidate));
      if (holds) return carry_out(schedule, per == nullptr ? Json{} : *per, candidate);
    }
    return {};
  }
  const auto& afters = state().after;
  const auto after = std::find_if(afters.begin(), afters.end(), [&](const After& a) { return a.name == failed.name; });
  if (after == afters.end()) return {};
  STELLWERK_TRY([[maybe_unused]] const bool taken, take(after->then));
  return {};
}

}  // namespace stellwerk::workflows
