#pragma once
// A backup: a folder with a consistent copy of the database and a manifest that says what it is. Keys are in it only sealed under the
// master key, which is never in it.

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/secret.hpp"
#include "core/clock.hpp"
#include "core/json.hpp"

namespace stellwerk::storage {

struct BackupManifest {
  std::string version;      ///< of the binary that made it
  Time made_at{};
  std::string dialect;      ///< sqlite, postgresql
  std::vector<std::pair<std::string, std::string>> schema;  ///< applied migrations, name and checksum, in order; empty: an empty database
  std::string tenant;       ///< ten_…; empty before the first start
  std::string incarnation;  ///< of the node that held the database; empty: none did
  std::vector<std::string> master_keys;  ///< ids of the keys without which its secrets cannot be opened
  std::vector<std::string> data_keys;    ///< ids of the tenant's keys, in the database, sealed under those
  std::string file;         ///< name of the copy in the folder
  std::int64_t bytes = 0;
  std::string sha256;       ///< of the copy
};

[[nodiscard]] Json render_manifest(const BackupManifest& manifest);

/// Makes `<folder>/stellwerk-<UTC time>`, whole or not at all, while others write: what is in it is one moment of the database. On SQLite
/// the caller (or its process) holds the file's lock; PostgreSQL is asked through pg_dump, which must be on the PATH and no older than the
/// server. Returns the path. Errors: unavailable (disk, database, pg_dump, with its words), cancelled (`stop`), conflict (a backup of this second).
[[nodiscard]] Result<std::string> make_backup(const config::Secret& url, const std::string& folder, std::string_view version, Time now, const std::stop_token& stop);

/// What the folder of a backup holds, after length and SHA-256 of the copy were compared. Errors: not_found, invalid_argument (no backup, or a
/// damaged one).
[[nodiscard]] Result<BackupManifest> read_backup(const std::string& backup);

/// When the newest backup in `folder` was made, as its manifest says; nothing when none is there. The copy itself is not read.
[[nodiscard]] std::optional<Time> newest_backup(const std::string& folder);

/// Puts a backup that read_backup() has found whole into an empty database. It bears no fence of the former node; the value
/// "guard_since_restore" is `now`, so that the mass-action guard asks first. After an error or a crash nothing starts on what is there.
/// Errors: conflict (another database, one that is not empty, a schema that this binary does not know), unavailable.
[[nodiscard]] Result<void> restore_backup(const std::string& backup, const BackupManifest& manifest, const config::Secret& url, Time now);

/// Ids of the master keys under which the database's keys are sealed, without changing anything; empty for a new database.
[[nodiscard]] Result<std::vector<std::string>> master_keys_of(const config::Secret& url);

}  // namespace stellwerk::storage
