#pragma once
// One whole look at the health of an installation: what `stellwerk doctor` and GET /api/admin/doctor tell. Free of CAF.

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "actors/warden.hpp"
#include "core/json.hpp"

namespace stellwerk::actors {

struct DoctorReport {
  storage::DatabaseFacts facts;
  Duration clock_difference{};        ///< of this host's clock to the database's; positive: this host is ahead
  bool serving = false;               ///< a node's lease is alive
  bool complete = false;              ///< every live actor was looked at; else the first 200,000, and all that is overdue
  std::vector<Finding> findings;      ///< longest first; without the overdue half while no node serves: then everything is
  std::map<std::pair<std::string, int>, std::string> unreadable;  ///< revisions that do not load, and why
  Time looked_at{};                   ///< engine time
  /// Nothing stuck, every revision loads, and the clocks are within two seconds.
  [[nodiscard]] bool is_healthy() const;
};

/// Looks at everything once, from the start. `now`: engine time. Errors: those of the database.
[[nodiscard]] Result<DoctorReport> examine(storage::Directory& records, const std::shared_ptr<const Definitions>& definitions, Time now);

/// What the warden knows, rendered for the API.
[[nodiscard]] Json render_look(const WardenReport& report, Time now);
/// A finding with its words.
[[nodiscard]] Json render_finding(const Finding& finding, Time now);
/// {"healthy", "serving", "complete", "looked_at", "database", "nodes", "counts", "unreadable_revisions", "findings"}
[[nodiscard]] Json render_report(const DoctorReport& report);

}  // namespace stellwerk::actors
