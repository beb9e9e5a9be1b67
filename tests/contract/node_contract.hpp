#pragma once
// Incarnations, fence and lease on every database. Included by the programs of this folder, behind `Backends`.

#include <chrono>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "tests/contract/backends.hpp"
#include "tests/contract/builders.hpp"

using namespace stellwerk;
using namespace stellwerk::storage;
using namespace stellwerk::testing;

BOOST_AUTO_TEST_SUITE(node)

/// Every write that a node does through a Store, by name.
inline std::vector<std::pair<std::string, std::function<Result<void>(Store&)>>> writes_of_a_node() {
  const auto ignore = [](auto result) { return result ? Result<void>{} : Result<void>{fail(std::move(result).error())}; };
  return {
      {"commit", [=](Store& store) { return ignore(store.commit(std::vector{create("svc_fenced")})); }},
      {"run_actions", [=](Store& store) {
         const ActionRequest request{attempt_of("svc_fenced", "run_fenced", "att_fenced", "id.allocate", JsonObject{{"range", "vmid"}})};
         return ignore(store.run_actions({&request, 1}, noon));
       }},
      {"take_over_attempts", [=](Store& store) { return ignore(store.take_over_attempts("nod_fenced")); }},
      {"heartbeat", [=](Store& store) { return ignore(store.heartbeat()); }},
      {"publish", [](Store& store) { return store.publish({tenant, "workflow", "fenced", 1, "text", noon}); }},
      {"put_setting", [](Store& store) { return store.put_setting(tenant, {.level = SettingValue::Level::tenant, .owner = {}, .workflow = "w", .name = "fenced", .value = 1, .by = "usr_1", .note = {}, .at = noon}); }},
      {"put_server", [](Store& store) { return store.put_server({.id = ServerId{"srv_fenced"}, .tenant = tenant, .name = "fenced", .connector = "noop", .pool = "p", .created_at = noon}); }},
      {"put_id_range", [](Store& store) { return store.put_id_range({tenant, "fenced", 1, 9}); }},
      {"put_addresses", [](Store& store) {
         const AddressRow address{tenant, "fenced", "192.0.2.1"};
         return store.put_addresses({&address, 1});
       }},
      {"return_undelivered", [=](Store& store) { return ignore(store.return_undelivered(0, 10)); }},
      {"forget_guard_entries", [](Store& store) { return store.forget_guard_entries(noon); }},
      {"add_data_key", [](Store& store) { return store.add_data_key({"fenced", tenant, "sealed", noon}); }},
      {"add_audit", [](Store& store) { return store.add_audit({.id = "evt_fenced", .tenant = tenant, .at = noon, .by = "usr_1", .role = "staff", .action = "reveal", .object = "srv_1", .field = "f", .note = "n"}); }},
      {"put_value", [](Store& store) { return store.put_value("fenced", "1"); }},
  };
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_node_that_lost_its_fence_writes_nothing_by_any_function, Backend, Backends) {
  Backend backend;
  auto old = open_writer(backend);
  auto sender = create("svc_a");
  sender.changes[0].messages = {message_to("svc_gone", "svc_a", "hello")};  // for return_undelivered()
  BOOST_REQUIRE((must(old->commit(std::vector{sender}))[0].status == CommitStatus::committed));
  auto second_session = must(backend.database->open_store());
  second_session->use_incarnation(incarnation);
  BOOST_TEST(must(old->heartbeat()).time_since_epoch().count() > 0);
  auto fresh = must(backend.database->open_store());
  must(fresh->begin_incarnation("nod_2", "host-a"));
  for (const auto& [name, write] : writes_of_a_node()) {
    for (auto* store : {old.get(), second_session.get()}) {
      const auto written = write(*store);
      BOOST_TEST_CONTEXT(name) {
        BOOST_REQUIRE(!written);
        BOOST_TEST((written.error().code == ErrorCode::cancelled && written.error().reason == "fenced"));
      }
    }
  }
  BOOST_TEST(!must(fresh->get_value("fenced")));
  BOOST_TEST(!fresh->load(ActorId{"svc_fenced"}));
  BOOST_TEST(!fresh->find_server(ServerId{"srv_fenced"}));
  BOOST_TEST(must(fresh->revisions(tenant)).empty());
  BOOST_TEST(must(fresh->setting_values(tenant)).empty());
  // what was read before may be read on: it harms nobody
  BOOST_TEST(!must(old->get_value("fenced")));
  // the same of the node that holds the fence
  for (const auto& [name, write] : writes_of_a_node()) {
    const auto written = write(*fresh);
    BOOST_TEST_CONTEXT(name << (written ? "" : ": " + describe(written.error()))) BOOST_TEST(written.has_value());
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_session_without_incarnation_writes_records_but_no_decisions, Backend, Backends) {
  Backend backend;
  auto node = open_writer(backend);
  auto tool = must(backend.database->open_store());
  must(tool->put_value("by", "a tool"));
  const auto refused = tool->commit(std::vector{create("svc_a")});
  BOOST_REQUIRE(!refused);
  BOOST_TEST((refused.error().code == ErrorCode::cancelled));
  BOOST_TEST((tool->heartbeat().error().code == ErrorCode::cancelled));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_restarted_node_of_the_same_host_ends_its_former_incarnation_at_once, Backend, Backends) {
  Backend backend;
  auto first = must(backend.database->open_store());
  must(first->begin_incarnation("nod_1", "host-a", std::chrono::minutes{5}));
  auto second = must(backend.database->open_store());
  must(second->begin_incarnation("nod_2", "host-a", std::chrono::minutes{5}));
  BOOST_TEST((first->heartbeat().error().code == ErrorCode::cancelled));
  BOOST_TEST(second->heartbeat().has_value());
  first->end_incarnation("nod_1");  // too late: it ends nobody
  BOOST_TEST(second->heartbeat().has_value());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(attempts_of_the_former_node_are_taken_over_once, Backend, Backends) {
  Backend backend;
  auto first = open_writer(backend);
  auto born = create("svc_a");
  born.changes[0].attempts = {attempt_of("svc_a", "run_1", "att_1", "id.allocate", JsonObject{{"range", "vmid"}})};
  BOOST_REQUIRE((must(first->commit(std::vector{born}))[0].status == CommitStatus::committed));
  auto second = must(backend.database->open_store());
  must(second->begin_incarnation("nod_2", "host-a"));
  BOOST_TEST(must(second->take_over_attempts("nod_2")).size() == 1);
  BOOST_TEST(must(second->take_over_attempts("nod_2")).empty());
}

BOOST_AUTO_TEST_SUITE_END()
