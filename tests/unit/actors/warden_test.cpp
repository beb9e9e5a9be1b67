// The warden: finds who is stuck, tells it once, and forgets it when it is well again.

#include "actors/doctor.hpp"
#include "actors/warden.hpp"
#include "tests/unit/actors/engine.hpp"

namespace stellwerk::testing {
namespace {

/// Engine time and elapsed time, moved together or apart.
class HandClock final : public Clock {
 public:
  [[nodiscard]] Time now() const override { return start_ + elapsed_ + jumped_; }
  [[nodiscard]] Duration monotonic() const override { return elapsed_; }
  void pass(Duration by) { elapsed_ += by; }
  void jump(Duration by) { jumped_ += by; }

 private:
  Time start_ = wall_now();
  Duration elapsed_{0}, jumped_{0};
};

double gauge_of(const std::string& line) {
  const auto text = monitoring::render_metrics();
  const auto at = text.find("\n" + line + " ");
  return at == std::string::npos ? -1 : std::stod(text.substr(at + line.size() + 2));
}

/// An engine that made some actors and ended; a warden that looks when it is told.
struct Watched : Engine {
  HandClock clock;
  std::shared_ptr<actors::RecentlyChanged> changed = std::make_shared<actors::RecentlyChanged>();
  std::unique_ptr<actors::Warden> warden;
  std::shared_ptr<const actors::Definitions> definitions;
  ActorId lifted, resting;
  std::unique_ptr<storage::Store> keeper;

