#pragma once
// What the cases of a test file have reached of a workflow, and what they have not.

#include <set>
#include <string>
#include <vector>

#include "workflows/proof/test_file.hpp"

namespace stellwerk::workflows::proof {

/// One thing that can be reached.
struct Reachable {
  std::string name;  ///< "suspended"; "active: cancel -> terminating"; "provisioning.create"
  int line = 0;      ///< in the workflow file
  bool reached = false;
};

struct Reached {
  std::set<int> states;
  std::set<const Transition*> transitions;
  std::set<std::pair<int, std::string>> steps;
};

struct Coverage {
  std::string what;                 ///< states, transitions, steps
  std::vector<Reachable> things;    ///< all of them, in the order of the file
  [[nodiscard]] std::size_t count() const;
  [[nodiscard]] double percent() const;
};

/// States, transitions and steps, always all three.
[[nodiscard]] std::vector<Coverage> cover(const Definition& definition, const Reached& reached);
/// What the goal misses, one sentence; empty: it is met. `except` names what need not be reached.
[[nodiscard]] std::string shortfall(const Goal& goal, const std::vector<Coverage>& coverage);

}  // namespace stellwerk::workflows::proof
