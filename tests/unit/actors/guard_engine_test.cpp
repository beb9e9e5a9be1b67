// The mass-action guard and the emergency stop in a whole engine.

#include "tests/unit/actors/engine.hpp"

#include <algorithm>

using namespace stellwerk;
using namespace stellwerk::testing;

namespace {

constexpr Duration due = std::chrono::hours{73};

class GuardedEngine : public RunningEngine {
 public:
  [[nodiscard]] actors::Caller admin() const { return {tenant, "usr_admin", "admin", ""}; }

  std::vector<ActorId> rent(int count, const std::string& kind = "service", const std::string& workflow = "renting") {
    std::vector<ActorId> ids;
    for (int i = 0; i < count; ++i) ids.push_back(create(kind, workflow, kind == "service" ? Json(JsonObject{{"server", server.str()}}) : Json(JsonObject{})));
    return ids;
  }
  int ended(const std::vector<ActorId>& ids) {
    return static_cast<int>(std::count_if(ids.begin(), ids.end(), [&](const ActorId& id) { return actor(id).state == "ended"; }));
  }
  std::vector<storage::GuardQuestion> questions(bool all = false) {
    std::vector<storage::GuardQuestion> found;
    must(wait_for<Json>([&](auto done) {
      client().query([&](actors::Views& views) -> Result<Json> {
        STELLWERK_TRY(found, views.guard_questions(tenant, all, 100));
        return Json{};
      }, done);
    }));
    return found;
  }
  std::int64_t held(const std::string& kind = "service") {
    std::int64_t count = 0;
    for (const auto& question : questions()) count += question.kind == kind ? question.held : 0;
    return count;
  }
  /// What went was admitted before the others were held; it is written soon.
  void until_ended(const std::vector<ActorId>& ids, int count) {
    until(std::to_string(count) + " have ended", [&] { return ended(ids) == count; });
  }
  void until_held(std::int64_t count, const std::string& kind = "service") {
    until(std::to_string(count) + " are held", [&] { return held(kind) == count; });
  }
  Result<actors::Answer> answer_guard(actors::GuardAnswer given) {
    given.note = "checked";
    if (given.caller.role.empty()) given.caller = admin();
    return wait_for<actors::Answer>([&](auto done) { client().answer_guard(given, done); });
  }
  Result<actors::Answer> stop_all(bool on, const std::string& role = "admin") {
    return wait_for<actors::Answer>([&](auto done) { client().emergency_stop({.on = on, .all = false, .note = "gateway", .caller = {tenant, "usr_admin", role, ""}}, done); });
  }
  /// Whoever would have acted by now has: others were served meanwhile.
  void others_go_on() {
    for (int i = 0; i < 30; ++i) (void)create_service();
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(guarded_engine)

BOOST_FIXTURE_TEST_CASE(ends_twenty_of_a_hundred_asks_once_and_ends_the_rest_when_it_is_released, GuardedEngine) {
  const auto ids = rent(100);
  advance_clock(due);
  until_held(80);
  until_ended(ids, 20);
  const auto asked = questions();
  BOOST_REQUIRE(asked.size() == 1U);
  BOOST_TEST((asked[0].why == "mass" && asked[0].bound == 20 && asked[0].passed == 20 && asked[0].live >= 80 && asked[0].examples.size() == 10U));
  const auto open = incidents();
  BOOST_REQUIRE(open.size() == 1U);
  BOOST_TEST((open[0].kind == "mass_guard" && open[0].id == asked[0].id));

  restart();
  others_go_on();
  BOOST_TEST(held() == 80);
  BOOST_TEST(ended(ids) == 20);
  BOOST_TEST(questions(true).size() == 1U);

  auto by_staff = answer_guard({.question = asked[0].id, .release = true, .number = {}, .note = {}, .caller = staff()});
  BOOST_TEST((!by_staff && by_staff.error().code == ErrorCode::permission_denied));
  BOOST_TEST(must(answer_guard({.question = asked[0].id, .release = true, .number = {}, .note = {}, .caller = {}})).status == 200);
  until_ended(ids, 100);
  BOOST_TEST((incidents().empty() && questions().empty() && incidents("closed").size() == 1U));
  BOOST_TEST(incidents("closed")[0].closed_by == "usr_admin");
  const auto again = answer_guard({.question = asked[0].id, .release = true, .number = {}, .note = {}, .caller = {}});
  BOOST_TEST((!again && again.error().reason == "incident_not_open"));
}

BOOST_FIXTURE_TEST_CASE(ends_no_more_than_a_release_says_and_asks_about_the_rest, GuardedEngine) {
  const auto ids = rent(40);
  advance_clock(due);
  until_held(20);
  until_ended(ids, 20);
  const auto first = questions().at(0).id;
  const auto answer = must(answer_guard({.question = first, .release = true, .number = 5, .note = {}, .caller = {}}));
  until("five more have ended", [&] { return ended(ids) == 25; });
  until_held(15);
  BOOST_REQUIRE(questions().size() == 1U);
  BOOST_TEST((questions()[0].why == "rest" && questions()[0].id.str() == text_of(answer.body, "rest")));
  // a remedy of the incident is an answer, too
  auto request = actors::RemedyRequest{.incident = questions()[0].id, .remedy = "release", .note = "go", .input = JsonObject{}, .output = JsonObject{}, .caller = admin(), .trace = {}};
  BOOST_TEST(must(wait_for<actors::Answer>([&](auto done) { client().remedy(request, done); })).status == 200);
  until("all have ended", [&] { return ended(ids) == 40; });
}

BOOST_FIXTURE_TEST_CASE(holds_what_was_kept_and_asks_again_a_day_later, GuardedEngine) {
  const auto ids = rent(22);
  advance_clock(due);
  until_held(2);
  until_ended(ids, 20);
  const auto question = questions().at(0).id;
  BOOST_TEST(text_of(must(answer_guard({.question = question, .release = false, .number = {}, .note = {}, .caller = {}})).body, "state") == "kept");
  advance_clock(std::chrono::hours{25});
  until("it is asked again", [&] { return questions().at(0).state == "open"; });
  BOOST_TEST((ended(ids) == 20 && held() == 2 && questions().size() == 1U));
  // who does something about one of them takes it out of the question
  const auto spared = *std::find_if(ids.begin(), ids.end(), [&](const ActorId& id) { return actor(id).state == "rented"; });
  BOOST_TEST(must(command(spared, "renew")).status == 202);
  BOOST_TEST(held() == 1);
}

BOOST_FIXTURE_TEST_CASE(keeps_kinds_apart, GuardedEngine) {
  const auto services = rent(25);
  const auto orders = rent(25, "order", "hiring");
  advance_clock(due);
  until_held(5, "service");
  until_held(5, "order");
  until_ended(services, 20);
  until_ended(orders, 20);
  BOOST_TEST(questions().size() == 2U);
  const auto asked = questions();
  const auto about_orders = std::find_if(asked.begin(), asked.end(), [](const auto& q) { return q.kind == "order"; });
  must(answer_guard({.question = about_orders->id, .release = true, .number = {}, .note = {}, .caller = {}}));
  until_ended(orders, 25);
  BOOST_TEST((ended(services) == 20 && held() == 5));
}

BOOST_FIXTURE_TEST_CASE(lets_a_share_go_where_there_are_many, GuardedEngine) {
  settings.guard_percent = 50;
  settings.guard_floor = 3;
  stop();
  restart();
  const auto ids = rent(60);
  advance_clock(due);
  until("half of them have ended", [&] { return ended(ids) >= 20 && held() > 0; });
  // the live are counted when they are about to be held, while others end already
  until("each has ended or is held", [&] { return ended(ids) + held() == 60; });
  BOOST_TEST((ended(ids) <= 30));
  BOOST_TEST(questions().size() == 1U);
}

BOOST_FIXTURE_TEST_CASE(asks_after_a_restore_before_the_first_of_a_kind, GuardedEngine) {
  const auto ids = rent(1);
  stop();
  must(open_store()->put_value("guard_since_restore", "now"));
  restart();
  advance_clock(due);
  until_held(1);
  BOOST_TEST((questions().at(0).why == "restore" && ended(ids) == 0));
}

BOOST_FIXTURE_TEST_CASE(fires_no_timer_and_begins_no_step_during_an_emergency_stop, GuardedEngine) {
  driver->play([](const DriverRequest& request) { return std::optional{answer(200, request.method == "GET" ? R"({"is":"down"})" : "{}")}; });
  // what is only looked at is no step: after a restart nobody knows what has left
  const auto begun = [&] {
    const auto seen = driver->seen();
    return std::count_if(seen.begin(), seen.end(), [](const std::string& request) { return request.starts_with("POST"); });
  };
  const auto ids = rent(25);
  const auto working = rent(1).front(), sitting = rent(1).front();
  must(wait_for<Json>([&](auto done) {
    client().query([&](actors::Views& views) -> Result<Json> {
      STELLWERK_CHECK(views.put_id_range(tenant, "seats", 1, 9));
      return Json{};
    }, done);
  }));
  const auto by_staff = stop_all(true, "staff");
  BOOST_TEST((!by_staff && by_staff.error().code == ErrorCode::permission_denied));
  BOOST_TEST(must(stop_all(true)).status == 200);
  BOOST_TEST(metric("stellwerk_emergency_stops") == 1);
  BOOST_TEST(must(command(working, "work")).status == 202);  // people's commands are taken, and their runs wait
  BOOST_TEST(must(command(sitting, "sit")).status == 202);
  others_go_on();
  BOOST_TEST(begun() == 0);
  BOOST_TEST((attempts(working).size() == 1U && attempts(sitting).size() == 1U));

  restart();  // it survives
  others_go_on();
  BOOST_TEST(begun() == 0);
  BOOST_TEST((attempts(working).size() == 1U && attempts(sitting).size() == 1U));

  BOOST_TEST(must(stop_all(false)).status == 200);
  until("the steps were done", [&] { return attempts(working).empty() && attempts(sitting).empty(); });
  BOOST_TEST(begun() == 1);
  must(stop_all(true));
  advance_clock(due);
  others_go_on();
  BOOST_TEST((ended(ids) == 0 && held() == 0));
  must(stop_all(false));
  // what became due meanwhile is done in its order, under the mass-action guard
  until("each has ended or is held", [&] { return ended(ids) + held() >= 25 && held() > 0; });
  const auto off = stop_all(false);
  BOOST_TEST((!off && off.error().reason == "not_stopped"));
}

BOOST_FIXTURE_TEST_CASE(looks_after_what_is_under_way_during_an_emergency_stop, GuardedEngine) {
  const auto id = rent(1).front();
  driver->play([](const DriverRequest& request) -> std::optional<DriverResponse> {
    if (request.method == "POST") return answer(202, R"({"task":"t-1"})");
    return answer(200);
  });
  BOOST_TEST(must(command(id, "work")).status == 202);
  BOOST_REQUIRE(driver->wait_for_seen(1));
  until("the handle is kept", [&] { return attempts(id).size() == 1U && attempts(id)[0].handle == "t-1"; });
  must(stop_all(true));
  advance_clock(std::chrono::hours{2});
  until("the task was polled to its end", [&] { return attempts(id).empty(); });
  must(stop_all(false));
}

BOOST_AUTO_TEST_SUITE_END()
