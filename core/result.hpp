#pragma once
// Result<T>: the one error idiom. Replaceable by std::expected once every supported compiler has it.

#include <tl/expected.hpp>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "core/error.hpp"

namespace stellwerk {

template <class T>
using Result = tl::expected<T, Error>;

/// An error as the return value of any function that returns a Result.
[[nodiscard]] inline tl::unexpected<Error> fail(ErrorCode code, std::string message, std::string reason = {}) {
  return tl::unexpected<Error>(Error{code, std::move(message), std::move(reason)});
}
[[nodiscard]] inline tl::unexpected<Error> fail(Error error) { return tl::unexpected<Error>(std::move(error)); }

/// Adds what the caller was doing; keeps code, reason, fields and retry_after of the cause.
[[nodiscard]] inline tl::unexpected<Error> wrap(Error cause, std::string doing) {
  Error outer{cause.code, std::move(doing), cause.reason, cause.fields, nullptr, cause.retry_after};
  outer.cause = std::make_shared<const Error>(std::move(cause));
  return tl::unexpected<Error>(std::move(outer));
}

[[noreturn]] inline void broken_invariant(const char* what, const char* file, int line) {
  std::fprintf(stderr, "stellwerk: broken invariant at %s:%d: %s\n", file, line, what);
  std::abort();
}

}  // namespace stellwerk

#define STELLWERK_CONCAT_(a, b) a##b
#define STELLWERK_CONCAT(a, b) STELLWERK_CONCAT_(a, b)
#define STELLWERK_TRY_(tmp, decl, expr)               \
  auto tmp = (expr);                                  \
  if (!tmp) return ::tl::unexpected(std::move(tmp).error()); \
  decl = std::move(tmp).value()
/// `STELLWERK_TRY(auto x, f());` leaves the function with f's error, or declares x.
#define STELLWERK_TRY(decl, expr) STELLWERK_TRY_(STELLWERK_CONCAT(result_, __LINE__), decl, expr)
/// The same for Result<void>.
#define STELLWERK_CHECK(expr)                                                                 \
  do {                                                                                        \
    if (auto checked_ = (expr); !checked_) return ::tl::unexpected(std::move(checked_).error()); \
  } while (false)
/// A broken invariant is a bug, not an error.
#define STELLWERK_ASSERT(condition, what) \
  do {                                    \
    if (!(condition)) ::stellwerk::broken_invariant(what, __FILE__, __LINE__); \
  } while (false)
