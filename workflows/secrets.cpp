#include "workflows/secrets.hpp"

#include <algorithm>
#include <variant>

#include "workflows/decision.hpp"
#include "workflows/types.hpp"

namespace stellwerk::workflows {
namespace {

Json mask() { return Json(boost::json::string(masked)); }

void put_mask(JsonObject& object, const std::string& name) {
  if (auto* value = object.if_contains(name); value != nullptr && !value->is_null()) *value = mask();
}

bool any_secret(const std::vector<Field>& fields) {
  return std::ranges::any_of(fields, [](const Field& field) { return is_secret(field.type); });
}

void know(const std::vector<Field>& fields, const Json& object, Masker& masker) {
  for (const auto& field : fields)
    if (is_secret(field.type))
      if (const auto* value = find_member(object, field.name)) masker.add_all(*value);
}

const std::vector<Step>* inner_of(const Step& step) {
  if (const auto* parallel = std::get_if<ParallelStep>(&step.body)) return parallel->steps.get();
  if (const auto* each = std::get_if<EachStep>(&step.body)) return each->steps.get();
  return nullptr;
}

/// What goes into a step, comes out of it, and goes into its undo.
struct Signature {
  const std::vector<Field>* input = nullptr;
  const std::vector<Field>* output = nullptr;
  const std::vector<Field>* undo = nullptr;
};

Signature signature_of(const Step& step) {
  if (const auto* call = std::get_if<CallStep>(&step.body)) return {&call->operation.input, &call->operation.output, call->undo_operation ? &call->undo_operation->input : nullptr};
  if (const auto* action = std::get_if<ActionStep>(&step.body)) return {&action->action.input, &action->action.output, action->undo_action ? &action->undo_action->input : nullptr};
  return {};
}

bool any_secret(const std::vector<Step>& steps) {
  return std::ranges::any_of(steps, [](const Step& step) {
    const auto signature = signature_of(step);
    for (const auto* fields : {signature.input, signature.output, signature.undo})
      if (fields != nullptr && any_secret(*fields)) return true;
    const auto* inner = inner_of(step);
    return inner != nullptr && any_secret(*inner);
  });
}

void know_payload(const Definition& definition, std::string_view event, const Json& payload, Masker& masker) {
  if (const auto spec = definition.events.find(event); spec != definition.events.end()) know(spec->second.with, payload, masker);
}

/// Of a step's result: the output of its operation, or the payload of the event that it waited for.
void know_result(const Definition& definition, const Step& step, const Json& result, Masker& masker) {
  if (const auto* output = signature_of(step).output) know(*output, result, masker);
  if (const auto* wait = std::get_if<WaitStep>(&step.body))
    for (const auto& event : wait->events) know_payload(definition, event, result, masker);
}

void know_begun(const Definition& definition, const Work& work, const BegunStep& begun, Masker& masker) {
  const auto& step = step_at(work, begun.at);
  const auto signature = signature_of(step);
  if (signature.input != nullptr) know(*signature.input, begun.input, masker);
  if (signature.undo != nullptr) know(*signature.undo, begun.undo_input, masker);
  know_result(definition, step, begun.result, masker);
  for (const auto& [attribute, value] : begun.before)
    if (attribute >= 0 && static_cast<std::size_t>(attribute) < definition.attributes.size() && is_secret(definition.attributes[static_cast<std::size_t>(attribute)].field.type))
      masker.add_all(value);
}

void know_results(const Definition& definition, const std::vector<Step>& steps, const Json& results, Masker& masker) {
  for (const auto& step : steps) {
    if (const auto* result = find_member(results, step.name)) know_result(definition, step, *result, masker);
    if (const auto* inner = inner_of(step)) know_results(definition, *inner, results, masker);
  }
}

void know_attributes(const Definition& definition, const Json& attributes, Masker& masker) {
  for (const auto& attribute : definition.attributes)
    if (is_secret(attribute.field.type))
      if (const auto* value = find_member(attributes, attribute.field.name)) masker.add_all(*value);
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

bool handles_secrets(const Definition& definition) {
  return std::ranges::any_of(definition.attributes, [](const Attribute& a) { return is_secret(a.field.type); }) ||
         std::ranges::any_of(definition.settings, [](const Setting& s) { return is_secret(s.field.type); }) ||
         std::ranges::any_of(definition.events, [](const auto& event) { return any_secret(event.second.with); }) ||
         std::ranges::any_of(definition.works, [](const Work& work) { return any_secret(work.steps); });
}

void know_secrets(const Definition& definition, const Snapshot& snapshot, Masker& masker) {
  for (std::size_t i = 0; i < definition.attributes.size() && i < snapshot.attributes.size(); ++i)
    if (const auto& type = definition.attributes[i].field.type; is_secret(type)) masker.add_all(encode(type, snapshot.attributes[i]));
  for (std::size_t i = 0; i < definition.settings.size() && i < snapshot.settings.size(); ++i)
    if (const auto& type = definition.settings[i].field.type; is_secret(type)) masker.add_all(encode(type, snapshot.settings[i]));
  for (const auto& failed : snapshot.cursor.failed) know_payload(definition, failed.name, failed.payload, masker);
  const auto& run = snapshot.cursor.run;
  if (!run || run->work < 0 || static_cast<std::size_t>(run->work) >= definition.works.size()) return;
  const auto& work = definition.work(run->work);
  know_payload(definition, run->event, run->payload, masker);
  if (run->ending) know_payload(definition, run->ending->event, run->ending->payload, masker);
  for (const auto& begun : run->begun) know_begun(definition, work, begun, masker);
  know_results(definition, work.steps, run->results, masker);
  for (const auto& setting : definition.settings)
    if (is_secret(setting.field.type))
      if (const auto* value = run->settings.if_contains(setting.field.name)) masker.add_all(*value);
}

void know_secrets(const Definition& definition, const Snapshot& snapshot, const Event& event, Masker& masker) {
  const auto& run = snapshot.cursor.run;
  if (const auto* born = std::get_if<Born>(&event.body)) know_attributes(definition, born->attributes, masker);
  else if (const auto* edit = std::get_if<Edit>(&event.body)) know_attributes(definition, edit->values, masker);
  else if (const auto* command = std::get_if<Command>(&event.body)) know_payload(definition, command->name, command->payload, masker);
  else if (const auto* message = std::get_if<Message>(&event.body)) know_payload(definition, message->name, message->payload, masker);
  else if (const auto* turn = std::get_if<Turn>(&event.body)) know_payload(definition, turn->name, turn->payload, masker);
  else if (const auto* tried = std::get_if<Tried>(&event.body)) {
    if (const auto* attempt = find_attempt(snapshot, tried->attempt)) know_result(definition, step_at(definition.work(run->work), attempt->at), tried->outcome.output, masker);
  } else if (const auto* remedy = std::get_if<Remedy>(&event.body); remedy != nullptr && run) {
    const auto at = run->held_phase == Phase::undoing && !run->begun.empty() ? run->begun.back().at : run->at;
    if (at.step < 0 || static_cast<std::size_t>(at.step) >= definition.work(run->work).steps.size()) return;
    const auto& step = step_at(definition.work(run->work), at);
    if (const auto* input = signature_of(step).input) know(*input, remedy->input, masker);
    know_result(definition, step, remedy->output, masker);
  }
}

void mask_outcome(const Definition& definition, const Snapshot& snapshot, Event& event) {
  auto* tried = std::get_if<Tried>(&event.body);
  if (tried == nullptr) return;
  Masker masker;
  know_secrets(definition, snapshot, masker);
  know_secrets(definition, snapshot, event, masker);
  if (masker.empty()) return;
  auto& outcome = tried->outcome;
  outcome.text = masker.mask(std::move(outcome.text));
  const auto* attempt = find_attempt(snapshot, tried->attempt);
  if (attempt == nullptr || !outcome.output.is_object()) return;
  const auto* declared = signature_of(step_at(definition.work(snapshot.cursor.run->work), attempt->at)).output;
  for (auto& member : outcome.output.get_object()) {
    const bool secret = declared != nullptr && std::ranges::any_of(*declared, [&](const Field& field) { return is_secret(field.type) && field.name == std::string_view{member.key()}; });
    if (!secret) member.value() = masker.mask_json(std::move(member.value()));
  }
}

bool is_personal(const Definition& definition, std::string_view name) {
  return std::ranges::any_of(definition.attributes, [&](const Attribute& a) { return a.personal && a.field.name == name; });
}

bool has_personal(const Definition& definition) {
  return std::ranges::any_of(definition.attributes, [](const Attribute& a) { return a.personal; });
}

}  // namespace stellwerk::workflows
