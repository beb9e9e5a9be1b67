// Transitions: condition, exit, effects, entry; and what entering a state brings with it.

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/match.hpp"
#include "workflows/deciding.hpp"

namespace stellwerk::workflows {
namespace {

constexpr std::pair<std::string_view, std::string_view> kinds[] = {{"service", "svc"}, {"ticket", "tkt"}, {"order", "ord"}, {"invoice", "inv"}, {"domain", "dom"}, {"customer", "cus"}};

}  // namespace

std::string_view prefix_of(std::string_view kind) {
  for (const auto& [name, prefix] : kinds)
    if (name == kind) return prefix;
  return "act";
}

std::string_view kind_of(std::string_view id) {
  for (const auto& [name, prefix] : kinds)
    if (prefix == id_prefix(id)) return name;
  return {};
}

Result<void> Deciding::apply(const Transition& transition) {
  STELLWERK_CHECK(count_move());
  if (transition.to >= 0) STELLWERK_CHECK(leave_state());
  STELLWERK_CHECK(effects(transition.effects));
  if (transition.to >= 0) return enter(transition.to);
  return {};
}

Result<void> Deciding::leave_state() {
  for (const auto& after : state().after) clear_timer(after.name);
  return effects(state().exit);
}

Result<void> Deciding::enter(int to) {
  JsonObject entry{{"type", "state"}, {"to", definition_.states[static_cast<std::size_t>(to)].name}};
  if (state_ >= 0) entry["from"] = state().name;
  note(std::move(entry));
  state_ = to;
  next_.cursor.entered = now_;
  entered_ = true;
  show_state();
  STELLWERK_CHECK(effects(state().entry));
  STELLWERK_CHECK(arm_timers());
  if (state().final)
    while (!next_.cursor.timers.empty()) clear_timer(std::string{next_.cursor.timers.begin()->first});
  if (state().works()) return begin_run(to);
  return {};
}

Result<void> Deciding::arm_timers() {
  for (const auto& after : state().after) {
    auto delay = after.delay.evaluate(frame());
    if (!delay) return wrap(std::move(delay).error(), fmt::format("time '{}' of state {}", after.delay.source(), state().name));
    if (delay->is_null()) continue;
    if (delay->kind() != cel::Kind::duration && delay->kind() != cel::Kind::timestamp)
      return fail(ErrorCode::invalid_argument, fmt::format("time '{}' of state {} gives neither a duration nor a moment", after.delay.source(), state().name));
    set_timer(after.name, delay->kind() == cel::Kind::duration ? now_ + delay->as_span() : delay->as_time());
  }
  if (decision_.timers_set.size() > max_timers)
    return fail(ErrorCode::resource_exhausted, fmt::format("a decision of workflow {} sets more than {} timers", definition_.name, max_timers), "too_many_timers");
  return {};
}

void Deciding::set_attribute(int attribute, const Json& value) {
  put(definition_.attribute_slot(attribute), decode(definition_.attributes[static_cast<std::size_t>(attribute)].field.type, value));
}

/// All values are evaluated before the first is set: a `set` reads the attributes as they were.
Result<void> Deciding::set(const SetEffect& effect) {
  std::vector<std::pair<int, Json>> values;
  JsonObject shown;
  for (const auto& [attribute, value] : effect.values) {
    const auto& field = definition_.attributes[static_cast<std::size_t>(attribute)].field;
    auto evaluated = value.evaluate(frame());
    if (!evaluated) return wrap(std::move(evaluated).error(), fmt::format("set attribute {}", field.name));
    auto json = encode(field.type, *evaluated);
    std::vector<FieldProblem> problems;
    check_value(field.type, json, "/" + field.name, problems);
    if (!problems.empty())
      return fail(Error{ErrorCode::invalid_argument, fmt::format("attribute {} cannot take this value: {}", field.name, problems.front().message), "bad_value", problems});
    shown[field.name] = json;
    values.emplace_back(attribute, std::move(json));
  }
  for (const auto& [attribute, json] : values) set_attribute(attribute, json);
  note({{"type", "set"}, {"attributes", std::move(shown)}});
  return check_size();
}

Result<void> Deciding::check_size() const {
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < definition_.attributes.size(); ++i) {
    const auto& value = frame_[static_cast<std::size_t>(definition_.attribute_slot(static_cast<int>(i)))];
    if (!value.is_null()) bytes += dump_json(encode(definition_.attributes[i].field.type, value)).size();
  }
  if (bytes <= max_attribute_bytes) return {};
  return fail(ErrorCode::invalid_argument, fmt::format("the attributes would have {} bytes; an actor of workflow {} may have {}", bytes, definition_.name, max_attribute_bytes),
              "attributes_too_large");
}

