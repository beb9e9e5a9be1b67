// Effects: what a transition, an entry, an exit or a local step does in the deciding transaction.
#include <fmt/format.h>

#include <iterator>

#include "workflows/loader/loader.hpp"

namespace stellwerk::workflows::loading {
namespace {

const KeySet effect_keys{"an effect", {"set", "save", "action", "with", "notify", "send", "emit", "create", "each", "do"}};
const KeySet each_keys{"'each'", {"in", "as", "do"}};
const KeySet send_keys{"'send'", {"actor", "event", "with"}};
const KeySet create_keys{"'create'", {"kind", "workflow", "with", "save"}};
const KeySet notify_keys{"'notify'", {"template", "who", "with"}};
const KeySet emit_keys{"'emit'", {"type", "with"}};

const Yaml* need(Context& context, const Yaml& map, const KeySet& keys, std::string_view key) {
  const auto* found = find_key(map, keys, key);
  if (!found) context.report.add(code::missing_key, map.place, fmt::format("{} lacks '{}'", keys.what, key));
  return found;
}

SetEffect read_set(Context& context, const Yaml& yaml, const Scope& scope) {
  SetEffect effect;
  if (!yaml.is_map()) {
    wrong_value(context.report, yaml, "set", "a map of attributes and their values");
    return effect;
  }
  for (const auto& [name, place, value] : yaml.entries) {
    const int attribute = find_attribute(context, name, place);
    if (attribute < 0) {
      (void)read_template(context, value, scope);
      continue;
    }
    const auto& field = context.definition.attributes[static_cast<std::size_t>(attribute)].field;
    effect.values.emplace_back(attribute, read_value(context, value, scope, field, fmt::format("'{}'", field.name)));
  }
  return effect;
}

/// A name that is given as it is: what it may be is checked and listed before anything runs.
std::string read_fixed_name(Context& context, const Yaml* yaml, std::string_view key) {
  const auto word = read_word(context.report, yaml, key);
  if (!word) return {};
  if (word->find("${") == std::string::npos) return *word;
  context.report.add(code::wrong_value, yaml->place, fmt::format("'{}' names something, so it cannot be made by an expression", key), "write the name out; where there are several, give each a candidate with 'when'");
  return {};
}

/// `emit: sold` or `emit: { type: sold, with: {…} }`.
std::pair<std::string, cel::Template> read_named(Context& context, const Yaml& yaml, std::string_view key, const KeySet& keys, const Scope& scope) {
  if (!yaml.is_map()) return {read_fixed_name(context, &yaml, key), read_map(context, nullptr, "with", scope)};
  check_keys(context.report, yaml, keys);
  const auto& name_key = keys.known.front();
  return {read_fixed_name(context, need(context, yaml, keys, name_key), name_key),
          read_map(context, find_key(yaml, keys, "with"), "with", scope)};
}

/// `notify: service_ready` or `notify: { template: service_ready, who: …, with: {…} }`.
NotifyEffect read_notify(Context& context, const Yaml& yaml, const Scope& scope) {
  auto [name, with] = read_named(context, yaml, "notify", notify_keys, scope);
  NotifyEffect effect{.name = std::move(name), .who = {}, .with = std::move(with)};
  const auto* who = yaml.is_map() ? find_key(yaml, notify_keys, "who") : nullptr;
  if (who) effect.who = read_value(context, *who, scope, Field{.name = "who"}, "'who'");
  return effect;
}

/// The effects once per element.
EachEffect read_each_effect(Context& context, const Yaml& yaml, const Scope& scope, EffectsOf of) {
  EachEffect each;
  each.effects = std::make_shared<const std::vector<LocalEffect>>();
  if (!check_keys(context.report, yaml, each_keys)) return each;
  each.in = read_list_expression(context, need(context, yaml, each_keys, "in"), scope);
  each.as = read_element_name(context, find_key(yaml, each_keys, "as"), scope);
  auto inner = scope;
  add_element(inner, each.as, each.in ? each.in.type() : cel::Type{});
  each.effects = std::make_shared<const std::vector<LocalEffect>>(read_effect_list(context, need(context, yaml, each_keys, "do"), "do", inner, of));
  return each;
}

SendEffect read_send(Context& context, const Yaml& yaml, const Scope& scope) {
  SendEffect effect;
  if (!check_keys(context.report, yaml, send_keys)) return effect;
  const auto* actor = need(context, yaml, send_keys, "actor");
  if (actor) effect.actor = read_value(context, *actor, scope, Field{.name = "actor", .type = {.base = TypeSpec::Base::ref}}, "'actor'");
  const auto* event = need(context, yaml, send_keys, "event");
  effect.event = read_fixed_name(context, event, "event");
  const auto* with = find_key(yaml, send_keys, "with");
  effect.with = read_map(context, with, "with", scope);
  if (actor && !effect.event.empty()) note_send(context, *actor, effect.event, event->place, with, scope);
  return effect;
}

/// `save: { attribute: id }`: a new actor has nothing else to give.
int read_save_id(Context& context, const Yaml* yaml) {
  if (!yaml) return -1;
  if (!yaml->is_map() || yaml->entries.size() != 1 || yaml->entries[0].value.text != "id") {
    context.report.add(code::wrong_value, yaml->place, "'save' of 'create' names one attribute that gets the id", "such as save: { service: id }");
    return -1;
  }
  const auto& entry = yaml->entries[0];
  const int attribute = find_attribute(context, entry.key, entry.key_place);
  if (attribute < 0) return -1;
  const auto& field = context.definition.attributes[static_cast<std::size_t>(attribute)].field;
  if (const auto why = misfit(field.type, cel::Type::of(cel::Type::Base::string)); !why.empty()) {
    context.report.add(code::wrong_type, entry.key_place, fmt::format("'{}' {}", field.name, why), "an id goes into a ref");
  }
  return attribute;
}

CreateEffect read_create(Context& context, const Yaml& yaml, const Scope& scope) {
  CreateEffect effect;
  if (!check_keys(context.report, yaml, create_keys)) return effect;
  effect.kind = read_word(context.report, need(context, yaml, create_keys, "kind"), "kind").value_or("");
  if (const auto meant = config::closest(effect.kind, known_kinds()); !meant.empty() && !contains(known_kinds(), effect.kind)) {
    context.report.add(code::unknown_kind, find_key(yaml, create_keys, "kind")->place, fmt::format("there is no kind '{}'", effect.kind), suggest(effect.kind, known_kinds()));
  }
  // a kind with one workflow calls it by its own name
  const auto* written = find_key(yaml, create_keys, "workflow");
  const auto* kind = find_key(yaml, create_keys, "kind");
  const auto workflow = written ? *written : text_at(effect.kind, kind ? kind->place : yaml.place);
  effect.workflow = read_value(context, workflow, scope, Field{.name = "workflow", .required = true}, "'workflow'");
  const auto* with = find_key(yaml, create_keys, "with");
  effect.with = read_map(context, with, "with", scope);
  if (!effect.kind.empty()) note_create(context, effect.kind, workflow, with, scope);
  effect.save_id = read_save_id(context, find_key(yaml, create_keys, "save"));
  return effect;
}

}  // namespace

int find_attribute(Context& context, std::string_view name, Place place) {
  if (const int found = context.definition.find_attribute(name); found >= 0) {
    if (!context.definition.attributes[static_cast<std::size_t>(found)].is_computed()) return found;
    context.report.add(code::computed_attribute, place, fmt::format("'{}' is computed, so nothing can be written into it", name), "leave it out, or remove its 'value'");
    return -1;
  }
  std::vector<std::string> names;
  for (const auto& attribute : context.definition.attributes) names.push_back(attribute.field.name);
  context.report.add(code::unknown_attribute, place, fmt::format("there is no attribute '{}'", name), suggest(name, names));
  return context.definition.find_attribute(config::closest(name, names));
}

std::string read_element_name(Context& context, const Yaml* yaml, const Scope& scope) {
  const auto name = read_word(context.report, yaml, "as").value_or("item");
  if (!yaml) return name;
  check_name(context.report, name, yaml->place, "an element", reserved_words());
  if (scope.all.find(name)) context.report.add(code::duplicate_name, yaml->place, fmt::format("'{}' means something else here already", name), "take another word");
  return name;
}

std::vector<Save> read_save(Context& context, const Yaml& yaml, const Scope& scope) {
  std::vector<Save> saves;
  if (!yaml.is_map()) {
    wrong_value(context.report, yaml, "save", "a map of attributes and what goes into them");
    return saves;
  }
  for (const auto& [name, place, value] : yaml.entries) {
    const int attribute = find_attribute(context, name, place);
    const auto* field = attribute < 0 ? nullptr : &context.definition.attributes[static_cast<std::size_t>(attribute)].field;
    auto path = read_expression(context, &value, "save", scope, {}, field && field->type.base == TypeSpec::Base::secret);
    if (!field) continue;
    if (const auto why = path ? misfit(field->type, path.type()) : std::string{}; !why.empty()) {
      context.report.add(code::wrong_type, value.place, fmt::format("'{}' {}", field->name, why));
    }
    saves.push_back({attribute, std::move(path)});
  }
  return saves;
}

std::vector<LocalEffect> read_effects(Context& context, const Yaml& map, const KeySet& keys, const Scope& scope, EffectsOf of) {
  std::vector<LocalEffect> effects;
  const bool in_transition = of == EffectsOf::transition;
  for (const auto& [written, place, value] : map.entries) {
    const auto key = canonical_key(keys, written);
    if (key == "set") {
      effects.emplace_back(read_set(context, value, scope));
    } else if (key == "notify") {
      effects.emplace_back(read_notify(context, value, scope));
    } else if (key == "emit") {
      auto [type, with] = read_named(context, value, key, emit_keys, scope);
      effects.emplace_back(EmitEffect{std::move(type), std::move(with)});
    } else if (key == "send") {
      effects.emplace_back(read_send(context, value, scope));
    } else if (key == "create") {
      effects.emplace_back(read_create(context, value, scope));
    } else if (key == "do") {
      auto more = read_effect_list(context, &value, key, scope, of);
      effects.insert(effects.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
    } else if (key == "action" && in_transition) {
      effects.emplace_back(read_action_effect(context, map, keys, place, scope));
    } else if (key == "save" && in_transition) {
      for (auto& save : read_save(context, value, scope)) effects.emplace_back(SaveEffect{save.attribute, std::move(save.path)});
    } else if (key == "each" && in_transition) {
      effects.emplace_back(read_each_effect(context, value, scope, of));
    } else if (key == "with" && in_transition && !find_key(map, keys, "action")) {
      context.report.add(code::wrong_value, place, "'with' gives the inputs of an action, but there is none here", "add 'action: …', or put it into notify, send, emit or create");
    }
  }
  return effects;
}

std::vector<LocalEffect> read_effect_list(Context& context, const Yaml* yaml, std::string_view key, const Scope& scope, EffectsOf of) {
  std::vector<LocalEffect> effects;
  if (!yaml) return effects;
  const auto one = [&](const Yaml& effect) {
    if (!check_keys(context.report, effect, effect_keys)) return;
    if (effect.entries.empty()) context.report.add(code::wrong_value, effect.place, "an effect is empty", "such as { notify: service_ready }");
    const auto* action = find_entry(effect, effect_keys, "action");
    if (action && of == EffectsOf::step) context.report.add(code::bad_step, action->key_place, "an action has a result, and may have to be taken back", "give it a step of its own");
    auto more = read_effects(context, effect, effect_keys, scope, EffectsOf::transition);
    effects.insert(effects.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  };
  if (yaml->is_list()) {
    for (const auto& item : yaml->items) one(item);
  } else if (yaml->is_map()) {
    one(*yaml);
  } else {
    wrong_value(context.report, *yaml, key, "a list of effects such as [ { notify: service_ready } ]");
  }
  return effects;
}

}  // namespace stellwerk::workflows::loading
