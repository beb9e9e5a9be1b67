// Which timers are due. A tenant with very many of them, and one that is stopped, must not make the look for the others' any longer:
// tenants are walked by the index (tenant, due, actor, name), each with one probe.

#include <limits>

#include "storage/rows.hpp"
#include "storage/sql_store.hpp"

namespace stellwerk::storage {
namespace {

/// A relation `tenants` of those that have a timer and are not stopped: the next tenant is looked for behind the one before.
const std::string tenants =
    "with recursive known(tenant) as (select min(tenant) from timer where held = '' union all "
    "select (select min(t.tenant) from timer t where t.held = '' and t.tenant > known.tenant) from known where known.tenant is not null), "
    "tenants(tenant) as (select tenant from known where tenant is not null and not exists (select 1 from emergency_stop s where s.tenant = '' or s.tenant = known.tenant)) ";

}  // namespace

Result<std::vector<TenantId>> SqlStore::tenants_due(Time until) {
  static const auto sql = tenants + "select tenant from tenants where exists (select 1 from timer t where t.tenant = tenants.tenant and t.held = '' and t.due <= :until) order by tenant";
  STELLWERK_TRY(const auto rows, session_.rows(sql, "t", {{"until", to_micros(until)}}));
  std::vector<TenantId> due;
  for (const auto& row : rows) due.emplace_back(std::get<std::string>(row[0]));
  return due;
}

Result<std::vector<TimerRow>> SqlStore::timers_due(const TenantId& tenant, Time until, int limit, const std::optional<TimerRow>& after) {
  static const auto sql = "select " + timer_columns.list() + " from timer where tenant = :tenant and held = '' and due <= :until and (due, actor, name) > (:after_due, :after_actor, :after_name) "
                          "and not exists (select 1 from emergency_stop s where s.tenant = '' or s.tenant = :tenant) order by due, actor, name limit :limit";
  const auto from = after.value_or(TimerRow{{}, {}, {}, from_micros(std::numeric_limits<std::int64_t>::min())});
  STELLWERK_TRY(const auto rows, session_.rows(sql, timer_columns.types(), {{"tenant", tenant.str()}, {"until", to_micros(until)}, {"after_due", to_micros(from.due)},
                                                                            {"after_actor", from.actor.str()}, {"after_name", from.name}, {"limit", std::int64_t{limit}}}));
  return read_all(rows, read_timer);
}

Result<std::optional<Time>> SqlStore::next_due(Time after) {
  static const auto sql = tenants + "select min((select min(t.due) from timer t where t.tenant = tenants.tenant and t.held = '' and t.due > :after)) from tenants";
  STELLWERK_TRY(const auto rows, session_.rows(sql, "i", {{"after", to_micros(after)}}));
  const auto* due = std::get_if<std::int64_t>(&rows.at(0)[0]);
  return due == nullptr ? std::optional<Time>{} : std::optional{from_micros(*due)};
}

}  // namespace stellwerk::storage
