#pragma once
// Pictures of a workflow: its states and the ways between them.

#include <string>

#include "workflows/definition.hpp"

namespace stellwerk::workflows::proof {

/// A Mermaid `stateDiagram-v2`: states grouped by colour of their status, working ones marked, timers as their own sort of edge,
/// work in place as a loop.
[[nodiscard]] std::string mermaid(const Definition& definition);
/// { workflow, kind, title, initial, states: [{name, status, title, works, final, rest, steps}], edges: [{from, to, kind, label,
/// condition, in_place, line}] }; kind: event, timer, schedule, done, failed, leave. `from` null: every waiting state.
[[nodiscard]] Json graph_json(const Definition& definition);
/// Graphviz: boxes for states that work, dashed edges for timers.
[[nodiscard]] std::string dot(const Definition& definition);

}  // namespace stellwerk::workflows::proof
