#pragma once
// The ways through a workflow: every event and timer that leads on from every situation that birth, healthy work and time bring
// about. Found by walking, from the definition alone.

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tests/fault/life.hpp"

namespace stellwerk::testing {

/// A workflow and what it is judged by.
struct Subjected {
  std::shared_ptr<const workflows::Definition> definition;
  const workflows::Catalog* catalog = nullptr;
};

/// A life that stands before what makes it go on.
struct Start {
  enum class Kind { birth, command, message, timer, turn_of_settings };
  Life life;
  Kind kind = Kind::birth;
  std::string event;
  Json payload = JsonObject{};
  std::string role;
  [[nodiscard]] std::string where() const;
};

/// Makes it happen; false when it is refused.
bool give(Life& life, const Start& start);

/// Ways that differ in what they do: those that leave the same steps and states in the journal are found once.
/// `walked` gets the names of the works that were done and `fired` those of the timers; a life that does not rest is told in `problems`.
struct Ways {
  std::vector<Start> starts;
  std::set<std::string> works, timers, states;
  std::vector<std::string> problems;
  std::string told;               ///< every way found, with what happened on it
  std::size_t most_at_once = 0;   ///< things of one kind, when nothing goes wrong
};
[[nodiscard]] Ways find_ways(const Subjected& subjected);

/// What happened, without ids and times: two lives of one shape did the same.
[[nodiscard]] std::string shape(const Life& life, std::size_t from_entry);

}  // namespace stellwerk::testing
