#include "actors/engine_actors.hpp"

#include <utility>

#include "core/planted.hpp"

namespace stellwerk::actors {

Result<EngineActors> spawn_engine(caf::actor_system& system, const std::shared_ptr<const Deps>& deps, int loaders, const EngineSeams& seams) {
  const auto around = [&](std::string_view role, caf::actor actor) { return seams.around ? seams.around(role, actor) : actor; };
  EngineActors actors;
  std::vector<std::unique_ptr<storage::Store>> sessions;  // all of them first: there is nothing to be ended when one cannot be had
  for (int i = 0; i < loaders + 4; ++i) {
    STELLWERK_TRY(auto session, deps->open_store());
    sessions.push_back(std::move(session));
  }
  auto next_session = [&, at = std::size_t{0}]() mutable { return std::move(sessions[at++]); };
  actors.pulse = spawn_pulse(system, deps, next_session());
  for (int i = 0; i < loaders; ++i) actors.loaders.push_back(around("loader", spawn_loader(system, deps, next_session())));
  actors.committer = around("committer", spawn_committer(system, deps, next_session()));
  actors.timers = around("timers", spawn_timers(system, deps, next_session()));
  actors.sentry = around("sentry", spawn_sentry(system, deps, actors.timers, next_session()));
  actors.dispatcher = spawn_dispatcher(system, deps, actors.loaders, actors.committer, actors.timers, seams.front, actors.sentry);
  actors.front = seams.front ? seams.front : actors.dispatcher;
  if (seams.front) caf::anon_send(seams.front, actors.dispatcher);
  return actors;
}

Result<std::size_t> resume_work(const EngineActors& actors, storage::Store& session, const Deps& deps) {
  STELLWERK_CHECK(deps.stop->load(session));
  STELLWERK_CHECK(deps.guard->load(session, *deps.clock));
  STELLWERK_TRY(auto attempts, session.take_over_attempts(deps.incarnation));
  if (planted(Planted::attempt_not_taken_over)) attempts.clear();
  const auto count = attempts.size();
  Recovery recovery;
  recovery.attempts.reserve(count);
  for (auto& attempt : attempts) recovery.attempts.push_back({std::move(attempt.actor), std::move(attempt.id), attempt.number});
  caf::anon_send(actors.front, share(std::move(recovery)));
  caf::anon_send(actors.sentry, actors.front);
  caf::anon_send(actors.timers, actors.front);
  return count;
}

void stop_engine(EngineActors& actors, const std::function<void()>& in_between) {
  if (actors.dispatcher) caf::anon_send(actors.dispatcher, stop_atom::value);
  in_between();
  if (actors.timers) caf::anon_send(actors.timers, stop_atom::value);
  if (actors.sentry) caf::anon_send(actors.sentry, stop_atom::value);
  for (const auto& loader : actors.loaders) caf::anon_send(loader, stop_atom::value);
  if (actors.committer) caf::anon_send(actors.committer, stop_atom::value);
  if (actors.pulse) caf::anon_send(actors.pulse, stop_atom::value);
  actors = {};
}

}  // namespace stellwerk::actors
