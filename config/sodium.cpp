// Encodings, digests and random texts.
#include "config/sodium.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include "config/secret.hpp"

namespace stellwerk::config {

void start_sodium() {
  static const int started = sodium_init();  // 1: already done, by whoever
  STELLWERK_ASSERT(started >= 0, "libsodium cannot start");
}

void wipe(std::string& text) noexcept {
  text.resize(text.capacity());  // never allocates, and covers what a moved-from or shortened text leaves behind
  sodium_memzero(text.data(), text.size());
  text.clear();
}

std::string base64url(std::string_view data) {
  start_sodium();
  constexpr auto variant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
  std::string text(sodium_base64_encoded_len(data.size(), variant), '\0');
  sodium_bin2base64(text.data(), text.size(), bytes(data), data.size(), variant);
  text.pop_back();  // its NUL
  return text;
}

Result<std::string> from_base64url(std::string_view text) {
  start_sodium();
  std::string data(text.size() / 4 * 3 + 3, '\0');
  std::size_t size = 0;
  const char* end = nullptr;
  const int failed =
      sodium_base642bin(bytes(data), data.size(), text.data(), text.size(), nullptr, &size, &end, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  if (failed != 0 || end != text.data() + text.size()) return fail(ErrorCode::invalid_argument, "not unpadded base64url");
  data.resize(size);
  return data;
}

std::string sha256_hex(std::string_view data) {
  start_sodium();
  std::array<unsigned char, crypto_hash_sha256_BYTES> digest{};
  crypto_hash_sha256(digest.data(), bytes(data), data.size());
  std::array<char, 2 * crypto_hash_sha256_BYTES + 1> text{};
  return sodium_bin2hex(text.data(), text.size(), digest.data(), digest.size());
}

std::string random_token(std::size_t size) {
  start_sodium();
  std::string data(size, '\0');
  randombytes_buf(data.data(), data.size());
  auto text = base64url(data);
  wipe(data);
  return text;
}

}  // namespace stellwerk::config
