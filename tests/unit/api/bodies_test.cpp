// What is wrong with a request is told with its place.

#include <boost/test/unit_test.hpp>

#include "tests/unit/api/desk.hpp"

namespace {

using namespace stellwerk;
using namespace stellwerk::testing;

struct Case {
  std::string path;
  std::string role;
  std::string body;
  int status;
  std::string pointers;  ///< as Told::pointers()
};

std::vector<Case> cases(const Desk& desk) {
  const auto own = [&](const std::string& more) { return R"({"customer":")" + desk.customer + "\"" + more + "}"; };
  return {
      // every body
      {"/api/client/orders", "customer", "{", 400, ""},
      {"/api/client/orders", "customer", R"({"a":1}x)", 400, ""},
      {"/api/client/orders", "customer", "[]", 422, ""},
      {"/api/client/orders", "customer", "null", 422, ""},
      {"/api/client/orders", "customer", "\"\xff\"", 400, ""},
      {"/api/client/orders", "customer", std::string(100, '[') + std::string(100, ']'), 400, ""},
      {"/api/client/orders", "customer", R"({"config":{"a":["x",{"b/c":"\u0000"}]}})", 422, "/config/a/1/b~1c"},
      {"/api/client/orders", "customer", R"({"config":{"a\u0000":1}})", 422, "/config"},
      // login
      {"/api/login", "none", "", 422, "/email /password"},
      {"/api/login", "none", R"({"email":"a@example.com","password":"x","remember":true})", 422, "/remember"},
      {"/api/login", "none", R"({"email":1,"password":[]})", 422, "/email /password"},
      {"/api/login", "none", R"({"email":"","password":""})", 422, "/email /password"},
      {"/api/login", "none", R"({"email":"a","password":")" + std::string(1025, 'x') + "\"}", 422, "/password"},
      {"/api/login", "none", R"({"email":"a\u0000b","password":"x"})", 422, "/email"},
      {"/api/admin/login", "none", R"({"mail":"a","password":"x"})", 422, "/email /mail"},
      // tickets: what the workflow declares is checked by the engine
      {"/api/admin/tickets", "staff", "{}", 422, "/customer"},
      {"/api/admin/tickets", "staff", R"({"customer":7})", 422, "/customer"},
      {"/api/admin/tickets", "staff", R"({"customer":"cus_nobody","service":"svc_nobody"})", 422, "/customer /service"},
      {"/api/admin/tickets", "staff", own(R"(,"service":")" + desk.foreign_service + "\""), 422, "/service"},
      {"/api/tickets", "customer", R"({"subject":"x","service":")" + desk.foreign_service + "\"}", 422, "/service"},
      {"/api/client/tickets", "customer", R"({"subject":"x","service":"svc_nobody"})", 422, "/service"},
      // orders
      {"/api/client/orders", "customer", "{}", 422, "/product"},
      {"/api/client/orders", "customer", R"({"product":"prd_nothing"})", 422, "/product"},
      {"/api/client/orders", "customer", R"({"product":1,"config":[],"customer":"cus_x","coupon":"x"})", 422, "/product /config /customer /coupon"},
      {"/api/client/orders", "customer", R"({"product":")" + desk.product + R"(","config":{"hostname":"a","cores":64,"pool":"x"}})", 422, "/config/cores /config/pool"},
      {"/api/client/orders", "customer", R"({"product":")" + desk.product + R"(","config":{"service":"svc_1","product":"p","workflow":"w"}})", 422,
       "/config/product /config/workflow /config/service"},
      {"/api/admin/orders", "staff", "{}", 422, "/product /customer"},
      {"/api/admin/orders", "staff", R"({"product":")" + desk.product + R"(","customer":"cus_nobody"})", 422, "/customer"},
      // services
      {"/api/admin/services", "staff", "{}", 422, "/workflow /customer"},
      {"/api/admin/services", "staff", R"({"workflow":"proxmox-vm","customer":"cus_nobody"})", 422, "/customer"},
      {"/api/admin/services", "staff", R"({"workflow":5,"customer":[],"attributes":"x","state":"active"})", 422, "/workflow /customer /attributes /state"},
      // incidents
      {"/api/admin/incidents/inc_1/retry", "staff", "{}", 422, "/note"},
      {"/api/admin/incidents/inc_1/retry", "staff", R"({"note":"because","input":{}})", 422, "/input"},
      {"/api/admin/incidents/inc_1/retry", "staff", R"({"note":"because","verified_absent":"yes"})", 422, "/verified_absent"},
      {"/api/admin/incidents/inc_1/skip", "staff", R"({"note":"because","verified_absent":true})", 422, "/verified_absent"},
      {"/api/admin/incidents/inc_1/edit", "staff", R"({"note":"because","input":[],"output":{}})", 422, "/input /output"},
      {"/api/admin/incidents/inc_1/done", "staff", R"({"note":7,"output":1})", 422, "/note /output"},
      {"/api/admin/incidents/inc_1/skip", "staff", R"({"note":")" + std::string(2001, 'x') + R"(","force":true})", 422, "/note /force"},
      // what the installation stands on
      {"/api/admin/products", "staff", "{}", 422, "/name /workflow"},
      {"/api/admin/products", "staff", R"({"name":"x","workflow":"proxmox-vm","attributes":[],"visible":"yes","prize":1})", 422, "/attributes /visible /prize"},
      {"/api/admin/products", "staff", R"({"name":"x","workflow":"no-such"})", 422, "/workflow"},
      {"/api/admin/products", "staff", R"({"name":"x","workflow":"ticket"})", 422, "/workflow"},
      {"/api/admin/products", "staff", R"({"name":"x","workflow":"proxmox-vm","attributes":{"core":2,"cores":"two","memory_mb":1,"image":"debian-13"}})", 422,
       "/attributes/core /attributes/cores /attributes/memory_mb"},
      {"/api/admin/products", "staff", R"({"name":"x","workflow":"proxmox-vm","attributes":{"vmid":5}})", 422, "/attributes/vmid"},  // orders have no such attribute
      {"/api/admin/servers", "staff", "{}", 422, "/name /connector /pool"},
      {"/api/admin/servers", "staff", R"({"name":"x","connector":"noop","pool":"p","capacity":"ten","state":"drain"})", 422, "/capacity /state"},
      {"/api/admin/servers", "staff", R"({"name":"x","connector":"noop","pool":"p","capacity":-1})", 422, "/capacity"},
      {"/api/admin/servers", "staff", R"({"name":"x","connector":"noop","pool":"p","capacity":1.5})", 422, "/capacity"},
      {"/api/admin/servers", "staff", R"({"name":"x","connector":"proxmx","pool":"p"})", 422, "/connector"},
      {"/api/admin/servers", "staff", R"({"name":"x","connector":"noop","pool":"p","settings":{"no_such_setting":1}})", 422, "/settings/no_such_setting"},
      {"/api/admin/id-ranges", "staff", "{}", 422, "/name /first /last"},
      {"/api/admin/id-ranges", "staff", R"({"name":"vmid","first":-1,"last":"9"})", 422, "/first /last"},
      {"/api/admin/id-ranges", "staff", R"({"name":"vmid","first":10,"last":9})", 422, "/last"},
      {"/api/admin/id-ranges", "staff", R"({"name":"vmid","first":0,"last":65536})", 422, "/last"},
      {"/api/admin/id-ranges", "staff", R"({"name":"vmid","first":0,"last":99999999999999999999})", 422, "/last"},
      {"/api/admin/addresses", "staff", "{}", 422, "/pool /addresses"},
      {"/api/admin/addresses", "staff", R"({"pool":"kvm","addresses":[]})", 422, "/addresses"},
      {"/api/admin/addresses", "staff", R"({"pool":"kvm","addresses":["192.0.2.1",7,"192.0.2.3"]})", 422, "/addresses/1"},
      {"/api/admin/addresses", "staff", R"({"pool":"kvm","addresses":["192.0.2.1","192.0.2","192.0.2.0/24","::1","192.0.2.5 "]})", 422, "/addresses/1 /addresses/2 /addresses/4"},
      {"/api/sandbox/clock", "staff", "{}", 422, "/advance"},
      {"/api/sandbox/clock", "staff", R"({"advance":"tomorrow"})", 422, "/advance"},
      {"/api/sandbox/clock", "staff", R"({"advance":"P1M"})", 422, "/advance"},
      {"/api/sandbox/clock", "staff", R"({"advance":"P1D","by":1})", 422, "/by"},
  };
}

}  // namespace

