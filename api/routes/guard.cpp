// The mass-action guard's questions and the emergency stop: staff see them, admins decide. And the tenant's own journal, which tells of it.

#include <charconv>
#include <limits>
#include <string>
#include <utility>

#include "api/api.hpp"
#include "api/members.hpp"
#include "api/render.hpp"

namespace stellwerk::api {
namespace {

constexpr int most_listed = 200;

bool refused(const Call& call, const char* what) {
  if (call.caller.role == "admin") return false;
  call.refuse(Error{ErrorCode::permission_denied, std::string{"only admins "} + what, "role"});
  return true;
}

/// "by_name" beside "by", the id of an account; null where it is none of this tenant (the command line, one that was erased).
Result<void> add_name(actors::Views& views, const TenantId& tenant, JsonObject& of) {
  std::string name;
  if (const auto* by = of.if_contains("by"); by != nullptr && by->is_string() && as_view(by->get_string()).starts_with("usr_")) {
    STELLWERK_TRY(const auto account, views.records().find_account_by_id(UserId{std::string{as_view(by->get_string())}}));
    if (account && account->tenant == tenant) name = account->name;
  }
  of["by_name"] = name.empty() ? Json{} : Json(boost::json::string(name));
  return {};
}

void list_questions(Api& api, Call&& call) {
  const auto* state = call.request.query_value("state");
  if (state != nullptr && *state != "open" && *state != "all")
    return call.refuse(Error{ErrorCode::invalid_argument, "query parameter 'state' is wrong: open or all is expected", "bad_query"});
  const bool all = state != nullptr && *state == "all";
  api.answer(std::move(call), [all](actors::Views& views, const Call& c) -> Result<Json> {
    STELLWERK_TRY(const auto questions, views.guard_questions(c.caller.tenant, all, most_listed));
    JsonArray items;
    for (const auto& question : questions) {
      auto shown = actors::shown_question(question);
      if (auto* answers = shown["answers"].if_array()) {
        for (auto& given : *answers)
          if (given.is_object()) STELLWERK_CHECK(add_name(views, c.caller.tenant, given.get_object()));
      }
      items.push_back(std::move(shown));
    }
    return Json(JsonObject{{"items", std::move(items)}});
  });
}

/// {"note"}, of a release also {"number"}, of a keep also {"for"}.
void answer_question(Api& api, Call&& call, bool release) {
  if (refused(call, "answer the mass-action guard")) return;
  auto body = call.body();
  if (!body) return call.refuse(body.error());
  Members members{*body, "the question cannot be answered so", "bad_answer"};
  actors::GuardAnswer answer{.question = IncidentId{call.param("id")}, .release = release, .number = {}, .note = members.text("note", 1, 2000), .caller = call.caller};
  if (release && find_member(*body, "number") != nullptr) answer.number = members.number("number", 1, 1'000'000'000);
  if (const auto pause = release ? std::string{} : members.text("for", 0, 32); !pause.empty()) {
    const auto span = parse_duration(pause);
    if (span && *span >= std::chrono::minutes{1} && *span <= std::chrono::hours{24 * 366}) answer.pause = *span;
    else members.problem("/for", "an ISO 8601 duration from PT1M to P366D is expected, e.g. PT4H");
  }
  if (auto fine = members.finish(); !fine) return call.refuse(fine.error());
  api.client().answer_guard(std::move(answer), Api::reply_to(call.reply));
}

void show_stop(Api& api, Call&& call) {
  api.answer(std::move(call), [](actors::Views& views, const Call& c) -> Result<Json> {
    STELLWERK_TRY(const auto on, views.stops(c.caller.tenant));
    STELLWERK_TRY(const auto changes, views.stop_history(c.caller.tenant, most_listed));
    JsonArray stops, history;
    for (const auto& [rows, shown] : {std::pair{&on, &stops}, {&changes, &history}}) {
      for (const auto& row : *rows) {
        auto stop = actors::shown_stop(row);
        STELLWERK_CHECK(add_name(views, c.caller.tenant, stop));
        shown->push_back(std::move(stop));
      }
    }
    return Json(JsonObject{{"on", !on.empty()}, {"stops", std::move(stops)}, {"history", std::move(history)}});
  });
}

/// {"on", "scope", "note"}: scope "tenant" (default) or "all".
void turn_stop(Api& api, Call&& call) {
  if (refused(call, "turn the emergency stop on or off")) return;
  auto body = call.body();
  if (!body) return call.refuse(body.error());
  Members members{*body, "the emergency stop cannot be turned so", "bad_stop"};
  const auto on = members.any("on");
  if (!on.is_bool()) members.problem("/on", "true or false is expected");
  const auto scope = members.text("scope", 0, 16);
  if (!scope.empty() && scope != "tenant" && scope != "all") members.problem("/scope", "tenant or all is expected");
  const auto note = members.text("note", 1, 2000);
  if (auto fine = members.finish(); !fine) return call.refuse(fine.error());
  api.client().emergency_stop({.on = on.get_bool(), .all = scope == "all", .note = note, .caller = call.caller}, Api::reply_to(call.reply));
}

void show_journal(Api& api, Call&& call) {
  std::int64_t after = 0, limit = 100;
  const auto number = [&](std::string_view name, std::int64_t& value, std::int64_t least, std::int64_t most) {
    const auto* text = call.request.query_value(name);
    if (text == nullptr) return true;
    const auto [end, problem] = std::from_chars(text->data(), text->data() + text->size(), value);
    return problem == std::errc{} && end == text->data() + text->size() && value >= least && value <= most;
  };
  if (!number("limit", limit, 1, 500) || !number("after", after, 0, std::numeric_limits<std::int64_t>::max()))
    return call.refuse(Error{ErrorCode::invalid_argument, "limit takes 1 to 500, after takes the version of the last entry seen", "bad_query"});
  api.answer(std::move(call), [after, limit](actors::Views& views, const Call& c) -> Result<Json> {
    const auto& tenant = c.caller.tenant.str();
    STELLWERK_TRY(const auto entries, views.records().journal(c.caller.tenant, ActorId{tenant}, after, static_cast<int>(limit)));
    JsonArray items;
    for (const auto& entry : entries) items.push_back(render(entry));
    Json next;
    if (std::ssize(entries) >= limit) next = entries.back().version;
    return Json(JsonObject{{"actor", tenant}, {"items", std::move(items)}, {"next", std::move(next)}});
  });
}

}  // namespace

void add_guard_routes(Api& api) {
  using enum http::Method;
  api.add(get, "/api/admin/guard/questions", Access::staff, list_questions);
  api.add(post, "/api/admin/guard/questions/{id}/release", Access::staff, [](Api& a, Call&& call) { answer_question(a, std::move(call), true); });
  api.add(post, "/api/admin/guard/questions/{id}/keep", Access::staff, [](Api& a, Call&& call) { answer_question(a, std::move(call), false); });
  api.add(get, "/api/admin/emergency-stop", Access::staff, show_stop);
  api.add(post, "/api/admin/emergency-stop", Access::staff, turn_stop);
  api.add(get, "/api/admin/journal", Access::staff, show_journal);
}

}  // namespace stellwerk::api
