#pragma once
// The parts of load_workflow(): what they share, and what each reads. Order: declarations, names of states and schedules, expressions'
// scopes, states with their transitions and steps, then the checks that need the whole.

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "workflows/definition.hpp"
#include "workflows/loader/reader.hpp"

namespace stellwerk::workflows::loading {

using namespace reading;

/// Bounds of one file: entries of each section, steps of one work or of one `each`.
inline constexpr std::size_t most_declared = 512;
inline constexpr std::size_t most_steps = 256;

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
  std::set<std::string, std::less<>> taken;  ///< inputs of `with` that some call has
  bool has_calls = false;
  bool lost = false;  ///< something of `defaults` could not be read
};

/// The events that start a run, for the type of `run.event`.
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
  std::vector<std::string> schedule_names;  ///< likewise
  std::vector<std::string> statuses;      ///< in use
  std::optional<Place> extends;           ///< of `extends` in the file that was asked for
  int state = -1;                         ///< the one that is being read; -1: none
  bool works_in_place = false;            ///< some transition of the state that is being read, or of the top level, has steps
  /// Where a transition leads could not be made out: what seems unreachable may not be.
  bool has_lost_ways = false;
  bool has_lost_events = false;  ///< likewise: `events` could not be read
  std::set<std::size_t> lost_waits;  ///< states whose `after` is there but could not be read
  std::vector<std::function<void()>> once_all_are_read;  ///< what needs the steps of every state: `confirmed_by`
};

// --- keys of each sort of map
[[nodiscard]] const KeySet& workflow_keys();
[[nodiscard]] const KeySet& state_keys();
[[nodiscard]] const KeySet& transition_keys();
[[nodiscard]] const KeySet& step_keys();
/// Words that cannot name states, steps and attributes.
[[nodiscard]] const std::vector<std::string>& reserved_words();

// --- declarations.cpp: header, settings, events, defaults
void read_header(Context& context, const Yaml& root);
void read_settings(Context& context, const Yaml& root);
void read_events(Context& context, const Yaml& root);
void read_call_defaults(Context& context, const Yaml& root);
/// Inputs under `defaults.call.with` that no call has.
void check_call_defaults(Context& context);
/// Fields declared in `yaml`; each entry of the map gives one.
[[nodiscard]] std::vector<Field> read_declared(Context& context, const Yaml& yaml, const std::vector<std::string>& extra);
[[nodiscard]] KeySet field_keys(std::string what, const std::vector<std::string>& more);
[[nodiscard]] std::vector<std::string> read_roles(Context& context, const Yaml* yaml, std::string_view key);
/// Kinds of actor that the product ships; others are free.
[[nodiscard]] const std::vector<std::string>& known_kinds();
/// The closed list of a kind's statuses; empty: free.
[[nodiscard]] const std::vector<std::string>& statuses_of(std::string_view kind);

// --- attributes.cpp
void read_attributes(Context& context, const Yaml& root);
/// The expressions of computed attributes, and the order in which they are reckoned.
void read_computed(Context& context, const Yaml& root, const Scope& base);

// --- scopes.cpp: what expressions may name
[[nodiscard]] Scope base_scope(const Context& context);
/// Adds `event`; nullptr: the event is not declared, its payload could be anything. `in_place`: in the steps that it starts, where its
/// payload is that of the run.
void add_event(const Context& context, Scope& scope, const EventSpec* event, bool in_place = false);
void add_run_event(const Context& context, Scope& scope, const RunEvents& events);
/// Adds `steps` with the results of these steps and of those within them.
void add_steps(const Context& context, Scope& scope, const std::vector<Step>& steps);
/// Adds `result`: of this step.
void add_result(const Context& context, Scope& scope, const Step& step);
/// `nullable`: there need not have been one.
void add_error(Scope& scope, bool nullable);
/// Adds the element of a list under `name`, and `index`.
void add_element(Scope& scope, const std::string& name, const cel::Type& list);

// --- references.cpp
/// Fills Definition::references from the declared attributes and payloads.
void find_references(Context& context);
/// `path.x` reads what the reference stands for; refused when nothing is known of its kind.
void add_reference(const Context& context, Scope& scope, const std::string& path, Reference::Source source, std::string_view name, const std::string& kind);
/// Notes the references among the slots that an expression reads.
void note_used(Context& context, const std::vector<int>& slots);

// --- run_events.cpp
/// For each state the events that may start a run in it, read from the file before the states are.
[[nodiscard]] std::vector<RunEvents> find_run_events(const Context& context, const Yaml& root);
/// Some transition of `on`, `after` or `schedule` of this map (a state or the whole file) has steps.
[[nodiscard]] bool has_steps_in_place(const Yaml& map, const KeySet& keys);

// --- expressions.cpp
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
/// A list, or a value whose type is decided at evaluation; for `in`.
[[nodiscard]] cel::Program read_list_expression(Context& context, const Yaml* yaml, const Scope& scope);
[[nodiscard]] Yaml empty_map(Place place);
[[nodiscard]] Yaml text_at(std::string text, Place place);

// --- crossings.cpp: what is said to other workflows, kept for check_across()
void note_create(Context& context, const std::string& kind, const Yaml& workflow, const Yaml* with, const Scope& scope);
void note_send(Context& context, const Yaml& actor, const std::string& event, Place place, const Yaml* with, const Scope& scope);

// --- times.cpp: moments and lengths of time
/// A key of `after`, or `every`: an ISO literal, or an expression that gives one of these types.
[[nodiscard]] cel::Program read_time(Context& context, std::string_view key, const Yaml& time, const Scope& scope, const std::vector<cel::Type::Base>& types);
/// `calendar` of an SLA clock: `workdays`, or a list of days with from and to.
[[nodiscard]] WorkingHours read_calendar(Context& context, const Yaml& yaml);

