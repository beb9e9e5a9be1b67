#pragma once
// Numbered, forward-only migrations out of the binary.

#include <optional>
#include <string>
#include <vector>

#include "storage/session.hpp"

namespace stellwerk::storage {

/// Applies what is missing, in one transaction; the names applied. Errors: conflict (the schema is newer than this binary, or a migration
/// that was applied has changed since).
[[nodiscard]] Result<std::vector<std::string>> apply_migrations(Session& session);

/// The checksum of a migration of this binary; none when it has no such migration.
[[nodiscard]] std::optional<std::string> find_migration(const std::string& name);

/// The statements of a migration: each ends with a semicolon at the end of a line; comment lines are dropped.
[[nodiscard]] std::vector<std::string> split_statements(std::string_view text);

}  // namespace stellwerk::storage
