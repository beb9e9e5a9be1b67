#pragma once
// One life of everything together: a world, its vendor, its users, and the judgement at the end. A seed stands for a script; a script can
// be made smaller as long as what it shows is still there.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/simulation/load.hpp"
#include "tests/simulation/oracle.hpp"
#include "tests/simulation/simulation.hpp"
#include "tests/simulation/vendor.hpp"

namespace stellwerk::simulation {

struct Script {
  Plan plan;
  VendorRates vendor;
  LoadPlan load;
  Duration afterwards = std::chrono::minutes{12};  ///< of calm, for timers and schedules; then everything is judged again
};
[[nodiscard]] Script script_of(std::uint64_t seed);
/// What goes wrong in it: names and how much of each; the amount can be taken away.
[[nodiscard]] std::vector<std::pair<std::string, std::function<int&(Script&)>>> parts_of_script();
[[nodiscard]] std::string describe(const Script& script);

/// The workflows and the connector that are lived; loaded once.
struct Stock {
  actors::Library library;
  TenantId tenant{"ten_00000000000000000000000001"};
  ServerId server{"srv_00000000000000000000000001"};
};
[[nodiscard]] Result<Stock> load_stock(const std::string& folder);

/// A world with its vendor and users, before anything has happened.
class Story {
 public:
  Story(const Script& script, const Stock& stock);
  ~Story();
  Story(const Story&) = delete;
  Story& operator=(const Story&) = delete;

  [[nodiscard]] World& world() { return *world_; }
  [[nodiscard]] Yard& yard() { return *yard_; }
  [[nodiscard]] Load& load() { return *load_; }

 private:
  std::unique_ptr<Yard> yard_;
  std::unique_ptr<World> world_;
  std::unique_ptr<Load> load_;
};

struct Verdict {
  std::vector<std::string> wrongs;
  std::string trace;
  std::size_t steps = 0, decisions = 0, requests = 0, nodes = 0, remedies = 0;
  std::uint64_t fingerprint = 0;  ///< of all decisions, requests and answers
};
/// Lives the script from begin to end, and judges.
[[nodiscard]] Verdict live(const Script& script, const Stock& stock);

/// Takes away and makes smaller what the failure does not need. `told` hears of each step.
[[nodiscard]] Script shrink(Script script, const Stock& stock, const std::function<void(const std::string&)>& told);

}  // namespace stellwerk::simulation
