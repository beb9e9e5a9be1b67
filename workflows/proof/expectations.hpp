#pragma once
// What a line expects against what is there.

#include <string>
#include <vector>

#include "workflows/proof/test_file.hpp"
#include "workflows/virtual_actor.hpp"

namespace stellwerk::workflows::proof {

/// How much of each list of the actor a script has looked at: `expect` speaks of what came since the one before.
struct Marks {
  std::size_t calls = 0, messages = 0, notices = 0, created = 0, journal = 0;
  [[nodiscard]] static Marks of(const VirtualActor& actor);
};

struct Mismatch {
  config::Place place;
  std::string what;      ///< "state", "calls", the attribute's name
  std::string expected;
  std::string actual;
};

/// Everything in which the actor differs from `expect`.
[[nodiscard]] std::vector<Mismatch> compare(const config::Yaml& expect, const VirtualActor& actor, const Marks& since, const Calendar& calendar);

/// `expected` is there: scalars and lists are equal, of maps each member named.
[[nodiscard]] bool fits(const Json& expected, const Json& actual);

}  // namespace stellwerk::workflows::proof
