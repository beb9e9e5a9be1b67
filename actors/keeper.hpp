#pragma once
// Retention: deletes what may go, a little at a time, on a thread and a session of its own, and sees to it that what was destroyed (keys of
// persons) is overwritten in the files as well. Free of CAF.

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "core/clock.hpp"
#include "storage/directory.hpp"

namespace stellwerk::actors {

/// How long things stay (settings retention.*).
struct Retention {
  Duration journal = std::chrono::hours{24 * 1'096};    ///< after the actor is final
  Duration incidents = std::chrono::hours{24 * 400};    ///< after they are closed; keys of effects and of deferred commands, too
  Duration audit = std::chrono::hours{24 * 3'653};
  Duration idempotency = std::chrono::hours{24 * 7};
  Duration outbox = std::chrono::hours{24 * 400};
  Duration sessions = std::chrono::hours{24};           ///< after they have run out
};

class Keeper {
 public:
  using OpenRecords = std::function<Result<std::unique_ptr<storage::Directory>>()>;

  /// `may_go_by_the_clock`: false while the clock is not trusted; what a wrong clock deletes, nobody brings back.
  Keeper(OpenRecords open, const Clock& clock, std::function<bool()> may_go_by_the_clock, Retention retention, int rows_per_second);
  ~Keeper() { stop(); }
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;

  /// A round now and then, the first some minutes after the start.
  void start();
  void stop();
  /// Everything that may go at this moment; rows by table. The keeper's own thread; without start() whoever has made it.
  /// Errors: those of the database, unavailable while the clock is not trusted, cancelled by stop().
  [[nodiscard]] Result<std::map<std::string, std::int64_t>> sweep();
  /// Tries again what an erasure or a rotation still owes (Directory::purge_deleted()); metric stellwerk_purge_owed_seconds. True: nothing is owed.
  [[nodiscard]] Result<bool> purge();

 private:
  using Counts = std::map<std::string, std::int64_t>;
  void serve(const std::stop_token& stop);
  [[nodiscard]] Result<void> trim_aged(storage::Directory& records, Time now, Counts& counts);
  [[nodiscard]] Result<void> trim_actors(storage::Directory& records, Time now, Counts& counts);
  /// Counts the rows, and pauses so long that the bound is kept.
  [[nodiscard]] Result<void> went(Counts& counts, const std::string& table, std::int64_t rows);
  [[nodiscard]] bool pause(Duration span);  ///< false: the end was asked for

  OpenRecords open_;
  const Clock& clock_;
  std::function<bool()> trusted_;
  Retention retention_;
  int rows_per_second_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::stop_token stop_;
  std::optional<Duration> owed_since_;  ///< monotonic
  std::jthread thread_;
};

}  // namespace stellwerk::actors
