#include "sandbox/control.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/unit/sandbox/driver.hpp"

namespace stellwerk::sandbox::test {
namespace {

using enum http::Method;

BOOST_AUTO_TEST_SUITE(control)

BOOST_AUTO_TEST_CASE(answers_on_loopback_only_and_without_a_token) {
  Driver pve;
  pve.authorization.clear();
  BOOST_TEST(pve.control(get, "/state").status == 200);
  auto request = make_request(get, "/_control/state");
  request.peer = "192.0.2.1";
  BOOST_TEST(pve.model.handle(request, pve.wall).response.status == 403);
  BOOST_TEST(pve.control(get, "/other").status == 404);
}

BOOST_AUTO_TEST_CASE(shows_guests_with_mark_lock_and_origin) {
  Driver pve;
  (void)pve.clone(105);
  BOOST_TEST(pve.control(post, "/guests", R"({"vmid":106,"name":"theirs","node":"pve2","description":"private","status":"running"})").status == 200);
  const auto state = pve.control(get, "/state").body;
  const auto& guests = state.at("guests").as_array();
  BOOST_REQUIRE(guests.size() == 3u);
  BOOST_TEST(text_of(guests[0], "description") == "stellwerk:svc_1");
  BOOST_TEST(text_of(guests[0], "lock") == "clone");
  BOOST_TEST(!bool_of(guests[0], "foreign"));
  BOOST_TEST(text_of(guests[1], "node") == "pve2");
  BOOST_TEST(text_of(guests[1], "status") == "running");
  BOOST_TEST(bool_of(guests[1], "foreign"));
  BOOST_TEST(state.at("tasks").as_array().size() == 1u);
}

BOOST_AUTO_TEST_CASE(strangers_come_change_and_go) {
  Driver pve;
  pve.make_guest(105);
  const auto digest = text_of(pve.config(105), "digest");
  BOOST_TEST(pve.control(post, "/guests/105", R"({"description":"mine now","lock":"backup"})").status == 200);
  BOOST_TEST(text_of(pve.config(105), "digest") != digest);
  BOOST_TEST(pve.post("/nodes/pve1/qemu/105/status/start").reason == "VM is locked (backup)");
  BOOST_TEST(pve.control(post, "/guests", R"({"vmid":105})").status == 409);
  BOOST_TEST(pve.control(post, "/guests", R"({"vmid":42})").status == 422);
  BOOST_TEST(pve.control(post, "/guests/105/migrate", R"({"node":"pve9"})").status == 422);
  BOOST_TEST(pve.control(delete_, "/guests/105").status == 200);
  BOOST_TEST(pve.control(delete_, "/guests/105").status == 404);
}

BOOST_AUTO_TEST_CASE(a_guest_removed_under_a_task_makes_the_task_fail) {
  Driver pve;
  const auto upid = pve.clone(105);
  (void)pve.control(delete_, "/guests/105");
  BOOST_TEST(pve.finish(upid) == "Configuration file 'nodes/pve1/qemu-server/105.conf' does not exist");
}

BOOST_AUTO_TEST_CASE(the_clock_goes_forward_only) {
  Driver pve;
  BOOST_TEST(text_of(pve.control(post, "/clock", R"({"advance":"PT30M"})").body, "now") == "2026-03-02T08:30:00Z");
  BOOST_TEST(text_of(pve.control(post, "/clock", R"({"to":"2026-03-05T00:00:00Z"})").body, "now") == "2026-03-05T00:00:00Z");
  BOOST_TEST(text_of(pve.control(post, "/clock", R"({"to":"2026-03-01T00:00:00Z"})").body, "now") == "2026-03-05T00:00:00Z");
  BOOST_TEST(pve.control(post, "/clock", R"({"advance":"half an hour"})").status == 422);
  BOOST_TEST(pve.control(post, "/clock", "{}").status == 422);
  pve.pass(-2h);  // the wall clock was set back
  BOOST_TEST(text_of(pve.control(get, "/clock").body, "now") == "2026-03-05T00:00:00Z");
}

BOOST_AUTO_TEST_CASE(durations_of_tasks_are_settable) {
  Driver pve;
  BOOST_TEST(text_of(pve.control(post, "/durations", R"({"clone":"PT10M"})").body, "clone") == "PT10M");
  const auto upid = pve.clone(105).text();
  pve.pass(599s);
  BOOST_TEST(pve.exit_of(upid) == "running");
  pve.pass(1s);
  BOOST_TEST(pve.exit_of(upid) == "OK");
  BOOST_TEST(pve.control(post, "/durations", R"({"fly":"PT1S"})").status == 422);
}

BOOST_AUTO_TEST_CASE(records_calls_without_secrets) {
  Driver pve;
  (void)pve.clone(105);
  (void)pve.fault(R"({"match":{"operation":"config"},"fault":"refuse"})");
  (void)pve.post("/nodes/pve1/qemu/105/config", "cipassword=hunter2&cores=4");
  const auto all = pve.control(get, "/calls").body;
  const auto& calls = all.at("calls").as_array();
  BOOST_REQUIRE(calls.size() == 2u);
  BOOST_TEST(text_of(calls[0], "operation") == "clone");
  BOOST_TEST(int_of(calls[0], "status") == 200);
  BOOST_TEST(text_of(calls[0].at("params"), "newid") == "105");
  BOOST_TEST(int_of(calls[1], "status") == 0);
  BOOST_TEST(text_of(calls[1], "fault") == "refuse");
  BOOST_TEST(text_of(calls[1], "token_id") == "stellwerk@pve!orchestrator");
  const auto text = dump_json(all);
  BOOST_TEST(text.find("hunter2") == std::string::npos);
  BOOST_TEST(text.find("s3cret") == std::string::npos);
  BOOST_TEST(pve.control(get, "/calls?since=1").body.at("calls").as_array().size() == 1u);
  BOOST_TEST(pve.control(delete_, "/calls").body.at("calls").as_array().empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace stellwerk::sandbox::test
