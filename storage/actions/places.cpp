// pool.place, pool.release: places on the servers of a pool.

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

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

constexpr std::string_view of_undo = "/undo";

/// Whether the undo with this key takes back the place that was taken under `taken`: keys are <run>/<step>[/<item>]/<n> and …/undo, where
/// the undo of the first generation leaves n out.
bool is_undo_of(std::string_view key, std::string_view taken) {
  key.remove_suffix(of_undo.size());
  return taken == key || (taken.ends_with("/1") && taken.substr(0, taken.size() - 2) == key);
}

/// Which of the actor's places the attempt gives back: an undo that which its step took, anybody else all.
std::vector<World::Place> places_meant(const AttemptRow& attempt, std::vector<World::Place> places) {
  const bool keyed = std::ranges::any_of(places, [](const World::Place& place) { return !place.key.empty(); });  // those of earlier versions are not
  if (attempt.key.ends_with(of_undo) && keyed) std::erase_if(places, [&](const World::Place& place) { return !is_undo_of(attempt.key, place.key); });
  return places;
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
  STELLWERK_CHECK(world.add_place({attempt.id, best->id, attempt.key}, attempt.tenant, attempt.actor));
  return ActionOutcome{JsonObject{{"server", best->id.str()}}, {}, {}};
}

Result<ActionOutcome> release_place(World& world, const AttemptRow& attempt, Time) {
  STELLWERK_TRY(auto places, world.places_of(attempt.actor));
  for (const auto& place : places_meant(attempt, std::move(places))) {
    STELLWERK_CHECK(world.lock_server(place.server));
    STELLWERK_CHECK(world.remove_place(place));
  }
  return ActionOutcome{};
}

}  // namespace stellwerk::storage
