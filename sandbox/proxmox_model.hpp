#pragma once
// The simulated Proxmox VE as a pure object: state and request in, answer out. Sockets, files and threads are proxmox.cpp's.

#include <span>
#include <string>
#include <vector>

#include "api/http/server.hpp"
#include "config/secret.hpp"
#include "sandbox/call_log.hpp"
#include "sandbox/cluster.hpp"
#include "sandbox/faults.hpp"

namespace stellwerk::sandbox {

struct ProxmoxModelOptions {
  std::string token_id = "stellwerk@pve!orchestrator";
  config::Secret token;
  std::vector<std::string> nodes = {"pve1", "pve2"};  ///< at least one
};

/// What becomes of one request.
struct Answer {
  enum class Delivery {
    send,   ///< `response`, after `delay`
    close,  ///< the connection is closed without an answer
    hold,   ///< nothing for `delay`, then close
  };
  Delivery delivery = Delivery::send;
  http::Response response;
  Duration delay{};         ///< in real time
  bool frees_held = false;  ///< held requests are closed now
};

/// One thread at a time.
class ProxmoxModel {
 public:
  explicit ProxmoxModel(ProxmoxModelOptions options);

  /// Requests below /api2/json and /_control. `wall` is the real time; virtual time is that plus the offset of the control API's clock.
  [[nodiscard]] Answer handle(const http::Request& request, Time wall);

  /// Records of what changed since the last call: they must be kept before the answer is given.
  [[nodiscard]] std::vector<Json> take_changes();
  /// Records of everything.
  [[nodiscard]] std::vector<Json> snapshot() const;
  /// Becomes what the records say, in order. Errors: malformed (not records of a simulator).
  [[nodiscard]] Result<void> restore(const std::vector<Json>& records);

  [[nodiscard]] const Cluster& cluster() const { return cluster_; }

 private:
  [[nodiscard]] Answer handle_api(const http::Request& request, std::span<const std::string> segments);
  [[nodiscard]] bool is_authentic(const http::Request& request) const;

  ProxmoxModelOptions options_;
  Cluster cluster_;
  FaultBook faults_;
  CallLog log_;
};

}  // namespace stellwerk::sandbox
