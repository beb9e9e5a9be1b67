// The end of a deferred command, as it is told to staff and to customers.

#include "tests/unit/api/desk.hpp"

using namespace stellwerk;
using namespace stellwerk::testing;

namespace {

/// Writes the next version of an actor.
void change(Desk& desk, const std::string& actor, JsonArray journal, std::vector<storage::MailboxRow> messages, std::vector<std::int64_t> consumed) {
  const auto before = must(desk.store->load(ActorId{actor})).row;
  storage::ActorChange change;
  change.row = before;
  change.row.version = before.version + 1;
  change.row.decision = format_id("dec", make_uuid());
  change.expected_version = before.version;
  change.applied = {make_id<EventId>("evt"), "none", JsonObject{}, "", "system"};
  change.journal = std::move(journal);
  change.messages = std::move(messages);
  change.consumed = std::move(consumed);
  const storage::Commit commit{.id = change.row.decision, .changes = {change}, .required = {}, .actions = {}, .idempotency = std::nullopt};
  BOOST_REQUIRE((must(desk.store->commit({&commit, 1})).front().status == storage::CommitStatus::committed));
}

/// A service that has put off a reboot.
struct Deferred : Desk {
  std::string event = make_id<EventId>("evt").str();
  Deferred() {
    change(*this, service, {JsonObject{{"type", "event_deferred"}, {"event", "reboot"}, {"id", event}}},
           {{.receiver = ActorId{service}, .sender = {}, .event_id = EventId{event}, .event = "reboot", .meta = JsonObject{{"command", true}}, .deferred = true, .at = client.now()}}, {});
  }
  void end(const JsonObject& entry) { change(*this, service, {entry}, {}, {must(store->load(ActorId{service})).mailbox.at(0).seq}); }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(events)

BOOST_FIXTURE_TEST_CASE(wait_until_their_turn_has_come, Deferred) {
  const auto told = get("/api/admin/events/" + event, "staff");
  BOOST_TEST(told.status == 200);
  BOOST_TEST(told.text == R"({"event":")" + event + R"(","actor":")" + service + R"(","state":"deferred","reason":null,"at":"2026-03-02T12:00:00Z","text":null})");
  end({{"type", "event"}, {"event", "reboot"}, {"id", event}, {"deferred", true}});
  BOOST_TEST(text_of(get("/api/admin/events/" + event, "staff").json, "state") == "applied");
}

BOOST_FIXTURE_TEST_CASE(tell_customers_of_what_is_theirs_and_no_names_of_states, Deferred) {
  end({{"type", "event_refused"}, {"event", "reboot"}, {"id", event}, {"reason", "not_allowed_now"}, {"text", "'reboot' is not possible in state suspended"}});
  const auto told = get("/api/client/events/" + event, "customer");
  BOOST_TEST(told.status == 200);
  BOOST_TEST((text_of(told.json, "state") == "refused" && text_of(told.json, "reason") == "not_allowed_now"));
  BOOST_TEST(find_member(told.json, "text") == nullptr);
  BOOST_TEST(text_of(get("/api/admin/events/" + event, "staff").json, "text") == "'reboot' is not possible in state suspended");
  BOOST_TEST(ask(http::Method::get, "/api/client/events/" + event, {.token = token("customer", stranger)}).status == 404);
}

BOOST_FIXTURE_TEST_CASE(are_held_by_an_incident_until_a_person_has_decided, Deferred) {
  end({{"type", "incident_opened"}, {"incident", "inc_1"}, {"event", "reboot"}, {"id", event}, {"text", "division by zero"}});
  BOOST_TEST(text_of(get("/api/admin/events/" + event, "staff").json, "reason") == "incident_open");
  BOOST_TEST(text_of(get("/api/client/events/" + event, "customer").json, "reason") == "busy");
  change(*this, service, {JsonObject{{"type", "incident_closed"}, {"incident", "inc_1"}, {"remedy", "retry"}}, JsonObject{{"type", "event_deferred"}, {"event", "reboot"}, {"id", "evt_again"}}}, {}, {});
  BOOST_TEST(text_of(get("/api/admin/events/" + event, "staff").json, "state") == "deferred");
  change(*this, service, {JsonObject{{"type", "event"}, {"event", "reboot"}, {"id", "evt_again"}}}, {}, {});
  BOOST_TEST(text_of(get("/api/admin/events/" + event, "staff").json, "state") == "applied");
}

BOOST_FIXTURE_TEST_CASE(that_were_not_deferred_are_not_found, Deferred) {
  for (const char* id : {"evt_none", "x", "evt_01h455vb4pex5vsknk084sn02q"}) BOOST_TEST(get(std::string{"/api/admin/events/"} + id, "staff").status == 404);
}

BOOST_FIXTURE_TEST_CASE(whose_conditions_fail_are_told_to_staff_to_the_bottom, Desk) {
  const auto failed = [] {
    return fail(wrap(Error{ErrorCode::invalid_argument, "division by zero", "expression_failed"}, "command 'reboot' in state active of workflow proxmox-vm cannot be decided").value());
  };
  client.script = {failed()};
  const auto told = post("/api/admin/services/" + service + "/commands/reboot", "staff");
  BOOST_TEST(told.status == 422);
  BOOST_TEST(told.type() == "/problems/expression_failed");
  BOOST_TEST(text_of(told.json, "detail") == "command 'reboot' in state active of workflow proxmox-vm cannot be decided: division by zero");
  const auto of_customer = post("/api/client/services/" + service + "/commands/reboot", "customer");
  BOOST_TEST(of_customer.status == 422);
  for (const char* own : {"division", "proxmox-vm", "state"}) BOOST_TEST(of_customer.text.find(own) == std::string::npos, of_customer.text);
}

BOOST_AUTO_TEST_SUITE_END()
