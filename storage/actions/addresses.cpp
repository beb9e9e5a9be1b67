// ip.allocate, ip.release: addresses out of a pool of our own.

#include <fmt/format.h>

#include "storage/actions/world.hpp"

namespace stellwerk::storage {

Result<ActionOutcome> allocate_address(World& world, const AttemptRow& attempt, Time now) {
  const auto pool = text_of(attempt.input, "pool");
  STELLWERK_TRY(const auto known, world.lock_address_pool(attempt.tenant, pool));
  if (!known) return refusal("invalid_input", fmt::format("there is no address pool '{}'", pool));
  STELLWERK_TRY(const auto address, world.lowest_free_address(attempt.tenant, pool, now));
  if (!address) return refusal("exhausted", fmt::format("no address of pool '{}' is free", pool));
  STELLWERK_CHECK(world.put_address(attempt.tenant, pool, *address, Holding{attempt.actor.str(), "taken", {}}));
  return ActionOutcome{JsonObject{{"address", *address}}, {}, {}};
}

Result<ActionOutcome> release_address(World& world, const AttemptRow& attempt, Time now) {
  const auto address = text_of(attempt.input, "address");
  const auto quarantine = duration_at(attempt.input, "quarantine");
  if (!quarantine) return refusal("invalid_input", describe(quarantine.error()));
  STELLWERK_TRY(const auto seen, world.find_address(attempt.tenant, address));
  if (seen.empty()) return refusal("invalid_input", fmt::format("address '{}' is in no pool", address));
  for (const auto& [pool, unlocked] : seen) {
    if (unlocked.state != "taken" || unlocked.owner != attempt.actor.str()) continue;
    // Only its owner gives it back, and an owner runs one action of a lane at a time: the lock is for those who look for free ones.
    STELLWERK_CHECK(world.lock_address_pool(attempt.tenant, pool));
    const auto after = *quarantine && **quarantine > Duration{} ? Holding{attempt.actor.str(), "quarantine", now + **quarantine} : Holding{"", "free", {}};
    STELLWERK_CHECK(world.put_address(attempt.tenant, pool, address, after));
    return ActionOutcome{};
  }
  return ActionOutcome{};  // given back before; whoever holds it by now keeps it
}

}  // namespace stellwerk::storage
