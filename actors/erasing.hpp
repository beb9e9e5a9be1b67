#pragma once
// Forgetting a person: what goes of an actor, which actors hold something personal of a customer, and how it goes while no engine runs.

#include <set>
#include <span>
#include <string>
#include <vector>

#include "actors/definitions.hpp"
#include "config/keyring.hpp"
#include "storage/directory.hpp"
#include "workflows/snapshot.hpp"

namespace stellwerk::actors {

// --- one actor
/// What an actor holds, as it was loaded and opened.
struct Holdings {
  const storage::ActorRow& row;
  const workflows::Snapshot& snapshot;
  std::span<const storage::MailboxRow> mailbox;  ///< payloads opened
  bool more_messages = false;                    ///< … and there are others
  bool has_key = false;                          ///< for its personal fields
};
struct EraseOrder {
  bool live = false;  ///< also when the actor is not final
  std::string note;
  Json by;            ///< {"id", "role"}
};
/// Personal attributes are blanked, and so is what is personal in events that wait: for a person, for their turn, or to be taken; the key is destroyed.
struct Erasure {
  bool needed = true;  ///< false: nothing personal is left, and nothing is to be written
  storage::ActorChange change;
  workflows::Snapshot next;
  std::vector<storage::MailboxRow> mailbox;  ///< as it waits then, opened
};
/// Errors: conflict, when the actor is live and the order does not say so (reason "live"), while a run is in hand, or more waits than is known (reason "busy").
[[nodiscard]] Result<Erasure> make_erasure(const workflows::Definition& definition, const Holdings& held, const EraseOrder& order, Time now, const config::Keyring& keys);

// --- all of a customer
/// The customer's actors whose workflow declares personal attributes, or is not known here, or that have a key for such, by id.
[[nodiscard]] Result<std::vector<storage::ActorRow>> personal_actors(storage::Directory& records, const Definitions& definitions, const TenantId& tenant, const std::string& customer);

/// What stands in the way of erasing the customer: actors that are not final (unless `live`).
[[nodiscard]] std::vector<FieldProblem> in_the_way(const std::vector<storage::ActorRow>& actors, bool live);
/// The conflict of in_the_way().
[[nodiscard]] Error stands_in_the_way(const std::string& customer, std::vector<FieldProblem> actors);

/// Who has something personal may be born, or told it, while others are erased: so it goes in rounds.
inline constexpr int most_rounds = 5;
[[nodiscard]] Error still_told(const std::string& customer);
/// The customer's own record, once all their actors are `erased`. False: another round is needed. Errors: not_found, those of the database.
[[nodiscard]] Result<bool> erase_record(storage::Directory& records, const Definitions& definitions, const std::string& customer, const std::set<ActorId>& erased, storage::AuditRow audit);

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
