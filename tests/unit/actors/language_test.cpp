// What the language asks of the engine: branches at the same time, work in place, schedules, actions of transitions, references,
// settings that move timers.

#include "tests/unit/actors/engine.hpp"

#include <algorithm>
#include <set>

using namespace stellwerk;
using namespace stellwerk::testing;

namespace {

std::string reason_of(const Result<actors::Answer>& answer) { return answer ? "answered" : answer.error().reason.empty() ? std::string{to_string(answer.error().code)} : answer.error().reason; }

class Waiting : public RunningEngine {
 public:
  ActorId waiting(JsonObject more = {}) {
    more["server"] = server.str();
    return create("service", "waiting", std::move(more));
  }
  Json attribute(const ActorId& id, const std::string& name) {
    const auto row = actor(id);
    const auto* value = find_member(row.attributes, name);
    return value == nullptr ? Json{} : *value;
  }
  void until_attribute(const ActorId& id, const std::string& name, const Json& value) {
    until(name + " is " + dump_json(value), [&] { return attribute(id, name) == value; });
  }
  std::map<std::string, Time> timers(const ActorId& id) {
    std::map<std::string, Time> found;
    for (const auto& timer : must(open_store()->timers_due(tenant, Time::max(), 1'000, {})))
      if (timer.actor == id) found[timer.name] = timer.due;
    return found;
  }
  std::optional<actors::EventView> ended(const EventId& event) {
    std::optional<actors::EventView> view;
    must(wait_for<Json>([&](auto done) {
      client().query([&](actors::Views& views) -> Result<Json> {
        STELLWERK_TRY(view, views.find_event(tenant, event));
        return Json{};
      }, done);
    }));
    return view;
  }
  Result<actors::SettingAnswer> change(storage::SettingValue value, bool dry_run = false) {
    auto caller = staff();
    caller.role = "admin";
    return wait_for<actors::SettingAnswer>([&](auto done) { client().change_setting({.value = value, .caller = caller, .dry_run = dry_run}, done); });
  }
};

storage::SettingValue grace(const Json& value, storage::SettingValue::Level level = storage::SettingValue::Level::tenant, const std::string& owner = {}) {
  return {.level = level, .owner = owner, .workflow = "waiting", .name = "grace", .value = value, .note = "agreed"};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(language)

BOOST_FIXTURE_TEST_CASE(carries_out_all_branches_at_once_and_ends_when_the_last_has_ended, Waiting) {
  driver->play([](const DriverRequest&) -> std::optional<DriverResponse> { return std::nullopt; });
  const auto id = waiting();
  must(command(id, "hoist"));
  BOOST_REQUIRE(driver->wait_for_held(3));
  BOOST_TEST(attempts(id).size() == 3U);
  driver->release(answer(200));
  driver->release(answer(200));
  until("one branch is left", [&] { return attempts(id).size() == 1; });
  BOOST_TEST(actor(id).state == "hoisting");
  driver->release(answer(200));
  until_state(id, "hoisted");
  BOOST_TEST(attempts(id).empty());
  const auto keys = driver->keys();
  BOOST_TEST(std::set<std::string>(keys.begin(), keys.end()).size() == 3U);
}

BOOST_FIXTURE_TEST_CASE(looks_at_each_branch_first_when_the_node_ended_under_them, Waiting) {
  driver->play([](const DriverRequest& request) -> std::optional<DriverResponse> { return request.method == "GET" ? std::optional{answer(200, R"({"is":"up"})")} : std::nullopt; });
  const auto id = waiting();
  must(command(id, "hoist"));
  BOOST_REQUIRE(driver->wait_for_held(3));
  driver->release(answer(200));
  until("one branch is done", [&] { return attempts(id).size() == 2; });
  stop();
  driver->forget_seen();
  restart();
  until_state(id, "hoisted");
  BOOST_TEST(driver->seen() == (std::vector<std::string>{"GET /hook", "GET /hook"}), boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(undoes_every_branch_when_one_of_them_fails, Waiting) {
  driver->play([](const DriverRequest& request) -> std::optional<DriverResponse> {
    if (request.url.ends_with("/lower")) return answer(200);
    return request.method == "GET" ? std::optional{answer(200, R"({"is":"down"})")} : std::nullopt;
  });
  const auto id = waiting();
  must(command(id, "hoist"));
  BOOST_REQUIRE(driver->wait_for_held(3));
  driver->release(answer(422));
  driver->release(answer(200));
  driver->release(answer(200));
  until_state(id, "idle");
  const auto seen = driver->seen();
  BOOST_TEST(std::count(seen.begin(), seen.end(), "POST /north/lower") == 2);
}

BOOST_FIXTURE_TEST_CASE(works_in_place_and_keeps_the_state, Waiting) {
  driver->play([](const DriverRequest&) -> std::optional<DriverResponse> { return std::nullopt; });
  const auto id = waiting();
  const auto before = timers(id);
  auto request = order_of(id, "check");
  request.wait = std::chrono::seconds{10};
  auto promise = std::make_shared<std::promise<Result<actors::Answer>>>();
  auto answered = promise->get_future();
  client().command(request, [promise](Result<actors::Answer> told) { promise->set_value(std::move(told)); });
  BOOST_REQUIRE(driver->wait_for_held(1));
  BOOST_TEST(actor(id).state == "idle");
  BOOST_TEST((timers(id) == before));
  BOOST_TEST(reason_of(command(id, "hoist")) == "busy");
  stop();  // in the middle of it
  driver->play([](const DriverRequest&) -> std::optional<DriverResponse> { return answer(200, R"({"is":"up"})"); });
  restart();
  until_attribute(id, "label", "checked");
  BOOST_TEST(actor(id).state == "idle");
  must(command(id, "hoist"));
  until_state(id, "hoisted");
  (void)answered.wait_for(deadline);
}

BOOST_FIXTURE_TEST_CASE(fires_a_schedule_at_its_time_and_once_for_it, Waiting) {
  const auto id = waiting();
  BOOST_TEST(!timers(id).contains("schedule:renew"));
  const auto due = client().now() + std::chrono::hours{30};
  must(command(id, "plan_for", JsonObject{{"due", format_time(due)}}));
  BOOST_TEST(timers(id).contains("schedule:renew"));
  advance_clock(std::chrono::hours{29});
  BOOST_TEST(attribute(id, "renewed") == Json(0));
  advance_clock(std::chrono::hours{2});
  until_attribute(id, "renewed", 1);
  BOOST_TEST(!timers(id).contains("schedule:renew"));
  restart();
  must(command(id, "plan_for", JsonObject{{"due", format_time(client().now() + std::chrono::hours{1})}}));
  advance_clock(std::chrono::hours{2});
  until_attribute(id, "renewed", 2);
}

BOOST_FIXTURE_TEST_CASE(tells_the_caller_that_an_action_of_the_transition_was_refused, Waiting) {
  const auto id = waiting();
  const auto version = actor(id).version;
  const auto refused = command(id, "take");
  BOOST_REQUIRE(!refused);
  BOOST_TEST((refused.error().code == ErrorCode::conflict));
  BOOST_TEST(refused.error().reason == "action_refused");
  BOOST_TEST(refused.error().message.find("there is no range 'none'") != std::string::npos);
  BOOST_TEST(actor(id).version == version);
  must(open_store()->put_id_range({tenant, "none", 1, 9}));
  must(command(id, "take"));
}

BOOST_FIXTURE_TEST_CASE(puts_a_timer_whose_action_was_refused_before_a_person, Waiting) {
  const auto id = waiting();
  must(command(id, "take_now"));
  advance_clock(std::chrono::hours{2});
  until("an incident is open", [&] { return incidents().size() == 1; });
  BOOST_TEST(incidents()[0].kind == "event_failed");
  BOOST_TEST(incidents()[0].text.find("there is no range 'none'") != std::string::npos);
  BOOST_TEST(actor(id).state == "taking");
  must(open_store()->put_id_range({tenant, "none", 1, 9}));
  must(remedy(incidents()[0].id, "retry"));
  until_state(id, "gone");
}

BOOST_FIXTURE_TEST_CASE(reads_what_references_point_to_anew_for_each_decision, Waiting) {
  const auto peer = waiting();
  const auto id = waiting();
  must(command(id, "follow", JsonObject{{"peer", peer.str()}}));
  BOOST_TEST(attribute(id, "peer") == Json(boost::json::string(peer.str())));
  must(command(peer, "hoist"));
  until_state(peer, "hoisted");
  BOOST_TEST(reason_of(command(id, "follow", JsonObject{{"peer", peer.str()}})) == "not_allowed_now");
  BOOST_TEST(reason_of(command(id, "follow", JsonObject{{"peer", make_id<ActorId>("svc").str()}})) != "answered");
  const ProductId plan = make_id<ProductId>("prd");
  must(wait_for<Json>([&](auto done) {
    client().query([&](actors::Views& views) -> Result<Json> {
      STELLWERK_CHECK(views.put_product({.id = plan, .tenant = tenant, .name = "M", .workflow = "waiting", .attributes = JsonObject{{"cores", 4}}, .visible = false, .created_at = wall_now()}));
      return Json{};
    }, done);
  }));
  const auto planned = waiting({{"plan", plan.str()}});
  BOOST_TEST(attribute(planned, "cores") == Json(4));
}

BOOST_FIXTURE_TEST_CASE(takes_an_event_that_came_before_its_wait_began, Waiting) {
  driver->play([](const DriverRequest&) -> std::optional<DriverResponse> { return std::nullopt; });
  const auto id = waiting();
  must(command(id, "await"));
  BOOST_REQUIRE(driver->wait_for_held(1));
  BOOST_TEST(bool_of(must(command(id, "signal")).body, "deferred"));
  driver->release(answer(200));
  until_state(id, "hoisted");
}

BOOST_FIXTURE_TEST_CASE(tells_how_a_deferred_command_ended, Waiting) {
  driver->play([](const DriverRequest&) -> std::optional<DriverResponse> { return std::nullopt; });
  const auto id = waiting();
  const auto event = [&](const Result<actors::Answer>& answer) { return EventId{text_of(must(answer).body, "event")}; };
  const auto plain = event(command(id, "await"));
  BOOST_REQUIRE(driver->wait_for_held(1));
  const auto early = event(command(id, "signal")), late = event(command(id, "check")), broken = event(command(id, "peek"));
  for (const auto& waits : {early, late, broken}) BOOST_TEST(ended(waits)->state == "deferred");
  BOOST_TEST(ended(late)->actor.str() == id.str());
  BOOST_TEST(!ended(plain).has_value());
  driver->release(answer(200));
  until_state(id, "hoisted");
  until("its condition has failed", [&] { return incidents().size() == 1; });
  BOOST_TEST(ended(early)->state == "applied");
  BOOST_TEST(ended(late)->state == "refused");
  BOOST_TEST(ended(late)->reason == "not_allowed_now");
  BOOST_TEST(ended(broken)->state == "deferred");
  BOOST_TEST(ended(broken)->reason == "incident_open");
  BOOST_TEST(ended(broken)->text.find("division by zero") != std::string::npos);
  must(remedy(incidents()[0].id, "skip"));
  BOOST_TEST(ended(broken)->state == "refused");
  BOOST_TEST(ended(broken)->reason == "dropped");
}

BOOST_FIXTURE_TEST_CASE(tells_which_expression_of_a_command_failed_and_why, Waiting) {
  const auto id = waiting();
  must(command(id, "hoist"));
  until_state(id, "hoisted");
  const auto refused = command(id, "peek");
  BOOST_REQUIRE(!refused);
  BOOST_TEST((refused.error().code == ErrorCode::invalid_argument && refused.error().reason == "expression_failed"));
  const auto told = describe(refused.error());
  for (const auto* part : {"command 'peek' in state hoisted of workflow waiting", "condition '1 / self.vmid > 0' at line", "division by zero"}) BOOST_TEST(told.find(part) != std::string::npos, told);
  BOOST_TEST(incidents().empty());
}

BOOST_FIXTURE_TEST_CASE(refuses_a_product_that_nobody_could_order, Waiting) {
  const auto put = [&](const std::string& workflow, JsonObject attributes, bool visible) {
    const auto told = wait_for<Json>([&](auto done) {
      client().query([&](actors::Views& views) -> Result<Json> {
        STELLWERK_CHECK(views.put_product({.id = make_id<ProductId>("prd"), .tenant = tenant, .name = "M", .workflow = workflow, .attributes = attributes, .visible = visible, .created_at = wall_now()}));
        return Json{};
      }, done);
    });
    std::set<std::string> pointers;
    if (!told)
      for (const auto& field : told.error().fields) pointers.insert(field.pointer);
    return pointers;
  };
  // the order gives it a hostname and sizes that it does not take, and not the server it requires
  BOOST_TEST((put("lifting", {}, true) == std::set<std::string>{"/workflow", "/attributes/server"}));
  BOOST_TEST((put("lifting", {{"colour", 7}, {"color", "red"}}, false) == std::set<std::string>{"/attributes/colour", "/attributes/color"}));
  BOOST_TEST(put("lifting", {{"colour", "red"}}, false).empty());
  BOOST_TEST((put("liftin", {}, false) == std::set<std::string>{"/workflow"}));
}

BOOST_FIXTURE_TEST_CASE(edits_the_attributes_that_may_be_edited, Waiting) {
  const auto id = waiting();
  const auto edit = [&](Json values) {
    return wait_for<actors::Answer>([&](auto done) { client().edit({.actor = id, .kind = "service", .values = values, .caller = staff(), .trace = {}, .idempotency = {}}, done); });
  };
  BOOST_TEST(must(edit(JsonObject{{"label", "web"}})).status == 202);
  BOOST_TEST(attribute(id, "label") == Json("web"));
  BOOST_TEST(reason_of(edit(JsonObject{{"renewed", 3}})) == "not_editable");
}

BOOST_FIXTURE_TEST_CASE(moves_the_timers_of_everybody_whom_a_setting_reaches, Waiting) {
  const auto first = waiting(), second = waiting();
  const auto timer = timers(first).begin()->first;
  const auto before = timers(first).at(timer);
  const auto foreseen = must(change(grace("P2D"), true)).forecast.value();
  BOOST_TEST(foreseen.reached == 2);
  BOOST_REQUIRE(foreseen.moves.size() == 2U);
  const auto& move = foreseen.moves[0].actor == first ? foreseen.moves[0] : foreseen.moves[1];
  BOOST_TEST((move.timer == timer && move.before == before && move.after == before - std::chrono::hours{24 * 8}));
  BOOST_TEST((timers(first).at(timer) == before));
  must(change(grace("P2D")));
  until("the first timer has moved", [&] { return timers(first).at(timer) == before - std::chrono::hours{24 * 8}; });
  until("the second timer has moved", [&] { return timers(second).at(timer) < before - std::chrono::hours{24 * 7}; });
  must(change(grace("P5D", storage::SettingValue::Level::actor, second.str())));
  until("the one actor's timer has moved", [&] { return timers(second).at(timer) > before - std::chrono::hours{24 * 6}; });
  BOOST_TEST((timers(first).at(timer) == before - std::chrono::hours{24 * 8}));
  restart();
  const auto third = waiting();
  BOOST_TEST((timers(third).at(timer) < client().now() + std::chrono::hours{24 * 3}));
  advance_clock(std::chrono::hours{24 * 4});
  until_state(first, "gone");
  BOOST_TEST(actor(second).state == "idle");
  auto request = grace("P3D");
  const auto refused = wait_for<actors::SettingAnswer>([&](auto done) { client().change_setting({.value = request, .caller = staff()}, done); });
  BOOST_TEST((!refused && refused.error().code == ErrorCode::permission_denied));
}

BOOST_FIXTURE_TEST_CASE(goes_on_after_a_restart_where_a_change_of_settings_was_left, Waiting) {
  const auto first = waiting(), second = waiting();
  const auto timer = timers(first).begin()->first;
  const auto before = timers(first).at(timer);
  stop();
  // the change is kept, the work is written down, and the node ended before anybody was reckoned again
  const auto store = open_store();
  must(store->put_value("settings_refresh", R"([{"workflow":"waiting","level":"tenant","owner":"","after":""}])"));
  must(store->put_setting(tenant, grace("P1D")));
  restart();
  for (const auto& id : {first, second}) until("its timer has moved", [&] { return timers(id).at(timer) < before - std::chrono::hours{24 * 8}; });
  until("nothing is left to do", [&] { return must(open_store()->get_value("settings_refresh")) == "[]"; });
}

BOOST_FIXTURE_TEST_CASE(runs_no_abstract_workflow_and_publishes_what_extends_it_whole, Waiting) {
  BOOST_TEST(reason_of(create(creation("service", "ground", JsonObject{}))) == "unknown_workflow");
  const auto id = create("service", "based");
  BOOST_TEST(actor(id).status == "active");
  const auto revisions = must(open_store()->revisions(tenant));
  const auto based = std::find_if(revisions.begin(), revisions.end(), [](const auto& r) { return r.name == "based"; });
  BOOST_REQUIRE((based != revisions.end()));
  BOOST_TEST(based->text.find("patience") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
