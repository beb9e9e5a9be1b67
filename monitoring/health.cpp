#include "monitoring/health.hpp"

#include <mutex>

#include "monitoring/underway.hpp"

namespace stellwerk::monitoring {
namespace {

struct Board {
  std::mutex mutex;
  std::map<std::string, std::string> parts;  ///< "" is ready
  std::map<std::string, std::string> notices;
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

void report_notice(const std::string& name, const std::string& text) {
  const std::lock_guard lock{board().mutex};
  if (text.empty()) board().notices.erase(name);
  else board().notices[name] = text;
}

Readiness readiness() {
  const auto call = longest_call();
  const std::lock_guard lock{board().mutex};
  Readiness result{.ready = !board().parts.empty(), .parts = board().parts, .notices = board().notices};
  if (call.waiting >= silent_after && result.parts["database"].empty()) {
    const auto seconds = std::to_string(std::chrono::floor<std::chrono::seconds>(call.waiting).count());
    result.parts["database"] = "the database has not answered for " + seconds + " s: " + call.what;
  }
  for (auto& [part, why] : result.parts) {
    if (why.empty()) why = "ready";
    else result.ready = false;
  }
  return result;
}

}  // namespace stellwerk::monitoring
