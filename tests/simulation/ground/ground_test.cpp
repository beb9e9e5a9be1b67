// The simulated world itself: it depends on nothing but its seed, comes to rest, and what is dead or fenced has no effect.

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "tests/simulation/simulation.hpp"
#include "tests/unit/actors/workflows.hpp"

using namespace stellwerk;
using namespace stellwerk::simulation;

namespace {

const TenantId tenant{"ten_01hv0000000000000000000000"};
const ServerId server{"srv_01hv0000000000000000000000"};

/// Takes a number, then reads a server: between the two it may be interrupted.
constexpr const char* seating = R"(language: 1
workflow: seating
kind: service
attributes:
  server: { type: ref, kind: server, required: true }
  seat:   { type: int }
events:
  leave: { allow: [staff] }
  halt:  { allow: [staff] }
defaults:
  call: { on_server: self.server, retry: { for: PT6H, delay: PT10M } }
initial: seating
states:
  seating:
    status: pending
    steps:
      - seat: { action: id.allocate, with: { range: seats }, save: { seat: result.id } }
      - lift: { call: crane.lift, when: "self.server.state == 'active'" }
    done:   { to: seated }
    failed: { to: gone }
    on:
      leave: { interrupt: undo, to: gone }
      halt:  { interrupt: keep, to: seated }
  seated:
    status: active
    rest: true
  gone:
    status: cancelled
    final: true
)";

const actors::Library& library() {
  static const auto loaded = [] {
    auto files = testing::test_library();
    std::erase_if(files, [](const auto& file) { return !file.first.ends_with("crane.yaml") && !file.first.ends_with("lifting.yaml") && !file.first.ends_with("five.yaml"); });
    files.emplace_back("workflows/library/seating.yaml", seating);
    auto result = load_library(tenant, files);
    if (!result) BOOST_FAIL(describe(result.error()));
    return *result;
  }();
  return loaded;
}

/// Does what it is asked after a while; a few requests it does not answer at all.
class Crane final : public Vendor {
 public:
  World* world = nullptr;
  Duration takes{0};
  int lifted = 0;

  void receive(const std::string&, const connectors::DriverRequest& request, Answer answer) override {
    if (world->in_trouble() && world->random().chance(50)) return;
    if (request.method == "POST") ++lifted;
    const auto delay = takes > Duration{0} ? takes : Duration{world->random().between(1'000, 900'000)};
    world->after(delay, "the crane answers", [this, answer, asks = request.method == "GET"] {
      connectors::DriverResponse response;
      response.status = 200;
      response.body = !asks ? "{}" : lifted > 0 ? R"({"is":"up"})" : R"({"is":"down"})";
      answer(std::move(response));
    });
  }
};

struct Scene {
  Crane crane;
  World world;
  int answered = 0, refused = 0;
  std::string last_refusal;

  explicit Scene(Plan plan)
      : world{plan, Setting{.library = library(), .tenant = tenant, .calendar = {}, .vendor = &crane, .furnish = [](storage::Store& store) {
                              const auto put = store.put_server({.id = server, .tenant = tenant, .name = "north", .connector = "crane", .pool = "default", .settings = JsonObject{{"harbour", "north"}}});
                              BOOST_REQUIRE(put.has_value());
                              BOOST_REQUIRE(store.put_id_range({.tenant = tenant, .name = "seats", .first = 1, .last = 9}).has_value());
                            }}} {
    crane.world = &world;
    world.start_node();
  }

  [[nodiscard]] actors::Caller staff() const { return {tenant, "usr_staff", "staff", ""}; }

