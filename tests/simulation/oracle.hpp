#pragma once
// What must hold when the world is quiet, whatever went wrong before. Each statement names the paragraph of the engine's promises that it
// stands for; it reads the truth (tables, ledger, the vendor's books, what clients were told), never the engine's own opinion.

#include <string>
#include <vector>

#include "tests/simulation/load.hpp"
#include "tests/simulation/simulation.hpp"
#include "tests/simulation/vendor.hpp"

namespace stellwerk::simulation {

/// What does not hold, in words, each with the names of what it is about; empty: all is well. May be called again after more has happened.
[[nodiscard]] std::vector<std::string> judge(const World& world, const Yard& yard, const Load& load);
/// Of a world that does not become quiet: what must hold at any moment, and what it is that stands still.
[[nodiscard]] std::vector<std::string> judge_restless(const World& world, const Yard& yard, const Load& load);
/// The part of both about tenants, emergency stops, the mass-action guard and limits.
[[nodiscard]] std::vector<std::string> judge_automation(const World& world);

}  // namespace stellwerk::simulation
