#pragma once
// The closed set of error codes and the value that carries one. HTTP statuses are mapped in api/http/problem.cpp only.

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace stellwerk {

enum class ErrorCode {
  invalid_argument,    ///< the input does not fit its declaration (422); see `malformed`
  malformed,           ///< the input cannot be parsed at all (400)
  unauthenticated,     ///< no or no valid proof of identity (401)
  permission_denied,   ///< known caller, not allowed (403)
  not_found,           ///< does not exist, or belongs to somebody else (404)
  conflict,            ///< the current state does not admit it (409)
  gone,                ///< existed once (410)
  precondition_failed, ///< a stated version does not match (412)
  resource_exhausted,  ///< a limit is reached; transient (429)
  unavailable,         ///< a part that is needed is not there; transient (503)
  deadline_exceeded,   ///< we do not know whether it happened: probe or repeat with the same key (504)
  cancelled,           ///< given up on request, e.g. at shutdown (503)
  internal,            ///< a bug of ours (500)
};

/// The code as it is written in logs and problem documents, e.g. "invalid_argument".
[[nodiscard]] std::string_view to_string(ErrorCode code);

/// True when the same call may succeed later without a change by the caller.
[[nodiscard]] bool is_transient(ErrorCode code);

/// One field of an input that is wrong: `pointer` is an RFC 6901 JSON pointer into the request body ("" is the whole body).
struct FieldProblem {
  std::string pointer;
  std::string message;
  friend bool operator==(const FieldProblem&, const FieldProblem&) = default;
};

/// What went wrong. The message says what was being done and never repeats the cause.
struct Error {
  ErrorCode code = ErrorCode::internal;
  std::string message;
  /// Machine-readable subcode for API clients ("busy", "incident_open", ...); empty: the code itself.
  std::string reason = {};
  std::vector<FieldProblem> fields = {};
  std::shared_ptr<const Error> cause = {};
  /// Of a transient error: after this long a repetition may go better; zero: soon.
  std::chrono::seconds retry_after = {};
};

/// The whole chain, outermost first, joined by ": ".
[[nodiscard]] std::string describe(const Error& error);

}  // namespace stellwerk
