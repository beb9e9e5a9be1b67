#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace stellwerk::app {

/// Waits until SIGTERM or SIGINT comes, or request_end() is called. Returns why.
[[nodiscard]] std::string wait_for_end();
/// The same, for at most so long; nothing: neither came.
[[nodiscard]] std::optional<std::string> wait_for_end(std::chrono::milliseconds at_most);
/// Ends wait_for_end() from any thread.
void request_end(const std::string& why);
/// Ends the process without clean-up when shutting down takes longer than 20 s, with this status.
void arm_watchdog(int status = 1);

}  // namespace stellwerk::app
