// The values that expressions of one attempt read.
#include <fmt/format.h>

#include "connectors/definition.hpp"

namespace stellwerk::connectors {
namespace {

using workflows::Field;

/// Every declared field, in order; null when it has no value. Other members are left out.
cel::Value record(const std::vector<Field>& fields, const auto& find) {
  cel::Entries entries;
  for (const auto& field : fields) {
    const Json* given = find(field);
    if (given == nullptr && field.fallback) given = &*field.fallback;
    entries.emplace_back(cel::Value::of_string(field.name), given == nullptr ? cel::Value{} : workflows::decode(field.type, *given));
  }
  return cel::Value::of_map(std::move(entries));
}

/// The declared members of `input`: an undo is given the whole frozen input of what it undoes.
Json declared_members(const std::vector<Field>& fields, const Json& input) {
  JsonObject object;
  for (const auto& field : fields) {
    if (const auto* member = find_member(input, field.name)) object[field.name] = *member;
  }
  return object;
}

}  // namespace

std::vector<cel::Value> make_frame(const Connector::Definition& definition, const Call& call, const std::vector<Field>& input_fields, const Json& input,
                                   std::size_t lookups) {
  std::vector<cel::Value> frame(static_cast<std::size_t>(slot::first_lookup) + lookups);
  const auto secret = [](const Field& field) { return field.type.base == workflows::TypeSpec::Base::secret; };
  std::map<std::string, Json> revealed;
  for (const auto& [name, value] : call.secrets) revealed.emplace(name, value.reveal());
  const auto in = [](const std::map<std::string, Json>& values, const std::string& name) {
    const auto found = values.find(name);
    return found == values.end() ? nullptr : &found->second;
  };
  frame[slot::input] = record(input_fields, [&](const Field& field) { return find_member(input, field.name); });
  frame[slot::settings] = record(definition.settings, [&](const Field& field) { return in(secret(field) ? revealed : call.settings, field.name); });
  std::vector<Field> plain;
  for (const auto& field : definition.settings) {
    if (!secret(field)) plain.push_back(field);
  }
  frame[slot::server] = record(plain, [&](const Field& field) { return in(call.settings, field.name); });
  frame[slot::actor_id] = cel::Value::of_string(call.actor_id);
  frame[slot::attempt_key] = cel::Value::of_string(call.key);
  frame[slot::handle] = cel::Value::of_string(call.handle);
  return frame;
}

Result<Json> simple_input(const Connector::Definition& definition, const Call& call) {
  const auto* operation = definition.resolve(call.operation, call.sub);
  if (operation == nullptr) {
    return fail(ErrorCode::not_found, call.sub < 0 ? fmt::format("connector '{}' has no simple operation '{}'", definition.name, call.operation)
                                                   : fmt::format("connector '{}' has no operation '{}' with an entry {}", definition.name, call.operation, call.sub));
  }
  if (call.sub < 0) return workflows::check_object(operation->input, declared_members(operation->input, call.input), "");
  const auto& whole = *definition.find_composite(call.operation);
  STELLWERK_TRY(const auto given, workflows::check_object(whole.input, declared_members(whole.input, call.input), ""));
  const auto frame = make_frame(definition, call, whole.input, given, 0);
  JsonObject input;
  for (const auto& [name, with] : whole.entries[static_cast<std::size_t>(call.sub)].with) {
    auto value = with.evaluate(frame);
    if (!value) return wrap(std::move(value).error(), fmt::format("input '{}' of '{}'", name, operation->name));
    if (value->is_null()) continue;
    for (const auto& field : operation->input) {
      if (field.name == name) input[name] = workflows::encode(field.type, *value);
    }
  }
  return workflows::check_object(operation->input, std::move(input), "");
}

}  // namespace stellwerk::connectors
