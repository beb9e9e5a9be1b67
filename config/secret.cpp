// Secrets in memory, and sealed texts and passwords at rest.
#include "config/secret.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include <array>
#include <span>

#include "config/sodium.hpp"

namespace stellwerk::config {

Secret::Secret(Secret&& other) noexcept : value_{std::move(other.value_)} { wipe(other.value_); }

Secret& Secret::operator=(const Secret& other) {
  if (this != &other) *this = Secret{other};  // the old text is wiped by the move below
  return *this;
}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this == &other) return *this;
  wipe(value_);
  value_ = std::move(other.value_);
  wipe(other.value_);
  return *this;
}

Secret::~Secret() { wipe(value_); }

namespace {

constexpr std::string_view version = "v1.";
constexpr auto nonce_bytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr auto tag_bytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;

/// What is authenticated beside the text: a sealed text cannot be moved to another place or relabelled with another key.
std::string authenticated(std::string_view key_id, std::string_view context) { return fmt::format("{}{}.{}", version, key_id, context); }

}  // namespace

std::string seal(const MasterKey& key, std::string_view plain, std::string_view context) {
  start_sodium();
  std::string box(nonce_bytes + plain.size() + tag_bytes, '\0');
  randombytes_buf(box.data(), nonce_bytes);
  const auto known = authenticated(key.id, context);
  const int failed = crypto_aead_xchacha20poly1305_ietf_encrypt(bytes(box) + nonce_bytes, nullptr, bytes(plain), plain.size(), bytes(known),
                                                                known.size(), nullptr, bytes(box), key.bytes.data());
  STELLWERK_ASSERT(failed == 0, "a text of any length can be sealed");
  return fmt::format("{}{}.{}", version, key.id, base64url(box));
}

std::string_view key_id_of(std::string_view sealed) {
  if (!sealed.starts_with(version)) return {};
  const auto dot = sealed.find('.', version.size());
  return dot == std::string_view::npos ? std::string_view{} : sealed.substr(version.size(), dot - version.size());
}

Result<Secret> open(const MasterKey& key, std::string_view sealed, std::string_view context) {
  start_sodium();
  const auto dot = sealed.find('.', version.size());
  if (!sealed.starts_with(version) || dot == std::string_view::npos)
    return fail(ErrorCode::invalid_argument, "not a sealed text: 'v1.<key id>.<data>' is expected");
  const auto key_id = sealed.substr(version.size(), dot - version.size());
  auto box = from_base64url(sealed.substr(dot + 1));
  if (!box || box->size() < nonce_bytes + tag_bytes) return fail(ErrorCode::invalid_argument, "not a sealed text: its data is cut or not base64url");
  if (key_id != key.id) return fail(ErrorCode::permission_denied, fmt::format("sealed under the key '{}', not under '{}'", key_id, key.id));
  std::string plain(box->size() - nonce_bytes - tag_bytes, '\0');
  const auto known = authenticated(key.id, context);
  const int failed = crypto_aead_xchacha20poly1305_ietf_decrypt(bytes(plain), nullptr, nullptr, bytes(*box) + nonce_bytes, box->size() - nonce_bytes,
                                                                bytes(known), known.size(), bytes(*box), key.bytes.data());
  if (failed != 0) return fail(ErrorCode::permission_denied, "the sealed text was changed, belongs elsewhere, or the master key is another");
  return Secret{std::move(plain)};
}

std::string keyed_hash(const MasterKey& key, std::string_view purpose, std::string_view text) {
  start_sodium();
  std::array<unsigned char, crypto_generichash_KEYBYTES> derived{};
  std::array<unsigned char, crypto_generichash_BYTES> hash{};
  const auto digest = [](std::span<unsigned char> out, std::string_view of, std::span<const unsigned char> under) {
    const int failed = crypto_generichash(out.data(), out.size(), reinterpret_cast<const unsigned char*>(of.data()), of.size(), under.data(), under.size());
    STELLWERK_ASSERT(failed == 0, "a text of any length has a keyed hash");
  };
  digest(derived, purpose, key.bytes);
  digest(hash, text, derived);
  sodium_memzero(derived.data(), derived.size());
  std::string hex(2 * hash.size() + 1, '\0');
  sodium_bin2hex(hex.data(), hex.size(), hash.data(), hash.size());
  hex.pop_back();
  return fmt::format("k1.{}.{}", key.id, hex);
}

std::string hash_password(std::string_view password) {
  start_sodium();
  constexpr unsigned long long passes = 2;
  constexpr std::size_t memory = 19 * 1024 * 1024;
  std::array<char, crypto_pwhash_STRBYTES> text{};
  const int failed = crypto_pwhash_str(text.data(), password.data(), password.size(), passes, memory);
  STELLWERK_ASSERT(failed == 0, "no memory to hash a password");
  return text.data();
}

bool verify_password(std::string_view hash, std::string_view password) {
  start_sodium();
  if (hash.size() >= crypto_pwhash_STRBYTES || !hash.starts_with("$argon2id$") || hash.find('\0') != std::string_view::npos) return false;
  return crypto_pwhash_str_verify(std::string{hash}.c_str(), password.data(), password.size()) == 0;
}

}  // namespace stellwerk::config
