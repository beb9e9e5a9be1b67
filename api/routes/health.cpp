// /healthz: the process answers. /readyz: its parts are ready. /metrics: Prometheus, for the networks of metrics.allow.

#include <arpa/inet.h>

#include <array>
#include <charconv>
#include <cstring>

#include "api/api.hpp"
#include "monitoring/health.hpp"
#include "monitoring/metrics.hpp"

namespace stellwerk::api {
namespace {

struct Binary {
  std::array<std::uint8_t, 16> bytes{};
  int bits = 0;  ///< 32, 128 or 0
};

Binary binary_of(const std::string& address) {
  Binary out;
  if (inet_pton(AF_INET, address.c_str(), out.bytes.data()) == 1) out.bits = 32;
  else if (inet_pton(AF_INET6, address.c_str(), out.bytes.data()) == 1) out.bits = 128;
  return out;
}

bool in_network(const std::string& peer, std::string_view network) {
  const auto slash = network.find('/');
  const auto base = binary_of(std::string{network.substr(0, slash)});
  const auto address = binary_of(peer);
  if (base.bits == 0 || base.bits != address.bits) return false;
  int length = base.bits;
  if (slash != std::string_view::npos) {
    const auto text = network.substr(slash + 1);
    if (std::from_chars(text.data(), text.data() + text.size(), length).ec != std::errc{} || length < 0 || length > base.bits) return false;
  }
  for (int bit = 0; bit < length; ++bit) {
    const auto byte = static_cast<std::size_t>(bit / 8);
    const auto mask = static_cast<std::uint8_t>(0x80 >> (bit % 8));
    if ((base.bytes[byte] & mask) != (address.bytes[byte] & mask)) return false;
  }
  return true;
}

bool is_allowed(const std::string& peer, std::string_view networks) {
  while (!networks.empty()) {
    const auto comma = networks.find(',');
    auto network = networks.substr(0, comma);
    while (!network.empty() && network.front() == ' ') network.remove_prefix(1);
    if (in_network(peer, network)) return true;
    if (comma == std::string_view::npos) return false;
    networks.remove_prefix(comma + 1);
  }
  return false;
}

}  // namespace

void add_health_routes(Api& api) {
  using enum http::Method;
  api.add(get, "/healthz", Access::open, [](Api&, Call&& call) { call.reply.send(200, JsonObject{{"status", "ok"}}); });
  api.add(get, "/readyz", Access::open, [](Api&, Call&& call) {
    const auto readiness = monitoring::readiness();
    JsonObject parts;
    for (const auto& [part, text] : readiness.parts) parts[part] = text;
    call.reply.send(readiness.ready ? 200 : 503, JsonObject{{"ready", readiness.ready}, {"parts", std::move(parts)}});
  });
  api.add(get, "/metrics", Access::open, [](Api& a, Call&& call) {
    if (!is_allowed(call.request.peer, a.options().metrics_allow))
      return call.refuse(Error{ErrorCode::permission_denied, "metrics are given to the networks of the setting metrics.allow only", "network"});
    call.reply.send(http::Response{200, {}, {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"}}, monitoring::render_metrics()});
  });
}

}  // namespace stellwerk::api
