#pragma once
// Backups that the running server makes: one at a time, on a thread of its own, beside the work. Free of CAF.

#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "core/clock.hpp"
#include "core/json.hpp"
#include "core/result.hpp"

namespace stellwerk::actors {

class Archivist {
 public:
  /// Makes a backup and returns its path.
  using MakeBackup = std::function<Result<std::string>(const std::stop_token&)>;

  /// When the newest backup was made, whoever made it; nothing: there is none.
  using FindNewest = std::function<std::optional<Time>()>;

  /// With `newest` the metric stellwerk_backup_made_seconds goes by it, from now on and every minute: a backup made from the command line counts as well.
  explicit Archivist(MakeBackup make, FindNewest newest = {});
  ~Archivist() { stop(); }
  Archivist(const Archivist&) = delete;
  Archivist& operator=(const Archivist&) = delete;

  /// Begins one; its state as state() tells it. Any thread. Errors: conflict while one is being made, unavailable after stop().
  [[nodiscard]] Result<Json> begin(const std::string& id, const std::string& by);
  /// {"state": "none"|"running"|"made"|"failed", "id", "by", "begun_at", "ended_at", "path", "error"} of the last one since the start.
  [[nodiscard]] Json state() const;
  /// Gives up what is under way; nothing of it stays.
  void stop();

 private:
  struct Last {
    std::string state = "none", id, by, path, error;
    Time begun_at{}, ended_at{};
  };
  void make(const std::stop_token& stop);
  void tell_newest() const;
  void watch(const std::stop_token& stop);
  [[nodiscard]] Json render() const;

  MakeBackup make_;
  FindNewest newest_;
  mutable std::mutex mutex_;  ///< of what follows
  Last last_;
  bool stopped_ = false;
  std::jthread thread_;
  std::jthread watch_;
};

}  // namespace stellwerk::actors
