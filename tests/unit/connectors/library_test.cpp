// The connectors we ship load without a problem and say what they promise.
#include <boost/test/unit_test.hpp>

#include <algorithm>

#include "tests/unit/connectors/vendor_double.hpp"

using namespace stellwerk;

using test::shipped_connector;

BOOST_AUTO_TEST_SUITE(connector_library)

BOOST_AUTO_TEST_CASE(every_shipped_connector_loads) {
  for (const auto& file : embedded_files()) {
    if (!file.path.starts_with("connectors/library/")) continue;
    BOOST_TEST_CONTEXT(file.path) BOOST_TEST(shipped_connector(file.path) != nullptr);
  }
}

BOOST_AUTO_TEST_CASE(the_signatures_of_proxmox_name_effects_entries_and_undo) {
  const auto connector = shipped_connector("connectors/library/proxmox.yaml");
  BOOST_REQUIRE(connector != nullptr);
  const auto signatures = connector->signatures();
  const auto find = [&](const std::string& name) {
    const auto found = std::find_if(signatures.begin(), signatures.end(), [&](const auto& signature) { return signature.name == "proxmox." + name; });
    BOOST_REQUIRE_MESSAGE(found != signatures.end(), name);
    return *found;
  };
  using workflows::Effect;
  const auto create = find("create_vm");
  BOOST_TEST((create.effect == Effect::creates));
  BOOST_TEST(create.undo == "proxmox.destroy_vm");
  BOOST_TEST(create.subs == (std::vector<std::string>{"clone", "configure", "disk"}), boost::test_tools::per_element());
  BOOST_TEST(create.input.size() == 8u);
  BOOST_TEST(create.repeatable);
  BOOST_TEST((find("destroy_vm").effect == Effect::destroys));
  BOOST_TEST(find("destroy_vm").subs.size() == 2u);
  BOOST_TEST((find("version").effect == Effect::reads));
  BOOST_TEST(find("version").output.size() == 1u);
  BOOST_TEST((find("clone").settle == std::chrono::seconds{60}));
  BOOST_TEST(find("start_vm").subs.empty());
}

BOOST_AUTO_TEST_CASE(a_limit_is_shared_by_what_its_text_says_and_only_for_its_operations) {
  const auto connector = shipped_connector("connectors/library/proxmox.yaml");
  BOOST_REQUIRE(connector != nullptr);
  BOOST_REQUIRE(connector->limits().size() == 2u);
  connectors::Call call{.operation = "create_vm", .sub = 0, .input = JsonObject{{"vmid", 105}, {"image", "debian"}}};
  call.settings = {{"images", JsonObject{{"debian", 9000}}}, {"storage", "local-zfs"}};
  BOOST_TEST(connectors::limit_key(*connector, connector->limits()[0], call, "srv_1") == "srv_1");
  BOOST_TEST(connectors::limit_key(*connector, connector->limits()[1], call, "srv_1") == "srv_1/storage local-zfs");
  call.sub = 1;
  BOOST_TEST(connectors::limit_key(*connector, connector->limits()[1], call, "srv_1") == "");
}

BOOST_AUTO_TEST_CASE(polls_come_slower_up_to_the_longest_delay) {
  const auto connector = shipped_connector("connectors/library/proxmox.yaml");
  BOOST_REQUIRE(connector != nullptr);
  const connectors::Call call{.operation = "start_vm"};
  BOOST_TEST((connectors::poll_delay(*connector, call, 1) == std::chrono::seconds{1}));
  BOOST_TEST((connectors::poll_delay(*connector, call, 2) == std::chrono::milliseconds{1500}));
  BOOST_TEST((connectors::poll_delay(*connector, call, 50) == std::chrono::seconds{15}));
}

BOOST_AUTO_TEST_SUITE_END()
