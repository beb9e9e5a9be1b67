#pragma once
// Byte-level checks of a request head, made before anything else looks at it (RFC 9110, RFC 9112). Where the RFCs leave a choice
// the strict one is taken: what a proxy in front might read differently is refused, because that is how requests are smuggled.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "api/http/server.hpp"

namespace stellwerk::http {

/// Why a connection is ended: the status to answer with, and a sentence for the client.
struct Refusal {
  int status = 400;
  std::string why;
};

enum class Framing { none, length, chunked };

/// A head that passed. Names are in lower case, values trimmed.
struct Head {
  std::string method;  ///< one of the seven of `Method`
  std::string target;  ///< begins with '/', or is "*" (OPTIONS)
  bool http11 = true;  ///< else 1.0
  Headers headers;
  Framing framing = Framing::none;
  std::int64_t content_length = 0;  ///< of Framing::length
  bool keep_alive = true;
  bool expects_continue = false;
};

struct HeadLimits {
  std::int64_t max_head_bytes = 16 * 1024;
  std::int64_t max_body_bytes = 1024 * 1024;
};

/// Looks for the end of a head in the bytes received so far; `scanned` remembers how far it looked (start with 0). Returns the length
/// of the head with its empty line, or nothing when bytes are missing. Errors: 400 (a line that does not end in CRLF, a first byte that
/// cannot begin a method), 431 (longer than `max_bytes`).
[[nodiscard]] tl::expected<std::optional<std::size_t>, Refusal> find_head_end(std::string_view bytes, std::size_t& scanned, std::int64_t max_bytes);

/// Checks and takes apart a whole head, with its empty line. Errors: 400, 413, 417, 431, 501, 505.
[[nodiscard]] tl::expected<Head, Refusal> check_head(std::string_view head, const HeadLimits& limits);

[[nodiscard]] bool is_token(std::string_view text);
/// A field value without control characters (tab allowed).
[[nodiscard]] bool is_field_value(std::string_view text);
[[nodiscard]] std::string_view trim_blanks(std::string_view text);
[[nodiscard]] std::string to_lower(std::string_view text);
/// The value of a `Host` header: a registered name, IPv4 or bracketed IPv6 address, with an optional port.
[[nodiscard]] bool is_host(std::string_view text);

}  // namespace stellwerk::http
