#pragma once
// TypeID identifiers: a readable prefix, '_', and 26 characters of lower-case Crockford base32 of a UUIDv7.
// Source: TypeID specification 0.3, RFC 9562 section 5.7.

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/clock.hpp"
#include "core/result.hpp"

namespace stellwerk {

struct Uuid {
  std::array<std::uint8_t, 16> bytes{};
  friend auto operator<=>(const Uuid&, const Uuid&) = default;
};

/// A fresh UUIDv7 of this moment; increasing within a process. Any thread.
[[nodiscard]] Uuid make_uuid();
/// For the simulation: make_uuid() of the calling thread depends on nothing but `seed` and the calls since (no seed: on clock and
/// kernel again, as everywhere else).
void seed_uuids(std::optional<std::uint64_t> seed);
/// A UUIDv7 that depends on nothing but `parent` and `salt`; keeps the parent's time. For ids made by a decision.
[[nodiscard]] Uuid derive_uuid(const Uuid& parent, std::string_view salt);

/// `prefix` + '_' + 26 characters.
[[nodiscard]] std::string format_id(std::string_view prefix, const Uuid& uuid);
/// The UUID in a TypeID of any prefix. Errors: invalid_argument.
[[nodiscard]] Result<Uuid> parse_id(std::string_view text);
/// The part before '_'; empty when there is none.
[[nodiscard]] std::string_view id_prefix(std::string_view text);

/// A strong id: text inside, so that it reads the same in logs, rows and URLs. `Tag` names what it identifies.
template <class Tag>
class Id {
 public:
  Id() = default;
  explicit Id(std::string text) : text_{std::move(text)} {}
  [[nodiscard]] const std::string& str() const { return text_; }
  [[nodiscard]] bool empty() const { return text_.empty(); }
  friend auto operator<=>(const Id&, const Id&) = default;

 private:
  std::string text_;
};

using ActorId = Id<struct ActorTag>;        ///< cus ord svc dom inv tkt …, by kind
using TenantId = Id<struct TenantTag>;      ///< ten
using UserId = Id<struct UserTag>;          ///< usr
using RunId = Id<struct RunTag>;            ///< run
using AttemptId = Id<struct AttemptTag>;    ///< att
using IncidentId = Id<struct IncidentTag>;  ///< inc
using ServerId = Id<struct ServerTag>;      ///< srv
using EventId = Id<struct EventTag>;        ///< evt
using ProductId = Id<struct ProductTag>;    ///< prd

/// A fresh id of this prefix.
template <class IdType>
[[nodiscard]] IdType make_id(std::string_view prefix) {
  return IdType{format_id(prefix, make_uuid())};
}

/// Parses and checks the prefix. Errors: invalid_argument.
template <class IdType>
[[nodiscard]] Result<IdType> parse_as(std::string_view prefix, std::string_view text) {
  if (id_prefix(text) != prefix) return fail(ErrorCode::invalid_argument, "'" + std::string{text} + "' is not an id of the form " + std::string{prefix} + "_…");
  STELLWERK_TRY([[maybe_unused]] auto uuid, parse_id(text));
  return IdType{std::string{text}};
}

/// The id's place in the ring of 1,024 shards: FNV-1a of its text.
[[nodiscard]] int shard_of(std::string_view id);

}  // namespace stellwerk

template <class Tag>
struct std::hash<stellwerk::Id<Tag>> {
  std::size_t operator()(const stellwerk::Id<Tag>& id) const noexcept { return std::hash<std::string>{}(id.str()); }
};
