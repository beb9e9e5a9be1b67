#include <algorithm>

#include "storage/rows.hpp"
#include "storage/sql_world.hpp"

namespace stellwerk::storage {
namespace {

constexpr std::int64_t window = 512;  // leases looked at with one query

}  // namespace

Result<std::optional<IdRange>> SqlWorld::lock_range(const TenantId& tenant, const std::string& name) {
  STELLWERK_TRY(const auto rows, session_.rows("select first_number, last_number from id_range where tenant = :tenant and name = :name {for update}", "ii",
                                               {{"tenant", tenant.str()}, {"name", name}}));
  if (rows.empty()) return std::optional<IdRange>{};
  Reader r{rows.front()};
  const auto first = r.number();
  return std::optional{IdRange{tenant, name, first, r.number()}};
}

Result<void> SqlWorld::lower_hint(const IdRange& range, std::int64_t number) {
  STELLWERK_CHECK(session_.execute("update id_range set next_free = :number where tenant = :tenant and name = :name and next_free > :number",
                                   {{"number", number}, {"tenant", range.tenant.str()}, {"name", range.name}}));
  return {};
}

Result<std::optional<std::int64_t>> SqlWorld::lowest_free_number(const IdRange& range, const std::set<std::int64_t>& blocked, Time now) {
  const Value tenant = range.tenant.str(), name = range.name;
  STELLWERK_TRY(const auto over, session_.rows("delete from id_lease where tenant = :tenant and name = :name and state = 'quarantine' and until_at <= :now "
                                               "returning number",
                                               "i", {{"tenant", tenant}, {"name", name}, {"now", to_micros(now)}}));
  for (const auto& row : over) STELLWERK_CHECK(lower_hint(range, std::get<std::int64_t>(row[0])));
  STELLWERK_TRY(const auto hints, session_.rows("select next_free from id_range where tenant = :tenant and name = :name", "i", {{"tenant", tenant}, {"name", name}}));
  const auto start = std::max(std::get<std::int64_t>(hints.at(0).at(0)), range.first);
  std::int64_t candidate = start;
  bool without_lease = true;  // every number from `start` up to the candidate has a lease
  while (candidate <= range.last) {
    STELLWERK_TRY(const auto leases, session_.rows("select number from id_lease where tenant = :tenant and name = :name and number >= :from order by number limit :limit",
                                                   "i", {{"tenant", tenant}, {"name", name}, {"from", candidate}, {"limit", window}}));
    const auto found = [&](std::int64_t number) -> Result<std::optional<std::int64_t>> {
      if (number > range.last) return std::optional<std::int64_t>{};
      if (without_lease && number > start) {  // so that the next search begins here
        STELLWERK_CHECK(session_.execute("update id_range set next_free = :number where tenant = :tenant and name = :name",
                                         {{"number", number}, {"tenant", tenant}, {"name", name}}));
      }
      return std::optional{number};
    };
    for (const auto& row : leases) {
      const auto leased = std::get<std::int64_t>(row[0]);
      for (; candidate < leased; ++candidate) {
        if (!blocked.contains(candidate)) return found(candidate);
        without_lease = false;
      }
      candidate = leased + 1;
    }
    if (std::ssize(leases) == window) continue;
    for (; blocked.contains(candidate); ++candidate) without_lease = false;
    return found(candidate);
  }
  return std::optional<std::int64_t>{};
}

Result<std::optional<Holding>> SqlWorld::find_number(const IdRange& range, std::int64_t number) {
  STELLWERK_TRY(const auto rows, session_.rows("select owner, state, until_at from id_lease where tenant = :tenant and name = :name and number = :number", "tti",
                                               {{"tenant", range.tenant.str()}, {"name", range.name}, {"number", number}}));
  if (rows.empty()) return std::optional<Holding>{};
  Reader r{rows.front()};
  return std::optional{Holding{r.text(), r.text(), r.time()}};
}

Result<void> SqlWorld::put_number(const IdRange& range, std::int64_t number, const Holding& holding) {
  // A number that is taken is inserted: the primary key keeps it from having two owners whatever the code above believes.
  const std::string sql = holding.state == "taken" ? "insert into id_lease (tenant, name, number, owner, state, until_at) values (:tenant, :name, :number, :owner, :state, :until)"
                                                   : "update id_lease set owner = :owner, state = :state, until_at = :until where tenant = :tenant and name = :name and number = :number";
  STELLWERK_CHECK(session_.execute(sql, {{"tenant", range.tenant.str()},
                                         {"name", range.name},
                                         {"number", number},
                                         {"owner", holding.owner},
                                         {"state", holding.state},
                                         {"until", to_micros(holding.until)}}));
  return {};
}

Result<void> SqlWorld::free_number(const IdRange& range, std::int64_t number) {
  STELLWERK_CHECK(session_.execute("delete from id_lease where tenant = :tenant and name = :name and number = :number",
                                   {{"tenant", range.tenant.str()}, {"name", range.name}, {"number", number}}));
  return lower_hint(range, number);
}

}  // namespace stellwerk::storage
