// SLA clocks: schedules that count the time in some states, within the hours of a calendar, and fire once when it is used up.

#include <fmt/format.h>

#include <algorithm>

#include "workflows/advance/calendar.hpp"
#include "workflows/advance/deciding.hpp"

namespace stellwerk::workflows {

Result<void> Deciding::count_clocks(int from, int to) {
  if (from == to) return {};
  for (const auto& schedule : definition_.schedules) {
    if (!schedule.is_clock) continue;
    auto& kept = kept_of(schedule);
    if (kept.ended) continue;
    const bool ran = kept.counting_since != Time{};
    const bool runs = std::find(schedule.counts_in.begin(), schedule.counts_in.end(), to) != schedule.counts_in.end();
    if (ran == runs) continue;
    if (runs) {
      kept.counting_since = now_;
    } else {
      STELLWERK_TRY(const auto more, counting_time(snapshot_.calendar, schedule.calendar, kept.counting_since, now_));
      kept.counted += more;
      kept.counting_since = {};
    }
    note({{"type", "clock"}, {"schedule", schedule.name}, {"runs", runs}, {"counted", format_duration(kept.counted)}});
  }
  return {};
}

void Deciding::end_clocks(std::string_view event) {
  for (const auto& schedule : definition_.schedules) {
    if (!schedule.is_clock || std::find(schedule.ends_on.begin(), schedule.ends_on.end(), event) == schedule.ends_on.end()) continue;
    auto& kept = kept_of(schedule);
    if (kept.ended && !kept.waits) continue;
    kept.ended = true;
    kept.waits = false;
    kept.counting_since = {};
    note({{"type", "clock_ended"}, {"schedule", schedule.name}});
    clear_timer("schedule:" + schedule.name);
  }
}

/// Armed for the moment when the rest is used up if the state stays. What is used up already fires, also where it does not count.
Result<void> Deciding::rearm_clock(const Schedule& schedule, ScheduleState& kept) {
  const auto timer = "schedule:" + schedule.name;
  const bool stands = kept.counting_since == Time{};
  if (kept.ended || (stands && kept.counted == Duration{})) {
    clear_timer(timer);
    return {};
  }
  STELLWERK_TRY(const auto limit, value_of(schedule, schedule.at, "at"));
  if (limit.is_null()) {
    clear_timer(timer);
    return {};
  }
  const auto what = [&] { return fmt::format("'at' ({}) of schedule {} at line {} of workflow {}", schedule.at.source(), schedule.name, schedule.place.line, definition_.name); };
  if (limit.kind() != cel::Kind::duration)
    return fail(ErrorCode::invalid_argument, fmt::format("{} gives {}; a clock takes the duration that may be counted, such as PT8H", what(), cel::kind_name(limit.kind())));
  if (stands) {
    const auto armed = next_.cursor.timers.find(timer);
    if (kept.counted < limit.as_span()) clear_timer(timer);
    else set_timer(timer, armed == next_.cursor.timers.end() ? now_ : std::min(armed->second, now_));
    return {};
  }
  auto due = counted_up(snapshot_.calendar, schedule.calendar, kept.counting_since, limit.as_span() - kept.counted);
  if (!due) return wrap(std::move(due).error(), what());
  if (*due) set_timer(timer, **due);
  else clear_timer(timer);
  return {};
}

}  // namespace stellwerk::workflows
