// What the routes make of requests and answers: owners, pages, idempotency, locations.

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <set>

#include "tests/unit/api/desk.hpp"

namespace {

using namespace stellwerk;
using namespace stellwerk::testing;

std::vector<std::string> ids_of(const Told& told) {
  std::vector<std::string> ids;
  for (const auto& item : told.json.at("items").as_array()) ids.push_back(text_of(item, "id"));
  return ids;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(routes)

BOOST_AUTO_TEST_CASE(hide_foreign_objects_as_if_they_were_not_there) {
  auto& desk = shared_desk();
  for (const auto& path : {"/api/client/services/" + desk.foreign_service, "/api/client/tickets/" + desk.foreign_ticket, "/api/client/orders/" + desk.service, "/api/client/services/" + desk.ticket}) {
    const auto told = desk.get(path, "customer");
    BOOST_TEST(told.status == 404, path);
  }
  const auto foreign = desk.get("/api/client/orders/" + desk.order, "customer");
  BOOST_TEST(foreign.status == 200);
  BOOST_TEST(desk.ask(http::Method::get, "/api/client/orders/" + desk.order, {.token = desk.token("customer", desk.stranger)}).status == 404);
  BOOST_TEST(desk.get("/api/admin/services/" + desk.foreign_service, "staff").status == 200);
  for (const auto& id : ids_of(desk.get("/api/client/tickets", "customer"))) BOOST_TEST(id != desk.foreign_ticket);
  for (const auto& id : ids_of(desk.get("/api/client/services?state=all", "reseller"))) BOOST_TEST(id != desk.foreign_service);
}

BOOST_AUTO_TEST_CASE(give_the_engine_the_owner_so_that_foreign_commands_find_nothing) {
  auto& desk = shared_desk();
  desk.client.commands.clear();
  desk.post("/api/client/services/" + desk.foreign_service + "/commands/stop", "customer");
  desk.post("/api/admin/services/" + desk.service + "/commands/suspend", "staff", R"({"reason":"abuse"})");
  BOOST_REQUIRE(desk.client.commands.size() == 2u);
  BOOST_TEST(desk.client.commands[0].caller.customer == desk.customer);
  BOOST_TEST(desk.client.commands[0].kind == "service");
  BOOST_TEST(desk.client.commands[0].command == "stop");
  BOOST_TEST(desk.client.commands[0].trace == "0af7651916cd43dd8448eb211c80319c");
  BOOST_TEST(desk.client.commands[1].caller.customer == "");
  BOOST_TEST(text_of(desk.client.commands[1].payload, "reason") == "abuse");
}

BOOST_AUTO_TEST_CASE(for_replies_and_closing_are_commands_of_the_ticket) {
  auto& desk = shared_desk();
  desk.client.commands.clear();
  desk.post("/api/client/tickets/" + desk.ticket + "/reply", "customer", R"({"body":"x"})");
  desk.post("/api/admin/tickets/" + desk.ticket + "/reply", "staff", R"({"body":"x"})");
  desk.post("/api/admin/tickets/" + desk.ticket + "/close", "staff");
  desk.post("/api/admin/tickets/" + desk.ticket + "/commands/note", "staff", R"({"body":"x"})");
  std::vector<std::string> given;
  for (const auto& command : desk.client.commands) given.push_back(command.kind + "/" + command.command);
  BOOST_TEST(given == (std::vector<std::string>{"ticket/reply", "ticket/answer", "ticket/close", "ticket/note"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(tell_a_customer_neither_states_nor_incidents_in_answers_and_refusals) {
  auto& desk = shared_desk();
  const auto path = "/api/client/services/" + desk.service + "/commands/start?wait=PT1S";
  desk.client.script = {actors::Answer{202, JsonObject{{"event", "evt_1"}, {"run", "run_1"}, {"deferred", false}, {"state", "provision_failed"}}}};
  BOOST_TEST(desk.post(path, "customer").text == R"({"event":"evt_1","run":"run_1","deferred":false})");
  BOOST_TEST(text_of(desk.post("/api/admin/services/" + desk.service + "/commands/start", "staff").json, "state") == "provision_failed");

  desk.client.script = {fail(ErrorCode::conflict, "'start' has to wait: run run_1 is held by incident inc_1", "incident_open")};
  const auto held = desk.post(path, "customer");
  BOOST_TEST(held.status == 409);
  BOOST_TEST(held.type() == "/problems/busy");
  BOOST_TEST(held.text.find("inc_1") == std::string::npos);
  BOOST_TEST(desk.post("/api/admin/services/" + desk.service + "/commands/start", "staff").type() == "/problems/incident_open");

  desk.client.script = {fail(ErrorCode::conflict, "'start' is not possible in state provision_failed", "not_allowed_now")};
  const auto now_not = desk.post(path, "customer");
  BOOST_TEST(now_not.type() == "/problems/not_allowed_now");
  BOOST_TEST(now_not.text.find("provision_failed") == std::string::npos);

  desk.client.script = {fail(ErrorCode::not_found, "command 'x' is not declared by workflow proxmox-vm", "unknown_command")};
  BOOST_TEST(desk.post(path, "customer").text.find("proxmox") == std::string::npos);

  for (const auto& target : {"/api/client/services/" + desk.service, "/api/client/tickets/" + desk.ticket, "/api/client/orders/" + desk.order}) {
    const auto shown = desk.get(target, "customer");
    for (const char* name : {"state", "workflow", "server", "attributes", "run", "author"}) BOOST_TEST(find_member(shown.json, name) == nullptr, target << " shows " << name);
    BOOST_TEST(find_member(shown.json, "allowed_commands") != nullptr, target);
  }
}

BOOST_AUTO_TEST_CASE(show_internal_notes_to_staff_only) {
  Desk desk;
  storage::ActorChange change;
  change.row = must(desk.records().find_actor(desk.tenant, ActorId{desk.ticket})).value();
  change.row.version = 2;
  change.row.decision = format_id("dec", make_uuid());
  change.expected_version = 1;
  change.applied = {make_id<EventId>("evt"), "note", JsonObject{{"body", "He is a nuisance."}}, "usr_staff", "staff"};
  const storage::Commit commit{.id = change.row.decision, .changes = {change}, .required = {}, .actions = {}, .idempotency = std::nullopt};
  BOOST_REQUIRE((must(desk.store->commit({&commit, 1})).front().status == storage::CommitStatus::committed));
  BOOST_TEST(desk.get("/api/client/tickets/" + desk.ticket, "customer").text.find("nuisance") == std::string::npos);
  BOOST_TEST(desk.get("/api/admin/tickets/" + desk.ticket, "staff").text.find("nuisance") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(of_one_kind_do_not_show_actors_of_another) {
  auto& desk = shared_desk();
  for (const char* kind : {"services", "tickets", "orders"}) {
    const auto& own = kind == std::string{"services"} ? desk.service : kind == std::string{"tickets"} ? desk.ticket : desk.order;
    for (const auto& id : {desk.service, desk.ticket, desk.order})
      for (const char* part : {"journal", "runs"}) {
        const auto target = std::string{"/api/admin/"} + kind + "/" + id + "/" + part;
        BOOST_TEST(desk.get(target, "staff").status == (id == own ? 200 : 404), target);
      }
  }
}

BOOST_AUTO_TEST_CASE(page_newest_first_until_nothing_is_left) {
  Desk desk;
  std::set<std::string> expected{desk.service};
  for (int i = 0; i < 6; ++i) expected.insert(desk.add_actor("svc", "service", "proxmox-vm", "active", "active", desk.customer, JsonObject{{"hostname", "a.example.com"}}));
  std::set<std::string> ended;
  for (int i = 0; i < 3; ++i) ended.insert(desk.add_actor("svc", "service", "proxmox-vm", "terminated", "terminated", desk.customer, JsonObject{{"hostname", "b.example.com"}}));
  ended.insert(desk.add_actor("svc", "service", "proxmox-vm", "cancelled", "cancelled", desk.customer, JsonObject{{"hostname", "b.example.com"}}));

  const auto all_of = [&](const std::string& target, const std::string& role) {
    std::vector<std::string> all;
    std::string after;
    for (int page = 0; page < 20; ++page) {
      const auto told = desk.get(target + "limit=3" + (after.empty() ? "" : "&after=" + after), role);
      BOOST_REQUIRE(told.status == 200);
      const auto ids = ids_of(told);
      BOOST_TEST(ids.size() <= 3u);
      all.insert(all.end(), ids.begin(), ids.end());
      if (told.json.at("next").is_null()) return all;
      after = text_of(told.json, "next");
    }
    BOOST_ERROR("there is always a next page");
    return all;
  };
  const auto shown = all_of("/api/client/services?", "customer");
  BOOST_TEST(std::is_sorted(shown.rbegin(), shown.rend()));
  BOOST_TEST((std::set<std::string>(shown.begin(), shown.end()) == expected));
  BOOST_TEST(shown.size() == expected.size());

  const auto over = all_of("/api/client/services?state=cancelled,ended&", "customer");
  BOOST_TEST((std::set<std::string>(over.begin(), over.end()) == ended));
  BOOST_TEST(over.size() == ended.size());
  BOOST_TEST(all_of("/api/client/services?state=all&", "customer").size() == expected.size() + ended.size());
  BOOST_TEST(all_of("/api/admin/services?", "staff").size() == expected.size() + ended.size() + 1);
  BOOST_TEST(all_of("/api/admin/services?state=cancelled&", "staff").size() == 1u);
}

BOOST_AUTO_TEST_CASE(for_products_keep_paging_over_what_is_hidden) {
  Desk desk;
  for (int i = 0; i < 5; ++i)
    must(desk.client.views->put_product({.id = make_id<ProductId>("prd"), .tenant = desk.tenant, .name = "P", .workflow = "proxmox-vm", .attributes = JsonObject{}, .visible = i == 4,
                                         .created_at = desk.client.now()}));
  std::size_t seen = 0;
  std::string after;
  for (int page = 0; page < 10; ++page) {
    const auto told = desk.ask(http::Method::get, "/api/products?limit=2" + (after.empty() ? "" : "&after=" + after));
    seen += ids_of(told).size();
    if (told.json.at("next").is_null()) break;
    after = text_of(told.json, "next");
  }
  BOOST_TEST(seen == 2u);
  BOOST_TEST(ids_of(desk.get("/api/admin/products", "staff")).size() == 6u);
}

BOOST_AUTO_TEST_CASE(scope_the_idempotency_key_to_tenant_person_method_and_path) {
  auto& desk = shared_desk();
  desk.client.commands.clear();
  const auto path = "/api/client/services/" + desk.service + "/commands/stop";
  desk.post(path, "customer", R"({"a":1})", {{"idempotency-key", "k-1"}});
  desk.post(path, "customer", R"({"a":2})", {{"idempotency-key", "k-1"}});
  desk.post("/api/client/services/" + desk.service + "/commands/start", "customer", R"({"a":1})", {{"idempotency-key", "k-1"}});
  desk.post(path, "reseller", R"({"a":1})", {{"idempotency-key", "k-1"}});
  desk.post(path, "customer");
  const auto& given = desk.client.commands;
  BOOST_REQUIRE(given.size() == 5u);
  BOOST_TEST(given[0].idempotency->scope == desk.tenant.str() + " usr_customer POST " + path);
  BOOST_TEST(given[0].idempotency->key == "k-1");
  BOOST_TEST(given[0].idempotency->body_hash == config::sha256_hex(R"({"a":1})"));
  BOOST_TEST(given[1].idempotency->scope == given[0].idempotency->scope);
  BOOST_TEST(given[1].idempotency->body_hash != given[0].idempotency->body_hash);
  BOOST_TEST(given[2].idempotency->scope != given[0].idempotency->scope);
  BOOST_TEST(given[3].idempotency->scope != given[0].idempotency->scope);
  BOOST_TEST(!given[4].idempotency.has_value());
  for (const auto& key : {std::string{}, std::string{"a b"}, std::string{"a\tb"}, std::string{"\xc3\xa4"}, std::string(256, 'x')}) {
    const auto told = desk.post(path, "customer", "{}", {{"idempotency-key", key}});
    BOOST_TEST(told.status == 422, key);
    BOOST_TEST(told.type() == "/problems/bad_idempotency_key", key);
  }
  BOOST_TEST(desk.post(path, "customer", "{}", {{"idempotency-key", std::string(255, 'x')}}).status == 202);
}

BOOST_AUTO_TEST_CASE(say_when_an_answer_is_a_repeated_one) {
  auto& desk = shared_desk();
  desk.client.script = {actors::Answer{202, JsonObject{{"event", "evt_1"}}, true}};
  BOOST_TEST(desk.post("/api/admin/tickets/" + desk.ticket + "/close", "staff").header("Idempotency-Replayed") == "true");
  desk.client.script = {actors::Answer{202, JsonObject{{"event", "evt_1"}}, false}};
  BOOST_TEST(desk.post("/api/admin/tickets/" + desk.ticket + "/close", "staff").header("Idempotency-Replayed") == "");
}

BOOST_AUTO_TEST_CASE(answer_a_new_ticket_with_its_number_and_its_place_for_who_opened_it) {
  auto& desk = shared_desk();
  desk.client.creations.clear();
  desk.client.script = {actors::Answer{201, JsonObject{{"id", desk.ticket}, {"state", "open"}, {"status", "open"}, {"created", JsonArray{}}}}};
  for (const char* path : {"/api/tickets", "/api/client/tickets"}) {
    const auto told = desk.post(path, "customer", R"({"subject":"x","body":"y","service":")" + desk.service + "\"}");
    BOOST_TEST(told.status == 201);
    BOOST_TEST(told.header("Location") == "/api/client/tickets/" + desk.ticket);
    BOOST_TEST(told.text == R"({"id":")" + desk.ticket + R"(","status":"open","created":[],"number":"1001"})");
  }
  const auto of_staff = desk.post("/api/admin/tickets", "staff", R"({"customer":")" + desk.customer + R"(","subject":"x","body":"y"})");
  BOOST_TEST(of_staff.header("Location") == "/api/admin/tickets/" + desk.ticket);
  BOOST_TEST(text_of(of_staff.json, "number") == "1001");
  BOOST_REQUIRE(desk.client.creations.size() == 3u);
  BOOST_TEST(desk.client.creations[2].customer == desk.customer);
  BOOST_TEST(find_member(desk.client.creations[2].attributes, "customer") == nullptr);
  // a customer does not speak for others: the member is one that the workflow does not know
  desk.post("/api/tickets", "customer", R"({"customer":")" + desk.stranger + R"(","subject":"x","body":"y"})");
  BOOST_TEST(desk.client.creations[3].customer == desk.customer);
  BOOST_TEST(find_member(desk.client.creations[3].attributes, "customer") != nullptr);
}

BOOST_AUTO_TEST_CASE(answer_an_order_with_the_service_that_came_of_it) {
  auto& desk = shared_desk();
  desk.client.creations.clear();
  desk.client.script = {actors::Answer{201, JsonObject{{"id", "ord_9"}, {"state", "open"}, {"status", "pending"}, {"created", JsonArray{JsonObject{{"kind", "service"}, {"id", "svc_9"}}}}}}};
  const auto body = R"({"product":")" + desk.product + R"(","config":{"hostname":"v2.example.com"}})";
  const auto told = desk.post("/api/client/orders", "customer", body, {{"idempotency-key", "k"}});
  BOOST_TEST(told.status == 201);
  BOOST_TEST(told.text == R"({"id":"ord_9","order":"ord_9","service":"svc_9","status":"pending","state":"ordered"})");
  BOOST_TEST(told.header("Location") == "/api/client/orders/ord_9");
  const auto& asked = desk.client.creations.at(0);
  BOOST_TEST(dump_json(asked.attributes) == R"({"cores":2,"pool":"kvm","hostname":"v2.example.com","product":")" + desk.product + R"(","workflow":"proxmox-vm"})");
  BOOST_TEST(asked.customer == desk.customer);
  BOOST_TEST(asked.idempotency->key == "k");
  const auto of_staff = desk.post("/api/admin/orders", "staff", R"({"customer":")" + desk.stranger + "\"," + body.substr(1));
  BOOST_TEST(of_staff.header("Location") == "/api/admin/orders/ord_9");
  BOOST_TEST(desk.client.creations.at(1).customer == desk.stranger);
}

BOOST_AUTO_TEST_CASE(hand_the_wish_to_wait_on_to_the_engine) {
  auto& desk = shared_desk();
  desk.client.commands.clear(), desk.client.creations.clear();
  desk.post("/api/admin/services/" + desk.service + "/commands/stop?wait=PT30S", "staff");
  desk.post("/api/admin/services?wait=PT60S", "staff", R"({"workflow":"proxmox-vm","customer":")" + desk.customer + "\"}");
  BOOST_TEST((desk.client.commands.at(0).wait == std::chrono::seconds{30}));
  BOOST_TEST((desk.client.creations.at(0).wait == std::chrono::seconds{60}));
}

BOOST_AUTO_TEST_CASE(hand_remedies_on_with_who_took_them_and_why) {
  auto& desk = shared_desk();
  desk.client.remedies.clear();
  BOOST_TEST(desk.post("/api/admin/incidents/inc_1/edit", "admin", R"({"note":"wrong name","input":{"hostname":"b"}})").status == 202);
  const auto& taken = desk.client.remedies.at(0);
  BOOST_TEST(taken.incident.str() == "inc_1");
  BOOST_TEST(taken.remedy == "edit");
  BOOST_TEST(taken.note == "wrong name");
  BOOST_TEST(text_of(taken.input, "hostname") == "b");
  BOOST_TEST(taken.caller.user == "usr_admin");
}

BOOST_AUTO_TEST_CASE(show_a_new_server_without_its_secrets) {
  Desk desk;
  const auto told = desk.post("/api/admin/servers", "staff",
                              R"({"name":"pve-1","connector":"proxmox","pool":"kvm","capacity":3,"settings":{"base_url":"https://192.0.2.1:8006","token_id":"root@pam!stellwerk","token":"s3cr3t-t0ken",)"
                              R"("template_node":"pve1","images":{"debian-13":9000}}})");
  BOOST_REQUIRE_MESSAGE(told.status == 201, told.text);
  BOOST_TEST(told.text.find("s3cr3t-t0ken") == std::string::npos);
  BOOST_TEST(text_of(told.json.at("settings"), "token") == "***");
  BOOST_TEST(int_of(told.json, "capacity") == 3);
  const auto list = desk.get("/api/admin/servers", "staff");
  BOOST_TEST(ids_of(list).size() == 1u);
  BOOST_TEST(list.json.at("items").at(0) == told.json);
}

BOOST_AUTO_TEST_CASE(answer_503_with_retry_after_when_too_many_queries_wait) {
  auto& desk = shared_desk();
  desk.client.overloaded = true;
  for (const std::string target : {"/api/client/services", "/api/client/tickets", "/api/products"}) {
    const auto told = desk.get(target, "customer");
    BOOST_TEST(told.status == 503, target);
    BOOST_TEST(told.header("Retry-After") == "1", target);
  }
  BOOST_TEST(desk.post("/api/tickets", "customer", "{}").status == 503);
}

BOOST_AUTO_TEST_SUITE_END()
