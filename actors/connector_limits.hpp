#pragma once
// How many attempts a server has in flight, by what they share.

#include <map>
#include <string>

#include "actors/connector_queue.hpp"

namespace stellwerk::actors {

class InFlightLimits {
 public:
  [[nodiscard]] int taken(const std::string& key) const {
    const auto found = taken_.find(key);
    return found == taken_.end() ? 0 : found->second;
  }
  [[nodiscard]] bool have_room(const Wanted& wanted) const {
    for (const auto& [key, most] : wanted)
      if (taken(key) >= most) return false;
    return true;
  }
  void take(const Wanted& wanted) {
    for (const auto& [key, most] : wanted) ++taken_[key];
  }
  void release(const Wanted& wanted) {
    for (const auto& [key, most] : wanted)
      if (--taken_[key] <= 0) taken_.erase(key);
  }

 private:
  std::map<std::string, int> taken_;
};

}  // namespace stellwerk::actors
