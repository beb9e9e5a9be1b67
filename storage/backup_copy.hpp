#pragma once
// The two ways of a backup, one for each database. Internal to storage.

#include <stop_token>
#include <string>

#include "storage/backup.hpp"
#include "storage/session.hpp"

namespace stellwerk::storage {

/// What the manifest tells of a database: schema, tenant, incarnation, keys. Also of a schema older than this binary.
[[nodiscard]] Result<void> describe_database(Session& session, BackupManifest& manifest);

/// Writes the copy into `target`, which does not exist, and what it holds into `manifest`.
[[nodiscard]] Result<void> copy_sqlite(const std::string& file, const std::string& target, BackupManifest& manifest, const std::stop_token& stop);
[[nodiscard]] Result<void> copy_postgresql(const config::Secret& url, const std::string& target, BackupManifest& manifest, const std::stop_token& stop);

[[nodiscard]] Result<void> restore_sqlite(const std::string& copy, const std::string& file, Time now);
[[nodiscard]] Result<void> restore_postgresql(const std::string& copy, const BackupManifest& manifest, const config::Secret& url, Time now);

/// Nobody's database, and the guard asks: what makes a copy into a restored one. Inside a transaction.
[[nodiscard]] Result<void> mark_restored(Session& session, Time now);

/// On disk for good: the file, or the entries of the folder.
[[nodiscard]] Result<void> flush_to_disk(const std::string& path);

}  // namespace stellwerk::storage
