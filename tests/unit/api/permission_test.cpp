// Who may call what: every declared route with every role.

#include <boost/test/unit_test.hpp>

#include <map>

#include "tests/unit/api/desk.hpp"

namespace {

using namespace stellwerk;
using namespace stellwerk::testing;

enum class Who { everybody, known, customers, staff, admins };

/// The permissions as they are meant. A route without a line here fails the test.
const std::map<std::string, Who> meant{
    {"GET /healthz", Who::everybody},
    {"GET /readyz", Who::everybody},
    {"GET /metrics", Who::everybody},  // by network
    {"POST /api/login", Who::everybody},
    {"POST /api/admin/login", Who::everybody},
    {"GET /api/products", Who::everybody},
    {"GET /api/sandbox/clock", Who::known},
    {"POST /api/sandbox/clock", Who::staff},
    {"POST /api/tickets", Who::customers},
    {"GET /api/client/tickets", Who::customers},
    {"POST /api/client/tickets", Who::customers},
    {"GET /api/client/tickets/{id}", Who::customers},
    {"POST /api/client/tickets/{id}/reply", Who::customers},
    {"POST /api/client/tickets/{id}/commands/{name}", Who::customers},
    {"PATCH /api/client/tickets/{id}/attributes", Who::customers},
    {"GET /api/client/services", Who::customers},
    {"GET /api/client/services/{id}", Who::customers},
    {"POST /api/client/services/{id}/commands/{name}", Who::customers},
    {"PATCH /api/client/services/{id}/attributes", Who::customers},
    {"POST /api/client/orders", Who::customers},
    {"GET /api/client/orders/{id}", Who::customers},
    {"GET /api/admin/tickets", Who::staff},
    {"POST /api/admin/tickets", Who::staff},
    {"GET /api/admin/tickets/{id}", Who::staff},
    {"POST /api/admin/tickets/{id}/reply", Who::staff},
    {"POST /api/admin/tickets/{id}/close", Who::staff},
    {"POST /api/admin/tickets/{id}/commands/{name}", Who::staff},
    {"PATCH /api/admin/tickets/{id}/attributes", Who::staff},
    {"GET /api/admin/tickets/{id}/journal", Who::staff},
    {"GET /api/admin/tickets/{id}/runs", Who::staff},
    {"GET /api/admin/services", Who::staff},
    {"POST /api/admin/services", Who::staff},
    {"GET /api/admin/services/{id}", Who::staff},
    {"POST /api/admin/services/{id}/commands/{name}", Who::staff},
    {"PATCH /api/admin/services/{id}/attributes", Who::staff},
    {"GET /api/admin/services/{id}/journal", Who::staff},
    {"GET /api/admin/services/{id}/runs", Who::staff},
    {"POST /api/admin/orders", Who::staff},
    {"GET /api/admin/orders/{id}", Who::staff},
    {"POST /api/admin/orders/{id}/commands/{name}", Who::staff},
    {"PATCH /api/admin/orders/{id}/attributes", Who::staff},
    {"GET /api/admin/orders/{id}/journal", Who::staff},
    {"GET /api/admin/orders/{id}/runs", Who::staff},
    {"GET /api/client/events/{id}", Who::customers},
    {"GET /api/admin/events/{id}", Who::staff},
    {"GET /api/admin/runs/{id}", Who::staff},
    {"GET /api/admin/runs/{id}/attempts", Who::staff},
    {"GET /api/admin/incidents", Who::staff},
    {"GET /api/admin/incidents/{id}", Who::staff},
    {"POST /api/admin/incidents/{id}/{remedy}", Who::staff},
    {"GET /api/admin/customers", Who::staff},
    {"GET /api/admin/customers/{id}", Who::staff},
    {"POST /api/admin/customers/{id}/erase", Who::admins},
    {"POST /api/client/services/{id}/reveal", Who::customers},
    {"POST /api/admin/services/{id}/reveal", Who::admins},
    {"POST /api/admin/servers/{id}/reveal", Who::admins},
    {"GET /api/admin/audit", Who::staff},
    {"GET /api/admin/products", Who::staff},
    {"POST /api/admin/products", Who::staff},
    {"GET /api/admin/servers", Who::staff},
    {"POST /api/admin/servers", Who::staff},
    {"POST /api/admin/id-ranges", Who::staff},
    {"POST /api/admin/addresses", Who::staff},
    {"GET /api/admin/leases", Who::staff},
    {"GET /api/admin/workflows", Who::staff},
    {"GET /api/admin/settings", Who::staff},
    {"GET /api/admin/settings/history", Who::staff},
    {"GET /api/admin/guard/questions", Who::staff},
    {"POST /api/admin/guard/questions/{id}/release", Who::admins},
    {"POST /api/admin/guard/questions/{id}/keep", Who::admins},
    {"GET /api/admin/backup", Who::staff},
    {"POST /api/admin/backup", Who::admins},
    {"GET /api/admin/emergency-stop", Who::staff},
    {"POST /api/admin/emergency-stop", Who::admins},
    {"GET /api/admin/journal", Who::staff},
    {"PUT /api/admin/settings", Who::staff},     // of one actor; of others admins only
    {"DELETE /api/admin/settings", Who::staff},
    {"POST /api/admin/settings", Who::staff},
    {"GET /api/admin/outbox", Who::staff},
    {"GET /api/admin/stuck", Who::staff},
    {"GET /api/admin/stuck-actors", Who::staff},
    {"GET /api/admin/doctor", Who::staff},
};

bool may(Who who, const std::string& role) {
  switch (who) {
    case Who::everybody: return true;
    case Who::known: return role != "none";
    case Who::customers: return role == "customer" || role == "reseller";
    case Who::staff: return role == "staff" || role == "admin";
    case Who::admins: return role == "admin";
  }
  return false;
}

std::string name_of(const api::Api::Declared& route) { return std::string{http::to_string(route.method)} + " " + route.pattern; }

/// A path that the pattern fits, to things that do not exist.
std::string path_of(std::string pattern) {
  for (const auto& [parameter, value] : {std::pair<std::string, std::string>{"{id}", format_id("nix", make_uuid())}, {"{name}", "close"}, {"{remedy}", "retry"}})
    if (const auto at = pattern.find(parameter); at != std::string::npos) pattern.replace(at, parameter.size(), value);
  return pattern;
}

Told call(Desk& desk, const api::Api::Declared& route, const std::string& token) { return desk.ask(route.method, path_of(route.pattern), {.token = token}); }

}  // namespace

