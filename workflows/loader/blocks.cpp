// Steps that wait for an event or a person, and steps that hold other steps.
#include <fmt/format.h>

#include <algorithm>

#include "workflows/loader/loader.hpp"

namespace stellwerk::workflows::loading {
namespace {

constexpr std::size_t max_branches = 16;

const Yaml* need(Context& context, const Yaml& map, const KeySet& keys, std::string_view key, std::string hint) {
  const auto* found = find_key(map, keys, key);
  if (!found) context.report.add(code::missing_key, map.place, fmt::format("{} lacks '{}'", keys.what, key), std::move(hint));
  return found;
}

}  // namespace

WaitStep read_wait(Context& context, const Yaml& yaml) {
  static const KeySet keys{"'wait'", {"for", "timeout"}};
  WaitStep wait;
  if (!check_keys(context.report, yaml, keys)) return wait;
  const auto* events = need(context, yaml, keys, "for", "write wait: { for: <event>, timeout: PT1H }");
  if (events && events->is_text()) {
    wait.events.push_back(find_event(context, events->text, events->place));
  } else {
    for (const auto& [event, place] : read_words(context.report, events, "for")) {
      auto found = find_event(context, event, place);
      if (contains(wait.events, found)) context.report.add(code::duplicate_name, place, fmt::format("'{}' is in the list already", event));
      wait.events.push_back(std::move(found));
    }
    if (events && events->is_list() && events->items.empty()) context.report.add(code::wrong_value, events->place, "'for' names no event");
  }
  wait.timeout = read_duration(context.report, find_key(yaml, keys, "timeout"), "timeout", std::chrono::milliseconds{1}).value_or(wait.timeout);
  return wait;
}

ApproveStep read_approve(Context& context, const Yaml& yaml) {
  static const KeySet keys{"'approve'", {"by", "timeout"}};
  ApproveStep approve;
  if (!check_keys(context.report, yaml, keys)) return approve;
  const auto* by = need(context, yaml, keys, "by", "write approve: { by: [staff], timeout: P1D }");
  approve.by = read_roles(context, by, "by");
  if (by && by->is_list() && by->items.empty()) context.report.add(code::wrong_value, by->place, "'by' names no role");
  approve.timeout = read_duration(context.report, find_key(yaml, keys, "timeout"), "timeout", std::chrono::milliseconds{1}).value_or(approve.timeout);
  return approve;
}

ParallelStep read_parallel(Context& context, const Yaml& yaml, const Scope& scope, StepRules rules) {
  if (yaml.is_list() && yaml.items.size() > max_branches) {
    context.report.add(code::out_of_bounds, yaml.place, fmt::format("'parallel' has {} branches, but at most {} may be in hand at a time", yaml.items.size(), max_branches),
                       "put them into several");
  }
  rules.within = "'parallel'";
  return {std::make_shared<const std::vector<Step>>(read_steps(context, yaml, scope, std::move(rules)))};
}

EachStep read_each(Context& context, const Yaml& yaml, const Scope& scope, StepRules rules) {
  static const KeySet keys{"'each'", {"in", "as", "steps"}};
  EachStep each;
  each.steps = std::make_shared<const std::vector<Step>>();
  if (!check_keys(context.report, yaml, keys)) return each;
  const std::string hint = "write each: { in: self.addresses, as: address, steps: [ … ] }";
  each.in = read_list_expression(context, need(context, yaml, keys, "in", hint), scope);
  each.as = read_element_name(context, find_key(yaml, keys, "as"), scope);
  auto inner = scope;
  add_element(inner, each.as, each.in ? each.in.type() : cel::Type{});
  rules.within = "'each'";
  if (const auto* steps = need(context, yaml, keys, "steps", hint)) each.steps = std::make_shared<const std::vector<Step>>(read_steps(context, *steps, inner, std::move(rules)));
  return each;
}

}  // namespace stellwerk::workflows::loading
