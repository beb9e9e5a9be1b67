#pragma once
// The node's own check that nothing is silently stuck: a duty with a thread and a database session of its own, beside the engine and
// not by way of it. Free of CAF.

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "actors/examination.hpp"
#include "actors/recently_changed.hpp"
#include "core/clock.hpp"

namespace stellwerk::actors {

/// What the warden knows.
struct WardenReport {
  std::vector<Finding> findings;  ///< longest first
  Time looked_at{};               ///< of the last round; epoch: none yet
  Time swept_at{};                ///< when the last sweep over all live actors ended; epoch: the first is under way
  Duration sweep{};               ///< how long it took
  Duration every{};               ///< between rounds
  std::string error;              ///< why the last round failed; empty: it did not
};

/// Looks every few seconds; sets the metrics stellwerk_actors_stuck…; tells each new finding once in the log.
class Warden {
 public:
  struct Options {
    Duration every = std::chrono::seconds{4};  ///< with `rows`: a sweep over a million sleeping actors takes about a quarter of an hour
    int rows = 5'000;
  };
  using OpenRecords = std::function<Result<std::unique_ptr<storage::Directory>>()>;

  Warden(OpenRecords open, std::shared_ptr<const Definitions> definitions, std::shared_ptr<RecentlyChanged> changed, const Clock& clock);
  Warden(OpenRecords open, std::shared_ptr<const Definitions> definitions, std::shared_ptr<RecentlyChanged> changed, const Clock& clock, Options options);
  ~Warden() { stop(); }
  Warden(const Warden&) = delete;
  Warden& operator=(const Warden&) = delete;

  void start();
  void stop();
  /// One round. The warden's own thread; without start() whoever has made it.
  void look();
  /// Any thread.
  [[nodiscard]] WardenReport report() const;

 private:
  [[nodiscard]] Result<void> look_once();
  void watch_clock(Time now, Duration monotonic);
  void tell(const Finding& finding, Time now) const;

  OpenRecords open_;
  std::shared_ptr<RecentlyChanged> changed_;
  const Clock& clock_;
  Options options_;
  Examination examination_;
  std::unique_ptr<storage::Directory> records_;
  Time idle_since_{};
  Duration offset_{};         ///< of engine time to monotonic time, at the last round
  bool first_ = true;
  Duration sweep_began_{};
  bool failing_ = false;

  mutable std::mutex mutex_;  ///< of `report_`, and of the sleep between rounds
  std::condition_variable_any wake_;
  WardenReport report_;
  std::jthread thread_;
};

}  // namespace stellwerk::actors
