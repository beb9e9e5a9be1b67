// POST /api/login for customers and resellers, POST /api/admin/login for staff and admins.

#include <algorithm>

#include "api/api.hpp"
#include "api/auth.hpp"

namespace stellwerk::api {
namespace {

/// Verified when there is no such account, so that both cases take the same time.
const std::string& nobody_hash() {
  static const auto hash = config::hash_password(config::random_token());
  return hash;
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c); });
  return text;
}

Result<Json> log_in(actors::Views& views, const Api& api, const Json& body, bool staff) {
  const auto email = lower(text_of(body, "email"));
  const auto password = text_of(body, "password");
  STELLWERK_TRY(const auto account, views.records().find_account(api.options().tenant, email));
  const bool right = config::verify_password(account ? account->password_hash : nobody_hash(), password);
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

void login_route(Api& api, const std::string& path, bool staff) {
  api.add(http::Method::post, path, Access::open, [staff](Api& a, Call&& call) {
    auto body = call.body();
    if (!body) return call.refuse(body.error());
    Error error{ErrorCode::invalid_argument, "e-mail and password are needed", "bad_body"};
    for (const char* field : {"email", "password"}) {
      const auto* value = find_member(*body, field);
      if (value == nullptr || !value->is_string() || value->get_string().empty()) error.fields.push_back({std::string{"/"} + field, "a text is expected"});
      else if (value->get_string().size() > 1024) error.fields.push_back({std::string{"/"} + field, "at most 1024 bytes are taken"});
    }
    if (!error.fields.empty()) return call.refuse(error);
    a.answer(std::move(call), [&a, body = std::move(*body), staff](actors::Views& views, const Call&) { return log_in(views, a, body, staff); });
  });
}

}  // namespace

void add_login_routes(Api& api) {
  login_route(api, "/api/login", false);
  login_route(api, "/api/admin/login", true);
}

}  // namespace stellwerk::api
