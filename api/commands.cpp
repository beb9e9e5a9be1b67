#include "api/commands.hpp"

#include <charconv>

#include "api/render.hpp"

namespace stellwerk::api {
namespace {

/// The actor when it is there and of this kind: …/tickets/svc_… is nothing. Errors: not_found.
Result<storage::ActorRow> find(actors::Views& views, const Call& call, const std::string& kind) {
  const ActorId id{call.param("id")};
  STELLWERK_TRY(auto actor, views.records().find_actor(call.caller.tenant, id));
  if (!actor || actor->kind != kind) return fail(ErrorCode::not_found, "there is no " + kind + " " + id.str());
  return std::move(*actor);
}

void list_runs(Api& api, Call&& call, const std::string& kind) {
  auto page = call.page();
  if (!page) return call.refuse(page.error());
  api.answer(std::move(call), [kind, page = *page](actors::Views& views, const Call& c) -> Result<Json> {
    STELLWERK_TRY(const auto actor, find(views, c, kind));
    STELLWERK_TRY(const auto runs, views.records().list_runs(c.caller.tenant, actor.id, page));
    return render_page(runs, page.limit, [](const actors::RunRow& run) { return render(run); });
  });
}

}  // namespace

actors::Answer for_customer(actors::Answer answer) {
  if (auto* body = answer.body.if_object()) body->stable_erase("state");
  return answer;
}

Error for_customer(Error error) {
  // that a run is held tells of a failure inside; to a customer the service is busy
  if (error.reason == "incident_open") error.reason = "busy";
  if (error.reason == "busy") error.message = "this is not possible while something else is under way";
  if (error.reason == "not_allowed_now") error.message = "this is not possible now";
  if (error.reason == "expression_failed") error.message = "this is not possible now: something is set up wrongly, and the log of the host says what";
  if (error.reason == "action_refused") error.message = "this is not possible now";
  if (error.reason == "unknown_command") error.message = "there is no such command";
  if (error.reason == "quarantined") error.message = "this cannot be changed at the moment", error.reason.clear();
  error.cause = nullptr;
  return error;
}

actors::AnswerCallback told_to(const Call& call, actors::AnswerCallback done) {
  if (call.is_staff()) return done;
  return [done = std::move(done)](Result<actors::Answer> answer) {
    if (answer) done(for_customer(std::move(*answer)));
    else done(fail(for_customer(std::move(answer).error())));
  };
}

void give_command(Api& api, Call&& call, const std::string& kind, std::string command) {
  auto body = call.body();
  if (!body) return call.refuse(body.error());
  auto idempotency = call.idempotency();
  if (!idempotency) return call.refuse(idempotency.error());
  auto wait = call.wait();
  if (!wait) return call.refuse(wait.error());
  actors::CommandRequest request{.actor = ActorId{call.param("id")}, .kind = kind, .command = command.empty() ? call.param("name") : std::move(command), .payload = std::move(*body),
                                 .caller = call.caller, .trace = call.request.trace_id, .idempotency = std::move(*idempotency), .wait = *wait};
  api.client().command(std::move(request), told_to(call, Api::reply_to(call.reply)));
}

void edit_attributes(Api& api, Call&& call, const std::string& kind) {
  auto body = call.body();
  if (!body) return call.refuse(body.error());
  auto idempotency = call.idempotency();
  if (!idempotency) return call.refuse(idempotency.error());
  actors::EditRequest request{.actor = ActorId{call.param("id")}, .kind = kind, .values = std::move(*body), .caller = call.caller, .trace = call.request.trace_id,
                              .idempotency = std::move(*idempotency)};
  api.client().edit(std::move(request), told_to(call, Api::reply_to(call.reply)));
}

void show_journal(Api& api, Call&& call, const std::string& kind) {
  std::int64_t after = 0;
  int limit = 100;
  const auto number = [&](std::string_view name, auto& value, std::int64_t most) {
    const auto* text = call.request.query_value(name);
    if (text == nullptr) return true;
    const auto [end, problem] = std::from_chars(text->data(), text->data() + text->size(), value);
    return problem == std::errc{} && end == text->data() + text->size() && value >= 0 && static_cast<std::int64_t>(value) <= most;
  };
  if (!number("limit", limit, 500) || limit == 0 || !number("after", after, INT64_MAX))
    return call.refuse(Error{ErrorCode::invalid_argument, "limit takes 1 to 500, after takes the version of the last entry seen", "bad_query"});
  api.answer(std::move(call), [kind, limit, after](actors::Views& views, const Call& c) -> Result<Json> {
    STELLWERK_TRY(const auto actor, find(views, c, kind));
    STELLWERK_TRY(const auto entries, views.journal(c.caller.tenant, actor.id, after, limit));
    JsonArray items;
    for (const auto& entry : entries) items.push_back(render(entry));
    Json next;
    if (static_cast<int>(entries.size()) >= limit) next = entries.back().version;
    return Json(JsonObject{{"actor", actor.id.str()}, {"state", actor.state}, {"status", actor.status}, {"items", std::move(items)}, {"next", std::move(next)}});
  });
}

void add_actor_routes(Api& api, const std::string& base, Access access, const std::string& kind) {
  using enum http::Method;
  api.add(post, base + "/{id}/commands/{name}", access, [kind](Api& a, Call&& call) { give_command(a, std::move(call), kind); });
  api.add(patch, base + "/{id}/attributes", access, [kind](Api& a, Call&& call) { edit_attributes(a, std::move(call), kind); });
  if (access != Access::staff) return;
  api.add(get, base + "/{id}/journal", access, [kind](Api& a, Call&& call) { show_journal(a, std::move(call), kind); });
  api.add(get, base + "/{id}/runs", access, [kind](Api& a, Call&& call) { list_runs(a, std::move(call), kind); });
}

}  // namespace stellwerk::api
