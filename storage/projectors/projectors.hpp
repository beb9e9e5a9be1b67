#pragma once
// The read side, written in the transaction of the actor's state. A projector belongs to a kind of actor.

#include <map>
#include <string>
#include <vector>

#include "storage/session.hpp"
#include "storage/store.hpp"

namespace stellwerk::storage {

using Changes = std::vector<const ActorChange*>;

/// Writes what these changes, all of one kind, show to people.
using Projector = Result<void> (*)(Session& session, const Changes& changes);

[[nodiscard]] Result<void> project_services(Session& session, const Changes& changes);
[[nodiscard]] Result<void> project_tickets(Session& session, const Changes& changes);

/// By kind; a kind without a projector has no read side.
[[nodiscard]] const std::map<std::string, Projector>& projectors();

}  // namespace stellwerk::storage
