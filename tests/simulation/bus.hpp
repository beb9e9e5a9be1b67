#pragma once
// Proxies on the way between a node's actors: they lose, double and delay what the network between nodes might. What production never
// loses or doubles, they only delay.

#include <caf/all.hpp>

#include <string_view>

#include "tests/simulation/simulation.hpp"

namespace stellwerk::simulation {

/// The front of the dispatcher; it is told the dispatcher by message.
[[nodiscard]] caf::actor spawn_front(caf::actor_system& system, World& world, Node& node);
/// Stands before the actor of this role: requests and their answers are late, "a timer was set" may be lost.
[[nodiscard]] caf::actor spawn_bystander(caf::actor_system& system, World& world, Node& node, std::string_view role, const caf::actor& target);

}  // namespace stellwerk::simulation