  /// Repeats the request until there is an answer that is none about the connection.
  void create(const std::string& workflow, const std::string& key) {
    actors::CreateRequest request{.kind = "service", .prefix = "svc", .workflow = workflow, .attributes = JsonObject{{"server", server.str()}}, .customer = "cus_1", .caller = staff(),
                                  .trace = {}, .idempotency = actors::Idempotency{"scope", key, "hash"}};
    auto answered_by = std::make_shared<bool>(false);
    world.create(request, [this, workflow, key, answered_by](const Result<actors::Answer>& answer) {
      if (std::exchange(*answered_by, true)) return;
      // as a client does after 503 and 500, under the same key
      if (!answer && (is_transient(answer.error().code) || answer.error().code == ErrorCode::internal)) return world.after(std::chrono::seconds{2}, "again", [this, workflow, key] { create(workflow, key); });
      ++(answer ? answered : refused);
      if (!answer) last_refusal = describe(answer.error());
    });
    world.after(std::chrono::seconds{30}, "the client's deadline", [this, workflow, key, answered_by] {
      if (!std::exchange(*answered_by, true)) create(workflow, key);
    });
  }
  void lift(const ActorId& actor) { command(actor, "lift"); }
  void command(const ActorId& actor, const std::string& name) {
    world.command({.actor = actor, .kind = "", .command = name, .caller = staff(), .trace = {}, .idempotency = {}}, [this](const Result<actors::Answer>& answer) { ++(answer ? answered : refused); });
  }
  [[nodiscard]] ActorId only_actor() const {
    BOOST_REQUIRE(world.state().actors.size() == 1U);
    return world.state().actors.begin()->first;
  }
};

Plan calm_plan(std::uint64_t seed = 1) { return {.seed = seed, .rates = {}, .trouble = Duration{0}}; }

std::string life(Plan plan) {
  Scene scene{plan};
  for (int i = 0; i < 6; ++i)
    scene.world.after(std::chrono::seconds{i * 20}, "a client", [&scene, i] { scene.create("five", "key-" + std::to_string(i)); });
  const auto run = scene.world.run();
  BOOST_TEST(run.has_value(), "seed " << plan.seed << ": " << (run ? "" : describe(run.error())));
  BOOST_TEST(scene.answered == 6, "seed " << plan.seed << ": answered " << scene.answered << ", refused " << scene.refused << ": " << scene.last_refusal);
  BOOST_TEST(scene.world.state().actors.size() == 6U, "seed " << plan.seed);
  for (const auto& [id, actor] : scene.world.state().actors)
    BOOST_TEST(((actor.state == "finished") || !scene.world.state().incidents.empty()), "seed " << plan.seed << ": " << id.str() << " is " << actor.state);
  return scene.world.trace();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(simulation_ground)

BOOST_AUTO_TEST_CASE(comes_to_rest_without_faults) {
  Scene scene{calm_plan()};
  scene.create("five", "key");
  BOOST_TEST(scene.world.run().has_value());
  BOOST_TEST(scene.answered == 1);
  BOOST_TEST(scene.world.state().actors.at(scene.only_actor()).state == "finished");
  BOOST_TEST(scene.crane.lifted == 5);
}

BOOST_AUTO_TEST_CASE(comes_to_rest_whatever_goes_wrong) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) life(plan_of(seed));
}

BOOST_AUTO_TEST_CASE(gives_the_same_trace_for_the_same_seed_byte_for_byte) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    auto plan = plan_of(seed);
    plan.trace = true;
    const auto first = life(plan);
    life(plan_of(seed + 100));  // what ran in between leaves no trace
    const auto second = life(plan);
    BOOST_TEST(first.size() > 1000U);
    BOOST_TEST((first == second), "seed " << seed);
  }
}

BOOST_AUTO_TEST_CASE(writes_nothing_from_a_node_that_was_paused_and_taken_over) {
  Scene scene{calm_plan()};
  scene.create("lifting", "key");
  BOOST_TEST(*scene.world.run_until([&] { return scene.answered == 1; }));
  const auto former = scene.world.incarnation();
  scene.crane.takes = std::chrono::minutes{1};
  scene.lift(scene.only_actor());
  BOOST_TEST(*scene.world.run_until([&] { return scene.crane.lifted == 1; }));
  scene.world.pause_node(std::chrono::seconds{200});  // with a request in its hand
  scene.crane.takes = Duration{0};
  scene.world.start_node();
  BOOST_TEST(*scene.world.run_until([&] { return scene.world.incarnation() != former && !scene.world.incarnation().empty(); }));
  const auto written = scene.world.ledger().size();
  BOOST_TEST(scene.world.run().has_value());
  BOOST_TEST(scene.world.state().actors.at(scene.only_actor()).state == "lifted");
  for (auto i = written; i < scene.world.ledger().size(); ++i) BOOST_TEST(scene.world.ledger()[i].incarnation != former);
}

