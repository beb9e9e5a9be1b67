// Transitions and lists of candidates.
#include <fmt/format.h>

#include <algorithm>

#include "workflows/loader/loader.hpp"

namespace stellwerk::workflows::loading {
namespace {

Interrupt read_interrupt(Context& context, const Yaml* yaml) {
  const auto word = read_word(context.report, yaml, "interrupt");
  if (!word) return Interrupt::undo;
  if (*word == "keep") return Interrupt::keep;
  if (*word != "undo") context.report.add(code::wrong_value, yaml->place, fmt::format("'interrupt' takes undo or keep, not '{}'", *word), suggest(*word, {"undo", "keep"}));
  return Interrupt::undo;
}

/// `interrupt`, where the actor may be at work when the transition is taken.
void read_interrupt(Context& context, const Yaml& yaml, const KeySet& keys, const TransitionRules& rules, Transition& transition) {
  using enum TransitionRules::Interrupts;
  const auto* interrupt = find_key(yaml, keys, "interrupt");
  if (rules.interrupts == must && !interrupt) {
    context.report.add(code::bad_interrupt, yaml.place, fmt::format("{} comes while the state works, and does not say what becomes of the work", rules.what),
                       "add 'interrupt: undo' or 'interrupt: keep'; events that may wait need no entry here");
  } else if (rules.interrupts == must && !find_key(yaml, keys, "to")) {
    context.report.add(code::bad_interrupt, yaml.place, fmt::format("{} interrupts the work, but does not say where to go", rules.what), "add 'to: <state>'");
  } else if (rules.interrupts == never && interrupt) {
    context.report.add(code::bad_interrupt, interrupt->place, fmt::format("{} has nothing to interrupt: no steps run here", rules.what), "remove 'interrupt'");
  }
  if (interrupt) transition.interrupt = read_interrupt(context, interrupt);
}

/// Steps in place: what started them is to them, as to the steps of a state, the event of the run.
void read_place_work(Context& context, const Yaml& yaml, const KeySet& keys, Scope scope, const TransitionRules& rules, Transition& transition) {
  const auto* steps = find_entry(yaml, keys, "steps");
  if (!steps) {
    for (const auto* key : {"done", "failed"}) {
      const auto* ending = find_entry(yaml, keys, key);
      if (ending) context.report.add(code::misplaced_work, ending->key_place, fmt::format("'{}' follows steps, but {} has none", key, rules.what), "add 'steps', or put what it does into the transition");
    }
    return;
  }
  if (rules.work.empty()) {
    context.report.add(code::misplaced_work, steps->key_place, fmt::format("{} cannot work in place: steps run here already, or have just ended", rules.what), "lead to a state that works");
    return;
  }
  if (find_key(yaml, keys, "to")) {
    context.report.add(code::misplaced_work, steps->key_place, fmt::format("{} leaves the state, so its steps have no place to be done in", rules.what),
                       "say where to go afterwards: done: { to: <state> }; or lead to a state that works");
    return;
  }
  RunEvents events{.names = {}, .also_none = rules.event == nullptr};
  if (rules.event) events.names.insert(rules.event->name);
  add_run_event(context, scope, events);
  if (rules.event) add_event(context, scope, rules.event, true);
  transition.work = read_work(context, yaml, keys, {.name = rules.work, .state = context.state, .in_place = true}, scope);
}

}  // namespace

const KeySet& transition_keys() {
  static const KeySet keys{"a transition",
                           {"when", "require", "set", "save", "action", "with", "send", "notify", "emit", "create", "each", "do", "to", "interrupt", "steps", "done", "failed", "guard"}};
  return keys;
}

Transition read_transition(Context& context, const Yaml& yaml, const Scope& scope, const TransitionRules& rules, const KeySet& keys) {
  Transition transition;
  transition.place = yaml.place;
  if (yaml.is_text()) {
    context.report.add(code::wrong_value, yaml.place, fmt::format("{} takes a transition, but this is text", rules.what),
                       contains(context.state_names, yaml.text) ? fmt::format("write {{ to: {} }}", yaml.text) : "such as { to: <state> }");
    context.has_lost_ways = true;
    return transition;
  }
  // the keys of a schedule are told by who reads the schedule
  if (&keys == &transition_keys() && !check_keys(context.report, yaml, keys)) {
    context.has_lost_ways = true;
    return transition;
  }
  const auto key = [&](std::string_view name) { return find_key(yaml, keys, name); };
  transition.when = read_expression(context, key("when"), "when", scope, cel::Type::of(cel::Type::Base::boolean));
  transition.require = read_expression(context, key("require"), "require", scope, cel::Type::of(cel::Type::Base::boolean));
  if (const auto word = read_word(context.report, key("guard"), "guard")) {
    transition.guard_mass = *word == "mass";
    if (!transition.guard_mass) context.report.add(code::wrong_value, key("guard")->place, fmt::format("'guard' takes mass, not '{}'", *word), suggest(*word, {"mass"}));
  }
  transition.effects = read_effects(context, yaml, keys, scope, EffectsOf::transition);
  if (const auto* to = key("to")) {
    transition.place = to->place;
    if (const auto word = read_word(context.report, to, "to")) transition.to = find_state(context, *word, to->place);
    context.has_lost_ways = context.has_lost_ways || transition.to < 0;
  } else if (rules.needs_to) {
    context.report.add(code::open_ending, yaml.place, fmt::format("{} does not say where to go", rules.what), "add 'to: <state>'");
    context.has_lost_ways = true;
  }
  if (contains(keys.known, "interrupt")) read_interrupt(context, yaml, keys, rules, transition);
  read_place_work(context, yaml, keys, scope, rules, transition);
  return transition;
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
    is_decided = is_decided || (item.is_map() && !find_key(item, transition_keys(), "when") && !find_key(item, transition_keys(), "require"));
  }
  return candidates;
}

std::string find_event(Context& context, const std::string& name, Place place) {
  std::vector<std::string> names;
  for (const auto& [event, spec] : context.definition.events) names.push_back(event);
  if (contains(names, name) || context.has_lost_events) return name;
  const auto meant = config::closest(name, names);
  context.report.add(code::undeclared_event, place, fmt::format("there is no event '{}'", name), meant.empty() ? "declare it under 'events'" : suggest(name, names));
  return meant.empty() ? name : meant;
}

std::map<std::string, Candidates, std::less<>> read_on(Context& context, const Yaml* yaml, const Scope& scope, bool works) {
  std::map<std::string, Candidates, std::less<>> on;
  if (!yaml) return on;
  if (!yaml->is_map()) {
    wrong_value(context.report, *yaml, "on", "a map of events and their transitions");
    context.has_lost_ways = true;
    return on;
  }
  using enum TransitionRules::Interrupts;
  for (const auto& [name, place, value] : yaml->entries) {
    const auto meant = find_event(context, name, place);
    auto here = scope;
    const auto known = context.definition.events.find(meant);
    const auto* spec = known == context.definition.events.end() ? nullptr : &known->second;
    add_event(context, here, spec);
    TransitionRules rules{.what = fmt::format("'{}'", name), .interrupts = works ? must : context.works_in_place ? may : never, .work = works ? "" : meant, .event = spec};
    on.emplace(meant, read_candidates(context, value, here, rules));
  }
  return on;
}

}  // namespace stellwerk::workflows::loading
