#include "app/standby.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "api/api.hpp"
#include "app/signals.hpp"
#include "monitoring/health.hpp"
#include "monitoring/log.hpp"
#include "monitoring/metrics.hpp"

namespace stellwerk::app {
namespace {

/// Between two looks. A node that ends cleanly hands over at once; that is what is waited for here.
std::chrono::milliseconds pause_of(Duration lease) {
  return std::clamp(std::chrono::duration_cast<std::chrono::milliseconds>(lease / 30), std::chrono::milliseconds{50}, std::chrono::milliseconds{500});
}

}  // namespace

Result<std::optional<std::string>> Standby::wait_for_turn(storage::SqlDatabase& database, const std::string& host) {
  for (;;) {
    auto holder = database.holder(host);
    monitoring::gauge("stellwerk_database_up").set(holder ? 1 : 0);
    if (holder && !*holder) {
      monitoring::gauge("stellwerk_node_standby").set(0);
      if (server_) tell("this node takes the database over");
      return std::optional<std::string>{};
    }
    if (holder && !settings_.standby)
      return fail(ErrorCode::conflict, fmt::format("host {} holds the database and is alive, and engine.standby is false; stop it, or wait until its lease is silent", **holder), "held");
    if (!holder && !server_) return fail(std::move(holder).error());
    if (!server_) STELLWERK_CHECK(serve_health());
    monitoring::gauge("stellwerk_node_standby").set(1);
    tell(holder ? fmt::format("standby: host {} holds the database", **holder) : fmt::format("standby: the database cannot be asked: {}", describe(holder.error())));
    if (auto why = wait_for_end(pause_of(settings_.lease))) return why;
  }
}

Result<void> Standby::serve_health() {
  server_ = std::make_shared<http::Server>(settings_.http, api::make_standby_router(settings_.metrics_allow));
  auto port = server_->start();
  if (!port) {
    server_.reset();
    return fail(std::move(port).error());
  }
  auto& listen = settings_.http.listen;
  listen = fmt::format("{}:{}", listen.substr(0, listen.rfind(':')), *port);
  fmt::print("stellwerk: standby on port {}\n", *port);
  std::fflush(stdout);
  return {};
}

void Standby::tell(const std::string& why) {
  if (why == told_) return;
  told_ = why;
  monitoring::report_not_ready("node", why);
  monitoring::log_info(why);
}

}  // namespace stellwerk::app
