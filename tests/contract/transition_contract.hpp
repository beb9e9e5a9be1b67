// The contract of what decisions rely on and bring with them: required rows, actions of transitions, several attempts of a run,
// references, settings of workflows. Included behind store_contract.hpp.

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace contract {

inline Commit requiring(Commit commit, const std::string& id, std::int64_t version) {
  commit.required.push_back({id, "order", version});
  return commit;
}
inline Commit acting(Commit commit, const std::string& key, const std::string& action, Json input) {
  commit.actions.push_back({EventId{"evt_" + key}, key, action, std::move(input), {}});
  return commit;
}
inline Json from_range(const std::string& name) { return JsonObject{{"range", name}}; }

inline SettingValue setting(SettingValue::Level level, const std::string& owner, Json value, int minute = 0) {
  return {level, owner, "test-flow", "grace", std::move(value), "usr_1", "because", noon + std::chrono::minutes{minute}};
}

}  // namespace contract
using namespace contract;

BOOST_AUTO_TEST_SUITE(transition_contract)

BOOST_AUTO_TEST_CASE_TEMPLATE(several_attempts_of_a_run_are_written_and_ended_by_lane, Backend, Backends) {
  Backend backend;
  auto store = open_writer(backend);
  auto begin = create("svc_a");
  for (int lane = 0; lane < 3; ++lane) {
    begin.changes[0].attempts.push_back(attempt_of("svc_a", "run_1", "att_" + std::to_string(lane)));
    begin.changes[0].attempts.back().lane = lane;
  }
  BOOST_TEST((commit_one(*store, begin) == Status::committed));
  auto next = update("svc_a", 1);
  next.changes[0].attempts_ended = {{RunId{"run_1"}, 0}, {RunId{"run_1"}, 1}};
  next.changes[0].attempts = {attempt_of("svc_a", "run_1", "att_9")};
  next.changes[0].attempts[0].lane = 1;  // ended and written: the new one is there
  BOOST_TEST((commit_one(*store, next) == Status::committed));
  auto live = must(store->take_over_attempts("nod_2"));
  std::sort(live.begin(), live.end(), [](const AttemptRow& a, const AttemptRow& b) { return a.lane < b.lane; });
  BOOST_REQUIRE(live.size() == 2U);
  BOOST_TEST((live[0].lane == 1 && live[0].id == AttemptId{"att_9"} && live[1].lane == 2 && live[1].id == AttemptId{"att_2"}));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_required_row_that_changed_is_a_conflict_of_that_decision_only, Backend, Backends) {
  Backend backend;
  auto store = open_writer(backend);
  commit(*store, {create("svc_a"), create("svc_b"), create("svc_c"), create("inv_1"), update("inv_1", 1)});
  const auto results = commit(*store, {requiring(update("svc_a", 1), "inv_1", 2), requiring(update("svc_b", 1), "inv_1", 1), update("svc_c", 1)});
  BOOST_TEST((results[0].status == Status::committed && results[1].status == Status::conflict && results[2].status == Status::committed));
  BOOST_TEST(version_of(*store, "svc_b") == 1);
  BOOST_TEST((commit_one(*store, requiring(update("svc_b", 1), "inv_1", 2)) == Status::committed));
  BOOST_TEST((commit_one(*store, requiring(update("svc_b", 2), "inv_none", 0)) == Status::committed));  // still missing, as it was
  BOOST_TEST((commit_one(*store, requiring(update("svc_b", 3), "inv_none", 1)) == Status::conflict));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_row_may_be_required_and_then_changed_within_one_batch, Backend, Backends) {
  Backend backend;
  auto store = open_writer(backend);
  commit(*store, {create("svc_a"), create("svc_b"), create("svc_c"), create("inv_1")});
  // the first two saw it as it was; the last one saw it too, but it is changed in between
  const auto results = commit(*store, {requiring(update("svc_a", 1), "inv_1", 1), requiring(update("svc_b", 1), "inv_1", 1), update("inv_1", 1),
                                       requiring(update("svc_c", 1), "inv_1", 1)});
  BOOST_TEST((results[0].status == Status::committed && results[1].status == Status::committed && results[2].status == Status::committed));
  BOOST_TEST((results[3].status == Status::conflict));
  BOOST_TEST(version_of(*store, "inv_1") == 2);
  BOOST_TEST(version_of(*store, "svc_a") == 2);
  BOOST_TEST(version_of(*store, "svc_c") == 1);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_server_that_was_put_again_is_no_longer_what_was_required, Backend, Backends) {
  Backend backend;
  auto store = open_writer(backend);
  const ServerRow server{ServerId{"srv_1"}, tenant, "node 1", "proxmox", "vm", 3, 0, "active", JsonObject{{"token", "sealed"}}, noon};
  must(store->put_server(server));
  const std::vector<std::string> ids{"srv_1", "svc_a", "svc_none"};
  commit(*store, {create("svc_a")});
  auto rows = must(store->read_references(tenant, ids));
  std::sort(rows.begin(), rows.end(), [](const ReferenceRow& a, const ReferenceRow& b) { return a.id < b.id; });
  BOOST_REQUIRE(rows.size() == 2U);
  BOOST_TEST((rows[0].kind == "server" && rows[0].version == 1 && text_of(rows[0].fields, "state") == "active" && text_of(rows[0].fields, "pool") == "vm"));
  BOOST_TEST(find_member(rows[0].fields, "settings") == nullptr);
  BOOST_TEST((rows[1].kind == "order" && rows[1].version == 1 && text_of(rows[1].fields, "status") == "active" && text_of(rows[1].fields, "customer") == "cus_1"));
  BOOST_TEST((find_member(rows[1].fields, "n") != nullptr && rows[1].workflow == "test-flow" && rows[1].revision == 1));
  BOOST_TEST(must(store->read_references(TenantId{"ten_other"}, ids)).empty());
  BOOST_TEST((commit_one(*store, requiring(update("svc_a", 1), "srv_1", 1)) == Status::committed));
  must(store->put_server(server));
  BOOST_TEST((commit_one(*store, requiring(update("svc_a", 2), "srv_1", 1)) == Status::conflict));
  BOOST_TEST((commit_one(*store, requiring(update("svc_a", 2), "srv_1", 2)) == Status::committed));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(an_action_of_a_transition_is_carried_out_with_its_decision, Backend, Backends) {
  Backend backend;
  auto store = open_writer(backend);
  must(store->put_id_range({tenant, "vmid", 1, 2}));
  commit(*store, {create("svc_a"), create("svc_b"), create("svc_c")});
  const auto results = commit(*store, {acting(update("svc_a", 1), "k1", "id.allocate", from_range("vmid")), acting(update("svc_b", 7), "k2", "id.allocate", from_range("vmid")),
                                       update("svc_c", 1)});
  BOOST_TEST((results[0].status == Status::committed && results[1].status == Status::conflict && results[2].status == Status::committed));
  // the key is on record: the effect is there once
  BOOST_TEST((commit_one(*store, acting(update("svc_a", 2), "k1", "id.allocate", from_range("vmid"))) == Status::committed));
  // so exactly one number is left
  BOOST_TEST((commit_one(*store, acting(update("svc_a", 3), "k3", "id.allocate", from_range("vmid"))) == Status::committed));
  BOOST_TEST((commit_one(*store, acting(update("svc_a", 4), "k4", "id.allocate", from_range("vmid"))) == Status::refused));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_refused_action_leaves_nothing_of_its_decision_and_harms_no_neighbour, Backend, Backends) {
  Backend backend;
  auto store = open_writer(backend);
  must(store->put_id_range({tenant, "vmid", 1, 1}));
  must(store->put_id_range({tenant, "other", 5, 5}));
  commit(*store, {create("svc_a"), create("svc_b"), create("svc_c")});
  // its first action is carried out, its second is not: both are taken back
  auto refused = acting(acting(update("svc_a", 1), "k1", "id.allocate", from_range("other")), "k2", "id.allocate", from_range("none"));
  refused.changes[0].timers = {{ActorId{"svc_a"}, tenant, "t", noon}};
  const auto results = commit(*store, {update("svc_c", 1), refused, acting(update("svc_b", 1), "k3", "id.allocate", from_range("vmid"))});
  BOOST_TEST((results[0].status == Status::committed && results[1].status == Status::refused && results[2].status == Status::committed));
  BOOST_TEST(results[1].code == "invalid_input");
  BOOST_TEST(results[1].error.find("'none'") != std::string::npos);
  BOOST_TEST(version_of(*store, "svc_a") == 1);
  BOOST_TEST(must(store->timers_due(tenant, noon, 10, {})).empty());
  BOOST_TEST((commit_one(*store, acting(update("svc_a", 1), "k1", "id.allocate", from_range("other"))) == Status::committed));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(settings_have_one_value_for_each_owner_and_a_history, Backend, Backends) {
  using enum SettingValue::Level;
  Backend backend;
  auto store = open_writer(backend);
  must(store->put_setting(TenantId{"ten_1"}, setting(SettingValue::Level::tenant, "", "P3D", 0)));
  must(store->put_setting(TenantId{"ten_1"}, setting(product, "prd_1", "P4D", 1)));
  must(store->put_setting(TenantId{"ten_1"}, setting(SettingValue::Level::tenant, "", "P5D", 2)));
  const auto values = must(store->setting_values(TenantId{"ten_1"}));
  BOOST_REQUIRE(values.size() == 2U);
  const auto tenants = std::find_if(values.begin(), values.end(), [](const SettingValue& v) { return v.level == SettingValue::Level::tenant; });
  BOOST_REQUIRE((tenants != values.end()));
  BOOST_TEST((tenants->value.as_string() == "P5D" && tenants->workflow == "test-flow" && tenants->name == "grace" && tenants->by == "usr_1" && tenants->note == "because"));
  BOOST_TEST((tenants->at == noon + std::chrono::minutes{2}));
  must(store->put_setting(TenantId{"ten_1"}, setting(SettingValue::Level::tenant, "", nullptr, 3)));
  BOOST_TEST(must(store->setting_values(TenantId{"ten_1"})).size() == 1U);
  const auto history = must(store->setting_history(TenantId{"ten_1"}, 3));
  BOOST_REQUIRE(history.size() == 3U);
  BOOST_TEST((history[0].value.is_null() && history[1].value.as_string() == "P5D" && history[2].level == product));
  BOOST_TEST(must(store->setting_values(TenantId{"ten_other"})).empty());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_setting_reaches_live_actors_of_its_workflow_and_level, Backend, Backends) {
  using enum SettingValue::Level;
  Backend backend;
  auto store = open_writer(backend);
  std::vector<Commit> batch;
  for (int i = 1; i <= 5; ++i) {
    batch.push_back(create("svc_" + std::to_string(i)));
    auto& row = batch.back().changes[0].row;
    if (i == 2) row.live = false;
    if (i == 3) row.attributes = JsonObject{{"plan", "prd_1"}};
    if (i == 4) row.attributes = JsonObject{{"product", "prd_1"}, {"customer_group", "vip"}};
    if (i == 5) row.workflow = "other-flow";
  }
  commit(*store, batch);
  const auto reached = [&](const SettingValue& value, const std::string& after = "", int limit = 10) {
    std::string all;
    for (const auto& id : must(store->actors_reached(TenantId{"ten_1"}, value, ActorId{after}, limit))) all += id.str().substr(4);
    return all;
  };
  BOOST_TEST(reached(setting(SettingValue::Level::tenant, "", 1)) == "134");
  BOOST_TEST(reached(setting(SettingValue::Level::tenant, "", 1), "svc_1", 1) == "3");
  BOOST_TEST(reached(setting(product, "prd_1", 1)) == "34");
  BOOST_TEST(reached(setting(customer_group, "vip", 1)) == "4");
  BOOST_TEST(reached(setting(actor, "svc_1", 1)) == "1");
  BOOST_TEST(reached(setting(actor, "svc_2", 1)).empty());
}

BOOST_AUTO_TEST_SUITE_END()
