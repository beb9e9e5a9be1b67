#pragma once
// One node, whole: database, engine, API. What `serve`, `demo` and `bench` start.

#include <cstdint>
#include <memory>
#include <string>

#include "actors/system.hpp"
#include "api/api.hpp"
#include "api/http/server.hpp"
#include "app/host_lock.hpp"
#include "config/settings.hpp"

namespace stellwerk::app {

class Node {
 public:
  struct Options {
    config::Settings settings;
    std::string noop_file;  ///< where the noop driver writes its keys; empty: nowhere
    std::vector<std::pair<std::string, std::string>> extra_library;  ///< path and text, beside the shipped files
    std::shared_ptr<HostLock> host_lock = {};      ///< of settings.data_dir; taken here when there is none
    std::shared_ptr<http::Server> stand_in = {};   ///< what has listened there until now; stopped when the node is ready
  };
  /// Errors: whatever keeps it from serving; conflict with reason "held" while another host's node lives, and with reason "data_dir"
  /// while another process uses the data folder. The database must be migrated.
  [[nodiscard]] static Result<std::unique_ptr<Node>> start(Options options, std::shared_ptr<storage::SqlDatabase> database);
  ~Node();
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] const TenantId& tenant() const { return tenant_; }
  /// Drains the API, then the engine.
  void stop();

 private:
  std::shared_ptr<HostLock> host_lock_;  // first: it outlives everything that acts in its name
  TenantId tenant_;
  std::shared_ptr<storage::SqlDatabase> database_;
  std::unique_ptr<actors::System> system_;
  std::unique_ptr<api::Api> api_;
  std::unique_ptr<http::Server> server_;
  std::uint16_t port_ = 0;
};

}  // namespace stellwerk::app
