#pragma once
// Ends the process at a chosen moment, for the tests that kill it. Does nothing unless built with STELLWERK_FAULT_POINTS.

#include <string_view>

namespace stellwerk::storage {

#ifdef STELLWERK_FAULT_POINTS
/// Counts per kind; STELLWERK_CRASH_AT=<kind>:<n> ends the process without any clean-up at the n-th call of that kind. Any thread.
void fault_point(std::string_view kind);
#else
inline void fault_point(std::string_view) {}
#endif

}  // namespace stellwerk::storage
