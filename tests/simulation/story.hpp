#pragma once
// One life of everything together: a world, its vendor, its users, and the judgement at the end. A seed stands for a script; a script can
// be made smaller as long as what it shows is still there.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
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

/// One number of a script: how much there is of something, and how little there may be.
struct Dial {
  std::string name;
  bool fault = false;  ///< something that goes wrong, rather than something that is done
  std::int64_t least = 0;
  std::function<std::int64_t(const Script&)> read;
  std::function<void(Script&, std::int64_t)> turn;
};
[[nodiscard]] const std::vector<Dial>& dials();
/// "seed=7,requests=12,kills=1": all that differs from the least, in one word for the command line.
[[nodiscard]] std::string to_text(const Script& script);
/// Errors: invalid_argument (an unknown name, no number).
[[nodiscard]] Result<Script> script_from(std::string_view text);

/// The workflows and the connector that are lived; loaded once.
struct Stock {
  actors::Library library;
  std::vector<Tenancy> tenancies{{TenantId{"ten_00000000000000000000000001"}, {ServerId{"srv_00000000000000000000000001"}, ServerId{"srv_00000000000000000000000002"}}},
                                 {TenantId{"ten_00000000000000000000000002"}, {ServerId{"srv_00000000000000000000000003"}}},
                                 {TenantId{"ten_00000000000000000000000003"}, {ServerId{"srv_00000000000000000000000004"}}}};
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
  bool named = false;  ///< the first of them says more than that it does not become quiet
  std::string trace;
  std::size_t steps = 0, decisions = 0, requests = 0, nodes = 0, remedies = 0;
  std::uint64_t fingerprint = 0;  ///< of all decisions, requests and answers
};
/// Lives the script from begin to end, and judges.
[[nodiscard]] Verdict live(const Script& script, const Stock& stock);

/// What a wrong is about, without the names and numbers of this one life: two lives fail alike when they have one in common.
[[nodiscard]] std::string kind_of(std::string_view wrong);

/// Takes away and makes smaller what the failure does not need: what is left fails like the first wrong of `script`. Another seed is as good.
/// `told` hears of each step. Lives at most `most` scripts.
[[nodiscard]] Script shrink(Script script, const Stock& stock, const std::function<void(const std::string&)>& told, int most = 600);

}  // namespace stellwerk::simulation
