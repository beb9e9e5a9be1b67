#pragma once
// Forgetting a person: which actors hold something personal of a customer, and how it goes while no engine runs.

#include <string>
#include <vector>

#include "actors/definitions.hpp"
#include "config/keyring.hpp"
#include "storage/directory.hpp"

namespace stellwerk::actors {

/// The customer's actors whose workflow declares personal attributes, or is not known here, by id.
[[nodiscard]] Result<std::vector<storage::ActorRow>> personal_actors(storage::Directory& records, const Definitions& definitions, const TenantId& tenant, const std::string& customer);

/// What stands in the way of erasing the customer: actors that are not final (unless `live`).
[[nodiscard]] std::vector<FieldProblem> in_the_way(const std::vector<storage::ActorRow>& actors, bool live);
/// The conflict of in_the_way().
[[nodiscard]] Error stands_in_the_way(const std::string& customer, std::vector<FieldProblem> actors);

struct EraseOffline {
  TenantId tenant;
  std::string customer;
  std::string note;
  bool live = false;
  std::string by;  ///< a name: on the command line nobody is logged in
};
/// Erases while the caller alone holds the database (its incarnation was begun on `store`). Each actor is a commit of its own; repeating it
/// after a failure goes on. Returns the number of actors. Errors: not_found, conflict (in_the_way, a run in hand), internal.
[[nodiscard]] Result<int> erase_offline(storage::Store& store, storage::Directory& records, const Definitions& definitions, const config::Keyring& keys, const EraseOffline& what, Time now);

}  // namespace stellwerk::actors
