#include "workflows/secrets.hpp"

#include <algorithm>

namespace stellwerk::workflows {
namespace {

Json mask() { return Json(boost::json::string(masked)); }

void put_mask(JsonObject& object, const std::string& name) {
  if (auto* value = object.if_contains(name); value != nullptr && !value->is_null()) *value = mask();
}

}  // namespace

bool is_secret(const TypeSpec& type) { return type.base == TypeSpec::Base::secret || (type.of && is_secret(*type.of)); }

const Json& shown(const std::vector<Field>& fields, const Json& object, Json& room) {
  const auto of_secret_type = [](const Field& field) { return is_secret(field.type); };
  auto field = std::ranges::find_if(fields, of_secret_type);
  if (field == fields.end() || !object.is_object()) return object;
  room = object;
  for (; field != fields.end(); ++field)
    if (of_secret_type(*field)) put_mask(room.get_object(), field->name);
  return room;
}

void mask_attributes(const Definition& definition, JsonObject& attributes) {
  for (const auto& attribute : definition.attributes)
    if (is_secret(attribute.field.type)) put_mask(attributes, attribute.field.name);
}

Json shown_payload(const Definition& definition, std::string_view event, const Json& payload) {
  const auto spec = definition.events.find(event);
  Json room;
  if (spec != definition.events.end()) return shown(spec->second.with, payload, room);
  if (!payload.is_object()) return JsonObject{};
  room = payload;
  for (auto& member : room.get_object()) member.value() = mask();
  return room;
}

}  // namespace stellwerk::workflows
