#pragma once
// What is secret or personal, as it is written: the edge between the values that advance() works on and the rows at rest. A sealed value
// is {"$sealed": "v1.<key>.<text>"}, bound to the place where it stands; in the journal a personal one is {"$personal": "v1.<key>.<text>"},
// under a key that erasing the person destroys.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/keyring.hpp"
#include "core/masking.hpp"
#include "storage/store.hpp"
#include "workflows/decision.hpp"

namespace stellwerk::actors {

using Keys = std::shared_ptr<const config::Keyring>;

/// The tenant's data keys, opened with the master key; the first one is made here. Errors: permission_denied, when this is not the master
/// key under which they are sealed.
[[nodiscard]] Result<Keys> open_keys(storage::Store& store, const TenantId& tenant, const config::MasterKey& master, Time now);
/// A fresh data key as its row.
[[nodiscard]] storage::DataKeyRow make_data_key(const TenantId& tenant, const config::MasterKey& master, Time now);
[[nodiscard]] Result<config::MasterKey> open_data_key(const storage::DataKeyRow& row, const config::MasterKey& master);

/// Where sealed values stand. Whoever seals them anew reckons the same from the row.
namespace place {
[[nodiscard]] std::string attribute(const ActorId& actor, std::string_view name);
[[nodiscard]] std::string cursor(const ActorId& actor, std::string_view part);  ///< "run" or "failed"
[[nodiscard]] std::string message(const ActorId& receiver, const EventId& event);
[[nodiscard]] std::string input(const AttemptId& attempt);
[[nodiscard]] std::string setting(const storage::SettingValue& value);
[[nodiscard]] std::string server(const ServerId& server, std::string_view setting);
[[nodiscard]] std::string journal(const ActorId& actor);
}  // namespace place

[[nodiscard]] Json seal_json(const config::Keyring& keys, const Json& value, std::string_view place);
[[nodiscard]] bool is_sealed(const Json& value);
/// The value; one that is not sealed (written by an earlier version) as it is. Errors: internal, when no key opens it here.
[[nodiscard]] Result<Json> open_json(const config::Keyring& keys, const Json& value, std::string_view place);

/// Of a run everything that may hold a value of the actor goes into one sealed member; its id, phase, event and attempts stay open.
[[nodiscard]] Json seal_cursor(const config::Keyring& keys, const ActorId& actor, Json cursor);
/// Errors: internal.
[[nodiscard]] Result<Json> open_cursor(const config::Keyring& keys, const ActorId& actor, Json cursor);
/// Opens the payloads. Errors: internal.
[[nodiscard]] Result<void> open_messages(const config::Keyring& keys, std::vector<storage::MailboxRow>& mailbox);

/// The actor's key for personal fields. Errors: internal, when it cannot be opened here.
[[nodiscard]] Result<config::MasterKey> open_personal_key(const config::Keyring& keys, const storage::PersonalKeyRow& row);
[[nodiscard]] storage::PersonalKeyRow make_personal_key(const config::Keyring& keys, const storage::ActorRow& actor, Time now);

/// Texts that must not stand in a journal, incident or notice of this decision.
struct Confidential {
  Masker secrets;
  std::vector<std::string> personal;  ///< values of personal attributes, as text
};
[[nodiscard]] Confidential confidential_of(const workflows::Definition& definition, const workflows::Snapshot* before, const workflows::Event& event,
                                           const workflows::Decision& decision);
/// Journal, incidents and notices without any secret. Names of steps, ids and the like stay: a password that happens to be called like
/// a step must not make the journal unreadable.
void mask_told(const Masker& secrets, storage::ActorChange& change);
/// Seals what is personal in the journal, and what people wrote as notes. False: there was nothing, and `key` was not used.
bool seal_personal(const workflows::Definition& definition, const std::vector<std::string>& values, const config::MasterKey& key, storage::ActorChange& change);
/// The same under the actor's key, or, when it has none yet, under one that the change brings if it is needed.
void keep_personal(const workflows::Definition& definition, const std::vector<std::string>& values, const config::Keyring& keys, const std::optional<config::MasterKey>& personal, Time now,
                   storage::ActorChange& change);
/// Puts "(erased)" for texts that are personal or hold one of `values`, and null for other values that are personal. False: there was nothing.
bool forget_personal(const workflows::Definition& definition, const std::vector<std::string>& values, Json& payload);
/// Values of personal attributes, as texts.
[[nodiscard]] std::vector<std::string> personal_values(const workflows::Definition& definition, const workflows::Snapshot& snapshot);
/// The journal's entries as people may read them: "(erased)" for what no key opens any more.
[[nodiscard]] Json open_personal(Json entries, const ActorId& actor, const std::optional<config::MasterKey>& key);

}  // namespace stellwerk::actors
