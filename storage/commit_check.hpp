#pragma once
// What no database could store, found before one is asked, so that all of them refuse the same.

#include <optional>
#include <string>

#include "storage/store.hpp"

namespace stellwerk::storage {

/// Why this decision cannot be stored (a NUL character in a text, the same actor twice, no change at all); nothing: it can.
[[nodiscard]] std::optional<std::string> find_unstorable(const Commit& commit);

/// What a decision is told that sends to an actor of another tenant.
[[nodiscard]] CommitResult refuse_other_tenant(const MailboxRow& message);

}  // namespace stellwerk::storage
