#pragma once
// A Proxmox that answers from a few values, for executions driven without a network.

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "config/yaml.hpp"
#include "connectors/connector.hpp"
#include "core/embedded.hpp"

namespace stellwerk::test {

inline std::shared_ptr<const connectors::Connector> shipped_connector(std::string_view path) {
  for (const auto& file : embedded_files()) {
    if (file.path != path) continue;
    auto loaded = connectors::load_connector(std::string{path}, std::string{file.text});
    if (loaded) return *loaded;
    for (const auto& problem : loaded.error()) BOOST_TEST_MESSAGE(config::render(problem, file.text));
  }
  return nullptr;
}

inline connectors::DriverResponse answer(int status, std::string reason, std::string body = R"({"data":null})") {
  connectors::DriverResponse response;
  response.status = status;
  response.reason = std::move(reason);
  response.body = std::move(body);
  return response;
}
inline connectors::DriverResponse data(const Json& value) { return answer(200, "OK", dump_json(JsonObject{{"data", value}})); }
inline connectors::DriverResponse broken(connectors::DriverResponse::Failure failure, std::string code) {
  connectors::DriverResponse response;
  response.failure = failure;
  response.failure_text = "it was " + code;
  response.failure_code = std::move(code);
  return response;
}

/// What exists at the vendor, and how it answers the next change or poll.
struct Vendor {
  std::string node = "pve2";             ///< of the guest; empty: there is no guest
  std::string guest_type = "qemu";
  std::optional<JsonObject> config = JsonObject{{"description", "Ours\nstellwerk:svc_1\n"}, {"digest", "d1"}, {"scsi0", "local:vm-105-disk-0,size=20G"}, {"cores", 2}, {"onboot", 1}};
  std::string status = "running";
  JsonArray tasks;
  JsonArray cloning;
  connectors::DriverResponse change = data("UPID:pve2:0001:0002:0003:qmtask:105:stellwerk@pve!main:");
  connectors::DriverResponse poll = data(JsonObject{{"status", "running"}});
  std::optional<connectors::DriverResponse> reads;  ///< instead of every read's answer

  [[nodiscard]] connectors::DriverResponse respond(const connectors::DriverRequest& request) const {
    const auto has = [&](std::string_view part) { return request.url.find(part) != std::string::npos; };
    if (request.method != "GET") return change;
    if (has("/status?") || (has("/tasks/") && request.url.ends_with("/status"))) return poll;
    if (reads) return *reads;
    if (has("/cluster/resources")) return data(resources());
    if (has("/status/current")) return data(JsonObject{{"status", status}});
    if (has("/config")) {
      if (config && guest_type == "qemu") return data(*config);
      return answer(500, "Configuration file 'nodes/" + node + "/qemu-server/105.conf' does not exist");
    }
    if (has("typefilter=qmclone")) return data(cloning);
    if (has("/tasks?")) return data(tasks);
    if (has("/version")) return data(JsonObject{{"version", "9.1.3"}});
    return answer(501, "Method not implemented");
  }

 private:
  [[nodiscard]] JsonArray resources() const {
    JsonArray all{JsonObject{{"vmid", 9000}, {"node", "pve1"}, {"type", "qemu"}, {"template", 1}}};
    if (!node.empty()) all.push_back(JsonObject{{"vmid", 105}, {"node", node}, {"type", guest_type}, {"status", "unknown"}});
    return all;
  }
};

struct Attempt {
  Outcome outcome;
  std::vector<connectors::DriverRequest> reads, changes;
};

/// Runs one attempt to its outcome.
inline Attempt run(const std::shared_ptr<const connectors::Connector>& connector, connectors::Call call, const Vendor& vendor) {
  connectors::Execution execution{connector, std::move(call)};
  Attempt attempt;
  auto next = execution.start();
  while (auto* send = std::get_if<connectors::Execution::Send>(&next)) {
    BOOST_REQUIRE(attempt.reads.size() + attempt.changes.size() < 30u);
    (send->changing ? attempt.changes : attempt.reads).push_back(send->request);
    next = execution.on_response(vendor.respond(send->request));
  }
  attempt.outcome = std::get<Outcome>(std::move(next));
  return attempt;
}

inline connectors::Call proxmox_call(std::string operation, Json input = JsonObject{{"vmid", 105}}) {
  connectors::Call call;
  call.operation = std::move(operation);
  call.input = std::move(input);
  call.settings = {{"base_url", "https://pve.example.com:8006/"},
                   {"token_id", "stellwerk@pve!main"},
                   {"template_node", "pve1"},
                   {"images", JsonObject{{"debian-13", 9000}}},
                   {"gateway", "192.0.2.1"}};
  call.secrets.emplace("token", config::Secret{"5f7d2c1e-secret-token"});
  call.actor_id = "svc_1";
  call.key = "run_1/create/1";
  return call;
}

/// The form fields of a request, decoded.
inline std::map<std::string, std::string> form_of(std::string_view text) {
  const auto decode = [](std::string_view encoded) {
    std::string plain;
    for (std::size_t i = 0; i < encoded.size(); ++i) {
      if (encoded[i] == '%') {
        plain += static_cast<char>(std::stoi(std::string{encoded.substr(i + 1, 2)}, nullptr, 16));
        i += 2;
      } else {
        plain += encoded[i];
      }
    }
    return plain;
  };
  std::map<std::string, std::string> fields;
  while (!text.empty()) {
    const auto pair = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), pair.size() + 1));
    const auto equals = pair.find('=');
    fields.emplace(decode(pair.substr(0, equals)), decode(pair.substr(equals + 1)));
  }
  return fields;
}

}  // namespace stellwerk::test

namespace stellwerk {
inline std::ostream& operator<<(std::ostream& out, OutcomeClass outcome) { return out << to_string(outcome); }
}  // namespace stellwerk
