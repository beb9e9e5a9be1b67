#pragma once
// Monthly partitions of the journal on PostgreSQL.

#include <string>

#include "core/clock.hpp"
#include "storage/session.hpp"

namespace stellwerk::storage {

struct Month {
  std::string name;  ///< "2026_03"
  std::int64_t first = 0, end = 0;  ///< microseconds, half open
  Time next{};                      ///< begin of the next month
};

/// The UTC month in which `time` lies.
[[nodiscard]] Month month_of(Time time);
/// Makes the partition unless it is there; inside a transaction. Fails when the default partition holds rows of that month.
[[nodiscard]] Result<void> make_month(Session& session, const Month& month);

}  // namespace stellwerk::storage
