// The oracle's part about what keeps automation within bounds: tenants, emergency stops, the mass-action guard, limits of servers. All of it
// holds at any moment.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tests/simulation/oracle.hpp"

namespace stellwerk::simulation {
namespace {

class Automation {
 public:
  explicit Automation(const World& world) : world_{world}, state_{world.state()} {
    for (const auto& written : world_.ledger())
      for (const auto& change : written.commit.changes)
        for (const auto& attempt : change.attempts) attempts_.try_emplace(attempt.key, attempt);
  }

  std::vector<std::string> judge() {
    check_tenants();
    check_halts();
    check_guard();
    check_held();
    check_in_flight();
    return std::move(wrongs_);
  }

 private:
  template <class... Args>
  void wrong(fmt::format_string<Args...> text, Args&&... args) {
    wrongs_.push_back(fmt::format(text, std::forward<Args>(args)...));
  }

  // --- tenants

  /// Nothing leads from one tenant to another.
  void check_tenants() {
    for (const auto& written : world_.ledger())
      for (const auto& change : written.commit.changes) {
        const auto& tenant = state_.actors.at(change.row.id).tenant;
        for (const auto& attempt : change.attempts) {
          if (attempt.tenant != tenant) wrong("attempt {} of {} is told to be tenant {}'s, not {}'s", attempt.key, change.row.id.str(), attempt.tenant.str(), tenant.str());
          const auto server = state_.servers.find(ServerId{attempt.server});
          if (server != state_.servers.end() && server->second.tenant != tenant) wrong("attempt {} of {} goes to a server of another tenant", attempt.key, change.row.id.str());
        }
        for (const auto& message : change.messages)
          if (const auto receiver = state_.actors.find(message.receiver); receiver != state_.actors.end() && receiver->second.tenant != tenant)
            wrong("message {} of {} went to {}, who is another tenant's", message.event, change.row.id.str(), message.receiver.str());
      }
    const auto owned = [&](const TenantId& tenant, const std::string& owner, const std::string& what) {
      const auto actor = state_.actors.find(ActorId{owner});
      if (actor != state_.actors.end() && actor->second.tenant != tenant) wrong("{} belongs to {}, who is another tenant's", what, owner);
    };
    for (const auto& [range, all] : state_.numbers)
      for (const auto& [number, holding] : all) owned(range.first, holding.owner, fmt::format("number {} of {}", number, range.second));
    for (const auto& [pool, all] : state_.addresses)
      for (const auto& [rank, address] : all) owned(pool.first, address.holding.owner, fmt::format("address {}", address.address));
    for (const auto& [attempt, place] : state_.places) owned(state_.servers.at(place.first).tenant, place.second.str(), fmt::format("a place on {}", place.first.str()));
  }

  // --- emergency stops

  struct Halt {
    TenantId tenant;  ///< empty: all
    Duration from{}, to = Duration::max();
  };
  [[nodiscard]] std::vector<Halt> halts() const {
    std::vector<Halt> all;
    for (const auto& [stop, when] : world_.halted()) {
      const auto on = std::ranges::find_if(all, [&](const Halt& halt) { return halt.tenant == stop.tenant && halt.to == Duration::max(); });
      if (stop.on && on == all.end()) all.push_back({stop.tenant, when});
      if (!stop.on && on != all.end()) on->to = when;
    }
    return all;
  }

  /// §7: during an emergency stop no timer fires and no attempt begins. What is under way comes to its end.
  void check_halts() {
    const auto all = halts();
    if (all.empty()) return;
    const bool stands_still = world_.plan().pauses + world_.plan().takeovers > 0;  // SIGSTOP with a request under way
    const Duration way_out = std::chrono::seconds{75} + (stands_still ? world_.plan().longest_pause : Duration{0});
    const auto halted = [&](const TenantId& tenant, Duration when) {
      return std::ranges::any_of(all, [&](const Halt& halt) { return (halt.tenant.empty() || halt.tenant == tenant) && halt.from + way_out < when && when < halt.to; });
    };
    for (const auto& written : world_.ledger())
      for (const auto& change : written.commit.changes)
        for (const auto& entry : change.journal.as_array())
          if (text_of(entry, "type") == "timer" && halted(tenant_of(change.row.id), written.when))
            wrong("timer {} of {} fired during an emergency stop", text_of(entry, "timer"), change.row.id.str());
    for (const auto& acted : world_.acted())
      if (halted(acted.attempt.tenant, acted.when)) wrong("action {} of {} was carried out during an emergency stop", acted.attempt.operation, acted.attempt.actor.str());
    // An exchange of several requests that had begun may go on: one request of a run follows the other closely then.
    std::map<std::string, Duration> followed;
    for (const auto& sent : world_.sent()) {
      const auto attempt = attempts_.find(sent.request.key);
      if (attempt == attempts_.end() || sent.request.method == "GET") continue;
      auto& before = followed[sent.incarnation + attempt->second.run.str()];
      if (halted(attempt->second.tenant, sent.when) && (before == Duration{} || sent.when - before > way_out))
        wrong("{} {} with key {} was sent during an emergency stop", sent.request.method, sent.request.url, sent.request.key);
      else before = sent.when;
    }
  }

