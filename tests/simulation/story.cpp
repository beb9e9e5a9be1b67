#include "tests/simulation/story.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <chrono>
#include <ranges>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>

#include "core/text_file.hpp"

namespace stellwerk::simulation {
namespace {

using std::chrono::milliseconds;
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
  int yard = 0;
  for (std::size_t t = 0; t < stock.tenancies.size(); ++t) {
    const auto& [tenant, servers] = stock.tenancies[t];
    for (const auto& server : servers)
      must(store.put_server({.id = server, .tenant = tenant, .name = fmt::format("yard-{}", ++yard), .connector = "yard", .pool = "default", .capacity = 0, .settings = JsonObject{{"site", "north"}}}));
    // One vendor has all of them for customers: numbers are names there.
    const auto first = static_cast<std::int64_t>(t) * 1000 + 1;
    must(store.put_id_range({tenant, "numbers", first, first + 499}));
    must(store.put_id_range({tenant, "spares", first, first + 499}));
    std::vector<storage::AddressRow> addresses;
    for (int i = 1; i <= 100; ++i) addresses.push_back({tenant, "default", fmt::format("192.0.{}.{}", t + 2, i)});
    must(store.put_addresses(addresses));
  }
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
  const auto now_and_then = [&](int of_ten, int most) { return random.below(10) < static_cast<std::uint64_t>(of_ten) ? static_cast<int>(random.between(1, most)) : 0; };
  script.load.tenants = static_cast<int>(random.between(1, 3));
  script.load.stalls = now_and_then(5, 8);
  script.load.stops = now_and_then(4, 2);
  script.load.breaks = now_and_then(3, 2);
  return script;
}

namespace {

std::vector<Dial> make_dials() {
  std::vector<Dial> all;
  const auto number = [&](std::string name, bool fault, std::int64_t least, auto place) {
    using Number = std::remove_reference_t<decltype(place(std::declval<Script&>()))>;
    all.push_back({std::move(name), fault, least, [place](const Script& script) { return static_cast<std::int64_t>(place(const_cast<Script&>(script))); },
                   [place](Script& script, std::int64_t value) { place(script) = static_cast<Number>(value); }});
  };
  const auto span = [&](std::string name, std::int64_t least, auto place, Duration unit) {
    all.push_back({std::move(name), false, least, [place, unit](const Script& script) { return place(const_cast<Script&>(script)) / unit; },
                   [place, unit](Script& script, std::int64_t value) { place(script) = value * unit; }});
  };
  number("seed", false, 0, [](Script& s) -> std::uint64_t& { return s.plan.seed; });
  number("tenants", false, 1, [](Script& s) -> int& { return s.load.tenants; });
  number("ventures", false, 0, [](Script& s) -> int& { return s.load.ventures; });
  number("requests", false, 0, [](Script& s) -> int& { return s.load.requests; });
  number("stalls", false, 0, [](Script& s) -> int& { return s.load.stalls; });
  number("stops", false, 0, [](Script& s) -> int& { return s.load.stops; });
  number("breaks", true, 0, [](Script& s) -> int& { return s.load.breaks; });
  span("afterwards_s", 0, [](Script& s) -> Duration& { return s.afterwards; }, seconds{1});
  number("kills", true, 0, [](Script& s) -> int& { return s.plan.kills; });
  number("pauses", true, 0, [](Script& s) -> int& { return s.plan.pauses; });
  number("takeovers", true, 0, [](Script& s) -> int& { return s.plan.takeovers; });
  number("clock_jumps", true, 0, [](Script& s) -> int& { return s.plan.clock_jumps; });
  number("slow_spells", true, 0, [](Script& s) -> int& { return s.plan.slow_spells; });
  number("store_fails_before", true, 0, [](Script& s) -> int& { return s.plan.rates.store_fails_before; });
  number("store_fails_after", true, 0, [](Script& s) -> int& { return s.plan.rates.store_fails_after; });
  number("store_throws", true, 0, [](Script& s) -> int& { return s.plan.rates.store_throws; });
  number("store_slow", true, 0, [](Script& s) -> int& { return s.plan.rates.store_slow; });
  number("node_ends_before", true, 0, [](Script& s) -> int& { return s.plan.rates.node_ends_before; });
  number("node_ends_after", true, 0, [](Script& s) -> int& { return s.plan.rates.node_ends_after; });
  number("wake_lost", true, 0, [](Script& s) -> int& { return s.plan.rates.wake_lost; });
  number("doubled", true, 0, [](Script& s) -> int& { return s.plan.rates.doubled; });
  number("delayed", true, 0, [](Script& s) -> int& { return s.plan.rates.delayed; });
  number("request_delayed", true, 0, [](Script& s) -> int& { return s.plan.rates.request_delayed; });
  for (const auto& [name, rate] : vendor_faults()) number(fmt::format("vendor_{}", name), true, 0, [rate = rate](Script& s) -> int& { return s.vendor.*rate; });
  // As long as the trouble is, users have wishes.
  all.push_back({"trouble_s", false, 20, [](const Script& s) { return std::int64_t{s.plan.trouble / seconds{1}}; },
                 [](Script& s, std::int64_t value) { s.plan.trouble = s.load.span = seconds{value}; }});
  span("longest_delay_ms", 1, [](Script& s) -> Duration& { return s.plan.rates.longest_delay; }, milliseconds{1});
  span("longest_call_ms", 1, [](Script& s) -> Duration& { return s.plan.rates.longest_call; }, milliseconds{1});
  number("guard_floor", false, 1, [](Script& s) -> int& { return s.plan.guard.floor; });
  span("guard_downtime_s", 60, [](Script& s) -> Duration& { return s.plan.guard.downtime; }, seconds{1});
  span("guard_release_s", 1, [](Script& s) -> Duration& { return s.plan.guard.release; }, seconds{1});
  number("narrow", false, 0, [](Script& s) -> bool& { return s.plan.narrow; });
  number("most_steps", false, 1'000, [](Script& s) -> std::size_t& { return s.plan.most_steps; });
  return all;
}

}  // namespace

const std::vector<Dial>& dials() {
  static const auto all = make_dials();
  return all;
}

std::string to_text(const Script& script) {
  std::string out;
  for (const auto& dial : dials())
    if (const auto value = dial.read(script); value != dial.least) out += fmt::format("{}{}={}", out.empty() ? "" : ",", dial.name, value);
  return out;
}

Result<Script> script_from(std::string_view text) {
  Script script;
  for (const auto& dial : dials()) dial.turn(script, dial.least);
  while (!text.empty()) {
    const auto part = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), part.size() + 1));
    const auto equals = std::min(part.find('='), part.size());
    const auto name = part.substr(0, equals), digits = part.substr(std::min(part.size(), equals + 1));
    const auto dial = std::ranges::find(dials(), name, &Dial::name);
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (dial == dials().end()) return fail(ErrorCode::invalid_argument, fmt::format("a script has no '{}'", name));
    if (error != std::errc{} || end != digits.data() + digits.size()) return fail(ErrorCode::invalid_argument, fmt::format("'{}' of a script has to be a whole number, not '{}'", name, digits));
    dial->turn(script, value);
  }
  return script;
}

