// Settings of workflows, and the attributes that people may edit.

#include <boost/test/unit_test.hpp>

#include <fmt/format.h>

#include <string>

#include "tests/unit/api/desk.hpp"

namespace {

using namespace stellwerk;
using namespace stellwerk::testing;

std::string change(const std::string& level, const std::string& owner, const std::string& name, const std::string& value, const std::string& workflow = "proxmox-vm") {
  return fmt::format(R"({{"level":"{}","owner":{},"workflow":"{}","name":"{}","value":{},"note":"agreed"}})", level, owner.empty() ? "null" : '"' + owner + '"', workflow, name, value);
}
std::string removal(const std::string& level, const std::string& owner, const std::string& name) {
  return fmt::format(R"({{"level":"{}","owner":"{}","workflow":"proxmox-vm","name":"{}"}})", level, owner, name);
}
Told put(Desk& desk, const std::string& body, const std::string& role = "admin", const std::string& query = "") {
  return desk.ask(http::Method::put, "/api/admin/settings" + query, {.token = desk.token(role), .body = body});
}

/// The declared setting in the list.
Json declared(Desk& desk, const std::string& workflow, const std::string& name) {
  const auto told = desk.get("/api/admin/settings", "staff");
  BOOST_REQUIRE(told.status == 200);
  for (const auto& item : told.json.at("items").as_array())
    if (text_of(item, "workflow") == workflow && text_of(item, "name") == name) return item;
  BOOST_FAIL("there is no setting " + name);
  return {};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(settings)

BOOST_AUTO_TEST_CASE(are_listed_with_type_bounds_and_the_values_of_every_level) {
  Desk desk;
  const auto before = declared(desk, "proxmox-vm", "cancel_unpaid");
  BOOST_TEST(text_of(before, "default") == "P7D");
  BOOST_TEST(text_of(before, "type") == "duration");
  BOOST_TEST(text_of(before, "min") == "PT1H");
  BOOST_TEST(before.at("values").as_array().empty());
  BOOST_TEST(put(desk, change("tenant", "", "cancel_unpaid", "\"P3D\"")).status == 200);
  BOOST_TEST(put(desk, change("product", desk.product, "cancel_unpaid", "\"P4D\"")).status == 200);
  BOOST_TEST(put(desk, change("actor", desk.service, "cancel_unpaid", "\"P5D\""), "staff").status == 200);
  BOOST_TEST(declared(desk, "proxmox-vm", "cancel_unpaid").at("values").as_array().size() == 3U);
  const auto removed = desk.ask(http::Method::delete_, "/api/admin/settings", {.token = desk.token("admin"), .body = removal("product", desk.product, "cancel_unpaid")});
  BOOST_TEST(removed.status == 200);
  BOOST_TEST(declared(desk, "proxmox-vm", "cancel_unpaid").at("values").as_array().size() == 2U);
  const auto history = desk.get("/api/admin/settings/history?limit=2", "staff");
  BOOST_REQUIRE(history.json.at("items").as_array().size() == 2U);
  const auto& newest = history.json.at("items").as_array()[0];
  BOOST_TEST((newest.at("value").is_null() && text_of(newest, "level") == "product" && text_of(newest, "by") == "usr_admin"));
  BOOST_TEST(text_of(history.json.at("items").as_array()[1], "note") == "agreed");
}

BOOST_AUTO_TEST_CASE(a_misspelt_dry_run_changes_nothing) {
  Desk desk;
  const auto told = put(desk, change("tenant", "", "cancel_unpaid", "\"P3D\""), "admin", "?dryrun=true");
  BOOST_TEST(told.status == 422);
  BOOST_TEST(text_of(told.json, "detail").find("did you mean 'dry_run'?") != std::string::npos, text_of(told.json, "detail"));
  BOOST_TEST(declared(desk, "proxmox-vm", "cancel_unpaid").at("values").as_array().empty());
  const auto edit = desk.ask(http::Method::patch, "/api/admin/services/" + desk.service + "/attributes?dry_run=true", {.token = desk.token("staff"), .body = "{}"});
  BOOST_TEST(edit.status == 422);
  BOOST_TEST(text_of(edit.json, "detail").find("'dry_run'") != std::string::npos, text_of(edit.json, "detail"));
}

BOOST_AUTO_TEST_CASE(are_refused_with_the_place_of_each_mistake) {
  auto& desk = shared_desk();
  struct Case {
    std::string body, pointers;
  };
  for (const auto& [body, pointers] : std::vector<Case>{
           {change("tenant", "", "cancel_unpaid", "\"PT1M\""), "/value"},
           {change("tenant", "", "cancel_unpaid", "7"), "/value"},
           {change("tenant", "", "cancel_unpaid", "null"), "/value"},
           {change("tenant", "", "cancel_unpayed", "\"P3D\""), "/name"},
           {change("tenant", "", "cancel_unpaid", "\"P3D\"", "proxmox"), "/workflow"},
           {change("tenant", "prd_1", "cancel_unpaid", "\"P3D\""), "/owner"},
           {change("product", "prd_1", "cancel_unpaid", "\"P3D\""), "/owner"},
           {change("customer_group", "", "cancel_unpaid", "\"P3D\""), "/owner"},
           {change("actor", desk.ticket, "cancel_unpaid", "\"P3D\""), "/owner"},
           {change("galaxy", "", "cancel_unpaid", "\"P3D\""), "/level"},
           {R"({"level":"tenant"})", "/workflow /name /value"},
       }) {
    const auto told = put(desk, body);
    BOOST_TEST(told.status == 422, body);
    BOOST_TEST(told.pointers() == pointers, body << ": " << told.pointers());
  }
  BOOST_TEST(desk.post("/api/admin/settings", "admin", change("tenant", "", "cancel_unpaid", "\"P3D\"")).status == 422);
}

BOOST_AUTO_TEST_CASE(of_more_than_one_actor_are_changed_by_admins_only) {
  Desk desk;
  for (const auto& [level, owner] : {std::pair<std::string, std::string>{"tenant", ""}, {"customer_group", "vip"}, {"product", desk.product}, {"actor", desk.service}}) {
    const auto body = change(level, owner, "cancel_unpaid", "\"P3D\"");
    BOOST_TEST(put(desk, body, "staff").status == (level == "actor" ? 200 : 403), level);
    BOOST_TEST(put(desk, body, "admin").status == 200, level);
    BOOST_TEST(desk.ask(http::Method::delete_, "/api/admin/settings", {.token = desk.token("staff"), .body = removal(level, owner, "cancel_unpaid")}).status == (level == "actor" ? 200 : 403), level);
  }
}

BOOST_AUTO_TEST_CASE(tell_what_a_change_would_bring_without_making_it) {
  Desk desk;
  const auto entered = desk.client.now() - std::chrono::hours{24};
  const auto due = entered + std::chrono::hours{24 * 7};
  const auto waiting = desk.add_actor("svc", "service", "proxmox-vm", "ordered", "pending", desk.customer, JsonObject{{"hostname", "v2.example.com"}, {"product", desk.product}},
                                      JsonObject{{"entered", to_micros(entered)}, {"born", to_micros(entered)}, {"last", to_micros(entered)},
                                                 {"timers", JsonObject{{"after:ordered:0", to_micros(due)}}}});
  const auto told = desk.post("/api/admin/settings?dry_run=true", "admin", change("tenant", "", "cancel_unpaid", "\"P3D\""));
  BOOST_REQUIRE(told.status == 200);
  BOOST_TEST(int_of(told.json, "reached") == 3);
  BOOST_TEST(int_of(told.json, "examined") == 3);
  BOOST_TEST_MESSAGE(told.text);
  bool found = false;
  for (const auto& move : told.json.at("moves").as_array()) {
    if (text_of(move, "actor") != waiting) continue;
    found = true;
    BOOST_TEST(text_of(move, "after") == format_time(entered + std::chrono::hours{24 * 3}));
  }
  BOOST_TEST(found);
  BOOST_TEST(put(desk, change("tenant", "", "cancel_unpaid", "\"P3D\""), "admin", "?dry_run=true").status == 200);
  BOOST_TEST(declared(desk, "proxmox-vm", "cancel_unpaid").at("values").as_array().empty());
  BOOST_TEST(put(desk, change("tenant", "", "cancel_unpaid", "\"P3D\""), "admin", "?dry_run=maybe").status == 422);
}

BOOST_AUTO_TEST_CASE(attributes_are_edited_by_the_path_of_their_object) {
  auto& desk = shared_desk();
  const auto told = desk.ask(http::Method::patch, "/api/client/services/" + desk.service + "/attributes", {.token = desk.token("customer"), .body = R"({"label":"web"})"});
  BOOST_TEST(told.status == 202);
  BOOST_REQUIRE(!desk.client.edits.empty());
  const auto& edit = desk.client.edits.back();
  BOOST_TEST((edit.actor.str() == desk.service && edit.kind == "service" && text_of(edit.values, "label") == "web" && edit.caller.customer == desk.customer));
  BOOST_TEST(desk.ask(http::Method::patch, "/api/admin/services/" + desk.service + "/attributes", {.token = desk.token("staff"), .body = "[]"}).status == 422);
}

BOOST_AUTO_TEST_SUITE_END()