  [[nodiscard]] TenantId tenant_of(const ActorId& actor) const { return state_.actors.at(actor).tenant; }

  // --- the mass-action guard

  /// §7: within a window no more destructive timers of a kind than the bound, but for those that a person let go; of these no more than said.
  void check_guard() {
    const auto& bounds = world_.plan().guard;
    std::map<std::pair<TenantId, std::string>, std::vector<Time>> counted;
    std::map<std::string, std::int64_t> released;
    const auto most_live = state_.actors.size();
    for (const auto& written : world_.ledger()) {
      const auto& entry = written.commit.guard;
      if (!entry) continue;
      if (!entry->released.empty()) {
        ++released[entry->released.str()];
        continue;
      }
      auto& times = counted[{entry->tenant, entry->kind}];
      const auto in_window = std::ranges::count_if(times, [&](Time at) { return at > entry->at - bounds.window && at <= entry->at; });
      const auto bound = std::max<std::int64_t>(bounds.floor, static_cast<std::int64_t>(most_live) * bounds.percent / 100);
      if (in_window >= bound) wrong("{} was sent the {}th destructive way of a {} by a timer within minutes, and nobody was asked", entry->actor.str(), in_window + 1, entry->kind);
      times.push_back(entry->at);
    }
    for (const auto& [id, question] : state_.guard_questions)
      if (question.state == "released" && question.number >= 0 && released[id.str()] > question.number)
        wrong("question {} let {} timers go, and {} went", id.str(), question.number, released[id.str()]);
  }

  /// What is held is held for a question that somebody can answer.
  void check_held() {
    for (const auto& [timer, question] : state_.held) {
      const auto asked = state_.guard_questions.find(question);
      if (asked == state_.guard_questions.end() || asked->second.state == "released")
        wrong("timer {} of {} is held for question {}, which nobody is asked any more", timer.second, timer.first.str(), question.str());
    }
  }

  // --- limits

  /// §4: no more attempts of a server are under way than its node and the connector allow. Looks at tasks are free.
  void check_in_flight() {
    constexpr int of_connector = 4;  // workflows/yard.yaml
    struct Change {
      Duration when{};
      int by = 0;
      int most = 0;
    };
    std::map<std::pair<std::string, std::string>, std::vector<Change>> servers;
    for (const auto& sent : world_.sent()) {
      const auto attempt = attempts_.find(sent.request.key);
      if (attempt == attempts_.end() || sent.request.url.starts_with("/jobs/")) continue;
      auto& changes = servers[{sent.incarnation, attempt->second.server}];
      changes.push_back({sent.when, 1, std::min(sent.in_flight_per_server, of_connector)});
      if (sent.ended != Duration::max()) changes.push_back({sent.ended, -1, 0});
    }
    for (auto& [server, changes] : servers) {
      std::ranges::stable_sort(changes, {}, [](const Change& change) { return std::pair{change.when, change.by}; });
      int open = 0;
      for (const auto& change : changes)
        if ((open += change.by) > change.most && change.by > 0) {
          wrong("{} requests were under way on server {} at a time, and {} are allowed", open, server.second, change.most);
          break;
        }
    }
  }

  const World& world_;
  const storage::MemoryState& state_;
  std::map<std::string, storage::AttemptRow> attempts_;  ///< by key, as first written
  std::vector<std::string> wrongs_;
};

}  // namespace

std::vector<std::string> judge_automation(const World& world) { return Automation{world}.judge(); }

}  // namespace stellwerk::simulation
