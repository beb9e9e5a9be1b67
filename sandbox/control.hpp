#pragma once
// The simulator's own API under /_control/, JSON, without authentication, on loopback only:
//   GET  state                      guests (vmid node name description status lock foreign config), tasks, nodes, now
//   GET  calls?since=N              calls since number N, oldest first; DELETE forgets them
//   GET  clock                      POST {"advance": "PT30M"} or {"to": "2026-03-02T08:00:00Z"}; forward only
//   GET  durations                  POST {"clone": "PT10S", …}
//   GET  faults                     PUT replaces the rules, POST adds (one, a list, or {"rules": […]}), DELETE clears; see faults.hpp
//   POST guests                     {vmid, name, node, description?, status?, lock?, config?}: a stranger's guest appears
//   POST guests/{vmid}              {status?, lock?, name?, description?, config?}: somebody changes it
//   POST guests/{vmid}/migrate      {node}
//   DELETE guests/{vmid}

#include <span>
#include <string>

#include "api/http/server.hpp"
#include "sandbox/call_log.hpp"
#include "sandbox/cluster.hpp"
#include "sandbox/faults.hpp"

namespace stellwerk::sandbox {

/// What the control API looks at and changes.
struct ControlTarget {
  Cluster& cluster;
  FaultBook& faults;
  CallLog& log;
};

/// `segments`: the decoded path below /_control. Errors are problem documents: 400, 404, 409, 422.
[[nodiscard]] http::Response handle_control(const ControlTarget& target, const http::Request& request, std::span<const std::string> segments);

/// True for a request after which answers that are held back by a fault are given up.
[[nodiscard]] bool frees_held_answers(const http::Request& request, std::span<const std::string> segments);

}  // namespace stellwerk::sandbox
