#include "tests/simulation/node.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "actors/pulse.hpp"
#include "tests/simulation/bus.hpp"
#include "tests/simulation/store.hpp"

namespace stellwerk::simulation {

using namespace actors;

namespace {

constexpr auto network_delay = std::chrono::milliseconds{5};

std::unique_ptr<caf::actor_system_config> testing_config() {
  auto config = std::make_unique<caf::actor_system_config>();
  config->set("scheduler.policy", caf::atom("testing"));
  return config;
}

caf::actor_clock::time_point caf_time(Duration elapsed) { return caf::actor_clock::time_point{std::chrono::duration_cast<caf::actor_clock::duration_type>(elapsed)}; }

Result<Answer> recorded(const storage::IdempotencyRow& row, const Idempotency& asked) {
  if (row.body_hash != asked.body_hash) return fail(ErrorCode::invalid_argument, "this Idempotency-Key was used with another body", "idempotency_key_reused");
  return Answer{row.status, row.answer, true};
}

}  // namespace

/// The machine's wall clock is the world's, which may jump; what is due goes by the database, as in production.
class Node::NodeClock final : public Clock {
 public:
  explicit NodeClock(const World& world) : world_{world} {}
  [[nodiscard]] Time now() const override { return database_.at(monotonic()).value_or(wall()); }
  [[nodiscard]] Time wall() const override { return world_.clock().now(); }
  [[nodiscard]] Duration monotonic() const override { return world_.clock().monotonic(); }
  void follow(Time database, Duration sent, Duration answered) override { database_.follow(database, sent, answered); }

 private:
  const World& world_;
  FollowedTime database_;
};

/// The process's way to the vendor.
class Node::NodeDriver final : public connectors::Driver {
 public:
  NodeDriver(Node& node, std::shared_ptr<const bool> alive) : node_{node}, alive_{std::move(alive)} {}
  void send(connectors::DriverRequest request, std::function<void(connectors::DriverResponse)> done) override {
    if (*alive_) node_.send(std::move(request), std::move(done));
  }
  void stop() override {}

