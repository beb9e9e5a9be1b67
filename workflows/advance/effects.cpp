// Effects: what a transition, an entry, an exit or a local step does in the deciding transaction.

#include <fmt/format.h>

#include <utility>

#include "core/match.hpp"
#include "workflows/advance/deciding.hpp"

namespace stellwerk::workflows {
namespace {

constexpr std::size_t max_elements = 256;
constexpr std::size_t max_actions = 32;

/// The values given; an empty object when none are.
Result<Json> given(const cel::Template& with, std::span<const cel::Value> frame, std::string_view what) {
  if (!with) return Json(JsonObject{});
  auto value = with.evaluate(frame);
  if (!value) return wrap(std::move(value).error(), fmt::format("values of {}", what));
  return cel::to_json(*value);
}

/// Empty for null.
Result<std::string> text(const cel::Template& from, std::span<const cel::Value> frame, std::string_view what) {
  auto value = from.evaluate(frame);
  if (!value) return wrap(std::move(value).error(), std::string{what});
  return value->is_null() ? std::string{} : cel::to_text(*value);
}

}  // namespace

Result<void> Deciding::effects(const std::vector<LocalEffect>& list) {
  for (const auto& effect : list) {
    STELLWERK_CHECK(std::visit(match{
        [&](const SetEffect& e) { return set(e); },
        [&](const NotifyEffect& e) { return notify(e); },
        [&](const SendEffect& e) { return send(e); },
        [&](const EmitEffect& e) { return emit(e); },
        [&](const CreateEffect& e) { return create(e); },
        [&](const SaveEffect& e) { return save_from_event(e); },
        [&](const ActionEffect& e) { return act(e); },
        [&](const EachEffect& e) { return each(e); },
    }, effect));
  }
  return {};
}

void Deciding::set_attribute(int attribute, const Json& value) {
  put(definition_.attribute_slot(attribute), decode(definition_.attributes[static_cast<std::size_t>(attribute)].field.type, value));
  touched_ = true;
  show_references();
}

Result<Json> Deciding::fitting(int attribute, const cel::Value& value, std::string_view doing) const {
  const auto& field = definition_.attributes[static_cast<std::size_t>(attribute)].field;
  auto json = encode(field.type, value);
  std::vector<FieldProblem> problems;
  check_value(field.type, json, "/" + field.name, problems);
  if (problems.empty()) return json;
  return fail(Error{ErrorCode::invalid_argument, fmt::format("{} attribute {}, which cannot take this value: {}", doing, field.name, problems.front().message), "bad_value", problems});
}

/// All values are evaluated before the first is set: a `set` reads the attributes as they were.
Result<void> Deciding::set(const SetEffect& effect) {
  std::vector<std::pair<int, Json>> values;
  JsonObject shown;
  for (const auto& [attribute, value] : effect.values) {
    const auto& field = definition_.attributes[static_cast<std::size_t>(attribute)].field;
    auto evaluated = value.evaluate(frame());
    if (!evaluated) return wrap(std::move(evaluated).error(), fmt::format("set attribute {}", field.name));
    STELLWERK_TRY(auto json, fitting(attribute, *evaluated, "set"));
    shown[field.name] = json;
    values.emplace_back(attribute, std::move(json));
  }
  for (const auto& [attribute, json] : values) set_attribute(attribute, json);
  note_set(std::move(shown));
  STELLWERK_CHECK(check_size());
  return compute();
}

Result<void> Deciding::save_from_event(const SaveEffect& effect) {
  const auto& field = definition_.attributes[static_cast<std::size_t>(effect.attribute)].field;
  auto value = effect.path.evaluate(frame());
  if (!value) return wrap(std::move(value).error(), fmt::format("save attribute {}", field.name));
  STELLWERK_TRY(auto json, fitting(effect.attribute, *value, "save"));
  set_attribute(effect.attribute, json);
  note_set({{field.name, std::move(json)}});
  STELLWERK_CHECK(check_size());
  return compute();
}

std::size_t Deciding::size_of(std::size_t attribute, const cel::Value& value, bool exactly) const {
  switch (value.kind()) {
    case cel::Kind::null: return 0;
    case cel::Kind::string:
      if (!exactly) return 6 * value.as_string().size() + 2;  // every byte may become \u00xx
      [[fallthrough]];
    case cel::Kind::bytes:
    case cel::Kind::list:
    case cel::Kind::map: return dump_json(encode(definition_.attributes[attribute].field.type, value)).size();
    default: return 48;  // no scalar is longer
  }
}

/// An actor that is over a limit which was lowered may go on as long as it does not grow.
Result<void> Deciding::check_size() const {
  const auto most = static_cast<std::size_t>(limits().attributes);
  const auto size = [&](bool exactly) {
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < definition_.attributes.size(); ++i) bytes += size_of(i, frame_[static_cast<std::size_t>(definition_.attribute_slot(static_cast<int>(i)))], exactly);
    return bytes;
  };
  // Nearly always far from the bound: texts are written out only when that is in doubt.
  if (size(false) <= most) return {};
  const auto bytes = size(true);
  if (bytes <= most) return {};
  std::size_t before = 0;
  for (std::size_t i = 0; i < snapshot_.attributes.size() && i < definition_.attributes.size(); ++i) before += size_of(i, snapshot_.attributes[i], true);
  if (bytes <= before) return {};
  return fail(over_limit({.setting = "attributes", .limit = limits().attributes, .reason = "attributes_too_large",
                          .what = fmt::format("the attributes of an actor of workflow {} would have {} bytes", definition_.name, bytes), .advice = "let it keep less"}));
}

