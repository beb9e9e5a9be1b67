#include "connectors/drivers/certificate_pin.hpp"

#include <openssl/evp.h>
#include <openssl/x509_vfy.h>

#include <memory>

namespace stellwerk::connectors {
namespace {

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool matches(const X509* certificate, const Fingerprint& pin) {
  Fingerprint found{};
  unsigned int size = 0;
  return certificate != nullptr && X509_digest(certificate, EVP_sha256(), found.data(), &size) == 1 && size == found.size() && found == pin;
}

/// Takes the place of the chain's verification: a self-signed certificate has no chain.
int verify(X509_STORE_CTX* store, void* pin) {
  const bool good = matches(X509_STORE_CTX_get0_cert(store), *static_cast<const Fingerprint*>(pin));
  X509_STORE_CTX_set_error(store, good ? X509_V_OK : X509_V_ERR_CERT_REJECTED);
  return good ? 1 : 0;
}

}  // namespace

std::optional<Fingerprint> parse_fingerprint(std::string_view text) {
  Fingerprint pin{};
  std::size_t digits = 0;
  for (const char c : text) {
    if (c == ':' || c == ' ') continue;
    const int digit = digit_of(c);
    if (digit < 0 || digits == 2 * pin.size()) return std::nullopt;
    auto& byte = pin[digits / 2];
    byte = static_cast<unsigned char>(byte << 4 | digit);
    ++digits;
  }
  if (digits != 2 * pin.size()) return std::nullopt;
  return pin;
}

void pin_certificate(SSL_CTX* context, const Fingerprint& pin) {
  // OpenSSL takes a mutable pointer and hands it back untouched
  SSL_CTX_set_cert_verify_callback(context, verify, const_cast<Fingerprint*>(&pin));
}

bool has_fingerprint(SSL* connection, const Fingerprint& pin) {
  const std::unique_ptr<X509, decltype(&X509_free)> certificate{SSL_get1_peer_certificate(connection), X509_free};
  return matches(certificate.get(), pin);
}

}  // namespace stellwerk::connectors
