#include "sandbox/parameters.hpp"

#include <algorithm>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <fstream>
#include <iterator>

#include "core/json.hpp"
#include "sandbox/calls.hpp"

namespace stellwerk::sandbox {
namespace {

BOOST_AUTO_TEST_SUITE(parameters)

struct Sample {
  const char* name;
  const char* value;
  bool good;
};
std::ostream& operator<<(std::ostream& out, const Sample& sample) { return out << sample.name << '=' << sample.value; }

const Sample samples[] = {{"cores", "4", true},
                          {"cores", "0", false},
                          {"cores", "four", false},
                          {"cores", "", false},
                          {"cpulimit", "1.5", true},
                          {"cpulimit", "129", false},
                          {"onboot", "1", true},
                          {"onboot", "yes", true},
                          {"onboot", "2", false},
                          {"memory", "2048", true},
                          {"memory", "8", false},
                          {"memory", "2G", false},
                          {"name", "web-1.example.com", true},
                          {"name", "web_1", false},
                          {"name", "-web", false},
                          {"tags", "a;suspended", true},
                          {"tags", "not ok!", false},
                          {"net0", "virtio,bridge=vmbr0", true},
                          {"net31", "virtio", true},
                          {"net32", "virtio", false},
                          {"net0", "bridge=vmbr0", false},
                          {"netx0", "virtio", false},
                          {"ipconfig0", "ip=192.0.2.7/24,gw=192.0.2.1", true},
                          {"ipconfig0", "ip=dhcp", true},
                          {"ipconfig0", "ip=192.0.2.7", false},
                          {"ipconfig0", "ip6=2001:db8::7/64", true},
                          {"ipconfig0", "ip=192.0.2.300/24", false},
                          {"sshkeys", "ssh-ed25519%20AAAA%0A", true},
                          {"sshkeys", "ssh-ed25519 AAAA", false},
                          {"bios", "ovmf", true},
                          {"bios", "uefi", false},
                          {"digest", "0123456789012345678901234567890123456789", true},
                          {"digest", "01234567890123456789012345678901234567890", false},
                          {"colour", "red", false}};

BOOST_DATA_TEST_CASE(takes_only_what_the_vendor_declares, boost::unit_test::data::make(samples), sample) {
  Values values;
  const auto errors = check_parameters(config_parameters(), {{sample.name, sample.value}}, values);
  BOOST_TEST(errors.empty() == sample.good);
}

BOOST_AUTO_TEST_CASE(names_every_wrong_parameter_at_once) {
  const auto all = calls();
  const auto clone = std::find_if(all.begin(), all.end(), [](const Call& call) { return call.name == "clone"; });
  Values values;
  const auto errors = check_parameters(clone->parameters, {{"nmae", "x"}, {"full", "maybe"}}, values);
  BOOST_TEST(errors.size() == 3u);
  BOOST_TEST(errors.at("newid") == "property is missing and it is not optional");
  BOOST_TEST(errors.at("nmae") == "property is not defined in schema and the schema does not allow additional properties");
  BOOST_TEST(errors.at("full") == "type check ('boolean') failed - got 'maybe'");
}

BOOST_AUTO_TEST_CASE(sizes_survive_reading_and_writing) {
  BOOST_TEST(parse_size("10G").value() == 10'737'418'240);
  BOOST_TEST(parse_size("+1.5G").value() == 1'610'612'736);
  BOOST_TEST(format_size(10'737'418'240) == "10G");
  BOOST_TEST(format_size(1'610'612'736) == "1536M");
  for (const auto* wrong : {"", "G", "-1G", "10Gi", "1.2.3G", "10 G"}) BOOST_TEST(!parse_size(wrong).has_value(), wrong);
}

/// The vendor's own description, when this checkout has it.
JsonArray load_vendor_calls() {
  std::ifstream file{STELLWERK_REFERENCE_DIR "/contracts/proxmox/apidata.trimmed.json"};
  if (!file) return {};
  const std::string text{std::istreambuf_iterator<char>{file}, {}};
  const auto json = parse_json(text, 16 << 20);
  BOOST_REQUIRE(json.has_value());
  return json->at("operations").as_array();
}

void compare(const Call& call, const Json& vendor) {
  const auto* declarations = find_member(vendor.at("parameters"), "properties");
  const Json properties = declarations == nullptr ? Json(JsonObject{}) : *declarations;
  for (const auto& parameter : call.parameters) {
    const auto* declared = find_member(properties, parameter.name);
    BOOST_TEST_CONTEXT(call.path << " " << parameter.name) {
      BOOST_REQUIRE(declared != nullptr);
      static constexpr const char* types[] = {"string", "integer", "boolean", "number"};
      BOOST_TEST(text_of(*declared, "type") == types[static_cast<int>(parameter.type)]);
      BOOST_TEST(parameter.required == (int_of(*declared, "optional") == 0));
      if (const auto* minimum = find_member(*declared, "minimum"); minimum != nullptr && minimum->is_int64())
        BOOST_TEST(parameter.minimum.value_or(-1) == minimum->get_int64());
      if (const auto* maximum = find_member(*declared, "maximum"); maximum != nullptr && maximum->is_int64())
        BOOST_TEST(parameter.maximum.value_or(-1) == maximum->get_int64());
      if (find_member(*declared, "maxLength") != nullptr)
        BOOST_TEST(static_cast<std::int64_t>(parameter.max_length) == int_of(*declared, "maxLength"));
    }
  }
  for (const auto& [name, declared] : properties.as_object()) {
    const std::string_view view{name.data(), name.size()};
    if (view == "node" || view == "vmid" || view == "upid") continue;  // of the path, mostly
    BOOST_TEST_CONTEXT(call.path)
    BOOST_TEST(
        (find_parameter(call.parameters, view.ends_with("[n]") ? std::string{view.substr(0, view.size() - 3)} + "0" : std::string{view}) != nullptr),
        view);
  }
}

BOOST_AUTO_TEST_CASE(every_call_and_parameter_is_the_vendors) {
  const auto vendor = load_vendor_calls();
  if (vendor.empty()) {
    BOOST_TEST_MESSAGE("skipped: no vendor description in " STELLWERK_REFERENCE_DIR);
    return;
  }
  for (const auto& call : calls()) {
    const auto found = std::find_if(vendor.begin(), vendor.end(), [&](const Json& entry) {
      return text_of(entry, "method") == http::to_string(call.method) && text_of(entry, "path") == call.path;
    });
    BOOST_TEST_CONTEXT(call.path) BOOST_REQUIRE(found != vendor.end());
    compare(call, *found);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace stellwerk::sandbox
