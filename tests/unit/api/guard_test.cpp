// The mass-action guard's questions and the emergency stop over the API: staff see them, admins decide.

#include <boost/test/unit_test.hpp>

#include "tests/unit/api/desk.hpp"

namespace {

using namespace stellwerk;
using namespace stellwerk::testing;

const JsonArray& items(const Told& told) { return told.json.at("items").as_array(); }

storage::GuardQuestion question_of(const Desk& desk) {
  storage::GuardQuestion question{.id = IncidentId{"inc_1"}, .tenant = desk.tenant, .kind = "service", .why = "mass", .passed = 20, .bound = 20, .live = 100, .examples = {},
                                  .answers = {}, .asked_at = desk.client.now()};
  question.examples.emplace_back(desk.service);
  return question;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(guard)

BOOST_AUTO_TEST_CASE(shows_its_questions_to_staff_with_what_is_held) {
  Desk desk;
  const storage::TimerRow timer{ActorId{desk.service}, desk.tenant, "after:active:1", desk.client.now()};
  storage::ActorChange change;
  change.row = must(desk.store->load(ActorId{desk.service})).row;
  change.expected_version = change.row.version++;
  change.timers = {timer};
  change.row.decision = "dec_1";
  const storage::Commit commit{.id = "dec_1", .changes = {change}, .required = {}, .actions = {}, .idempotency = {}};
  must(desk.store->commit({&commit, 1}));
  must(desk.store->hold_timers(question_of(desk), {&timer, 1}));
  const auto told = desk.get("/api/admin/guard/questions", "staff");
  BOOST_REQUIRE(items(told).size() == 1U);
  const auto& question = items(told)[0];
  BOOST_TEST((text_of(question, "id") == "inc_1" && text_of(question, "state") == "open" && int_of(question, "held") == 1 && int_of(question, "bound") == 20));
  BOOST_TEST(desk.get("/api/admin/guard/questions?state=never", "staff").status == 422);
  const auto incidents = desk.get("/api/admin/incidents?state=open", "staff");
  BOOST_REQUIRE(items(incidents).size() == 1U);
  BOOST_TEST(text_of(items(incidents)[0], "kind") == "mass_guard");
  // what people decide about the whole of a tenant stands in its own journal
  const auto journal = desk.get("/api/admin/journal", "staff");
  BOOST_REQUIRE(items(journal).size() == 1U);
  BOOST_TEST(dump_json(items(journal)[0]).find("guard_asked") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(takes_the_answers_of_admins_only) {
  Desk desk;
  const std::string release = "/api/admin/guard/questions/inc_1/release", keep = "/api/admin/guard/questions/inc_1/keep";
  for (const char* role : {"customer", "staff"}) BOOST_TEST(desk.post(release, role, R"({"note":"go"})").status == 403);
  BOOST_TEST(desk.client.guard_answers.empty());
  BOOST_TEST(desk.post(release, "admin", R"({"note":"checked","number":5})").status == 200);
  BOOST_REQUIRE(desk.client.guard_answers.size() == 1U);
  const auto& released = desk.client.guard_answers[0];
  BOOST_TEST((released.release && released.number == 5 && released.note == "checked" && released.caller.user == "usr_admin" && released.question.str() == "inc_1"));
  BOOST_TEST(desk.post(keep, "admin", R"({"note":"wait","for":"PT4H"})").status == 200);
  BOOST_TEST((!desk.client.guard_answers[1].release && desk.client.guard_answers[1].pause == std::chrono::hours{4}));
}

BOOST_AUTO_TEST_CASE(tells_by_pointer_what_is_wrong_with_an_answer) {
  Desk desk;
  for (const auto& [what, body, pointers] : {std::tuple{"release", R"({})", "/note"}, {"release", R"({"note":"go","number":0})", "/number"}, {"keep", R"({"note":"no","for":"P1M"})", "/for"},
                                             {"keep", R"({"note":"no","number":5})", "/number"}}) {
    const auto told = desk.post(std::string{"/api/admin/guard/questions/inc_1/"} + what, "admin", body);
    BOOST_TEST(told.status == 422, what << body);
    BOOST_TEST(told.pointers() == pointers, body);
  }
  BOOST_TEST(desk.client.guard_answers.empty());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(emergency_stop)

BOOST_AUTO_TEST_CASE(is_turned_by_admins_with_a_reason) {
  Desk desk;
  const std::string path = "/api/admin/emergency-stop";
  BOOST_TEST(desk.post(path, "staff", R"({"on":true,"note":"gateway"})").status == 403);
  BOOST_TEST(desk.post(path, "admin", R"({"on":true})").pointers() == "/note");
  BOOST_TEST(desk.post(path, "admin", R"({"on":"yes","scope":"world","note":"gateway"})").pointers() == "/on /scope");
  BOOST_TEST(desk.client.stops.empty());
  BOOST_TEST(desk.post(path, "admin", R"({"on":true,"scope":"all","note":"gateway"})").status == 200);
  BOOST_REQUIRE(desk.client.stops.size() == 1U);
  BOOST_TEST((desk.client.stops[0].on && desk.client.stops[0].all && desk.client.stops[0].note == "gateway" && desk.client.stops[0].caller.user == "usr_admin"));
}

BOOST_AUTO_TEST_CASE(is_seen_by_staff_with_its_history) {
  Desk desk;
  BOOST_TEST(!bool_of(desk.get("/api/admin/emergency-stop", "staff").json, "on"));
  must(desk.store->put_stop({desk.tenant, true, "usr_admin", "gateway", desk.client.now()}, desk.tenant));
  must(desk.store->put_stop({TenantId{"ten_other"}, true, "usr_other", "theirs", desk.client.now()}, TenantId{"ten_other"}));
  const auto on = desk.get("/api/admin/emergency-stop", "staff").json;
  BOOST_TEST((bool_of(on, "on") && on.at("stops").as_array().size() == 1U && on.at("history").as_array().size() == 1U));
  BOOST_TEST(text_of(on.at("stops").as_array()[0], "note") == "gateway");
  BOOST_TEST(on.at("stops").as_array()[0].at("by_name").is_null());
  must(desk.records().add_account({.id = UserId{"usr_admin"}, .tenant = desk.tenant, .email = "admin@example.com", .role = "admin", .name = "Ada", .password_hash = "", .created_at = desk.client.now()}));
  must(desk.store->put_stop({desk.tenant, false, "usr_admin", "fixed", desk.client.now()}, desk.tenant));
  const auto off = desk.get("/api/admin/emergency-stop", "staff").json;
  BOOST_TEST((!bool_of(off, "on") && off.at("stops").as_array().empty() && off.at("history").as_array().size() == 2U));
  for (const auto& change : off.at("history").as_array()) BOOST_TEST((text_of(change, "by") == "usr_admin" && text_of(change, "by_name") == "Ada"));
  BOOST_TEST(items(desk.get("/api/admin/journal", "staff")).size() == 2U);
}

BOOST_AUTO_TEST_SUITE_END()
