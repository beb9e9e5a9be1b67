#pragma once
// The calls below /nodes/{node}/tasks.

#include <string>

#include "sandbox/answers.hpp"
#include "sandbox/cluster.hpp"

namespace stellwerk::sandbox {

/// Newest first. Without `source=all` or `active` only finished tasks are listed, as in Proxmox VE.
[[nodiscard]] http::Response list_tasks(const Cluster& cluster, const std::string& node, const Values& values);
[[nodiscard]] http::Response show_task(const Cluster& cluster, const std::string& node, const std::string& upid);
[[nodiscard]] http::Response show_task_log(const Cluster& cluster, const std::string& node, const std::string& upid, const Values& values);
[[nodiscard]] http::Response abort_task(Cluster& cluster, const std::string& node, const std::string& upid);

}  // namespace stellwerk::sandbox
