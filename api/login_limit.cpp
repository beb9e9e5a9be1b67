#include "api/login_limit.hpp"

#include <algorithm>

#include "config/secret.hpp"

namespace stellwerk::api {
namespace {

// Hashed: keys have one length, and the memory of this process holds no list of people.
std::string email_key(const std::string& email) { return "e" + config::sha256_hex(email); }
std::string peer_key(const std::string& peer) { return "p" + peer; }

}  // namespace

std::optional<std::chrono::seconds> LoginLimit::begin(const std::string& email, const std::string& peer, Moment now) {
  const std::lock_guard lock{mutex_};
  make_room(now);
  auto wait = refusal(email_key(email), bounds_.per_email, now);
  if (const auto other = refusal(peer_key(peer), bounds_.per_peer, now)) wait = std::max(wait.value_or(*other), *other);
  if (wait) return wait;
  count(email_key(email), now);
  count(peer_key(peer), now);
  return std::nullopt;
}

void LoginLimit::succeeded(const std::string& email, const std::string& peer) {
  const std::lock_guard lock{mutex_};
  forget(email_key(email));
  give_back(peer_key(peer));
}

void LoginLimit::undecided(const std::string& email, const std::string& peer) {
  const std::lock_guard lock{mutex_};
  give_back(email_key(email));
  give_back(peer_key(peer));
}

std::size_t LoginLimit::size() const {
  const std::lock_guard lock{mutex_};
  return counts_.size();
}

std::optional<std::chrono::seconds> LoginLimit::refusal(const std::string& key, int most, Moment now) {
  const auto found = counts_.find(key);
  if (found == counts_.end() || found->second.attempts < most) return std::nullopt;
  return std::max(std::chrono::ceil<std::chrono::seconds>(found->second.since + bounds_.window - now), std::chrono::seconds{1});
}

void LoginLimit::count(const std::string& key, Moment now) {
  const auto [entry, is_new] = counts_.try_emplace(key, Count{0, now});
  if (is_new) by_age_.emplace(now, key);
  ++entry->second.attempts;
}

void LoginLimit::give_back(const std::string& key) {
  const auto found = counts_.find(key);
  if (found != counts_.end() && --found->second.attempts <= 0) forget(key);
}

void LoginLimit::forget(const std::string& key) {
  const auto found = counts_.find(key);
  if (found == counts_.end()) return;
  const auto [from, to] = by_age_.equal_range(found->second.since);
  const auto aged = std::find_if(from, to, [&](const auto& entry) { return entry.second == key; });
  if (aged != to) by_age_.erase(aged);
  counts_.erase(found);
}

void LoginLimit::make_room(Moment now) {
  // two keys may be added; what is over is at the front
  while (!by_age_.empty() && (by_age_.begin()->first + bounds_.window <= now || counts_.size() + 2 > bounds_.keys)) {
    counts_.erase(by_age_.begin()->second);
    by_age_.erase(by_age_.begin());
  }
}

}  // namespace stellwerk::api
