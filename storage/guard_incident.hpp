#pragma once

#include "storage/store.hpp"

namespace stellwerk::storage {

/// A question of the mass-action guard as it stands in the list of incidents: open until it is released.
[[nodiscard]] IncidentRow guard_incident(const GuardQuestion& question);

}  // namespace stellwerk::storage
