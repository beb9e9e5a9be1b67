// check_across(): what workflows say to one another, compared when both are at hand.
#include <fmt/format.h>

#include <algorithm>

#include "workflows/definition.hpp"
#include "workflows/loader/loader.hpp"

namespace stellwerk::workflows {
namespace {

using namespace reading;
using Known = Neighbours::Some;

/// Kinds whose values JSON carries as text: a text may turn out to be any of them.
bool is_text_in_json(cel::Type::Base base) {
  using enum cel::Type::Base;
  return base == dyn || base == string || base == date || base == timestamp || base == duration || base == period || base == decimal || base == money;
}

/// Why what is given can never be a value of the field; empty when it may.
std::string why_not(const Field& field, const Crossing::Given& given) {
  if (!given.literal) {
    const auto taken = cel_type(field.type, false).base;
    return given.type.base != taken && is_text_in_json(given.type.base) && is_text_in_json(taken) ? std::string{} : misfit(field.type, given.type);
  }
  std::vector<FieldProblem> problems;
  check_value(field.type, *given.literal, "", problems);
  return problems.empty() ? std::string{} : problems.front().pointer + (problems.front().pointer.empty() ? "" : " ") + problems.front().message;
}

struct Codes {
  const char* unknown;
  const char* missing;
};

/// `with` against the fields that the other declares. `taker`: "the event 'x' of 'y'".
void compare(Report& report, const Crossing& crossing, const std::vector<Field>& fields, const std::string& taker, std::string_view noun, const Codes& codes) {
  if (!crossing.whole) return;
  std::vector<std::string> names;
  for (const auto& field : fields) names.push_back(field.name);
  for (const auto& given : crossing.with) {
    const auto field = std::ranges::find(fields, given.name, &Field::name);
    if (field == fields.end()) report.add(codes.unknown, given.place, fmt::format("{} has no {} '{}'", taker, noun, given.name), suggest(given.name, names));
    else if (const auto why = why_not(*field, given); !why.empty()) report.add(code::wrong_type, given.place, fmt::format("'{}' of {} {}", given.name, taker, why));
  }
  for (const auto& field : fields) {
    if (!field.required || field.fallback) continue;
    const auto given = std::ranges::find(crossing.with, field.name, &Crossing::Given::name);
    const bool is_null = given != crossing.with.end() && given->literal && given->literal->is_null();
    if (given != crossing.with.end() && !is_null) continue;
    // misspelt, it is told already
    const bool meant = std::ranges::any_of(crossing.with, [&](const auto& other) { return std::ranges::find(names, other.name) == names.end() && config::closest(other.name, names) == field.name; });
    if (!meant) report.add(codes.missing, is_null ? given->place : crossing.place, fmt::format("{} needs '{}'", taker, field.name), is_null ? "null is no value" : fmt::format("add {}: … to 'with'", field.name));
  }
}

const Definition* find(const Known& known, std::string_view name) {
  const auto found = std::ranges::find_if(known, [&](const auto& other) { return other->name == name; });
  return found == known.end() ? nullptr : found->get();
}

void check_create(Report& report, const Crossing& crossing, const Known& known, const Known& named, bool complete) {
  if (crossing.workflow.empty()) return;
  const auto* other = find(known, crossing.workflow);
  if (!other) other = find(named, crossing.workflow);
  if (!other) {
    std::vector<std::string> of_kind;
    for (const auto& one : known) {
      if (one->kind == crossing.kind && !one->abstract) of_kind.push_back(one->name);
    }
    if (!complete && config::closest(crossing.workflow, of_kind).empty()) return;
    report.add(code::unknown_workflow, crossing.place, fmt::format("there is no workflow '{}'", crossing.workflow), suggest(crossing.workflow, of_kind));
    return;
  }
  if (other->kind != crossing.kind) {
    report.add(code::unknown_workflow, crossing.place, fmt::format("the workflow '{}' is of kind {}, not {}", other->name, other->kind, crossing.kind), fmt::format("write kind: {}, or another workflow", other->kind));
    return;
  }
  if (other->abstract) {
    report.add(code::unknown_workflow, crossing.place, fmt::format("the workflow '{}' is abstract, so nothing lives by it", other->name), "name one that extends it");
    return;
  }
  std::vector<Field> fields;
  for (const auto& attribute : other->attributes) {
    if (!attribute.is_computed()) fields.push_back(attribute.field);
  }
  compare(report, crossing, fields, fmt::format("the workflow '{}'", other->name), "attribute", {code::unknown_attribute, code::missing_input});
}

/// Ids of kinds that the product does not ship do not show the kind: they are taken as any other's.
bool takes_from(const EventSpec& event, const std::string& kind) {
  return contains(loading::known_kinds(), kind) ? contains(event.from, kind) : !event.from.empty();
}

void check_send(Report& report, const Definition& sender, const Crossing& crossing, const Known& known) {
  std::vector<const Definition*> receivers;
  std::vector<std::string> names, events;
  for (const auto& other : known) {
    if (crossing.kind.empty() || other->kind != crossing.kind || other->abstract || (!crossing.workflow.empty() && other->name != crossing.workflow)) continue;
    receivers.push_back(other.get());
    names.push_back(other->name);
    for (const auto& [name, event] : other->events) {
      if (!event.from.empty() && !contains(events, name)) events.push_back(name);
    }
  }
  if (receivers.empty()) return;
  std::vector<std::pair<const Definition*, const EventSpec*>> declare, take;
  for (const auto* receiver : receivers) {
    const auto event = receiver->events.find(crossing.event);
    if (event == receiver->events.end()) continue;
    declare.emplace_back(receiver, &event->second);
    if (takes_from(event->second, sender.kind)) take.emplace_back(receiver, &event->second);
  }
  if (declare.empty()) {
    const auto who = names.size() == 1 ? fmt::format("the workflow '{}' has no event", names.front()) : fmt::format("no workflow of kind {} ({}) has an event", crossing.kind, join(names, "and"));
    report.add(code::undeclared_event, crossing.place, fmt::format("{} '{}'", who, crossing.event), suggest(crossing.event, events));
    return;
  }
  if (take.empty()) {
    const auto& [receiver, event] = declare.front();
    report.add(code::undeclared_event, crossing.place, fmt::format("'{}' of the workflow '{}' is not taken from {}", crossing.event, receiver->name, sender.kind),
               event->from.empty() ? fmt::format("it is a command only; add from: [{}] there", sender.kind) : fmt::format("it comes from {} only", join(event->from, "and")));
    return;
  }
  // of several it may be any: what one of them takes is right
  std::vector<config::Problem> told;
  for (const auto& [receiver, event] : take) {
    Report one{report.files()};
    compare(one, crossing, event->with, fmt::format("the event '{}' of '{}'", crossing.event, receiver->name), "field", {code::unknown_input, code::missing_input});
    auto problems = one.take();
    if (problems.empty()) return;
    if (told.empty()) told = std::move(problems);
  }
  for (auto& problem : told) report.add(std::move(problem));
}

}  // namespace

std::vector<config::Problem> check_across(const Definition& definition, const Neighbours& neighbours) {
  Report report{definition.files};
  auto all = neighbours.known;
  std::erase_if(all, [&](const auto& other) { return other->name == definition.name; });
  all.push_back(std::shared_ptr<const Definition>{std::shared_ptr<void>{}, &definition});  // lives as long as this call
  for (const auto& crossing : definition.crossings) {
    if (crossing.event.empty()) check_create(report, crossing, all, neighbours.named, neighbours.complete);
    else check_send(report, definition, crossing, all);
  }
  return first_of(report.take());
}

}  // namespace stellwerk::workflows
