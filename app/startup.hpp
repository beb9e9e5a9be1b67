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

/// The database of the settings, migrated. With `wait`, an unreachable PostgreSQL is waited for, up to a minute.
[[nodiscard]] Result<std::shared_ptr<storage::SqlDatabase>> open_migrated(const config::Settings& settings);
/// "sqlite:<data.dir>/stellwerk.db" unless set.
[[nodiscard]] config::Secret database_url(const config::Settings& settings);
[[nodiscard]] Result<config::MasterKey> master_key(const config::Settings& settings);
[[nodiscard]] Result<config::SigningKey> signing_key(const config::Settings& settings);
/// The installation's tenant, made at first start.
[[nodiscard]] Result<TenantId> tenant_of(storage::SqlDatabase& database);
/// Prints "stellwerk: <error chain>" and returns 1.
int report(const Error& error);

}  // namespace stellwerk::app
