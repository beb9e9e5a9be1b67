#include "config/checksum.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <vector>

namespace stellwerk::config {

Result<FileChecksum> checksum_of_file(const std::string& path) {
  const auto close = [](std::FILE* file) { std::fclose(file); };
  const std::unique_ptr<std::FILE, decltype(close)> file{std::fopen(path.c_str(), "rbe"), close};
  if (!file) return fail(errno == ENOENT ? ErrorCode::not_found : ErrorCode::unavailable, fmt::format("open {}: {}", path, std::strerror(errno)));
  crypto_hash_sha256_state state;
  crypto_hash_sha256_init(&state);
  FileChecksum found;
  std::vector<unsigned char> piece(1 << 20);
  while (const auto length = std::fread(piece.data(), 1, piece.size(), file.get())) {
    crypto_hash_sha256_update(&state, piece.data(), length);
    found.bytes += static_cast<std::int64_t>(length);
  }
  if (std::ferror(file.get()) != 0) return fail(ErrorCode::unavailable, fmt::format("read {}: {}", path, std::strerror(errno)));
  std::array<unsigned char, crypto_hash_sha256_BYTES> digest{};
  crypto_hash_sha256_final(&state, digest.data());
  for (const auto byte : digest) found.sha256 += fmt::format("{:02x}", byte);
  return found;
}

}  // namespace stellwerk::config
