#include "tests/fault/walks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <deque>

namespace stellwerk::testing {
namespace {

using namespace workflows;

constexpr std::size_t most_situations = 160;
constexpr unsigned most_variants = 8;

/// Where an actor stands, as far as what may happen next depends on it: numbers, texts and moments left out.
std::string situation(const Subject& actor) {
  auto text = actor.state().name;
  for (const auto& [name, due] : actor.snapshot.cursor.timers) text += " " + name;
  for (const auto& [name, schedule] : actor.snapshot.cursor.schedules)
    if (!schedule.ran.is_null()) text += " ran " + name;
  for (std::size_t i = 0; i < actor.definition->attributes.size(); ++i) {
    using enum TypeSpec::Base;
    const auto& type = actor.definition->attributes[i].field.type;
    const bool telling = type.base == enumeration || type.base == boolean || (type.base == list && type.of && type.of->base == enumeration);
    text += telling ? " " + dump_json(actor.attribute(i)) : actor.snapshot.attributes[i].is_null() ? " -" : " +";
  }
  return text;
}

std::vector<Json> payloads(const std::vector<Field>& fields) {
  std::vector<Json> all;
  for (unsigned variant = 0; variant < most_variants; ++variant)
    if (auto payload = sample(fields, variant); std::find(all.begin(), all.end(), payload) == all.end()) all.push_back(std::move(payload));
  return all;
}

}  // namespace

std::string Start::where() const { return fmt::format("{} --{}--> ", life.actor.is_born() ? life.actor.state().name : "nothing", event); }

bool give(Life& life, const Start& start) {
  auto& actor = life.actor;
  const auto before = actor.decisions;
  switch (start.kind) {
    case Start::Kind::birth: return actor.born(start.payload).has_value();
    case Start::Kind::command: return actor.command(start.event, start.payload, start.role).has_value();
    case Start::Kind::message: actor.message(start.event, start.payload); break;
    case Start::Kind::timer: (void)actor.fire_next(); break;
    case Start::Kind::turn_of_settings: return actor.refresh().has_value();
  }
  return actor.decisions > before;
}

std::string shape(const Life& life, std::size_t from_entry) {
  std::string text;
  for (std::size_t i = from_entry; i < life.actor.journal.size(); ++i) {
    const auto& entry = life.actor.journal[i];
    const auto type = text_of(entry, "type");
    if (type == "read" || type == "set" || type.starts_with("timer_")) continue;  // follow from the others
    text += type + ":" + text_of(entry, "step") + text_of(entry, "to") + text_of(entry, "event") + text_of(entry, "template") + ";";
  }
  return text;
}

Ways find_ways(const Subjected& subjected) {
  const auto& definition = *subjected.definition;
  Ways ways;
  std::deque<Start> open;
  std::vector<Field> attributes;
  for (const auto& attribute : definition.attributes)
    if (!attribute.is_computed()) attributes.push_back(attribute.field);
  for (const unsigned variant : {0U, 1U}) open.push_back({.life = Life{subjected.definition, *subjected.catalog}, .kind = Start::Kind::birth, .event = "birth", .payload = sample(attributes, variant), .role = {}});
  std::set<std::string> seen, shapes;
  while (!open.empty()) {
    auto start = std::move(open.front());
    open.pop_front();
    auto life = start.life;
    const auto entries = life.actor.journal.size();
    if (start.kind == Start::Kind::timer) ways.timers.insert(start.event);
    if (!give(life, start)) continue;
    if (!life.drive(Fault{}) || !life.actor.problems.empty() || !life.wrongs().empty()) {
      ways.problems.push_back(fmt::format("{}{}", start.where(), !life.actor.problems.empty() ? life.actor.problems.front() : !life.wrongs().empty() ? life.wrongs().front() : "does not come to rest"));
      continue;
    }
    ways.most_at_once = std::max(ways.most_at_once, life.world.most_at_once());
    for (std::size_t i = entries; i < life.actor.journal.size(); ++i) {
      const auto& entry = life.actor.journal[i];
      if (text_of(entry, "type") == "run_started") ways.works.insert(text_of(entry, "work"));
      if (text_of(entry, "type") == "state") ways.states.insert(text_of(entry, "to"));
    }
    const auto where = start.where();
    ways.told += fmt::format("{}{}: {}\n", where, life.actor.state().name, shape(life, entries));
    if (shapes.insert(where + shape(life, entries)).second) ways.starts.push_back(std::move(start));
    if (life.actor.state().final || seen.size() >= most_situations || !seen.insert(situation(life.actor)).second) continue;
    for (const auto& [name, spec] : definition.events) {
      if (definition.candidates(life.actor.snapshot.state, name) == nullptr) continue;
      for (auto& payload : payloads(spec.with))
        open.push_back({.life = life, .kind = spec.allow.empty() ? Start::Kind::message : Start::Kind::command, .event = name, .payload = std::move(payload), .role = spec.allow.empty() ? "" : spec.allow.front()});
    }
    const auto& timers = life.actor.snapshot.cursor.timers;
    const auto next = std::min_element(timers.begin(), timers.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
    if (next != timers.end()) open.push_back({.life = life, .kind = Start::Kind::timer, .event = next->first, .role = {}});
    open.push_back({.life = life, .kind = Start::Kind::turn_of_settings, .event = "refresh", .role = {}});
  }
  return ways;
}

}  // namespace stellwerk::testing
