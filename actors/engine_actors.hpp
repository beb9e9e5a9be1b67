#pragma once
// The actors of one node's engine: spawned, taken up where the former incarnation left off, and ended. Internal to this folder; the
// system of a process and the nodes of the simulation start the same thing.

#include <functional>
#include <string_view>
#include <vector>

#include "actors/protocol.hpp"

namespace stellwerk::actors {

struct EngineActors {
  std::vector<caf::actor> loaders;
  caf::actor committer, timers, sentry, dispatcher, pulse;
  caf::actor front;  ///< by which everything reaches the dispatcher
};

/// Where the simulation stands in between.
struct EngineSeams {
  /// The front, in place of the dispatcher itself; it is told the dispatcher (as a message) before anything else.
  caf::actor front;
  /// What everybody else takes for the actor of this role: "committer", "loader", "timers", "sentry".
  std::function<caf::actor(std::string_view role, const caf::actor& actor)> around;
};

/// Opens the sessions and spawns everything but the durable and connector actors, which the dispatcher spawns by need. Nothing fires and
/// no mailbox is looked into before resume_work(). Errors: those of Deps::open_store.
[[nodiscard]] Result<EngineActors> spawn_engine(caf::actor_system& system, const std::shared_ptr<const Deps>& deps, int loaders, const EngineSeams& seams = {});

/// Recovery is normal work: the attempts of former incarnations are taken over and looked at, due timers fire, mailboxes are swept.
/// Returns how many attempts there were. `session` is one of the caller. Errors: those of the reading: attempts, emergency stops, what the
/// mass-action guard has asked.
[[nodiscard]] Result<std::size_t> resume_work(const EngineActors& actors, storage::Store& session, const Deps& deps);

/// Durable and connector actors first, then what they stand on. What lies in the committer's mailbox before its end is written.
/// `in_between`: after the first of them were told. The handles are dropped.
void stop_engine(EngineActors& actors, const std::function<void()>& in_between);

}  // namespace stellwerk::actors
