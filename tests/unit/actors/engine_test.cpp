// The engine as api sees it: everything from the committer down is real, only the vendor is scripted.

#include "tests/unit/actors/engine.hpp"

#include <atomic>
#include <set>
#include <stdexcept>

using namespace stellwerk;
using namespace stellwerk::testing;

namespace {

std::string reason_of(const Result<actors::Answer>& answer) { return answer ? "answered" : answer.error().reason.empty() ? std::string{to_string(answer.error().code)} : answer.error().reason; }

Json ticket() { return JsonObject{{"subject", "It does not start"}, {"body", "Since this morning."}}; }

/// Holds every request that changes something.
std::optional<DriverResponse> hold_changes(const DriverRequest& request) {
  return request.method == "POST" ? std::nullopt : std::optional{answer(200, R"({"is":"down"})")};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(engine)

BOOST_FIXTURE_TEST_CASE(creates_an_actor_and_applies_commands_to_it, RunningEngine) {
  const auto id = create("ticket", "ticket", ticket());
  BOOST_TEST(actor(id).state == "open");
  BOOST_TEST(must(command(id, "answer", JsonObject{{"body", "Try again."}})).status == 202);
  BOOST_TEST(actor(id).state == "answered");
  BOOST_TEST(actor(id).version == 2);
  BOOST_TEST(reason_of(command(id, "sing")) == "unknown_command");
  BOOST_TEST(reason_of(command(id, "answer")) == "invalid_argument");
  BOOST_TEST(actor(id).version == 2);
}

BOOST_FIXTURE_TEST_CASE(shows_no_actor_to_another_tenant_or_under_another_kind, RunningEngine) {
  const auto id = create("ticket", "ticket", ticket());
  auto request = order_of(id, "close");
  request.caller.tenant = make_id<TenantId>("ten");
  BOOST_TEST(reason_of(command(request)) == "not_found");
  request = order_of(id, "close");
  request.kind = "service";
  BOOST_TEST(reason_of(command(request)) == "not_found");
  BOOST_TEST(reason_of(command(make_id<ActorId>("tkt"), "close")) == "not_found");
  BOOST_TEST(reason_of(create(creation("ticket", "no-such-workflow", ticket()))) == "unknown_workflow");
}

BOOST_FIXTURE_TEST_CASE(gives_the_same_answer_under_the_same_idempotency_key, RunningEngine) {
  auto request = creation("ticket", "ticket", ticket());
  request.idempotency = actors::Idempotency{"scope", "key-1", "hash"};
  const auto first = must(create(request));
  const auto again = must(create(request));
  BOOST_TEST(!first.repeated);
  BOOST_TEST(again.repeated);
  BOOST_TEST(text_of(again.body, "id") == text_of(first.body, "id"));
  BOOST_TEST(again.status == 201);
  request.idempotency->body_hash = "other";
  BOOST_TEST(reason_of(create(request)) == "idempotency_key_reused");
}

BOOST_FIXTURE_TEST_CASE(runs_concurrent_requests_under_one_idempotency_key_once, RunningEngine) {
  auto request = creation("ticket", "ticket", ticket());
  request.idempotency = actors::Idempotency{"scope", "key-2", "hash"};
  std::vector<std::future<Result<actors::Answer>>> futures;
  for (int i = 0; i < 16; ++i) {
    auto promise = std::make_shared<std::promise<Result<actors::Answer>>>();
    futures.push_back(promise->get_future());
    client().create(request, [promise](Result<actors::Answer> answer) { promise->set_value(std::move(answer)); });
  }
  std::set<std::string> ids;
  for (auto& future : futures) {
    BOOST_REQUIRE(future.wait_for(deadline) == std::future_status::ready);
    ids.insert(text_of(must(future.get()).body, "id"));
  }
  BOOST_TEST(ids.size() == 1U);
}

BOOST_FIXTURE_TEST_CASE(answers_whoever_waits_when_the_run_of_five_steps_has_ended, RunningEngine) {
  auto request = creation("service", "five", JsonObject{{"server", server.str()}});
  request.wait = deadline;
  const auto answer = must(create(request));
  BOOST_TEST(text_of(answer.body, "state") == "finished");
  BOOST_TEST(text_of(answer.body, "run_status") == "done");
  const auto keys = driver->keys();
  BOOST_TEST(keys.size() == 5U);
  BOOST_TEST((std::set<std::string>{keys.begin(), keys.end()}.size()) == 5U);
}

BOOST_FIXTURE_TEST_CASE(answers_at_the_end_of_the_wait_although_the_run_goes_on, RunningEngine) {
  driver->play(hold_changes);
  auto request = order_of(create_service(), "lift");
  request.wait = std::chrono::milliseconds{50};
  BOOST_TEST(text_of(must(command(request)).body, "run_status") == "running");
}

BOOST_FIXTURE_TEST_CASE(does_not_take_the_birth_of_an_actor_for_a_restart, RunningEngine) {
  const auto id = create_service("five");
  until_state(id, "finished");
  for (const auto& request : driver->seen()) BOOST_TEST(request == "POST /north/lift");
}

BOOST_AUTO_TEST_CASE(passivates_an_idle_actor_and_takes_it_back_on_its_next_command) {
  Engine engine;
  engine.settings.passivate_after = std::chrono::milliseconds{20};
  engine.start();
  const auto before = Engine::metric("stellwerk_actors_passivated_total");
  const auto id = engine.create("ticket", "ticket", ticket());
  engine.until("it sleeps", [&] { return Engine::metric("stellwerk_actors_passivated_total") > before; });
  must(engine.command(id, "close"));
  BOOST_TEST(engine.actor(id).state == "closed");
}

BOOST_AUTO_TEST_CASE(loses_no_command_while_actors_fall_asleep_all_the_time) {
  Engine engine;
  engine.settings.passivate_after = std::chrono::milliseconds{1};
  engine.start();
  const auto id = engine.create("ticket", "ticket", ticket());
  for (int i = 0; i < 200; ++i) must(engine.command(id, "note", JsonObject{{"body", std::to_string(i)}}));
  BOOST_TEST(engine.actor(id).version == 201);
}

BOOST_AUTO_TEST_CASE(delivers_messages_to_actors_that_sleep) {
  Engine engine;
  engine.settings.passivate_after = std::chrono::milliseconds{20};
  engine.start();
  const auto service = engine.create_service();
  const auto order = engine.create("order", "asking");
  const auto before = Engine::metric("stellwerk_actors_passivated_total");
  for (int i = 1; i <= 3; ++i) {
    must(engine.command(order, "ask", JsonObject{{"service", service.str()}}));
    engine.until("the answer is there", [&] { return int_of(engine.actor(order).attributes, "times") == i; });
    BOOST_TEST(int_of(engine.actor(service).attributes, "asked") == i);
    engine.until("both sleep", [&] { return Engine::metric("stellwerk_actors_passivated_total") >= before + 2 * i; });
  }
}

BOOST_FIXTURE_TEST_CASE(empties_a_mailbox_that_holds_more_than_is_loaded_at_once, RunningEngine) {
  const auto sender = create("order", "asking"), receiver = create("order", "asking");
  stop();
  const auto store = open_store();
  must(store->begin_incarnation("nod_test", "host"));
  storage::Commit commit{.id = "dec_other", .changes = {{}}, .required = {}, .actions = {}, .idempotency = {}};
  auto& change = commit.changes[0];
  change.row = must(store->load(sender)).row;
  change.expected_version = change.row.version++;
  change.applied.event = "other";
  for (int i = 0; i < 600; ++i)
    change.messages.push_back({.receiver = receiver, .sender = sender, .event_id = make_id<EventId>("evt"), .event = "nudge", .at = wall_now()});
  BOOST_REQUIRE(must(store->commit({&commit, 1})).at(0).status == storage::CommitStatus::committed);
  restart();
  until("all are applied", [&] { return int_of(actor(receiver).attributes, "times") == 60'000; });
  BOOST_TEST(actor(receiver).version == 601);
}

BOOST_FIXTURE_TEST_CASE(takes_a_message_to_itself_at_once, RunningEngine) {
  const auto id = create("order", "asking");
  const auto begun = std::chrono::steady_clock::now();
  for (int i = 1; i <= 4; ++i) {
    must(command(id, "remind"));
    until("it has reminded itself", [&] { return int_of(actor(id).attributes, "times") == i * 100; });
  }
  BOOST_TEST((std::chrono::steady_clock::now() - begun < std::chrono::seconds{10}));  // the sweep of mailboxes comes every five
}

BOOST_FIXTURE_TEST_CASE(finds_a_mailbox_behind_a_thousand_that_nobody_empties, RunningEngine) {
  const auto sender = create("order", "asking"), receiver = create("order", "asking");
  stop();
  const auto store = open_store();
  must(store->begin_incarnation("nod_test", "host"));
  storage::Commit commit{.id = "dec_other", .changes = {{}}, .required = {}, .actions = {}, .idempotency = {}};
  auto& change = commit.changes[0];
  change.row = must(store->load(sender)).row;
  change.expected_version = change.row.version++;
  change.applied.event = "other";
  const auto send_to = [&](const ActorId& to) {
    change.messages.push_back({.receiver = to, .sender = sender, .event_id = make_id<EventId>("evt"), .event = "nudge", .at = wall_now()});
  };
  for (int i = 0; i < 600; ++i) send_to(make_id<ActorId>("ord"));
  send_to(receiver);
  BOOST_REQUIRE(must(store->commit({&commit, 1})).at(0).status == storage::CommitStatus::committed);
  restart();
  until("its message is applied", [&] { return int_of(actor(receiver).attributes, "times") == 100; });
}

BOOST_FIXTURE_TEST_CASE(offers_deferred_events_in_order_when_the_run_has_ended, RunningEngine) {
  driver->play(hold_changes);
  const auto id = create_service();
  must(command(id, "lift"));
  BOOST_REQUIRE(driver->wait_for_held(1));
  BOOST_TEST(bool_of(must(command(id, "paint", JsonObject{{"colour", "red"}})).body, "deferred"));
  BOOST_TEST(reason_of(command(id, "paint", JsonObject{{"colour", "blue"}})) == "duplicate_command");
  BOOST_TEST(reason_of(command(id, "lift2")) == "busy");
  driver->release(answer(200));
  until("the paint is on", [&] { return text_of(actor(id).attributes, "colour") == "red"; });
  BOOST_TEST(actor(id).state == "lifted");
}

BOOST_FIXTURE_TEST_CASE(fires_timers_when_the_clock_is_moved, RunningEngine) {
  const auto id = create_service();
  must(command(id, "lift"));
  until_state(id, "lifted");
  advance_clock(std::chrono::hours{71});
  BOOST_TEST(actor(id).state == "lifted");
  advance_clock(std::chrono::hours{2});
  until_state(id, "rusty");
}

BOOST_FIXTURE_TEST_CASE(fires_a_timer_behind_a_thousand_that_nobody_takes, RunningEngine) {
  const auto id = create_service();
  must(command(id, "lift"));
  until_state(id, "lifted");
  stop();
  const auto store = open_store();
  must(store->begin_incarnation("nod_test", "host"));
  storage::Commit commit{.id = "dec_other", .changes = {{}}, .required = {}, .actions = {}, .idempotency = {}};
  auto& change = commit.changes[0];
  change.row = must(store->load(id)).row;
  change.expected_version = change.row.version++;
  change.applied.event = "other";
  for (int i = 0; i < 1100; ++i) change.timers.push_back({make_id<ActorId>("svc"), tenant, "PT1H", wall_now()});
  BOOST_REQUIRE(must(store->commit({&commit, 1})).at(0).status == storage::CommitStatus::committed);
  restart();
  advance_clock(std::chrono::hours{73});
  until_state(id, "rusty");
}

BOOST_FIXTURE_TEST_CASE(keeps_the_moved_clock_over_a_restart, RunningEngine) {
  advance_clock(std::chrono::hours{24});
  restart();
  BOOST_TEST((client().now() - wall_now() > std::chrono::hours{23}));
}

BOOST_FIXTURE_TEST_CASE(tries_again_and_polls_in_the_time_of_the_moved_clock, RunningEngine) {
  driver->play([tries = 0](const DriverRequest& request) mutable -> std::optional<DriverResponse> {
    if (request.method == "POST") return ++tries == 1 ? answer(503) : answer(202, R"({"task":"t1"})");
    return answer(200);
  });
  const auto id = create_service();
  must(command(id, "lift"));
  until("the second try is written", [&] { const auto live = attempts(id); return live.size() == 1 && live[0].number == 2; });
  BOOST_TEST(driver->seen().size() == 1U);
  advance_clock(std::chrono::minutes{15});
  until("its task is known", [&] { const auto live = attempts(id); return live.size() == 1 && live[0].handle == "t1"; });
  advance_clock(std::chrono::minutes{15});
  until_state(id, "lifted");
  BOOST_TEST(driver->seen().back() == "GET /tasks/t1");
}

BOOST_FIXTURE_TEST_CASE(looks_first_after_a_restart_in_the_middle_of_an_attempt, RunningEngine) {
  driver->play(hold_changes);
  const auto id = create_service();
  must(command(id, "lift"));
  BOOST_REQUIRE(driver->wait_for_held(1));
  stop();
  driver->forget_seen();
  driver->play([](const DriverRequest& request) -> std::optional<DriverResponse> {
    if (request.method == "GET") return answer(200, R"({"is":"up"})");
    return answer(500);
  });
  restart();
  until_state(id, "lifted");
  BOOST_TEST(driver->seen() == std::vector<std::string>{"GET /hook"}, boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(goes_on_polling_after_a_restart, RunningEngine) {
  driver->play([](const DriverRequest& request) -> std::optional<DriverResponse> {
    return request.method == "POST" ? answer(202, R"({"task":"t7"})") : answer(200);
  });
  const auto id = create_service();
  must(command(id, "lift"));
  until("its task is known", [&] { const auto live = attempts(id); return live.size() == 1 && live[0].handle == "t7"; });
  restart();
  until_state(id, "lifted");
  BOOST_TEST(driver->keys().size() == 1U);
}

BOOST_FIXTURE_TEST_CASE(gives_up_a_waiting_retry_and_undoes_when_the_run_is_interrupted, RunningEngine) {
  driver->play([lifts = 0](const DriverRequest& request) mutable -> std::optional<DriverResponse> {
    if (request.url.ends_with("/lift")) return ++lifts == 1 ? answer(200) : answer(503);
    return answer(200);
  });
  const auto id = create_service();
  must(command(id, "lift2"));
  until("the second step waits for its retry", [&] { const auto live = attempts(id); return live.size() == 1 && live[0].step == "second" && live[0].number == 2; });
  must(command(id, "give_up"));
  until_state(id, "idle");
  BOOST_TEST(driver->seen() == (std::vector<std::string>{"POST /north/lift", "POST /north/lift", "POST /north/lower"}), boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(gives_up_a_waiting_retry_when_the_node_ended_right_after_the_interrupt, RunningEngine) {
  driver->play([lifts = 0](const DriverRequest& request) mutable -> std::optional<DriverResponse> {
    if (request.url.ends_with("/lift")) return ++lifts == 1 ? answer(200) : answer(503);
    return answer(200);
  });
  const auto id = create_service();
  must(command(id, "lift2"));
  until("the second step waits for its retry", [&] { const auto live = attempts(id); return live.size() == 1 && live[0].step == "second" && live[0].number == 2; });
  stop();
  // the interrupt is on disk, and nobody was told to settle the try in hand
  const auto store = open_store();
  must(store->begin_incarnation("nod_test", "host"));
  storage::Commit commit{.id = "dec_interrupt", .changes = {{}}, .required = {}, .actions = {}, .idempotency = {}};
  auto& change = commit.changes[0];
  change.row = must(store->load(id)).row;
  change.expected_version = change.row.version++;
  change.applied.event = "give_up";
  auto cursor = must(workflows::decode_cursor(change.row.cursor));
  BOOST_REQUIRE(cursor.run.has_value());
  cursor.run->phase = workflows::Phase::settling;
  cursor.run->ending = workflows::Ending{.what = workflows::Ending::What::interrupted, .event = "give_up"};
  change.row.cursor = workflows::encode_cursor(cursor);
  BOOST_REQUIRE(must(store->commit({&commit, 1})).at(0).status == storage::CommitStatus::committed);
  restart();
  until_state(id, "idle");
  BOOST_TEST(driver->seen() == (std::vector<std::string>{"POST /north/lift", "POST /north/lift", "POST /north/lower"}), boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(carries_out_no_more_at_once_than_a_server_may_take, Engine) {
  settings.in_flight_per_server = 2;
  start();
  driver->play(hold_changes);
  std::vector<ActorId> ids;
  for (int i = 0; i < 6; ++i) {
    ids.push_back(create_service());
    must(command(ids.back(), "lift"));
  }
  for (int i = 0; i < 6; ++i) {
    BOOST_REQUIRE(driver->wait_for_held(i < 5 ? 2 : 1));
    BOOST_TEST(driver->held() <= 2U);
    driver->release(answer(200));
  }
  for (const auto& id : ids) until_state(id, "lifted");
}

BOOST_FIXTURE_TEST_CASE(takes_changed_settings_of_a_server_while_attempts_are_under_way, RunningEngine) {
  driver->play(hold_changes);
  const auto one = create_service(), two = create_service();
  must(command(one, "lift2"));
  BOOST_REQUIRE(driver->wait_for_held(1));
  must(wait_for<Json>([&](auto done) {
    client().query([&](actors::Views& views) -> Result<Json> {
      STELLWERK_CHECK(views.put_server({.id = server, .tenant = tenant, .name = "south", .connector = "crane", .pool = "default", .settings = JsonObject{{"harbour", "south"}}}));
      return Json{};
    }, done);
  }));
  driver->release(answer(200));
  BOOST_REQUIRE(driver->wait_for_seen(2));
  BOOST_TEST(driver->seen().back() == "POST /south/lift");
}

BOOST_FIXTURE_TEST_CASE(holds_the_run_when_there_is_no_such_server_until_there_is_one, RunningEngine) {
  const auto known = std::exchange(server, make_id<ServerId>("srv"));
  const auto id = create_service();
  must(command(id, "lift"));
  until("an incident is open", [&] { return incidents().size() == 1; });
  BOOST_TEST(incidents()[0].code == "no_server");
  BOOST_TEST(driver->seen().empty());
  put_server("north");
  must(remedy(incidents()[0].id, "retry"));
  until_state(id, "lifted");
  BOOST_TEST(incidents().empty());
  BOOST_TEST(incidents("closed").at(0).code == "no_server");
  server = known;
}

BOOST_FIXTURE_TEST_CASE(takes_a_driver_that_throws_for_an_outcome, RunningEngine) {
  driver->play([](const DriverRequest&) -> std::optional<DriverResponse> { throw std::runtime_error("out of sockets"); });
  const auto id = create_service();
  must(command(id, "lift"));
  // It was a change: whether it left is unknown, so it is looked at, which throws as well.
  until("an incident is open", [&] { return incidents().size() == 1; });
  BOOST_TEST(incidents()[0].code == "internal");
  driver->play([](const DriverRequest&) -> std::optional<DriverResponse> { return answer(200, R"({"is":"up"})"); });
  must(remedy(incidents()[0].id, "retry"));
  until_state(id, "lifted");
}

BOOST_FIXTURE_TEST_CASE(decides_again_when_somebody_else_has_changed_the_actor, RunningEngine) {
  driver->play(hold_changes);
  const auto id = create_service();
  must(command(id, "lift"));
  BOOST_REQUIRE(driver->wait_for_held(1));
  const auto other = open_store();
  other->use_incarnation(attempts(id).at(0).incarnation);
  storage::Commit commit{.id = "dec_other", .changes = {{}}, .required = {}, .actions = {}, .idempotency = {}};
  auto& change = commit.changes[0];
  change.row = must(other->load(id)).row;
  change.expected_version = change.row.version++;
  change.row.decision = commit.id;
  change.row.attributes.as_object()["colour"] = "green";
  change.applied.event = "other";
  BOOST_REQUIRE(must(other->commit({&commit, 1})).at(0).status == storage::CommitStatus::committed);
  driver->release(answer(200));
  until_state(id, "lifted");
  BOOST_TEST(text_of(actor(id).attributes, "colour") == "green");
  BOOST_TEST(driver->keys().size() == 1U);
}

BOOST_FIXTURE_TEST_CASE(quarantines_a_row_it_cannot_read_and_goes_on_with_the_others, RunningEngine) {
  const auto broken = create_service(), well = create_service();
  const auto order = create("order", "asking");
  stop();
  const auto store = open_store();
  must(store->begin_incarnation("nod_test", "host"));
  storage::Commit commit{.id = "dec_broken", .changes = {{}}, .required = {}, .actions = {}, .idempotency = {}};
  auto& change = commit.changes[0];
  change.row = must(store->load(broken)).row;
  const auto cursor = change.row.cursor;
  change.expected_version = change.row.version++;
  change.row.cursor = "not a cursor";
  change.applied.event = "other";
  BOOST_REQUIRE(must(store->commit({&commit, 1})).at(0).status == storage::CommitStatus::committed);
  restart();
  must(command(order, "ask", JsonObject{{"service", broken.str()}}));
  until("an incident is open", [&] { return incidents().size() == 1; });
  BOOST_TEST(incidents()[0].kind == "quarantined");
  BOOST_TEST(reason_of(command(broken, "lift")) == "quarantined");
  must(command(well, "lift"));
  until_state(well, "lifted");

  restart();  // it stays aside, with its mailbox and its one incident
  BOOST_TEST(reason_of(command(broken, "lift")) == "quarantined");
  BOOST_TEST(reason_of(remedy(incidents().at(0).id, "retry")) == "still_quarantined");
  BOOST_TEST(Engine::metric("stellwerk_incidents_open") == 1);
  stop();
  must(store->begin_incarnation("nod_test2", "host"));
  change.row = must(store->load(broken)).row;
  change.expected_version = change.row.version++;
  change.row.cursor = cursor;
  BOOST_REQUIRE(must(store->commit({&commit, 1})).at(0).status == storage::CommitStatus::committed);
  restart();
  must(remedy(incidents().at(0).id, "retry"));
  until("its message is applied", [&] { return int_of(actor(order).attributes, "times") == 1; });
  BOOST_TEST(incidents().empty());
  BOOST_TEST(Engine::metric("stellwerk_incidents_open") == 0);
}

BOOST_FIXTURE_TEST_CASE(puts_a_timer_whose_child_cannot_be_born_before_a_person, RunningEngine) {
  const auto id = create("order", "breeding", JsonObject{{"breed", "no-such-workflow"}});
  advance_clock(std::chrono::hours{2});
  until("an incident is open", [&] { return incidents().size() == 1; });
  BOOST_TEST(incidents()[0].kind == "event_failed");
  BOOST_TEST(incidents()[0].code == "unknown_workflow");
  BOOST_TEST(actor(id).state == "open");
  const auto edit = [&](const std::string& breed) {
    must(wait_for<actors::Answer>([&](auto done) {
      client().edit({.actor = id, .kind = "order", .values = JsonObject{{"breed", breed}}, .caller = staff(), .trace = {}, .idempotency = {}}, done);
    }));
  };
  edit("lifting");  // it wants a server, which it is not given
  BOOST_TEST(reason_of(remedy(incidents()[0].id, "retry")) != "answered");
  edit("based");
  must(remedy(incidents()[0].id, "retry"));
  until_state(id, "grown");
  BOOST_TEST(incidents().empty());
}

BOOST_FIXTURE_TEST_CASE(sets_a_message_aside_that_cannot_be_applied_and_takes_the_next, RunningEngine) {
  const auto sender = create("order", "asking"), receiver = create("order", "asking");
  must(command(sender, "order", JsonObject{{"service", receiver.str()}, {"workflow", "no-such-workflow"}}));
  until("the message behind it is applied", [&] { return int_of(actor(receiver).attributes, "times") == 100; });
  const auto open = incidents();
  BOOST_REQUIRE(open.size() == 1U);
  BOOST_TEST(open[0].kind == "event_failed");
  BOOST_TEST(open[0].code == "unknown_workflow");
  BOOST_TEST(text_of(open[0].detail, "name") == "beget");
  must(remedy(open[0].id, "skip"));
  BOOST_TEST(incidents().empty());
  must(command(receiver, "ask", JsonObject{{"service", sender.str()}}));
}

BOOST_FIXTURE_TEST_CASE(answers_everybody_when_it_stops, RunningEngine) {
  driver->play(hold_changes);
  const auto id = create_service();
  std::atomic<int> answers{0}, good{0};
  const auto count = [&](const Result<actors::Answer>& answer) { ++answers, good += answer ? 1 : 0; };
  auto waiting = order_of(id, "lift");
  waiting.wait = deadline;
  client().command(waiting, count);
  BOOST_REQUIRE(driver->wait_for_held(1));
  for (int i = 0; i < 500; ++i) client().create(creation("ticket", "ticket", ticket()), count);
  for (int i = 0; i < 100; ++i) {
    auto request = creation("ticket", "ticket", ticket());
    request.idempotency = actors::Idempotency{"stop", std::to_string(i % 10), "hash"};
    client().create(request, count);
  }
  stop();
  BOOST_TEST(answers.load() == 601);
  BOOST_TEST(good.load() >= 1);  // the waiter: its command was committed
  client().create(creation("ticket", "ticket", ticket()), count);
  BOOST_TEST(answers.load() == 602);
}

BOOST_AUTO_TEST_SUITE_END()