Result<void> Deciding::check_payload(const Json& payload, std::string_view what) const {
  const auto most = static_cast<std::size_t>(limits().event);
  if (dumps_within(payload, most)) return {};
  return fail(over_limit({.setting = "event", .limit = limits().event, .reason = "event_too_large",
                          .what = fmt::format("the payload of '{}' has {} bytes", what, dump_json(payload).size()), .advice = "let it carry less"}));
}

Result<void> Deciding::check_number(std::size_t present, std::string_view what) const {
  if (std::cmp_less(present, limits().messages)) return {};
  return fail(over_limit({.setting = "messages", .limit = limits().messages, .reason = fmt::format("too_many_{}", what == "new actors" ? "actors" : what),
                          .what = fmt::format("a decision of workflow {} has more than {} {}", definition_.name, limits().messages, what), .advice = "do it in several decisions"}));
}

Result<void> Deciding::notify(const NotifyEffect& effect) {
  STELLWERK_TRY(auto with, given(effect.with, frame(), effect.name));
  JsonObject data{{"template", effect.name}, {"with", std::move(with)}, {"customer", next_.customer}};
  if (effect.who) {
    auto who = effect.who.evaluate(frame());
    if (!who) return wrap(std::move(who).error(), fmt::format("receiver of the notification {}", effect.name));
    data["who"] = cel::to_json(*who);
  }
  STELLWERK_CHECK(check_payload(data, effect.name));
  STELLWERK_CHECK(check_number(decision_.notices.size(), "notices"));
  note({{"type", "notify"}, {"template", effect.name}});
  decision_.notices.push_back({EventId{derive("evt", "notify")}, "notification", std::move(data)});
  return {};
}

Result<void> Deciding::emit(const EmitEffect& effect) {
  STELLWERK_TRY(auto with, given(effect.with, frame(), effect.type));
  STELLWERK_CHECK(check_payload(with, effect.type));
  STELLWERK_CHECK(check_number(decision_.notices.size(), "notices"));
  note({{"type", "emitted"}, {"event", effect.type}});
  decision_.notices.push_back({EventId{derive("evt", "emit")}, effect.type, std::move(with)});
  return {};
}

