// The contract of the local actions. Included behind store_contract.hpp.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <thread>

#include "storage/actions/actions.hpp"

namespace contract {

using Done = ActionResult::Status;

/// Actors that each have one attempt in hand, and the store they live in.
template <class Backend>
struct ActionFixture {
  Backend backend;
  std::unique_ptr<Store> store = open_writer(backend);
  std::map<std::string, std::int64_t> versions;

  /// Puts the attempt `id` of `actor` into the database and returns the request for it.
  ActionRequest request(const std::string& actor, const std::string& id, const std::string& operation, Json input) {
    auto& version = versions[actor];
    auto decided = version == 0 ? create(actor) : update(actor, version);
    ++version;
    decided.changes[0].attempts = {attempt_of(actor, "run_" + actor, id, operation, std::move(input))};
    BOOST_REQUIRE((commit_one(*store, decided) == Status::committed));
    return {decided.changes[0].attempts[0]};
  }
  ActionResult run(const ActionRequest& one, Time now = noon) { return must(store->run_actions({&one, 1}, now)).at(0); }
  ActionResult run(const std::string& actor, const std::string& id, const std::string& operation, Json input, Time now = noon) {
    return run(request(actor, id, operation, std::move(input)), now);
  }
  std::int64_t allocate(const std::string& actor, const std::string& id, Time now = noon) {
    return int_of(run(actor, id, "id.allocate", JsonObject{{"range", "vmid"}}, now).result, "id", -1);
  }
  Done release(const std::string& actor, const std::string& id, std::int64_t number, JsonObject more = {}) {
    more["range"] = "vmid";
    more["id"] = number;
    return run(actor, id, "id.release", std::move(more)).status;
  }
};

}  // namespace contract
using namespace contract;

BOOST_AUTO_TEST_SUITE(action_contract)

