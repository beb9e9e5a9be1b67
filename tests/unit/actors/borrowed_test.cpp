// The actor that a timer brings along may be old by the time it is used: nothing is lost, and nobody else is answered on its ground.

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "actors/engine_actors.hpp"
#include "tests/unit/actors/engine.hpp"

using namespace stellwerk;
using namespace stellwerk::actors;
using stellwerk::testing::must;

namespace {

constexpr const char* switching = R"(language: 1
workflow: switching
kind: service
attributes:
  colour: { type: string, max: 64 }
events:
  turn_on:  { allow: [staff] }
  turn_off: { allow: [staff] }
  paint:    { allow: [staff], with: { colour: { type: string, required: true } } }
initial: dark
states:
  dark:
    status: active
    on:
      turn_on: { to: bright }
      paint:   { set: { colour: "${event.colour}" } }
    after: { P3D: { to: gone } }
  bright:
    status: active
    rest: true
    on: { turn_off: { to: dark } }
  gone:
    status: terminated
    final: true
)";

/// The engine's actors on a memory database, with nobody who fires timers but the test.
class Desk {
 public:
  OffsetClock clock;
  TenantId tenant{"ten_1"};
  ActorId id = make_id<ActorId>("svc");
  std::shared_ptr<storage::Database> database = storage::make_memory_database();
  std::unique_ptr<storage::Store> store = must(database->open_store());

  Desk() {
    must(store->begin_incarnation("nod_1", "host"));
    const auto library = must(load_library(*store, tenant, {{"workflows/library/switching.yaml", switching}}, clock.now()));
    deps_->clock = &clock;
    deps_->definitions = library.definitions;
    deps_->connectors = library.connectors;
    deps_->incarnation = "nod_1";
    deps_->open_store = [this] { return database->open_store(); };
    deps_->stopping = std::make_shared<std::atomic<bool>>(false);
    deps_->on_fatal = [](const std::string& why) { BOOST_ERROR("fatal: " + why); };
    deps_->lease = std::make_shared<Lease>(clock, std::chrono::seconds{15});
    deps_->lease->renew(clock.monotonic());
    deps_->clock_guard = std::make_shared<ClockGuard>(clock);
    wake();
    must(send({.actor = id, .event = event(workflows::Born{JsonObject{}}), .create = CreateRequest{.kind = "service", .prefix = "svc", .workflow = "switching", .attributes = JsonObject{},
                                                                                                  .customer = "", .caller = {tenant, "usr_1", "staff", ""}, .trace = {}, .idempotency = {}}}));
  }
  ~Desk() { passivate(); }

  /// Everybody sleeps, and is as it stands in the database when it wakes.
  void passivate() {
    stop_engine(engine_, [] {});
    system_.reset();
  }
  void wake() {
    system_ = std::make_unique<caf::actor_system>(config_);
    engine_ = must(spawn_engine(*system_, deps_, 1));
  }
  Result<Answer> command(const std::string& name, Json payload = JsonObject{}) { return send({.actor = id, .event = event(workflows::Command{name, std::move(payload)})}); }
  [[nodiscard]] storage::LoadedActor stored() { return must(store->load(id)); }
  [[nodiscard]] storage::TimerRow timer() { return must(store->timers_due(tenant, Time::max(), 10, {})).at(0); }
  /// As the timers do it. Returns when the actor has done with it.
  void fire(const std::string& name, Time due, const storage::LoadedActor& loaded) {
    FiredTimers fired{nullptr};
    auto ticket = fired.fire({id, tenant, name, due}, Duration{0});
    caf::anon_send(engine_.front, share(Deliver{.actor = id, .event = event(workflows::TimerDue{name, due}), .loaded = share(loaded), .ticket = std::move(ticket)}));
    const auto end = std::chrono::steady_clock::now() + testing::deadline;
    while (fired.under_way() > 0) {
      if (std::chrono::steady_clock::now() > end) BOOST_FAIL("nobody has done with the timer");
      std::this_thread::yield();
      fired.settle(Duration{0});
    }
  }

 private:
  template <class Body>
  static workflows::Event event(Body body) {
    return {.id = make_id<EventId>("evt"), .by = {"usr_1", "staff"}, .trace = {}, .depth = 0, .body = std::move(body)};
  }
  Result<Answer> send(Deliver deliver) {
    return testing::wait_for<Answer>([&](auto done) {
      deliver.reply = std::make_shared<ReplySlot>(done);
      caf::anon_send(engine_.front, share(std::move(deliver)));
    });
  }

  std::shared_ptr<Deps> deps_ = std::make_shared<Deps>();
  caf::actor_system_config config_;
  std::unique_ptr<caf::actor_system> system_;
  EngineActors engine_;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(borrowed, Desk)

BOOST_AUTO_TEST_CASE(is_worked_on_without_being_asked_for_again) {
  const auto due = timer().due;
  passivate();
  clock.set_offset(std::chrono::hours{73});
  wake();
  fire(timer().name, due, stored());
  BOOST_TEST((stored().row.state == "gone" && stored().row.version == 2));
}

BOOST_AUTO_TEST_CASE(does_not_undo_what_was_decided_meanwhile) {
  const auto old = stored();
  const auto [name, due] = std::pair{timer().name, timer().due};
  must(command("paint", JsonObject{{"colour", "red"}}));
  passivate();
  clock.set_offset(std::chrono::hours{73});
  wake();
  fire(name, due, old);
  const auto now = stored().row;
  BOOST_TEST((now.state == "gone" && now.version == 3 && text_of(now.attributes, "colour") == "red"));
}

BOOST_AUTO_TEST_CASE(is_no_ground_for_anybody_else) {
  const auto old = stored();
  const auto [name, due] = std::pair{timer().name, timer().due};
  must(command("turn_on"));  // that timer is no more
  passivate();
  wake();
  fire("P9D", due, old);  // nobody has set this one: nothing is decided, and nothing written
  const auto answer = command("turn_off");  // dark it was, bright it is
  BOOST_TEST(answer.has_value());
  BOOST_TEST(stored().row.state == "dark");
}

BOOST_AUTO_TEST_CASE(does_not_bring_a_quarantine_back) {
  auto old = stored();
  old.quarantine = IncidentId{"inc_closed"};
  const auto [name, due] = std::pair{timer().name, timer().due};
  passivate();
  clock.set_offset(std::chrono::hours{73});
  wake();
  fire(name, due, old);
  BOOST_TEST(stored().row.state == "gone");
}

BOOST_AUTO_TEST_SUITE_END()
