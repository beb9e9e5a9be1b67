#pragma once
// The typed form of a connector file: every expression compiled against the operation that uses it. Immutable.

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "connectors/connector.hpp"
#include "connectors/outcome.hpp"
#include "workflows/catalog.hpp"
#include "workflows/cel/cel.hpp"

namespace stellwerk::connectors {

namespace cel = workflows::cel;

/// Slots of the frame that expressions of a connector read. Lookups of the operation follow at `first_lookup`, in running order.
namespace slot {
inline constexpr int input = 0;
inline constexpr int settings = 1;     ///< with secrets; only requests see those
inline constexpr int server = 2;       ///< the server's settings without secrets
inline constexpr int actor_id = 3;     ///< actor.id
inline constexpr int attempt_key = 4;  ///< attempt.key
inline constexpr int response = 5;     ///< status, reason, headers, body, raw, parse_error
inline constexpr int handle = 6;
inline constexpr int first_lookup = 7;
}  // namespace slot

enum class Parse { json, text };

using NamedTemplates = std::vector<std::pair<std::string, cel::Template>>;

/// One HTTP request. At most one of form, json and body is given; a value that is null is left out.
struct RequestSpec {
  std::string method;
  cel::Template path;  ///< appended to settings.base_url
  NamedTemplates query, headers, form;
  cel::Template json;
  cel::Template body;
  Parse parse = Parse::json;
};

/// One line of an outcome list.
struct Rule {
  OutcomeClass is = OutcomeClass::unclear;
  cel::Program when;  ///< none: always
  std::string code;   ///< empty: name of the class
  cel::Template text;
  cel::Template handle;
  std::optional<Duration> after;
  std::string hold;
  bool look = false;  ///< ask the probe before this outcome is believed
};
using Rules = std::vector<Rule>;

/// A named read, or (without a request) a value computed from other lookups. Null when something it needs is null.
struct Lookup {
  std::string name;
  int slot = -1;
  std::vector<int> needs;  ///< slots
  std::optional<RequestSpec> request;
  cel::Program value;
  cel::Program absent;  ///< true: the answer says that the thing does not exist; the value is null
  Rules outcomes;       ///< what a refusal means, before the connector's own list
  bool first = false;   ///< the value is a list; take its first item or null
};

struct Poll {
  RequestSpec request;
  Duration from{}, to{};
  double backoff = 1;
  Rules outcomes;
};

struct Probe {
  std::vector<std::size_t> lookups;  ///< indices into SimpleOperation::lookups, in running order
  Rules outcomes;
  bool before = false;  ///< also before every attempt
};

struct SimpleOperation {
  std::string name;
  workflows::Effect effect = workflows::Effect::reads;
  std::vector<workflows::Field> input, output;
  std::vector<cel::Program> output_values;  ///< by position in `output`
  std::vector<std::string> identity;        ///< inputs that make a second create collide
  std::vector<Lookup> lookups;              ///< every lookup this operation may run, needed ones first
  std::vector<std::size_t> execute_lookups; ///< those before each attempt
  std::optional<std::pair<int, cel::Program>> owns;  ///< slot of the lookup, and the proof; checked when it must be ours
  std::optional<Probe> probe;
  Rules before;                             ///< decided after the lookups, before the request
  RequestSpec request;
  Rules outcomes;                           ///< its own
  Rules common;                             ///< the connector's
  std::optional<Poll> poll;
  std::optional<Duration> settle;
  std::string undo;                         ///< operation of this connector, or empty
  bool repeatable = true;

  [[nodiscard]] bool changes() const { return effect != workflows::Effect::reads; }
};

/// One step of a composite operation.
struct CompositeEntry {
  std::string name;
  std::string operation;
  NamedTemplates with;
};

struct CompositeOperation {
  std::string name;
  workflows::Effect effect = workflows::Effect::sets;
  std::vector<workflows::Field> input;
  std::vector<CompositeEntry> entries;
  std::string undo;
};

struct Connector::Definition {
  std::string name, driver;
  std::vector<workflows::Field> settings;
  cel::Template pin;
  NamedTemplates auth_headers;
  std::vector<Limit> limits;
  /// By position in `limits` and name of the simple operation: the compiled text of `shared`.
  std::map<std::pair<std::size_t, std::string>, cel::Template> limit_texts;
  std::string health;  ///< operation that reads and needs no input, or empty
  std::map<std::string, SimpleOperation, std::less<>> simple;
  std::map<std::string, CompositeOperation, std::less<>> composite;
  std::vector<std::string> order;  ///< names of all operations as in the file

  [[nodiscard]] const SimpleOperation* find_simple(std::string_view name) const;
  [[nodiscard]] const CompositeOperation* find_composite(std::string_view name) const;
  /// The simple operation that a call runs: itself, or that of its entry `sub`; nullptr when there is none.
  [[nodiscard]] const SimpleOperation* resolve(std::string_view operation, int sub) const;
};

/// The frame before anything was sent: the call's own values, everything else null. `lookups`: how many slots follow.
[[nodiscard]] std::vector<cel::Value> make_frame(const Connector::Definition& definition, const Call& call, const std::vector<workflows::Field>& input_fields,
                                                 const Json& input, std::size_t lookups);

/// The checked input of the simple operation that a call runs; for an entry of a composite, its `with` over the call's input.
/// Errors: invalid_argument (does not fit the declaration), not_found (no such operation).
[[nodiscard]] Result<Json> simple_input(const Connector::Definition& definition, const Call& call);

}  // namespace stellwerk::connectors
