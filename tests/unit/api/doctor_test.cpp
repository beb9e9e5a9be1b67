// What needs a person, as the API tells it: who is stuck, and incidents with their filters and the meaning of their remedies.

#include "tests/unit/api/desk.hpp"

namespace stellwerk::testing {
namespace {

std::string ids(const Told& told) {
  std::string all;
  for (const auto& item : told.json.at("items").as_array()) all += text_of(item, "id") + " ";
  return all;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(doctor)

BOOST_AUTO_TEST_CASE(tells_who_is_stuck_and_what_to_do) {
  Desk desk;
  const auto stuck = desk.add_actor("svc", "service", "proxmox-vm", "suspending", "active", desk.customer, JsonObject{});
  const auto told = desk.get("/api/admin/doctor", "staff");
  BOOST_REQUIRE(told.status == 200);
  BOOST_TEST(!bool_of(told.json, "healthy"));
  BOOST_TEST(bool_of(told.json, "complete"));
  BOOST_TEST(int_of(told.json.at("counts"), "live_actors") == 6);
  bool found = false;
  for (const auto& finding : told.json.at("findings").as_array()) {
    if (text_of(finding, "actor") != stuck) continue;
    found = true;
    BOOST_TEST((text_of(finding, "half") == "no_wake_up" && text_of(finding, "kind") == "service" && text_of(finding, "tenant") == desk.tenant.str() && text_of(finding, "state") == "suspending"));
    BOOST_TEST((!text_of(finding, "text").empty() && !text_of(finding, "do").empty() && !text_of(finding, "since").empty()));
  }
  BOOST_TEST(found);
  BOOST_TEST(dump_json(desk.get("/api/admin/stuck-actors", "staff").json).find(stuck) != std::string::npos);
  const auto nobody_looks = desk.get("/api/admin/stuck", "staff");
  BOOST_TEST((nobody_looks.status == 200 && nobody_looks.json.at("looked_at").is_null() && !text_of(nobody_looks.json, "error").empty()));
}

BOOST_AUTO_TEST_CASE(lists_incidents_by_filter_and_explains_one) {
  Desk desk;
  const auto open = [&](const std::string& actor, const std::string& kind, const std::string& step, std::vector<std::string> remedies) {
    auto row = must(desk.store->load(ActorId{actor})).row;
    storage::ActorChange change;
    change.expected_version = row.version++;
    change.row = row;
    change.documents_kept = true;
    const auto id = make_id<IncidentId>("inc");
    change.incidents.push_back({.id = id, .tenant = desk.tenant, .kind = kind, .actor = row.id, .actor_kind = row.kind, .step = step, .error_class = "rejected_operator", .code = "quota",
                                .text = "no more", .detail = JsonObject{{"operation", "proxmox.create_vm"}, {"undo_would_cover", JsonArray{"place"}}}, .remedies = std::move(remedies),
                                .opened_at = desk.client.now()});
    const storage::Commit commit{.id = format_id("dec", make_uuid()), .changes = {change}, .required = {}, .actions = {}, .idempotency = std::nullopt};
    BOOST_REQUIRE((must(desk.store->commit({&commit, 1})).front().status == storage::CommitStatus::committed));
    return id.str();
  };
  const auto held = open(desk.service, "held_run", "create", {"retry", "skip", "fail"});
  const auto aside = open(desk.order, "quarantined", "", {"retry"});
  BOOST_TEST(ids(desk.get("/api/admin/incidents?kind=held_run", "staff")) == held + " ");
  BOOST_TEST(ids(desk.get("/api/admin/incidents?state=open&actor=" + desk.order, "staff")) == aside + " ");
  BOOST_TEST(ids(desk.get("/api/admin/incidents?step=create", "staff")) == held + " ");
  BOOST_TEST(ids(desk.get("/api/admin/incidents?step=start", "staff")).empty());
  BOOST_TEST(desk.get("/api/admin/incidents?stepp=start", "staff").status == 422);
  BOOST_TEST(desk.get("/api/admin/services?kind=x", "staff").status == 422);
  const auto first = desk.get("/api/admin/incidents?limit=1", "staff");
  BOOST_TEST(ids(first) == aside + " ");
  BOOST_TEST(ids(desk.get("/api/admin/incidents?limit=1&after=" + text_of(first.json, "next"), "staff")) == held + " ");

  const auto shown = desk.get("/api/admin/incidents/" + held, "staff").json;
  BOOST_TEST((text_of(shown, "operation") == "proxmox.create_vm" && text_of(shown, "text") == "no more"));
  BOOST_TEST(shown.at("undo_would_cover") == Json(JsonArray{"place"}));
  const auto& meanings = shown.at("remedy_meanings").as_object();
  BOOST_TEST(meanings.size() == 3U);
  for (const auto& [remedy, meaning] : meanings) BOOST_TEST(!meaning.as_string().empty(), std::string_view{remedy});
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace stellwerk::testing
