// load_workflow(): the order in which a file is read.
#include "workflows/loader/loader.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "workflows/loader/checks.hpp"

namespace stellwerk::workflows {
namespace loading {

const KeySet& workflow_keys() {
  static const KeySet keys{"a workflow",
                           {"language", "workflow", "kind", "title", "extends", "abstract", "settings", "attributes", "events", "defaults", "on", "schedule", "initial", "states"}};
  return keys;
}

const std::vector<std::string>& reserved_words() {
  static const std::vector<std::string> words{"true", "false", "null", "in", "self", "settings", "event", "result", "steps", "error", "run", "now", "today", "tenant", "index"};
  return words;
}

namespace {

/// Names of states and their statuses, which expressions and transitions anywhere may use.
void read_state_names(Context& context, const Yaml& root) {
  const auto* states = find_key(root, workflow_keys(), "states");
  if (!states) return;
  if (!states->is_map() || states->entries.empty()) {
    context.report.add(code::wrong_value, states->place, fmt::format("'states' takes a map of states, but this is {}", states->is_map() ? "empty" : kind_of(*states)));
    return;
  }
  for (const auto& [name, place, state] : states->entries) {
    context.state_names.push_back(name);
    const auto* status = state.is_map() ? find_key(state, state_keys(), "status") : nullptr;
    if (status && status->is_text() && !contains(context.statuses, status->text)) context.statuses.push_back(status->text);
  }
  // comparing with a status that no state of this file has is no mistake of types
  for (const auto& status : statuses_of(context.definition.kind)) {
    if (!contains(context.statuses, status)) context.statuses.push_back(status);
  }
}

void read_initial(Context& context, const Yaml& root) {
  const auto* initial = find_key(root, workflow_keys(), "initial");
  if (!initial && context.definition.abstract) return;
  const auto word = read_word(context.report, initial, "initial");
  const int state = word && !context.state_names.empty() ? find_state(context, *word, initial->place) : -1;
  context.definition.initial = std::max(state, 0);
  context.has_lost_ways = context.has_lost_ways || state < 0;
}

/// Every expression sees every attribute and setting, every state every event: what a file holds of each is bounded.
bool is_of_a_readable_size(Context& context, const Yaml& root) {
  bool fits = true;
  for (const std::string_view key : {"settings", "attributes", "events", "on", "schedule", "states"}) {
    const auto* section = find_key(root, workflow_keys(), key);
    if (!section || section->entries.size() <= most_declared) continue;
    context.report.add(code::out_of_bounds, section->entries[most_declared].key_place,
                       fmt::format("'{}' has {} entries, but at most {} are read", key, section->entries.size(), most_declared), "split the workflow into several");
    fits = false;
  }
  return fits;
}

void read_workflow(Context& context, const Yaml& root) {
  if (!check_keys(context.report, root, workflow_keys()) || !is_of_a_readable_size(context, root)) return;
  context.definition.abstract = read_flag(context.report, find_key(root, workflow_keys(), "abstract"), "abstract");
  read_header(context, root);
  read_settings(context, root);
  read_attributes(context, root);
  read_events(context, root);
  find_references(context);
  find_schedule_names(context, root);
  read_call_defaults(context, root);
  read_state_names(context, root);
  read_initial(context, root);
  const auto base = base_scope(context);
  read_computed(context, root, base);
  context.run_events = find_run_events(context, root);
  read_states(context, root, base);
  read_schedules(context, root, base);
  check_call_defaults(context);
  check_whole(context);
}

}  // namespace
}  // namespace loading

tl::expected<std::shared_ptr<const Definition>, std::vector<config::Problem>> load_workflow(const std::string& file_name, const std::string& text,
                                                                                            const Catalog& catalog, const FindBase& find_base) {
  auto resolved = loading::resolve(file_name, text, find_base);
  if (!resolved) return tl::unexpected(std::move(resolved).error());
  auto definition = std::make_shared<Definition>();
  definition->base = resolved->base;
  definition->text = resolved->extends ? config::write_yaml(resolved->root) : text;
  definition->files = resolved->files;
  loading::Report report{resolved->files};
  loading::Context context{.report = report, .catalog = catalog, .definition = *definition, .extends = resolved->extends};
  loading::read_workflow(context, resolved->root);
  if (auto problems = report.take(); !problems.empty()) return tl::unexpected(reading::first_of(std::move(problems)));
  loading::mark_counted(*definition);
  return std::shared_ptr<const Definition>{std::move(definition)};
}

}  // namespace stellwerk::workflows
