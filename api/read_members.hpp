#pragma once
// The body of a request as the route means it, or its refusal.

#include <optional>
#include <string>
#include <utility>

#include "api/api.hpp"
#include "api/members.hpp"

namespace stellwerk::api {

/// What `take` makes of the members; nothing when the call is refused: its body is no object, or something is wrong with a member. `message`
/// and `reason` are those of the error.
template <class Take>
[[nodiscard]] auto read_members(const Call& call, std::string message, std::string reason, Take take) -> std::optional<decltype(take(std::declval<Members&>()))> {
  const auto body = call.body();
  if (!body) {
    call.refuse(body.error());
    return std::nullopt;
  }
  Members members{*body, std::move(message), std::move(reason)};
  auto taken = take(members);
  if (const auto fine = members.finish(); !fine) {
    call.refuse(fine.error());
    return std::nullopt;
  }
  return taken;
}

}  // namespace stellwerk::api
