#pragma once
// One actor under a clock moved by hand: events through advance(), timers in the order in which they are due, every cursor through its
// JSON and back. Rows that a decision asks for come from `world`.

#include <boost/test/unit_test.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/catalog.hpp"
#include "workflows/decision.hpp"

namespace stellwerk::testing {

inline Time at(std::string_view text) {
  const auto time = parse_time(text);
  BOOST_REQUIRE_MESSAGE(time.has_value(), "no time: " << text);
  return *time;
}

inline workflows::Catalog timed_catalog() {
  using workflows::Effect;
  using enum workflows::TypeSpec::Base;
  workflows::Catalog catalog;
  catalog.operations["vendor.change"] = {.name = "vendor.change", .effect = Effect::sets, .input = {field("name", string)}, .output = {field("speed", integer)}};
  catalog.actions["billing.renew"] = {.name = "billing.renew", .input = {field("until", date), field("amount", integer)}};
  catalog.kinds["plan"] = {.fields = {field("cores", integer, true), field("cycle_days", integer), field("since", date)}};
  catalog.kinds["invoice"] = {.fields = {field("open", boolean, true)}};
  return catalog;
}

inline std::shared_ptr<const workflows::Definition> timed_workflow(const std::string& text) {
  auto loaded = workflows::load_workflow("timed.yaml", text, timed_catalog());
  if (!loaded)
    for (const auto& problem : loaded.error()) BOOST_ERROR(config::render(problem, text));
  BOOST_REQUIRE(loaded);
  return *loaded;
}

class TimedActor {
 public:
  using Decided = Result<workflows::Decision>;

  explicit TimedActor(const std::string& text, std::string zone = "UTC") : definition{timed_workflow(text)} {
    snapshot.id = ActorId{"svc_01jnq0000000000000000000aa"};
    snapshot.tenant = TenantId{"ten_01jnq0000000000000000000aa"};
    snapshot.customer = "cus_01jnq0000000000000000000aa";
    snapshot.calendar.zone = std::move(zone);
    snapshot.attributes.resize(definition->attributes.size());
    for (const auto& setting : definition->settings)
      snapshot.settings.push_back(setting.field.fallback ? workflows::decode(setting.field.type, *setting.field.fallback) : workflows::cel::Value{});
  }

  Decided born(const Json& attributes = JsonObject{}) { return apply({.body = workflows::Born{attributes}}); }
  Decided command(std::string name, const Json& payload = JsonObject{}) { return apply({.by = {"usr_1", "staff"}, .body = workflows::Command{std::move(name), payload}}); }
  Decided message(std::string name, const Json& payload = JsonObject{}) { return apply({.body = workflows::Message{std::move(name), payload, {}, ++seq_}}); }
  Decided edit(const Json& values, std::string role = "staff") { return apply({.by = {"usr_1", std::move(role)}, .body = workflows::Edit{values}}); }
  Decided refresh() { return apply({.body = workflows::Refresh{}}); }
  Decided remedy(workflows::Remedy::What what) {
    BOOST_REQUIRE(!incidents.empty());
    return apply({.by = {"usr_1", "staff"}, .body = workflows::Remedy{what, incidents.begin()->second.id, "seen", JsonObject{}, JsonObject{}}});
  }
  Decided fire(const std::string& timer) { return apply({.body = workflows::TimerDue{timer, snapshot.cursor.timers.at(timer)}}); }
  Decided done(OutcomeClass is = OutcomeClass::done) {
    BOOST_REQUIRE(snapshot.cursor.run && !snapshot.cursor.run->attempts.empty());
    const auto& tried = snapshot.cursor.run->attempts.front();
    now = std::max(now, tried.due);
    return apply({.body = workflows::Tried{tried.id, tried.number, Outcome{.is = is}}});
  }
  /// The clock moves on; what is due meanwhile fires in order, each when it is due.
  void until(std::string_view text) {
    const auto end = at(text);
    while (const auto next = next_timer()) {
      if (next->second > end) break;
      now = std::max(now, next->second);
      if (!fire_one(*next)) break;
    }
    now = std::max(now, end);
  }
  /// The engine was away until then: what fell due meanwhile fires now, in order.
  void away_until(std::string_view text) {
    now = std::max(now, at(text));
    while (const auto next = next_timer()) {
      if (next->second > now || !fire_one(*next)) break;
    }
  }
  void set(std::string_view setting, const Json& value) {
    for (std::size_t i = 0; i < definition->settings.size(); ++i)
      if (definition->settings[i].field.name == setting) snapshot.settings[i] = workflows::decode(definition->settings[i].field.type, value);
  }