Result<Stock> load_stock(const std::string& folder) {
  Stock stock;
  std::vector<std::pair<std::string, std::string>> files;
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 5> names{
      {{"connectors", "yard"}, {"workflows", "plant"}, {"workflows", "venture"}, {"workflows", "watch"}, {"workflows", "stall"}}};
  for (const auto& [kind, name] : names) {
    STELLWERK_TRY(auto text, read_text_file(fmt::format("{}/{}.yaml", folder, name)));
    files.emplace_back(fmt::format("{}/library/{}.yaml", kind, name), std::move(text));
  }
  STELLWERK_TRY(stock.library, load_library(stock.tenancies.front().tenant, files));
  return stock;
}

Story::Story(const Script& script, const Stock& stock) {
  yard_ = std::make_unique<Yard>(Random{script.plan.seed ^ 0x5bd1e995}, script.vendor,
                                 Yard::Ways{[this](Duration delay, std::function<void()> act) { world_->after(delay, "the vendor", std::move(act)); },
                                            [this](const std::string& line) {
                                              if (world_->tracing()) world_->note("  " + line);
                                            }});
  world_ = std::make_unique<World>(script.plan, Setting{.library = stock.library, .tenant = stock.tenancies.front().tenant, .calendar = {}, .vendor = yard_.get(),
                                                        .furnish = [&stock](storage::Store& store) { furnish(store, stock); }});
  load_ = std::make_unique<Load>(*world_, *yard_, stock.tenancies, script.load);
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
    verdict.wrongs = world.accusations();
    if (verdict.wrongs.empty()) verdict.wrongs = ran ? judge(world, story.yard(), story.load()) : judge_restless(world, story.yard(), story.load());
    verdict.named = !verdict.wrongs.empty();
    if (ran || !world.accusations().empty()) return;
    verdict.wrongs.push_back(describe(ran.error()));
    for (const auto& [id, incident] : world.state().incidents)
      if (incident.state == "open") verdict.wrongs.push_back(fmt::format("open: {} {} of {} at {}: {} {} {}", incident.kind, id.str(), incident.actor.str(), incident.step, incident.error_class, incident.code, incident.text));
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

std::string kind_of(std::string_view wrong) {
  const auto in_word = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || std::string_view{"_-/?=&@"}.find(c) != std::string_view::npos; };
  const auto is_name = [](std::string_view word) {  // ids, numbers, paths; DELETE
    return std::ranges::any_of(word, [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0 || c == '/'; }) ||
           (word.size() > 2 && std::ranges::all_of(word, [](char c) { return std::isupper(static_cast<unsigned char>(c)) != 0; }));
  };
  std::string out;
  int depth = 0;
  std::string_view before;
  for (std::size_t i = 0; i < wrong.size();) {
    const char c = wrong[i];
    if (c == ']' || c == '}') --depth;
    std::size_t end = i;
    while (end < wrong.size() && in_word(wrong[end])) ++end;
    const auto word = wrong.substr(i, std::max<std::size_t>(end - i, 1));
    if (depth == 0) out += end > i && (is_name(word) || before == "state") ? std::string_view{"#"} : word;
    if (end > i) before = word;
    if (c == '[' || c == '{') ++depth;
    i += word.size();
  }
  return out.substr(0, out.find(';'));
}