BOOST_AUTO_TEST_SUITE(bodies)

BOOST_AUTO_TEST_CASE(that_are_wrong_are_refused_with_the_place_and_reach_no_actor) {
  auto& desk = shared_desk();
  desk.client.commands.clear(), desk.client.creations.clear(), desk.client.remedies.clear(), desk.client.advances.clear();
  for (const auto& [path, role, body, status, pointers] : cases(desk)) {
    const auto told = desk.ask(http::Method::post, path, {.token = role == "none" ? "" : desk.token(role), .body = body});
    const auto what = path + " " + body.substr(0, 120) + " -> " + told.text;
    BOOST_TEST(told.status == status, what);
    BOOST_TEST(told.pointers() == pointers, what);
    BOOST_TEST(told.header("Content-Type") == "application/problem+json", what);
    BOOST_TEST(text_of(told.json, "trace_id") == "0af7651916cd43dd8448eb211c80319c", what);
    BOOST_TEST(int_of(told.json, "status") == status, what);
  }
  BOOST_TEST(desk.client.commands.empty());
  BOOST_TEST(desk.client.creations.empty());
  BOOST_TEST(desk.client.remedies.empty());
  BOOST_TEST(desk.client.advances.empty());
}

BOOST_AUTO_TEST_CASE(that_the_engine_refuses_are_told_with_pointers_into_what_was_sent) {
  auto& desk = shared_desk();
  const Error refused{ErrorCode::invalid_argument, "the values do not fit their declaration", {}, {{"/hostname", "is required"}, {"/workflow", "is unknown"}}};
  desk.client.script = {fail(refused)};
  const auto order = desk.post("/api/client/orders", "customer", R"({"product":")" + desk.product + "\"}");
  BOOST_TEST(order.status == 422);
  BOOST_TEST(order.pointers() == "/config/hostname /config/workflow");
  const auto service = desk.post("/api/admin/services", "staff", R"({"workflow":"proxmox-vm","customer":")" + desk.customer + "\"}");
  BOOST_TEST(service.pointers() == "/attributes/hostname /attributes/workflow");
  const auto ticket = desk.post("/api/tickets", "customer", "{}");
  BOOST_TEST(ticket.pointers() == "/hostname /workflow");
  const auto command = desk.post("/api/client/services/" + desk.service + "/commands/start", "customer", R"({"workflow":1})");
  BOOST_TEST(command.pointers() == "/hostname /workflow");

  desk.client.script = {fail(ErrorCode::not_found, "no workflow 'x' of kind service is published", "unknown_workflow")};
  const auto unknown = desk.post("/api/admin/services", "staff", R"({"workflow":"x","customer":")" + desk.customer + "\"}");
  BOOST_TEST(unknown.status == 422);
  BOOST_TEST(unknown.pointers() == "/workflow");
}

