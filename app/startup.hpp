#pragma once
// Settings from file and environment, and the things that a node stands on.

#include <memory>
#include <optional>
#include <string>

#include "config/settings.hpp"
#include "storage/directory.hpp"

namespace stellwerk::app {

/// Reads the settings as CONVENTIONS say; prints every problem to standard error and returns nothing when there is one.
[[nodiscard]] std::optional<config::Settings> read_settings(const std::string& explicit_path);

/// An embedded database that no server has begun yet is not made by looking at it. Errors: not_found, with its file. One of PostgreSQL is not asked.
[[nodiscard]] Result<void> check_begun(const config::Settings& settings);
/// The data folder, made if there is none, for the owner only.
[[nodiscard]] Result<void> make_data_dir(const config::Settings& settings);
/// The error of a start; when the disk is to blame, with what to do about it.
[[nodiscard]] Error at_start(Error error, const config::Settings& settings);
/// The database of the settings, as it is.
[[nodiscard]] Result<std::shared_ptr<storage::SqlDatabase>> open_database(const config::Settings& settings);
/// Brings its schema up to this binary; what was applied is told on standard error.
[[nodiscard]] Result<void> migrate(storage::SqlDatabase& database);
/// All of it: folder, database, schema.
[[nodiscard]] Result<std::shared_ptr<storage::SqlDatabase>> open_migrated(const config::Settings& settings);
/// Where backups of this installation are made unless told otherwise.
[[nodiscard]] std::string backup_dir(const config::Settings& settings);
/// "sqlite:<data.dir>/stellwerk.db" unless set.
[[nodiscard]] config::Secret database_url(const config::Settings& settings);
[[nodiscard]] std::string master_key_file(const config::Settings& settings);
/// Made when there is none, except for a database whose secrets were sealed under another one. Errors: not_found (then), and those of the file.
[[nodiscard]] Result<config::MasterKey> master_key(const config::Settings& settings);
[[nodiscard]] Result<config::SigningKey> signing_key(const config::Settings& settings);
/// The installation's tenant, made at first start.
[[nodiscard]] Result<TenantId> tenant_of(storage::SqlDatabase& database);
/// Prints "stellwerk: <error chain>" and returns 1.
int report(const Error& error);

}  // namespace stellwerk::app
