#pragma once
// Reply and Stream over a connection.

#include <memory>
#include <string>

#include "api/http/outlet.hpp"
#include "api/http/reply.hpp"

namespace stellwerk::http {

/// A chunked answer may run this far ahead of its client.
inline constexpr std::size_t max_stream_backlog = 1024 * 1024;

[[nodiscard]] Reply make_connection_reply(std::shared_ptr<Outlet> outlet, std::weak_ptr<Connection> connection, std::uint64_t sequence, std::shared_ptr<Exchange> exchange,
                                          std::string trace_id);

}  // namespace stellwerk::http
