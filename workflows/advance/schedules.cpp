// Timers of the actor: `schedule`. What each is armed for is reckoned again at the end of every decision that may have changed it.

#include <fmt/format.h>

#include <algorithm>

#include "workflows/advance/calendar.hpp"
#include "workflows/advance/deciding.hpp"

namespace stellwerk::workflows {
namespace {

constexpr std::size_t max_moments = 64;
constexpr std::size_t max_used = 64;

std::string timer_of(const Schedule& schedule) { return "schedule:" + schedule.name; }
std::string waiting_timer(const Schedule& schedule) { return std::string{of_waiting} + schedule.name; }

bool contains(const JsonArray& values, const Json& value) { return std::find(values.begin(), values.end(), value) != values.end(); }

/// The oldest values go first, but none that is given now: it would fire once more.
void forget_oldest(ScheduleState& kept, const std::vector<std::pair<Time, Json>>& present) {
  for (auto used = kept.used.begin(); kept.used.size() > max_used && used != kept.used.end();) {
    const bool given = std::any_of(present.begin(), present.end(), [&](const auto& moment) { return moment.second == *used; });
    used = given ? used + 1 : kept.used.erase(used);
  }
}

void remember(const Schedule& schedule, ScheduleState& kept, const Json& per) {
  if (!contains(kept.used, per)) kept.used.push_back(per);
  if (schedule.every) forget_oldest(kept, {{Time{}, per}});  // those of `at` are forgotten when its moments are known
}

/// The n-th moment of `every`.
Result<Time> nth(const Calendar& calendar, Time born, const cel::Value& every, std::int64_t n) {
  if (every.kind() == cel::Kind::duration) return born + n * every.as_span();
  return after_periods(calendar, born, every.as_period(), n);
}

/// The first n whose moment is after `last`: moments rise with n, a period has at least a day.
Result<std::int64_t> first_after(const Calendar& calendar, Time born, const cel::Value& every, Time last) {
  if (last <= born) return 1;
  const Duration least = every.kind() == cel::Kind::duration ? every.as_span() : Duration{std::chrono::hours{24} * (every.as_period().months * 28 + every.as_period().days)};
  std::int64_t low = 1, high = (last - born) / least + 3;
  while (low < high) {
    const auto middle = low + (high - low) / 2;
    STELLWERK_TRY(const auto moment, nth(calendar, born, every, middle));
    if (moment > last) high = middle;
    else low = middle + 1;
  }
  return low;
}

}  // namespace

Result<cel::Value> Deciding::value_of(const Schedule& schedule, const cel::Program& source, std::string_view key) const {
  auto value = time_of(source);
  if (value) return value;
  return wrap(std::move(value).error(), fmt::format("'{}' ({}) of schedule {} at line {} of workflow {}", key, source.source(), schedule.name, schedule.place.line, definition_.name));
}

/// Whether each has been carried out for the present value of its `per`. What cannot be evaluated is told when it is to be armed.
void Deciding::show_ran() {
  for (std::size_t i = 0; i < definition_.schedules.size(); ++i) {
    const auto& schedule = definition_.schedules[i];
    const auto kept = next_.cursor.schedules.find(schedule.name);
    bool ran = kept != next_.cursor.schedules.end() && !kept->second.ran.is_null();
    const auto& source = schedule.per ? schedule.per : schedule.at;
    if (ran && source && !schedule.is_clock) {
      const auto present = time_of(source);
      const auto is_it = [&](const cel::Value& value) { return cel::to_json(value) == kept->second.ran; };
      ran = present && (!schedule.per && present->kind() == cel::Kind::list ? std::any_of(present->as_list().begin(), present->as_list().end(), is_it) : is_it(*present));
    }
    put(definition_.ran_slot(static_cast<int>(i)), cel::Value::of_bool(ran));
  }
}

Result<bool> Deciding::rearm_schedules() {
  if (definition_.schedules.empty()) return false;
  const bool stands = !touched_ && !entered_ && !kept_ && decision_.timers_cleared.empty() && !snapshot_.cursor.run && !reads_rows_;
  if (!stands) {
    show_ran();
    in_question_ = false;
    for (const auto& schedule : definition_.schedules)
      if (auto armed = rearm_schedule(schedule); !armed) STELLWERK_CHECK(tell_beside("schedule", schedule.name, std::move(armed).error()));
  }
  return fire_waiting();
}

Result<void> Deciding::rearm_schedule(const Schedule& schedule) {
  auto& kept = kept_of(schedule);
  if (schedule.is_clock) return rearm_clock(schedule, kept);
  return schedule.every ? rearm_every(schedule, kept) : rearm_at(schedule, kept);
}

Result<void> Deciding::rearm_at(const Schedule& schedule, ScheduleState& kept) {
  STELLWERK_TRY(const auto given, value_of(schedule, schedule.at, "at"));
  const auto what = [&] { return fmt::format("'at' ({}) of schedule {} at line {} of workflow {}", schedule.at.source(), schedule.name, schedule.place.line, definition_.name); };
  Json shared;
  if (schedule.per) {
    STELLWERK_TRY(const auto per, value_of(schedule, schedule.per, "per"));
    shared = cel::to_json(per);
  }
  std::vector<std::pair<Time, Json>> moments;
  const auto add = [&](const cel::Value& value) -> Result<void> {
    if (value.is_null() || (schedule.per && shared.is_null())) return {};  // never; for nothing
    if (value.kind() != cel::Kind::date && value.kind() != cel::Kind::timestamp)
      return fail(ErrorCode::invalid_argument, fmt::format("{} gives {}; it takes a date, a timestamp or a list of them", what(), cel::kind_name(value.kind())));
    STELLWERK_TRY(const auto moment, moment_of(value, next_.cursor.born, what()));
    moments.emplace_back(*moment, schedule.per ? shared : cel::to_json(value));
    return {};
  };
  if (given.kind() == cel::Kind::list) {
    if (given.as_list().size() > max_moments) return fail(ErrorCode::resource_exhausted, fmt::format("{} gives {} moments, more than {}", what(), given.as_list().size(), max_moments), "too_many_moments");
    for (const auto& value : given.as_list()) STELLWERK_CHECK(add(value));
  } else {
    STELLWERK_CHECK(add(given));
  }
  forget_oldest(kept, moments);
  in_question_ = in_question_ || !moments.empty();
  const std::pair<Time, Json>* next = nullptr;
  for (const auto& moment : moments)
    if (!contains(kept.used, moment.second) && (next == nullptr || moment.first < next->first)) next = &moment;
  const auto timer = timer_of(schedule);
  if (kept.waits && next != nullptr && next->second == kept.per && next->first <= now_) return {};  // it waits on
  if (kept.waits) {
    kept.waits = false;
    note({{"type", "schedule_cleared"}, {"schedule", schedule.name}, {"per", kept.per}});
  }
  if (next == nullptr) {
    kept.per = nullptr;
    clear_timer(timer);
  } else {
    kept.per = next->second;
    set_timer(timer, next->first);
  }
  return {};
}

/// birth + n × every, never chained. A new distance goes on after the last firing and from now: it has missed nothing.
Result<void> Deciding::rearm_every(const Schedule& schedule, ScheduleState& kept) {
  STELLWERK_TRY(const auto every, value_of(schedule, schedule.every, "every"));
  const auto timer = timer_of(schedule);
  if (every.is_null()) {
    kept.every = nullptr;
    clear_timer(timer);
    return {};
  }
  const auto what = [&] { return fmt::format("'every' ({}) of schedule {} at line {} of workflow {}", schedule.every.source(), schedule.name, schedule.place.line, definition_.name); };
  const bool fits = every.kind() == cel::Kind::duration ? every.as_span() >= std::chrono::seconds{1}
                    : every.kind() == cel::Kind::period ? every.as_period().months >= 0 && every.as_period().days >= 0 && every.as_period() != cel::Period{}
                                                        : false;
  if (!fits) return fail(ErrorCode::invalid_argument, fmt::format("{} gives {}; it takes a duration of a second or more, or a period of a day or more", what(), cel::to_text(every)));
  auto& born = next_.cursor.born;
  if (born == Time{}) born = now_;
  in_question_ = true;
  auto distance = cel::to_json(every);
  if (kept.every != distance) {
    auto n = first_after(snapshot_.calendar, born, every, std::max(kept.due, now_));
    if (!n) return wrap(std::move(n).error(), what());
    kept.n = static_cast<int>(*n - 1);
    kept.every = std::move(distance);
  }
  auto due = nth(snapshot_.calendar, born, every, kept.n + 1);
  if (!due) return wrap(std::move(due).error(), what());
  set_timer(timer, *due);
  return {};
}

Result<void> Deciding::schedule_due(int index, const TimerDue& due) {
  const auto& schedule = definition_.schedules[static_cast<std::size_t>(index)];
  auto& kept = kept_of(schedule);
  auto per = kept.per;
  if (schedule.is_clock) {
    per = true;
  } else if (schedule.every) {
    if (schedule.per) {
      STELLWERK_TRY(const auto present, value_of(schedule, schedule.per, "per"));
      per = cel::to_json(present);
    } else {
      per = Json(boost::json::string(format_time(due.due)));
    }
    kept.due = due.due;
    ++kept.n;
    if (schedule.per && contains(kept.used, per)) {
      note({{"type", "schedule_skipped"}, {"schedule", schedule.name}, {"per", per}});
      return {};
    }
  }
  kept.per = per;
  for (const auto& candidate : schedule.then) {
    STELLWERK_TRY(const bool holds, applies(candidate));
    if (!holds) continue;
    kept.due = due.due;
    return carry_out(schedule, per, candidate);
  }
  if (schedule.skipped_waits) {
    if (schedule.is_clock) use_up(schedule, due.due);
    kept.waits = true;
    kept.per = per;
    kept.due = due.due;
    note({{"type", "schedule_waits"}, {"schedule", schedule.name}, {"per", per}});
  } else {
    if (!schedule.every) use_up(schedule, due.due);
    note({{"type", "schedule_skipped"}, {"schedule", schedule.name}, {"per", per}});
  }
  return {};
}

/// What waited for its `when` has become a timer of its own. It waits on when that does not hold any more.
Result<void> Deciding::waiting_due(int index) {
  const auto& schedule = definition_.schedules[static_cast<std::size_t>(index)];
  if (!kept_of(schedule).waits) return {};  // it was moved, or has ended
  cause_ = timer_of(schedule);
  const auto per = kept_of(schedule).per;
  for (const auto& candidate : schedule.then) {
    STELLWERK_TRY(const bool holds, applies(candidate));
    if (holds) return carry_out(schedule, per, candidate);
  }
  return {};
}

Json Deciding::use_up(const Schedule& schedule, Time due) {
  auto& kept = kept_of(schedule);
  JsonObject told;
  if (schedule.is_clock) {
    kept.ended = true;
    kept.counting_since = {};
    told["per"] = true;
  } else if (schedule.every) {
    if (due > kept.due) {
      kept.due = due;
      ++kept.n;
    }
    if (const auto present = schedule.per ? schedule.per.evaluate(frame()) : Result<cel::Value>{cel::Value::of_time(due)}) told["per"] = cel::to_json(*present);
    if (const auto* per = told.if_contains("per"); schedule.per && per != nullptr) remember(schedule, kept, *per);
  } else {
    kept.due = due;
    remember(schedule, kept, kept.per);
    told["per"] = kept.per;
  }
  kept.waits = false;
  return told;
}

Result<void> Deciding::carry_out(const Schedule& schedule, const Json& per, const Transition& transition) {
  auto& kept = kept_of(schedule);
  kept.waits = false;
  kept.ran = per;
  if (schedule.is_clock) {
    kept.ended = true;
    kept.counting_since = {};
  } else if (!schedule.every || schedule.per) {
    remember(schedule, kept, per);
  }
  note({{"type", "schedule"}, {"schedule", schedule.name}, {"per", per}});
  show_ran();
  return apply(transition);
}

/// The longest waiting one whose `when` holds by now. What it leads to is a matter of its own: when it fails, the event in hand stands.
Result<bool> Deciding::fire_waiting() {
  std::vector<const Schedule*> waiting;
  for (const auto& schedule : definition_.schedules)
    if (const auto kept = next_.cursor.schedules.find(schedule.name); kept != next_.cursor.schedules.end() && kept->second.waits) waiting.push_back(&schedule);
  if (waiting.empty()) return false;
  in_question_ = true;
  std::stable_sort(waiting.begin(), waiting.end(), [&](const Schedule* a, const Schedule* b) { return kept_of(*a).due < kept_of(*b).due; });
  for (const auto* schedule : waiting) {
    const auto per = kept_of(*schedule).per;
    const auto due = kept_of(*schedule).due;
    const auto wrong = [&](const Error& error) {
      use_up(*schedule, due);
      keep_failed("timer", timer_of(*schedule), JsonObject{{"per", per}}, error);
    };
    for (const auto& candidate : schedule->then) {
      const auto holds = applies(candidate);
      if (!holds) wrong(holds.error());
      if (!holds) break;
      if (!*holds) continue;
      if (candidate.counts) {
        // The mass-action guard holds timers, never a message or a command: it comes back as one. A schedule that repeats has its next moment armed already.
        const auto timer = schedule->every ? waiting_timer(*schedule) : timer_of(*schedule);
        if (next_.cursor.timers.find(timer) == next_.cursor.timers.end()) set_timer(timer, now_);
        break;
      }
      const Deciding before{*this};
      cause_ = timer_of(*schedule);
      cause_payload_ = JsonObject{};
      show_event({}, JsonObject{});
      if (const auto done = carry_out(*schedule, per, candidate); !done) {
        auto needs = std::move(decision_.needs);
        take_back(before);
        decision_.needs = std::move(needs);
        if (!decision_.needs.empty()) return false;  // rows are lacking: it is decided anew when they are there
        wrong(done.error());
      }
      return true;
    }
  }
  return false;
}

/// Everything decided since `before` was put aside. Ids are not given twice.
void Deciding::take_back(const Deciding& before) {
  next_ = before.next_;
  state_ = before.state_;
  at_ = before.at_;
  frame_ = before.frame_;
  decision_ = before.decision_;
  cause_ = before.cause_;
  cause_payload_ = before.cause_payload_;
  entered_ = before.entered_;
  touched_ = before.touched_;
  shown_ = before.shown_;
}

}  // namespace stellwerk::workflows
