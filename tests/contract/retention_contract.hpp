// The contract of retention: what goes when its time is over, and what must stay. Included by a program that defines `Backends`.

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/contract/backends.hpp"
#include "tests/contract/builders.hpp"

BOOST_AUTO_TEST_SUITE(retention_contract)

BOOST_AUTO_TEST_CASE_TEMPLATE(the_life_of_a_final_actor_goes_and_the_actor_stays, Backend, Backends) {
  DirectoryFixture<Backend> f;
  std::vector<Commit> batch{create("svc_final"), create("svc_fresh"), create("svc_live")};
  batch[0].changes[0].run = contract::run_of("svc_final", "run_1", noon);
  batch[2].changes[0].run = contract::run_of("svc_live", "run_2", noon);
  f.commit(batch);
  std::vector<Commit> last{update("svc_final", 1), update("svc_fresh", 1)};
  for (auto& commit : last) commit.changes[0].row.live = false;
  last[1].changes[0].row.updated_at = noon + std::chrono::hours{24};
  f.commit(last);
  const auto page = must(f.directory->final_actors("", 100, noon + std::chrono::hours{1}));
  BOOST_REQUIRE(page.actors.size() == 1U);
  BOOST_TEST((page.actors[0].str() == "svc_final" && page.last.empty()));
  auto first = must(f.directory->final_actors("", 2, noon + std::chrono::hours{1}));
  BOOST_TEST((first.last == "svc_fresh" && must(f.directory->final_actors(first.last, 2, noon)).actors.empty()));

  BOOST_TEST(must(f.directory->trim_actor(ActorId{"svc_live"}, 10)) == 0);
  BOOST_TEST(must(f.directory->trim_actor(ActorId{"svc_final"}, 1)) == 1);
  BOOST_TEST(must(f.directory->journal(tenant, ActorId{"svc_final"}, 0, 10)).front().version == 2);
  BOOST_TEST(must(f.directory->trim_actor(ActorId{"svc_final"}, 10)) == 2);
  BOOST_TEST(must(f.directory->trim_actor(ActorId{"svc_final"}, 10)) == 0);
  BOOST_TEST(must(f.directory->journal(tenant, ActorId{"svc_final"}, 0, 10)).empty());
  BOOST_TEST(!must(f.directory->find_run(tenant, RunId{"run_1"})).has_value());
  BOOST_TEST(must(f.directory->find_actor(tenant, ActorId{"svc_final"})).has_value());
  BOOST_TEST(must(f.directory->journal(tenant, ActorId{"svc_live"}, 0, 10)).size() == 1U);
  BOOST_TEST(must(f.directory->find_run(tenant, RunId{"run_2"})).has_value());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(what_is_old_goes_oldest_first_and_never_what_is_open, Backend, Backends) {
  using enum Directory::Aged;
  DirectoryFixture<Backend> f;
  const auto later = noon + std::chrono::hours{48};
  std::vector<Commit> batch{create("svc_1"), create("svc_2"), create("svc_3")};
  for (auto& commit : batch) commit.changes[0].incidents = {contract::incident_of(commit.changes[0].row.id.str(), "event_failed")};
  batch[0].changes[0].outbox = {outbox_event("obx_1", "svc_1"), outbox_event("obx_2", "svc_1"), outbox_event("obx_3", "svc_1")};
  batch[0].changes[0].outbox[2].at = later;
  f.commit(batch);
  std::vector<Commit> closing{update("svc_1", 1), update("svc_2", 1)};
  for (auto& commit : closing) {
    auto incident = contract::incident_of(commit.changes[0].row.id.str(), "event_failed");
    incident.state = "closed";
    incident.closed_at = incident.actor.str() == "svc_1" ? noon : later;
    commit.changes[0].incidents = {incident};
  }
  f.commit(closing);
  const auto audit_at = [&](const std::string& id, Time at) {
    must(f.store->add_audit({.id = id, .tenant = tenant, .at = at, .by = "usr_1", .role = "admin", .action = "reveal", .object = "svc_1", .field = "password", .note = "n"}));
  };
  audit_at("evt_a1", noon);
  audit_at("evt_a2", later);
  must(f.directory->add_session({.id = "ses_1", .user = UserId{"usr_1"}, .tenant = tenant, .created_at = noon, .expires_at = noon}));
  must(f.directory->add_session({.id = "ses_2", .user = UserId{"usr_1"}, .tenant = tenant, .created_at = noon, .expires_at = later}));

  const auto before = noon + std::chrono::hours{1};
  BOOST_TEST(must(f.directory->trim(incidents, before, 100)) == 1);
  BOOST_TEST(!must(f.directory->find_incident(tenant, IncidentId{"inc_svc_1"})).has_value());
  BOOST_TEST(must(f.directory->find_incident(tenant, IncidentId{"inc_svc_2"})).has_value());
  BOOST_TEST(must(f.directory->trim(incidents, later + std::chrono::hours{1}, 100)) == 1);
  BOOST_TEST(must(f.directory->find_incident(tenant, IncidentId{"inc_svc_3"})).has_value());  // open, however old
  BOOST_TEST(must(f.directory->trim(outbox, before, 1)) == 1);
  BOOST_TEST(must(f.directory->trim(outbox, before, 100)) == 1);
  const auto left = must(f.directory->list_outbox(tenant, PageRequest{}));
  BOOST_REQUIRE(left.size() == 1U);
  BOOST_TEST(left[0].id == "obx_3");
  BOOST_TEST(must(f.directory->trim(audit, before, 100)) == 1);
  BOOST_TEST(must(f.directory->list_audit(tenant, "", PageRequest{})).size() == 1U);
  BOOST_TEST(must(f.directory->trim(sessions, before, 100)) == 1);
  BOOST_TEST((!must(f.directory->find_session("ses_1")).has_value() && must(f.directory->find_session("ses_2")).has_value()));
  for (const auto what : {tenant_journals, idempotency, transition_actions, deferred_events}) BOOST_TEST(must(f.directory->trim(what, before, 100)) == 0);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(answers_and_keys_of_effects_go_by_their_age, Backend, Backends) {
  using enum Directory::Aged;
  DirectoryFixture<Backend> f;
  auto commit = create("svc_1");
  commit.idempotency = IdempotencyRow{.scope = "s", .key = "k", .body_hash = "h", .status = 201, .answer = JsonObject{}, .at = noon};
  commit.changes[0].messages = {message_to("svc_1", "", "later", true)};
  f.commit({commit});
  BOOST_TEST(must(f.directory->trim(idempotency, noon, 100)) == 0);
  BOOST_TEST(must(f.store->find_idempotency("s", "k")).has_value());
  BOOST_TEST(must(f.directory->trim(idempotency, noon + std::chrono::seconds{1}, 100)) == 1);
  BOOST_TEST(!must(f.store->find_idempotency("s", "k")).has_value());
  BOOST_TEST(must(f.directory->trim(deferred_events, noon + std::chrono::hours{1}, 100)) == 0);  // it still waits
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_month_goes_as_a_whole_only_when_everybody_in_it_may, Backend, Backends) {
  DirectoryFixture<Backend> f;
  f.commit({create("svc_1"), create("svc_2")});
  auto end = update("svc_1", 1);
  end.changes[0].row.live = false;
  f.commit({end});
  const auto long_after = noon + std::chrono::hours{24 * 400};
  // months around the present are made ahead; they are empty, and over by then
  const auto drops = [&](Time before) {
    const auto dropped = must(f.directory->drop_months(before));
    return std::find(dropped.begin(), dropped.end(), "journal_2026_03") != dropped.end();
  };
  BOOST_TEST(!drops(long_after));  // svc_2 lives
  end = update("svc_2", 1);
  end.changes[0].row.live = false;
  f.commit({end});
  BOOST_TEST(!drops(noon + std::chrono::hours{24}));  // the month is not over
  const bool sqlite = f.backend.database->dialect() == "sqlite";
  BOOST_TEST(drops(long_after) != sqlite);
  BOOST_TEST(must(f.directory->journal(tenant, ActorId{"svc_1"}, 0, 10)).empty() != sqlite);
}

BOOST_AUTO_TEST_SUITE_END()
