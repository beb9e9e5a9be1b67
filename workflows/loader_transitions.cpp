// Transitions and lists of candidates.
#include <fmt/format.h>

#include <algorithm>

#include "workflows/loader.hpp"

namespace stellwerk::workflows::loading {
namespace {

Interrupt read_interrupt(Context& context, const Yaml* yaml) {
  const auto word = read_word(context.report, yaml, "interrupt");
  if (!word) return Interrupt::undo;
  if (*word == "keep") return Interrupt::keep;
  if (*word != "undo") context.report.add(code::wrong_value, yaml->place, fmt::format("'interrupt' takes undo or keep, not '{}'", *word), suggest(*word, {"undo", "keep"}));
  return Interrupt::undo;
}

Transition read_transition(Context& context, const Yaml& yaml, const Scope& scope, const TransitionRules& rules) {
  Transition transition;
  transition.place = yaml.place;
  const auto& keys = transition_keys();
  if (yaml.is_text()) {
    context.report.add(code::wrong_value, yaml.place, fmt::format("{} takes a transition, but this is text", rules.what),
                       contains(context.state_names, yaml.text) ? fmt::format("write {{ to: {} }}", yaml.text) : "such as { to: <state> }");
    context.has_lost_ways = true;
    return transition;
  }
  if (!check_keys(context.report, yaml, keys)) {
    context.has_lost_ways = true;
    return transition;
  }
  transition.when = read_expression(context, find_key(yaml, keys, "when"), "when", scope, cel::Type::of(cel::Type::Base::boolean));
  transition.effects = read_effects(context, yaml, keys, scope);
  const auto* to = find_key(yaml, keys, "to");
  if (to) {
    transition.place = to->place;
    if (const auto word = read_word(context.report, to, "to")) transition.to = find_state(context, *word, to->place);
    context.has_lost_ways = context.has_lost_ways || transition.to < 0;
  } else if (rules.needs_to && !has_later_key(yaml, keys)) {
    context.report.add(code::open_ending, yaml.place, fmt::format("{} does not say where to go", rules.what), "add 'to: <state>'");
    context.has_lost_ways = true;
  }
  const auto* interrupt = find_key(yaml, keys, "interrupt");
  if (rules.interrupts && !interrupt) {
    context.report.add(code::bad_interrupt, yaml.place, fmt::format("{} comes while the state works, and does not say what becomes of the work", rules.what),
                       "add 'interrupt: undo' or 'interrupt: keep'; events that may wait need no entry here");
  } else if (rules.interrupts && !to) {
    context.report.add(code::bad_interrupt, yaml.place, fmt::format("{} interrupts the work, but does not say where to go", rules.what), "add 'to: <state>'");
  } else if (!rules.interrupts && interrupt) {
    context.report.add(code::bad_interrupt, interrupt->place, fmt::format("{} has nothing to interrupt: no steps run here", rules.what), "remove 'interrupt'");
  }
  if (interrupt) transition.interrupt = read_interrupt(context, interrupt);
  return transition;
}

}  // namespace

const KeySet& transition_keys() {
  static const KeySet keys{"a transition",
                           {"when", "set", "notify", "send", "emit", "create", "do", "to", "interrupt"},
                           {"require", "save", "action", "each", "steps", "done", "failed", "guard"}};
  return keys;
}

int peek_state(const Context& context, std::string_view name) {
  for (const auto& candidate : {std::string{name}, config::closest(name, context.state_names)}) {
    const auto found = std::ranges::find(context.state_names, candidate);
    if (found != context.state_names.end()) return static_cast<int>(found - context.state_names.begin());
  }
  return -1;
}

int find_state(Context& context, std::string_view name, Place place) {
  if (!contains(context.state_names, name)) {
    context.report.add(code::unknown_state, place, fmt::format("there is no state '{}'", name), suggest(name, context.state_names));
  }
  return peek_state(context, name);
}

Candidates read_candidates(Context& context, const Yaml& yaml, const Scope& scope, const TransitionRules& rules) {
  Candidates candidates;
  if (!yaml.is_list()) {
    candidates.push_back(read_transition(context, yaml, scope, rules));
    return candidates;
  }
  if (yaml.items.empty()) context.report.add(code::wrong_value, yaml.place, fmt::format("{} lists no transition", rules.what));
  bool is_decided = false;
  for (const auto& item : yaml.items) {
    if (is_decided) {
      context.report.add(code::dead_candidate, item.place, fmt::format("this candidate of {} is never tried: the one before it has no 'when'", rules.what),
                         "put the one without 'when' last");
    }
    candidates.push_back(read_transition(context, item, scope, rules));
    is_decided = is_decided || (item.is_map() && !find_key(item, transition_keys(), "when"));
  }
  return candidates;
}

std::map<std::string, Candidates, std::less<>> read_on(Context& context, const Yaml* yaml, const Scope& scope, bool interrupts) {
  std::map<std::string, Candidates, std::less<>> on;
  if (!yaml) return on;
  if (!yaml->is_map()) {
    wrong_value(context.report, *yaml, "on", "a map of events and their transitions");
    context.has_lost_ways = true;
    return on;
  }
  std::vector<std::string> names;
  for (const auto& [name, spec] : context.definition.events) names.push_back(name);
  for (const auto& [name, place, value] : yaml->entries) {
    auto meant = name;
    if (!contains(names, name) && !context.has_lost_events) {
      context.report.add(code::undeclared_event, place, fmt::format("there is no event '{}'", name),
                         config::closest(name, names).empty() ? "declare it under 'events'" : suggest(name, names));
      meant = config::closest(name, names);
    }
    auto here = scope;
    const auto spec = context.definition.events.find(meant);
    add_event(here, spec == context.definition.events.end() ? nullptr : &spec->second);
    on.emplace(meant.empty() ? name : meant, read_candidates(context, value, here, {.what = fmt::format("'{}'", name), .interrupts = interrupts}));
  }
  return on;
}

}  // namespace stellwerk::workflows::loading
