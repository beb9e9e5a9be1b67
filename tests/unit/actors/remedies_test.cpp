// Every remedy of every kind of incident, through the engine: what it does, and that journal and incident say who and why.

#include "tests/unit/actors/engine.hpp"

namespace stellwerk::testing {
namespace {

struct Desk : RunningEngine {
  std::string reason_of(const Result<actors::Answer>& answer) { return answer ? "answered" : answer.error().reason; }
  Result<actors::Answer> take(const IncidentId& incident, const std::string& remedy, const std::string& note, Json input = JsonObject{}, Json output = JsonObject{}) {
    return wait_for<actors::Answer>([&](auto done) {
      client().remedy({.incident = incident, .remedy = remedy, .note = note, .input = input, .output = output, .caller = staff(), .trace = {}}, done);
    });
  }
  /// A run that is held because the vendor refused.
  std::pair<ActorId, IncidentId> held() {
    driver->play([](const DriverRequest& request) -> std::optional<DriverResponse> { return answer(request.method == "GET" ? 200 : 500); });
    const auto id = create_service();
    must(command(id, "lift"));
    until("its run is held", [&] { return !incidents().empty(); });
    driver->play([](const DriverRequest& request) -> std::optional<DriverResponse> { return answer(200, request.method == "GET" ? R"({"is":"down"})" : "{}"); });
    return {id, incidents().at(0).id};
  }
  /// Incident and journal say how, why and by whom it was closed.
  void check_closed(const ActorId& actor, const IncidentId& incident, const std::string& remedy, const std::string& note) {
    std::optional<storage::IncidentRow> row;
    until("the incident is closed", [&] {
      row = read<std::optional<storage::IncidentRow>>([&](auto& records) { return records.find_incident(tenant, incident); });
      return row && row->state == "closed";
    });
    BOOST_TEST((row->state == "closed" && row->closed_how == remedy && row->closed_by == "usr_staff" && row->note == note && row->closed_at > row->opened_at));
    BOOST_TEST(!row->text.empty());  // what had happened stays
    const auto closed = facts(actor, "incident_closed");
    BOOST_REQUIRE(!closed.empty());
    BOOST_TEST((text_of(closed.back(), "remedy") == remedy && text_of(closed.back(), "note") == note && text_of(closed.back(), "incident") == incident.str()));
    BOOST_TEST(text_of(*find_member(closed.back(), "by"), "id") == "usr_staff");
    BOOST_TEST(text_of(*find_member(closed.back(), "by"), "role") == "staff");
    BOOST_TEST(reason_of(take(incident, remedy, "again")) == "incident_not_open");
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(remedies)

BOOST_FIXTURE_TEST_CASE(of_a_held_run_lead_where_they_say, Desk) {
  struct Row {
    std::string remedy, state;
    std::string key;  ///< of the request that follows; empty: none
  };
  for (const auto& [remedy, state, key] : {Row{"retry", "lifted", "/lift/1"}, {"skip", "lifted", ""}, {"edit", "lifted", "/lift/2"}, {"done", "lifted", ""}, {"fail", "idle", ""}}) {
    const auto [actor, incident] = held();
    const auto before = driver->keys().size();
    must(take(incident, remedy, "because of " + remedy));
    until_state(actor, state);
    check_closed(actor, incident, remedy, "because of " + remedy);
    const auto keys = driver->keys();
    if (key.empty()) BOOST_TEST(std::none_of(keys.begin() + static_cast<std::ptrdiff_t>(before), keys.end(), [](const std::string& k) { return k.ends_with("/lift/1") || k.ends_with("/lift/2"); }), remedy);
    else BOOST_TEST(keys.back().ends_with(key), remedy << ": " << keys.back());
    if (remedy == "skip") BOOST_TEST(text_of(facts(actor, "step_skipped").at(0), "note") == "because of skip");
  }
}

BOOST_FIXTURE_TEST_CASE(that_an_incident_does_not_offer_are_refused_and_change_nothing, Desk) {
  const auto [actor, incident] = held();
  BOOST_TEST(reason_of(take(incident, "edit", "no such member", JsonObject{{"speed", 1}})) != "answered");
  BOOST_TEST(incidents().size() == 1U);
  BOOST_TEST(reason_of(command(actor, "lift")) == "incident_open");
  must(take(incident, "skip", "enough"));
  until_state(actor, "lifted");
}

BOOST_FIXTURE_TEST_CASE(of_an_event_that_failed_are_to_try_it_again_or_to_drop_it, Desk) {
  for (const std::string remedy : {"retry", "skip"}) {
    const auto id = create("order", "breeding", JsonObject{{"breed", "no-such-workflow"}});
    advance_clock(std::chrono::hours{2});
    until("an incident is open", [&] { return incidents().size() == 1; });
    const auto incident = incidents()[0];
    BOOST_TEST(incident.kind == "event_failed");
    for (const char* other : {"edit", "done", "fail"}) BOOST_TEST(reason_of(take(incident.id, other, "why not")) == "remedy_not_offered", other);
    must(wait_for<actors::Answer>([&](auto done) {
      client().edit({.actor = id, .kind = "order", .values = JsonObject{{"breed", "based"}}, .caller = staff(), .trace = {}, .idempotency = {}}, done);
    }));
    must(take(incident.id, remedy, "the name was wrong"));
    check_closed(id, incident.id, remedy, "the name was wrong");
    BOOST_TEST(actor(id).state == (remedy == "retry" ? "grown" : "open"));
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace stellwerk::testing
