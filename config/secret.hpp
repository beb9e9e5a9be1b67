#pragma once
// A value that must never be seen, and the few cryptographic operations of the product, all on libsodium.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"

namespace stellwerk::config {

/// Holds a secret text. Never printed, formatted, logged or serialised: the only way out is reveal(). Wiped on destruction.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_{std::move(value)} {}
  Secret(const Secret&) = default;
  Secret(Secret&& other) noexcept;
  Secret& operator=(const Secret& other);
  Secret& operator=(Secret&& other) noexcept;
  ~Secret();
  [[nodiscard]] const std::string& reveal() const { return value_; }
  [[nodiscard]] bool empty() const { return value_.empty(); }

 private:
  std::string value_;
};

/// 32 bytes under which secrets are sealed at rest. `id` names the key in sealed texts.
struct MasterKey {
  std::string id;
  std::array<std::uint8_t, 32> bytes{};
};

/// Reads the key file (mode 0600 or stricter is required), or creates it with a fresh key. Errors: unavailable, permission_denied.
[[nodiscard]] Result<MasterKey> load_or_create_master_key(const std::string& path);

/// "v1.<key id>.<base64url of nonce and XChaCha20-Poly1305 text>"; `context` is authenticated and must be the same at open().
[[nodiscard]] std::string seal(const MasterKey& key, std::string_view plain, std::string_view context);
/// Errors: permission_denied (another key, context, or a changed text), invalid_argument (not a sealed text).
[[nodiscard]] Result<Secret> open(const MasterKey& key, std::string_view sealed, std::string_view context);

/// The key that a sealed text names, e.g. "1f0c9a2e"; empty when it is no sealed text.
[[nodiscard]] std::string_view key_id_of(std::string_view sealed);

/// A fresh key of 32 random bytes with an id of 16 hexadecimal digits.
[[nodiscard]] MasterKey make_key();
/// A key sealed under another one, bound to its id and its `owner` (tenant or actor).
[[nodiscard]] std::string seal_key(const MasterKey& under, const MasterKey& key, std::string_view owner);
/// Errors: as open(); invalid_argument when what was sealed is no key.
[[nodiscard]] Result<MasterKey> open_key(const MasterKey& under, const std::string& id, std::string_view sealed, std::string_view owner);
/// Argon2id, 19 MiB, 2 passes (OWASP's first recommendation), in libsodium's text form.
[[nodiscard]] std::string hash_password(std::string_view password);
/// Constant time. False also for a hash of unknown form.
[[nodiscard]] bool verify_password(std::string_view hash, std::string_view password);

/// Unpadded base64url (RFC 4648 section 5).
[[nodiscard]] std::string base64url(std::string_view bytes);
/// Errors: invalid_argument.
[[nodiscard]] Result<std::string> from_base64url(std::string_view text);
/// Lower-case hexadecimal SHA-256.
[[nodiscard]] std::string sha256_hex(std::string_view bytes);
/// "k1.<key id>.<lower-case hexadecimal>": a hash that nobody without the key can compute or try values against (keyed BLAKE2b under a key
/// derived from `key` for this `purpose`).
[[nodiscard]] std::string keyed_hash(const MasterKey& key, std::string_view purpose, std::string_view text);
/// `bytes` random bytes as base64url: passwords, tokens.
[[nodiscard]] std::string random_token(std::size_t bytes = 24);

/// An Ed25519 key pair for signing tokens (RFC 8032).
struct SigningKey {
  std::string kid;                         ///< first 16 hex digits of the SHA-256 of the public key
  std::array<std::uint8_t, 32> public_key{};
  std::array<std::uint8_t, 64> secret_key{};
};
/// Like the master key file. Errors: unavailable, permission_denied.
[[nodiscard]] Result<SigningKey> load_or_create_signing_key(const std::string& path);
/// 64 bytes.
[[nodiscard]] std::string sign(const SigningKey& key, std::string_view message);
[[nodiscard]] bool verify(const SigningKey& key, std::string_view message, std::string_view signature);

}  // namespace stellwerk::config