  Watched() {
    start();
    lifted = create_service();
    must(command(lifted, "lift"));
    until_state(lifted, "lifted");
    resting = create("order", "asking");
    stop();
    keeper = open_store();
    must(keeper->begin_incarnation("nod_watched", "host"));
    definitions = must(actors::load_library(*keeper, tenant, {}, wall_now())).definitions;
    make_warden(5'000);
  }
  void make_warden(int rows) {
    warden = std::make_unique<actors::Warden>([this] { return database()->open_directory(); }, definitions, changed, clock, actors::Warden::Options{.every = std::chrono::seconds{4}, .rows = rows});
  }
  std::string look() {
    warden->look();
    const auto report = warden->report();
    BOOST_TEST(report.error.empty(), report.error);
    std::string all;
    for (const auto& finding : report.findings) all += (all.empty() ? "" : " ") + finding.what + (finding.subject.empty() ? "" : "/" + finding.subject);
    return all;
  }
  void forget_timer() { sql("delete from timer where actor = '" + lifted.str() + "'"); }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(warden)

BOOST_FIXTURE_TEST_CASE(finds_an_actor_without_a_wake_up_and_forgets_it_when_it_has_one, Watched) {
  BOOST_TEST(look().empty());
  BOOST_TEST(gauge_of("stellwerk_actors_stuck{half=\"no_wake_up\"}") == 0);
  const auto due = ask_sql("select cast(due as text) from timer where actor = '" + lifted.str() + "'");
  const auto name = ask_sql("select name from timer where actor = '" + lifted.str() + "'");
  forget_timer();
  clock.pass(std::chrono::seconds{4});
  BOOST_TEST(look() == "no_wake_up");
  const auto finding = warden->report().findings.at(0);
  BOOST_TEST((finding.actor == lifted && finding.kind == "service" && finding.workflow == "lifting" && finding.state == "lifted" && finding.tenant == tenant));
  BOOST_TEST(!actors::describe_finding(finding).empty());
  BOOST_TEST(!actors::advice_for(finding).empty());
  BOOST_TEST(gauge_of("stellwerk_actors_stuck{half=\"no_wake_up\"}") == 1);
  BOOST_TEST(gauge_of("stellwerk_actors_stuck_oldest_seconds{half=\"no_wake_up\"}") > 3);
  BOOST_TEST(look() == "no_wake_up");
  sql("insert into timer (actor, tenant, name, due) values ('" + lifted.str() + "', '" + tenant.str() + "', '" + name + "', " + due + ")");
  BOOST_TEST(look().empty());
  BOOST_TEST(gauge_of("stellwerk_actors_stuck{half=\"no_wake_up\"}") == 0);
}

BOOST_FIXTURE_TEST_CASE(finds_who_was_changed_in_the_next_round_however_many_sleep, Watched) {
  // 300 sleeping ones, and rounds of ten: a sweep would take thirty of them
  sql("insert into actor (id, tenant, kind, workflow, revision, state, status, customer, attributes, cursor, version, shard, live, decision, created_at, updated_at) "
      "with recursive n(i) as (select 1 union all select i + 1 from n where i < 300) "
      "select 'svc_0' || substr('000' || i, -3), '" + tenant.str() + "', 'service', 'lifting', 1, 'idle', 'active', '', '{}', '{}', 1, 0, 1, '', 0, 0 from n");
  make_warden(10);
  BOOST_TEST(look().empty());
  forget_timer();
  changed->add(lifted);
  BOOST_TEST(look() == "no_wake_up");
  BOOST_TEST(look() == "no_wake_up");  // although its page has not had its turn
}

BOOST_FIXTURE_TEST_CASE(finds_whoever_lost_a_wake_up_without_a_decision_within_one_sweep, Watched) {
  make_warden(1);
  forget_timer();
  std::string found;
  for (int round = 0; round < 4 && found.empty(); ++round) found = look();
  BOOST_TEST(found == "no_wake_up");
}

BOOST_FIXTURE_TEST_CASE(gives_the_node_its_time_after_a_start_and_after_a_move_of_the_clock, Watched) {
  clock.jump(std::chrono::hours{24 * 5});  // longer than the timer
  BOOST_TEST(look().empty());
  clock.pass(std::chrono::seconds{8});
  BOOST_TEST(look().empty());
  clock.pass(std::chrono::seconds{4});
  BOOST_TEST(look() == "timer/after:lifted:1");
  BOOST_TEST(gauge_of("stellwerk_actors_stuck{half=\"overdue\"}") == 1);
  clock.jump(std::chrono::hours{1});
  BOOST_TEST(look().empty());
  clock.pass(std::chrono::seconds{12});
  BOOST_TEST(look() == "timer/after:lifted:1");
  sql("insert into incident (id, tenant, kind, actor, actor_kind, run, step, error_class, code, message, detail, remedies, state, closed_by, closed_how, note, opened_at, closed_at) values "
      "('inc_1', '" + tenant.str() + "', 'quarantined', '" + lifted.str() + "', 'service', '', '', '', '', '', '{}', '[]', 'open', '', '', '', 1, 0)");
  BOOST_TEST(look().empty());  // a person holds it
}

BOOST_FIXTURE_TEST_CASE(finds_abandoned_attempts_untaken_messages_and_deferred_events_that_would_be_taken, Watched) {
  const auto put = [&](const std::string& receiver, const std::string& event, int deferred) {
    sql("insert into mailbox (tenant, receiver, sender, event_id, event, payload, meta, deferred, at) values ('" + tenant.str() + "', '" + receiver + "', '', 'evt_x', '" + event + "', '{}', '{}', " +
        std::to_string(deferred) + ", " + std::to_string(to_micros(clock.now())) + ")");
  };
  put(resting.str(), "nudge", 0);
  put(lifted.str(), "paint", 1);   // its state takes it
  put(lifted.str(), "lift", 1);    // … but not this one
  put("svc_nobody", "nudge", 0);
  sql("insert into attempt (run, lane, id, actor, tenant, workflow, step, key, executor, operation, sub, server, input, mode, number, due, deadline, sent, handle, incarnation) values "
      "('run_1', 0, 'att_1', '" + resting.str() + "', '" + tenant.str() + "', 'asking', 'step', 'k', 'connector', 'crane.lift', -1, '', '{}', 'execute', 1, 1, 0, 0, '', 'nod_gone')");
  BOOST_TEST(look() == "attempt_abandoned/step");
  clock.pass(std::chrono::seconds{90});
  const auto found = look();
  for (const char* what : {"attempt_abandoned/step", "message/nudge", "deferred/paint", "no_receiver/nudge"}) BOOST_TEST(found.find(what) != std::string::npos, what << " in " << found);
  BOOST_TEST(found.find("deferred/lift") == std::string::npos, found);
  sql("delete from mailbox");
  sql("delete from attempt");
  BOOST_TEST(look().empty());
}

BOOST_FIXTURE_TEST_CASE(tells_that_the_database_is_away_and_goes_on, Watched) {
  bool away = true;
  actors::Warden other{[&]() -> Result<std::unique_ptr<storage::Directory>> {
                         if (away) return fail(ErrorCode::unavailable, "away");
                         return database()->open_directory();
                       }, definitions, changed, clock};
  other.look();
  BOOST_TEST(!other.report().error.empty());
  BOOST_TEST(metric("stellwerk_database_up") == 0);
  away = false;
  other.look();
  BOOST_TEST(other.report().error.empty());
  BOOST_TEST(metric("stellwerk_database_up") == 1);
}

BOOST_FIXTURE_TEST_CASE(and_the_doctor_agree, Watched) {
  auto directory = must(database()->open_directory());
  auto report = must(actors::examine(*directory, definitions, wall_now()));
  BOOST_TEST((report.is_healthy() && report.complete && report.serving && report.facts.live_actors == 2));
  forget_timer();
  report = must(actors::examine(*directory, definitions, wall_now()));
  BOOST_TEST((!report.is_healthy() && report.findings.size() == 1U));
  const auto json = actors::render_report(report);
  BOOST_TEST(!bool_of(json, "healthy"));
  BOOST_TEST(text_of(json.at("findings").at(0), "actor") == lifted.str());
  BOOST_TEST(!text_of(json.at("findings").at(0), "do").empty());
  keeper->end_incarnation("nod_watched");
  BOOST_TEST(!must(actors::examine(*directory, definitions, wall_now())).serving);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace stellwerk::testing