Result<void> Deciding::effects(const std::vector<LocalEffect>& list) {
  const auto given = [&](const cel::Template& with, std::string_view what) -> Result<Json> {
    if (!with) return Json(JsonObject{});
    auto value = with.evaluate(frame());
    if (!value) return wrap(std::move(value).error(), fmt::format("values of {}", what));
    return cel::to_json(*value);
  };
  const auto text = [&](const cel::Template& from, std::string_view what) -> Result<std::string> {
    auto value = from.evaluate(frame());
    if (!value) return wrap(std::move(value).error(), std::string{what});
    return value->is_null() ? std::string{} : cel::to_text(*value);
  };
  for (const auto& effect : list) {
    STELLWERK_CHECK(std::visit(match{
        [&](const SetEffect& e) { return set(e); },
        [&](const NotifyEffect& e) -> Result<void> {
          STELLWERK_TRY(auto with, given(e.with, e.name));
          note({{"type", "notify"}, {"template", e.name}});
          decision_.notices.push_back({EventId{derive("evt", "notify")}, "notification",
                                       JsonObject{{"template", e.name}, {"with", std::move(with)}, {"customer", next_.customer}}});
          return {};
        },
        [&](const SendEffect& e) -> Result<void> {
          STELLWERK_TRY(auto receiver, text(e.actor, "receiver of " + e.event));
          if (receiver.empty()) return {};
          STELLWERK_TRY(auto with, given(e.with, e.event));
          note({{"type", "sent"}, {"event", e.event}, {"to", receiver}});
          if (decision_.messages.size() >= max_messages)
            return fail(ErrorCode::resource_exhausted, fmt::format("a decision of workflow {} sends more than {} messages", definition_.name, max_messages), "too_many_messages");
          decision_.messages.push_back({EventId{derive("evt", "send")}, receiver, e.event, std::move(with)});
          return {};
        },
        [&](const EmitEffect& e) -> Result<void> {
          STELLWERK_TRY(auto with, given(e.with, e.type));
          note({{"type", "emitted"}, {"event", e.type}});
          decision_.notices.push_back({EventId{derive("evt", "emit")}, e.type, std::move(with)});
          return {};
        },
        [&](const CreateEffect& e) -> Result<void> {
          STELLWERK_TRY(auto workflow, text(e.workflow, "workflow of the new " + e.kind));
          STELLWERK_TRY(auto with, given(e.with, "the new " + e.kind));
          // `null` leaves a member out, so that the new actor's own default applies
          JsonObject attributes;
          if (with.is_object())
            for (const auto& member : with.get_object())
              if (!member.value().is_null()) attributes[member.key()] = member.value();
          ActorId id{derive(prefix_of(e.kind), "create")};
          if (e.save_id >= 0) set_attribute(e.save_id, Json(boost::json::string(id.str())));
          note({{"type", "created_actor"}, {"actor", id.str()}, {"kind", e.kind}, {"workflow", workflow}});
          decision_.created.push_back({id, e.kind, workflow, std::move(attributes), EventId{derive("evt", "born")}});
          return {};
        },
    }, effect));
  }
  return {};
}

}  // namespace stellwerk::workflows
