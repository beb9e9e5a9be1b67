// Every request of the Proxmox connector against the vendor's own API description, when it is at hand.
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <set>
#include <sstream>

#include "tests/unit/connectors/vendor_double.hpp"

using namespace stellwerk;
using namespace stellwerk::test;

namespace {

std::optional<Json> api_description() {
  std::ifstream file{std::string{STELLWERK_REFERENCE_DIR} + "/contracts/proxmox/openapi.derived.json"};
  if (!file) return std::nullopt;
  std::ostringstream text;
  text << file.rdbuf();
  auto json = parse_json(text.str(), 16 << 20);
  BOOST_REQUIRE(json.has_value());
  return *std::move(json);
}

std::vector<std::string> split(std::string_view text, char by) {
  std::vector<std::string> parts;
  while (true) {
    const auto at = text.find(by);
    parts.emplace_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

/// The described path that has this many segments, the same where it is literal.
const Json* find_path(const Json& api, std::string_view path) {
  const auto wanted = split(path, '/');
  const Json* found = nullptr;
  for (const auto& [name, described] : api.at("paths").as_object()) {
    const auto segments = split(as_view(boost::json::string{name}), '/');
    if (segments.size() != wanted.size()) continue;
    bool same = true, literal = true;
    for (std::size_t i = 0; i < segments.size() && same; ++i) {
      const bool hole = segments[i].starts_with('{');
      same = hole || segments[i] == wanted[i];
      literal = literal && !hole;
    }
    if (same && (found == nullptr || literal)) found = &described;
  }
  return found;
}

/// What the description says against this request; empty: nothing.
std::string judge(const Json& api, const connectors::DriverRequest& request) {
  const std::string base = "https://pve.example.com:8006/api2/json";
  if (!request.url.starts_with(base)) return "not below the API's base";
  const auto rest = request.url.substr(base.size());
  const auto path = rest.substr(0, rest.find('?'));
  const auto* described = find_path(api, path);
  if (described == nullptr) return "unknown path " + path;
  auto method = request.method;
  std::transform(method.begin(), method.end(), method.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const auto* operation = find_member(*described, method);
  if (operation == nullptr) return "unknown method " + method;
  std::set<std::string> query;
  if (const auto* parameters = find_member(*operation, "parameters")) {
    for (const auto& parameter : parameters->as_array()) {
      if (text_of(parameter, "in") == "query") query.insert(text_of(parameter, "name"));
    }
  }
  if (const auto at = rest.find('?'); at != std::string::npos) {
    for (const auto& [name, value] : form_of(std::string_view{rest}.substr(at + 1))) {
      if (!query.contains(name)) return "unknown query parameter " + name;
    }
  }
  if (request.body.empty()) return {};
  const auto& schema = operation->at("requestBody").at("content").at("application/x-www-form-urlencoded").at("schema");
  const auto form = form_of(request.body);
  for (const auto& [name, value] : form) {
    const auto* properties = find_member(schema, "properties");
    if (properties != nullptr && find_member(*properties, name) != nullptr) continue;
    const auto end = name.find_last_not_of("0123456789");  // net0 is described as ^net\d+$
    const auto* patterns = find_member(schema, "patternProperties");
    if (patterns == nullptr || end + 1 == name.size() || find_member(*patterns, "^" + name.substr(0, end + 1) + "\\d+$") == nullptr) return "unknown form field " + name;
  }
  if (const auto* required = find_member(schema, "required")) {
    for (const auto& name : required->as_array()) {
      if (!form.contains(std::string{as_view(name.as_string())})) return "missing form field " + std::string{as_view(name.as_string())};
    }
  }
  return {};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(proxmox_contract)

BOOST_AUTO_TEST_CASE(every_request_is_known_to_the_vendors_description) {
  const auto api = api_description();
  if (!api) {
    BOOST_TEST_MESSAGE("the vendor's API description is not present: skipped");
    return;
  }
  const auto connector = shipped_connector("connectors/library/proxmox.yaml");
  BOOST_REQUIRE(connector != nullptr);
  Vendor stopped;
  stopped.status = "stopped";
  Vendor held;
  held.config = JsonObject{{"description", "stellwerk:svc_1\nstellwerk-suspended: onboot=1"}, {"tags", "suspended"}, {"digest", "d"}};
  Vendor nobody;
  nobody.node.clear();
  nobody.config.reset();
  const JsonObject clone{{"vmid", 105}, {"template", 9000}, {"name", "www.example.com"}};
  const JsonObject full{{"vmid", 105}, {"cores", 4}, {"memory_mb", 2048}, {"ip", "192.0.2.10/24"}, {"password", "geheim-123"}};
  const JsonObject id{{"vmid", 105}};
  auto with_storage = proxmox_call("clone", clone);
  with_storage.settings["storage"] = "local-zfs";
  auto poll = proxmox_call("start_vm", id);
  poll.mode = connectors::Call::Mode::poll;
  poll.handle = "UPID:pve2:0001:0002:0003:qmstart:105:stellwerk@pve!main:";
  auto look = proxmox_call("clone", clone);
  look.mode = connectors::Call::Mode::observe;
  auto look_stop = proxmox_call("stop_vm", id);
  look_stop.mode = connectors::Call::Mode::observe;
  std::size_t changes = 0;
  for (const auto& [call, vendor] : std::vector<std::pair<connectors::Call, Vendor>>{
           {with_storage, nobody}, {look, Vendor{}}, {look_stop, Vendor{}}, {poll, Vendor{}}, {proxmox_call("version", JsonObject{}), Vendor{}}, {proxmox_call("configure_vm", full), Vendor{}},
           {proxmox_call("resize_disk", JsonObject{{"vmid", 105}, {"size_gb", 40}}), Vendor{}}, {proxmox_call("start_vm", id), stopped}, {proxmox_call("stop_vm", id), Vendor{}},
           {proxmox_call("reboot_vm", id), Vendor{}}, {proxmox_call("hold_vm", id), Vendor{}}, {proxmox_call("release_vm", id), held}, {proxmox_call("delete_vm", id), Vendor{}}}) {
    const auto attempt = test::run(connector, call, vendor);
    changes += attempt.changes.size();
    for (const auto* requests : {&attempt.reads, &attempt.changes}) {
      for (const auto& request : *requests) BOOST_TEST(judge(*api, request) == "", request.method << ' ' << request.url << ": " << judge(*api, request));
    }
  }
  BOOST_TEST(changes == 9u);
}

BOOST_AUTO_TEST_SUITE_END()
