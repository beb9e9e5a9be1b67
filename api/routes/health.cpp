// /healthz: the process answers. /readyz: its parts are ready. /metrics: Prometheus, for the networks of metrics.allow.

#include <array>

#include "api/api.hpp"
#include "api/networks.hpp"
#include "monitoring/health.hpp"
#include "monitoring/log.hpp"
#include "monitoring/metrics.hpp"

namespace stellwerk::api {
namespace {

void answer_health(const http::Request&, const http::Reply& reply) { reply.send(200, JsonObject{{"status", "ok"}}); }

void answer_readiness(const http::Request&, const http::Reply& reply) {
  const auto readiness = monitoring::readiness();
  JsonObject parts;
  for (const auto& [part, text] : readiness.parts) parts[part] = text;
  JsonObject notices;
  for (const auto& [name, text] : readiness.notices) notices[name] = text;
  reply.send(readiness.ready ? 200 : 503, JsonObject{{"ready", readiness.ready}, {"parts", std::move(parts)}, {"notices", std::move(notices)}});
}

using Answer = std::function<void(const http::Request&, const http::Reply&)>;

Answer answer_metrics(const std::string& allow) {
  auto allowed = Networks::parse(allow);
  if (!allowed) monitoring::log_error("/metrics is given to nobody: the setting metrics.allow is wrong", allowed.error());
  return [networks = allowed.value_or(Networks{})](const http::Request& request, const http::Reply& reply) {
    if (!networks.contains(request.peer))
      return reply.problem(Error{ErrorCode::permission_denied, "metrics are given to the networks of the setting metrics.allow only", "network"});
    reply.send(http::Response{200, {}, {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"}}, monitoring::render_metrics()});
  };
}

std::array<std::pair<const char*, Answer>, 3> answers(const std::string& metrics_allow) {
  return {{{"/healthz", answer_health}, {"/readyz", answer_readiness}, {"/metrics", answer_metrics(metrics_allow)}}};
}

}  // namespace

void add_health_routes(Api& api) {
  for (auto& [path, answer] : answers(api.options().metrics_allow))
    api.add(http::Method::get, path, Access::open, [answer = std::move(answer)](Api&, Call&& call) { answer(call.request, call.reply); });
}

http::Router make_standby_router(const std::string& metrics_allow) {
  using enum http::Method;
  http::Router router;
  for (auto& [path, answer] : answers(metrics_allow))
    router.add(get, path, [answer = std::move(answer)](http::Request&& request, const http::Reply& reply) { answer(request, reply); });
  for (const auto method : {get, post, put, patch, delete_})
    router.add(method, "/{path...}", [](http::Request&&, const http::Reply& reply) {
      reply.problem(Error{ErrorCode::unavailable, "this node is a standby: another one serves", "standby"});
    });
  return router;
}

}  // namespace stellwerk::api
