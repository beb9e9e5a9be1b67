// The contract of Store for the mass-action guard and the emergency stop. Included after store_contract.hpp.

BOOST_AUTO_TEST_SUITE(guard_contract)

namespace guard_contract_parts {

inline TimerRow timer_of(const std::string& actor, Duration late = std::chrono::seconds{0}) { return {ActorId{actor}, tenant, "t", noon + late}; }

inline GuardQuestion asked(const std::string& id, const std::string& kind = "order") {
  return {.id = IncidentId{id}, .tenant = tenant, .kind = kind, .why = "mass", .passed = 20, .bound = 20, .live = 100, .examples = JsonArray{"svc_a"}, .answers = {}, .asked_at = noon};
}

inline GuardQuestion answered(GuardQuestion question, const std::string& how, Time until) {
  question.state = how == "release" ? "released" : "kept";
  question.until = until;
  question.answers.push_back(JsonObject{{"how", how}, {"by", "usr_1"}, {"note", "checked"}, {"at", format_time(noon)}});
  return question;
}

/// Actors that each have one timer, due one second after the other.
template <class Backend>
std::unique_ptr<Store> with_timers(Backend& backend, const std::vector<std::string>& actors) {
  auto store = open_writer(backend);
  int n = 0;
  for (const auto& actor : actors) {
    auto birth = create(actor);
    birth.changes[0].timers = {timer_of(actor, std::chrono::seconds{n++})};
    BOOST_REQUIRE((commit_one(*store, birth) == Status::committed));
  }
  return store;
}

inline std::string due(Store& store) {
  std::string names;
  const auto later = noon + std::chrono::hours{1};
  for (const auto& of : must(store.tenants_due(later)))
    for (const auto& timer : must(store.timers_due(of, later, 100, {}))) names += (names.empty() ? "" : " ") + timer.actor.str();
  // All three say the same.
  if (names.empty()) BOOST_TEST(must(store.timers_due(tenant, later, 100, {})).empty());
  BOOST_TEST(must(store.next_due(noon - std::chrono::hours{1})).has_value() == !names.empty());
  return names;
}

inline GuardQuestion question(Store& store, const std::string& id) {
  for (const auto& found : must(store.guard_questions(tenant, Time{}, 100)))
    if (found.id.str() == id) return found;
  BOOST_FAIL("there is no question " + id);
  return {};
}

}  // namespace guard_contract_parts
using namespace guard_contract_parts;

