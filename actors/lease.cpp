#include "actors/lease.hpp"

#include <algorithm>

namespace stellwerk::actors {

void Lease::renew(Duration sent) {
  const auto until = (sent + length_).count();
  auto known = until_.load();
  while (known < until && !until_.compare_exchange_weak(known, until)) {
  }
}

Duration Lease::left() const {
  if (lost_.load()) return Duration{0};
  return std::max(Duration{0}, Duration{until_.load()} - clock_.monotonic());
}

}  // namespace stellwerk::actors
