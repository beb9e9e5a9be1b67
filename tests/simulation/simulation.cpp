#include "tests/simulation/simulation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "actors/protocol.hpp"
#include "tests/simulation/node.hpp"

namespace stellwerk::simulation {
namespace {

using namespace std::chrono;

constexpr Time beginning = Time{sys_days{2026y / 3 / 2}.time_since_epoch()} + hours{8};
constexpr Duration since_boot = hours{5};  ///< monotonic time does not begin at zero either
constexpr Duration quiet_for = seconds{60};

World* logging = nullptr;  ///< whose trace gets the lines of the log

/// Without its time of day, which differs from run to run.
void log_line(std::string_view line) {
  if (logging == nullptr) return;
  const auto level = line.find(R"("level")");
  logging->note("  log " + std::string{level == std::string_view::npos ? line : line.substr(level)});
}

}  // namespace

class World::VirtualClock final : public Clock {
 public:
  [[nodiscard]] Time now() const override { return beginning + elapsed + jumped; }
  [[nodiscard]] Duration monotonic() const override { return since_boot + elapsed; }
  Duration elapsed{};
  Duration jumped{};
};

Plan plan_of(std::uint64_t seed) {
  Random random{seed * 0x2545f4914f6cdd1d + 1};
  Plan plan;
  plan.seed = seed;
  const bool mild = random.below(2) == 0;
  // Few of each kind, or many of some kinds.
  const auto rate = [&](int most) { return mild ? static_cast<int>(random.below(static_cast<std::uint64_t>(most) / 4 + 1)) : random.below(3) == 0 ? static_cast<int>(random.below(static_cast<std::uint64_t>(most) + 1)) : 0; };
  auto& r = plan.rates;
  r.store_fails_before = rate(80);
  r.store_fails_after = rate(80);
  r.store_throws = rate(40);
  r.node_ends_before = rate(6);
  r.node_ends_after = rate(6);
  r.wake_lost = rate(400);
  r.doubled = rate(300);
  r.delayed = rate(300);
  r.request_delayed = rate(200);
  r.longest_delay = milliseconds{random.between(10, 4'000)};
  plan.trouble = seconds{random.between(60, 400)};
  plan.kills = static_cast<int>(random.below(4));
  plan.pauses = static_cast<int>(random.below(3));
  plan.takeovers = static_cast<int>(random.below(3));
  plan.clock_jumps = static_cast<int>(random.below(3));
  r.store_slow = rate(30);
  r.longest_call = milliseconds{random.between(100, 25'000)};
  plan.slow_spells = static_cast<int>(random.below(4) == 0 ? random.between(1, 3) : 0);
  plan.narrow = true;
  plan.guard.floor = static_cast<int>(random.between(1, 4));
  plan.guard.downtime = minutes{random.between(20, 360)};
  plan.guard.release = minutes{random.between(2, 60)};
  plan.guard.pause = minutes{random.between(1, 4)};
  return plan;
}

Result<actors::Library> load_library(const TenantId& tenant, const std::vector<std::pair<std::string, std::string>>& files) {
  const auto database = storage::make_memory_database();
  STELLWERK_TRY(const auto store, database->open_store());
  return actors::load_library(*store, tenant, files, beginning);
}

World::World(Plan plan, Setting setting) : plan_{plan}, setting_{std::move(setting)}, random_{plan.seed}, clock_{std::make_unique<VirtualClock>()}, state_{std::make_shared<storage::MemoryState>()} {
  seed_uuids(plan.seed);
  // The database's clock is right: the nodes' may jump.
  state_->now = [this] { return beginning + clock_->elapsed; };
  database_ = storage::make_memory_database(state_);
  logging = plan.trace ? this : nullptr;
  monitoring::set_log_level("warning");
  monitoring::set_log_sink(log_line);
  if (setting_.furnish) {
    const auto store = database_->open_store();
    STELLWERK_ASSERT(store.has_value(), "the memory database gives a session");
    setting_.furnish(**store);
  }
  plan_trouble();
}

World::~World() {
  calm_ = true;
  nodes_.clear();
  agenda_.clear();
  logging = nullptr;
  monitoring::set_log_sink(nullptr);
  seed_uuids(std::nullopt);
}

// --- chance, time, trace

const Clock& World::clock() const { return *clock_; }
Duration World::elapsed() const { return clock_->elapsed; }
void World::jump_clock(Duration by) {
  clock_->jumped += by;
  if (tracing()) note(fmt::format("the wall clock jumps by {} s", duration_cast<seconds>(by).count()));
  if (clock_->jumped != Duration{0}) return;
  for (const auto& node : nodes_)
    if (node->misled()) node->die("restarted by its operator: its clock was wrong at its start");
}

void World::plan(Duration at, std::string what, bool work, std::function<void()> act) {
  if (work) ++planned_work_;
  agenda_.emplace(std::max(at, elapsed()), Planned{std::move(what), std::move(act), work});
}
void World::after(Duration delay, std::string what, std::function<void()> act) { plan(elapsed() + delay, std::move(what), true, std::move(act)); }

void World::note(std::string_view line) {
  if (tracing()) fmt::format_to(std::back_inserter(trace_), "{:>7} {:>12} {}\n", steps_, elapsed().count(), line);
}

/// When what goes wrong by itself does so.
void World::plan_trouble() {
  const auto moment = [&] { return Duration{random_.between(0, plan_.trouble.count())}; };
  for (int i = 0; i < plan_.kills; ++i)
    plan(moment(), "kill", false, [this] {
      if (auto* node = served_by(); node != nullptr && in_trouble()) node->die("killed");
    });
  for (int i = 0; i < plan_.pauses; ++i) {
    const Duration span{random_.between(1'000'000, plan_.longest_pause.count())};
    plan(moment(), "pause", false, [this, span] {
      if (in_trouble()) pause_node(span);
    });
  }
  for (int i = 0; i < plan_.takeovers; ++i) {
    // Nobody takes over from a node that renews its lease: it is paused until long after.
    plan(moment(), "takeover", false, [this] {
      if (!in_trouble() || !serving()) return;
      pause_node(plan_.longest_pause);
      start_node();
    });
  }
  for (int i = 0; i < plan_.slow_spells; ++i) {
    const auto from = moment();
    plan(from, "the database is slow", false, [this] { ++slow_spells_; });
    plan(from + Duration{random_.between(1'000'000, 60'000'000)}, "the database is quick again", false, [this] { --slow_spells_; });
  }
  for (int i = 0; i < plan_.clock_jumps; ++i) {
    const Duration by{random_.between(-plan_.longest_jump.count(), plan_.longest_jump.count())};
    const auto from = moment(), to = moment();
    plan(std::min(from, to), "clock jump", false, [this, by] { jump_clock(by); });
    plan(std::max(from, to), "clock set right", false, [this, by] { jump_clock(-by); });
  }
}

void World::accuse(std::string what) {
  if (tracing()) note("  wrong: " + what);
  if (std::ranges::find(accusations_, what) == accusations_.end()) accusations_.push_back(std::move(what));
}

StoreFault World::fault_of(const StoreCall& call) {
  auto& number = calls_[std::string{call.call}];
  ++number;
  if (store_script) {
    auto asked = call;
    asked.number = number;
    return store_script(asked);
  }
  if (!in_trouble()) return StoreFault::none;
  const auto& rates = plan_.rates;
  const std::array<std::pair<int, StoreFault>, 7> faults{{{rates.store_fails_before, StoreFault::fails_before},
                                                          {rates.store_fails_after, StoreFault::fails_after},
                                                          {rates.store_throws / 2, StoreFault::throws_before},
                                                          {rates.store_throws / 2, StoreFault::throws_after},
                                                          {rates.node_ends_before, StoreFault::node_ends_before},
                                                          {rates.node_ends_after, StoreFault::node_ends_after},
                                                          {slow_spells_ > 0 ? 500 : rates.store_slow, StoreFault::slow}}};
  auto drawn = static_cast<int>(random_.below(1000));
  for (const auto& [rate, fault] : faults) {
    if (drawn >= rate) {
      drawn -= rate;
      continue;
    }
    if (tracing()) note(fmt::format("  store: {} {}", call.call, static_cast<int>(fault)));
    return fault;
  }
  return StoreFault::none;
}

BusFault World::fault_of(const BusMessage& message) {
  if (bus_script) return bus_script(message);
  if (!in_trouble()) return BusFault::none;
  const auto& rates = plan_.rates;
  const bool a_wake = message.what == "wake" || message.what == "timer" || message.what == "timer_set";
  if (a_wake && random_.chance(rates.wake_lost)) return BusFault::lose;
  if (random_.chance(rates.doubled)) return BusFault::twice;
  if (random_.chance(rates.delayed)) return BusFault::delay;
  return BusFault::none;
}

// --- nodes

Node* World::served_by() const {
  for (auto node = nodes_.rbegin(); node != nodes_.rend(); ++node)
    if (!(*node)->dead()) return node->get();
  return nullptr;
}

void World::start_node() {
  if (starting_) return;
  // Beside a node that lives it has to be another host; else it is the former one's.
  const auto* beside = served_by();
  const auto host = beside == nullptr ? std::string{"host-a"} : beside->host() == "host-a" ? std::string{"host-b"} : std::string{"host-a"};
  const auto incarnation = format_id("nod", make_uuid());
  incarnations_.push_back(incarnation);
  if (tracing()) note(fmt::format("start {} on {}", incarnation, host));
  auto node = std::make_unique<Node>(*this, incarnation, host);
  auto started = [&]() -> Result<void> {
    try {
      return node->start();
    } catch (const std::exception& error) {
      return fail(ErrorCode::internal, error.what());
    }
  }();
  if (started && !node->dead()) {
    nodes_.push_back(std::move(node));
    last_write_ = elapsed();
    return;
  }
  node->die(started ? "its start was its end" : describe(started.error()));
  node.reset();
  starting_ = true;
  plan(elapsed() + seconds{4}, "start again", true, [this] {
    starting_ = false;
    if (calm_ && serving()) return;  // the one that was to be taken over goes on
    start_node();
  });
}

void World::kill_node() {
  auto* node = served_by();
  if (node == nullptr) return;
  unreplaced_.insert(node->incarnation());
  node->die("killed");
}

void World::pause_node(Duration span) {
  auto* node = served_by();
  if (node == nullptr || node->paused()) return;
  if (tracing()) note(fmt::format("{} is stopped for {} s", node->incarnation(), duration_cast<seconds>(span).count()));
  node->pause();
  plan(elapsed() + span, "goes on", true, [this, incarnation = node->incarnation()] {
    const auto paused = std::ranges::find_if(nodes_, [&](const auto& one) { return one->incarnation() == incarnation; });
    if (paused != nodes_.end()) (*paused)->go_on();  // what it takes up then may move the others
  });
}

bool World::serving() const {
  const auto* node = served_by();
  return node != nullptr && !node->paused();
}
std::string World::incarnation() const {
  const auto* node = served_by();
  return node == nullptr ? std::string{} : node->incarnation();
}

/// Takes apart what has ended, and lets a supervisor start the service again.
void World::settle_nodes() {
  if (std::none_of(nodes_.begin(), nodes_.end(), [](const auto& node) { return node->dead(); })) return;
  bool replace = false;
  std::erase_if(nodes_, [&](const auto& node) {
    if (!node->dead() || node->in_call()) return false;  // a call of it is under way further up
    replace = replace || !unreplaced_.contains(node->incarnation());
    return true;
  });
  if (!replace || !nodes_.empty() || starting_) return;
  starting_ = true;
  plan(elapsed() + Duration{random_.between(200'000, 20'000'000)}, "a supervisor starts the service", true, [this] {
    starting_ = false;
    if (served_by() == nullptr) start_node();
  });
}

bool World::can_stand_still(const Node& node) const {
  constexpr int deepest = 6;
  return standing_still_ < deepest && std::ranges::any_of(nodes_, [&](const auto& one) { return one.get() == &node; });
}

void World::stand_still(Node& node, Duration span) {
  const auto until = elapsed() + span;
  ++standing_still_;
  node.enter_call();
  while (!node.dead() && (node.paused() || elapsed() < until))
    if (!step(node.paused() ? elapsed() + seconds{1} : until)) break;  // the step that led here fails as well
  node.leave_call();
  --standing_still_;
}

// --- the edge

namespace {

void nobody(World& world, actors::AnswerCallback done) {
  world.after(milliseconds{5}, "nobody listens", [done = std::move(done)] { done(fail(ErrorCode::unavailable, "nobody listens there", "connection_lost")); });
}

}  // namespace

void World::command(actors::CommandRequest request, actors::AnswerCallback done) {
  auto* node = served_by();
  if (node == nullptr) return nobody(*this, std::move(done));
  auto deliver = std::make_shared<actors::Deliver>();
  deliver->actor = request.actor;
  deliver->event = {.id = make_id<EventId>("evt"), .by = {request.caller.user, request.caller.role}, .trace = request.trace, .depth = 0, .body = workflows::Command{request.command, request.payload}};
  deliver->expected_kind = request.kind;
  deliver->tenant = request.caller.tenant;
  deliver->customer = request.caller.customer;
  deliver->wait = request.wait;
  node->take(std::move(deliver), std::move(request.idempotency), std::move(done));
}

void World::create(actors::CreateRequest request, actors::AnswerCallback done) {
  auto* node = served_by();
  if (node == nullptr) return nobody(*this, std::move(done));
  auto deliver = std::make_shared<actors::Deliver>();
  deliver->actor = make_id<ActorId>(request.prefix);
  deliver->event = {.id = make_id<EventId>("evt"), .by = {request.caller.user, request.caller.role}, .trace = request.trace, .depth = 0, .body = workflows::Born{request.attributes}};
  deliver->wait = request.wait;
  auto idempotency = std::move(request.idempotency);
  deliver->create = std::move(request);
  node->take(std::move(deliver), std::move(idempotency), std::move(done));
}

void World::edit(actors::EditRequest request, actors::AnswerCallback done) {
  auto* node = served_by();
  if (node == nullptr) return nobody(*this, std::move(done));
  auto deliver = std::make_shared<actors::Deliver>();
  deliver->actor = request.actor;
  deliver->event = {.id = make_id<EventId>("evt"), .by = {request.caller.user, request.caller.role}, .trace = request.trace, .depth = 0, .body = workflows::Edit{request.values}};
  deliver->expected_kind = request.kind;
  deliver->tenant = request.caller.tenant;
  deliver->customer = request.caller.customer;
  node->take(std::move(deliver), std::move(request.idempotency), std::move(done));
}

void World::remedy(actors::RemedyRequest request, actors::AnswerCallback done) {
  using What = workflows::Remedy::What;
  static const std::map<std::string, What> names{{"retry", What::retry}, {"skip", What::skip}, {"edit", What::edit}, {"done", What::done}, {"fail", What::fail}};
  const auto refuse = [&](ErrorCode code, const std::string& reason) {
    after(milliseconds{5}, "an answer", [done, code, reason] { done(fail(code, "the remedy cannot be given: " + reason, reason)); });
  };
  auto* node = served_by();
  if (node == nullptr) return nobody(*this, std::move(done));
  const auto what = names.find(request.remedy);
  const auto incident = state_->incidents.find(request.incident);
  if (what == names.end() || incident == state_->incidents.end()) return refuse(ErrorCode::not_found, "not_found");
  const auto& offered = incident->second.remedies;
  if (incident->second.state != "open") return refuse(ErrorCode::conflict, "incident_not_open");
  if (std::find(offered.begin(), offered.end(), request.remedy) == offered.end()) return refuse(ErrorCode::conflict, "remedy_not_offered");
  auto deliver = std::make_shared<actors::Deliver>();
  deliver->actor = incident->second.actor;
  deliver->tenant = request.caller.tenant;
  deliver->event = {.id = make_id<EventId>("evt"), .by = {request.caller.user, request.caller.role}, .trace = request.trace, .depth = 0,
                    .body = workflows::Remedy{what->second, request.incident, request.note, request.input, request.output}};
  node->take(std::move(deliver), std::nullopt, std::move(done));
}

void World::answer_guard(actors::GuardAnswer answer, actors::AnswerCallback done) {
  auto* node = served_by();
  if (node == nullptr) return nobody(*this, std::move(done));
  node->order([answer = std::move(answer)](const caf::actor& sentry, std::shared_ptr<actors::ReplySlot> slot) {
    caf::anon_send(sentry, actors::share(actors::GuardOrder{answer, std::move(slot)}));
  }, std::move(done));
}

void World::emergency_stop(actors::StopRequest request, actors::AnswerCallback done) {
  auto* node = served_by();
  if (node == nullptr) return nobody(*this, std::move(done));
  node->order([request = std::move(request)](const caf::actor& sentry, std::shared_ptr<actors::ReplySlot> slot) {
    caf::anon_send(sentry, actors::share(actors::StopOrder{request, std::move(slot)}));
  }, std::move(done));
}

// --- running

/// One job of one node, or one planned thing, or time passes to the next of them. False: nothing happens until `until`.
Result<bool> World::step(Duration until) {
  settle_nodes();
  if (!accusations_.empty()) return fail(ErrorCode::internal, fmt::format("seed {}: {}", plan_.seed, accusations_.front()));
  if (++steps_ > plan_.most_steps) return fail(ErrorCode::resource_exhausted, fmt::format("seed {}: still not quiet after {} steps{}", plan_.seed, plan_.most_steps, why_restless()));
  if (!agenda_.empty() && agenda_.begin()->first <= elapsed()) {
    auto next = agenda_.extract(agenda_.begin()).mapped();
    if (next.work) --planned_work_;
    if (tracing()) note(next.what);
    next.act();
    return true;
  }
  std::size_t ready = 0;
  for (const auto& node : nodes_) ready += node->ready();
  if (ready > 0) {
    auto chosen = static_cast<std::size_t>(random_.below(ready));
    for (const auto& node : nodes_) {
      if (chosen < node->ready()) {
        node->run_job(chosen);
        return true;
      }
      chosen -= node->ready();
    }
  }
  auto next = until;
  if (!agenda_.empty()) next = std::min(next, agenda_.begin()->first);
  for (const auto& node : nodes_)
    if (const auto timeout = node->next_timeout()) next = std::min(next, *timeout);
  const bool more = next < until || (!agenda_.empty() && agenda_.begin()->first <= next);
  clock_->elapsed = std::max(next, elapsed());
  for (const auto& node : nodes_) node->catch_up(elapsed());
  return more;
}

Result<void> World::run_for(Duration span) {
  const auto until = elapsed() + span;
  for (;;) {
    STELLWERK_TRY(const bool more, step(until));
    if (!more && elapsed() >= until) return {};
  }
}

Result<bool> World::run_until(const std::function<bool()>& holds, Duration at_most) {
  const auto until = elapsed() + at_most;
  while (!holds()) {
    STELLWERK_TRY(const bool more, step(until));
    if (!more && elapsed() >= until) return holds();
  }
  return true;
}

bool World::quiet() const {
  if (planned_work_ > 0 || served_by() == nullptr || elapsed() - last_write_ < quiet_for) return false;
  for (const auto& node : nodes_)
    if (node->paused() || node->dead() || node->ready() > 0 || node->requests_under_way() > 0) return false;
  const auto held = [&](const ActorId& actor) {
    return std::ranges::any_of(state_->incidents, [&](const auto& item) { return item.second.actor == actor && item.second.state == "open"; });
  };
  for (const auto& [key, attempt] : state_->attempts)
    if (!held(attempt.actor)) return false;
  return !also_quiet || also_quiet();
}

std::string World::why_restless() const {
  std::string why;
  if (planned_work_ > 0) why += fmt::format("; {} things are planned, the next is '{}'", planned_work_, agenda_.begin()->second.what);
  for (const auto& node : nodes_)
    if (node->requests_under_way() > 0) why += fmt::format("; {} has {} requests under way", node->incarnation(), node->requests_under_way());
  for (const auto& [key, attempt] : state_->attempts) why += fmt::format("; attempt {} {} of {} is due {}", attempt.key, attempt.mode, attempt.incarnation, format_time(attempt.due));
  if (also_quiet && !also_quiet()) why += "; users are not content";
  return why;
}

Result<void> World::run_to_quiet() {
  calm_ = true;
  if (tracing()) note("calm");
  for (const auto& node : nodes_)
    if (node->paused()) node->go_on();
  if (clock_->jumped != Duration{0}) jump_clock(-clock_->jumped);
  std::erase_if(agenda_, [](const auto& item) { return item.second.what == "clock jump" || item.second.what == "clock set right"; });
  if (served_by() == nullptr) start_node();
  const auto until = elapsed() + plan_.most_time;
  for (;;) {
    // Looking is dear: only when nothing is ready.
    const bool idle = std::all_of(nodes_.begin(), nodes_.end(), [](const auto& node) { return node->ready() == 0; });
    if (idle && quiet()) return {};
    STELLWERK_TRY(const bool more, step(until));
    if (!more && elapsed() >= until) return fail(ErrorCode::resource_exhausted, fmt::format("seed {}: still not quiet after {} h{}", plan_.seed, duration_cast<hours>(plan_.most_time).count(), why_restless()));
  }
}

Result<void> World::run() {
  if (elapsed() < plan_.trouble) STELLWERK_CHECK(run_for(plan_.trouble - elapsed()));
  return run_to_quiet();
}

}  // namespace stellwerk::simulation
