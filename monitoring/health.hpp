#pragma once
// What /healthz and /readyz answer. Parts report themselves; any thread.

#include <map>
#include <string>

namespace stellwerk::monitoring {

/// Reports part `part` ("database", "engine", …) as ready, or not with a sentence why. Unknown parts appear on first report.
void report_ready(const std::string& part);
void report_not_ready(const std::string& part, const std::string& why);

struct Readiness {
  bool ready = false;                        ///< all parts ready and at least one reported
  std::map<std::string, std::string> parts;  ///< part → "ready" or the reason
};
[[nodiscard]] Readiness readiness();

}  // namespace stellwerk::monitoring
