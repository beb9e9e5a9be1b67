#pragma once
// Files that a person names.

#include <string>

#include "core/result.hpp"

namespace stellwerk {

/// The whole file as it is. Errors: invalid_argument when it is a folder, unavailable when it cannot be read; both name it.
[[nodiscard]] Result<std::string> read_text_file(const std::string& path);

}  // namespace stellwerk
