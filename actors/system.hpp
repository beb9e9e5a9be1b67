#pragma once
// What app starts: the engine of one node. Free of CAF.

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "actors/client.hpp"
#include "config/settings.hpp"
#include "connectors/driver.hpp"
#include "core/clock.hpp"
#include "storage/directory.hpp"

namespace stellwerk::actors {

struct SystemOptions {
  config::Settings settings;
  std::shared_ptr<storage::SqlDatabase> database;
  config::MasterKey key;
  TenantId tenant;                                           ///< whose library is published at first start
  std::vector<std::pair<std::string, std::string>> shipped;  ///< path and text of every shipped workflow and connector
  std::map<std::string, std::shared_ptr<connectors::Driver>> drivers;  ///< by name: "http", "noop"
  std::function<void(const std::string&)> on_fatal;          ///< the fence is gone: this process must end
  std::function<Result<std::string>(const std::stop_token&)> back_up = {};  ///< makes a backup and returns its path; without, none can be asked for
  std::function<std::optional<Time>()> newest_backup = {};   ///< when the newest backup was made, for the metric; nothing: there is none
  std::string host = {};  ///< who this node is, for its successors: one that bears the same name ends it at once. Empty: "localhost"
};

/// The engine: actors, committer, timers, connectors. start() takes the database over (Errors: conflict with reason "held" while another
/// host's node lives; cancelled when one took it over meanwhile), recovers what was under way and is ready;
/// stop() (or destruction) ends it: every commit under way is finished, nothing new is taken.
class System {
 public:
  [[nodiscard]] static Result<std::unique_ptr<System>> start(SystemOptions options);
  virtual ~System() = default;
  [[nodiscard]] virtual Client& client() = 0;
  virtual void stop() = 0;
};

}  // namespace stellwerk::actors
