#pragma once

#include <cstdint>
#include <string>

#include "core/result.hpp"

namespace stellwerk::config {

struct FileChecksum {
  std::int64_t bytes = 0;
  std::string sha256;  ///< lower-case hexadecimal
};

/// Reads the file piece by piece, so it may be of any size. Errors: not_found, unavailable.
[[nodiscard]] Result<FileChecksum> checksum_of_file(const std::string& path);

}  // namespace stellwerk::config
