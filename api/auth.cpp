#include "api/auth.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace stellwerk::api {
namespace {

std::int64_t seconds_of(Time time) { return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count(); }

tl::unexpected<Error> refused(std::string why) { return fail(ErrorCode::unauthenticated, std::move(why), "token"); }

}  // namespace

std::string make_token(const config::SigningKey& key, const Claims& claims) {
  const JsonObject header{{"alg", "EdDSA"}, {"kid", key.kid}, {"typ", "JWT"}};
  JsonObject body{{"sub", claims.user}, {"tenant", claims.tenant}, {"role", claims.role}, {"sid", claims.session},
                  {"iat", seconds_of(claims.issued_at)}, {"exp", seconds_of(claims.expires_at)}};
  if (!claims.customer.empty()) body["customer"] = claims.customer;
  const auto signed_part = config::base64url(dump_json(header)) + "." + config::base64url(dump_json(body));
  return signed_part + "." + config::base64url(config::sign(key, signed_part));
}

Result<Claims> check_token(const config::SigningKey& key, std::string_view token, Time now) {
  if (token.size() > 4096) return refused("the token is too long");
  const auto first = token.find('.');
  const auto second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos) return refused("the token does not have three parts");
  const auto header_text = config::from_base64url(token.substr(0, first));
  const auto body_text = config::from_base64url(token.substr(first + 1, second - first - 1));
  const auto signature = config::from_base64url(token.substr(second + 1));
  if (!header_text || !body_text || !signature) return refused("the token is not base64url");
  const auto header = parse_json(*header_text);
  if (!header || text_of(*header, "alg") != "EdDSA" || text_of(*header, "kid") != key.kid) return refused("the token was signed in another way or with another key");
  if (!config::verify(key, token.substr(0, second), *signature)) return refused("the token's signature is wrong");
  const auto body = parse_json(*body_text);
  if (!body) return refused("the token's claims are not JSON");
  Claims claims{.user = text_of(*body, "sub"), .tenant = text_of(*body, "tenant"), .role = text_of(*body, "role"), .session = text_of(*body, "sid"),
                .customer = text_of(*body, "customer"), .issued_at = Time{std::chrono::seconds{int_of(*body, "iat")}},
                .expires_at = Time{std::chrono::seconds{int_of(*body, "exp")}}};
  constexpr std::array<std::string_view, 4> roles{"admin", "staff", "reseller", "customer"};
  if (claims.user.empty() || claims.tenant.empty() || std::find(roles.begin(), roles.end(), claims.role) == roles.end()) return refused("the token's claims are not complete");
  if (claims.expires_at <= now) return fail(ErrorCode::unauthenticated, "the token has expired; log in again", "token_expired");
  return claims;
}

Result<actors::Caller> authenticate(const config::SigningKey& key, const std::string* authorization, Time now) {
  if (authorization == nullptr) return fail(ErrorCode::unauthenticated, "a token is needed: Authorization: Bearer <token from POST /api/login>", "token_missing");
  const std::string_view text{*authorization};
  // the scheme is read without regard to case (RFC 9110 section 11.1)
  constexpr std::string_view scheme = "bearer ";
  const auto same = [](char given, char wanted) { return (given >= 'A' && given <= 'Z' ? given - 'A' + 'a' : given) == wanted; };
  if (text.size() < scheme.size() || !std::equal(scheme.begin(), scheme.end(), text.begin(), [&](char wanted, char given) { return same(given, wanted); }))
    return refused("the Authorization header is not of the form 'Bearer <token>'");
  STELLWERK_TRY(auto claims, check_token(key, text.substr(scheme.size()), now));
  return actors::Caller{TenantId{claims.tenant}, claims.user, claims.role, claims.customer};
}

}  // namespace stellwerk::api
