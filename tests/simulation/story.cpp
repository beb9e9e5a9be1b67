#include "tests/simulation/story.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string_view>

#include "core/text_file.hpp"

namespace stellwerk::simulation {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

std::uint64_t mix(std::uint64_t hash, std::string_view text) {
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  return hash;
}

std::uint64_t fingerprint_of(World& world) {
  std::uint64_t hash = 1469598103934665603ULL;
  for (const auto& written : world.ledger()) {
    hash = mix(hash, fmt::format("{} {} {}", written.commit.id, written.incarnation, written.when.count()));
    for (const auto& change : written.commit.changes) hash = mix(hash, dump_json(change.journal));
  }
  for (const auto& sent : world.sent()) hash = mix(hash, fmt::format("{} {} {} {}", sent.when.count(), sent.request.method, sent.request.url, sent.request.key));
  return hash;
}

void furnish(storage::Store& store, const Stock& stock) {
  const auto must = [](const Result<void>& done) { STELLWERK_ASSERT(done.has_value(), "the memory database takes its furniture"); };
  must(store.put_server({.id = stock.server, .tenant = stock.tenant, .name = "yard-1", .connector = "yard", .pool = "default", .capacity = 0, .settings = JsonObject{{"site", "north"}}}));
  must(store.put_id_range({stock.tenant, "numbers", 1, 500}));
  must(store.put_id_range({stock.tenant, "spares", 1, 500}));
  std::vector<storage::AddressRow> addresses;
  for (int i = 1; i <= 100; ++i) addresses.push_back({stock.tenant, "default", fmt::format("192.0.2.{}", i)});
  must(store.put_addresses(addresses));
}

}  // namespace

Script script_of(std::uint64_t seed) {
  Script script;
  script.plan = plan_of(seed);
  Random random{seed * 0x9e3779b97f4a7c15 + 7};
  // A vendor that is bad in everything a little, or in a few things much, or not at all.
  const auto mood = random.below(5);
  for (const auto& [name, rate] : vendor_faults()) {
    if (mood == 0) continue;
    const auto most = mood <= 2 ? 25U : 150U;
    if (mood <= 2 || random.below(4) == 0) script.vendor.*rate = static_cast<int>(random.below(most));
  }
  script.load.ventures = static_cast<int>(random.between(1, 4));
  script.load.requests = static_cast<int>(random.between(8, 60));
  script.load.span = script.plan.trouble;
  return script;
}

std::vector<std::pair<std::string, std::function<int&(Script&)>>> parts_of_script() {
  std::vector<std::pair<std::string, std::function<int&(Script&)>>> parts{
      {"store_fails_before", [](Script& s) -> int& { return s.plan.rates.store_fails_before; }},
      {"store_fails_after", [](Script& s) -> int& { return s.plan.rates.store_fails_after; }},
      {"store_throws", [](Script& s) -> int& { return s.plan.rates.store_throws; }},
      {"node_ends_before", [](Script& s) -> int& { return s.plan.rates.node_ends_before; }},
      {"node_ends_after", [](Script& s) -> int& { return s.plan.rates.node_ends_after; }},
      {"wake_lost", [](Script& s) -> int& { return s.plan.rates.wake_lost; }},
      {"doubled", [](Script& s) -> int& { return s.plan.rates.doubled; }},
      {"delayed", [](Script& s) -> int& { return s.plan.rates.delayed; }},
      {"request_delayed", [](Script& s) -> int& { return s.plan.rates.request_delayed; }},
      {"kills", [](Script& s) -> int& { return s.plan.kills; }},
      {"pauses", [](Script& s) -> int& { return s.plan.pauses; }},
      {"takeovers", [](Script& s) -> int& { return s.plan.takeovers; }},
      {"clock_jumps", [](Script& s) -> int& { return s.plan.clock_jumps; }},
  };
  for (const auto& [name, rate] : vendor_faults()) parts.emplace_back(fmt::format("vendor_{}", name), [rate = rate](Script& s) -> int& { return s.vendor.*rate; });
  return parts;
}

std::string describe(const Script& script) {
  auto copy = script;
  std::string out = fmt::format("{} ventures, {} requests in {} s", script.load.ventures, script.load.requests, std::chrono::duration_cast<seconds>(script.plan.trouble).count());
  for (const auto& [name, part] : parts_of_script())
    if (const int amount = part(copy); amount > 0) out += fmt::format(", {} {}", name, amount);
  return out;
}

