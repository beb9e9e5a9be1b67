#pragma once
// What each call of the simulated API does.

#include <string>

#include "sandbox/answers.hpp"
#include "sandbox/calls.hpp"
#include "sandbox/cluster.hpp"

namespace stellwerk::sandbox {

/// What a fault rule does to the task that a call makes.
struct TaskFault {
  std::string error;
  int warnings = 0;
};

/// One call of an authenticated client.
struct Work {
  FoundCall found;
  Values values;     ///< checked against the call's parameters
  std::string user;  ///< "stellwerk@pve!orchestrator"
  TaskFault fault = {};
};

/// The path's own parameters (vmid, upid) are checked here.
[[nodiscard]] http::Response perform(Cluster& cluster, const Work& work);

}  // namespace stellwerk::sandbox
