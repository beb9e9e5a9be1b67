// The mass-action guard alone: who may go, and who is held.

#include <boost/test/unit_test.hpp>

#include <string>

#include "actors/guard.hpp"
#include "core/json.hpp"
#include "tests/support/manual_clock.hpp"

namespace {

using namespace stellwerk;
using namespace stellwerk::actors;
using stellwerk::testing::ManualClock;
using storage::GuardQuestion;

template <class T>
T must(Result<T> result) {
  if (!result) BOOST_FAIL(describe(result.error()));
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

const TenantId tenant{"ten_1"};
const Guard::Line services{tenant, "service"};

struct World {
  ManualClock clock;
  Guard guard;
  explicit World(GuardBounds bounds = {}) : guard{bounds} {}

  [[nodiscard]] GuardWish wish(int n, const std::string& kind = "service", const TenantId& of = tenant) const {
    return {of, kind, {ActorId{"svc_" + std::to_string(n)}, of, "after:active:1", clock.now()}};
  }
  [[nodiscard]] bool admits(int n, const std::string& kind = "service", const TenantId& of = tenant) {
    return guard.admit(wish(n, kind, of), clock.now(), clock.monotonic()).has_value();
  }
  /// How many of so many go.
  int passed(int from, int count, const std::string& kind = "service", const TenantId& of = tenant) {
    int go = 0;
    for (int n = from; n < from + count; ++n) go += admits(n, kind, of) ? 1 : 0;
    return go;
  }
  GuardQuestion ask() {
    auto question = guard.question_for(services, clock.now());
    BOOST_REQUIRE(question.has_value());
    guard.put(*question);
    return *question;
  }
  void release(GuardQuestion question, std::int64_t number = -1) {
    question.state = "released";
    question.until = clock.now() + guard.bounds().release;
    question.number = number;
    guard.put(question);
  }
};

/// A memory database with what a former node left.
struct Kept {
  std::shared_ptr<storage::Database> database = storage::make_memory_database();
  std::unique_ptr<storage::Store> store = must(database->open_store());
  Kept() { must(store->begin_incarnation("nod_1", "host-a", std::chrono::seconds{15})); }

  void decide(int n, Time at, const IncidentId& released = {}) {
    storage::ActorChange change;
    change.row = {.id = ActorId{"svc_" + std::to_string(n)}, .tenant = tenant, .kind = "service", .workflow = "w", .revision = 1, .state = "gone", .status = "terminated", .customer = {},
                  .attributes = JsonObject{}, .cursor = JsonObject{}, .version = 1, .live = false, .decision = "dec_" + std::to_string(n), .created_at = at, .updated_at = at};
    const storage::Commit commit{.id = change.row.decision, .changes = {change}, .required = {}, .actions = {}, .idempotency = {},
                                 .guard = storage::GuardEntry{tenant, "service", change.row.id, at, released}};
    BOOST_REQUIRE((must(store->commit({&commit, 1})).at(0).status == storage::CommitStatus::committed));
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(guard)

BOOST_AUTO_TEST_CASE(lets_twenty_go_and_holds_the_rest_until_somebody_answers) {
  World w;
  BOOST_TEST(w.passed(0, 100) == 20);
  const auto question = w.ask();
  BOOST_TEST((question.why == "mass" && question.passed == 20 && question.bound == 20));
  w.clock.advance(std::chrono::hours{5});
  BOOST_TEST(!w.admits(100));  // the window is empty, but the question stands
  BOOST_TEST(w.ask().id.str() == question.id.str());
}

BOOST_AUTO_TEST_CASE(counts_a_share_of_the_live_actors_where_that_is_more) {
  for (const auto& [live, passed] : {std::pair{100, 20}, {1'000, 20}, {1'049, 20}, {1'050, 21}, {10'000, 200}}) {
    World w;
    w.guard.tell_live(services, live, w.clock.now());
    BOOST_TEST(w.passed(0, 500) == passed, live);
  }
  World strict{GuardBounds{.percent = 10, .floor = 0}};
  strict.guard.tell_live(services, 50, strict.clock.now());
  BOOST_TEST(strict.passed(0, 50) == 5);
}

BOOST_AUTO_TEST_CASE(goes_by_the_floor_while_it_does_not_know_how_many_there_are) {
  World w;
  BOOST_TEST(!w.guard.knows_live(services, w.clock.now()));
  w.guard.tell_live(services, 10'000, w.clock.now());
  BOOST_TEST(w.guard.knows_live(services, w.clock.now()));
  BOOST_TEST(w.passed(0, 150) == 150);
  w.clock.advance(std::chrono::minutes{11});  // what was counted then may hold no more
  BOOST_TEST(!w.guard.knows_live(services, w.clock.now()));
  BOOST_TEST(w.passed(200, 150) == 20);
  w.guard.tell_live(services, 10'000, w.clock.now());
  BOOST_TEST(!w.guard.question_for(services, w.clock.now()));  // there is room after all
  BOOST_TEST(w.passed(220, 150) == 150);
}

BOOST_AUTO_TEST_CASE(lets_twenty_go_in_any_ten_minutes) {
  World w;
  int passed = 0;
  for (int n = 0; n < 120; ++n) {  // two a minute
    passed += w.admits(n) ? 1 : 0;
    w.clock.advance(std::chrono::seconds{30});
  }
  BOOST_TEST(passed == 120);
  passed = 0;
  for (int n = 200; n < 400; ++n) {  // five a minute
    passed += w.admits(n) ? 1 : 0;
    w.clock.advance(std::chrono::seconds{12});
  }
  BOOST_TEST(passed < 100);
}

BOOST_AUTO_TEST_CASE(counts_a_timer_that_asks_again_once) {
  World w;
  const auto same = w.wish(1);
  for (int i = 0; i < 30; ++i) BOOST_TEST(w.guard.admit(same, w.clock.now(), w.clock.monotonic()).has_value());
  BOOST_TEST(w.passed(2, 30) == 19);
}

BOOST_AUTO_TEST_CASE(frees_the_place_of_what_was_not_written) {
  World w;
  BOOST_TEST(w.passed(0, 20) == 20);
  w.guard.give_back(w.wish(7));
  w.guard.give_back(w.wish(7));
  w.guard.give_back(w.wish(99));
  BOOST_TEST(w.passed(100, 5) == 1);
  w.clock.advance(std::chrono::minutes{11});
  BOOST_TEST(w.passed(200, 50) == 20);
}

BOOST_AUTO_TEST_CASE(keeps_tenants_and_kinds_apart) {
  World w;
  BOOST_TEST(w.passed(0, 50) == 20);
  w.ask();
  BOOST_TEST(w.passed(0, 50, "domain") == 20);
  BOOST_TEST(w.passed(0, 50, "service", TenantId{"ten_2"}) == 20);
  BOOST_TEST(w.passed(0, 50) == 20);  // those that went before, once more
}

BOOST_AUTO_TEST_CASE(lets_the_same_kind_go_for_an_hour_after_a_release) {
  World w;
  w.passed(0, 50);
  const auto question = w.ask();
  w.release(question);
  const auto entry = w.guard.admit(w.wish(1'000), w.clock.now(), w.clock.monotonic());
  BOOST_TEST((entry && entry->released == question.id));
  BOOST_TEST(w.passed(1'001, 500) == 500);
  BOOST_TEST(w.passed(0, 50, "domain") == 20);  // of another kind nobody has spoken
  w.clock.advance(std::chrono::minutes{59});
  BOOST_TEST(w.passed(2'000, 100) == 100);
  w.clock.advance(std::chrono::minutes{2});
  BOOST_TEST(w.passed(3'000, 100) == 20);  // what a person let go counts for nothing
}

BOOST_AUTO_TEST_CASE(lets_no_more_go_than_a_release_says) {
  World w;
  w.passed(0, 50);
  const auto question = w.ask();
  w.release(question, 30);
  auto rest = question;
  rest.id = IncidentId{"inc_rest"};
  rest.why = "rest";
  w.guard.put(rest);
  BOOST_TEST(w.passed(100, 100) == 30);
  BOOST_TEST(w.ask().id.str() == "inc_rest");
}

BOOST_AUTO_TEST_CASE(holds_what_was_kept_and_asks_again_in_time) {
  World w;
  w.passed(0, 50);
  auto question = w.ask();
  question.state = "kept";
  question.until = w.clock.now() + std::chrono::hours{24};
  w.guard.put(question);
  BOOST_TEST(!w.admits(100));
  BOOST_TEST(w.guard.to_be_asked_again(w.clock.now()).empty());
  w.clock.advance(std::chrono::hours{24});
  BOOST_TEST(w.guard.to_be_asked_again(w.clock.now()).size() == 1U);
  BOOST_TEST(!w.admits(101));
}

BOOST_AUTO_TEST_CASE(counts_on_after_a_restart_where_it_stood) {
  Kept kept;
  World w;
  must(w.guard.load(*kept.store, w.clock));
  kept.decide(900, w.clock.now() - std::chrono::minutes{20});  // too long ago
  for (int n = 0; n < 15; ++n) kept.decide(n, w.clock.now() - std::chrono::minutes{n % 10});
  kept.decide(901, w.clock.now(), IncidentId{"inc_1"});  // a person let it go
  World next;
  must(next.guard.load(*kept.store, next.clock));
  BOOST_TEST(next.passed(100, 50) == 5);
}

BOOST_AUTO_TEST_CASE(knows_after_a_restart_what_it_has_asked_and_what_was_released) {
  Kept kept;
  World w;
  must(w.guard.load(*kept.store, w.clock));
  w.passed(0, 50);
  auto question = w.ask();
  must(kept.store->hold_timers(question, {}));
  World next;
  must(next.guard.load(*kept.store, next.clock));
  BOOST_TEST(next.ask().id.str() == question.id.str());
  question.state = "released";
  question.until = w.clock.now() + std::chrono::hours{1};
  question.number = 30;
  must(kept.store->put_guard_question(question, 30, {}));
  for (int n = 0; n < 10; ++n) kept.decide(n, w.clock.now(), question.id);
  World last;
  must(last.guard.load(*kept.store, last.clock));
  BOOST_TEST(last.passed(100, 20) == 20);       // the other twenty of the release
  BOOST_TEST(last.passed(200, 50) == 20);       // then it counts as ever
}

BOOST_AUTO_TEST_CASE(asks_before_the_first_of_each_kind_after_a_long_downtime) {
  Kept kept;
  World w;
  must(w.guard.load(*kept.store, w.clock));
  BOOST_TEST(w.passed(0, 3) == 3);  // the first start is no downtime
  World soon;
  soon.clock.advance(std::chrono::hours{6});
  must(soon.guard.load(*kept.store, soon.clock));
  BOOST_TEST(soon.passed(10, 3) == 3);
  World late;
  late.clock.advance(std::chrono::hours{12} + std::chrono::seconds{1});
  must(late.guard.load(*kept.store, late.clock));
  BOOST_TEST(late.passed(20, 3) == 0);
  BOOST_TEST(late.passed(20, 3, "domain") == 0);
  const auto question = late.ask();
  BOOST_TEST((question.why == "downtime" && question.passed == 0));
  // a restart a minute later is not long, but what was not asked by then is asked still
  must(kept.store->hold_timers(question, {}));
  auto released = question;
  released.state = "released";
  released.until = late.clock.now() + std::chrono::minutes{1};
  must(kept.store->put_guard_question(released, -1, {}));
  World next;
  next.clock.set(late.clock.now() + std::chrono::minutes{2});
  must(next.guard.load(*kept.store, next.clock));
  BOOST_TEST(next.passed(30, 3) == 3);             // this kind was asked about
  BOOST_TEST(next.passed(30, 3, "domain") == 0);   // that one was not
}

BOOST_AUTO_TEST_CASE(asks_before_the_first_of_each_kind_after_a_restore) {
  Kept kept;
  World w;
  must(w.guard.load(*kept.store, w.clock));
  must(kept.store->put_value("guard_since_restore", "2026-03-02T08:00:00Z"));
  World restored;
  restored.clock.advance(std::chrono::minutes{1});
  must(restored.guard.load(*kept.store, restored.clock));
  BOOST_TEST(!restored.admits(1));
  BOOST_TEST(restored.ask().why == "restore");
  BOOST_TEST(must(kept.store->get_value("guard_since_restore")).value() == "");
  World next;  // nothing was written about that question: it is asked again
  next.clock.advance(std::chrono::minutes{2});
  must(next.guard.load(*kept.store, next.clock));
  BOOST_TEST(!next.admits(1));
}

BOOST_AUTO_TEST_CASE(takes_a_process_that_stood_still_for_one_that_was_down) {
  World w;
  w.guard.beat(w.clock.now(), std::chrono::hours{1});
  BOOST_TEST(w.guard.admit(w.wish(1), w.clock.now(), std::chrono::hours{7}).has_value());
  BOOST_TEST(!w.guard.caution_to_write());
  BOOST_TEST(!w.guard.admit(w.wish(2), w.clock.now(), std::chrono::hours{14}).has_value());
  BOOST_TEST(w.ask().why == "downtime");
  BOOST_TEST(w.guard.caution_to_write().has_value());
  BOOST_TEST(!w.guard.caution_to_write().has_value());  // once
}

BOOST_AUTO_TEST_CASE(counts_what_is_on_its_way_to_the_store_once_when_questions_are_read_again) {
  World w;
  Kept kept;
  const auto written = w.wish(0), under_way = w.wish(1);
  BOOST_REQUIRE(w.guard.admit(written, w.clock.now(), w.clock.monotonic()));
  kept.decide(0, w.clock.now());
  BOOST_REQUIRE(w.guard.admit(under_way, w.clock.now(), w.clock.monotonic()));  // in no store yet
  must(w.guard.read_questions(*kept.store, w.clock.now()));
  // both ask once more, because nobody told them what became of their decision
  BOOST_TEST(w.guard.admit(written, w.clock.now(), w.clock.monotonic()).has_value());
  BOOST_TEST(w.guard.admit(under_way, w.clock.now(), w.clock.monotonic()).has_value());
  BOOST_TEST(w.passed(2, 50) == 18);
}

BOOST_AUTO_TEST_CASE(believes_the_store_about_its_questions_and_remembers_how_many_a_release_has_let_go) {
  World w;
  Kept kept;
  BOOST_TEST(w.passed(0, 30) == 20);
  auto first = w.ask();
  must(kept.store->hold_timers(first, {}));
  first.answers.push_back(JsonObject{{"how", "release"}, {"by", "usr_1"}, {"note", "fine"}, {"at", format_time(w.clock.now())}});
  first.state = "released";
  first.until = w.clock.now() + w.guard.bounds().release;
  first.number = 5;
  must(kept.store->put_guard_question(first, 0, {}));  // and nobody hears the answer
  must(w.guard.read_questions(*kept.store, w.clock.now()));
  BOOST_TEST(w.passed(100, 3) == 3);
  must(w.guard.read_questions(*kept.store, w.clock.now()));
  BOOST_TEST(w.passed(200, 10) == 2);
}

BOOST_AUTO_TEST_SUITE_END()
