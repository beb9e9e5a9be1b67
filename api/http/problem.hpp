#pragma once
// Problem documents (RFC 9457) and the one mapping of error codes to HTTP statuses.

#include <string_view>

#include "api/http/server.hpp"

namespace stellwerk::http {

[[nodiscard]] int status_of(ErrorCode code);

/// A problem of HTTP itself that has no error code: 405, 413, 431, 505 … Its type is "/problems/<slug of the title>".
[[nodiscard]] Response protocol_problem(int status, std::string_view detail, std::string_view trace_id);

}  // namespace stellwerk::http