BOOST_AUTO_TEST_SUITE(permission)

BOOST_AUTO_TEST_CASE(is_decided_for_every_route_and_for_no_other) {
  std::map<std::string, int> declared;
  for (const auto& route : shared_desk().api->declared()) {
    BOOST_TEST(meant.contains(name_of(route)), name_of(route) << " has no line in the table");
    ++declared[name_of(route)];
  }
  for (const auto& [name, who] : meant) BOOST_TEST(declared[name] == 1, name);
  BOOST_TEST(shared_desk().router.routes().size() == shared_desk().api->declared().size());
}

BOOST_AUTO_TEST_CASE(lets_each_role_into_its_routes_and_into_no_other) {
  auto& desk = shared_desk();
  int pairs = 0;
  for (const auto& route : desk.api->declared()) {
    const auto found = meant.find(name_of(route));
    if (found == meant.end()) continue;  // told by the case above
    for (const char* role : {"none", "customer", "reseller", "staff", "admin"}) {
      const bool nobody = role == std::string{"none"};
      const auto told = call(desk, route, nobody ? "" : desk.token(role));
      const auto what = name_of(route) + " as " + role + ": " + std::to_string(told.status);
      if (may(found->second, role)) BOOST_TEST((told.status != 401 && told.status != 403 && told.status < 500 && told.status >= 200), what);
      else BOOST_TEST(told.status == (nobody ? 401 : 403), what);
      if (told.status >= 400) BOOST_TEST(told.header("Content-Type") == "application/problem+json", what);
      if (told.status == 401 && nobody) BOOST_TEST(told.header("WWW-Authenticate") == "Bearer", what);
      ++pairs;
    }
  }
  BOOST_TEST_MESSAGE("permission: " << pairs << " pairs of route and role");
}

BOOST_AUTO_TEST_CASE(is_refused_to_a_customer_account_that_has_no_customer) {
  auto& desk = shared_desk();
  for (const char* role : {"reseller", "customer"}) {
    const auto token = api::make_token(desk.key, {.user = "usr_1", .tenant = desk.tenant.str(), .role = role, .session = "ses_1", .customer = "", .issued_at = wall_now(),
                                                  .expires_at = wall_now() + api::token_life});
    for (const auto& route : desk.api->declared()) {
      if (meant.at(name_of(route)) != Who::customers) continue;
      const auto told = call(desk, route, token);
      BOOST_TEST(told.status == 403, name_of(route));
      BOOST_TEST(told.type() == "/problems/no_customer", name_of(route));
    }
  }
}

BOOST_AUTO_TEST_CASE(needs_a_token_of_this_installation) {
  auto& desk = shared_desk();
  const auto token = api::make_token(desk.key, {.user = "usr_1", .tenant = "ten_other", .role = "admin", .session = "ses_1", .customer = "", .issued_at = wall_now(),
                                                .expires_at = wall_now() + api::token_life});
  BOOST_TEST(desk.ask(http::Method::get, "/api/admin/services", {.token = token}).status == 401);
}

BOOST_AUTO_TEST_CASE(leaves_unknown_paths_and_methods_to_the_router) {
  auto& desk = shared_desk();
  BOOST_TEST(desk.get("/api/admin/nothing", "admin").status == 404);
  const auto told = desk.ask(http::Method::delete_, "/api/client/services", {.token = desk.token("customer")});
  BOOST_TEST(told.status == 405);
  BOOST_TEST(told.header("Allow") == "GET, HEAD, OPTIONS");
  BOOST_TEST(desk.ask(http::Method::head, "/api/client/services", {.token = desk.token("customer")}).status == 200);
  BOOST_TEST(desk.ask(http::Method::head, "/api/client/services").status == 401);
}

BOOST_AUTO_TEST_SUITE_END()
