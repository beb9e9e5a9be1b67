// The mass-action guard and the emergency stop, as people read them.

#include "actors/views.hpp"

namespace stellwerk::actors {
namespace {

Json time_or_null(Time time) { return time == Time{} ? Json{} : Json(boost::json::string(format_time(time))); }

}  // namespace

JsonObject shown_question(const storage::GuardQuestion& q) {
  return {{"id", q.id.str()}, {"kind", q.kind}, {"why", q.why}, {"state", q.state}, {"held", q.held}, {"passed", q.passed}, {"bound", q.bound}, {"live", q.live},
          {"examples", q.examples}, {"answers", q.answers}, {"asked_at", format_time(q.asked_at)}, {"until", time_or_null(q.until)}};
}

JsonObject shown_stop(const storage::StopRow& stop) {
  return {{"on", stop.on}, {"scope", stop.tenant.empty() ? "all" : "tenant"}, {"by", stop.by}, {"note", stop.note}, {"at", format_time(stop.at)}};
}

Result<std::vector<storage::GuardQuestion>> Views::guard_questions(const TenantId& tenant, bool all, int limit) {
  return store_->guard_questions(tenant, all ? Time{} : Time::max(), limit);
}

Result<std::vector<storage::StopRow>> Views::stops(const TenantId& tenant) {
  STELLWERK_TRY(auto on, store_->stops());
  std::erase_if(on, [&](const storage::StopRow& stop) { return !stop.tenant.empty() && stop.tenant != tenant; });
  return on;
}

Result<std::vector<storage::StopRow>> Views::stop_history(const TenantId& tenant, int limit) { return store_->stop_history(tenant, limit); }

}  // namespace stellwerk::actors
