#pragma once
// A server known by the SHA-256 of its certificate instead of by an authority. Internal to drivers/.

#include <openssl/ssl.h>

#include <array>
#include <optional>
#include <string_view>

namespace stellwerk::connectors {

using Fingerprint = std::array<unsigned char, 32>;

/// Hexadecimal with or without colons, in either case; nullopt for anything else.
[[nodiscard]] std::optional<Fingerprint> parse_fingerprint(std::string_view text);

/// From now on a handshake under `context` succeeds exactly when the server's own certificate has this fingerprint.
/// `pin` must live as long as the handshake.
void pin_certificate(SSL_CTX* context, const Fingerprint& pin);

/// Whether the server of an established connection has it; also right for connections and sessions that are reused.
[[nodiscard]] bool has_fingerprint(SSL* connection, const Fingerprint& pin);

}  // namespace stellwerk::connectors
