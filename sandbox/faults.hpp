#pragma once
// Scripted misbehaviour: rules that match calls and say what goes wrong.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/http/server.hpp"
#include "core/clock.hpp"
#include "core/json.hpp"
#include "core/result.hpp"
#include "sandbox/calls.hpp"

namespace stellwerk::sandbox {

enum class FaultKind {
  refuse,              ///< the connection is closed, nothing happens
  timeout_before,      ///< nothing happens, no answer for `seconds`, then the connection is closed
  timeout_after,       ///< it happens, but no answer
  close_after,         ///< it happens, then the connection is closed
  status,              ///< nothing happens, `status reason` and `body` are answered
  error_after,         ///< it happens, then an error is answered
  latency,             ///< the answer comes `ms` later; other rules still apply
  task_error,          ///< the task ends with `exitstatus`, without its effect
  task_warnings,       ///< the task ends with "WARNINGS: count"
  wrong_content_type,  ///< it happens; the answer carries `content_type` (and `body`, if given)
  truncated,           ///< it happens; the answer's JSON ends in the middle
  down,                ///< like refuse, or like status when one is given; until `until`
  stranger_takes,      ///< just before a clone somebody else makes a guest with its newid
};

/// As rules write it: "timeout_after" …
[[nodiscard]] std::string_view to_string(FaultKind kind);

struct FaultRule {
  FaultKind kind = FaultKind::refuse;
  std::string method, path, operation;  ///< empty: any. A path may hold '*' (any characters) and '?' (one)
  int vmid = 0;                         ///< 0: any; of a clone the source or the new one
  std::optional<std::int64_t> times;    ///< how often it still strikes; nothing: for ever
  std::int64_t after = 0;               ///< matching calls it still lets pass
  std::int64_t hits = 0;
  int status = 0;
  std::string reason;
  std::string body;
  http::Headers headers;
  Duration delay{};  ///< of latency and timeouts, in real time
  std::string exit_status;
  int warnings = 1;
  std::string content_type;
  std::optional<Time> until;  ///< virtual time at which the rule is over
};

/// A call as rules see it.
struct CallView {
  std::string_view method;
  std::string_view path;       ///< decoded
  std::string_view operation;  ///< "" for a path that we do not know
  bool makes_task = false;
  int vmid = 0;
  int new_id = 0;
};

/// What strikes one call.
struct Strike {
  std::optional<FaultRule> rule;
  Duration latency{};
};

class FaultBook {
 public:
  /// Errors: invalid_argument, with the member that is wrong. `now` is the virtual time that "for" counts from.
  [[nodiscard]] static Result<FaultRule> read_rule(const Json& rule, Time now);

  void add(FaultRule rule) { rules_.push_back(std::move(rule)), changed_ = true; }
  void clear() { rules_.clear(), changed_ = true; }
  /// The first rule that fits and is not used up, plus all fitting latencies. Counts.
  [[nodiscard]] Strike strike(const CallView& call, Time now);
  /// In a form that read_rule() takes.
  [[nodiscard]] JsonArray render() const;
  /// True once after a change.
  [[nodiscard]] bool take_changed() { return std::exchange(changed_, false); }

 private:
  std::vector<FaultRule> rules_;
  bool changed_ = false;
};

/// True when `text` fits a pattern with '*' and '?'.
[[nodiscard]] bool fits_glob(std::string_view pattern, std::string_view text);

}  // namespace stellwerk::sandbox