namespace {

/// Makes a script smaller step by step.
class Shrinking {
 public:
  Shrinking(Script script, const Stock& stock, const std::function<void(const std::string&)>& told, int most) : script_{std::move(script)}, stock_{stock}, told_{told}, left_{most} {}

  Script run() {
    script_.plan.trace = false;
    const auto verdict = live(script_, stock_);
    if (verdict.wrongs.empty()) return script_;
    kind_ = kind_of(verdict.wrongs.front());
    // Nothing needs more steps than the failure took; most of what is tried in vain ends early then.
    script_.plan.most_steps = std::min(script_.plan.most_steps, std::max<std::size_t>(verdict.steps * 2, 5'000));
    if (!verdict.named) script_.plan.most_steps = std::min<std::size_t>(script_.plan.most_steps, 40'000);
    for (const auto& dial : dials())
      if (dial.name == "afterwards_s") (void)smaller(dial);  // each further life is shorter then
    without_faults();
    for (bool progress = true; progress && left_ > 0;) {
      progress = false;
      for (const auto& dial : dials()) progress = smaller(dial) || progress;
    }
    return script_;
  }

 private:
  [[nodiscard]] bool fails(const Script& script) {
    if (left_-- <= 0) return false;
    const auto wrongs = live(script, stock_).wrongs;
    return std::ranges::any_of(wrongs, [&](const auto& wrong) { return kind_of(wrong) == kind_; });
  }

  /// What is left out moves everything that chance decides behind it: a few other seeds have a try as well.
  [[nodiscard]] bool take(Script smaller, const std::string& what) {
    for (int attempt = 0; attempt < seeds_tried; ++attempt) {
      if (fails(smaller)) {
        script_ = smaller;
        told_(what);
        return true;
      }
      ++smaller.plan.seed;
    }
    return false;
  }

  /// Everything that goes wrong at once; else kind by kind.
  void without_faults() {
    static constexpr std::array<std::string_view, 5> kinds{"vendor_", "store_", "node_", "slow_", "breaks"};
    const auto without = [&](auto which, const std::string& what) {
      auto smaller = script_;
      for (const auto& dial : dials())
        if (dial.fault && which(dial.name)) dial.turn(smaller, dial.least);
      return to_text(smaller) != to_text(script_) && take(std::move(smaller), what);
    };
    if (without([](const std::string&) { return true; }, "no fault at all")) return;
    // One thing that goes wrong often does for many that do so seldom.
    constexpr std::int64_t often = 200;
    for (const auto& only : std::ranges::reverse_view{dials()}) {  // those of the vendor first
      if (!only.fault || only.read(script_) == 0) continue;
      auto smaller = script_;
      for (const auto& dial : dials())
        if (dial.fault && &dial != &only) dial.turn(smaller, dial.least);
      if (only.name.starts_with("vendor_")) only.turn(smaller, std::max(often, only.read(smaller)));
      if (take(std::move(smaller), fmt::format("nothing wrong but {}", only.name))) return;
    }
    for (const auto kind : kinds) (void)without([&](const std::string& name) { return name.starts_with(kind); }, fmt::format("no {}*", kind));
    (void)without([](const std::string& name) { return std::ranges::none_of(kinds, [&](std::string_view kind) { return name.starts_with(kind); }); }, "neither restarts nor a bad bus");
  }

  bool smaller(const Dial& dial) {
    if (dial.name == "seed" || dial.name == "most_steps" || dial.name.starts_with("guard_") || dial.name.starts_with("longest_")) return false;
    const auto to = [&](std::int64_t value) {
      auto smaller = script_;
      dial.turn(smaller, value);
      return take(std::move(smaller), value > 0 ? fmt::format("{} {}", value, dial.name) : fmt::format("no {}", dial.name));
    };
    const auto before = dial.read(script_);
    for (auto value = before; value > dial.least; value = dial.read(script_)) {
      if (to(dial.least)) break;
      if (dial.fault) break;  // half a fault is a fault
      const auto middle = dial.least + (value - dial.least) / 2, close = value - std::max<std::int64_t>(1, (value - dial.least) / 8);
      if (middle > dial.least && to(middle)) continue;
      if (close <= dial.least || close == middle || !to(close)) break;
    }
    return dial.read(script_) < before;
  }

  static constexpr int seeds_tried = 4;
  Script script_;
  const Stock& stock_;
  const std::function<void(const std::string&)>& told_;
  std::string kind_;
  int left_;
};

}  // namespace

Script shrink(Script script, const Stock& stock, const std::function<void(const std::string&)>& told, int most) { return Shrinking{std::move(script), stock, told, most}.run(); }

}  // namespace stellwerk::simulation
