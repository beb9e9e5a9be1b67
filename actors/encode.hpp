#pragma once
// Between the values that advance() works on and the rows that the store keeps.

#include "storage/store.hpp"
#include "workflows/decision.hpp"

namespace stellwerk::actors {

/// The snapshot of a loaded row. Errors: internal (the row does not fit its revision: quarantine).
[[nodiscard]] Result<workflows::Snapshot> make_snapshot(const workflows::Definition& definition, const storage::LoadedActor& loaded);
/// The empty snapshot of an actor to be born.
[[nodiscard]] workflows::Snapshot unborn(const workflows::Definition& definition, const ActorId& id, const TenantId& tenant, const std::string& customer);

/// What is written for `decision`. `before` is the row it was decided on (version 0 for a birth).
[[nodiscard]] storage::ActorChange make_change(const workflows::Definition& definition, const storage::ActorRow& before, const workflows::Event& event,
                                               const workflows::Decision& decision, const std::string& incarnation, Time now);

/// The attempt in hand as a row.
[[nodiscard]] storage::AttemptRow make_attempt(const workflows::Definition& definition, const storage::ActorRow& row, const workflows::Run& run,
                                               const std::string& incarnation);

/// Principal, trace and depth of a message or deferred event, for MailboxRow::meta.
[[nodiscard]] Json make_meta(const workflows::Event& event, int depth);

}  // namespace stellwerk::actors
