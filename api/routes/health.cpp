// /healthz: the process answers. /readyz: its parts are ready. /metrics: Prometheus, for the networks of metrics.allow.

#include "api/api.hpp"
#include "api/networks.hpp"
#include "monitoring/health.hpp"
#include "monitoring/log.hpp"
#include "monitoring/metrics.hpp"

namespace stellwerk::api {

void add_health_routes(Api& api) {
  using enum http::Method;
  api.add(get, "/healthz", Access::open, [](Api&, Call&& call) { call.reply.send(200, JsonObject{{"status", "ok"}}); });
  api.add(get, "/readyz", Access::open, [](Api&, Call&& call) {
    const auto readiness = monitoring::readiness();
    JsonObject parts;
    for (const auto& [part, text] : readiness.parts) parts[part] = text;
    call.reply.send(readiness.ready ? 200 : 503, JsonObject{{"ready", readiness.ready}, {"parts", std::move(parts)}});
  });
  auto allowed = Networks::parse(api.options().metrics_allow);
  if (!allowed) monitoring::log_error("/metrics is given to nobody: the setting metrics.allow is wrong", allowed.error());
  api.add(get, "/metrics", Access::open, [networks = allowed.value_or(Networks{})](Api&, Call&& call) {
    if (!networks.contains(call.request.peer))
      return call.refuse(Error{ErrorCode::permission_denied, "metrics are given to the networks of the setting metrics.allow only", "network"});
    call.reply.send(http::Response{200, {}, {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"}}, monitoring::render_metrics()});
  });
}

}  // namespace stellwerk::api