BOOST_AUTO_TEST_CASE(knows_its_own_decision_again_when_the_answer_to_a_commit_is_lost) {
  for (const auto fault : {StoreFault::fails_after, StoreFault::throws_after, StoreFault::node_ends_after, StoreFault::fails_before, StoreFault::throws_before}) {
    Scene scene{calm_plan()};
    scene.world.store_script = [fault](const StoreCall& call) { return call.call == "commit" && call.number == 1 ? fault : StoreFault::none; };
    scene.create("five", "key");
    BOOST_TEST(scene.world.run().has_value());
    BOOST_TEST(scene.answered == 1);
    BOOST_TEST(scene.refused == 0);
    BOOST_TEST(scene.world.state().actors.at(scene.only_actor()).state == "finished");
    BOOST_TEST(scene.crane.lifted == 5);
  }
}

BOOST_AUTO_TEST_CASE(takes_a_number_back_when_the_run_is_interrupted_before_it_heard_of_it) {
  Scene scene{calm_plan()};
  // The action is on disk; what it led to cannot be decided at once, since the server that the next step names cannot be read.
  bool failed = false;
  scene.world.store_script = [&](const StoreCall& call) {
    if (call.call != "read_references" || scene.world.acted().empty() || failed) return StoreFault::none;
    failed = true;
    return StoreFault::fails_before;
  };
  scene.create("seating", "key");
  BOOST_TEST(*scene.world.run_until([&] { return failed; }));
  scene.command(scene.only_actor(), "leave");
  BOOST_TEST(scene.world.run().has_value());
  BOOST_TEST(scene.world.state().actors.at(scene.only_actor()).state == "gone");
  for (const auto& [range, numbers] : scene.world.state().numbers)
    for (const auto& [number, holding] : numbers) BOOST_TEST(holding.owner.empty(), "number " << number << " is held");
}

BOOST_AUTO_TEST_CASE(keeps_the_number_of_a_run_that_was_held_behind_its_action_and_halted) {
  Scene scene{calm_plan()};
  bool failed = false;
  scene.world.store_script = [&](const StoreCall& call) {
    if (call.call != "read_references" || scene.world.acted().empty() || failed) return StoreFault::none;
    failed = true;
    return StoreFault::throws_before;
  };
  scene.create("seating", "key");
  BOOST_TEST(*scene.world.run_until([&] { return !scene.world.state().incidents.empty(); }));
  scene.command(scene.only_actor(), "halt");
  BOOST_TEST(scene.world.run().has_value());
  const auto& actor = scene.world.state().actors.at(scene.only_actor());
  BOOST_TEST(actor.state == "seated");
  BOOST_TEST(int_of(actor.attributes, "seat") == 1);
}

BOOST_AUTO_TEST_CASE(never_takes_an_action_whose_call_threw_for_one_without_effect) {
  for (const int throws : {1, 2, 3}) {
    Scene scene{calm_plan()};
    scene.world.store_script = [&](const StoreCall& call) {
      return call.call == "run_actions" && call.number <= throws ? (call.number == 1 ? StoreFault::throws_after : StoreFault::throws_before) : StoreFault::none;
    };
    scene.create("seating", "key");
    BOOST_TEST(*scene.world.run_until([&] { return scene.world.state().actors.size() == 1; }));
    scene.command(scene.only_actor(), "leave");
    BOOST_TEST(scene.world.run().has_value());
    BOOST_TEST(scene.world.state().actors.at(scene.only_actor()).state == "gone");
    for (const auto& [range, numbers] : scene.world.state().numbers)
      for (const auto& [number, holding] : numbers) BOOST_TEST(holding.owner.empty(), throws << ": number " << number << " is held");
  }
}

BOOST_AUTO_TEST_SUITE_END()
