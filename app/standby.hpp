#pragma once
// A process that waits for a database which a node of another host holds. It answers health checks meanwhile, and nothing else.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "api/http/server.hpp"
#include "config/settings.hpp"
#include "storage/directory.hpp"

namespace stellwerk::app {

class Standby {
 public:
  explicit Standby(const config::Settings& settings) : settings_{settings} {}

  /// Returns nothing when no live node of another host holds the database, or why this process has to end. `host`: who we are.
  /// Errors: conflict with reason "held" when the setting engine.standby forbids to wait; whatever keeps the database from being asked
  /// the first time, or HTTP from being served. A database that goes away later is waited for.
  [[nodiscard]] Result<std::optional<std::string>> wait_for_turn(storage::SqlDatabase& database, const std::string& host);

  /// What answers until the node does; null when there was nothing to wait for. The node listens where it did: see settings().
  [[nodiscard]] std::shared_ptr<http::Server> server() const { return server_; }
  /// Those it was made with; the port that was found free is kept.
  [[nodiscard]] const config::Settings& settings() const { return settings_; }

 private:
  [[nodiscard]] Result<void> serve_health();
  void tell(const std::string& why);

  config::Settings settings_;
  std::shared_ptr<http::Server> server_;
  std::string told_;
};

}  // namespace stellwerk::app
