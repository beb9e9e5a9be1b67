#pragma once
// Who asks: access tokens (JWS, EdDSA, RFC 7519 / RFC 8037) and passwords.

#include <chrono>
#include <string>
#include <string_view>

#include "actors/client.hpp"
#include "config/secret.hpp"
#include "core/clock.hpp"
#include "core/result.hpp"

namespace stellwerk::api {

inline constexpr auto token_life = std::chrono::minutes{15};

struct Claims {
  std::string user;      ///< sub
  std::string tenant;
  std::string role;
  std::string session;   ///< sid
  std::string customer;  ///< of a customer account
  Time issued_at{};
  Time expires_at{};
};

/// A compact JWS with header {"alg":"EdDSA","kid":…,"typ":"JWT"}. Whole seconds.
[[nodiscard]] std::string make_token(const config::SigningKey& key, const Claims& claims);
/// Accepts exactly our own algorithm and key. Errors: unauthenticated (malformed, another alg or kid, bad signature, claims missing or
/// unknown, expired). Whether its session was revoked is not asked: that would be a query for each request, and a token lives 15 min.
[[nodiscard]] Result<Claims> check_token(const config::SigningKey& key, std::string_view token, Time now);
/// The caller in `Authorization: Bearer …`. Errors: unauthenticated.
[[nodiscard]] Result<actors::Caller> authenticate(const config::SigningKey& key, const std::string* authorization, Time now);

}  // namespace stellwerk::api
