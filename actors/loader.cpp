// Reads rows for the cooperative actors, which must not block. Detached; several run side by side, each with a session of its own.

#include "actors/protocol.hpp"

namespace stellwerk::actors {
namespace {

struct LoaderState {
  static inline const char* name = "loader";
  std::unique_ptr<storage::Store> store;
};

/// A row that cannot even be read must not end the loader: everybody else's rows come through it.
template <class Read>
auto read_safely(Read read) -> decltype(read()) {
  try {
    return read();
  } catch (const std::exception& error) {
    return fail(ErrorCode::internal, std::string{"a row cannot be read: "} + error.what());
  }
}

}  // namespace

caf::actor spawn_loader(caf::actor_system& system, const Deps& deps, std::unique_ptr<storage::Store> store) {
  // A message is copied, a session cannot be: it travels in a shared box that the actor empties.
  auto box = std::make_shared<std::unique_ptr<storage::Store>>(std::move(store));
  return spawn_worker(system, deps.detached, [box](caf::stateful_actor<LoaderState>* self) -> caf::behavior {
    self->state.store = std::move(*box);
    return {
        [self](const Shared<LoadRequest>& request) { return share(LoadReply{read_safely([&] { return self->state.store->load(request->actor); })}); },
        [self](const Shared<ServerRequest>& request) { return share(ServerReply{read_safely([&] { return self->state.store->find_server(request->server); })}); },
        [self](const Shared<ReferenceRequest>& request) {
          return share(ReferenceReply{read_safely([&] { return self->state.store->read_references(request->tenant, request->ids); })});
        },
        [self](stop_atom) { self->quit(); },
    };
  });
}

}  // namespace stellwerk::actors
