#include "monitoring/health.hpp"

#include <mutex>

namespace stellwerk::monitoring {
namespace {

struct Board {
  std::mutex mutex;
  std::map<std::string, std::string> parts;  ///< "" is ready
};

Board& board() {
  static auto& board = *new Board;  // parts may report while statics are destroyed
  return board;
}

void report(const std::string& part, const std::string& why) {
  const std::lock_guard lock{board().mutex};
  board().parts[part] = why;
}

}  // namespace

void report_ready(const std::string& part) { report(part, ""); }
void report_not_ready(const std::string& part, const std::string& why) { report(part, why.empty() ? "not ready" : why); }

Readiness readiness() {
  const std::lock_guard lock{board().mutex};
  Readiness result{.ready = !board().parts.empty(), .parts = board().parts};
  for (auto& [part, why] : result.parts) {
    if (why.empty()) why = "ready";
    else result.ready = false;
  }
  return result;
}

}  // namespace stellwerk::monitoring