BOOST_AUTO_TEST_CASE_TEMPLATE(a_held_timer_is_not_due_until_it_is_let_go, Backend, Backends) {
  Backend backend;
  auto store = with_timers(backend, {"svc_a", "svc_b", "svc_c"});
  const std::vector<TimerRow> held{timer_of("svc_b", std::chrono::seconds{1}), timer_of("svc_c", std::chrono::seconds{7}), timer_of("svc_none")};
  must(store->hold_timers(asked("inc_1"), held));
  BOOST_TEST(due(*store) == "svc_a svc_c");  // that of svc_c is due at another time than the one meant
  const auto open = question(*store, "inc_1");
  BOOST_TEST((open.held == 1 && open.state == "open" && open.why == "mass" && open.kind == "order" && open.live == 100 && open.asked_at == noon));
  BOOST_TEST(dump_json(open.examples) == R"(["svc_a"])");
  must(store->put_guard_question(answered(asked("inc_1"), "release", noon + std::chrono::hours{1}), -1, {}));
  BOOST_TEST(due(*store) == "svc_a svc_b svc_c");
  const auto released = question(*store, "inc_1");
  BOOST_TEST((released.held == 0 && released.state == "released" && released.until == noon + std::chrono::hours{1} && released.answers.size() == 1U));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(nothing_is_held_under_a_question_that_is_answered, Backend, Backends) {
  Backend backend;
  auto store = with_timers(backend, {"svc_a", "svc_b"});
  const std::vector<TimerRow> first{timer_of("svc_a")}, second{timer_of("svc_b", std::chrono::seconds{1})};
  must(store->hold_timers(asked("inc_1"), first));
  must(store->put_guard_question(answered(asked("inc_1"), "release", noon + std::chrono::hours{1}), -1, {}));
  const auto held = store->hold_timers(asked("inc_1"), second);
  BOOST_REQUIRE(!held);
  BOOST_TEST((held.error().code == ErrorCode::conflict));
  BOOST_TEST(due(*store) == "svc_a svc_b");
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_hold_that_is_written_twice_asks_once, Backend, Backends) {
  Backend backend;
  auto store = with_timers(backend, {"svc_a", "svc_b"});
  const std::vector<TimerRow> first{timer_of("svc_a")}, second{timer_of("svc_a"), timer_of("svc_b", std::chrono::seconds{1})};
  must(store->hold_timers(asked("inc_1"), first));
  must(store->hold_timers(asked("inc_1"), second));
  BOOST_TEST(must(store->guard_questions(TenantId{}, Time::max(), 100)).size() == 1U);
  BOOST_TEST(question(*store, "inc_1").held == 2);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(of_what_is_held_the_earliest_are_let_go_and_the_rest_is_asked_about_anew, Backend, Backends) {
  Backend backend;
  auto store = with_timers(backend, {"svc_c", "svc_b", "svc_a"});  // due in this order
  const std::vector<TimerRow> held{timer_of("svc_a", std::chrono::seconds{2}), timer_of("svc_b", std::chrono::seconds{1}), timer_of("svc_c")};
  must(store->hold_timers(asked("inc_1"), held));
  auto let_two_go = answered(asked("inc_1"), "release", noon + std::chrono::hours{1});
  let_two_go.number = 2;
  must(store->put_guard_question(let_two_go, 2, asked("inc_2")));
  BOOST_TEST(due(*store) == "svc_c svc_b");
  BOOST_TEST((question(*store, "inc_1").number == 2 && question(*store, "inc_1").held == 0 && question(*store, "inc_2").held == 1));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(what_is_kept_stays_held_and_is_listed, Backend, Backends) {
  Backend backend;
  auto store = with_timers(backend, {"svc_a"});
  const auto timer = timer_of("svc_a");
  must(store->hold_timers(asked("inc_1"), {&timer, 1}));
  must(store->put_guard_question(answered(asked("inc_1"), "keep", noon + std::chrono::hours{24}), 0, {}));
  BOOST_TEST(due(*store).empty());
  BOOST_TEST(must(store->guard_questions(TenantId{}, Time::max(), 100)).size() == 1U);
  BOOST_TEST(must(store->guard_questions(TenantId{"ten_2"}, Time{}, 100)).empty());
  BOOST_TEST((question(*store, "inc_1").state == "kept" && question(*store, "inc_1").held == 1));
  const auto nobody = store->put_guard_question(asked("inc_9"), 0, {});
  BOOST_TEST((!nobody && nobody.error().code == ErrorCode::not_found));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_timer_that_is_moved_or_cleared_is_held_no_more, Backend, Backends) {
  Backend backend;
  auto store = with_timers(backend, {"svc_a", "svc_b", "svc_c"});
  const std::vector<TimerRow> held{timer_of("svc_a"), timer_of("svc_b", std::chrono::seconds{1}), timer_of("svc_c", std::chrono::seconds{2})};
  must(store->hold_timers(asked("inc_1"), held));
  auto moved = update("svc_a", 1), cleared = update("svc_b", 1), same = update("svc_c", 1);
  moved.changes[0].timers = {timer_of("svc_a", std::chrono::minutes{5})};
  cleared.changes[0].timers_cleared = {"t"};
  same.changes[0].timers = {timer_of("svc_c", std::chrono::seconds{2})};
  for (const auto& result : commit(*store, {moved, cleared, same})) BOOST_TEST((result.status == Status::committed));
  BOOST_TEST(due(*store) == "svc_a");
  BOOST_TEST(question(*store, "inc_1").held == 1);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(what_was_counted_is_written_with_its_decision_or_not_at_all, Backend, Backends) {
  Backend backend;
  auto store = open_writer(backend);
  auto counted = create("svc_a"), conflicting = update("svc_b", 7), later = create("svc_c");
  counted.guard = GuardEntry{tenant, "order", ActorId{"svc_a"}, noon, {}};
  conflicting.guard = GuardEntry{tenant, "order", ActorId{"svc_b"}, noon, {}};
  later.guard = GuardEntry{tenant, "order", ActorId{"svc_c"}, noon + std::chrono::minutes{1}, IncidentId{"inc_1"}};
  commit(*store, {counted, conflicting, later});
  const auto entries = must(store->guard_entries(noon));
  BOOST_REQUIRE(entries.size() == 2U);
  BOOST_TEST((entries[0].actor.str() == "svc_a" && entries[0].kind == "order" && entries[0].at == noon && entries[0].released.empty()));
  BOOST_TEST((entries[1].actor.str() == "svc_c" && entries[1].released.str() == "inc_1"));
  must(store->forget_guard_entries(noon + std::chrono::seconds{1}));
  BOOST_TEST(must(store->guard_entries(Time{})).size() == 1U);
  BOOST_TEST(must(store->count_live(tenant, "order")) == 2);
  BOOST_TEST(must(store->count_live(tenant, "service")) == 0);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(timers_of_a_stopped_tenant_are_not_due, Backend, Backends) {
  Backend backend;
  auto store = with_timers(backend, {"svc_a"});
  auto other = create("svc_z");
  other.changes[0].row.tenant = TenantId{"ten_2"};
  other.changes[0].timers = {{ActorId{"svc_z"}, TenantId{"ten_2"}, "t", noon}};
  BOOST_TEST((commit_one(*store, other) == Status::committed));
  must(store->put_stop({tenant, true, "usr_1", "gateway", noon}, tenant));
  BOOST_TEST(due(*store) == "svc_z");
  must(store->put_stop({TenantId{}, true, "usr_1", "all of it", noon}, tenant));
  BOOST_TEST(due(*store).empty());
  const auto on = must(store->stops());
  BOOST_REQUIRE(on.size() == 2U);
  BOOST_TEST((on[0].tenant.empty() && on[1].tenant == tenant && on[1].note == "gateway" && on[1].by == "usr_1" && on[1].at == noon));
  must(store->put_stop({TenantId{}, false, "usr_1", "over", noon}, tenant));
  must(store->put_stop({tenant, false, "usr_1", "over", noon}, tenant));
  BOOST_TEST(due(*store) == "svc_a svc_z");
  const auto history = must(store->stop_history(tenant, 3));
  BOOST_REQUIRE(history.size() == 3U);
  BOOST_TEST((!history[0].on && history[0].tenant == tenant && !history[1].on && history[1].tenant.empty() && history[2].on && history[2].note == "all of it"));
  BOOST_TEST(must(store->stop_history(TenantId{"ten_2"}, 10)).size() == 2U);
  BOOST_TEST(must(store->stop_history(TenantId{}, 10)).size() == 4U);  // of every tenant
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_node_that_was_ended_holds_and_stops_nothing, Backend, Backends) {
  Backend backend;
  auto store = with_timers(backend, {"svc_a"});
  store->end_incarnation(incarnation);
  store->use_incarnation(incarnation);
  const auto timer = timer_of("svc_a");
  const auto held = store->hold_timers(asked("inc_1"), {&timer, 1});
  BOOST_TEST((!held && held.error().code == ErrorCode::cancelled));
  const auto stopped = store->put_stop({tenant, true, "usr_1", "late", noon}, tenant);
  BOOST_TEST((!stopped && stopped.error().code == ErrorCode::cancelled));
}

BOOST_AUTO_TEST_SUITE_END()
