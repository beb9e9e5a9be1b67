#pragma once
// What a failure of the database means. Internal to storage.

#include <exception>

#include "core/error.hpp"

namespace stellwerk::storage {

/// The error with one of the reasons of session.hpp and the database's own text, without the statement's values.
/// `sqlite_extended` is SQLite's extended result code; `broken`: PostgreSQL's connection is not usable any more.
[[nodiscard]] Error translate_error(const std::exception& error, int sqlite_extended, bool broken);

}  // namespace stellwerk::storage
