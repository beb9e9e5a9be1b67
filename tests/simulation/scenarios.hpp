#pragma once
// Named situations: one thing is arranged, and what must hold is looked at, beside everything the oracle looks at anyway. There is at
// least one for each paragraph of the engine's promises that can be lived here; not_simulated() names the others.

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/simulation/story.hpp"

namespace stellwerk::simulation {

/// What a scenario is played on: a story without chance.
class Stage {
 public:
  explicit Stage(Story& story) : story_{story} {}

  [[nodiscard]] World& world() { return story_.world(); }
  [[nodiscard]] Yard& yard() { return story_.yard(); }
  [[nodiscard]] Load& load() { return story_.load(); }
  [[nodiscard]] const storage::MemoryState& state() { return world().state(); }

  /// Writes down what does not hold.
  void expect(bool holds, const std::string& what);
  /// Runs until it holds; that it never does is written down.
  bool until(const std::string& what, const std::function<bool()>& holds, Duration at_most = std::chrono::hours{1});
  void pass(Duration span);
  /// Until nothing is left to be done.
  void settle();

  /// A new venture with its plant. Ends the scenario when it cannot be.
  ActorId plant();
  [[nodiscard]] ActorId venture_of(const ActorId& plant);
  std::shared_ptr<Asked> command(const ActorId& actor, const std::string& name, JsonObject payload = {}) { return load().command(actor, name, std::move(payload)); }
  /// Until the request has its answer; true when that was yes.
  bool answered(const std::shared_ptr<Asked>& what);
  /// Builds it, with the words of people that it waits for.
  void grow(const ActorId& plant);
  /// A stall that stands, of the tenancy.
  ActorId stall(std::size_t tenancy = 0);
  /// The operator's word on an incident, once.
  std::shared_ptr<bool> remedy(const IncidentId& incident, const std::string& what);
  /// The open incident of the actor (empty id: of nobody), of this kind; nullptr: there is none.
  [[nodiscard]] const storage::IncidentRow* incident_of(const ActorId& actor, std::string_view kind);
  [[nodiscard]] std::string state_of(const ActorId& actor);
  [[nodiscard]] bool waits_for(const ActorId& actor, const std::string& timer);
  [[nodiscard]] bool has_attempt(const ActorId& actor, std::string_view operation, std::string_view mode = {});
  [[nodiscard]] std::int64_t number(const ActorId& actor, const char* attribute);
  [[nodiscard]] int times_in_journal(const ActorId& actor, std::string_view type, std::string_view field, std::string_view value);
  [[nodiscard]] int open_incidents();

  /// The next call of this name by this part of a node meets this fault, once.
  void next_call(std::string_view role, std::string_view call, StoreFault fault);
  /// The next request of the vendor whose "METHOD /path" begins so meets this fault, once.
  void next_request(const std::string& begins, std::string_view fault, int times = 1);

  [[nodiscard]] const std::vector<std::string>& wrongs() const { return wrongs_; }

 private:
  void ran(const Result<void>& result);

  Story& story_;
  std::vector<std::string> wrongs_;
};

struct Scenario {
  std::string_view name, paragraph, arranged, holds;
  void (*play)(Stage&);
  void (*arrange)(Script&) = nullptr;  ///< before the world begins
};
[[nodiscard]] const std::vector<Scenario>& scenarios();
/// Parts of it: what stops, holds and limits automation; what a seed has found once.
[[nodiscard]] std::vector<Scenario> automation_scenarios();
[[nodiscard]] std::vector<Scenario> found_scenarios();

struct Gap {
  std::string_view paragraph, what, why;
};
/// Honest: what of §1–§10 is not lived here.
[[nodiscard]] const std::vector<Gap>& not_simulated();

struct Played {
  std::vector<std::string> wrongs;
  std::string trace;
};
[[nodiscard]] Played play(const Scenario& scenario, const Stock& stock, bool trace);

}  // namespace stellwerk::simulation
