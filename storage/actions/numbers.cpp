// id.allocate, id.release: numbers out of a range of our own.

#include <fmt/format.h>

#include "storage/actions/world.hpp"

namespace stellwerk::storage {
namespace {

constexpr std::int64_t no_number = -1;

std::set<std::int64_t> numbers_at(const Json& input, std::string_view name) {
  std::set<std::int64_t> numbers;
  const auto* member = find_member(input, name);
  if (member == nullptr || !member->is_array()) return numbers;
  for (const auto& item : member->get_array()) {
    if (item.is_int64()) numbers.insert(item.get_int64());
    else if (item.is_uint64() && item.get_uint64() <= INT64_MAX) numbers.insert(static_cast<std::int64_t>(item.get_uint64()));
  }
  return numbers;
}

}  // namespace

Result<ActionOutcome> allocate_number(World& world, const AttemptRow& attempt, Time now) {
  const auto name = text_of(attempt.input, "range");
  STELLWERK_TRY(const auto range, world.lock_range(attempt.tenant, name));
  if (!range) return refusal("invalid_input", fmt::format("there is no range '{}'", name));
  STELLWERK_TRY(const auto number, world.lowest_free_number(*range, numbers_at(attempt.input, "blocked"), now));
  if (!number) return refusal("exhausted", fmt::format("no number of range '{}' ({} to {}) is free", name, range->first, range->last));
  STELLWERK_CHECK(world.put_number(*range, *number, Holding{attempt.actor.str(), "taken", {}}));
  return ActionOutcome{JsonObject{{"id", *number}}, {}, {}};
}

Result<ActionOutcome> release_number(World& world, const AttemptRow& attempt, Time now) {
  const auto name = text_of(attempt.input, "range");
  const auto number = int_of(attempt.input, "id", no_number);
  const auto quarantine = duration_at(attempt.input, "quarantine");
  if (!quarantine) return refusal("invalid_input", describe(quarantine.error()));
  STELLWERK_TRY(const auto range, world.lock_range(attempt.tenant, name));
  if (!range) return refusal("invalid_input", fmt::format("there is no range '{}'", name));
  if (number < 0) return refusal("invalid_input", "'id' is the number to give back");
  STELLWERK_TRY(const auto holding, world.find_number(*range, number));
  // Nobody's, or somebody else's by now: given back before, when nobody heard the answer. What others hold is left alone.
  if (!holding || holding->owner != attempt.actor.str() || holding->state != "taken") return ActionOutcome{};
  if (bool_of(attempt.input, "block")) {
    STELLWERK_CHECK(world.put_number(*range, number, Holding{attempt.actor.str(), "blocked", {}}));
  } else if (*quarantine && **quarantine > Duration{}) {
    STELLWERK_CHECK(world.put_number(*range, number, Holding{attempt.actor.str(), "quarantine", now + **quarantine}));
  } else {
    STELLWERK_CHECK(world.free_number(*range, number));
  }
  return ActionOutcome{};
}

}  // namespace stellwerk::storage
