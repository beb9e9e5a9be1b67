#pragma once

#include <string>

namespace stellwerk::app {

/// Waits until SIGTERM or SIGINT comes, or request_end() is called. Returns why.
[[nodiscard]] std::string wait_for_end();
/// Ends wait_for_end() from any thread.
void request_end(const std::string& why);
/// Ends the process without clean-up when shutting down takes longer than 20 s.
void arm_watchdog();

}  // namespace stellwerk::app
