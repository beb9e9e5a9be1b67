// POST /api/login for customers and resellers, POST /api/admin/login for staff and admins.

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "api/api.hpp"
#include "api/auth.hpp"
#include "api/login_limit.hpp"
#include "api/members.hpp"
#include "monitoring/log.hpp"

namespace stellwerk::api {
namespace {

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c); });
  return text;
}

/// What both logins share.
struct Door {
  LoginLimit limit;
  /// Looked at when there is no such account, so that both cases cost the same. Made at start: the first to try pays no more either.
  std::string nobody_hash = config::hash_password(config::random_token());
};

struct Credentials {
  std::string email;
  std::string password;
};

/// Errors: unauthenticated, always with the same words; those of the database.
Result<Json> log_in(actors::Views& views, const Api& api, const Door& door, const Credentials& given, bool staff) {
  STELLWERK_TRY(const auto account, views.records().find_account(api.options().tenant, given.email));
  const bool right = config::verify_password(account ? account->password_hash : door.nobody_hash, given.password);
  const auto is_staff = [](const std::string& role) { return role == "staff" || role == "admin"; };
  if (!account || !right || account->disabled || is_staff(account->role) != staff)
    return fail(ErrorCode::unauthenticated, "e-mail or password is wrong, or the account does not log in here", "login");
  const auto now = wall_now();
  const actors::SessionRow session{.id = format_id("ses", make_uuid()), .user = account->id, .tenant = account->tenant, .created_at = now, .expires_at = now + token_life, .revoked = false};
  STELLWERK_CHECK(views.records().add_session(session));
  const Claims claims{.user = account->id.str(), .tenant = account->tenant.str(), .role = account->role, .session = session.id, .customer = account->customer, .issued_at = now,
                      .expires_at = now + token_life};
  return Json(JsonObject{{"token", make_token(api.options().signing_key, claims)}, {"expires_at", format_time(claims.expires_at)},
                         {"user", {{"id", account->id.str()}, {"email", account->email}, {"name", account->name}, {"role", account->role}}}});
}

void refuse_for_now(const Call& call, std::chrono::seconds wait) {
  monitoring::log_warning("logins are refused for a while: too many have failed", {{"peer", call.request.peer}, {"trace", call.request.trace_id}});
  const Error error{ErrorCode::resource_exhausted, fmt::format("too many logins have failed; try again in {} s", wait.count()), "too_many_logins"};
  auto response = http::problem_response(error, call.request.trace_id);
  std::erase_if(response.headers, [](const auto& header) { return header.first == "Retry-After"; });
  response.headers.emplace_back("Retry-After", std::to_string(wait.count()));
  call.reply.send(std::move(response));
}

void try_to_log_in(Api& api, Call&& call, const std::shared_ptr<Door>& door, bool staff) {
  auto body = call.body();
  if (!body) return call.refuse(body.error());
  Members members{*body, "e-mail and password are needed", "bad_body"};
  Credentials given{.email = lower(members.text("email", 1, 1024)), .password = members.text("password", 1, 1024)};
  if (auto fine = members.finish(); !fine) return call.refuse(fine.error());
  const auto peer = call.request.peer;
  if (const auto wait = door->limit.begin(given.email, peer, std::chrono::steady_clock::now())) return refuse_for_now(call, *wait);
  auto shared = std::make_shared<Call>(std::move(call));
  const auto email = given.email;
  api.client().query([&api, door, given = std::move(given), staff](actors::Views& views) { return log_in(views, api, *door, given, staff); },
                     [door, shared, email, peer](Result<Json> answer) {
                       if (answer) door->limit.succeeded(email, peer);
                       else if (answer.error().code != ErrorCode::unauthenticated) door->limit.undecided(email, peer);
                       if (!answer) return shared->refuse(answer.error());
                       auto response = http::json_response(200, *answer);
                       response.headers.emplace_back("Cache-Control", "no-store");
                       shared->reply.send(std::move(response));
                     });
}

}  // namespace

void add_login_routes(Api& api) {
  const auto door = std::make_shared<Door>();
  api.add(http::Method::post, "/api/login", Access::open, [door](Api& a, Call&& call) { try_to_log_in(a, std::move(call), door, false); });
  api.add(http::Method::post, "/api/admin/login", Access::open, [door](Api& a, Call&& call) { try_to_log_in(a, std::move(call), door, true); });
}

}  // namespace stellwerk::api
