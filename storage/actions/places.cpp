// pool.place, pool.release: places on the servers of a pool.

#include <fmt/format.h>

#include "storage/actions/world.hpp"

namespace stellwerk::storage {
namespace {

bool has_room(const ServerRow& server) { return server.capacity == 0 || server.used < server.capacity; }

/// Less filled; servers without a limit count as empty and share by number.
bool less_filled(const ServerRow& a, const ServerRow& b) {
  const auto part = [](const ServerRow& s) { return s.capacity == 0 ? 0.0 : static_cast<double>(s.used) / s.capacity; };
  if (part(a) != part(b)) return part(a) < part(b);
  return a.used < b.used;
}

}  // namespace

Result<ActionOutcome> take_place(World& world, const AttemptRow& attempt, Time) {
  const auto pool = text_of(attempt.input, "pool");
  STELLWERK_TRY(const auto servers, world.lock_servers(attempt.tenant, pool));
  if (servers.empty()) return refusal("no_server", fmt::format("pool '{}' has no active server", pool));
  const ServerRow* best = nullptr;
  for (const auto& server : servers) {
    if (has_room(server) && (best == nullptr || less_filled(server, *best))) best = &server;
  }
  if (best == nullptr) return refusal("exhausted", fmt::format("every active server of pool '{}' is full", pool));
  STELLWERK_CHECK(world.add_place({attempt.id, best->id}, attempt.tenant, attempt.actor));
  return ActionOutcome{JsonObject{{"server", best->id.str()}}, {}, {}};
}

Result<ActionOutcome> release_place(World& world, const AttemptRow& attempt, Time) {
  const auto only = text_of(attempt.input, "server");  // an undo knows which one it took
  STELLWERK_TRY(const auto places, world.places_of(attempt.actor));
  for (const auto& place : places) {
    if (!only.empty() && place.server.str() != only) continue;
    STELLWERK_CHECK(world.lock_server(place.server));
    STELLWERK_CHECK(world.remove_place(place));
    if (!only.empty()) break;
  }
  return ActionOutcome{};
}

}  // namespace stellwerk::storage
