#pragma once
// The parts of load_workflow(): what they share, and what each reads. Order: declarations, names of states, expressions' scopes,
// states with their transitions and steps, then the checks that need the whole.

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "workflows/definition.hpp"
#include "workflows/reader.hpp"

namespace stellwerk::workflows::loading {

using namespace reading;

/// What expressions at one place may name. `open` lacks everything secret: an expression that only compiles against `all` leaks.
struct Scope {
  cel::Environment all;
  cel::Environment open;
  bool secrets = false;  ///< the two differ
};

/// `defaults.call`.
struct CallDefaults {
  const Yaml* with = nullptr;
  const Yaml* on_server = nullptr;
  Retry retry;
  Duration attempt_timeout = std::chrono::seconds{30};
  Duration timeout = std::chrono::hours{1};
  Duration patience = std::chrono::hours{4};
};

/// The events that start a run in a state, for the type of `run.event`.
struct RunEvents {
  std::set<std::string> names;
  bool also_none = false;  ///< a timer may start it too
};

struct Context {
  Report& report;
  const Catalog& catalog;
  Definition& definition;
  CallDefaults defaults;
  std::vector<RunEvents> run_events;      ///< by state
  std::vector<std::string> state_names;   ///< in order; known before the states are read
  std::vector<std::string> statuses;      ///< in use
  /// Where a transition leads could not be made out: what seems unreachable may not be.
  bool has_lost_ways = false;
  bool has_lost_events = false;  ///< likewise: `events` could not be read
  std::vector<std::function<void()>> once_all_are_read;  ///< what needs the steps of every state: `confirmed_by`
};

// --- keys of each sort of map
[[nodiscard]] const KeySet& workflow_keys();
[[nodiscard]] const KeySet& state_keys();
[[nodiscard]] const KeySet& transition_keys();
[[nodiscard]] const KeySet& step_keys();
/// Words that cannot name states, steps and attributes.
[[nodiscard]] const std::vector<std::string>& reserved_words();

// --- loader_declarations.cpp: header, settings, attributes, events, defaults
void read_header(Context& context, const Yaml& root);
void read_settings(Context& context, const Yaml& root);
void read_attributes(Context& context, const Yaml& root);
void read_events(Context& context, const Yaml& root);
void read_call_defaults(Context& context, const Yaml& root);
/// Kinds of actor that the product ships; others are free.
[[nodiscard]] const std::vector<std::string>& known_kinds();
/// The closed list of a kind's statuses; empty: free.
[[nodiscard]] const std::vector<std::string>& statuses_of(std::string_view kind);

// --- loader_scopes.cpp: what expressions may name
[[nodiscard]] Scope base_scope(const Context& context);
/// Adds `event`; nullptr: the event is not declared, its payload could be anything.
void add_event(Scope& scope, const EventSpec* event);
void add_run_event(Scope& scope, const Context& context, const RunEvents& events);
/// Adds `steps` with the results of these steps.
void add_steps(Scope& scope, const std::vector<const Step*>& steps);
void add_result(Scope& scope, const std::vector<Field>& output);
/// `nullable`: there need not have been one.
void add_error(Scope& scope, bool nullable);
/// For each state the events that may start a run in it, read from the file before the states are.
[[nodiscard]] std::vector<RunEvents> find_run_events(const Context& context, const Yaml& root);

// --- loader_expressions.cpp
/// A key that asks: CEL. Empty when `yaml` is nullptr or does not compile.
[[nodiscard]] cel::Program read_expression(Context& context, const Yaml* yaml, std::string_view key, const Scope& scope, const cel::Type& expected,
                                           bool secrets_allowed = false);
/// A value that gives, of any type.
[[nodiscard]] cel::Template read_template(Context& context, const Yaml& yaml, const Scope& scope, bool secrets_allowed = false);
/// A value for a declared field: must fit its type. `what` begins the message: "'cores'".
[[nodiscard]] cel::Template read_value(Context& context, const Yaml& yaml, const Scope& scope, const Field& field, std::string_view what);
/// A map of values as one template; nothing written gives an empty map.
[[nodiscard]] cel::Template read_map(Context& context, const Yaml* yaml, std::string_view key, const Scope& scope);
/// A template without checks, for maps whose values were read one by one.
[[nodiscard]] cel::Template compile_quietly(const Yaml& yaml, const Scope& scope);
[[nodiscard]] Yaml empty_map(Place place);

// --- loader_effects.cpp
/// Effects of `set`, `notify`, `send`, `emit`, `create` and `do` in `map`, in the order written.
[[nodiscard]] std::vector<LocalEffect> read_effects(Context& context, const Yaml& map, const KeySet& keys, const Scope& scope);
/// `entry` and `exit`: a list of effects, or one.
[[nodiscard]] std::vector<LocalEffect> read_effect_list(Context& context, const Yaml* yaml, std::string_view key, const Scope& scope);
/// The attribute, or the one that was meant, or -1; told unless it exists.
[[nodiscard]] int find_attribute(Context& context, std::string_view name, Place place);

// --- loader_transitions.cpp
struct TransitionRules {
  std::string what;                 ///< "'done'": begins messages
  bool needs_to = false;
  bool interrupts = false;          ///< in a working state: `interrupt` is a must; elsewhere it is refused
};
[[nodiscard]] Candidates read_candidates(Context& context, const Yaml& yaml, const Scope& scope, const TransitionRules& rules);
/// `on` of a state or of the top level.
[[nodiscard]] std::map<std::string, Candidates, std::less<>> read_on(Context& context, const Yaml* yaml, const Scope& scope, bool interrupts);
/// The state's index, or the one that was meant, or -1; told unless it exists.
[[nodiscard]] int find_state(Context& context, std::string_view name, Place place);
[[nodiscard]] int peek_state(const Context& context, std::string_view name);

// --- loader_states.cpp
void read_states(Context& context, const Yaml& root);

// --- loader_steps.cpp
void read_steps(Context& context, const Yaml& yaml, State& state, const Scope& scope);
// --- loader_calls.cpp: calls and actions
[[nodiscard]] CallStep read_call(Context& context, const Yaml& step, Place place, const Scope& scope);
[[nodiscard]] ActionStep read_action(Context& context, const Yaml& step, Place place, const Scope& scope);
[[nodiscard]] Retry read_retry(Context& context, const Yaml* yaml, Retry fallback);
/// `on_error`; `steps` are those before this one, for `redo`.
void read_on_error(Context& context, const Yaml& yaml, Step& step, const std::vector<Step>& steps);

// --- checks.cpp: what only the whole shows
void check_whole(Context& context);

}  // namespace stellwerk::workflows::loading