  [[nodiscard]] const std::string& in() const { return definition->states[static_cast<std::size_t>(snapshot.state)].name; }
  [[nodiscard]] std::string due(const std::string& timer) const {
    const auto found = snapshot.cursor.timers.find(timer);
    return found == snapshot.cursor.timers.end() ? "none" : format_time(found->second);
  }
  [[nodiscard]] Json attribute(std::string_view name) const {
    const auto index = static_cast<std::size_t>(definition->find_attribute(name));
    return workflows::encode(definition->attributes[index].field.type, snapshot.attributes[index]);
  }
  [[nodiscard]] std::string text(std::string_view name) const { return dump_json(attribute(name)); }
  [[nodiscard]] std::size_t count(std::string_view type) const {
    return static_cast<std::size_t>(std::count_if(journal.begin(), journal.end(), [&](const Json& entry) { return text_of(entry, "type") == type; }));
  }
  [[nodiscard]] Json last(std::string_view type) const {
    for (auto entry = journal.rbegin(); entry != journal.rend(); ++entry)
      if (text_of(*entry, "type") == type) return *entry;
    return {};
  }

  std::shared_ptr<const workflows::Definition> definition;
  workflows::Snapshot snapshot;
  std::map<std::string, workflows::Row, std::less<>> world;
  Time now = at("2026-03-02T08:00:00Z");
  JsonArray journal;
  std::vector<std::string> told;     ///< "template @ time of the actor", in order
  std::vector<workflows::TransitionAction> actions;
  std::map<std::string, workflows::IncidentOpened> incidents;

  Decided apply(workflows::Event event) {
    event.id = EventId{format_id("evt", derive_uuid(Uuid{}, fmt::format("{}", ++events_)))};
    auto decided = workflows::advance(*definition, snapshot, event, now);
    while (decided && !decided->needs.empty()) {
      for (const auto& needed : decided->needs) {
        const auto row = world.find(needed.id);
        snapshot.rows[needed.id] = row == world.end() ? workflows::Row{.kind = needed.kind, .missing = true} : row->second;
      }
      decided = workflows::advance(*definition, snapshot, event, now);
    }
    if (!decided || workflows::is_nothing(*decided)) return decided;
    keep(*decided);
    return decided;
  }

 private:
  [[nodiscard]] std::optional<std::pair<std::string, Time>> next_timer() const {
    const auto& timers = snapshot.cursor.timers;
    const auto next = std::min_element(timers.begin(), timers.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
    return next == timers.end() ? std::nullopt : std::optional{std::pair{next->first, next->second}};
  }
  bool fire_one(const std::pair<std::string, Time>& timer) {
    const auto decided = apply({.body = workflows::TimerDue{timer.first, timer.second}});
    BOOST_CHECK_MESSAGE(decided.has_value(), timer.first << (decided ? "" : describe(decided.error())));
    return decided.has_value() && !workflows::is_nothing(*decided);
  }
  void keep(const workflows::Decision& decision) {
    const auto rows = std::move(snapshot.rows);
    const auto settings = snapshot.settings;
    snapshot = decision.next;
    snapshot.rows.clear();
    journal.insert(journal.end(), decision.journal.begin(), decision.journal.end());
    for (const auto& notice : decision.notices) told.push_back(fmt::format("{} @ {}", text_of(notice.data, "template"), format_time(snapshot.cursor.last)));
    actions.insert(actions.end(), decision.actions.begin(), decision.actions.end());
    for (const auto& closed : decision.incidents_closed) incidents.erase(closed.id.str());
    for (const auto& opened : decision.incidents) incidents.emplace(opened.id.str(), opened);
    const auto text = dump_json(workflows::encode_cursor(snapshot.cursor));
    const auto parsed = parse_json(text);
    auto cursor = workflows::decode_cursor(*parsed);
    BOOST_REQUIRE(cursor);
    BOOST_TEST(dump_json(workflows::encode_cursor(*cursor)) == text);
    snapshot.cursor = std::move(*cursor);
  }

  int events_ = 0;
  std::int64_t seq_ = 0;
};

}  // namespace stellwerk::testing
