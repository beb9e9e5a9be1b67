// Reads rows for the cooperative actors, which must not block. Detached; several run side by side, each with a session of its own.

#include <memory>
#include <optional>
#include <utility>

#include "actors/lasting_session.hpp"
#include "actors/protocol.hpp"

namespace stellwerk::actors {
namespace {

using storage::Store;

struct LoaderState {
  static inline const char* name = "loader";
  std::optional<LastingSession> session;
};

}  // namespace

caf::actor spawn_loader(caf::actor_system& system, const std::shared_ptr<const Deps>& deps, std::unique_ptr<storage::Store> store) {
  // A message is copied, a session cannot be: it travels in a shared box that the actor empties.
  auto box = std::make_shared<std::unique_ptr<storage::Store>>(std::move(store));
  return spawn_worker(system, deps->detached, [deps, box](caf::stateful_actor<LoaderState>* self) -> caf::behavior {
    auto& session = self->state.session.emplace(*deps, std::move(*box));  // lives as long as its actor
    return {
        [&session](const Shared<LoadRequest>& request) { return share(LoadReply{session.call(&Store::load, request->actor)}); },
        [&session](const Shared<ServerRequest>& request) { return share(ServerReply{session.call(&Store::find_server, request->server)}); },
        [&session](const Shared<ReferenceRequest>& request) { return share(ReferenceReply{session.call(&Store::read_references, request->tenant, request->ids)}); },
        [&session](const Shared<AttemptsRequest>& request) { return share(AttemptsReply{session.call(&Store::find_attempts, request->actors)}); },
        [self](stop_atom) { self->quit(); },
    };
  });
}

}  // namespace stellwerk::actors
