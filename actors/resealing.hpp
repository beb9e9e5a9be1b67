#pragma once
// Rotation: what an old key sealed is sealed under the newest one, row by row. The caller alone holds the database.

#include <functional>
#include <string>

#include "config/keyring.hpp"
#include "storage/directory.hpp"

namespace stellwerk::actors {

/// The document with everything in it sealed under the newest key of `keys`. Errors: internal, when something in it cannot be opened.
[[nodiscard]] Result<storage::SealedDocument> reseal(const config::Keyring& keys, storage::SealedDocument document);

/// Seals all that `key` has sealed anew, in transactions of at most `batch` rows; what a crash leaves is found by the next call.
/// `after_batch` hears the number of rows so far; its error ends the work. Returns the number of rows.
[[nodiscard]] Result<std::int64_t> reseal_all(storage::Directory& records, const TenantId& tenant, const config::Keyring& keys, const std::string& key, int batch,
                                              const std::function<Result<void>(std::int64_t)>& after_batch);

}  // namespace stellwerk::actors
