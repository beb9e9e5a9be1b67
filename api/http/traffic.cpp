#include "api/http/traffic.hpp"

#include <string>

namespace stellwerk::http {

Traffic::Traffic() : duration_{&monitoring::histogram("stellwerk_http_request_duration_seconds")} {}

void Traffic::record(std::optional<Method> method, int status, Duration taken) {
  auto& counter = requests_[{method ? static_cast<int>(*method) : -1, status}];
  if (counter == nullptr) counter = &monitoring::counter("stellwerk_http_requests_total", {method ? std::string{to_string(*method)} : "other", std::to_string(status)});
  counter->add();
  duration_->observe(std::chrono::duration<double>(taken).count());
}

}  // namespace stellwerk::http
