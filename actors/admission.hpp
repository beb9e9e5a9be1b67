#pragma once
// What a node takes on at once: how much may be in hand before the edge refuses to begin more, how many commands may wait for their
// commit, how many attempts may be under way, and how many actors should be in memory. Free of CAF.

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "core/id.hpp"
#include "core/result.hpp"

namespace stellwerk::actors {

/// As the settings of the same names (engine.…) say.
struct Bounds {
  int queue = 100'000;
  int queue_per_server = 20'000;
  int queue_per_tenant = 50'000;
  int queue_per_operation = 80'000;
  int in_flight_per_tenant = 256;
  int in_flight_per_operation = 128;
  int pending_commands = 10'000;
  int actors_in_memory = 20'000;
};

/// What an attempt is counted under.
struct Load {
  TenantId tenant;
  std::string operation;  ///< full name, of an operation or an action
  std::string server;     ///< empty: of an action
};

/// Something that is counted until the last copy is gone.
using Held = std::shared_ptr<const void>;

/// One object of a node; any thread.
class Admission {
 public:
  explicit Admission(Bounds bounds = {});
  ~Admission();
  Admission(const Admission&) = delete;
  Admission& operator=(const Admission&) = delete;

  // --- in hand: attempts that wait or are under way
  /// Whether a request from outside may begin a run of this tenant, whose first attempts are these; they count from here on.
  /// Errors, with retry_after: resource_exhausted "tenant_busy"; unavailable "server_busy", "step_busy", "overloaded".
  [[nodiscard]] Result<Held> admit(const TenantId& tenant, std::span<const Load> loads);
  /// Counts an attempt that is refused no more.
  [[nodiscard]] Held count(const Load& load);

  // --- commands that wait for their commit
  /// Half of all places at most go to one tenant. `in_any_case`: counted, but not refused.
  /// Errors, with retry_after: resource_exhausted "tenant_busy"; unavailable "overloaded".
  [[nodiscard]] Result<Held> accept(const TenantId& tenant, bool in_any_case = false);

  // --- under way
  /// Is told a place that became free, once, on any thread.
  using Grant = std::function<void(Held)>;
  /// A place for one attempt. Null: there is none, and `who` is told by `grant` when it gets one; in turn by tenants, and among those
  /// who wait for the same tenant and operation in the order of their asking. Who asks again before is told once.
  [[nodiscard]] Held take_place(const TenantId& tenant, const std::string& operation, std::uint64_t who, Grant grant);
  /// `who` waits for nothing any more.
  void withdraw(std::uint64_t who);

  // --- in memory
  void woke();
  void fell_asleep();
  /// Whoever has nothing to do should go.
  [[nodiscard]] bool is_crowded() const;

 private:
  struct State;
  std::shared_ptr<State> state_;  ///< also of whatever is held
};

}  // namespace stellwerk::actors
