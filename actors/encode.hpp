#pragma once
// Between the values that advance() works on and the rows that the store keeps.

#include <span>
#include <string>

#include "actors/definitions.hpp"
#include "actors/sealing.hpp"
#include "actors/setting_book.hpp"
#include "storage/store.hpp"
#include "workflows/decision.hpp"

namespace stellwerk::actors {

/// With what a change keeps its secrets.
struct Secrecy {
  Keys keys = Surroundings{}.keys;
  std::optional<config::MasterKey> personal = std::nullopt;  ///< the actor's, when it has one: else the change brings one, if it needs it
  const workflows::Snapshot* before = nullptr;               ///< what was known before the decision; null: nothing, it is born
};

/// The snapshot of a loaded row, its sealed values opened. Errors: internal (the row does not fit its revision: quarantine).
[[nodiscard]] Result<workflows::Snapshot> make_snapshot(const workflows::Definition& definition, const storage::LoadedActor& loaded, const Surroundings& around = {});
/// The empty snapshot of an actor to be born with these attributes.
[[nodiscard]] workflows::Snapshot unborn(const workflows::Definition& definition, const ActorId& id, const TenantId& tenant, const std::string& customer,
                                         const Json& attributes = JsonObject{}, const Surroundings& around = {});

/// A row as expressions may read it: without what its own workflow declares secret.
[[nodiscard]] workflows::Row make_row(const Definitions& definitions, const storage::ReferenceRow& row);
/// The rows that were asked for, those that are not there marked as missing.
void put_rows(workflows::Snapshot& snapshot, const Definitions& definitions, std::span<const std::string> asked, std::span<const storage::ReferenceRow> found);
/// Whether its decisions read rows outside the actor.
[[nodiscard]] bool reads_references(const workflows::Definition& definition);

/// What is written for `decision`. `before` is the row it was decided on (version 0 for a birth).
/// Secrets are sealed, in what people read they are masked; what is personal is sealed in the journal.
[[nodiscard]] storage::ActorChange make_change(const workflows::Definition& definition, const storage::ActorRow& before, const workflows::Event& event,
                                               const workflows::Decision& decision, const std::string& incarnation, Time now, const Secrecy& secrecy = {});

/// What the decision relies on and does beside its own rows, of the actor `of`: added to what the commit holds already.
void add_conditions(storage::Commit& commit, const ActorId& of, const workflows::Decision& decision);

/// The cursor as the row keeps it.
[[nodiscard]] Json encode_kept(const workflows::Definition& definition, const workflows::Cursor& cursor, const ActorId& actor, const config::Keyring& keys);
/// The attributes as the row keeps them; null ones are left out.
[[nodiscard]] Json encode_attributes(const workflows::Definition& definition, const workflows::Snapshot& snapshot, const ActorId& actor, const config::Keyring& keys);

/// An attempt in hand as its executor gets it. As a row its input is sealed.
[[nodiscard]] storage::AttemptRow make_attempt(const workflows::Definition& definition, const storage::ActorRow& row, const workflows::Run& run,
                                               const workflows::Attempt& attempt, const std::string& incarnation);

/// Principal, trace and depth of a message or deferred event, for MailboxRow::meta.
[[nodiscard]] Json make_meta(const workflows::Event& event, int depth);

}  // namespace stellwerk::actors
