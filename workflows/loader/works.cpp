// What is done in a working state, or in place: steps, and what follows them.
#include <fmt/format.h>

#include "workflows/loader/loader.hpp"

namespace stellwerk::workflows::loading {
namespace {

void read_failed(Context& context, const Yaml& failed, Scope scope, Work& work) {
  if (failed.is_text()) {
    work.failed_is_incident = true;
    if (failed.text == "incident") return;
    context.report.add(code::wrong_value, failed.place, fmt::format("'failed' takes transitions or the word incident, not '{}'", failed.text),
                       contains(context.state_names, failed.text) ? fmt::format("write {{ to: {} }}", failed.text) : suggest(failed.text, {"incident"}));
    return;
  }
  add_error(scope, false);
  work.failed = read_candidates(context, failed, scope, {.what = "'failed'", .needs_to = !work.in_place});
}

/// `steps: required`: the workflow that extends this one gives them.
void read_required(Context& context, const Yaml& steps, Work& work, Scope& scope) {
  work.required = true;
  // what they leave is not known
  scope.all.add("steps", {}, slot::steps);
  scope.open.add("steps", {}, slot::steps);
  if (context.definition.abstract) return;
  if (context.extends) {
    context.report.add(code::missing_steps, *context.extends, fmt::format("'{}' of the base has no steps: this workflow must give them", work.name),
                       work.in_place ? "" : fmt::format("add states: {{ {}: {{ steps: [ … ] }} }}", work.name));
  } else {
    context.report.add(code::missing_steps, steps.place, "only an abstract workflow leaves its steps to others", "give the steps, or write 'abstract: true' at the top");
  }
}

}  // namespace

int read_work(Context& context, const Yaml& map, const KeySet& keys, Work work, Scope& scope) {
  const auto& steps = *find_key(map, keys, "steps");
  if (steps.is_text() && steps.text == "required") {
    read_required(context, steps, work, scope);
  } else {
    std::vector<std::string> names;
    work.steps = read_steps(context, steps, scope, {.work = work.in_place ? fmt::format("'{}'", work.name) : fmt::format("the state '{}'", work.name), .names = names});
    add_steps(context, scope, work.steps);
  }
  if (const auto* done = find_key(map, keys, "done")) work.done = read_candidates(context, *done, scope, {.what = "'done'", .needs_to = !work.in_place});
  if (const auto* failed = find_key(map, keys, "failed")) read_failed(context, *failed, scope, work);
  context.definition.works.push_back(std::move(work));
  return static_cast<int>(context.definition.works.size()) - 1;
}

}  // namespace stellwerk::workflows::loading
