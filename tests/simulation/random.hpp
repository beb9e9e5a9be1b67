#pragma once
// The simulation's only source of chance: splitmix64. The distributions of <random> differ between libraries; these do not.

#include <cstddef>
#include <cstdint>
#include <span>

namespace stellwerk::simulation {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_{seed} {}

  std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15;
    auto x = state_;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return x ^ (x >> 31);
  }
  /// 0 … count - 1; 0 when there is nothing to choose from.
  std::uint64_t below(std::uint64_t count) { return count == 0 ? 0 : next() % count; }
  /// low … high, both included.
  std::int64_t between(std::int64_t low, std::int64_t high) { return low + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(high - low) + 1)); }
  /// True so often of a thousand times.
  bool chance(int of_thousand) { return of_thousand > 0 && below(1000) < static_cast<std::uint64_t>(of_thousand); }
  /// One of them; there has to be one.
  template <class T>
  const T& pick(std::span<const T> items) { return items[static_cast<std::size_t>(below(items.size()))]; }
  /// A generator of its own: what is drawn from it does not move this one.
  Random fork() { return Random{next()}; }

 private:
  std::uint64_t state_;
};

}  // namespace stellwerk::simulation
