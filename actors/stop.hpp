#pragma once
// The emergency stop as the engine sees it: while it is on for a tenant (or for all), no timer fires and no attempt begins. Afterwards
// it is known how long everybody had to stand still: that is not part of a step's time.

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "storage/store.hpp"
#include "workflows/snapshot.hpp"

namespace stellwerk::actors {

/// One object of a node; any thread. The truth is in the database: it is read at start, and told here by whoever changes it (the sentry).
class Stop {
 public:
  using Spans = std::shared_ptr<const std::vector<workflows::Standstill>>;

  /// At start, before anything fires. Errors: those of the store.
  [[nodiscard]] Result<void> load(storage::Store& store);
  /// As it is written.
  void put(const storage::StopRow& stop);
  /// Cheap when none is on.
  [[nodiscard]] bool is_on(const TenantId& tenant) const;
  /// The spans in which one was on for the tenant, its own and those of all, in order and without overlap; null when there were none.
  /// Cheap when there never was one.
  [[nodiscard]] Spans standstills(const TenantId& tenant) const;
  /// How much of the time between `from` and `until` the tenant had to stand still.
  [[nodiscard]] Duration stood(const TenantId& tenant, Time from, Time until) const;
  /// The deadline of an attempt, when it had to stand still since its row was written.
  [[nodiscard]] Time deadline_of(const storage::AttemptRow& attempt, Time now) const;

 private:
  void add(const storage::StopRow& stop);  ///< to the history; the caller holds the mutex
  void show() const;                       ///< the caller holds the mutex

  mutable std::mutex mutex_;
  std::map<TenantId, storage::StopRow> on_;
  std::map<TenantId, std::vector<workflows::Standstill>> history_;  ///< of each scope by itself, in order
  mutable std::map<TenantId, Spans> known_;  ///< what standstills() has answered, until something changes
  std::atomic<bool> any_{false}, ever_{false};
};

}  // namespace stellwerk::actors
