#include <algorithm>
#include <utility>

#include "api/http/transport.hpp"
#include "monitoring/metrics.hpp"

namespace stellwerk::http {
namespace {

monitoring::Gauge& connections_gauge() {
  static auto& gauge = monitoring::gauge("stellwerk_http_connections");
  return gauge;
}

}  // namespace

Hub::Hub(config::HttpSettings settings_in, Router router_in) : settings{std::move(settings_in)}, router{std::move(router_in)} {}

bool Hub::admit() {
  {
    const std::lock_guard lock{mutex_};
    if (connections_ >= settings.max_connections) return false;
    ++connections_;
  }
  connections_gauge().add(1);
  return true;
}

void Hub::release() {
  connections_gauge().add(-1);
  const std::lock_guard lock{mutex_};
  if (--connections_ == 0) emptied_.notify_all();
}

void Hub::add_outlet(std::shared_ptr<Outlet> outlet) {
  const std::lock_guard lock{mutex_};
  outlets_.push_back(std::move(outlet));
}

void Hub::wake_all() {
  const std::lock_guard lock{mutex_};
  for (const auto& outlet : outlets_) outlet->wake();
}

bool Hub::wait_empty(Duration timeout) {
  std::unique_lock lock{mutex_};
  return emptied_.wait_for(lock, timeout, [this] { return connections_ == 0; });
}

}  // namespace stellwerk::http
