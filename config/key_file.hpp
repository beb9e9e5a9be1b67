#pragma once
// A small file that only its owner may read: "<key id>:<base64url>" and a line feed.

#include <functional>
#include <string>

#include "config/secret.hpp"
#include "core/result.hpp"

namespace stellwerk::config {

/// The file's only line without its line feed; when there is no file, creates it with the line `make` gives (durably, mode 0600, and one
/// winner if several processes start at once). Errors: unavailable, permission_denied (others may read it).
[[nodiscard]] Result<Secret> read_or_create_key_file(const std::string& path, const std::function<Secret()>& make);

}  // namespace stellwerk::config
