// The memory store: mass-action guard and emergency stop.

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <tuple>

#include "storage/guard_incident.hpp"
#include "storage/memory_store.hpp"

namespace stellwerk::storage {

Result<void> MemoryStore::hold_timers(const GuardQuestion& question, std::span<const TimerRow> timers) {
  const std::lock_guard lock{state_->mutex};
  STELLWERK_CHECK(check_fence());
  if (const auto known = state_->guard_questions.find(question.id); known != state_->guard_questions.end() && known->second.state == "released")
    return fail(ErrorCode::conflict, fmt::format("question {} of the mass-action guard is answered: nothing can be held under it", question.id.str()));
  state_->guard_questions.try_emplace(question.id, question);
  state_->incidents.try_emplace(question.id, guard_incident(question));
  for (const auto& timer : timers) {
    const auto found = state_->timers.find({timer.actor, timer.name});
    if (found != state_->timers.end() && found->second.due == timer.due) state_->held[found->first] = question.id;
  }
  return {};
}

Result<void> MemoryStore::put_guard_question(const GuardQuestion& question, std::int64_t let_go, const std::optional<GuardQuestion>& rest) {
  const std::lock_guard lock{state_->mutex};
  STELLWERK_CHECK(check_fence());
  const auto known = state_->guard_questions.find(question.id);
  if (known == state_->guard_questions.end()) return fail(ErrorCode::not_found, fmt::format("there is no question {}", question.id.str()));
  known->second = question;
  state_->incidents.insert_or_assign(question.id, guard_incident(question));
  std::vector<TimerRow> held;
  for (const auto& [timer, by] : state_->held)
    if (by == question.id) held.push_back(state_->timers.at(timer));
  std::stable_sort(held.begin(), held.end(), [](const TimerRow& a, const TimerRow& b) { return std::tie(a.due, a.actor, a.name) < std::tie(b.due, b.actor, b.name); });
  if (rest) {
    state_->guard_questions.try_emplace(rest->id, *rest);
    state_->incidents.try_emplace(rest->id, guard_incident(*rest));
  }
  for (std::size_t i = 0; i < held.size(); ++i) {
    const std::pair timer{held[i].actor, held[i].name};
    if (let_go < 0 || std::cmp_less(i, let_go)) state_->held.erase(timer);
    else if (rest) state_->held[timer] = rest->id;
  }
  return {};
}

Result<std::vector<GuardQuestion>> MemoryStore::guard_questions(const TenantId& tenant, Time since, int limit) {
  const std::lock_guard lock{state_->mutex};
  std::vector<GuardQuestion> found;
  for (auto at = state_->guard_questions.rbegin(); at != state_->guard_questions.rend() && std::ssize(found) < limit; ++at) {
    const auto& question = at->second;
    if ((!tenant.empty() && question.tenant != tenant) || (question.state == "released" && question.asked_at < since && question.until < since)) continue;
    found.push_back(question);
    found.back().held = std::ranges::count_if(state_->held, [&](const auto& held) { return held.second == question.id; });
  }
  return found;
}

Result<std::vector<GuardEntry>> MemoryStore::guard_entries(Time since) {
  const std::lock_guard lock{state_->mutex};
  std::vector<GuardEntry> entries;
  std::ranges::copy_if(state_->guard_entries, std::back_inserter(entries), [&](const GuardEntry& entry) { return entry.at >= since; });
  std::ranges::stable_sort(entries, {}, &GuardEntry::at);
  return entries;
}

Result<void> MemoryStore::forget_guard_entries(Time before) {
  const std::lock_guard lock{state_->mutex};
  STELLWERK_CHECK(check_not_ended());
  std::erase_if(state_->guard_entries, [&](const GuardEntry& entry) { return entry.at < before; });
  return {};
}

Result<std::int64_t> MemoryStore::count_live(const TenantId& tenant, const std::string& kind) {
  const std::lock_guard lock{state_->mutex};
  return std::ranges::count_if(state_->actors, [&](const auto& item) { return item.second.live && item.second.tenant == tenant && item.second.kind == kind; });
}

Result<void> MemoryStore::put_stop(const StopRow& stop, const TenantId&) {
  const std::lock_guard lock{state_->mutex};
  STELLWERK_CHECK(check_fence());
  if (stop.on) state_->stops[stop.tenant] = stop;
  else state_->stops.erase(stop.tenant);
  state_->stop_changes.push_back(stop);
  return {};
}

Result<std::vector<StopRow>> MemoryStore::stops() {
  const std::lock_guard lock{state_->mutex};
  std::vector<StopRow> on;
  for (const auto& [tenant, stop] : state_->stops) on.push_back(stop);
  return on;
}

Result<std::vector<StopRow>> MemoryStore::stop_history(const TenantId& tenant, int limit) {
  const std::lock_guard lock{state_->mutex};
  std::vector<StopRow> newest;
  for (auto at = state_->stop_changes.rbegin(); at != state_->stop_changes.rend() && std::ssize(newest) < limit; ++at)
    if (tenant.empty() || at->tenant.empty() || at->tenant == tenant) newest.push_back(*at);
  return newest;
}

}  // namespace stellwerk::storage
