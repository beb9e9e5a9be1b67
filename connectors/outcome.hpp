#pragma once
// Outcomes are vocabulary of engine and connectors alike: core/outcome.hpp.

#include "core/outcome.hpp"

namespace stellwerk::connectors {
using stellwerk::Outcome;
using stellwerk::OutcomeClass;
}  // namespace stellwerk::connectors
