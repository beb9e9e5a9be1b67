#pragma once
// Actors that were changed since the warden's last look. Free of CAF; any thread.

#include <cstddef>
#include <mutex>
#include <unordered_set>
#include <utility>
#include <vector>

#include "core/id.hpp"

namespace stellwerk::actors {

/// A set without doubles, and bounded: whoever finds no room is looked at when its page has its turn.
class RecentlyChanged {
 public:
  static constexpr std::size_t most = 100'000;

  void add(const ActorId& actor) {
    const std::lock_guard lock{mutex_};
    if (actors_.size() < most) actors_.insert(actor);
  }
  /// At most `limit` of them, which are forgotten here.
  [[nodiscard]] std::vector<ActorId> take(std::size_t limit) {
    const std::lock_guard lock{mutex_};
    std::vector<ActorId> taken;
    while (taken.size() < limit && !actors_.empty()) taken.push_back(std::move(actors_.extract(actors_.begin()).value()));
    return taken;
  }

 private:
  std::mutex mutex_;
  std::unordered_set<ActorId> actors_;
};

}  // namespace stellwerk::actors
