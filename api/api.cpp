#include "api/api.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "api/auth.hpp"
#include "api/members.hpp"
#include "config/yaml.hpp"

namespace stellwerk::api {
namespace {

bool may(Access access, const std::string& role) {
  switch (access) {
    case Access::open: return true;
    case Access::customer: return role == "customer" || role == "reseller";
    case Access::staff: return role == "staff" || role == "admin";
    case Access::anyone_known: return true;
  }
  return false;
}

Error bad_query(std::string_view name, std::string message) {
  return Error{ErrorCode::invalid_argument, fmt::format("query parameter '{}' is wrong: {}", name, message), "bad_query"};
}

/// A misspelt parameter would be left out in silence, and a look without consequences become a change.
Result<void> check_query(const http::Request& request, bool may_be_dry) {
  std::vector<std::string> known{"after", "limit", "state", "status", "wait"};
  if (may_be_dry) known.emplace_back("dry_run");
  if (request.path == "/api/admin/incidents") known.insert(known.end(), {"actor", "kind", "step"});
  if (request.path == "/api/admin/audit") known.emplace_back("object");
  for (const auto& [name, value] : request.query) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    const auto meant = config::closest(name, known);
    return fail(bad_query(name, meant.empty() ? "there is none of this name here" : fmt::format("did you mean '{}'?", meant)));
  }
  return {};
}

}  // namespace

Result<Json> Call::body() const {
  if (request.body.empty()) return Json(JsonObject{});
  STELLWERK_TRY(auto json, parse_json(request.body));
  if (!json.is_object())
    return fail(Error{ErrorCode::invalid_argument, "the body is not a JSON object", "bad_body", {{"", "a JSON object is expected"}}});
  if (auto pointer = find_nul(json))
    return fail(Error{ErrorCode::invalid_argument, "the body holds the character U+0000", "bad_body", {{std::move(*pointer), "U+0000 is not taken in texts and names"}}});
  return json;
}

void Call::refuse(const Error& error) const {
  if (error.code != ErrorCode::unauthenticated) return reply.problem(error);
  auto response = http::problem_response(error, request.trace_id);
  response.headers.emplace_back("WWW-Authenticate", "Bearer");
  reply.send(std::move(response));
}

Result<std::optional<actors::Idempotency>> Call::idempotency() const {
  const auto* key = request.header("idempotency-key");
  if (key == nullptr) return std::optional<actors::Idempotency>{};
  const auto visible = [](char c) { return c > ' ' && c < 0x7f; };
  if (key->empty() || key->size() > 255 || !std::all_of(key->begin(), key->end(), visible))
    return fail(ErrorCode::invalid_argument, "the Idempotency-Key header takes 1 to 255 visible ASCII characters", "bad_idempotency_key");
  return actors::Idempotency{fmt::format("{} {} {} {}", caller.tenant.str(), caller.user, http::to_string(request.method), request.path), *key, config::sha256_hex(request.body)};
}

Result<Duration> Call::wait() const {
  const auto* text = request.query_value("wait");
  if (text == nullptr) return Duration{0};
  const auto span = parse_duration(*text);
  if (!span || *span < Duration{0} || *span > std::chrono::seconds{60}) return fail(bad_query("wait", "a duration up to PT60S is expected, e.g. PT30S"));
  return *span;
}

Result<actors::PageRequest> Call::page() const {
  actors::PageRequest page;
  if (const auto* limit = request.query_value("limit")) {
    const auto [end, problem] = std::from_chars(limit->data(), limit->data() + limit->size(), page.limit);
    if (problem != std::errc{} || end != limit->data() + limit->size() || page.limit < 1 || page.limit > 200) return fail(bad_query("limit", "a number from 1 to 200 is expected"));
  }
  if (const auto* after = request.query_value("after")) {
    if (!parse_id(*after)) return fail(bad_query("after", "the id in `next` of the page before is expected"));
    page.after = *after;
  }
  return page;
}

void Api::add(http::Method method, std::string pattern, Access access, Handler handler) {
  declared_.push_back({method, pattern, access});
  const bool dry = pattern == "/api/admin/settings";
  router_.add(method, pattern, [this, access, dry, handler = std::move(handler)](http::Request&& request, http::Reply reply) {
    Call call{std::move(request), std::move(reply), {}};
    if (auto fine = check_query(call.request, dry); !fine) return call.refuse(fine.error());
    if (access != Access::open) {
      auto caller = authenticate(options_.signing_key, call.request.header("authorization"), wall_now());
      if (!caller) return call.refuse(caller.error());
      if (caller->tenant != options_.tenant) return call.refuse(Error{ErrorCode::unauthenticated, "the token is of another installation", "token"});
      if (!may(access, caller->role)) return call.refuse(Error{ErrorCode::permission_denied, fmt::format("role {} may not call this route", caller->role), "role"});
      // An empty owner means "all of them" further down.
      if (access == Access::customer && caller->customer.empty())
        return call.refuse(Error{ErrorCode::permission_denied, "this account belongs to no customer yet", "no_customer"});
      call.caller = std::move(*caller);
    }
    handler(*this, std::move(call));
  });
}

void Api::answer(Call&& call, std::function<Result<Json>(actors::Views&, const Call&)> question, int status) {
  auto shared = std::make_shared<Call>(std::move(call));
  client_.query([shared, question = std::move(question)](actors::Views& views) { return question(views, *shared); },
                [shared, status](Result<Json> result) {
                  if (result) shared->reply.send(status, *result);
                  else shared->refuse(result.error());
                });
}

actors::AnswerCallback Api::reply_to(const http::Reply& reply, std::string collection) {
  return [reply, collection = std::move(collection)](Result<actors::Answer> answer) {
    if (!answer) return reply.problem(answer.error());
    auto response = http::json_response(answer->status, answer->body);
    if (answer->repeated) response.headers.emplace_back("Idempotency-Replayed", "true");
    if (const auto id = text_of(answer->body, "id"); answer->status == 201 && !collection.empty() && !id.empty())
      response.headers.emplace_back("Location", collection + id);
    reply.send(std::move(response));
  };
}

std::unique_ptr<Api> make_api(actors::Client& client, Options options) {
  auto api = std::make_unique<Api>(client, std::move(options));
  add_health_routes(*api);
  add_login_routes(*api);
  add_ticket_routes(*api);
  add_service_routes(*api);
  add_order_routes(*api);
  add_run_routes(*api);
  add_event_routes(*api);
  add_incident_routes(*api);
  add_doctor_routes(*api);
  add_customer_routes(*api);
  add_catalog_routes(*api);
  add_setting_routes(*api);
  add_secret_routes(*api);
  add_guard_routes(*api);
  add_backup_routes(*api);
  add_sandbox_routes(*api);
  return api;
}

}  // namespace stellwerk::api
