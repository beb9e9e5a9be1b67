// Effects: what a transition, an entry, an exit or a local step does in the deciding transaction.
#include <fmt/format.h>

#include <iterator>

#include "workflows/loader.hpp"

namespace stellwerk::workflows::loading {
namespace {

const KeySet effect_keys{"an effect", {"set", "notify", "send", "emit", "create", "do"}, {"action", "each", "save"}};
const KeySet send_keys{"'send'", {"actor", "event", "with"}, {}};
const KeySet create_keys{"'create'", {"kind", "workflow", "with", "save"}, {}};
const KeySet notify_keys{"'notify'", {"template", "with"}, {"who"}};
const KeySet emit_keys{"'emit'", {"type", "with"}, {}};

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

/// `notify: service_ready` or `notify: { template: service_ready, with: {…} }`; `emit` likewise.
std::pair<std::string, cel::Template> read_named(Context& context, const Yaml& yaml, std::string_view key, const KeySet& keys, const Scope& scope) {
  if (!yaml.is_map()) return {read_word(context.report, &yaml, key).value_or(""), read_map(context, nullptr, "with", scope)};
  check_keys(context.report, yaml, keys);
  const auto& name_key = keys.known.front();
  return {read_word(context.report, need(context, yaml, keys, name_key), name_key).value_or(""),
          read_map(context, find_key(yaml, keys, "with"), "with", scope)};
}

SendEffect read_send(Context& context, const Yaml& yaml, const Scope& scope) {
  SendEffect effect;
  if (!check_keys(context.report, yaml, send_keys)) return effect;
  if (const auto* actor = need(context, yaml, send_keys, "actor")) {
    effect.actor = read_value(context, *actor, scope, Field{.name = "actor", .type = {.base = TypeSpec::Base::ref}}, "'actor'");
  }
  effect.event = read_word(context.report, need(context, yaml, send_keys, "event"), "event").value_or("");
  effect.with = read_map(context, find_key(yaml, send_keys, "with"), "with", scope);
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
  if (const auto* workflow = need(context, yaml, create_keys, "workflow")) {
    effect.workflow = read_value(context, *workflow, scope, Field{.name = "workflow", .required = true}, "'workflow'");
  }
  effect.with = read_map(context, find_key(yaml, create_keys, "with"), "with", scope);
  effect.save_id = read_save_id(context, find_key(yaml, create_keys, "save"));
  return effect;
}

}  // namespace

int find_attribute(Context& context, std::string_view name, Place place) {
  if (const int found = context.definition.find_attribute(name); found >= 0) return found;
  std::vector<std::string> names;
  for (const auto& attribute : context.definition.attributes) names.push_back(attribute.field.name);
  context.report.add(code::unknown_attribute, place, fmt::format("there is no attribute '{}'", name), suggest(name, names));
  return context.definition.find_attribute(config::closest(name, names));
}

std::vector<LocalEffect> read_effects(Context& context, const Yaml& map, const KeySet& keys, const Scope& scope) {
  std::vector<LocalEffect> effects;
  for (const auto& [written, place, value] : map.entries) {
    const auto key = canonical_key(keys, written);
    if (key == "set") {
      effects.emplace_back(read_set(context, value, scope));
    } else if (key == "notify") {
      auto [name, with] = read_named(context, value, key, notify_keys, scope);
      effects.emplace_back(NotifyEffect{std::move(name), std::move(with)});
    } else if (key == "emit") {
      auto [type, with] = read_named(context, value, key, emit_keys, scope);
      effects.emplace_back(EmitEffect{std::move(type), std::move(with)});
    } else if (key == "send") {
      effects.emplace_back(read_send(context, value, scope));
    } else if (key == "create") {
      effects.emplace_back(read_create(context, value, scope));
    } else if (key == "do") {
      auto more = read_effect_list(context, &value, key, scope);
      effects.insert(effects.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
    }
  }
  return effects;
}

std::vector<LocalEffect> read_effect_list(Context& context, const Yaml* yaml, std::string_view key, const Scope& scope) {
  std::vector<LocalEffect> effects;
  if (!yaml) return effects;
  const auto one = [&](const Yaml& effect) {
    if (!check_keys(context.report, effect, effect_keys)) return;
    if (effect.entries.empty()) context.report.add(code::wrong_value, effect.place, "an effect is empty", "such as { notify: service_ready }");
    auto more = read_effects(context, effect, effect_keys, scope);
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
