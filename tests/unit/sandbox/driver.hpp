#pragma once
// Asks a ProxmoxModel as a client would, without a socket, at a wall time that only the test moves.

#include <fmt/format.h>

#include <string>
#include <vector>

#include "api/http/uri.hpp"
#include "sandbox/proxmox_model.hpp"

namespace stellwerk::sandbox::test {

using namespace std::chrono_literals;

inline http::Request make_request(http::Method method, const std::string& target, std::string body = {}) {
  http::Request request{.method = method, .target = target, .body = std::move(body), .peer = "127.0.0.1"};
  request.path = http::percent_decode(http::path_of(target)).value_or("");
  request.query = http::parse_query(target).value_or(std::vector<std::pair<std::string, std::string>>{});
  return request;
}

/// One answer of the API, taken apart.
struct Reading {
  Answer::Delivery delivery;
  int status = 0;
  std::string reason;
  Json body;
  Duration delay{};
  [[nodiscard]] const Json& data() const { return body.at("data"); }
  [[nodiscard]] std::string text() const { return text_of(body, "data"); }
  [[nodiscard]] std::string error(std::string_view field) const {
    const auto* errors = find_member(body, "errors");
    return errors == nullptr ? "" : text_of(*errors, field);
  }
};

struct Driver {
  ProxmoxModelOptions options{.token = config::Secret{"s3cret"}};
  ProxmoxModel model{options};
  Time wall = parse_time("2026-03-02T08:00:00Z").value();
  std::string authorization = "PVEAPIToken=stellwerk@pve!orchestrator=s3cret";
  std::string content_type = "application/x-www-form-urlencoded";

  Reading ask(http::Method method, const std::string& target, std::string body = {}) {
    auto request = make_request(method, target, std::move(body));
    if (!authorization.empty()) request.headers.emplace_back("authorization", authorization);
    if (!request.body.empty()) request.headers.emplace_back("content-type", content_type);
    auto answer = model.handle(request, wall);
    auto json = parse_json(answer.response.body);
    return {answer.delivery, answer.response.status, answer.response.reason, json ? *json : Json(nullptr), answer.delay};
  }
  Reading api(http::Method method, const std::string& path, std::string body = {}) { return ask(method, "/api2/json" + path, std::move(body)); }
  Reading get(const std::string& path) { return api(http::Method::get, path); }
  Reading post(const std::string& path, std::string body = {}) { return api(http::Method::post, path, std::move(body)); }
  Reading put(const std::string& path, std::string body) { return api(http::Method::put, path, std::move(body)); }
  Reading del(const std::string& path) { return api(http::Method::delete_, path); }
  Reading control(http::Method method, const std::string& path, std::string body = {}) { return ask(method, "/_control" + path, std::move(body)); }
  Reading fault(const std::string& rule) { return control(http::Method::post, "/faults", rule); }

  void pass(Duration time) { wall += time; }
  Reading clone(int id, const std::string& more = "") {
    return post("/nodes/pve1/qemu/9000/clone", fmt::format("newid={}&full=1&name=web{}&description=stellwerk%3Asvc_1", id, id) + more);
  }
  /// A guest that is complete and stopped.
  void make_guest(int id) {
    (void)clone(id);
    pass(1h);
  }
  Json task(const std::string& upid) { return get("/nodes/pve1/tasks/" + upid + "/status").data(); }
  std::string exit_of(const std::string& upid) { return text_of(task(upid), "exitstatus", text_of(task(upid), "status")); }
  /// Starts what `reading` holds the UPID of, waits for its end, gives the exit status.
  std::string finish(const Reading& reading) {
    pass(1h);
    return exit_of(reading.text());
  }
  Json config(int id) { return get(fmt::format("/nodes/pve1/qemu/{}/config", id)).data(); }
  Json status(int id) { return get(fmt::format("/nodes/pve1/qemu/{}/status/current", id)).data(); }
};

}  // namespace stellwerk::sandbox::test
