#pragma once
// Timers that were fired, for as long as nobody has done anything about them: how many of a tenant may be on their way at once, and which
// must not be fired again. Free of CAF.

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>

#include "core/clock.hpp"
#include "storage/records.hpp"

namespace stellwerk::actors {

class FiredTimers;

/// Travels with the event of a timer, and ends with the event's last copy, whatever became of it. Any thread.
class TimerTicket {
 public:
  struct Desk;
  TimerTicket(std::shared_ptr<Desk> desk, std::string timer) : desk_{std::move(desk)}, timer_{std::move(timer)} {}
  ~TimerTicket();
  TimerTicket(const TimerTicket&) = delete;
  TimerTicket& operator=(const TimerTicket&) = delete;

  /// What the timer led to is on disk: it stands there no more.
  void decided() { decided_ = true; }

 private:
  std::shared_ptr<Desk> desk_;
  std::string timer_;
  bool decided_ = false;
};

/// One thread, but for the tickets.
class FiredTimers {
 public:
  static constexpr int batch = 500;                ///< of one tenant, at once
  static constexpr int most_of_tenant = 2 * batch; ///< under way
  static constexpr int most = 20 * batch;          ///< under way, of all tenants
  static constexpr Duration again_after = std::chrono::seconds{10};  ///< one of which nothing came is fired again

  /// `wake` is called by whatever thread, once for every wake_when_ended().
  explicit FiredTimers(std::function<void()> wake);
  /// Nobody is woken any more.
  ~FiredTimers();
  FiredTimers(const FiredTimers&) = delete;
  FiredTimers& operator=(const FiredTimers&) = delete;

  /// Takes account of what has ended until `now`, in monotonic time.
  void settle(Duration now);
  /// A ticket; null: it is under way, or was fired a moment ago.
  [[nodiscard]] std::shared_ptr<TimerTicket> fire(const storage::TimerRow& timer, Duration now);
  [[nodiscard]] bool knows(const storage::TimerRow& timer) const;
  /// Whether a batch of this tenant may be fired. When not: how many have to end before may be at the least.
  [[nodiscard]] bool has_room(const TenantId& tenant) const { return missing(tenant) <= 0; }
  [[nodiscard]] int missing(const TenantId& tenant) const;
  void wake_when_ended(int count);
  /// Something that let timers stand has changed: what stands is fired again as soon as it is not under way.
  void forget();
  [[nodiscard]] int under_way() const { return under_way_; }

 private:
  struct Fired {
    TenantId tenant;
    Duration at{};
    bool under_way = true;
    bool forgotten = false;
  };
  [[nodiscard]] static std::string name_of(const storage::TimerRow& timer);

  std::shared_ptr<TimerTicket::Desk> desk_;
  std::unordered_map<std::string, Fired> fired_;
  std::unordered_map<TenantId, int> of_tenant_;  ///< under way
  int under_way_ = 0;
};

}  // namespace stellwerk::actors
