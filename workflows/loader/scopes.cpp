// What expressions may name, by place.
#include <algorithm>
#include <map>
#include <set>

#include "workflows/loader/loader.hpp"

namespace stellwerk::workflows::loading {
namespace {

using To = cel::Type::Base;

void add(Scope& scope, const std::string& name, const cel::Type& type, int slot) {
  scope.all.add(name, type, slot);
  scope.open.add(name, type, slot);
}

void add_member(Scope& scope, const std::string& record, const std::string& member, const cel::Type& type, int slot) {
  scope.all.add_member(record, member, type, slot);
  scope.open.add_member(record, member, type, slot);
}

/// Where secrets are not to be had, a record that has some is no value by itself: its other members are all there is of it.
void add_members(cel::Environment& open, const std::string& record, const cel::Type& type, int slot) {
  if (!type.fields) return;
  for (const auto& [member, member_type] : *type.fields) open.add_member(record, member, member_type, slot);
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

const EventSpec* known_event(const Context& context, const std::string& name) {
  const auto found = context.definition.events.find(name);
  return found == context.definition.events.end() ? nullptr : &found->second;
}

/// The union of the payloads; a field on which they disagree could be anything, one that some lack may be null.
cel::Type merged_type(const Context& context, const RunEvents& events, bool secrets) {
  std::map<std::string, cel::Type, std::less<>> merged;
  std::map<std::string, std::size_t> seen;
  std::set<std::string, std::less<>> hidden;  // an open field of one event may be the secret of another
  for (const auto& name : events.names) {
    const auto* spec = known_event(context, name);
    if (!spec) return cel::Type{};
    for (const auto& field : spec->with) {
      if (!secrets && field.type.base == TypeSpec::Base::secret) hidden.insert(field.name);
    }
    const auto payload = record_type(spec->with, secrets);
    for (const auto& [field, type] : *payload.fields) {
      ++seen[field];
      auto [known, is_new] = merged.emplace(field, type);
      if (is_new) continue;
      if (known->second.base != type.base) known->second = cel::Type{};
      known->second.nullable = known->second.nullable || type.nullable;
      if (known->second.values != type.values) known->second.values.clear();
    }
  }
  for (const auto& field : hidden) merged.erase(field);
  for (auto& [field, type] : merged) {
    if (events.also_none || seen[field] < events.names.size()) type.nullable = true;
  }
  return cel::Type::record(std::move(merged));
}

bool have_secrets(const Context& context, const RunEvents& events) {
  return std::ranges::any_of(events.names, [&](const std::string& name) {
    const auto* spec = known_event(context, name);
    return spec && has_secret(spec->with);
  });
}

/// References among the payloads' fields; where events mean different kinds by one name, what is behind the id cannot be read.
void add_references(const Context& context, Scope& scope, const std::string& record, Reference::Source source, const std::vector<const EventSpec*>& events) {
  std::map<std::string, std::string> kinds;
  for (const auto* event : events) {
    for (const auto& field : event->with) {
      if (field.type.base != TypeSpec::Base::ref || field.type.kind.empty()) continue;
      const auto [known, is_new] = kinds.emplace(field.name, field.type.kind);
      if (!is_new && known->second != field.type.kind) known->second.clear();
    }
  }
  for (const auto& [name, kind] : kinds) {
    if (!kind.empty()) add_reference(context, scope, record + "." + name, source, name, kind);
  }
}

/// What a step leaves under `steps.<name>`.
struct Output {
  cel::Type all, open;
  bool secrets = false;
};

Output output_of(const Context& context, const Step& step) {
  if (const auto* wait = std::get_if<WaitStep>(&step.body)) {
    RunEvents events;
    events.names.insert(wait->events.begin(), wait->events.end());
    return {merged_type(context, events, true), merged_type(context, events, false), have_secrets(context, events)};
  }
  const auto text = cel::Type::of(To::string, true);
  if (std::holds_alternative<ApproveStep>(step.body)) {
    const auto record = cel::Type::record({{"approved", cel::Type::of(To::boolean)}, {"by", text}, {"note", text}});
    return {record, record, false};
  }
  if (std::holds_alternative<EachStep>(step.body)) {
    const auto record = cel::Type::record({{"count", cel::Type::of(To::integer)}});
    return {record, record, false};
  }
  const std::vector<Field>* output = nullptr;
  if (const auto* call = std::get_if<CallStep>(&step.body)) output = &call->operation.output;
  if (const auto* action = std::get_if<ActionStep>(&step.body)) output = &action->action.output;
  if (!output || output->empty()) return {};
  return {record_type(*output), record_type(*output, false), has_secret(*output)};
}

const std::vector<Step>* steps_within(const Step& step) {
  if (const auto* parallel = std::get_if<ParallelStep>(&step.body)) return parallel->steps.get();
  const auto* each = std::get_if<EachStep>(&step.body);
  return each ? each->steps.get() : nullptr;
}

using Members = std::map<std::string, cel::Type, std::less<>>;

void collect(const Context& context, Scope& scope, const Step& step, bool nullable, Members& all) {
  auto output = output_of(context, step);
  output.all.nullable = output.open.nullable = nullable;
  all.emplace(step.name, std::move(output.all));
  if (output.secrets) add_members(scope.open, "steps." + step.name, output.open, slot::steps);
  else scope.open.add_member("steps", step.name, std::move(output.open), slot::steps);
  scope.secrets = scope.secrets || output.secrets;
  scope.all.add_ran_step(step.name, slot::steps);
  scope.open.add_ran_step(step.name, slot::steps);
  const auto* within = steps_within(step);
  // of an empty list no element is done
  for (const auto& inner : within ? *within : std::vector<Step>{}) collect(context, scope, inner, nullable || std::holds_alternative<EachStep>(step.body), all);
}

}  // namespace

Scope base_scope(const Context& context) {
  const auto& definition = context.definition;
  Scope scope;
  const auto text = cel::Type::of(To::string);
  auto states = text, statuses = text;
  states.values = context.state_names;
  statuses.values = context.statuses;
  scope.all.set_zone_slot(slot::zone);
  scope.open.set_zone_slot(slot::zone);
  add(scope, "now", cel::Type::of(To::timestamp), slot::now);
  add(scope, "today", cel::Type::of(To::date), slot::today);
  add(scope, "tenant", text, slot::tenant);
  add_member(scope, "self", "id", text, slot::id);
  add_member(scope, "self", "state", states, slot::state);
  add_member(scope, "self", "status", statuses, slot::status);
  add_member(scope, "self", "customer", cel::Type::of(To::string, true), slot::customer);
  add_reference(context, scope, "self.customer", Reference::Source::customer, "customer", "customer");
  for (std::size_t i = 0; i < definition.attributes.size(); ++i) {
    const auto& field = definition.attributes[i].field;
    add_field(scope, "self", field, definition.attribute_slot(static_cast<int>(i)));
    if (field.type.base == TypeSpec::Base::ref && !field.type.kind.empty()) {
      add_reference(context, scope, "self." + field.name, Reference::Source::attribute, field.name, field.type.kind);
    }
  }
  for (std::size_t i = 0; i < definition.settings.size(); ++i) add_field(scope, "settings", definition.settings[i].field, definition.setting_slot(static_cast<int>(i)));
  for (std::size_t i = 0; i < context.schedule_names.size(); ++i) {
    scope.all.add_ran(context.schedule_names[i], definition.ran_slot(static_cast<int>(i)));
    scope.open.add_ran(context.schedule_names[i], definition.ran_slot(static_cast<int>(i)));
  }
  return scope;
}

void add_event(const Context& context, Scope& scope, const EventSpec* event, bool in_place) {
  const int slot = in_place ? slot::run_event : slot::event;
  if (!event) return add(scope, "event", cel::Type{}, slot);
  scope.all.add("event", record_type(event->with), slot);
  if (has_secret(event->with)) add_members(scope.open, "event", record_type(event->with, false), slot);
  else scope.open.add("event", record_type(event->with), slot);
  scope.secrets = scope.secrets || has_secret(event->with);
  add_references(context, scope, "event", in_place ? Reference::Source::run_event : Reference::Source::event, {event});
}

void add_run_event(const Context& context, Scope& scope, const RunEvents& events) {
  scope.secrets = scope.secrets || have_secrets(context, events);
  scope.all.add_member("run", "event", merged_type(context, events, true), slot::run_event);
  const auto open = merged_type(context, events, false);
  if (have_secrets(context, events)) add_members(scope.open, "run.event", open, slot::run_event);
  else scope.open.add_member("run", "event", open, slot::run_event);
  std::vector<const EventSpec*> known;
  for (const auto& name : events.names) {
    if (const auto* spec = known_event(context, name)) known.push_back(spec);
  }
  add_references(context, scope, "run.event", Reference::Source::run_event, known);
}

void add_steps(const Context& context, Scope& scope, const std::vector<Step>& steps) {
  Members all;
  for (const auto& step : steps) collect(context, scope, step, false, all);
  scope.all.add("steps", cel::Type::record(std::move(all)), slot::steps);
}

void add_result(const Context& context, Scope& scope, const Step& step) {
  auto output = output_of(context, step);
  scope.all.add("result", std::move(output.all), slot::result);
  if (output.secrets) add_members(scope.open, "result", output.open, slot::result);
  else scope.open.add("result", std::move(output.open), slot::result);
  scope.secrets = scope.secrets || output.secrets;
}

void add_error(Scope& scope, bool nullable) {
  const auto text = cel::Type::of(To::string, true);
  auto record = cel::Type::record({{"class", text}, {"code", text}, {"text", text}, {"step", text}, {"operation", text}});
  record.nullable = nullable;
  add(scope, "error", record, slot::error);
}

void add_element(Scope& scope, const std::string& name, const cel::Type& list) {
  add(scope, name, list.element ? *list.element : cel::Type{}, slot::item);
  add(scope, "index", cel::Type::of(To::integer), slot::index);
}

}  // namespace stellwerk::workflows::loading
