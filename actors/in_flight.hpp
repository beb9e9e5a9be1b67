#pragma once
// Requests under way by Idempotency-Key: whoever repeats one while the first still runs gets its answer, not a second run.

#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "actors/client.hpp"

namespace stellwerk::actors {

class InFlight {
 public:
  enum class Joined { first, follows, other_body };

  /// `first`: the caller goes on and must call finish(). `follows`: `done` is called when the first ends. `other_body`: refused.
  [[nodiscard]] Joined join(const Idempotency& idempotency, const AnswerCallback& done) {
    const std::lock_guard lock{mutex_};
    auto [it, inserted] = entries_.try_emplace({idempotency.scope, idempotency.key}, Entry{idempotency.body_hash, {}});
    if (inserted) return Joined::first;
    if (it->second.body_hash != idempotency.body_hash) return Joined::other_body;
    it->second.followers.push_back(done);
    return Joined::follows;
  }

  void finish(const Idempotency& idempotency, const Result<Answer>& answer) {
    std::vector<AnswerCallback> followers;
    {
      const std::lock_guard lock{mutex_};
      const auto it = entries_.find({idempotency.scope, idempotency.key});
      if (it == entries_.end()) return;
      followers = std::move(it->second.followers);
      entries_.erase(it);
    }
    for (auto& follower : followers) {
      auto told = answer;
      if (told) told->repeated = true;
      follower(std::move(told));
    }
  }

 private:
  struct Entry {
    std::string body_hash;
    std::vector<AnswerCallback> followers;
  };
  std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, Entry> entries_;
};

}  // namespace stellwerk::actors
