// The contract of the check that nothing is silently stuck, and of what it relies on. Included by a program that defines `Backends`.

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/contract/backends.hpp"
#include "tests/contract/builders.hpp"

namespace contract {

inline std::string told(const std::vector<StuckRow>& rows) {
  std::string all;
  for (const auto& row : rows) all += (all.empty() ? "" : " ") + row.actor.str() + ":" + row.what + (row.subject.empty() ? "" : "/" + row.subject);
  return all;
}

inline IncidentRow incident_of(const std::string& actor, const std::string& kind) {
  IncidentRow incident;
  incident.id = IncidentId{"inc_" + actor};
  incident.tenant = tenant;
  incident.kind = kind;
  incident.actor = ActorId{actor};
  incident.opened_at = noon;
  return incident;
}

inline RunRow run_of(const std::string& actor, const std::string& run, Time ended) {
  return {.id = RunId{run}, .tenant = tenant, .actor = ActorId{actor}, .workflow = "test-flow", .revision = 1, .event = "go", .state = "active", .status = "running", .step = "step",
          .trace = "", .started_at = noon, .ended_at = ended};
}

}  // namespace contract

BOOST_AUTO_TEST_SUITE(doctor_contract)

BOOST_AUTO_TEST_CASE_TEMPLATE(an_actor_without_any_wake_up_is_stuck, Backend, Backends) {
  DirectoryFixture<Backend> f;
  std::vector<Commit> batch;
  for (const auto* id : {"svc_attempt", "svc_deferred", "svc_final", "svc_incident", "svc_message", "svc_nothing", "svc_old", "svc_resting", "svc_timer", "svc_working"}) batch.push_back(create(id));
  batch[0].changes[0].attempts = {attempt_of("svc_attempt", "run_1", "att_1")};
  batch[1].changes[0].messages = {message_to("svc_deferred", "", "later", true)};
  batch[2].changes[0].row.live = false;
  batch[3].changes[0].incidents = {incident_of("svc_incident", "event_failed")};
  batch[4].changes[0].messages = {message_to("svc_message", "svc_timer", "hello")};
  batch[6].changes[0].attempts = {attempt_of("svc_old", "run_2", "att_2")};
  batch[6].changes[0].attempts[0].incarnation = "nod_0";  // nobody carries it out
  batch[7].changes[0].row.state = "quiet";
  batch[7].changes[0].run = run_of("svc_resting", "run_3", noon);
  batch[8].changes[0].timers = {{ActorId{"svc_timer"}, tenant, "t", noon}};
  batch[9].changes[0].row.state = "quiet";  // it works in place, and its attempt is gone
  batch[9].changes[0].run = run_of("svc_working", "run_4", Time{});
  f.commit(batch);
  const std::vector<std::string> resting{"test-flow/quiet", "other/active"};
  const std::string stuck = "svc_deferred:no_wake_up svc_nothing:no_wake_up svc_old:no_wake_up svc_working:no_wake_up";
  auto page = must(f.directory->stuck_page("", 100, resting));
  BOOST_TEST(told(page.found) == stuck);
  BOOST_TEST((page.until.empty() && page.looked_at == 9));
  BOOST_TEST((page.found[0].tenant == tenant && page.found[0].kind == "order" && page.found[0].workflow == "test-flow" && page.found[0].revision == 1 && page.found[0].state == "active"));
  BOOST_TEST((page.found[0].since == noon && page.found[0].half() == "no_wake_up"));

  // page by page the same, and every page ends
  std::string after, all;
  int pages = 0;
  do {
    page = must(f.directory->stuck_page(after, 2, resting));
    BOOST_TEST(page.looked_at <= 2);
    if (const auto text = told(page.found); !text.empty()) all += (all.empty() ? "" : " ") + text;
    after = page.until;
    ++pages;
  } while (!after.empty());
  BOOST_TEST(all == stuck);
  BOOST_TEST(pages == 5);

  const std::vector<ActorId> some{ActorId{"svc_nothing"}, ActorId{"svc_timer"}, ActorId{"svc_final"}, ActorId{"svc_nowhere"}};
  BOOST_TEST(told(must(f.directory->stuck_among(some, resting))) == "svc_nothing:no_wake_up");
  BOOST_TEST(must(f.directory->stuck_among({}, resting)).empty());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(an_attempt_is_a_wake_up_while_nobody_serves, Backend, Backends) {
  DirectoryFixture<Backend> f;
  auto working = create("svc_a");
  working.changes[0].attempts = {attempt_of("svc_a", "run_1", "att_1")};
  f.commit({working});
  f.store->end_incarnation(incarnation);
  BOOST_TEST(must(f.directory->stuck_page("", 10, {})).found.empty());
  BOOST_TEST(must(f.directory->facts()).nodes.empty());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_timer_past_due_is_overdue_unless_a_person_holds_its_actor, Backend, Backends) {
  DirectoryFixture<Backend> f;
  std::vector<Commit> batch;
  for (const auto* id : {"svc_a", "svc_b", "svc_c", "svc_d", "svc_e"}) {
    batch.push_back(create(id));
    batch.back().changes[0].timers = {{ActorId{id}, tenant, "t", noon + std::chrono::seconds{static_cast<int>(batch.size())}}};
  }
  batch[0].changes[0].incidents = {incident_of("svc_a", "held_run")};
  batch[1].changes[0].incidents = {incident_of("svc_b", "event_failed")};  // that holds up one event, not the actor
  batch[2].changes[0].incidents = {incident_of("svc_c", "quarantined")};
  f.commit(batch);
  BOOST_TEST(told(must(f.directory->overdue_timers(noon + std::chrono::seconds{5}))) == "svc_b:timer/t svc_d:timer/t");
  BOOST_TEST(must(f.directory->overdue_timers(noon)).empty());
  BOOST_TEST((must(f.directory->overdue_timers(noon + std::chrono::hours{1}))[2].since == noon + std::chrono::seconds{5}));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(an_attempt_that_nobody_looks_at_is_overdue, Backend, Backends) {
  DirectoryFixture<Backend> f;
  std::vector<Commit> batch;
  for (const auto* id : {"svc_a", "svc_b", "svc_c"}) {
    batch.push_back(create(id));
    batch.back().changes[0].attempts = {attempt_of(id, std::string{"run_"} + id, std::string{"att_"} + id)};
  }
  batch[0].changes[0].attempts[0].incarnation = "nod_0";
  batch[2].changes[0].attempts[0].deadline = noon + std::chrono::hours{3};
  f.commit(batch);
  auto page = must(f.directory->overdue_attempts("", 100, noon + std::chrono::hours{2}));
  BOOST_TEST(told(page.found) == "svc_a:attempt_abandoned/step svc_b:attempt_past_deadline/step");
  BOOST_TEST((page.until.empty() && page.looked_at == 3 && page.found[0].half() == "overdue"));
  BOOST_TEST(told(must(f.directory->overdue_attempts("", 100, noon)).found) == "svc_a:attempt_abandoned/step");
  page = must(f.directory->overdue_attempts("", 2, noon + std::chrono::hours{4}));
  BOOST_TEST(page.until == "run_svc_b");
  BOOST_TEST(told(must(f.directory->overdue_attempts(page.until, 2, noon + std::chrono::hours{4})).found) == "svc_c:attempt_past_deadline/step");

  // during an emergency stop its time stands still; it is given back, and nobody is accused before it could be used
  const auto past = [&](std::chrono::hours now) { return told(must(f.directory->overdue_attempts("", 100, noon + now)).found); };
  const std::string abandoned = "svc_a:attempt_abandoned/step";
  must(f.store->put_stop({tenant, true, "usr_1", "gateway", noon + std::chrono::minutes{30}}, tenant));
  BOOST_TEST(past(std::chrono::hours{2}) == abandoned);
  must(f.store->put_stop({tenant, false, "usr_1", "over", noon + std::chrono::hours{3}}, tenant));
  BOOST_TEST(past(std::chrono::hours{4}) == abandoned);
  BOOST_TEST(past(std::chrono::hours{28}) == abandoned + " svc_b:attempt_past_deadline/step svc_c:attempt_past_deadline/step");
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_message_that_nobody_takes_is_overdue, Backend, Backends) {
  DirectoryFixture<Backend> f;
  std::vector<Commit> batch;
  for (const auto* id : {"svc_a", "svc_b", "svc_c", "svc_d"}) batch.push_back(create(id));
  batch[0].changes[0].messages = {message_to("svc_b", "svc_a", "one"), message_to("svc_c", "svc_a", "two"), message_to("svc_gone", "svc_a", "three")};
  batch[1].changes[0].messages = {message_to("svc_b", "", "four", true)};
  batch[2].changes[0].incidents = {incident_of("svc_c", "quarantined")};
  batch[3].changes[0].messages = {message_to("svc_d", "", "five", true)};
  batch[3].changes[0].run = run_of("svc_d", "run_1", Time{});
  f.commit(batch);
  auto page = must(f.directory->overdue_messages("", 100, noon + std::chrono::seconds{1}));
  BOOST_TEST(told(page.found) == "svc_b:message/one svc_gone:no_receiver/three svc_b:deferred/four");
  BOOST_TEST((page.looked_at == 5 && page.found[1].tenant.empty() && page.found[0].tenant == tenant));
  BOOST_TEST(must(f.directory->overdue_messages("", 100, noon)).found.empty());
  page = must(f.directory->overdue_messages("", 3, noon + std::chrono::hours{1}));
  BOOST_TEST(told(must(f.directory->overdue_messages(page.until, 3, noon + std::chrono::hours{1})).found) == "svc_b:deferred/four");

  const auto facts = must(f.directory->facts());
  BOOST_TEST((facts.live_actors == 4 && facts.messages_waiting == 5 && facts.messages_lost == 1 && facts.incidents_open == 1));
  BOOST_TEST((facts.nodes.size() == 1 && facts.nodes[0].incarnation == incarnation && facts.nodes[0].host == "host-a"));
  BOOST_TEST((facts.now - facts.nodes[0].heartbeat_at < std::chrono::minutes{1} && facts.nodes[0].lease > Duration{0}));
  BOOST_TEST(facts.schema >= "0007");
}

BOOST_AUTO_TEST_CASE_TEMPLATE(incidents_are_listed_by_kind_actor_and_step, Backend, Backends) {
  DirectoryFixture<Backend> f;
  auto a = create("svc_a"), b = create("svc_b");
  a.changes[0].incidents = {incident_of("svc_a", "held_run")};
  a.changes[0].incidents[0].step = "create";
  b.changes[0].incidents = {incident_of("svc_b", "quarantined")};
  f.commit({a, b});
  const auto ids = [&](const IncidentFilter& filter) {
    std::string all;
    for (const auto& incident : must(f.directory->list_incidents(tenant, filter, {}))) all += incident.actor.str() + " ";
    return all;
  };
  BOOST_TEST(ids({}) == "svc_b svc_a ");
  BOOST_TEST(ids({.kind = "held_run"}) == "svc_a ");
  BOOST_TEST(ids({.state = "open", .actor = ActorId{"svc_b"}}) == "svc_b ");
  BOOST_TEST(ids({.state = "open", .step = "create"}) == "svc_a ");
  BOOST_TEST(ids({.state = "closed"}).empty());
  BOOST_TEST(must(f.directory->list_incidents(tenant, "open", {})).size() == 2);
}

BOOST_AUTO_TEST_SUITE_END()
