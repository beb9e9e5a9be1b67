#pragma once
// A driver speaks a protocol and knows no vendor. One of the four interfaces at the edge.

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/clock.hpp"
#include "core/result.hpp"

namespace stellwerk::connectors {

struct DriverRequest {
  std::string method;  ///< GET, POST, PUT, DELETE …
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::string pin;     ///< SHA-256 of the server's certificate, hex with or without colons; empty: usual verification
  Duration timeout = std::chrono::seconds{30};
  std::string key;     ///< idempotency key of the attempt, for drivers and logs
  /// Asked before the connection is sought, and again right before the first byte leaves, on the driver's thread: whether this node may
  /// still act. False: not sent, code "lease". None: always.
  std::function<bool()> may_leave = {};
};

struct DriverResponse {
  enum class Failure {
    none,
    not_sent,   ///< no byte of the request left (refused, unresolved, TLS failed, dropped before sending)
    uncertain,  ///< it may have arrived: timeout, reset, truncated answer
  };
  Failure failure = Failure::none;
  std::string failure_text;  ///< e.g. "connection refused", "timed out after 30 s"
  std::string failure_code;  ///< "refused", "timeout", "reset", "tls", "resolve", "truncated", "lease"
  int status = 0;
  std::string reason;        ///< phrase of the status line: some vendors put the only error text there
  std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case
  std::string body;          ///< at most 4 MiB, else failure uncertain "truncated"

  /// Not sent, because DriverRequest::may_leave said so.
  [[nodiscard]] bool was_withheld() const { return failure == Failure::not_sent && failure_code == "lease"; }
};

/// send() may be called from any thread; `done` is called exactly once, on the driver's thread (it must not block there).
/// After stop() every request under way ends as uncertain.
class Driver {
 public:
  virtual ~Driver() = default;
  virtual void send(DriverRequest request, std::function<void(DriverResponse)> done) = 0;
  virtual void stop() = 0;
};

/// HTTP/1.1 over libcurl's multi interface: one thread, many connections, keep-alive; no redirects, no proxy from the environment,
/// no HTTP/2 (the reason phrase is needed).
[[nodiscard]] std::unique_ptr<Driver> make_http_driver();
/// A response to a request that did not leave because the node's lease is over.
[[nodiscard]] DriverResponse withheld_response();
/// Answers 200 {} at once, in the caller's thread, after appending the key and a newline to `path` with one write(2) ("" = nowhere).
[[nodiscard]] std::unique_ptr<Driver> make_noop_driver(const std::string& path);

}  // namespace stellwerk::connectors
