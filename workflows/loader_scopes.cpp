// What expressions may name, by place.
#include <algorithm>

#include "workflows/loader.hpp"

namespace stellwerk::workflows::loading {
namespace {

using To = cel::Type::Base;

void add(Scope& scope, const std::string& name, cel::Type all, cel::Type open, int slot) {
  scope.all.add(name, std::move(all), slot);
  scope.open.add(name, std::move(open), slot);
}

void add_member(Scope& scope, const std::string& record, const std::string& member, const cel::Type& type, int slot) {
  scope.all.add_member(record, member, type, slot);
  scope.open.add_member(record, member, type, slot);
}

bool has_secret(const std::vector<Field>& fields) {
  return std::ranges::any_of(fields, [](const Field& field) { return field.type.base == TypeSpec::Base::secret; });
}

void add_field(Scope& scope, const std::string& record, const Field& field, int slot) {
  const auto type = cel_type(field.type, !field.required && !field.fallback);
  scope.all.add_member(record, field.name, type, slot);
  if (field.type.base == TypeSpec::Base::secret) scope.secrets = true;
  else scope.open.add_member(record, field.name, type, slot);
}

/// The union of the payloads; a field on which they disagree could be anything, one that some lack may be null.
cel::Type merged_type(const Context& context, const RunEvents& events, bool secrets) {
  std::map<std::string, cel::Type, std::less<>> merged;
  std::map<std::string, std::size_t> seen;
  for (const auto& name : events.names) {
    const auto spec = context.definition.events.find(name);
    if (spec == context.definition.events.end()) return cel::Type{};
    const auto payload = record_type(spec->second.with, secrets);
    for (const auto& [field, type] : *payload.fields) {
      ++seen[field];
      auto [known, is_new] = merged.emplace(field, type);
      if (is_new) continue;
      if (known->second.base != type.base) known->second = cel::Type{};
      known->second.nullable = known->second.nullable || type.nullable;
      if (known->second.values != type.values) known->second.values.clear();
    }
  }
  for (auto& [field, type] : merged) {
    if (events.also_none || seen[field] < events.names.size()) type.nullable = true;
  }
  return cel::Type::record(std::move(merged));
}

}  // namespace

Scope base_scope(const Context& context) {
  const auto& definition = context.definition;
  Scope scope;
  const auto text = cel::Type::of(To::string);
  auto states = text, statuses = text;
  states.values = context.state_names;
  statuses.values = context.statuses;
  add(scope, "now", cel::Type::of(To::timestamp), cel::Type::of(To::timestamp), slot::now);
  add(scope, "tenant", text, text, slot::tenant);
  add_member(scope, "self", "id", text, slot::id);
  add_member(scope, "self", "state", states, slot::state);
  add_member(scope, "self", "status", statuses, slot::status);
  add_member(scope, "self", "customer", cel::Type::of(To::string, true), slot::customer);
  for (std::size_t i = 0; i < definition.attributes.size(); ++i) add_field(scope, "self", definition.attributes[i].field, definition.attribute_slot(static_cast<int>(i)));
  for (std::size_t i = 0; i < definition.settings.size(); ++i) add_field(scope, "settings", definition.settings[i].field, definition.setting_slot(static_cast<int>(i)));
  return scope;
}

void add_event(Scope& scope, const EventSpec* event) {
  if (!event) return add(scope, "event", {}, {}, slot::event);
  add(scope, "event", record_type(event->with), record_type(event->with, false), slot::event);
  scope.secrets = scope.secrets || has_secret(event->with);
}

void add_run_event(Scope& scope, const Context& context, const RunEvents& events) {
  const auto known = [&](const std::string& name) { return context.definition.events.find(name); };
  for (const auto& name : events.names) {
    if (const auto spec = known(name); spec != context.definition.events.end()) scope.secrets = scope.secrets || has_secret(spec->second.with);
  }
  scope.all.add_member("run", "event", merged_type(context, events, true), slot::run_event);
  scope.open.add_member("run", "event", merged_type(context, events, false), slot::run_event);
}

void add_steps(Scope& scope, const std::vector<const Step*>& steps) {
  std::map<std::string, cel::Type, std::less<>> all, open;
  for (const auto* step : steps) {
    const std::vector<Field>* output = nullptr;
    if (const auto* call = std::get_if<CallStep>(&step->body)) output = &call->operation.output;
    if (const auto* action = std::get_if<ActionStep>(&step->body)) output = &action->action.output;
    const bool is_known = output && !output->empty();
    all.emplace(step->name, is_known ? record_type(*output) : cel::Type{});
    open.emplace(step->name, is_known ? record_type(*output, false) : cel::Type{});
    scope.secrets = scope.secrets || (is_known && has_secret(*output));
  }
  add(scope, "steps", cel::Type::record(std::move(all)), cel::Type::record(std::move(open)), slot::steps);
}

void add_result(Scope& scope, const std::vector<Field>& output) {
  if (output.empty()) return add(scope, "result", {}, {}, slot::result);
  add(scope, "result", record_type(output), record_type(output, false), slot::result);
  scope.secrets = scope.secrets || has_secret(output);
}

void add_error(Scope& scope, bool nullable) {
  const auto text = cel::Type::of(To::string, true);
  auto record = cel::Type::record({{"class", text}, {"code", text}, {"text", text}, {"step", text}, {"operation", text}});
  record.nullable = nullable;
  add(scope, "error", record, record, slot::error);
}

std::vector<RunEvents> find_run_events(const Context& context, const Yaml& root) {
  std::vector<RunEvents> found(context.state_names.size());
  std::vector<std::pair<std::size_t, std::size_t>> onward;  // from one working state into the next, the event goes along
  const auto* states = find_key(root, workflow_keys(), "states");
  if (!states || !states->is_map()) return found;

  const auto each_target = [&](const Yaml& candidates, const auto& visit) {
    const auto one = [&](const Yaml& candidate) {
      const auto* to = candidate.is_map() ? find_key(candidate, transition_keys(), "to") : nullptr;
      if (const int state = to && to->is_text() ? peek_state(context, to->text) : -1; state >= 0) visit(static_cast<std::size_t>(state));
    };
    if (candidates.is_list()) std::ranges::for_each(candidates.items, one);
    else one(candidates);
  };
  const auto each_event = [&](const Yaml* on) {
    if (!on || !on->is_map()) return;
    for (const auto& [event, place, candidates] : on->entries) each_target(candidates, [&, name = &event](std::size_t to) { found[to].names.insert(*name); });
  };

  if (!found.empty()) found[static_cast<std::size_t>(context.definition.initial)].also_none = true;
  each_event(find_key(root, workflow_keys(), "on"));
  for (std::size_t from = 0; from < states->entries.size() && from < found.size(); ++from) {
    const auto& state = states->entries[from].value;
    if (!state.is_map()) continue;
    each_event(find_key(state, state_keys(), "on"));
    if (const auto* after = find_key(state, state_keys(), "after"); after && after->is_map()) {
      for (const auto& entry : after->entries) each_target(entry.value, [&](std::size_t to) { found[to].also_none = true; });
    }
    const auto follows = [&](std::size_t to) { onward.emplace_back(from, to); };
    for (const auto* key : {"done", "failed"}) {
      if (const auto* ending = find_key(state, state_keys(), key)) each_target(*ending, follows);
    }
    if (const auto* steps = find_key(state, state_keys(), "steps"); steps && steps->is_list()) {
      for (const auto& step : steps->items) {
        const auto* body = step.is_map() && step.entries.size() == 1 ? &step.entries[0].value : nullptr;
        if (const auto* leave = body && body->is_map() ? find_key(*body, step_keys(), "leave") : nullptr) each_target(*leave, follows);
      }
    }
  }
  for (bool changed = true; changed;) {
    changed = false;
    for (const auto& [from, to] : onward) {
      const auto before = found[to].names.size();
      const auto none_before = found[to].also_none;
      const auto names = found[from].names;  // a copy: `from` may be `to`
      found[to].names.insert(names.begin(), names.end());
      found[to].also_none = none_before || found[from].also_none;
      changed = changed || found[to].names.size() != before || found[to].also_none != none_before;
    }
  }
  return found;
}

}  // namespace stellwerk::workflows::loading
