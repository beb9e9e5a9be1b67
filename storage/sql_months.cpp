#include "storage/sql_months.hpp"

#include <fmt/format.h>

#include <chrono>

namespace stellwerk::storage {

Month month_of(Time time) {
  using namespace std::chrono;
  const year_month_day day{floor<days>(time)};
  const auto first = year_month{day.year(), day.month()};
  const auto start = [](year_month month) { return Time{sys_days{month / 1}}; };
  const auto next = first + months{1};
  return {fmt::format("{:04}_{:02}", static_cast<int>(day.year()), static_cast<unsigned>(day.month())), to_micros(start(first)), to_micros(start(next)),
          start(next)};
}

Result<void> make_month(Session& session, const Month& month) {
  const auto table = "journal_" + month.name;
  STELLWERK_TRY(const auto known, session.rows("select cast(1 as bigint) from pg_class where relname = :name", "i", {{"name", table}}));
  if (!known.empty()) return {};
  // Nobody shall wait behind us for a lock that a long reader keeps from us.
  STELLWERK_CHECK(session.script("set local lock_timeout = '2s'"));
  return session.script(fmt::format("create table if not exists {} partition of journal for values from ({}) to ({})", table, month.first, month.end));
}

}  // namespace stellwerk::storage