// --- effects.cpp
enum class EffectsOf {
  transition,  ///< all of them
  step,        ///< `action`, `save` and `each` mean something else there
};
/// Effects in `map`, in the order written.
[[nodiscard]] std::vector<LocalEffect> read_effects(Context& context, const Yaml& map, const KeySet& keys, const Scope& scope, EffectsOf of);
/// `entry`, `exit` and `do`: a list of effects, or one.
[[nodiscard]] std::vector<LocalEffect> read_effect_list(Context& context, const Yaml* yaml, std::string_view key, const Scope& scope, EffectsOf of = EffectsOf::transition);
/// The attribute, or the one that was meant, or -1; told unless it exists and may be written.
[[nodiscard]] int find_attribute(Context& context, std::string_view name, Place place);
/// `save`: what of `scope` goes into which attributes.
[[nodiscard]] std::vector<Save> read_save(Context& context, const Yaml& yaml, const Scope& scope);
/// `as` of an `each`; "item" when it is not there.
[[nodiscard]] std::string read_element_name(Context& context, const Yaml* yaml, const Scope& scope);

// --- transitions.cpp
struct TransitionRules {
  enum class Interrupts { never, may, must };
  std::string what;                 ///< "'done'": begins messages
  bool needs_to = false;
  Interrupts interrupts = Interrupts::never;  ///< in a working state: `interrupt` is a must
  std::string work = {};            ///< name of the steps that may be done in place; empty: none may
  const EventSpec* event = nullptr; ///< what starts them: an event; else a timer
};
[[nodiscard]] Transition read_transition(Context& context, const Yaml& yaml, const Scope& scope, const TransitionRules& rules, const KeySet& keys = transition_keys());
[[nodiscard]] Candidates read_candidates(Context& context, const Yaml& yaml, const Scope& scope, const TransitionRules& rules);
/// `on` of a working state, of a waiting one, or of the top level.
[[nodiscard]] std::map<std::string, Candidates, std::less<>> read_on(Context& context, const Yaml* yaml, const Scope& scope, bool works);
/// The state's index, or the one that was meant, or -1; told unless it exists.
[[nodiscard]] int find_state(Context& context, std::string_view name, Place place);
[[nodiscard]] int peek_state(const Context& context, std::string_view name);
/// The event that was meant; told unless it is declared.
[[nodiscard]] std::string find_event(Context& context, const std::string& name, Place place);

// --- states.cpp
void read_states(Context& context, const Yaml& root, const Scope& base);

// --- schedules.cpp
void find_schedule_names(Context& context, const Yaml& root);
void read_schedules(Context& context, const Yaml& root, const Scope& base);

// --- works.cpp
/// `steps`, `done` and `failed` of a state or transition, as an entry of Definition::works; its index. `scope` gets `steps`.
[[nodiscard]] int read_work(Context& context, const Yaml& map, const KeySet& keys, Work work, Scope& scope);

// --- steps.cpp
struct StepRules {
  std::string work;           ///< "state 'x'", for messages
  std::string within = {};    ///< "'parallel'" or "'each'": only plain steps; empty: any
  std::vector<std::string>& names;    ///< of all steps of the work so far
  bool may_have_failed = false;       ///< a step before these may have been passed over
  std::vector<Step> before = {};      ///< steps whose results are there already
};
[[nodiscard]] std::vector<Step> read_steps(Context& context, const Yaml& yaml, const Scope& scope, StepRules rules);
/// Call, action or local effects.
[[nodiscard]] bool is_plain(const Step& step);
/// A call or an action, or branches with one: only what is asked of the world outside proves something of it.
[[nodiscard]] bool asks_the_world(const Step& step);
// --- blocks.cpp: steps that wait, or hold other steps
[[nodiscard]] WaitStep read_wait(Context& context, const Yaml& yaml);
[[nodiscard]] ApproveStep read_approve(Context& context, const Yaml& yaml);
[[nodiscard]] ParallelStep read_parallel(Context& context, const Yaml& yaml, const Scope& scope, StepRules rules);
[[nodiscard]] EachStep read_each(Context& context, const Yaml& yaml, const Scope& scope, StepRules rules);
// --- calls.cpp: calls and actions
[[nodiscard]] CallStep read_call(Context& context, std::string_view name, const Yaml& step, Place place, const Scope& scope);
[[nodiscard]] ActionStep read_action(Context& context, const Yaml& step, Place place, const Scope& scope);
[[nodiscard]] ActionEffect read_action_effect(Context& context, const Yaml& map, const KeySet& keys, Place place, const Scope& scope);
/// One attempt may not last longer than all of them. `written`: `attempt_timeout`; nullptr: it is a default, which is cut short where needed.
void check_time_limits(Context& context, const Yaml* written, Duration attempt_timeout, Duration timeout);
[[nodiscard]] Retry read_retry(Context& context, const Yaml* yaml, Retry fallback);
/// `on_error`; `earlier` are the steps before this one, for `redo`; nullptr: within another step, where there is no way back.
void read_on_error(Context& context, const Yaml& yaml, Step& step, const std::vector<Step>* earlier);

// --- extends.cpp
/// The file's tree, with its base's merged in when it extends one: places of the base have file 1.
struct Resolved {
  Yaml root;
  std::vector<std::string> files;  ///< names, by Place::file
  std::string base;                ///< name of the base; empty: none
  std::optional<Place> extends;
};
[[nodiscard]] tl::expected<Resolved, std::vector<config::Problem>> resolve(const std::string& file_name, const std::string& text, const FindBase& find_base);

// --- checks.cpp: what only the whole shows
void check_whole(Context& context);

}  // namespace stellwerk::workflows::loading