Result<void> Deciding::send(const SendEffect& effect) {
  STELLWERK_TRY(auto receiver, text(effect.actor, frame(), "receiver of " + effect.event));
  if (receiver.empty()) return {};
  STELLWERK_TRY(auto with, given(effect.with, frame(), effect.event));
  STELLWERK_CHECK(check_payload(with, effect.event));
  STELLWERK_CHECK(check_number(decision_.messages.size(), "messages"));
  note({{"type", "sent"}, {"event", effect.event}, {"to", receiver}});
  decision_.messages.push_back({EventId{derive("evt", "send")}, receiver, effect.event, std::move(with)});
  return {};
}

Result<void> Deciding::create(const CreateEffect& effect) {
  STELLWERK_TRY(auto workflow, text(effect.workflow, frame(), "workflow of the new " + effect.kind));
  STELLWERK_TRY(auto with, given(effect.with, frame(), "the new " + effect.kind));
  // `null` leaves a member out, so that the new actor's own default applies
  JsonObject attributes;
  if (with.is_object())
    for (const auto& member : with.get_object())
      if (!member.value().is_null()) attributes[member.key()] = member.value();
  STELLWERK_CHECK(check_number(decision_.created.size(), "new actors"));
  ActorId id{derive(prefix_of(effect.kind), "create")};
  note({{"type", "created_actor"}, {"actor", id.str()}, {"kind", effect.kind}, {"workflow", workflow}});
  if (effect.save_id >= 0) {
    const Json saved(boost::json::string(id.str()));
    set_attribute(effect.save_id, saved);
    note_set({{definition_.attributes[static_cast<std::size_t>(effect.save_id)].field.name, saved}});
    STELLWERK_CHECK(compute());
  }
  decision_.created.push_back({id, effect.kind, workflow, std::move(attributes), EventId{derive("evt", "born")}});
  return {};
}

/// The key follows from the event: decided again, it is the same action.
Result<void> Deciding::act(const ActionEffect& effect) {
  const auto& action = effect.action;
  Json input = JsonObject{};
  if (effect.with) {
    auto value = effect.with.evaluate(frame());
    if (!value) return wrap(std::move(value).error(), fmt::format("values of action {}", action.name));
    input = encode_object(action.input, *value);
  }
  auto checked = check_object(action.input, input);
  if (!checked) return wrap(std::move(checked).error(), fmt::format("values of action {}", action.name));
  if (decision_.actions.size() >= max_actions)
    return fail(ErrorCode::invalid_argument, fmt::format("a decision of workflow {} has more than {} actions; do it in several decisions", definition_.name, max_actions), "too_many_actions");
  const auto key = fmt::format("{}/{}/{}", event_.id.str(), action.name, decision_.actions.size() + 1);
  note({{"type", "action"}, {"action", action.name}, {"key", key}});
  decision_.actions.push_back({EventId{derive("evt", "action")}, key, action.name, std::move(*checked)});
  return {};
}

/// A list without a value (null) has no elements.
Result<void> Deciding::each(const EachEffect& effect) {
  auto elements = effect.in.evaluate(frame());
  if (!elements) return wrap(std::move(elements).error(), fmt::format("elements '{}' of 'each'", effect.in.source()));
  if (elements->is_null()) return {};
  if (elements->kind() != cel::Kind::list)
    return fail(ErrorCode::invalid_argument, fmt::format("'{}' of 'each' gives {}, not a list", effect.in.source(), cel::kind_name(elements->kind())));
  if (elements->as_list().size() > max_elements)
    return fail(ErrorCode::invalid_argument, fmt::format("'{}' of 'each' gives {} elements, more than {}", effect.in.source(), elements->as_list().size(), max_elements), "too_many_elements");
  const auto outer_item = frame_[static_cast<std::size_t>(slot::item)], outer_index = frame_[static_cast<std::size_t>(slot::index)];
  std::int64_t index = 0;
  for (const auto& element : elements->as_list()) {
    put(slot::item, element);
    put(slot::index, cel::Value::of_int(index++));
    STELLWERK_CHECK(effects(*effect.effects));
  }
  put(slot::item, outer_item);
  put(slot::index, outer_index);
  return {};
}

}  // namespace stellwerk::workflows