Result<Stock> load_stock(const std::string& folder) {
  Stock stock;
  std::vector<std::pair<std::string, std::string>> files;
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 4> names{{{"connectors", "yard"}, {"workflows", "plant"}, {"workflows", "venture"}, {"workflows", "watch"}}};
  for (const auto& [kind, name] : names) {
    STELLWERK_TRY(auto text, read_text_file(fmt::format("{}/{}.yaml", folder, name)));
    files.emplace_back(fmt::format("{}/library/{}.yaml", kind, name), std::move(text));
  }
  STELLWERK_TRY(stock.library, load_library(stock.tenant, files));
  return stock;
}

Story::Story(const Script& script, const Stock& stock) {
  yard_ = std::make_unique<Yard>(Random{script.plan.seed ^ 0x5bd1e995}, script.vendor,
                                 Yard::Ways{[this](Duration delay, std::function<void()> act) { world_->after(delay, "the vendor", std::move(act)); },
                                            [this](const std::string& line) {
                                              if (world_->tracing()) world_->note("  " + line);
                                            }});
  world_ = std::make_unique<World>(script.plan, Setting{.library = stock.library, .tenant = stock.tenant, .calendar = {}, .vendor = yard_.get(),
                                                        .furnish = [&stock](storage::Store& store) { furnish(store, stock); }});
  load_ = std::make_unique<Load>(*world_, *yard_, stock.tenant, stock.server, script.load);
  world_->also_quiet = [this] {
    load_->keep_watch();
    return load_->quiet();
  };
}

/// The world goes first: what it still answers, it answers to those who are there.
Story::~Story() { world_.reset(); }

Verdict live(const Script& script, const Stock& stock) {
  Verdict verdict;
  Story story{script, stock};
  auto& world = story.world();
  const auto end = [&](const Result<void>& ran) {
    if (!ran) {
      verdict.wrongs.push_back(describe(ran.error()));
      for (const auto& [id, incident] : world.state().incidents)
        if (incident.state == "open") verdict.wrongs.push_back(fmt::format("open: {} {} of {} at {}: {} {} {}", incident.kind, id.str(), incident.actor.str(), incident.step, incident.error_class, incident.code, incident.text));
    } else verdict.wrongs = judge(world, story.yard(), story.load());
  };
  story.world().after(script.plan.trouble, "the vendor is well again", [&story] { story.yard().calm(); });
  story.load().begin();
  world.start_node();
  end(world.run());
  if (verdict.wrongs.empty()) {
    auto ran = world.run_for(script.afterwards);
    if (ran) ran = world.run_to_quiet();
    end(ran);
  }
  verdict.trace = world.trace();
  verdict.steps = world.steps();
  verdict.decisions = world.ledger().size();
  verdict.requests = world.sent().size();
  verdict.nodes = world.incarnations().size();
  verdict.remedies = static_cast<std::size_t>(story.load().remedies());
  verdict.fingerprint = fingerprint_of(world);
  return verdict;
}

Script shrink(Script script, const Stock& stock, const std::function<void(const std::string&)>& told) {
  const auto still_fails = [&](const Script& smaller) { return !live(smaller, stock).wrongs.empty(); };
  const auto try_it = [&](const Script& smaller, const std::string& what) {
    if (!still_fails(smaller)) return false;
    told(what);
    script = smaller;
    return true;
  };
  script.plan.trace = false;
  for (bool progress = true; progress;) {
    progress = false;
    for (const auto& [name, part] : parts_of_script()) {
      auto smaller = script;
      if (part(smaller) == 0) continue;
      part(smaller) = 0;
      progress = try_it(smaller, fmt::format("without {}", name)) || progress;
    }
    for (const int divisor : {2, 4}) {
      auto smaller = script;
      smaller.load.requests -= std::max(1, smaller.load.requests / divisor);
      if (smaller.load.requests >= 0 && smaller.load.requests < script.load.requests) progress = try_it(smaller, fmt::format("{} requests", smaller.load.requests)) || progress;
    }
    if (script.load.ventures > 1) {
      auto smaller = script;
      --smaller.load.ventures;
      progress = try_it(smaller, fmt::format("{} ventures", smaller.load.ventures)) || progress;
    }
    if (script.plan.trouble > seconds{60}) {
      auto smaller = script;
      smaller.plan.trouble = smaller.load.span = smaller.plan.trouble / 2;
      progress = try_it(smaller, fmt::format("{} s of trouble", std::chrono::duration_cast<seconds>(smaller.plan.trouble).count())) || progress;
    }
  }
  return script;
}

}  // namespace stellwerk::simulation
