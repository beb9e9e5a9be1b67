// What the language costs: one decision, one condition, the check of everything that is shipped, three years of one service.
// Targets stand beside each; bench/README.md tells how to run and read it.

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "bench/allocations.hpp"
#include "core/embedded.hpp"
#include "tests/support/catalog.hpp"
#include "workflows/virtual_actor.hpp"

namespace stellwerk::bench {
namespace {

using namespace workflows;

const Time start = from_micros(1'772'438'400'000'000);  // 2026-03-02T08:00:00Z

[[noreturn]] void give_up(const std::string& why) {
  fmt::print(stderr, "bench_language: {}\n", why);
  std::exit(1);
}

template <class T>
T must(Result<T> result, const char* doing) {
  if (!result) give_up(fmt::format("{}: {}", doing, describe(result.error())));
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

const Catalog& catalog() {
  static const auto made = testing::shipped_catalog();
  return made;
}

const std::vector<SourceFile>& shipped() {
  static const auto files = [] {
    std::vector<SourceFile> found;
    for (const auto& file : embedded_files())
      if (file.path.starts_with("workflows/library/") && file.path.ends_with(".yaml") && !file.path.ends_with(".test.yaml")) found.push_back({std::string{file.path}, std::string{file.text}});
    return found;
  }();
  return files;
}

std::optional<SourceFile> find_base(std::string_view workflow) {
  for (const auto& file : shipped())
    if (file.text.find(fmt::format("\nworkflow: {}\n", workflow)) != std::string::npos) return file;
  return std::nullopt;
}

std::shared_ptr<const Definition> load(const SourceFile& file) {
  auto loaded = load_workflow(file.name, file.text, catalog(), find_base);
  if (!loaded) give_up(config::render(loaded.error().front(), file.text));
  return *loaded;
}

std::shared_ptr<const Definition> vm() {
  static const auto loaded = load(*find_base("proxmox-vm"));
  return loaded;
}

Json sample_payload(const EventSpec& spec) {
  JsonObject payload;
  for (const auto& field : spec.with) {
    using enum TypeSpec::Base;
    if (!field.required) continue;
    const auto base = field.type.base;
    payload[field.name] = base == date ? Json("2026-04-02") : base == enumeration ? Json(boost::json::string(field.type.values.front())) : base == integer ? Json(1) : Json("as it is");
  }
  return payload;
}

VirtualActor born() {
  VirtualActor actor{vm(), catalog(), {.start = start}};
  must(actor.be_born(JsonObject{{"hostname", "v1.example.com"}}), "birth");
  return actor;
}

void pay(VirtualActor& actor) {
  const auto& spec = actor.definition().events.at("paid");
  const auto payload = sample_payload(spec);
  must(spec.allow.empty() ? actor.message("paid", payload, "") : actor.command("paid", payload, "staff"), "payment");
}

VirtualActor active() {
  auto actor = born();
  pay(actor);
  must(actor.run(), "provisioning");
  if (actor.state().name != "active") give_up("the machine is " + actor.state().name + " after provisioning, and not active");
  return actor;
}

Event event_of(Body body) { return {.id = EventId{"evt_01jnq0000000000000000000aa"}, .by = {"usr_1", "staff"}, .trace = {}, .body = std::move(body)}; }

/// One decision, again and again from the same snapshot.
void decide(benchmark::State& state, const Definition& definition, const Snapshot& snapshot, const Event& event, Time now) {
  const auto decided = advance(definition, snapshot, event, now);
  if (!decided) give_up(describe(decided.error()));
  if (!decided->needs.empty() || is_nothing(*decided)) give_up("the measured event decides nothing");
  const auto before = allocations();
  for (auto _ : state) benchmark::DoNotOptimize(advance(definition, snapshot, event, now));
  state.counters["allocations"] = static_cast<double>(allocations() - before) / static_cast<double>(state.iterations());
  state.counters["journal"] = static_cast<double>(decided->journal.size());
}

// target: 5 us each
void advance_command(benchmark::State& state) {
  const auto actor = active();
  decide(state, *vm(), actor.snapshot(), event_of(Command{"suspend", sample_payload(vm()->events.at("suspend"))}), actor.now());
}

void advance_refused_command(benchmark::State& state) {
  const auto actor = active();
  const auto event = event_of(Command{"paid", JsonObject{{"surprise", true}}});
  for (auto _ : state) benchmark::DoNotOptimize(advance(*vm(), actor.snapshot(), event, actor.now()));
}

/// In provisioning, the first try of the first step is done: saved, and the next step begins.
void advance_outcome(benchmark::State& state) {
  auto actor = born();
  pay(actor);
  const auto& run = actor.snapshot().cursor.run;
  if (!run || run->attempts.empty()) give_up("provisioning has no try in hand");
  const auto& tried = run->attempts.front();
  decide(state, *vm(), actor.snapshot(), event_of(Tried{tried.id, tried.number, Outcome{.is = OutcomeClass::done, .output = JsonObject{{"server", "srv_1"}}}}), std::max(actor.now(), tried.due));
}

void advance_unclear_outcome(benchmark::State& state) {
  auto actor = born();
  pay(actor);
  const auto tried = actor.snapshot().cursor.run->attempts.front();
  decide(state, *vm(), actor.snapshot(), event_of(Tried{tried.id, tried.number, Outcome{.is = OutcomeClass::retry, .code = "busy", .text = "try later"}}), std::max(actor.now(), tried.due));
}

/// Not paid in time.
void advance_timer(benchmark::State& state) {
  const auto actor = born();
  const auto& timers = actor.snapshot().cursor.timers;
  if (timers.empty()) give_up("an ordered machine has no timer");
  decide(state, *vm(), actor.snapshot(), event_of(TimerDue{timers.begin()->first, timers.begin()->second}), timers.begin()->second);
}

void advance_refresh(benchmark::State& state) {
  const auto actor = active();
  const auto event = event_of(Refresh{});
  for (auto _ : state) benchmark::DoNotOptimize(advance(*vm(), actor.snapshot(), event, actor.now()));
}

// target: 300 ns, no allocation
void guard_over_five_fields(benchmark::State& state) {
  using To = cel::Type::Base;
  cel::Environment environment;
  environment.add_member("self", "status", cel::Type::of(To::string), 0);
  environment.add_member("self", "cores", cel::Type::of(To::integer), 1);
  environment.add_member("self", "ip", cel::Type::of(To::string, true), 2);
  environment.add_member("self", "due", cel::Type::of(To::date, true), 3);
  environment.add("today", cel::Type::of(To::date), 4);
  const auto program = cel::compile("self.status == 'active' && self.cores >= 2 && self.ip != null && self.due != null && self.due <= today", environment, cel::Type::of(To::boolean));
  if (!program) give_up("the condition does not compile");
  const std::vector<cel::Value> frame{cel::Value::of_string("active"), cel::Value::of_int(4), cel::Value::of_string("192.0.2.10"), cel::Value::of_date(20'000), cel::Value::of_date(20'514)};
  const auto holds = program->test(frame);
  if (!holds || !*holds) give_up("the condition does not hold");
  const auto before = allocations();
  for (auto _ : state) benchmark::DoNotOptimize(program->test(frame));
  state.counters["allocations"] = static_cast<double>(allocations() - before) / static_cast<double>(state.iterations());
}

// target: 50 ms
void check_shipped_library(benchmark::State& state) {
  for (auto _ : state)
    for (const auto& file : shipped()) benchmark::DoNotOptimize(load(file));
  state.counters["files"] = static_cast<double>(shipped().size());
}

/// The first of the month, `months` after 2026-04.
std::string first_of_month(int months) { return fmt::format("{:04}-{:02}-01", 2026 + (months + 3) / 12, (months + 3) % 12 + 1); }

// target: 50 ms
void three_years_of_a_monthly_service(benchmark::State& state) {
  const SourceFile file = [] {
    std::ifstream in{std::string{STELLWERK_SOURCE_DIR} + "/bench/monthly.yaml"};
    std::stringstream text;
    text << in.rdbuf();
    return SourceFile{"monthly.yaml", text.str()};
  }();
  const auto definition = load(file);
  int decisions = 0;
  for (auto _ : state) {
    VirtualActor actor{definition, catalog(), {.calendar = {.zone = "Europe/Berlin"}, .start = start}};
    must(actor.be_born(JsonObject{}), "birth");
    must(actor.message("paid", JsonObject{{"until", first_of_month(0)}}, ""), "first payment");
    must(actor.run(), "provisioning");
    for (int month = 0; month < 36; ++month) {
      const auto due = must(parse_time(first_of_month(month) + "T00:00:00Z"), "due date");
      must(actor.run_until(due - std::chrono::hours{24 * 10}), "waiting for the invoice");
      must(actor.message("opened", JsonObject{{"due", first_of_month(month)}}, ""), "invoice");
      must(actor.run_until(due - std::chrono::hours{24 * 2}), "waiting for the payment");
      must(actor.message("paid", JsonObject{{"until", first_of_month(month + 1)}}, ""), "payment");
    }
    must(actor.run_until(start + std::chrono::hours{24 * 3 * 365}), "the end");
    if (actor.state().name != "active" || !actor.incidents.empty()) give_up("after three years the service is " + actor.state().name);
    if (actor.notices.size() < 36) give_up(fmt::format("only {} invoices were wanted in three years", actor.notices.size()));
    decisions = actor.decisions;
  }
  state.counters["decisions"] = decisions;
}

BENCHMARK(advance_command);
BENCHMARK(advance_refused_command);
BENCHMARK(advance_outcome);
BENCHMARK(advance_unclear_outcome);
BENCHMARK(advance_timer);
BENCHMARK(advance_refresh);
BENCHMARK(guard_over_five_fields);
BENCHMARK(check_shipped_library)->Unit(benchmark::kMillisecond);
BENCHMARK(three_years_of_a_monthly_service)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace stellwerk::bench

BENCHMARK_MAIN();