 private:
  Node& node_;
  std::shared_ptr<const bool> alive_;
};

Node::Node(World& world, std::string incarnation, std::string host)
    : world_{world}, incarnation_{std::move(incarnation)}, host_{std::move(host)}, config_{testing_config()}, system_{std::make_unique<caf::actor_system>(*config_)} {
  scheduler_ = dynamic_cast<caf::scheduler::test_coordinator*>(&system_->scheduler());
  STELLWERK_ASSERT(scheduler_ != nullptr, "the simulation runs on CAF's testing scheduler");
  scheduler_->clock().current_time = caf_time(world_.elapsed());
}

Node::~Node() {
  die("taken apart");
  *alive_ = false;
  open_.clear();
  while_paused_.clear();
  // What still runs has no effect any more; every actor has to end before the system does.
  if (actors_.dispatcher) caf::anon_send(actors_.dispatcher, stop_atom::value);
  const auto end = [&](const caf::actor& actor) {
    if (actor) caf::anon_send_exit(actor, caf::exit_reason::kill);
  };
  const auto run_all = [&] {
    while (scheduler_->try_run_once()) {
    }
  };
  run_all();
  for (const auto& actor : proxies_) end(actor);
  for (const auto& actor : actors_.loaders) end(actor);
  end(actors_.committer);
  end(actors_.timers);
  end(actors_.sentry);
  end(actors_.pulse);
  end(actors_.dispatcher);
  actors_ = {};
  proxies_.clear();
  run_all();
  scheduler_->clock().cancel_all();
  run_all();
  deps_.reset();
  // A process that is killed ends nobody: who was let go, and still waits for an answer that does not come, goes with the system.
  system_->await_actors_before_shutdown(false);
  system_.reset();
}

Result<std::unique_ptr<storage::Store>> Node::open_store() {
  if (dead_) return fail(ErrorCode::unavailable, "the process has ended");
  if (world_.in_trouble() && world_.random().chance(world_.plan().rates.store_fails_before)) return fail(ErrorCode::unavailable, "simulated: no connection");
  STELLWERK_TRY(auto store, world_.database_->open_store());
  return std::make_unique<SimulatedStore>(world_, *this, std::move(store));
}

Result<void> Node::start() {
  STELLWERK_TRY(keeper_, open_store());
  STELLWERK_TRY(edge_, open_store());
  clock_ = std::make_unique<NodeClock>(world_);
  const auto& clock = *clock_;
  const auto lease = std::make_shared<Lease>(clock, storage::default_lease);
  const auto sent = clock.monotonic();
  STELLWERK_CHECK(keeper_->begin_incarnation(incarnation_, host_, storage::default_lease));
  lease->renew(sent);
  keeper_->use_incarnation(incarnation_);
  deps_ = std::make_shared<Deps>();
  deps_->clock = clock_.get();
  deps_->lease = lease;
  deps_->clock_guard = std::make_shared<ClockGuard>(clock);
  misled_ = clock.wall() != world_.state().now();
  deps_->definitions = world_.setting_.library.definitions;
  deps_->connectors = world_.setting_.library.connectors;
  STELLWERK_TRY(const auto values, keeper_->setting_values(world_.setting_.tenant));
  deps_->around = {std::make_shared<SettingBook>(values), world_.setting_.calendar};
  const auto driver = std::make_shared<NodeDriver>(*this, alive_);
  deps_->drivers = {{"noop", driver}, {"http", driver}};
  deps_->incarnation = incarnation_;
  deps_->passivate_after = std::chrono::milliseconds{world_.random().between(10, 60'000)};
  deps_->guard = std::make_shared<Guard>(world_.plan().guard);
  deps_->in_flight_per_server = static_cast<int>(world_.random().between(1, 8));
  // Narrow bounds in some of the nodes, by what is drawn already: no seed tells another story because of them.
  const auto drawn = std::chrono::duration_cast<std::chrono::milliseconds>(deps_->passivate_after).count();
  const auto narrow = [&](int one_of) { return world_.plan().narrow && drawn % one_of == 0; };
  deps_->least_window = narrow(2) ? 1 : world_.plan().least_window;  // what waits behind it is parked
  auto bounds = world_.plan().bounds.value_or(Bounds{});
  if (narrow(3)) bounds.in_flight_per_tenant = 3, bounds.in_flight_per_operation = 1;
  if (narrow(5)) bounds.queue_per_server = 2, bounds.queue_per_operation = 1;  // the edge refuses
  if (narrow(7)) bounds.actors_in_memory = 1;
  if (narrow(11)) bounds.pending_commands = 4;
  deps_->admission = std::make_shared<Admission>(bounds);
  deps_->open_store = [this] { return open_store(); };
  deps_->detached = false;
  deps_->stopping = stopping_;
  deps_->on_fatal = [this, lease](const std::string& why) {
    lease->lose();
    die("told to end: " + why);
  };

  STELLWERK_TRY(const auto beaten, heartbeat(*keeper_, *deps_));
  lease->renew(beaten);
  EngineSeams seams;
  seams.front = proxies_.emplace_back(spawn_front(*system_, world_, *this));
  seams.around = [this](std::string_view role, const caf::actor& actor) {
    proxies_.push_back(actor);
    if (role != "committer" && role != "loader" && role != "timers") return actor;
    return proxies_.emplace_back(spawn_bystander(*system_, world_, *this, role, actor));
  };
  STELLWERK_TRY(actors_, spawn_engine(*system_, deps_, 2, seams));
  STELLWERK_TRY(const auto recovered, resume_work(actors_, *keeper_, *deps_));
  if (world_.tracing()) world_.note(fmt::format("  {} serves on {}, {} attempts recovered", incarnation_, host_, recovered));
  return {};
}

void Node::die(const std::string& why) {
  if (std::exchange(dead_, true)) return;
  if (world_.tracing()) world_.note(fmt::format("  {} ends: {}", incarnation_, why));
  *stopping_ = true;
  // Connections break: clients hear that nobody answers.
  auto callers = std::exchange(callers_, {});
  for (auto& [number, done] : callers)
    world_.after(network_delay, "connection lost", [done = std::move(done)] { done(fail(ErrorCode::unavailable, "the connection was lost", "connection_lost")); });
}

void Node::go_on() {
  paused_ = false;
  for (auto& act : std::exchange(while_paused_, {})) act();
}

void Node::run_job(std::size_t index) {
  auto& jobs = scheduler_->jobs;
  std::rotate(jobs.begin(), jobs.begin() + static_cast<std::ptrdiff_t>(index), jobs.begin() + static_cast<std::ptrdiff_t>(index) + 1);
  if (world_.tracing()) {
    const auto* actor = dynamic_cast<caf::scheduled_actor*>(jobs.front());
    world_.note(fmt::format("{} {}#{}", incarnation_.substr(incarnation_.size() - 4), actor == nullptr ? "?" : actor->name(), actor == nullptr ? 0 : actor->id()));
  }
  scheduler_->run_once();
}

std::optional<Duration> Node::next_timeout() const {
  if (paused_ || dead_) return std::nullopt;
  const auto& schedule = scheduler_->clock().schedule();
  if (schedule.empty()) return std::nullopt;
  return std::chrono::ceil<Duration>(schedule.begin()->first.time_since_epoch());
}

void Node::catch_up(Duration now) {
  if (paused_ || dead_) return;
  auto& clock = scheduler_->clock();
  const auto target = caf_time(now);
  clock.advance_time(std::max(target - clock.current_time, caf::actor_clock::duration_type{0}));
}

Duration Node::draw_delay() { return Duration{world_.random().between(1'000, world_.plan().rates.longest_delay.count())}; }

Duration Node::draw_request_delay() {
  if (!world_.in_trouble() || !world_.random().chance(world_.plan().rates.request_delayed)) return Duration{0};
  return draw_delay();
}

void Node::here(std::function<void()> act) {
  if (dead_) return;
  if (paused_) while_paused_.push_back(std::move(act));
  else act();
}

// --- the network

void Node::send(connectors::DriverRequest request, Vendor::Answer done) {
  if (dead_) return;
  const auto number = ++last_;
  open_.emplace(number, std::move(done));
  const auto timeout = request.timeout;
  const auto guarded = [this, alive = std::weak_ptr<bool>{alive_}](std::function<void()> act) {
    return [this, alive, act = std::move(act)] {
      if (const auto held = alive.lock(); held && *held) here(act);
    };
  };
  world_.after(Duration{world_.random().between(0, 3'000)}, "a request leaves", guarded([this, number, request = std::move(request)] { leave(number, request); }));
  world_.plan(world_.elapsed() + timeout, "a request's time is over", false, guarded([this, number, timeout] {
    connectors::DriverResponse response;
    response.failure = connectors::DriverResponse::Failure::uncertain;
    response.failure_code = "timeout";
    response.failure_text = fmt::format("timed out after {} s", std::chrono::duration_cast<std::chrono::seconds>(timeout).count());
    answered(number, std::move(response));
  }));
}

void Node::leave(std::uint64_t number, const connectors::DriverRequest& request) {
  if (!open_.contains(number)) return;
  // As a driver asks when its connection stands, right before the first byte.
  if (request.may_leave && !request.may_leave()) return answered(number, connectors::withheld_response());
  sent_[number] = world_.sent_.size();
  world_.sent_.push_back({.incarnation = incarnation_, .request = request, .when = world_.elapsed(), .in_flight_per_server = deps_->in_flight_per_server});
  if (world_.tracing()) world_.note(fmt::format("  {} {} {} key={} {}", incarnation_.substr(incarnation_.size() - 4), request.method, request.url, request.key, request.body));
  world_.setting_.vendor->receive(incarnation_, request, [this, alive = std::weak_ptr<bool>{alive_}, number](connectors::DriverResponse response) {
    if (const auto held = alive.lock(); held && *held) here([this, number, response = std::move(response)] { answered(number, response); });
  });
}

void Node::answered(std::uint64_t number, connectors::DriverResponse response) {
  auto found = open_.extract(number);
  if (found.empty()) return;
  if (const auto sent = sent_.extract(number); !sent.empty()) world_.sent_[sent.mapped()].ended = world_.elapsed();
  if (world_.tracing())
    world_.note(fmt::format("  {} answer {} {} {}", incarnation_.substr(incarnation_.size() - 4), response.status, response.failure_code, response.body));
  found.mapped()(std::move(response));
}

// --- the edge, as ClientImpl

Node::Slot Node::answer_to(AnswerCallback done, std::optional<Idempotency> idempotency) {
  const auto number = ++last_;
  callers_.emplace(number, std::move(done));
  return std::make_shared<ReplySlot>([this, number, key = std::move(idempotency), alive = std::weak_ptr<bool>{alive_}](Result<Answer> answer) {
    const auto held = alive.lock();
    if (!held || !*held || dead_) return;
    if (key) in_flight_.finish(*key, answer);
    world_.after(network_delay, "an answer", [this, number, alive, answer = std::move(answer)] {
      if (const auto still = alive.lock(); !still || !*still || dead_) return;
      auto caller = callers_.extract(number);
      if (!caller.empty()) caller.mapped()(answer);
    });
  });
}

void Node::take(std::shared_ptr<Deliver> deliver, std::optional<Idempotency> idempotency, AnswerCallback done) {
  const auto slot = answer_to(std::move(done), idempotency);
  here([this, deliver = std::move(deliver), idempotency = std::move(idempotency), slot] { take_once(deliver, idempotency, slot); });
}

void Node::order(std::function<void(const caf::actor&, std::shared_ptr<ReplySlot>)> give, AnswerCallback done) {
  const auto slot = answer_to(std::move(done), std::nullopt);
  here([this, give = std::move(give), slot] { give(actors_.sentry, slot); });
}

void Node::take_once(const std::shared_ptr<Deliver>& deliver, const std::optional<Idempotency>& idempotency, const Slot& slot) {
  const auto tell = [slot](Result<Answer> answer) { slot->answer(std::move(answer)); };
  if (!idempotency) return hand_over(deliver, tell);
  switch (in_flight_.join(*idempotency, tell)) {
    case InFlight::Joined::follows: return;
    case InFlight::Joined::other_body: return tell(fail(ErrorCode::invalid_argument, "this Idempotency-Key was used with another body", "idempotency_key_reused"));
    case InFlight::Joined::first: break;
  }
  deliver->idempotency = storage::IdempotencyRow{.scope = idempotency->scope, .key = idempotency->key, .body_hash = idempotency->body_hash, .status = 0, .answer = JsonObject{}, .at = world_.now()};
  const auto row = find_idempotency(*idempotency);
  if (!row) return tell(fail(row.error()));
  if (*row) return tell(recorded(**row, *idempotency));
  hand_over(deliver, [this, key = *idempotency, tell](Result<Answer> answer) {
    if (answer || answer.error().reason != "idempotency_duplicate") return tell(std::move(answer));
    const auto earlier = find_idempotency(key);
    if (!earlier) return tell(fail(earlier.error()));
    if (!*earlier) return tell(fail(ErrorCode::conflict, "a request with this Idempotency-Key is under way; try again", "in_progress"));
    tell(recorded(**earlier, key));
  });
}

Result<std::optional<storage::IdempotencyRow>> Node::find_idempotency(const Idempotency& key) {
  try {
    return edge_->find_idempotency(key.scope, key.key);
  } catch (const std::exception& error) {
    return fail(ErrorCode::internal, error.what());
  }
}

void Node::hand_over(const std::shared_ptr<Deliver>& deliver, AnswerCallback done) {
  auto accepted = deps_->admission->accept(deliver->create ? deliver->create->caller.tenant : deliver->tenant, std::holds_alternative<workflows::Remedy>(deliver->event.body));
  if (!accepted) return done(fail(std::move(accepted).error()));
  deliver->reply = std::make_shared<ReplySlot>([held = std::move(*accepted), done = std::move(done)](Result<Answer> answer) mutable {
    held.reset();
    done(std::move(answer));
  });
  caf::anon_send(actors_.front, Shared<Deliver>{deliver});
}

}  // namespace stellwerk::simulation
