#pragma once
// What an actor's journal tells about it. The row of the actor is the truth and needs no journal to go on; whoever reads a history
// (a report, a person, a test) gets state and attributes from the entries alone.

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>

#include "workflows/secrets.hpp"
#include "workflows/snapshot.hpp"

namespace stellwerk::workflows {

/// The run in hand, as far as the journal knows it.
struct ReplayedRun {
  enum class Phase { running, undoing, held } phase = Phase::running;
  RunId id;
  std::string work;     ///< name of the work
  std::string event;    ///< that started it; empty: birth
  IncidentId incident;  ///< while held
};

struct Replayed {
  int state = -1;                             ///< index; -1: not born
  std::map<std::string, Json> attributes;     ///< by name, in their JSON form; null unless it was set; without those in `unknown`
  std::set<std::string> unknown;              ///< secrets that were given: the journal keeps them from its readers
  std::map<std::string, Time> timers;         ///< live ones
  std::optional<ReplayedRun> run;
  int runs = 0;                               ///< that began
  std::map<std::string, std::string> incidents;  ///< open ones: id → kind
};

/// Folds the entries of one actor, all of them and in order, into what they lead to. `definition` is the revision that wrote them.
/// Errors: internal, with the entry's number, for an entry that contradicts those before it or the definition.
[[nodiscard]] Result<Replayed> replay(const Definition& definition, std::span<const Json> journal);

}  // namespace stellwerk::workflows
