// Knows which durable and connector actors are awake, and wakes the others. The only place that spawns them.

#include <unordered_map>

#include "actors/protocol.hpp"
#include "monitoring/log.hpp"

namespace stellwerk::actors {
namespace {

struct DispatcherState {
  static inline const char* name = "dispatcher";
  std::unordered_map<ActorId, caf::actor> durables;
  std::unordered_map<std::string, caf::actor> connectors;
  bool stopping = false;
};

}  // namespace

caf::actor spawn_dispatcher(caf::actor_system& system, std::shared_ptr<const Deps> deps, std::vector<caf::actor> loaders, caf::actor committer, caf::actor timers) {
  return system.spawn([deps, loaders, committer, timers](caf::stateful_actor<DispatcherState>* self) -> caf::behavior {
    auto& state = self->state;
    const auto durable = [self, deps, loaders, committer, timers, &state](const ActorId& id) -> caf::actor& {
      auto& actor = state.durables[id];
      if (!actor) {
        actor = spawn_durable(self->system(), DurableDeps{deps, caf::actor_cast<caf::actor>(self), committer, timers, loaders}, id);
        self->monitor(actor);
      }
      return actor;
    };
    const auto connector = [self, deps, loaders, &state](const std::string& server) -> caf::actor& {
      auto& actor = state.connectors[server];
      if (!actor)
        actor = spawn_connector(self->system(), deps, caf::actor_cast<caf::actor>(self), loaders[std::hash<std::string>{}(server) % loaders.size()], ServerId{server});
      return actor;
    };
    self->set_down_handler([&state](caf::down_msg& down) {
      // An actor that ended by itself was forgotten before; one that failed is forgotten here and loaded again by its next message.
      for (auto it = state.durables.begin(); it != state.durables.end(); ++it) {
        if (it->second.address() != down.source) continue;
        if (down.reason) monitoring::log_error("a durable actor ended with an error", {{"actor", it->first.str()}});
        state.durables.erase(it);
        break;
      }
    });
    return {
        [self, durable](const Shared<Deliver>& deliver) {
          if (self->state.stopping) return;  // the reply slot tells the caller
          self->send(durable(deliver->actor), deliver);
        },
        [self, durable](const Shared<Wake>& wake) {
          if (!self->state.stopping) self->send(durable(wake->actor), wake);
        },
        [self, &state](const Shared<Idle>& idle) {
          const auto found = state.durables.find(idle->actor);
          if (found == state.durables.end()) return;
          self->demonitor(found->second);
          self->send(found->second, end_atom::value);
          state.durables.erase(found);
        },
        [self, connector](const Shared<Work>& work) {
          if (!self->state.stopping) self->send(connector(work->attempt.server), work);
        },
        [self, connector](const Shared<Settle>& settle) {
          if (!self->state.stopping) self->send(connector(settle->server), settle);
        },
        [self, &state](clock_atom) {
          for (auto& [server, actor] : state.connectors) self->send(actor, clock_atom::value);
        },
        [self, &state](server_atom, const std::string& server) {
          if (const auto found = state.connectors.find(server); found != state.connectors.end()) self->send(found->second, server_atom::value);
        },
        [self, &state](stop_atom) {
          state.stopping = true;
          for (auto& [id, actor] : state.durables) self->send_exit(actor, caf::exit_reason::user_shutdown);
          for (auto& [server, actor] : state.connectors) self->send_exit(actor, caf::exit_reason::user_shutdown);
          state.durables.clear();
          state.connectors.clear();
          self->quit();
        },
    };
  });
}

}  // namespace stellwerk::actors
