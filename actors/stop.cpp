#include "actors/stop.hpp"

#include <algorithm>

#include "core/planted.hpp"
#include "monitoring/health.hpp"
#include "monitoring/metrics.hpp"

namespace stellwerk::actors {
namespace {

constexpr int longest_history = 1'000;  ///< changes; a step older than that many emergency stops has other troubles

/// In order and without overlap.
std::vector<workflows::Standstill> merged(std::vector<workflows::Standstill> spans) {
  std::ranges::sort(spans, {}, &workflows::Standstill::from);
  std::vector<workflows::Standstill> whole;
  for (const auto& span : spans) {
    if (!whole.empty() && span.from <= whole.back().until) whole.back().until = std::max(whole.back().until, span.until);
    else whole.push_back(span);
  }
  return whole;
}

}  // namespace

Result<void> Stop::load(storage::Store& store) {
  STELLWERK_TRY(const auto stops, store.stops());
  STELLWERK_TRY(const auto changes, store.stop_history(TenantId{}, longest_history));
  const std::lock_guard lock{mutex_};
  on_.clear();
  history_.clear();
  known_.clear();
  for (auto change = changes.rbegin(); change != changes.rend(); ++change) add(*change);
  for (const auto& stop : stops) {
    on_[stop.tenant] = stop;
    add(stop);
  }
  any_ = !on_.empty();
  ever_ = !history_.empty();
  show();
  return {};
}

void Stop::put(const storage::StopRow& stop) {
  const std::lock_guard lock{mutex_};
  if (stop.on) on_[stop.tenant] = stop;
  else on_.erase(stop.tenant);
  any_ = !on_.empty();
  add(stop);
  known_.clear();
  ever_ = !history_.empty();
  show();
}

/// On while it is on says only another why. Off without on: that one has been forgotten.
void Stop::add(const storage::StopRow& stop) {
  auto& spans = history_[stop.tenant];
  const bool is_open = !spans.empty() && spans.back().until == Time::max();
  if (stop.on && !is_open) spans.push_back({stop.at, Time::max()});
  if (!stop.on && is_open) spans.back().until = std::max(spans.back().from, stop.at);
}

bool Stop::is_on(const TenantId& tenant) const {
  if (!any_ || planted(Planted::stop_not_obeyed)) return false;
  const std::lock_guard lock{mutex_};
  return on_.contains(TenantId{}) || on_.contains(tenant);
}

Stop::Spans Stop::standstills(const TenantId& tenant) const {
  if (!ever_) return nullptr;
  const std::lock_guard lock{mutex_};
  const auto [answer, is_new] = known_.try_emplace(tenant);
  if (!is_new) return answer->second;
  std::vector<workflows::Standstill> spans;
  for (const auto& scope : {TenantId{}, tenant})
    if (const auto found = history_.find(scope); found != history_.end()) spans.insert(spans.end(), found->second.begin(), found->second.end());
  if (!spans.empty()) answer->second = std::make_shared<const std::vector<workflows::Standstill>>(merged(std::move(spans)));
  return answer->second;
}

Duration Stop::stood(const TenantId& tenant, Time from, Time until) const {
  const auto spans = standstills(tenant);
  return spans ? workflows::stood_still(*spans, from, until) : Duration{0};
}

Time Stop::deadline_of(const storage::AttemptRow& attempt, Time now) const {
  const auto written = attempt.mode == "poll" && attempt.sent != Time{} ? attempt.sent : attempt.due;
  return attempt.deadline + stood(attempt.tenant, written, now);
}

/// Who and why is told to those who may ask the API; the readiness page, which is open, says only that it is on.
void Stop::show() const {
  static auto& gauge = monitoring::gauge("stellwerk_emergency_stops");
  gauge.set(static_cast<double>(on_.size()));
  if (on_.empty()) return monitoring::report_notice("emergency_stop", "");
  const bool all = on_.contains(TenantId{});
  monitoring::report_notice("emergency_stop", std::string{all ? "on for all tenants" : "on"} + " since " + format_time(on_.begin()->second.at));
}

}  // namespace stellwerk::actors
