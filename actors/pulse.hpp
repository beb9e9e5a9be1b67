#pragma once
// The heartbeat of a node: renews its lease, and compares its clock with the database's. Free of CAF.

#include <memory>
#include <string>

#include "actors/lasting_session.hpp"
#include "actors/protocol.hpp"

namespace stellwerk::actors {

/// Writes a heartbeat. The engine's clock goes by the database's answer from then on, and the guard compares the two. Returns the monotonic
/// time from which the lease counts. Errors: those of Store::heartbeat().
[[nodiscard]] Result<Duration> heartbeat(storage::Store& store, const Deps& deps);

class Pulse {
 public:
  Pulse(std::shared_ptr<const Deps> deps, std::unique_ptr<storage::Store> store);

  /// One heartbeat. Returns how long to wait for the next. A lost incarnation is told to Deps::on_fatal. It may block on the database,
  /// for longer than a lease even: nothing is sent meanwhile.
  [[nodiscard]] Duration beat();

 private:
  [[nodiscard]] Result<void> renew();
  void tell_lease(const Result<void>& renewed);
  void tell_clock();

  std::shared_ptr<const Deps> deps_;
  LastingSession session_;
  bool failing_ = false;     ///< the last heartbeat could not be written
  bool silent_ = false;      ///< the lease was over when it was told last
  std::string clock_told_;   ///< the trouble that is known to the operator
};

}  // namespace stellwerk::actors
