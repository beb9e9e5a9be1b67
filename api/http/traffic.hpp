#pragma once
// Counts of one io thread, with the handles of the metrics looked up once.

#include <map>
#include <optional>
#include <utility>

#include "api/http/server.hpp"
#include "core/clock.hpp"
#include "monitoring/metrics.hpp"

namespace stellwerk::http {

class Traffic {
 public:
  Traffic();
  /// An answer is on its way. `method` is empty for a request that could not be read.
  void record(std::optional<Method> method, int status, Duration taken);

 private:
  std::map<std::pair<int, int>, monitoring::Counter*> requests_;
  monitoring::Histogram* duration_;
};

}  // namespace stellwerk::http
