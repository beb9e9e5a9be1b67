#pragma once
// Counts what a measured piece of code takes from the heap. The program that links allocations.cpp has its own operator new.

#include <cstddef>

namespace stellwerk::bench {

/// Allocations of this program since it began. Any thread.
[[nodiscard]] std::size_t allocations();

}  // namespace stellwerk::bench
