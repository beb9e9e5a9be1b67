#pragma once
// What /healthz and /readyz answer. Parts report themselves; any thread.

#include <map>
#include <string>

namespace stellwerk::monitoring {

/// Reports part `part` ("database", "engine", …) as ready, or not with a sentence why. Unknown parts appear on first report.
void report_ready(const std::string& part);
void report_not_ready(const std::string& part, const std::string& why);

/// Something everybody should see that does not make the node unready ("emergency_stop"); an empty text takes it away.
void report_notice(const std::string& name, const std::string& text);

struct Readiness {
  bool ready = false;                        ///< all parts ready and at least one reported
  std::map<std::string, std::string> parts;  ///< part → "ready" or the reason
  std::map<std::string, std::string> notices;
};
[[nodiscard]] Readiness readiness();

}  // namespace stellwerk::monitoring
