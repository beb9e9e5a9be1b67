#pragma once
// What an execution is made of: frames, requests, answers as values, outcome lists. Internal to connectors/.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/definition.hpp"
#include "core/masking.hpp"
#include "core/result.hpp"

namespace stellwerk::connectors {

using SecretMap = std::map<std::string, config::Secret>;

/// Expressions over a whole cluster's resources visit every guest: far more than a decision may cost.
inline constexpr cel::Budget answer_budget{.steps = 2'000'000, .bytes = 32u << 20};
/// Longest text of an outcome, in bytes; what is kept of it is shorter (limits.vendor_text), but secrets are masked before.
inline constexpr std::size_t max_text = 128 * 1024;
/// Longest name of a vendor's task, in bytes: it is kept with the attempt, and never cut.
inline constexpr std::size_t max_handle = 4 * 1024;
/// Largest answer that is read, in bytes; the driver's own bound.
inline constexpr std::size_t max_answer = 4 << 20;

/// The bytes to send. Errors: invalid_argument when an expression fails or gives what cannot stand in a request (a path with
/// blanks, a header with a line break); the message never quotes a value.
[[nodiscard]] Result<DriverRequest> build_request(const Connector::Definition& definition, const RequestSpec& spec, const Call& call, const std::vector<cel::Value>& frame);

/// Only the unreserved characters of RFC 3986 stay; good for queries and for application/x-www-form-urlencoded.
[[nodiscard]] std::string percent_encode(std::string_view text);

/// An answer as expressions see it.
struct Answer {
  cel::Value value;          ///< status, reason, headers, body, raw, parse_error
  int status = 0;
  bool parse_error = false;
  [[nodiscard]] bool ok() const { return status >= 200 && status < 300; }
};
[[nodiscard]] Answer read_answer(const DriverResponse& response, Parse parse);
/// The vendor's own words: the reason phrase, and what the body adds to it.
[[nodiscard]] std::string words_of(const Answer& answer);

/// The first rule that holds, or nullptr. Errors: the expression that failed, with its source.
[[nodiscard]] Result<const Rule*> first_match(const Rules& rules, const std::vector<cel::Value>& frame);
/// The outcome a rule states. `answer` may be null (nothing was asked). Errors: text or handle cannot be made.
[[nodiscard]] Result<Outcome> state_outcome(const Rule& rule, const std::vector<cel::Value>& frame, const Answer* answer);

/// Secrets of the call by name, and its inputs that are declared secret.
[[nodiscard]] SecretMap all_secrets(const Call& call, const std::vector<workflows::Field>& input_fields, const Json& input);
/// Valid UTF-8 without NUL, secrets masked, at most max_text bytes: what is longer is shortened, and says so.
[[nodiscard]] std::string clean_text(std::string text, const SecretMap& secrets);
/// The same for every text inside an output.
[[nodiscard]] Json clean_output(Json json, const SecretMap& secrets);
[[nodiscard]] Masker masker_of(const SecretMap& secrets);

}  // namespace stellwerk::connectors
