// The master key and the signing key, each in a file of its own.
#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>

#include "config/key_file.hpp"
#include "config/secret.hpp"
#include "config/sodium.hpp"

namespace stellwerk::config {
namespace {

struct KeyLine {
  std::string id;
  std::array<std::uint8_t, 32> bytes{};
};

Result<KeyLine> parse_line(const std::string& path, const Secret& line) {
  const auto malformed = [&] {
    return fail(ErrorCode::unavailable, fmt::format("the key file {} is damaged: '<id>:<32 bytes as base64url>' is expected", path));
  };
  const std::string_view text = line.reveal();
  const auto colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0) return malformed();
  auto data = from_base64url(text.substr(colon + 1));
  if (!data || data->size() != 32) return malformed();
  KeyLine key{std::string{text.substr(0, colon)}, {}};
  std::copy(data->begin(), data->end(), key.bytes.begin());
  wipe(*data);
  if (key.id.find_first_not_of("0123456789abcdef") != std::string::npos) return malformed();
  return key;
}

std::string random_bytes(std::size_t size) {
  start_sodium();
  std::string data(size, '\0');
  randombytes_buf(data.data(), data.size());
  return data;
}

std::string kid_of(const std::array<std::uint8_t, 32>& public_key) {
  return sha256_hex({reinterpret_cast<const char*>(public_key.data()), public_key.size()}).substr(0, 16);
}

SigningKey from_seed(const std::array<std::uint8_t, 32>& seed) {
  start_sodium();
  SigningKey key;
  crypto_sign_seed_keypair(key.public_key.data(), key.secret_key.data(), seed.data());
  key.kid = kid_of(key.public_key);
  return key;
}

}  // namespace

namespace {

std::string place_of_key(std::string_view id, std::string_view owner) { return fmt::format("key/{}/{}", owner, id); }

}  // namespace

MasterKey make_key() {
  MasterKey key;
  key.id = sha256_hex(random_bytes(32)).substr(0, 16);
  auto data = random_bytes(key.bytes.size());
  std::copy(data.begin(), data.end(), key.bytes.begin());
  wipe(data);
  return key;
}

std::string seal_key(const MasterKey& under, const MasterKey& key, std::string_view owner) {
  const Secret plain{std::string{reinterpret_cast<const char*>(key.bytes.data()), key.bytes.size()}};
  return seal(under, plain.reveal(), place_of_key(key.id, owner));
}

Result<MasterKey> open_key(const MasterKey& under, const std::string& id, std::string_view sealed, std::string_view owner) {
  STELLWERK_TRY(const auto plain, open(under, sealed, place_of_key(id, owner)));
  MasterKey key;
  key.id = id;
  if (plain.reveal().size() != key.bytes.size()) return fail(ErrorCode::invalid_argument, fmt::format("key {} is damaged: 32 bytes are expected", id));
  std::copy(plain.reveal().begin(), plain.reveal().end(), key.bytes.begin());
  return key;
}

Result<MasterKey> load_or_create_master_key(const std::string& path) {
  const auto make = [] { return Secret{fmt::format("{}:{}", sha256_hex(random_bytes(32)).substr(0, 8), random_token(32))}; };
  STELLWERK_TRY(const auto line, read_or_create_key_file(path, make));
  STELLWERK_TRY(const auto key, parse_line(path, line));
  return MasterKey{key.id, key.bytes};
}

Result<SigningKey> load_or_create_signing_key(const std::string& path) {
  const auto make = [] {
    const auto seed = random_bytes(32);
    std::array<std::uint8_t, 32> array{};
    std::copy(seed.begin(), seed.end(), array.begin());
    return Secret{fmt::format("{}:{}", from_seed(array).kid, base64url(seed))};
  };
  STELLWERK_TRY(const auto line, read_or_create_key_file(path, make));
  STELLWERK_TRY(const auto seed, parse_line(path, line));
  auto key = from_seed(seed.bytes);
  if (key.kid != seed.id) return fail(ErrorCode::unavailable, fmt::format("the key file {} is damaged: its id does not belong to its key", path));
  return key;
}

std::string sign(const SigningKey& key, std::string_view message) {
  start_sodium();
  std::string signature(crypto_sign_BYTES, '\0');
  crypto_sign_detached(bytes(signature), nullptr, bytes(message), message.size(), key.secret_key.data());
  return signature;
}

bool verify(const SigningKey& key, std::string_view message, std::string_view signature) {
  start_sodium();
  return signature.size() == crypto_sign_BYTES &&
         crypto_sign_verify_detached(bytes(signature), bytes(message), message.size(), key.public_key.data()) == 0;
}

}  // namespace stellwerk::config
