#pragma once
// The members of a request body, taken one by one. Whatever is wrong, and whatever nobody asked for, is told at once and by pointer.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.hpp"

namespace stellwerk::api {

class Members {
 public:
  /// `body` is an object and outlives this. `message` and `reason` are those of the error that finish() may give.
  Members(const Json& body, std::string message, std::string reason);

  /// A text of `min` to `max` bytes; with `min` 0 it may be left out or null, which gives "".
  [[nodiscard]] std::string text(std::string_view name, std::size_t min, std::size_t max);
  /// A whole number from `min` to `max`; left out: a problem.
  [[nodiscard]] std::int64_t number(std::string_view name, std::int64_t min, std::int64_t max);
  [[nodiscard]] std::int64_t number_or(std::string_view name, std::int64_t min, std::int64_t max, std::int64_t fallback);
  [[nodiscard]] bool flag_or(std::string_view name, bool fallback);
  /// Whatever it is; left out: null.
  [[nodiscard]] Json any(std::string_view name);
  /// An object; left out: {}.
  [[nodiscard]] Json object(std::string_view name);
  /// 1 to `most` texts.
  [[nodiscard]] std::vector<std::string> texts(std::string_view name, std::size_t most);
  /// Says what is wrong with a member, or with a part of it: `pointer` begins with '/'.
  void problem(std::string pointer, std::string message);
  [[nodiscard]] bool has_problems() const { return !error_.fields.empty(); }

  /// Errors: invalid_argument with every problem; a member that was never taken is one.
  [[nodiscard]] Result<void> finish();

 private:
  [[nodiscard]] const Json* take(std::string_view name);

  const Json& body_;
  Error error_;
  std::vector<std::string> known_;
};

/// The pointer of the first text (or name of a member) in `json` that holds U+0000: no database column takes it. Nothing: there is none.
[[nodiscard]] std::optional<std::string> find_nul(const Json& json);

}  // namespace stellwerk::api
