#pragma once
// Who holds a database that several nodes can reach.

#include <optional>
#include <string>

#include "storage/session.hpp"

namespace stellwerk::storage {

/// The host of the live incarnation if it is another one than `host`; PostgreSQL only. Reads schemas older than this binary, too.
[[nodiscard]] Result<std::optional<std::string>> find_holder(Session& session, const std::string& host);

}  // namespace stellwerk::storage
