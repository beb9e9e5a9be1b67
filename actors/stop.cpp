#include "actors/stop.hpp"

#include "monitoring/health.hpp"
#include "monitoring/metrics.hpp"

namespace stellwerk::actors {

Result<void> Stop::load(storage::Store& store) {
  STELLWERK_TRY(const auto stops, store.stops());
  const std::lock_guard lock{mutex_};
  on_.clear();
  for (const auto& stop : stops) on_[stop.tenant] = stop;
  any_ = !on_.empty();
  show();
  return {};
}

void Stop::put(const storage::StopRow& stop) {
  const std::lock_guard lock{mutex_};
  if (stop.on) on_[stop.tenant] = stop;
  else on_.erase(stop.tenant);
  any_ = !on_.empty();
  show();
}

bool Stop::is_on(const TenantId& tenant) const {
  if (!any_) return false;
  const std::lock_guard lock{mutex_};
  return on_.contains(TenantId{}) || on_.contains(tenant);
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
