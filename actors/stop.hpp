#pragma once
// The emergency stop as the engine sees it: while it is on for a tenant (or for all), no timer fires and no attempt begins.

#include <atomic>
#include <map>
#include <mutex>
#include <vector>

#include "storage/store.hpp"

namespace stellwerk::actors {

/// One object of a node; any thread. The truth is in the database: it is read at start, and told here by whoever changes it (the sentry).
class Stop {
 public:
  /// At start, before anything fires. Errors: those of the store.
  [[nodiscard]] Result<void> load(storage::Store& store);
  /// As it is written.
  void put(const storage::StopRow& stop);
  /// Cheap when none is on.
  [[nodiscard]] bool is_on(const TenantId& tenant) const;

 private:
  void show() const;  ///< the caller holds the mutex

  mutable std::mutex mutex_;
  std::map<TenantId, storage::StopRow> on_;
  std::atomic<bool> any_{false};
};

}  // namespace stellwerk::actors
