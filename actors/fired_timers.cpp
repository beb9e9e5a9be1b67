#include "actors/fired_timers.hpp"

#include <algorithm>
#include <exception>
#include <mutex>
#include <vector>

#include "monitoring/log.hpp"

namespace stellwerk::actors {

/// Where tickets are given back.
struct TimerTicket::Desk {
  struct Ended {
    std::string timer;
    bool decided = false;
  };
  std::mutex mutex;
  std::vector<Ended> ended;
  std::size_t awaited = 0;  ///< so many make a call of `wake`; 0: nobody waits
  std::function<void()> wake;

  void put(Ended one) {
    std::unique_lock lock{mutex};
    ended.push_back(std::move(one));
    call_if_enough(lock);
  }
  void await(std::size_t count) {
    std::unique_lock lock{mutex};
    awaited = count;
    call_if_enough(lock);
  }

 private:
  /// Without the lock: nobody knows what a call brings about.
  void call_if_enough(std::unique_lock<std::mutex>& lock) {
    if (awaited == 0 || ended.size() < awaited) return;
    awaited = 0;
    const auto call = wake;
    lock.unlock();
    if (call) call();
  }
};

TimerTicket::~TimerTicket() {
  try {
    desk_->put({std::move(timer_), decided_});
  } catch (const std::exception& error) {
    monitoring::log_error("a timer's end could not be told", {{"error", error.what()}});
  }
}

FiredTimers::FiredTimers(std::function<void()> wake) : desk_{std::make_shared<TimerTicket::Desk>()} { desk_->wake = std::move(wake); }

FiredTimers::~FiredTimers() {
  const std::lock_guard lock{desk_->mutex};
  desk_->wake = nullptr;
}

std::string FiredTimers::name_of(const storage::TimerRow& timer) { return timer.actor.str() + "/" + timer.name + "/" + std::to_string(to_micros(timer.due)); }

void FiredTimers::settle(Duration now) {
  std::vector<TimerTicket::Desk::Ended> ended;
  {
    const std::lock_guard lock{desk_->mutex};
    ended.swap(desk_->ended);
  }
  for (const auto& [timer, decided] : ended) {
    const auto found = fired_.find(timer);
    if (found == fired_.end()) continue;
    auto& fired = found->second;
    fired.under_way = false;
    --under_way_;
    if (const auto tenant = of_tenant_.find(fired.tenant); --tenant->second == 0) of_tenant_.erase(tenant);
    if (decided || fired.forgotten) fired_.erase(found);
  }
  std::erase_if(fired_, [&](const auto& entry) { return !entry.second.under_way && now - entry.second.at > again_after; });
}

bool FiredTimers::knows(const storage::TimerRow& timer) const { return fired_.contains(name_of(timer)); }

std::shared_ptr<TimerTicket> FiredTimers::fire(const storage::TimerRow& timer, Duration now) {
  auto name = name_of(timer);
  if (!fired_.try_emplace(name, Fired{timer.tenant, now}).second) return nullptr;
  ++of_tenant_[timer.tenant];
  ++under_way_;
  return std::make_shared<TimerTicket>(desk_, std::move(name));
}

int FiredTimers::missing(const TenantId& tenant) const {
  const auto found = of_tenant_.find(tenant);
  const int own = found == of_tenant_.end() ? 0 : found->second;
  return std::max(own + batch - most_of_tenant, under_way_ + batch - most);
}

void FiredTimers::wake_when_ended(int count) {
  desk_->await(static_cast<std::size_t>(std::max(count, 1)));
}

void FiredTimers::forget() {
  for (auto& [timer, fired] : fired_) fired.forgotten = true;
  std::erase_if(fired_, [](const auto& entry) { return !entry.second.under_way; });
}

}  // namespace stellwerk::actors
