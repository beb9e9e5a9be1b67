#pragma once
// From a Response to the bytes of its head. The body follows as it is.

#include <string>
#include <string_view>

#include "api/http/server.hpp"

namespace stellwerk::http {

/// The registered phrase of a status, "Unknown" for others.
[[nodiscard]] std::string_view standard_reason(int status);

/// True for the statuses that never carry a body (204, 304).
[[nodiscard]] bool is_bodiless(int status);

struct HeadOptions {
  bool keep_alive = true;
  bool chunked = false;        ///< an open-ended answer
  bool until_close = false;    ///< an open-ended answer to HTTP/1.0: ends with the connection
};

/// Whether a handler's answer can be sent: status 200..599, header names are tokens, values hold no control characters.
[[nodiscard]] bool is_sendable(const Response& response);

/// Status line and headers with the empty line. Content-Length, Transfer-Encoding, Connection and Date are the server's; those
/// of the handler are left out. Content-Length is the size of response.body, also when a HEAD answer is sent without it.
[[nodiscard]] std::string render_head(const Response& response, const HeadOptions& options);

/// "Sat, 21 Nov 2026 08:00:00 GMT", renewed once a second.
[[nodiscard]] const std::string& http_date();

}  // namespace stellwerk::http
