// What cannot be processed is put aside, harms nobody else, keeps its mailbox, and goes on when it has been repaired.

#include "tests/unit/actors/engine.hpp"

namespace stellwerk::testing {
namespace {

std::string reason_of(const Result<actors::Answer>& answer) { return answer ? "answered" : answer.error().reason; }

std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string{"''"} : std::string{c};
  return out + "'";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(quarantine)

BOOST_FIXTURE_TEST_CASE(of_a_row_that_is_no_json_leaves_the_row_as_it_is_and_ends_when_it_is_repaired, RunningEngine) {
  for (const std::string column : {"attributes", "cursor"}) {
    const auto broken = create_service(), well = create_service();
    const auto order = create("order", "asking");
    const auto sound = ask_sql("select " + column + " from actor where id = '" + broken.str() + "'");
    const auto rubbish = sound.substr(0, sound.size() - 1) + ", \"x\": tru";
    stop();
    sql("update actor set " + column + " = " + quoted(rubbish) + " where id = '" + broken.str() + "'");
    restart();
    must(command(order, "ask", JsonObject{{"service", broken.str()}}));
    until("an incident is open", [&] { return incidents().size() == 1; });
    const auto incident = incidents()[0];
    BOOST_TEST(incident.kind == "quarantined");
    BOOST_TEST((incident.actor == broken));
    BOOST_TEST(incident.text.find("cannot be read") != std::string::npos, incident.text);
    BOOST_TEST((incident.remedies == std::vector<std::string>{"retry"}));
    BOOST_TEST(text_of(incident.detail, "workflow") == "lifting");
    BOOST_TEST(ask_sql("select " + column + " from actor where id = '" + broken.str() + "'") == rubbish);

    BOOST_TEST(reason_of(command(broken, "lift")) == "quarantined");
    must(command(well, "lift"));
    until_state(well, "lifted");
    const auto services = read<std::vector<storage::ServiceView>>([&](auto& records) { return records.list_services(tenant, "", {}); });
    BOOST_TEST(services.size() >= 2U);  // the list of everybody is whole

    BOOST_TEST(reason_of(remedy(incident.id, "skip")) == "remedy_not_offered");
    BOOST_TEST(reason_of(remedy(incident.id, "retry")) == "still_quarantined");
    restart();  // it stays aside, with its mailbox and its one incident
    BOOST_TEST(reason_of(command(broken, "lift")) == "quarantined");
    BOOST_TEST(incidents().size() == 1U);

    // what is repaired in the database is seen without a restart
    sql("update actor set " + column + " = " + quoted(sound) + " where id = '" + broken.str() + "'");
    must(remedy(incident.id, "retry"));
    until("its message is applied", [&] { return int_of(actor(order).attributes, "times") == 1; });
    BOOST_TEST(incidents().empty());
    const auto closed = facts(broken, "incident_closed");
    BOOST_REQUIRE(closed.size() == 1U);
    BOOST_TEST(text_of(closed[0], "note") == "seen to");
    BOOST_TEST(text_of(closed[0], "remedy") == "retry");
    BOOST_TEST(text_of(*find_member(closed[0], "by"), "id") == "usr_staff");
    BOOST_TEST(incidents("closed").at(0).closed_by == "usr_staff");
    must(command(broken, "lift"));
    until_state(broken, "lifted");
  }
}

BOOST_FIXTURE_TEST_CASE(of_one_poisoned_message_keeps_the_mailbox_until_it_is_repaired, RunningEngine) {
  const auto order = create("order", "asking"), receiver = create("order", "asking");
  const auto event = make_id<EventId>("evt").str();
  stop();
  sql("insert into mailbox (tenant, receiver, sender, event_id, event, payload, meta, deferred, at) values ('" + tenant.str() + "', '" + receiver.str() + "', '" + order.str() +
      "', '" + event + "', 'nudge', '{\"half', '{}', 0, 1)");
  restart();
  until("an incident is open", [&] { return incidents().size() == 1; });
  BOOST_TEST(incidents()[0].kind == "quarantined");
  must(command(order, "order", JsonObject{{"service", order.str()}, {"workflow", "none"}}));  // to itself: others go on
  sql("update mailbox set payload = '{}' where event_id = '" + event + "'");
  const auto mine = [&] {
    for (const auto& incident : incidents())
      if (incident.actor == receiver) return incident.id;
    return IncidentId{};
  };
  must(remedy(mine(), "retry"));
  until("the message is applied", [&] { return int_of(actor(receiver).attributes, "times") == 100; });
}

BOOST_FIXTURE_TEST_CASE(of_a_revision_that_no_longer_loads_holds_its_actors_and_not_the_node, RunningEngine) {
  const auto lifting = create_service("lifting"), waiting = create_service("waiting");
  const auto order = create("order", "asking");
  const auto sound = ask_sql("select content from revision where name = 'lifting'");
  stop();
  sql("update revision set content = 'language: 1\nworkflow: lifting\nkind: [\n' where name = 'lifting'");
  restart();
  BOOST_TEST(metric("stellwerk_revisions_unreadable") == 1);
  BOOST_TEST(reason_of(command(lifting, "lift")) == "quarantined");
  until("an incident is open", [&] { return incidents().size() == 1; });
  BOOST_TEST((incidents()[0].actor == lifting));
  BOOST_TEST(incidents()[0].text.find("workflow lifting revision 1 cannot be loaded") != std::string::npos, incidents()[0].text);
  BOOST_TEST(reason_of(create(creation("service", "lifting", JsonObject{{"server", server.str()}}))) == "unknown_workflow");
  must(command(waiting, "hoist"));
  until_state(waiting, "hoisted");
  must(command(order, "ask", JsonObject{{"service", lifting.str()}}));
  BOOST_TEST(reason_of(remedy(incidents()[0].id, "retry")) == "still_quarantined");

  stop();
  sql("update revision set content = " + quoted(sound) + " where name = 'lifting'");
  restart();
  BOOST_TEST(metric("stellwerk_revisions_unreadable") == 0);
  BOOST_TEST(reason_of(command(lifting, "lift")) == "quarantined");  // until a person has looked
  must(remedy(incidents()[0].id, "retry"));
  until("its message is applied", [&] { return int_of(actor(order).attributes, "times") == 1; });
  must(command(lifting, "lift"));
  until_state(lifting, "lifted");
}

BOOST_FIXTURE_TEST_CASE(of_a_connector_that_no_longer_loads_holds_who_needs_it_and_not_the_node, RunningEngine) {
  const auto lifting = create_service("lifting");
  const auto order = create("order", "asking");
  const auto sound = ask_sql("select content from revision where name = 'crane'");
  stop();
  sql("update revision set content = 'connector: crane' where name = 'crane'");
  restart();
  BOOST_TEST(reason_of(command(lifting, "lift")) == "quarantined");
  must(command(order, "remind"));
  until("others go on", [&] { return int_of(actor(order).attributes, "times") >= 0; });
  stop();
  sql("update revision set content = " + quoted(sound) + " where name = 'crane'");
  restart();
  must(remedy(incidents().at(0).id, "retry"));
  must(command(lifting, "lift"));
  until_state(lifting, "lifted");
}

BOOST_FIXTURE_TEST_CASE(of_an_actor_in_the_middle_of_its_work_looks_first_when_it_goes_on, RunningEngine) {
  driver->play([](const DriverRequest& request) -> std::optional<DriverResponse> {
    return request.method == "GET" ? std::optional{answer(200, R"({"is":"up"})")} : std::nullopt;
  });
  const auto id = create_service();
  must(command(id, "lift"));
  BOOST_REQUIRE(driver->wait_for_held(1));
  const auto sound = ask_sql("select cursor from actor where id = '" + id.str() + "'");
  stop();
  sql("update actor set cursor = '[]' where id = '" + id.str() + "'");
  sql("update attempt set input = 'rubbish' where actor = '" + id.str() + "'");  // which must not keep the node from starting
  restart();
  until("an incident is open", [&] { return incidents().size() == 1; });
  sql("update actor set cursor = " + quoted(sound) + " where id = '" + id.str() + "'");
  must(remedy(incidents()[0].id, "retry"));
  until_state(id, "lifted");
  const auto seen = driver->seen();
  BOOST_TEST(std::count(seen.begin(), seen.end(), "POST /north/lift") == 1);  // it was seen to be up already
}

BOOST_FIXTURE_TEST_CASE(is_not_what_a_broken_reference_brings_upon_its_readers, RunningEngine) {
  const auto peer = create_service("waiting"), reader = create_service("waiting"), other = create_service("waiting");
  stop();
  sql("update actor set attributes = '{' where id = '" + peer.str() + "'");
  restart();
  const auto answered = command(reader, "follow", JsonObject{{"peer", peer.str()}});
  BOOST_TEST(!answered.has_value());
  BOOST_TEST(incidents().empty());
  must(command(reader, "follow", JsonObject{{"peer", other.str()}}));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(undelivered)

BOOST_FIXTURE_TEST_CASE(messages_to_nobody_end_in_the_journal_of_their_sender, RunningEngine) {
  const auto order = create("order", "asking");
  const auto nobody = make_id<ActorId>("svc");
  must(command(order, "ask", JsonObject{{"service", nobody.str()}}));
  restart();  // looks through the mailbox at once
  until("it came back", [&] { return facts(order, "message_returned").size() == 1; });
  const auto fact = facts(order, "message_returned")[0];
  BOOST_TEST(text_of(fact, "event") == "ask");
  BOOST_TEST(text_of(fact, "to") == nobody.str());
  BOOST_TEST(text_of(fact, "reason") == "missing");
  BOOST_TEST(must(open_store()->load(order)).mailbox.empty());
  must(command(order, "remind"));  // it goes on
  until("its own message is refused or applied", [&] { return must(open_store()->load(order)).mailbox.empty(); });
}

BOOST_FIXTURE_TEST_CASE(messages_to_an_actor_that_has_ended_are_in_both_journals, RunningEngine) {
  const auto order = create("order", "asking");
  const auto service = create_service();
  must(command(service, "lift"));
  until_state(service, "lifted");
  advance_clock(std::chrono::hours{24 * 4});
  until_state(service, "rusty");
  must(command(order, "ask", JsonObject{{"service", service.str()}}));
  until("it came back", [&] { return facts(order, "message_returned").size() == 1; });
  BOOST_TEST(text_of(facts(order, "message_returned")[0], "reason") == "final");
  BOOST_TEST(text_of(facts(service, "event_refused").at(0), "event") == "ask");
  BOOST_TEST(must(open_store()->load(service)).mailbox.empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace stellwerk::testing