BOOST_AUTO_TEST_CASE(of_addresses_tell_fifty_problems_at_most) {
  auto& desk = shared_desk();
  std::string list;
  for (int i = 0; i < 4'000; ++i) list += i == 0 ? "1" : ",1";
  const auto told = desk.post("/api/admin/addresses", "staff", R"({"pool":"kvm","addresses":[)" + list + "]}");
  BOOST_TEST(told.status == 422);
  BOOST_TEST(find_member(told.json, "errors")->as_array().size() == 50u);
}

BOOST_AUTO_TEST_CASE(queries_that_are_wrong_are_refused) {
  auto& desk = shared_desk();
  const std::string nowhere = format_id("nix", make_uuid());
  for (const std::string target : {"/api/client/services?limit=0", "/api/client/services?limit=201", "/api/client/services?limit=x", "/api/client/services?limit=", "/api/client/services?limit=1e2",
                                   "/api/client/services?after=x", "/api/client/services?after=", "/api/client/services?state=gone", "/api/client/services?state=", "/api/client/services?state=active,",
                                   "/api/client/tickets?status=waiting", "/api/client/tickets?limit=-1"}) {
    const auto told = desk.get(target, "customer");
    BOOST_TEST(told.status == 422, target);
    BOOST_TEST(told.type() == "/problems/bad_query", target);
  }
  for (const std::string target : {"/api/admin/services?limit=99999999999", "/api/admin/incidents?state=held", "/api/admin/incidents?kind=broken", "/api/admin/tickets?status=", "/api/admin/servers?after=%20", "/api/admin/outbox?limit=a",
                                   "/api/products?limit=0"})
    BOOST_TEST(desk.get(target, "staff").status == 422, target);
  for (const std::string query : {"limit=0", "limit=501", "limit=x", "after=-1", "after=x", "after=99999999999999999999", "after="})
    BOOST_TEST(desk.get("/api/admin/services/" + desk.service + "/journal?" + query, "staff").status == 422, query);
  for (const std::string query : {"wait=30", "wait=PT61S", "wait=P1D", "wait=-PT1S", "wait="}) {
    BOOST_TEST(desk.post("/api/admin/services/" + desk.service + "/commands/start?" + query, "staff").status == 422, query);
    BOOST_TEST(desk.post("/api/tickets?" + query, "customer").status == 422, query);
  }
}

BOOST_AUTO_TEST_CASE(queries_that_the_manual_names_are_taken) {
  auto& desk = shared_desk();
  for (const std::string target : {"/api/admin/audit?object=svc_1&limit=10", "/api/admin/incidents?state=open&kind=held_run&actor=svc_1&step=create", "/api/admin/incidents?kind=mass_guard", "/api/admin/guard/questions?state=all",
                                   "/api/admin/journal?limit=10&after=3"})
    BOOST_TEST(desk.get(target, "staff").status == 200, target);
  BOOST_TEST(desk.get("/api/admin/incidents?object=svc_1", "staff").status == 422);
}

BOOST_AUTO_TEST_SUITE_END()
