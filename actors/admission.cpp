#include "actors/admission.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <deque>
#include <iterator>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "actors/round_robin.hpp"
#include "monitoring/metrics.hpp"

namespace stellwerk::actors {
namespace {

using Counts = std::map<std::string, int>;

int count_of(const Counts& counts, const std::string& key) {
  const auto found = counts.find(key);
  return found == counts.end() ? 0 : found->second;
}

void drop(Counts& counts, Counts::iterator entry) {
  if (--entry->second == 0) counts.erase(entry);
}

/// What waits goes away faster the less there may be of it: a second for each thousand, at most half a minute.
std::chrono::seconds patience_for(int limit) { return std::chrono::seconds{std::clamp(limit / 1'000, 1, 30)}; }

tl::unexpected<Error> refuse(const char* limit, ErrorCode code, const char* reason, const std::string& what, int most) {
  monitoring::counter("stellwerk_admission_refused_total", {limit}).add();
  const auto after = patience_for(most);
  Error error{code, fmt::format("{}: {} are waiting or under way already, and no more are taken on. Nothing was changed; try again in {} s", what, most, after.count()), reason};
  error.retry_after = after;
  return fail(std::move(error));
}

}  // namespace

struct Admission::State : std::enable_shared_from_this<Admission::State> {
  explicit State(Bounds given) : bounds{given} {}

  struct Waiter {
    std::uint64_t who;
    Grant grant;
  };
  struct WaitingTenant {
    std::map<std::string, std::deque<Waiter>> operations;
    std::string last;
  };
  using Granted = std::vector<std::pair<Grant, Held>>;

  class InHand;
  class Pending;
  class Place;

  [[nodiscard]] bool has_place(const std::string& tenant, const std::string& operation) const {
    return count_of(flying_tenants, tenant) < bounds.in_flight_per_tenant && count_of(flying_operations, operation) < bounds.in_flight_per_operation;
  }
  [[nodiscard]] Held place(const std::string& tenant, const std::string& operation);
  [[nodiscard]] Granted leave_place(Counts::iterator tenant, Counts::iterator operation);

  const Bounds bounds;
  std::mutex mutex;
  int all = 0;
  Counts servers, tenants, operations;
  int pending = 0;
  Counts pending_tenants;
  Counts flying_tenants, flying_operations;
  std::map<std::string, WaitingTenant> waiting;
  std::string last_tenant;
  std::atomic<std::int64_t> awake{0};
};

/// The maps' nodes stay where they are: an entry is found again without its name.
class Admission::State::InHand {
 public:
  /// The caller holds the mutex.
  InHand(std::shared_ptr<State> state, const Load& load)
      : state_{std::move(state)}, tenant_{enter(state_->tenants, load.tenant.str())}, operation_{enter(state_->operations, load.operation)},
        server_{load.server.empty() ? state_->servers.end() : enter(state_->servers, load.server)} {
    ++state_->all;
    waiting().add(1);
  }
  ~InHand() {
    const std::lock_guard lock{state_->mutex};
    --state_->all;
    drop(state_->tenants, tenant_);
    drop(state_->operations, operation_);
    if (server_ != state_->servers.end()) drop(state_->servers, server_);
    waiting().add(-1);
  }
  InHand(const InHand&) = delete;
  InHand& operator=(const InHand&) = delete;

 private:
  static Counts::iterator enter(Counts& counts, const std::string& key) {
    const auto entry = counts.try_emplace(key, 0).first;
    ++entry->second;
    return entry;
  }
  static monitoring::Gauge& waiting() {
    static auto& gauge = monitoring::gauge("stellwerk_attempts_waiting");
    return gauge;
  }

  std::shared_ptr<State> state_;
  Counts::iterator tenant_, operation_, server_;
};

class Admission::State::Pending {
 public:
  Pending(std::shared_ptr<State> state, Counts::iterator tenant) : state_{std::move(state)}, tenant_{tenant} {}
  ~Pending() {
    const std::lock_guard lock{state_->mutex};
    --state_->pending;
    drop(state_->pending_tenants, tenant_);
  }
  Pending(const Pending&) = delete;
  Pending& operator=(const Pending&) = delete;

 private:
  std::shared_ptr<State> state_;
  Counts::iterator tenant_;
};

class Admission::State::Place {
 public:
  Place(std::shared_ptr<State> state, Counts::iterator tenant, Counts::iterator operation) : state_{std::move(state)}, tenant_{tenant}, operation_{operation} {}
  ~Place() {
    auto granted = state_->leave_place(tenant_, operation_);
    for (auto& [grant, held] : granted) grant(std::move(held));  // not under the lock: who is told may give it back at once
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

 private:
  std::shared_ptr<State> state_;
  Counts::iterator tenant_, operation_;
};

Held Admission::State::place(const std::string& tenant, const std::string& operation) {
  const auto of_tenant = flying_tenants.try_emplace(tenant, 0).first;
  const auto of_operation = flying_operations.try_emplace(operation, 0).first;
  ++of_tenant->second, ++of_operation->second;
  return std::make_shared<const Place>(shared_from_this(), of_tenant, of_operation);
}

/// Whoever can go now is given a place: nobody waits for what is free. So who asks anew passes nobody.
Admission::State::Granted Admission::State::leave_place(Counts::iterator tenant, Counts::iterator operation) {
  const std::lock_guard lock{mutex};
  const auto of_tenant = tenant->first, of_operation = operation->first;
  drop(flying_tenants, tenant);
  drop(flying_operations, operation);
  Granted granted;
  const auto serve = [&](const std::string& name, WaitingTenant& waits, auto& entry) {
    if (entry.second.empty() || !has_place(name, entry.first)) return false;
    granted.emplace_back(std::move(entry.second.front().grant), place(name, entry.first));
    entry.second.pop_front();
    waits.last = entry.first;
    return true;
  };
  const auto serve_one = [&] {
    return round_robin(waiting, last_tenant, [&](auto& entry) {
      WaitingTenant& waits = entry.second;
      // Where neither tenant nor operation is the one that has become free, nothing has changed.
      if (entry.first == of_tenant) return round_robin(waits.operations, waits.last, [&](auto& one) { return serve(entry.first, waits, one); });
      const auto found = waits.operations.find(of_operation);
      return found != waits.operations.end() && serve(entry.first, waits, *found);
    });
  };
  while (serve_one()) {
  }
  for (auto it = waiting.begin(); it != waiting.end();) {
    std::erase_if(it->second.operations, [](const auto& one) { return one.second.empty(); });
    it = it->second.operations.empty() ? waiting.erase(it) : std::next(it);
  }
  return granted;
}

Admission::Admission(Bounds bounds) : state_{std::make_shared<State>(bounds)} {}
Admission::~Admission() = default;

Result<Held> Admission::admit(const TenantId& tenant, std::span<const Load> loads) {
  using enum ErrorCode;
  auto& state = *state_;
  const auto& bounds = state.bounds;
  auto held = std::make_shared<std::vector<std::shared_ptr<const State::InHand>>>();
  held->reserve(loads.size());
  const std::lock_guard lock{state.mutex};
  const auto is_full = [](const Counts& counts, const std::string& key, int most) { return count_of(counts, key) >= most; };
  if (is_full(state.tenants, tenant.str(), bounds.queue_per_tenant))
    return refuse("tenant", resource_exhausted, "tenant_busy", "too much of yours is in hand", bounds.queue_per_tenant);
  if (state.all >= bounds.queue) return refuse("node", unavailable, "overloaded", "too much is in hand", bounds.queue);
  for (const auto& load : loads) {
    if (!load.server.empty() && is_full(state.servers, load.server, bounds.queue_per_server))
      return refuse("server", unavailable, "server_busy", fmt::format("server {} is busy", load.server), bounds.queue_per_server);
    if (is_full(state.operations, load.operation, bounds.queue_per_operation))
      return refuse("operation", unavailable, "step_busy", fmt::format("{} is busy", load.operation), bounds.queue_per_operation);
  }
  for (const auto& load : loads) held->push_back(std::make_shared<const State::InHand>(state_, load));
  return Held{std::move(held)};
}

Held Admission::count(const Load& load) {
  const std::lock_guard lock{state_->mutex};
  return std::make_shared<const State::InHand>(state_, load);
}

Result<Held> Admission::accept(const TenantId& tenant, bool in_any_case) {
  auto& state = *state_;
  const std::lock_guard lock{state.mutex};
  const int most = state.bounds.pending_commands;
  const int of_tenant = std::max(most / 2, 1);
  if (!in_any_case && count_of(state.pending_tenants, tenant.str()) >= of_tenant)
    return refuse("commands", ErrorCode::resource_exhausted, "tenant_busy", "too many requests of yours wait for their commit", of_tenant);
  if (!in_any_case && state.pending >= most) return refuse("commands", ErrorCode::unavailable, "overloaded", "too many requests wait for their commit", most);
  ++state.pending;
  const auto entry = state.pending_tenants.try_emplace(tenant.str(), 0).first;
  ++entry->second;
  return Held{std::make_shared<const State::Pending>(state_, entry)};
}

Held Admission::take_place(const TenantId& tenant, const std::string& operation, std::uint64_t who, Grant grant) {
  const std::lock_guard lock{state_->mutex};
  if (state_->has_place(tenant.str(), operation)) return state_->place(tenant.str(), operation);
  auto& line = state_->waiting[tenant.str()].operations[operation];
  if (std::none_of(line.begin(), line.end(), [&](const State::Waiter& waiter) { return waiter.who == who; })) line.push_back({who, std::move(grant)});
  return nullptr;
}

void Admission::withdraw(std::uint64_t who) {
  std::vector<Grant> gone;  // what they hold goes without the lock
  const std::lock_guard lock{state_->mutex};
  for (auto& [tenant, waits] : state_->waiting)
    for (auto& [operation, line] : waits.operations)
      std::erase_if(line, [&](State::Waiter& waiter) {
        if (waiter.who != who) return false;
        gone.push_back(std::move(waiter.grant));
        return true;
      });
}

void Admission::woke() { ++state_->awake; }
void Admission::fell_asleep() { --state_->awake; }
bool Admission::is_crowded() const { return state_->awake > state_->bounds.actors_in_memory; }

}  // namespace stellwerk::actors
