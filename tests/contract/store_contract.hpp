// The contract of Store. Included by a program that defines `Backends`, the list of databases to run it on.

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/contract/backends.hpp"
#include "tests/contract/builders.hpp"

namespace contract {

using namespace stellwerk;
using namespace stellwerk::testing;
using namespace stellwerk::storage;
using Status = CommitStatus;

inline std::vector<CommitResult> commit(Store& store, std::vector<Commit> batch) { return must(store.commit(batch)); }
inline Status commit_one(Store& store, const Commit& one) { return commit(store, {one}).at(0).status; }
inline std::int64_t version_of(Store& store, const std::string& actor) { return must(store.load(ActorId{actor})).row.version; }

}  // namespace contract
using namespace contract;

BOOST_AUTO_TEST_SUITE(store_contract)

BOOST_AUTO_TEST_CASE_TEMPLATE(a_created_actor_is_loaded_as_it_was_written, Backend, Backends) {
  Backend backend;
  auto store = open_writer(backend);
  auto commit = create("svc_a");
  commit.changes[0].row.attributes = JsonObject{{"zeta", "ä\"\\\n"}, {"alpha", 1.0}, {"list", JsonArray{1, nullptr, true}}};
  BOOST_TEST((commit_one(*store, commit) == Status::committed));
  const auto loaded = must(store->load(ActorId{"svc_a"}));
  const auto& row = loaded.row;
  BOOST_TEST(dump_json(row.attributes) == dump_json(commit.changes[0].row.attributes));
  BOOST_TEST((row.tenant == tenant && row.kind == "order" && row.workflow == "test-flow" && row.revision == 1 && row.state == "active"));
  BOOST_TEST((row.customer == "cus_1" && row.version == 1 && row.live && row.decision == "dec_svc_a_1" && row.created_at == noon && row.updated_at == noon));
  BOOST_TEST(loaded.mailbox.empty());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(an_actor_that_nobody_created_is_not_found, Backend, Backends) {
  Backend backend;
  auto store = open_writer(backend);
  const auto loaded = store->load(ActorId{"svc_none"});
  BOOST_REQUIRE(!loaded);
  BOOST_TEST((loaded.error().code == ErrorCode::not_found));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(only_the_expected_version_is_replaced, Backend, Backends) {
  Backend backend;
  auto store = open_writer(backend);
  BOOST_TEST((commit_one(*store, create("svc_a")) == Status::committed));
  BOOST_TEST((commit_one(*store, create("svc_a")) == Status::conflict));
  BOOST_TEST((commit_one(*store, update("svc_a", 1)) == Status::committed));
  BOOST_TEST((commit_one(*store, update("svc_a", 1)) == Status::conflict));
  BOOST_TEST((commit_one(*store, update("svc_b", 1)) == Status::conflict));
  BOOST_TEST(version_of(*store, "svc_a") == 2);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_conflict_writes_nothing_and_harms_no_neighbour, Backend, Backends) {
  Backend backend;
  auto store = open_writer(backend);
  commit(*store, {create("svc_a"), create("svc_b")});
  auto stale = update("svc_a", 7);
  stale.changes[0].timers = {{ActorId{"svc_a"}, tenant, "late", noon}};
  stale.changes[0].outbox = {outbox_event("evt_x", "svc_a")};
  const auto results = commit(*store, {stale, update("svc_b", 1)});
  BOOST_TEST((results[0].status == Status::conflict && results[1].status == Status::committed));
  BOOST_TEST(must(store->timers_due(tenant, noon, 10, {})).empty());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_decision_with_several_changes_is_all_or_nothing, Backend, Backends) {
  Backend backend;
  auto store = open_writer(backend);
  commit(*store, {create("svc_a"), create("svc_b")});
  auto first = change_of("svc_a", 1);
  first.timers = {{ActorId{"svc_a"}, tenant, "t", noon}};
  const auto results = commit(*store, {decision("dec_1", {first, change_of("svc_b", 0)}), decision("dec_2", {change_of("svc_b", 1), change_of("svc_c", 0)})});
  BOOST_TEST((results[0].status == Status::conflict));
  BOOST_TEST(version_of(*store, "svc_a") == 1);
  BOOST_TEST(must(store->timers_due(tenant, noon, 10, {})).empty());
  // the second one builds on the actor the first failed to write: nobody knows what it saw
  BOOST_TEST((results[1].status == Status::conflict));
  BOOST_TEST((commit_one(*store, decision("dec_3", {change_of("svc_b", 1), change_of("svc_c", 0)})) == Status::committed));
  BOOST_TEST(version_of(*store, "svc_c") == 1);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(two_decisions_of_one_actor_fit_into_one_batch, Backend, Backends) {
  Backend backend;
  auto store = open_writer(backend);
  auto second = update("svc_a", 1);
  second.changes[0].row.state = "second";
  const auto results = commit(*store, {create("svc_a"), second, update("svc_a", 2)});
  for (const auto& result : results) BOOST_TEST((result.status == Status::committed));
  BOOST_TEST(version_of(*store, "svc_a") == 3);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(an_idempotency_key_is_taken_once, Backend, Backends) {
  Backend backend;
  auto store = open_writer(backend);
  const auto with_key = [](Commit commit, const std::string& hash) {
    commit.idempotency = IdempotencyRow{"ten_1 usr_1 POST /api/x", "key-1", hash, 202, JsonObject{{"run", "run_1"}}, noon};
    return commit;
  };
  const auto results = commit(*store, {with_key(create("svc_a"), "h1"), with_key(create("svc_b"), "h2"), create("svc_c")});
  BOOST_TEST((results[0].status == Status::committed && results[1].status == Status::duplicate && results[2].status == Status::committed));
  BOOST_TEST(!store->load(ActorId{"svc_b"}));
  BOOST_TEST((commit_one(*store, with_key(create("svc_d"), "h3")) == Status::duplicate));
  BOOST_TEST(!store->load(ActorId{"svc_d"}));
  const auto row = must(store->find_idempotency("ten_1 usr_1 POST /api/x", "key-1"));
  BOOST_REQUIRE(row);
  BOOST_TEST((row->body_hash == "h1" && row->status == 202 && text_of(row->answer, "run") == "run_1" && row->at == noon));
  BOOST_TEST(!must(store->find_idempotency("ten_1 usr_1 POST /api/x", "key-2")));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_decision_that_the_database_refuses_fails_alone, Backend, Backends) {
  Backend backend;
  auto store = open_writer(backend);
  auto first = create("svc_0");
  first.changes[0].outbox = {outbox_event("evt_taken", "svc_0")};
  BOOST_REQUIRE((commit_one(*store, first) == Status::committed));
  std::vector<Commit> batch;
  for (int i = 1; i <= 9; ++i) batch.push_back(create("svc_" + std::to_string(i)));
  batch[4].changes[0].outbox = {outbox_event("evt_taken", "svc_5")};
  batch[6].changes[0].row.attributes = JsonObject{{"text", std::string("a\0b", 3)}};
  const auto results = commit(*store, batch);
  for (std::size_t i = 0; i < results.size(); ++i) {
    const bool bad = i == 4 || i == 6;
    BOOST_TEST((results[i].status == (bad ? Status::rejected : Status::committed)), "decision " << i << ": " << results[i].error);
    BOOST_TEST(results[i].error.empty() == !bad);
    BOOST_TEST(store->load(batch[i].changes[0].row.id).has_value() == !bad);
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(messages_wait_in_order_until_they_are_consumed, Backend, Backends) {
  Backend backend;
  auto store = open_writer(backend);
  auto sender = create("svc_a");
  sender.changes[0].attempts = {attempt_of("svc_a", "run_1", "att_1")};  // it works: what is deferred waits for the end of its run
  sender.changes[0].messages = {message_to("svc_b", "svc_a", "one"), message_to("svc_b", "svc_a", "two"), message_to("svc_a", "", "later", true)};
  commit(*store, {create("svc_b"), sender});
  auto loaded = must(store->load(ActorId{"svc_b"}));
  BOOST_REQUIRE(loaded.mailbox.size() == 2);
  BOOST_TEST((loaded.mailbox[0].event == "one" && loaded.mailbox[1].event == "two" && loaded.mailbox[0].seq < loaded.mailbox[1].seq));
  BOOST_TEST((loaded.mailbox[0].sender == ActorId{"svc_a"} && text_of(loaded.mailbox[0].payload, "of") == "one" && loaded.mailbox[0].at == noon));
  BOOST_TEST((must(store->receivers_waiting(10)) == std::vector{ActorId{"svc_b"}}));
  auto over = update("svc_a", 1);
  over.changes[0].attempts_ended = {{RunId{"run_1"}, 0}};
  commit(*store, {over});
  BOOST_TEST((must(store->receivers_waiting(10)) == std::vector{ActorId{"svc_b"}, ActorId{"svc_a"}}));
  BOOST_TEST((must(store->receivers_waiting(1)) == std::vector{ActorId{"svc_b"}}));
  // An event that was put aside holds nothing up; a run that is held, or a quarantine, does.
  const auto with_incident = [&](std::int64_t version, const char* kind) {
    auto change = update("svc_a", version);
    change.changes[0].incidents.push_back({.id = IncidentId{std::string{"inc_"} + kind}, .tenant = tenant, .kind = kind, .actor = ActorId{"svc_a"}, .opened_at = noon});
    return change;
  };
  commit(*store, {with_incident(2, "event_failed")});
  commit(*store, {with_incident(3, "message")});
  BOOST_TEST((must(store->receivers_waiting(10)) == std::vector{ActorId{"svc_b"}, ActorId{"svc_a"}}));
  commit(*store, {with_incident(4, "held_run")});
  BOOST_TEST((must(store->receivers_waiting(10)) == std::vector{ActorId{"svc_b"}}));
  const auto own = must(store->load(ActorId{"svc_a"}));
  BOOST_REQUIRE(own.mailbox.size() == 1);
  BOOST_TEST((own.mailbox[0].deferred && own.mailbox[0].sender.empty()));

  auto foreign = update("svc_a", 1);
  foreign.changes[0].consumed = {loaded.mailbox[1].seq};  // not its own
  auto receive = update("svc_b", 1);
  receive.changes[0].consumed = {loaded.mailbox[0].seq};
  commit(*store, {foreign, receive});
  loaded = must(store->load(ActorId{"svc_b"}));
  BOOST_REQUIRE(loaded.mailbox.size() == 1);
  BOOST_TEST(loaded.mailbox[0].event == "two");
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_message_without_a_receiver_goes_back_to_its_sender, Backend, Backends) {
  Backend backend;
  auto store = open_writer(backend);
  auto sender = create("svc_a");
  sender.changes[0].messages = {message_to("svc_b", "svc_a", "one"), message_to("svc_gone", "svc_a", "two"), message_to("svc_gone", "svc_nobody", "three"), message_to("svc_gone", "", "four", true)};
  commit(*store, {create("svc_b"), sender});
  auto first = must(store->return_undelivered(0, 2));
  BOOST_TEST((first.seen > 0 && first.returned == std::vector{ActorId{"svc_a"}} && first.dropped == 0));
  auto rest = must(store->return_undelivered(first.seen, 100));
  BOOST_TEST((rest.seen == 0 && rest.returned == std::vector{ActorId{"svc_nobody"}} && rest.dropped == 1));
  const auto own = must(store->load(ActorId{"svc_a"})).mailbox;
  BOOST_REQUIRE(own.size() == 1);
  BOOST_TEST((own[0].returned && !own[0].deferred && own[0].event == "two" && own[0].sender == ActorId{"svc_gone"} && own[0].event_id == EventId{"evt_two"}));
  BOOST_TEST(!must(store->load(ActorId{"svc_b"})).mailbox.at(0).returned);
  // the one whose sender is nobody either has nowhere to go
  BOOST_TEST((must(store->return_undelivered(0, 100)).dropped == 1));
  const auto nothing = must(store->return_undelivered(0, 100));
  BOOST_TEST((nothing.returned.empty() && nothing.dropped == 0));
  BOOST_TEST((must(store->receivers_waiting(10)) == std::vector{ActorId{"svc_b"}, ActorId{"svc_a"}}));
  auto taken = update("svc_a", 1);
  taken.changes[0].consumed = {own[0].seq};
  commit(*store, {taken});
  BOOST_TEST(must(store->load(ActorId{"svc_a"})).mailbox.empty());
  auto unnamed = must(backend.database->open_store());
  BOOST_TEST(!unnamed->return_undelivered(0, 10));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_message_to_another_tenant_is_refused_and_harms_no_neighbour, Backend, Backends) {
  Backend backend;
  auto store = open_writer(backend);
  auto foreign = create("svc_foreign");
  foreign.changes[0].row.tenant = TenantId{"ten_2"};
  commit(*store, {foreign, create("svc_a"), create("svc_b")});
  auto crossing = update("svc_a", 1);
  crossing.changes[0].messages = {message_to("svc_b", "svc_a", "one"), message_to("svc_foreign", "svc_a", "two")};
  auto fine = update("svc_b", 1);
  fine.changes[0].messages = {message_to("svc_a", "svc_b", "three"), message_to("svc_gone", "svc_b", "four")};
  const auto results = commit(*store, {crossing, fine});
  BOOST_TEST((results[0].status == Status::refused && results[0].code == "other_tenant" && !results[0].error.empty()));
  BOOST_TEST((results[1].status == Status::committed));
  BOOST_TEST(version_of(*store, "svc_a") == 1);
  BOOST_TEST((must(store->load(ActorId{"svc_b"})).mailbox.empty() && must(store->load(ActorId{"svc_foreign"})).mailbox.empty()));
  BOOST_TEST(must(store->load(ActorId{"svc_a"})).mailbox.size() == 1);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(an_actor_is_put_aside_without_touching_its_documents, Backend, Backends) {
  Backend backend;
  auto store = open_writer(backend);
  auto born = create("svc_a", "service");
  born.changes[0].row.cursor = JsonObject{{"phase", "x"}};
  commit(*store, {born});
  BOOST_TEST(must(store->load(ActorId{"svc_a"})).quarantine.empty());
  auto aside = update("svc_a", 1);
  aside.changes[0].row.attributes = JsonObject{};
  aside.changes[0].row.cursor = nullptr;
  aside.changes[0].row.state = "elsewhere";
  aside.changes[0].documents_kept = true;
  aside.changes[0].incidents.push_back({.id = IncidentId{"inc_1"}, .tenant = tenant, .kind = "quarantined", .actor = ActorId{"svc_a"}, .opened_at = noon});
  BOOST_TEST((commit_one(*store, aside) == Status::committed));
  auto loaded = must(store->load(ActorId{"svc_a"}));
  BOOST_TEST((loaded.quarantine == IncidentId{"inc_1"} && loaded.unreadable.empty()));
  BOOST_TEST((loaded.row.version == 2 && loaded.row.decision == "dec_svc_a_2" && loaded.row.state == "active" && loaded.row.attributes == born.changes[0].row.attributes && loaded.row.cursor == born.changes[0].row.cursor));
  BOOST_TEST((commit_one(*store, aside) == Status::conflict));
  auto back = update("svc_a", 2);
  back.changes[0].documents_kept = true;
  back.changes[0].incidents.push_back({.id = IncidentId{"inc_1"}, .tenant = tenant, .actor = ActorId{"svc_a"}, .state = "closed", .closed_by = "usr_1", .closed_how = "retry", .closed_at = noon});
  BOOST_TEST((commit_one(*store, back) == Status::committed));
  loaded = must(store->load(ActorId{"svc_a"}));
  BOOST_TEST((loaded.quarantine.empty() && loaded.row.version == 3));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(timers_are_set_moved_cleared_and_found_by_due_time, Backend, Backends) {
  Backend backend;
  auto store = open_writer(backend);
  const auto timer = [](const std::string& actor, const std::string& name, int minutes) { return TimerRow{ActorId{actor}, tenant, name, noon + std::chrono::minutes{minutes}}; };
  auto first = create("svc_a");
  first.changes[0].timers = {timer("svc_a", "x", 3), timer("svc_a", "y", 1), timer("svc_a", "z", 2)};
  auto other = create("svc_b");
  other.changes[0].timers = {timer("svc_b", "x", 0)};
  commit(*store, {first, other});
  auto second = update("svc_a", 1);
  second.changes[0].timers = {timer("svc_a", "x", 1), timer("svc_a", "z", 5)};
  second.changes[0].timers_cleared = {"y", "z", "never"};  // z is cleared and set again
  commit(*store, {second});
  const auto due = must(store->timers_due(tenant, noon + std::chrono::minutes{5}, 10, {}));
  BOOST_REQUIRE(due.size() == 3);
  BOOST_TEST((due[0].actor == ActorId{"svc_b"} && due[1].name == "x" && due[1].due == noon + std::chrono::minutes{1} && due[2].name == "z"));
  BOOST_TEST(must(store->timers_due(tenant, noon + std::chrono::minutes{5}, 2, {})).size() == 2);
  BOOST_TEST(must(store->timers_due(tenant, noon - std::chrono::minutes{1}, 10, {})).empty());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(due_timers_are_paged_through_tenant_by_tenant, Backend, Backends) {
  Backend backend;
  auto store = open_writer(backend);
  BOOST_TEST((must(store->tenants_due(Time::max())).empty() && !must(store->next_due(Time{}))));
  const auto with_timers = [](const std::string& actor, const TenantId& of, const std::vector<std::pair<std::string, int>>& timers) {
    auto birth = create(actor);
    birth.changes[0].row.tenant = of;
    for (const auto& [name, minutes] : timers) birth.changes[0].timers.push_back({ActorId{actor}, of, name, noon + std::chrono::minutes{minutes}});
    return birth;
  };
  const TenantId other{"ten_2"}, late{"ten_3"};
  commit(*store, {with_timers("svc_b", tenant, {{"x", 0}, {"y", 0}}), with_timers("svc_a", tenant, {{"x", 0}, {"z", 7}}), with_timers("svc_c", other, {{"x", 3}}), with_timers("svc_d", late, {{"x", 9}})});
  BOOST_TEST((must(store->tenants_due(noon - std::chrono::minutes{1})).empty()));
  BOOST_TEST((must(store->tenants_due(noon)) == std::vector{tenant}));
  BOOST_TEST((must(store->tenants_due(noon + std::chrono::minutes{3})) == std::vector{tenant, other}));
  BOOST_TEST((must(store->tenants_due(Time::max())) == std::vector{tenant, other, late}));
  std::string seen;
  std::optional<TimerRow> last;
  for (std::size_t size = 2; size == 2;) {
    const auto page = must(store->timers_due(tenant, noon + std::chrono::minutes{7}, 2, last));
    for (const auto& timer : page) seen += timer.actor.str() + timer.name + " ";
    size = page.size();
    if (size > 0) last = page.back();
  }
  BOOST_TEST(seen == "svc_ax svc_bx svc_by svc_az ");
  BOOST_TEST((must(store->timers_due(other, Time::max(), 10, {})).size() == 1U && must(store->timers_due(TenantId{"ten_none"}, Time::max(), 10, {})).empty()));
  BOOST_TEST((must(store->next_due(noon - std::chrono::minutes{1})) == noon && must(store->next_due(noon)) == noon + std::chrono::minutes{3}));
  BOOST_TEST((must(store->next_due(noon + std::chrono::minutes{7})) == noon + std::chrono::minutes{9} && !must(store->next_due(noon + std::chrono::minutes{9}))));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(many_actors_are_loaded_at_once_as_each_alone, Backend, Backends) {
  Backend backend;
  auto store = open_writer(backend);
  BOOST_TEST(must(store->load_many({})).empty());
  std::vector<Commit> births;
  std::vector<ActorId> ids{ActorId{"svc_none"}};
  for (int i = 0; i < 40; ++i) {
    ids.emplace_back("svc_" + std::to_string(i));
    births.push_back(create(ids.back().str()));
  }
  births[3].changes[0].messages = {message_to("svc_7", "svc_3", "one"), message_to("svc_7", "svc_3", "two")};
  births[8].changes[0].personal_key = PersonalKeyRow{"key_8", tenant, "cus_1", ActorId{"svc_8"}, "sealed", noon};
  births[9].changes[0].incidents.push_back({.id = IncidentId{"inc_9"}, .tenant = tenant, .kind = "quarantined", .actor = ActorId{"svc_9"}, .opened_at = noon});
  commit(*store, births);
  ids.push_back(ids[1]);  // named twice, it comes once
  const auto loaded = must(store->load_many(ids));
  BOOST_TEST(loaded.size() == 40U);
  for (const auto& one : loaded) {
    const auto alone = must(store->load(one.row.id));
    BOOST_TEST((one.row.version == 1 && one.row.tenant == tenant && one.row.decision == alone.row.decision && one.row.attributes == alone.row.attributes), one.row.id.str());
    BOOST_TEST((one.quarantine == alone.quarantine && one.unreadable == alone.unreadable && one.mailbox.size() == alone.mailbox.size()), one.row.id.str());
    BOOST_TEST(one.mailbox.size() == (one.row.id.str() == "svc_7" ? 2U : 0U));
    BOOST_TEST(one.quarantine.empty() == (one.row.id.str() != "svc_9"));
    BOOST_TEST(one.personal_key.has_value() == (one.row.id.str() == "svc_8"));
    if (one.personal_key) BOOST_TEST((one.personal_key->id == "key_8" && one.personal_key->sealed == "sealed"));
    if (one.mailbox.size() == 2) BOOST_TEST((one.mailbox[0].event == "one" && one.mailbox[1].event == "two"));
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(attempts_are_replaced_ended_and_taken_over, Backend, Backends) {
  Backend backend;
  auto store = open_writer(backend);
  auto first = create("svc_a");
  first.changes[0].attempts = {attempt_of("svc_a", "run_1", "att_1", "noop.run", JsonObject{{"x", 1}})};
  auto other = create("svc_b");
  other.changes[0].attempts = {attempt_of("svc_b", "run_2", "att_2")};
  commit(*store, {first, other});
  auto second = update("svc_a", 1);
  second.changes[0].attempts = {attempt_of("svc_a", "run_1", "att_3")};
  second.changes[0].attempts[0].handle = "UPID:1";
  second.changes[0].attempts[0].mode = "poll";
  auto end = update("svc_b", 1);
  end.changes[0].attempts_ended = {{RunId{"run_2"}, 0}};
  commit(*store, {second, end});
  BOOST_TEST(must(store->take_over_attempts(incarnation)).empty());
  const auto taken = must(store->take_over_attempts("nod_2"));
  BOOST_REQUIRE(taken.size() == 1);
  const auto& a = taken[0];
  BOOST_TEST((a.id == AttemptId{"att_3"} && a.run == RunId{"run_1"} && a.handle == "UPID:1" && a.mode == "poll" && a.incarnation == "nod_2" && !a.result));
  BOOST_TEST((a.due == noon && a.deadline == noon + std::chrono::hours{1} && a.sent == Time{} && a.sub == -1 && a.number == 1 && a.key == "run_1/step/1"));
  BOOST_TEST(must(store->take_over_attempts("nod_2")).empty());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(attempts_are_found_by_their_actors, Backend, Backends) {
  Backend backend;
  auto store = open_writer(backend);
  auto first = create("svc_a");
  first.changes[0].attempts = {attempt_of("svc_a", "run_1", "att_1", "noop.run", JsonObject{{"x", 1}}), attempt_of("svc_a", "run_1", "att_2")};
  first.changes[0].attempts[1].lane = 1;
  auto second = create("svc_b");
  second.changes[0].attempts = {attempt_of("svc_b", "run_2", "att_3")};
  commit(*store, {first, second, create("svc_c")});
  const std::vector<ActorId> asked{ActorId{"svc_a"}, ActorId{"svc_c"}, ActorId{"svc_gone"}};
  auto found = must(store->find_attempts(asked));
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  BOOST_REQUIRE(found.size() == 2);
  BOOST_TEST((found[0].id == AttemptId{"att_1"} && found[0].actor == ActorId{"svc_a"} && found[0].input == Json(JsonObject{{"x", 1}}) && found[1].lane == 1));
  BOOST_TEST(must(store->find_attempts(std::vector<ActorId>{})).empty());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(nothing_is_written_under_an_incarnation_that_was_ended, Backend, Backends) {
  Backend backend;
  auto old = open_writer(backend);
  BOOST_TEST((commit_one(*old, create("svc_a")) == Status::committed));
  auto fresh = must(backend.database->open_store());
  const auto unnamed = fresh->commit(std::vector{create("svc_x")});
  BOOST_REQUIRE(!unnamed);
  BOOST_TEST((unnamed.error().code == ErrorCode::cancelled));
  must(fresh->begin_incarnation("nod_2", "host-a"));
  const auto refused = old->commit(std::vector{create("svc_b")});
  BOOST_REQUIRE(!refused);
  BOOST_TEST((refused.error().code == ErrorCode::cancelled));
  BOOST_TEST((old->heartbeat().error().code == ErrorCode::cancelled));
  BOOST_TEST(fresh->heartbeat().has_value());
  BOOST_TEST(!fresh->load(ActorId{"svc_b"}));
  BOOST_TEST((commit_one(*fresh, create("svc_b")) == Status::committed));
  auto second_session = must(backend.database->open_store());
  second_session->use_incarnation("nod_2");
  BOOST_TEST((commit_one(*second_session, create("svc_c")) == Status::committed));
  fresh->end_incarnation("nod_2");
  BOOST_TEST(!fresh->commit(std::vector{create("svc_d")}));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_revision_is_published_once, Backend, Backends) {
  Backend backend;
  auto store = open_writer(backend);
  const Store::Revision one{tenant, "workflow", "vm", 1, "text: \"1\"\n", noon};
  auto two = one;
  two.revision = 2;
  must(store->publish(two));
  must(store->publish(one));
  const auto again = store->publish(one);
  BOOST_REQUIRE(!again);
  BOOST_TEST((again.error().code == ErrorCode::conflict));
  const auto all = must(store->revisions(tenant));
  BOOST_REQUIRE(all.size() == 2);
  BOOST_TEST((all[0].revision == 1 && all[0].text == one.text && all[1].revision == 2 && all[0].at == noon));
  BOOST_TEST(must(store->revisions(TenantId{"ten_other"})).empty());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(values_and_servers_are_replaced, Backend, Backends) {
  Backend backend;
  auto store = open_writer(backend);
  BOOST_TEST(!must(store->get_value("clock")));
  must(store->put_value("clock", "1"));
  must(store->put_value("clock", "2"));
  BOOST_TEST((must(store->get_value("clock")) == "2"));
  ServerRow server{ServerId{"srv_1"}, tenant, "node 1", "proxmox", "vm", 3, 0, "active", JsonObject{{"url", "https://127.0.0.1"}}, noon};
  must(store->put_server(server));
  server.capacity = 5;
  must(store->put_server(server));
  const auto found = must(store->find_server(server.id));
  BOOST_TEST((found.capacity == 5 && found.name == "node 1" && text_of(found.settings, "url") == "https://127.0.0.1"));
  BOOST_TEST((store->find_server(ServerId{"srv_2"}).error().code == ErrorCode::not_found));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(every_session_of_a_database_sees_the_same, Backend, Backends) {
  Backend backend;
  auto writer = open_writer(backend);
  auto reader = must(backend.database->open_store());
  commit(*writer, {create("svc_a")});
  BOOST_TEST(version_of(*reader, "svc_a") == 1);
  commit(*writer, {update("svc_a", 1)});
  BOOST_TEST(version_of(*reader, "svc_a") == 2);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(data_keys_are_kept_in_the_order_of_their_making_and_never_replaced, Backend, Backends) {
  Backend backend;
  auto store = open_writer(backend);
  BOOST_TEST(must(store->data_keys(tenant)).empty());
  must(store->add_data_key({.id = "b2", .tenant = tenant, .sealed = "v1.m.x", .created_at = noon}));
  must(store->add_data_key({.id = "a1", .tenant = tenant, .sealed = "v1.m.y", .created_at = noon + std::chrono::seconds{1}}));
  must(store->add_data_key({.id = "c3", .tenant = TenantId{"ten_2"}, .sealed = "v1.m.z", .created_at = noon}));
  BOOST_TEST((store->add_data_key({.id = "b2", .tenant = tenant, .sealed = "other", .created_at = noon}).error().code == ErrorCode::conflict));
  const auto keys = must(store->data_keys(tenant));
  BOOST_REQUIRE(keys.size() == 2);
  BOOST_TEST((keys[0].id == "b2" && keys[0].sealed == "v1.m.x" && keys[0].created_at == noon && keys[1].id == "a1"));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_message_that_waits_may_be_rewritten_by_its_receiver_only, Backend, Backends) {
  Backend backend;
  auto store = open_writer(backend);
  auto births = create("svc_a");
  births.changes[0].messages = {message_to("svc_a", "", "first", true), message_to("svc_a", "", "second", true)};
  BOOST_REQUIRE((commit_one(*store, births) == Status::committed));
  BOOST_REQUIRE((commit_one(*store, create("svc_b")) == Status::committed));
  const auto before = must(store->load(ActorId{"svc_a"})).mailbox;
  BOOST_REQUIRE(before.size() == 2U);
  const auto rewrite = [&](const std::string& actor) {
    auto change = update(actor, 1);
    change.changes[0].rewritten = {before[0]};
    change.changes[0].rewritten[0].payload = JsonObject{{"by", actor}};
    BOOST_TEST((commit_one(*store, change) == Status::committed));
    return must(store->load(ActorId{"svc_a"})).mailbox;
  };
  BOOST_TEST((rewrite("svc_b")[0].payload == before[0].payload));
  const auto after = rewrite("svc_a");
  BOOST_REQUIRE(after.size() == 2U);
  BOOST_TEST((after[0].payload == Json(JsonObject{{"by", "svc_a"}}) && after[0].seq == before[0].seq && after[0].event == "first" && after[0].deferred));
  BOOST_TEST((after[1].payload == before[1].payload));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_personal_key_comes_and_goes_with_a_decision_of_its_actor, Backend, Backends) {
  Backend backend;
  auto store = open_writer(backend);
  const PersonalKeyRow key{.id = "k1", .tenant = tenant, .customer = "cus_1", .actor = ActorId{"svc_a"}, .sealed = "v1.d.x", .created_at = noon};
  auto first = create("svc_a");
  first.changes[0].personal_key = key;
  auto stale = update("svc_a", 7);
  stale.changes[0].forget_person = true;
  BOOST_TEST((commit_one(*store, first) == Status::committed));
  BOOST_TEST((commit_one(*store, stale) == Status::conflict));
  const auto loaded = must(store->load(ActorId{"svc_a"})).personal_key;
  BOOST_REQUIRE(loaded.has_value());
  BOOST_TEST((loaded->id == "k1" && loaded->customer == "cus_1" && loaded->sealed == "v1.d.x" && loaded->created_at == noon));
  auto forget = update("svc_a", 1);
  forget.changes[0].forget_person = true;
  forget.changes[0].audit = {{.id = "evt_1", .tenant = tenant, .at = noon, .by = "usr_1", .role = "admin", .action = "erase", .object = "svc_a", .field = {}, .note = "asked"}};
  BOOST_TEST((commit_one(*store, forget) == Status::committed));
  BOOST_TEST(!must(store->load(ActorId{"svc_a"})).personal_key);
  auto again = update("svc_a", 2);
  again.changes[0].personal_key = key;
  again.changes[0].personal_key->id = "k2";
  BOOST_TEST((commit_one(*store, again) == Status::committed));
  BOOST_TEST(must(store->load(ActorId{"svc_a"})).personal_key->id == "k2");
}

BOOST_AUTO_TEST_SUITE_END()
