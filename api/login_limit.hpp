#pragma once
// A limit of failed logins, in the memory of one node: guessing passwords takes ages, and costs us no password hashing.

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>

namespace stellwerk::api {

struct LoginBounds {
  int per_email = 10;
  int per_peer = 100;  ///< more, because an office or a proxy in front has one address for many people
  std::chrono::seconds window = std::chrono::minutes{15};
  std::size_t keys = 100'000;  ///< remembered at most; beyond it the oldest are forgotten
};

/// Counts attempts by e-mail, whether there is such an account or not, and by the peer's address. A window begins with the first
/// attempt. Any thread.
class LoginLimit {
 public:
  using Moment = std::chrono::steady_clock::time_point;
  explicit LoginLimit(LoginBounds bounds = {}) : bounds_{bounds} {}

  /// Counts an attempt before its password is looked at, so that many at once do not slip through. Nothing: go on; else how long
  /// until the next is taken.
  [[nodiscard]] std::optional<std::chrono::seconds> begin(const std::string& email, const std::string& peer, Moment now);
  /// The attempt was good: the e-mail starts anew, the peer is not charged.
  void succeeded(const std::string& email, const std::string& peer);
  /// The attempt came to no end (no database): it is not charged to anybody.
  void undecided(const std::string& email, const std::string& peer);

  [[nodiscard]] std::size_t size() const;

 private:
  struct Count {
    int attempts = 0;
    Moment since{};
  };
  [[nodiscard]] std::optional<std::chrono::seconds> refusal(const std::string& key, int most, Moment now);
  void count(const std::string& key, Moment now);
  void give_back(const std::string& key);
  void forget(const std::string& key);
  void make_room(Moment now);

  LoginBounds bounds_;
  mutable std::mutex mutex_;
  std::map<std::string, Count> counts_;
  std::multimap<Moment, std::string> by_age_;  ///< the same keys, oldest window first
};

}  // namespace stellwerk::api
