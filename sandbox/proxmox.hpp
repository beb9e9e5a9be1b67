#pragma once
// A Proxmox VE API on loopback, for tests and the demo: the model of proxmox_model.hpp behind a socket and a file.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "config/secret.hpp"
#include "core/result.hpp"

namespace stellwerk::sandbox {

struct ProxmoxOptions {
  std::string listen = "127.0.0.1:0";
  std::string state_file;  ///< empty: in memory only
  std::string token_id = "stellwerk@pve!orchestrator";
  config::Secret token;                               ///< must not be empty
  std::vector<std::string> nodes = {"pve1", "pve2"};  ///< template 9000 stands on the first
};

/// Owns its threads. start() and stop() belong to one thread. Plain HTTP; the control API is below /_control/.
class Proxmox {
 public:
  explicit Proxmox(ProxmoxOptions options);
  ~Proxmox();
  /// Continues with the state file and serves. Returns the port. Once only. Errors: invalid_argument (no token, no nodes, no address),
  /// unavailable (address in use, file not writable), malformed (not a state file).
  [[nodiscard]] Result<std::uint16_t> start();
  /// Closes what faults hold back and ends. May be called twice.
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace stellwerk::sandbox
