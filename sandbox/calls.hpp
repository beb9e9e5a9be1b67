#pragma once
// Every call of the Proxmox VE API that the simulator knows.

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "api/http/server.hpp"
#include "sandbox/parameters.hpp"

namespace stellwerk::sandbox {

enum class Operation {
  version,
  next_id,
  resources,
  nodes,
  guests,
  read_config,
  config,
  clone,
  start,
  stop,
  shutdown,
  reboot,
  read_status,
  resize,
  destroy,
  tasks,
  task_status,
  task_log,
  task_abort,
};

struct Call {
  Operation operation;
  std::string_view name;  ///< as fault rules name it: "clone", "task_status" …
  http::Method method;
  std::string_view path;                  ///< below /api2/json, "/nodes/{node}/qemu/{vmid}/config"
  std::span<const Parameter> parameters;  ///< without those of the path
  bool makes_task = false;
};

[[nodiscard]] std::span<const Call> calls();

struct FoundCall {
  const Call* call = nullptr;
  Values path;  ///< "node", "vmid", "upid"
};

/// The call of a method and the decoded path segments below /api2/json; nothing when Proxmox VE would answer 501 (or we do not know it).
[[nodiscard]] std::optional<FoundCall> find_call(http::Method method, std::span<const std::string> segments);

/// What `…/config` takes; also the types of a guest's stored settings.
[[nodiscard]] std::span<const Parameter> config_parameters();

}  // namespace stellwerk::sandbox
