// Settings of workflows: what may be set, at which level, by whom, and what a change would bring.

#include <algorithm>
#include <charconv>

#include "api/api.hpp"
#include "api/members.hpp"
#include "api/render.hpp"

namespace stellwerk::api {
namespace {

using actors::SettingValue;
using Level = SettingValue::Level;

constexpr std::pair<Level, std::string_view> levels[]{
    {Level::tenant, "tenant"}, {Level::customer_group, "customer_group"}, {Level::product, "product"}, {Level::actor, "actor"}};

std::string name_of(Level level) {
  return std::string{std::find_if(std::begin(levels), std::end(levels), [&](const auto& known) { return known.first == level; })->second};
}

Json time_or_null(const std::optional<Time>& time) { return time ? Json(boost::json::string(format_time(*time))) : Json{}; }

Json render_value(const SettingValue& v) {
  return JsonObject{{"level", name_of(v.level)}, {"owner", v.owner.empty() ? Json{} : Json(boost::json::string(v.owner))}, {"workflow", v.workflow}, {"name", v.name}, {"value", v.value},
                    {"by", v.by}, {"note", v.note}, {"at", format_time(v.at)}};
}

Json render_declared(const actors::DeclaredSetting& s) {
  JsonObject title;
  for (const auto& [language, text] : s.titles) title[language] = text;
  JsonArray values;
  for (const auto& value : s.values) values.push_back(render_value(value));
  return JsonObject{{"workflow", s.workflow}, {"base", s.base.empty() ? Json{} : Json(boost::json::string(s.base))}, {"name", s.name}, {"type", s.type}, {"title", std::move(title)},
                    {"default", s.fallback}, {"min", s.min}, {"max", s.max}, {"choices", strings(s.choices)}, {"values", std::move(values)}};
}

Json render_forecast(const actors::SettingAnswer& answer) {
  JsonArray moves;
  for (const auto& move : answer.forecast->moves)
    moves.push_back(JsonObject{{"actor", move.actor.str()}, {"timer", move.timer}, {"before", time_or_null(move.before)}, {"after", time_or_null(move.after)}});
  return JsonObject{{"setting", render_value(answer.value)}, {"reached", answer.forecast->reached}, {"examined", answer.forecast->examined}, {"moves", std::move(moves)}};
}

void list_settings(Api& api, Call&& call) {
  api.answer(std::move(call), [](actors::Views& views, const Call& c) -> Result<Json> {
    STELLWERK_TRY(const auto settings, views.settings(c.caller.tenant));
    JsonArray items;
    for (const auto& setting : settings) items.push_back(render_declared(setting));
    return Json(JsonObject{{"items", std::move(items)}});
  });
}

void show_history(Api& api, Call&& call) {
  int limit = 100;
  if (const auto* text = call.request.query_value("limit")) {
    const auto [end, problem] = std::from_chars(text->data(), text->data() + text->size(), limit);
    if (problem != std::errc{} || end != text->data() + text->size() || limit < 1 || limit > 500)
      return call.refuse(Error{ErrorCode::invalid_argument, "query parameter 'limit' is wrong: a number from 1 to 500 is expected", "bad_query"});
  }
  api.answer(std::move(call), [limit](actors::Views& views, const Call& c) -> Result<Json> {
    STELLWERK_TRY(const auto changes, views.setting_history(c.caller.tenant, limit));
    JsonArray items;
    for (const auto& change : changes) items.push_back(render_value(change));
    return Json(JsonObject{{"items", std::move(items)}});
  });
}

enum class Change { put, remove, forecast };

/// PUT sets, DELETE takes the value of a level away; with `?dry_run=true`, and by POST always, nothing changes and the forecast is told.
void change_setting(Api& api, Call&& call, Change change) {
  auto body = call.body();
  if (!body) return call.refuse(body.error());
  const auto* dry = call.request.query_value("dry_run");
  if (dry != nullptr && *dry != "true" && *dry != "false") return call.refuse(Error{ErrorCode::invalid_argument, "query parameter 'dry_run' is wrong: true or false is expected", "bad_query"});
  const bool dry_run = dry != nullptr && *dry == "true";
  if (change == Change::forecast && !dry_run)
    return call.refuse(Error{ErrorCode::invalid_argument, "settings are changed by PUT; POST tells with ?dry_run=true what a change would bring", "bad_query"});
  Members members{*body, "the setting cannot be changed", "bad_setting"};
  SettingValue value;
  const auto level = members.text("level", 1, 32);
  const auto known = std::find_if(std::begin(levels), std::end(levels), [&](const auto& l) { return l.second == level; });
  if (known != std::end(levels)) value.level = known->first;
  else if (!level.empty()) members.problem("/level", "tenant, customer_group, product or actor is expected");
  value.owner = members.text("owner", 0, 64);
  value.workflow = members.text("workflow", 1, 64);
  value.name = members.text("name", 1, 64);
  value.note = members.text("note", 0, 2000);
  if (change != Change::remove) {
    value.value = members.any("value");
    if (change == Change::put && value.value.is_null()) members.problem("/value", "a value is expected; DELETE takes the value of a level away");
  }
  if (auto fine = members.finish(); !fine) return call.refuse(fine.error());
  if (!actors::may_change(call.caller, value.level)) return call.refuse(Error{ErrorCode::permission_denied, "only admins change settings of more than one actor", "role"});
  auto shared = std::make_shared<Call>(std::move(call));
  api.client().change_setting({.value = std::move(value), .caller = shared->caller, .dry_run = dry_run}, [shared](const Result<actors::SettingAnswer>& answer) {
    if (!answer) return shared->refuse(answer.error());
    shared->reply.send(200, answer->forecast ? render_forecast(*answer) : render_value(answer->value));
  });
}

}  // namespace

void add_setting_routes(Api& api) {
  using enum http::Method;
  api.add(get, "/api/admin/settings", Access::staff, list_settings);
  api.add(get, "/api/admin/settings/history", Access::staff, show_history);
  api.add(put, "/api/admin/settings", Access::staff, [](Api& a, Call&& call) { change_setting(a, std::move(call), Change::put); });
  api.add(delete_, "/api/admin/settings", Access::staff, [](Api& a, Call&& call) { change_setting(a, std::move(call), Change::remove); });
  api.add(post, "/api/admin/settings", Access::staff, [](Api& a, Call&& call) { change_setting(a, std::move(call), Change::forecast); });
}

}  // namespace stellwerk::api
