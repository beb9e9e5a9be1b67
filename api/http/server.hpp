#pragma once
// HTTP/1.1 server: Pistache's listener and reactor under a transport, parser checks and write path of our own.
// Free of Pistache: this is all that routes, sandbox and app see.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/settings.hpp"
#include "core/json.hpp"
#include "core/result.hpp"

namespace stellwerk::http {

enum class Method { get, head, post, put, patch, delete_, options };
[[nodiscard]] std::string_view to_string(Method method);

using Headers = std::vector<std::pair<std::string, std::string>>;

/// A complete, checked request. Path segments, query names and values are percent-decoded UTF-8 without NUL.
struct Request {
  Method method = Method::get;
  std::string target;                                      ///< as sent, e.g. "/api/tickets?limit=5"
  std::string path;                                        ///< decoded; segments() are split before decoding, so %2F stays inside one
  std::map<std::string, std::string, std::less<>> params;  ///< `{id}` of the route's pattern
  std::vector<std::pair<std::string, std::string>> query;  ///< in order, duplicates kept
  Headers headers;                                         ///< names in lower case, values trimmed; repeated names are kept in order
  std::string body;
  std::string peer;                                        ///< address of the connection, "127.0.0.1"
  std::string trace_id;                                    ///< 32 hex digits: from a valid `traceparent`, else fresh

  /// First value of a header (lower-case name) or nullptr.
  [[nodiscard]] const std::string* header(std::string_view name) const;
  /// First value of a query parameter or nullptr.
  [[nodiscard]] const std::string* query_value(std::string_view name) const;
  [[nodiscard]] const std::string& param(std::string_view name) const;
};

struct Response {
  int status = 200;
  std::string reason;  ///< reason phrase; empty: the standard one of the status
  Headers headers;     ///< Content-Length, Connection and Date are added by the server
  std::string body;
};

[[nodiscard]] Response json_response(int status, const Json& body);
/// application/problem+json (RFC 9457): type "/problems/<reason or code>", title, status, detail, trace_id, errors [{pointer, message}].
/// Adds Retry-After to 429 and 503: the seconds that the error names, at least 1.
[[nodiscard]] Response problem_response(const Error& error, std::string_view trace_id);

/// A chunked answer that any thread may feed; used by server-sent events. Copies share the stream.
class Stream {
 public:
  Stream();
  struct State;
  explicit Stream(std::shared_ptr<State> state);
  /// Queues bytes. False when the client is gone or does not read (backlog over 1 MB): then the connection is closed.
  bool write(std::string_view bytes);
  /// Ends the answer.
  void close();
  [[nodiscard]] bool is_open() const;

 private:
  std::shared_ptr<State> state_;
};

/// The right to answer one request, once, from any thread. When the last copy goes without an answer, the client gets 500.
class Reply {
 public:
  struct State;
  Reply();
  explicit Reply(std::shared_ptr<State> state);
  /// Sends the answer; later calls are ignored. Harmless when the client has left.
  void send(Response response) const;
  void send(int status, const Json& body) const { send(json_response(status, body)); }
  void problem(const Error& error) const;
  /// Sends the head and keeps the answer open (Transfer-Encoding: chunked). Such a connection has no answer timeout.
  [[nodiscard]] Stream stream(Response head) const;
  /// Closes the connection without an answer; counts as the answer. For simulators that have to behave badly.
  void abort() const;
  /// True when the client has left: expensive work may stop.
  [[nodiscard]] bool abandoned() const;

 private:
  std::shared_ptr<State> state_;
};

/// Runs on an io thread: it must not block. It may keep the Reply and answer later from any thread.
/// An exception is answered with 500 and logged; its text is not sent.
using Handler = std::function<void(Request&& request, Reply reply)>;

/// Path patterns to handlers. Segments are literal or `{name}`; a last segment `{name...}` takes the rest. Literals win over
/// parameters. Unknown path: 404; known path, other method: 405 with Allow; HEAD falls back to GET, OPTIONS is answered with Allow.
class Router {
 public:
  Router();
  ~Router();
  Router(Router&&) noexcept;
  Router& operator=(Router&&) noexcept;
  void add(Method method, std::string_view pattern, Handler handler);
  /// Every (method, pattern), in order of addition.
  [[nodiscard]] std::vector<std::pair<Method, std::string>> routes() const;
  struct Node;
  /// Finds the handler and fills request.params, or answers 404/405 itself.
  void dispatch(Request&& request, Reply reply) const;

 private:
  std::unique_ptr<Node> root_;
  std::vector<std::pair<Method, std::string>> routes_;
};

/// Owns the io threads. start() once; stop() drains: no new connections, idle ones closed, answers under way finished within
/// settings.drain_timeout. Limits and timeouts are those of config::HttpSettings.
class Server {
 public:
  Server(config::HttpSettings settings, Router router);
  ~Server();
  /// Binds "host:port" (port 0: any free) and serves. Returns the port. Errors: unavailable (address in use), invalid_argument.
  [[nodiscard]] Result<std::uint16_t> start();
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace stellwerk::http
