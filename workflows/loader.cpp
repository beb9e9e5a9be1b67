// load_workflow(): the order in which a file is read.
#include "workflows/loader.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace stellwerk::workflows {
namespace loading {

const KeySet& workflow_keys() {
  static const KeySet keys{"a workflow",
                           {"language", "workflow", "kind", "title", "settings", "attributes", "events", "defaults", "on", "initial", "states"},
                           {"extends", "abstract", "schedule"}};
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
  const auto word = read_word(context.report, initial, "initial");
  const int state = word && !context.state_names.empty() ? find_state(context, *word, initial->place) : -1;
  context.definition.initial = std::max(state, 0);
  context.has_lost_ways = context.has_lost_ways || state < 0;
}

void read_workflow(Context& context, const Yaml& root) {
  if (!check_keys(context.report, root, workflow_keys())) return;
  if (root.find("extends") || root.find("abstract")) return;  // half of the file is elsewhere: everything would seem to be missing
  context.has_lost_ways = has_later_key(root, workflow_keys());
  read_header(context, root);
  read_settings(context, root);
  read_attributes(context, root);
  read_events(context, root);
  read_call_defaults(context, root);
  read_state_names(context, root);
  read_initial(context, root);
  context.run_events = find_run_events(context, root);
  read_states(context, root);
  check_whole(context);
}

}  // namespace
}  // namespace loading

tl::expected<std::shared_ptr<const Definition>, std::vector<config::Problem>> load_workflow(const std::string& file_name, const std::string& text,
                                                                                            const Catalog& catalog) {
  auto file = config::read_yaml(file_name, text);
  if (!file) return tl::unexpected(std::move(file).error());
  auto definition = std::make_shared<Definition>();
  definition->text = text;
  loading::Report report{file_name};
  loading::Context context{.report = report, .catalog = catalog, .definition = *definition};
  loading::read_workflow(context, file->root);
  if (auto problems = report.take(); !problems.empty()) return tl::unexpected(std::move(problems));
  return std::shared_ptr<const Definition>{std::move(definition)};
}

}  // namespace stellwerk::workflows