BOOST_AUTO_TEST_CASE_TEMPLATE(the_lowest_free_number_is_given_and_a_full_range_refuses, Backend, Backends) {
  ActionFixture<Backend> f;
  must(f.store->put_id_range({tenant, "vmid", 100, 103}));
  BOOST_TEST(f.allocate("svc_a", "att_1") == 100);
  BOOST_TEST(f.allocate("svc_b", "att_2") == 101);
  const auto skipped = f.run("svc_c", "att_3", "id.allocate", JsonObject{{"range", "vmid"}, {"blocked", JsonArray{102}}});
  BOOST_TEST(int_of(skipped.result, "id") == 103);
  BOOST_TEST((f.release("svc_a", "att_4", 100) == Done::done));
  BOOST_TEST(f.allocate("svc_d", "att_5") == 100);
  BOOST_TEST(f.allocate("svc_e", "att_6") == 102);
  const auto full = f.run("svc_f", "att_7", "id.allocate", JsonObject{{"range", "vmid"}});
  BOOST_TEST((full.status == Done::refused && full.code == "exhausted" && !full.text.empty()));
  const auto unknown = f.run("svc_g", "att_8", "id.allocate", JsonObject{{"range", "none"}});
  BOOST_TEST((unknown.status == Done::refused && unknown.code == "invalid_input"));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_repeated_action_answers_the_same_and_a_stale_one_does_nothing, Backend, Backends) {
  ActionFixture<Backend> f;
  must(f.store->put_id_range({tenant, "vmid", 1, 9}));
  const auto first = f.request("svc_a", "att_1", "id.allocate", JsonObject{{"range", "vmid"}});
  BOOST_TEST(int_of(f.run(first).result, "id") == 1);
  BOOST_TEST(int_of(f.run(first).result, "id") == 1);
  BOOST_TEST(f.allocate("svc_a", "att_2") == 2);  // a new attempt takes a new one
  BOOST_TEST((f.run(first).status == Done::stale));
  BOOST_TEST(f.allocate("svc_b", "att_3") == 3);
  // the result is a column of the attempt: a decision that writes the same attempt again does not lose it
  auto same = update("svc_a", 2);
  same.changes[0].attempts = {attempt_of("svc_a", "run_svc_a", "att_2", "id.allocate", JsonObject{{"range", "vmid"}})};
  BOOST_REQUIRE((commit_one(*f.store, same) == Status::committed));
  const auto taken = must(f.store->take_over_attempts("nod_2"));
  for (const auto& attempt : taken) BOOST_TEST(attempt.result.has_value());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_blocked_number_never_comes_back_and_a_quarantined_one_later, Backend, Backends) {
  ActionFixture<Backend> f;
  must(f.store->put_id_range({tenant, "vmid", 1, 3}));
  for (const auto& [actor, number] : {std::pair{"svc_a", 1}, {"svc_b", 2}, {"svc_c", 3}}) BOOST_TEST(f.allocate(actor, std::string{"att_"} + actor) == number);
  BOOST_TEST((f.release("svc_a", "att_4", 1, {{"block", true}}) == Done::done));
  BOOST_TEST((f.release("svc_b", "att_5", 2, {{"quarantine", "P1D"}}) == Done::done));
  BOOST_TEST((f.release("svc_b", "att_6", 2) == Done::done));  // once more: the quarantine stays
  BOOST_TEST((f.run("svc_d", "att_7", "id.allocate", JsonObject{{"range", "vmid"}}).code == "exhausted"));
  BOOST_TEST(f.allocate("svc_d", "att_8", noon + std::chrono::days{1}) == 2);
  BOOST_TEST((f.run("svc_e", "att_9", "id.allocate", JsonObject{{"range", "vmid"}}, noon + std::chrono::days{900}).code == "exhausted"));
  BOOST_TEST((f.release("svc_c", "att_10", 3, {{"quarantine", "soon"}}) == Done::refused));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(what_somebody_else_holds_by_now_was_given_back_before_and_stays_theirs, Backend, Backends) {
  ActionFixture<Backend> f;
  must(f.store->put_id_range({tenant, "vmid", 1, 2}));
  must(f.store->put_addresses(std::vector<AddressRow>{{tenant, "lan", "10.0.0.2"}}));
  BOOST_TEST(f.allocate("svc_a", "att_1") == 1);
  BOOST_TEST((f.run("svc_a", "att_2", "ip.allocate", JsonObject{{"pool", "lan"}}).status == Done::done));
  BOOST_TEST((f.release("svc_b", "att_3", 1, {{"block", true}}) == Done::done));
  BOOST_TEST((f.run("svc_b", "att_4", "ip.release", JsonObject{{"address", "10.0.0.2"}}).status == Done::done));
  BOOST_TEST((f.run("svc_b", "att_4a", "ip.release", JsonObject{{"address", "10.0.0.3"}}).code == "invalid_input"));
  BOOST_TEST(f.allocate("svc_b", "att_5") == 2);
  BOOST_TEST((f.run("svc_b", "att_6", "ip.allocate", JsonObject{{"pool", "lan"}}).code == "exhausted"));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(addresses_are_given_in_the_order_of_their_numbers, Backend, Backends) {
  ActionFixture<Backend> f;
  must(f.store->put_addresses(std::vector<AddressRow>{{tenant, "lan", "10.0.0.10"}, {tenant, "lan", "10.0.0.9"}, {tenant, "lan", "2001:db8::1"}}));
  must(f.store->put_addresses(std::vector<AddressRow>{{tenant, "lan", "10.0.0.9"}}));
  const auto take = [&](const std::string& actor, const std::string& id, Time now = noon) {
    const auto result = f.run(actor, id, "ip.allocate", JsonObject{{"pool", "lan"}}, now);
    return result.code.empty() ? text_of(result.result, "address") : result.code;
  };
  BOOST_TEST(take("svc_a", "att_1") == "10.0.0.9");
  must(f.store->put_addresses(std::vector<AddressRow>{{tenant, "lan", "10.0.0.9"}}));  // known: left alone
  BOOST_TEST(take("svc_b", "att_2") == "10.0.0.10");
  BOOST_TEST(take("svc_c", "att_3") == "2001:db8::1");
  BOOST_TEST(take("svc_d", "att_4") == "exhausted");
  BOOST_TEST((f.run("svc_b", "att_5", "ip.release", JsonObject{{"address", "10.0.0.10"}, {"quarantine", "PT1H"}}).status == Done::done));
  BOOST_TEST((f.run("svc_a", "att_6", "ip.release", JsonObject{{"address", "10.0.0.9"}}).status == Done::done));
  BOOST_TEST((f.run("svc_a", "att_7", "ip.release", JsonObject{{"address", "10.0.0.9"}}).status == Done::done));
  BOOST_TEST(take("svc_d", "att_8") == "10.0.0.9");
  BOOST_TEST(take("svc_e", "att_9") == "exhausted");
  BOOST_TEST(take("svc_e", "att_10", noon + std::chrono::hours{1}) == "10.0.0.10");
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_place_goes_to_the_least_filled_active_server, Backend, Backends) {
  ActionFixture<Backend> f;
  const auto server = [&](const std::string& id, int capacity, const std::string& state) {
    must(f.store->put_server({ServerId{id}, tenant, id, "proxmox", "vm", capacity, 0, state, JsonObject{}, noon}));
  };
  server("srv_1", 1, "active");
  server("srv_2", 2, "active");
  server("srv_3", 9, "drain");
  const auto place = [&](const std::string& actor, const std::string& id) {
    const auto result = f.run(actor, id, "pool.place", JsonObject{{"pool", "vm"}});
    return result.code.empty() ? text_of(result.result, "server") : result.code;
  };
  BOOST_TEST(place("svc_a", "att_1") == "srv_1");
  BOOST_TEST(place("svc_b", "att_2") == "srv_2");
  BOOST_TEST(place("svc_c", "att_3") == "srv_2");
  BOOST_TEST(place("svc_d", "att_4") == "exhausted");
  BOOST_TEST((f.run("svc_b", "att_5", "pool.release", JsonObject{}).status == Done::done));
  BOOST_TEST((f.run("svc_b", "att_6", "pool.release", JsonObject{}).status == Done::done));
  BOOST_TEST(must(f.store->find_server(ServerId{"srv_2"})).used == 1);
  server("srv_2", 2, "active");  // `used` is not the caller's to set
  BOOST_TEST(must(f.store->find_server(ServerId{"srv_2"})).used == 1);
  BOOST_TEST(place("svc_d", "att_7") == "srv_2");
  const auto none = f.run("svc_e", "att_8", "pool.place", JsonObject{{"pool", "none"}});
  BOOST_TEST((none.status == Done::refused && none.code == "no_server"));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(an_undo_gives_back_the_place_of_its_own_step_and_no_other, Backend, Backends) {
  ActionFixture<Backend> f;
  must(f.store->put_server({ServerId{"srv_1"}, tenant, "srv_1", "proxmox", "vm", 9, 0, "active", JsonObject{}, noon}));
  const auto run = [&](const std::string& id, const std::string& operation, const std::string& key) {
    auto one = f.request("svc_a", id, operation, operation == "pool.place" ? JsonObject{{"pool", "vm"}} : JsonObject{});
    one.attempt.key = key;
    return f.run(one).status;
  };
  const auto used = [&] { return must(f.store->find_server(ServerId{"srv_1"})).used; };
  BOOST_TEST((run("att_1", "pool.place", "run_1/place/1") == Done::done));  // what the actor lives on
  BOOST_TEST((run("att_2", "pool.place", "run_2/place/1") == Done::done));
  BOOST_TEST((run("att_3", "pool.place", "run_2/place/2") == Done::done));
  BOOST_TEST((run("att_4", "pool.place", "run_2/each/4/1") == Done::done));
  BOOST_TEST(used() == 4);
  BOOST_TEST((run("att_5", "pool.release", "run_2/place/2/undo") == Done::done));
  BOOST_TEST(used() == 3);
  BOOST_TEST((run("att_6", "pool.release", "run_2/place/2/undo") == Done::done));  // once more, as another attempt
  BOOST_TEST(used() == 3);
  BOOST_TEST((run("att_7", "pool.release", "run_2/place/undo") == Done::done));
  BOOST_TEST((run("att_8", "pool.release", "run_2/each/4/undo") == Done::done));
  BOOST_TEST(used() == 1);
  BOOST_TEST((run("att_9", "pool.release", "run_3/leave/1") == Done::done));  // the step gives back whatever the actor has
  BOOST_TEST(used() == 0);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_refused_action_harms_no_neighbour_of_its_transaction, Backend, Backends) {
  ActionFixture<Backend> f;
  must(f.store->put_id_range({tenant, "vmid", 1, 40}));
  std::vector<ActionRequest> requests;
  for (int i = 0; i < 50; ++i) {
    const auto name = std::to_string(100 + i);
    requests.push_back(f.request("svc_" + name, "att_" + name, "id.allocate", JsonObject{{"range", i % 10 == 0 ? "none" : "vmid"}}));
  }
  std::set<std::int64_t> numbers;
  int invalid = 0, exhausted = 0;
  for (const auto& result : must(f.store->run_actions(requests, noon))) {
    if (result.status == Done::done) numbers.insert(int_of(result.result, "id"));
    invalid += result.code == "invalid_input" ? 1 : 0;
    exhausted += result.code == "exhausted" ? 1 : 0;
  }
  BOOST_TEST((numbers.size() == 40 && invalid == 5 && exhausted == 5));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(two_sessions_never_give_the_same_number_or_address, Backend, Backends) {
  ActionFixture<Backend> f;
  constexpr int each = 20;
  must(f.store->put_id_range({tenant, "vmid", 1, 2 * each}));
  std::vector<AddressRow> addresses;
  for (int i = 1; i <= each; ++i) addresses.push_back({tenant, "lan", "10.0.0." + std::to_string(i)});
  must(f.store->put_addresses(addresses));
  std::vector<std::vector<ActionRequest>> requests(2);
  for (std::size_t side = 0; side < 2; ++side) {
    for (int i = 0; i < each; ++i) {
      const auto name = std::to_string(side) + "_" + std::to_string(i);
      const bool number = i % 2 == 0;
      requests[side].push_back(f.request("svc_" + name, "att_" + name, number ? "id.allocate" : "ip.allocate",
                                         number ? JsonObject{{"range", "vmid"}} : JsonObject{{"pool", "lan"}}));
    }
  }
  std::vector<std::string> given[2];
  const auto work = [&](std::size_t side) {
    auto store = f.backend.database->open_store();
    if (!store) return;
    (*store)->use_incarnation(incarnation);
    for (const auto& request : requests[side]) {
      const auto results = (*store)->run_actions({&request, 1}, noon);
      if (results && results->at(0).status == Done::done) given[side].push_back(dump_json(results->at(0).result));
    }
  };
  std::thread left{work, 0}, right{work, 1};
  left.join();
  right.join();
  std::set<std::string> all(given[0].begin(), given[0].end());
  all.insert(given[1].begin(), given[1].end());
  BOOST_TEST(all.size() == 2U * each);
}

BOOST_AUTO_TEST_CASE(every_action_has_a_specification_and_an_undo_that_exists) {
  for (const auto& spec : action_specs()) {
    if (spec.undo.empty()) continue;
    BOOST_TEST(std::any_of(action_specs().begin(), action_specs().end(), [&](const ActionSpec& other) { return other.name == spec.undo; }), spec.name);
  }
}

BOOST_AUTO_TEST_SUITE_END()
