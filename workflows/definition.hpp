#pragma once
// The typed form of a workflow file: everything resolved, every expression compiled. Immutable; shared by all actors of a revision.

#include <bitset>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "config/yaml.hpp"
#include "workflows/catalog.hpp"
#include "workflows/cel/cel.hpp"
#include "workflows/types.hpp"

namespace stellwerk::workflows {

/// Slots of the frame that expressions read. Attributes follow at `first_attribute`, in declaration order; then settings.
namespace slot {
inline constexpr int now = 0;        ///< timestamp
inline constexpr int id = 1;         ///< self.id
inline constexpr int state = 2;      ///< self.state
inline constexpr int status = 3;     ///< self.status
inline constexpr int event = 4;      ///< payload of the event in hand
inline constexpr int run_event = 5;  ///< run.event: payload of the event that started the run
inline constexpr int result = 6;     ///< of the step just done (in `save`)
inline constexpr int steps = 7;      ///< steps.<name>.<field>: results of the run so far
inline constexpr int error = 8;      ///< class, code, text, step, operation
inline constexpr int tenant = 9;
inline constexpr int customer = 10;  ///< self.customer: the owner's id
inline constexpr int today = 11;     ///< date in the tenant's zone
inline constexpr int zone = 12;      ///< the tenant's IANA zone, which calendar operations reckon in
inline constexpr int item = 13;      ///< the element in hand of an `each`, under the name given by `as`
inline constexpr int index = 14;     ///< … and its number, from 0
inline constexpr int first_attribute = 15;
}  // namespace slot

/// A text by language ("en", "de"); one that was written as a single string stands under "en".
using Titles = std::map<std::string, std::string, std::less<>>;

struct Attribute {
  Field field;
  bool personal = false;
  std::vector<std::string> edit;     ///< roles that may change it through the API
  std::vector<std::string> show_to;  ///< of a one-time secret: who may see it once ("owner")
  cel::Program value;                ///< computed: read-only, evaluated in every decision; empty: an ordinary attribute
  Titles titles;
  config::Place place = {};
  [[nodiscard]] bool is_computed() const { return static_cast<bool>(value); }
};

/// A knob that operators turn without a new revision; actor over product over customer group over tenant over the default.
struct Setting {
  Field field;        ///< with fallback
  Titles titles;
  cel::Value initial;  ///< the fallback as expressions see it
};

/// Something outside the actor that expressions read through a reference: `self.plan.cores`, `event.plan.cores`.
/// One slot each, holding a map of the row's fields, or null while the reference is null.
struct Reference {
  enum class Source { attribute, event, run_event, customer } source = Source::attribute;
  std::string name;      ///< of the attribute or payload field that holds the id
  int attribute = -1;    ///< its index, for Source::attribute
  std::string kind;      ///< "plan", "server", "invoice" …: see Catalog::kinds
  bool used = false;     ///< some expression reads it; others are not fetched
  cel::Type type = {};   ///< how its fields are read: the record that expressions were checked against; dyn: as they stand in JSON
};

enum class Busy { refuse, defer };

struct EventSpec {
  std::string name;
  std::vector<Field> with;
  std::vector<std::string> allow;  ///< roles; not empty: a command
  std::vector<std::string> from;   ///< kinds of sender
  Busy busy = Busy::refuse;
  bool destructive = false;        ///< confirm: destructive
  std::string title;
  Titles titles;
};

// --- effects: local, in the deciding transaction
struct SetEffect {
  std::vector<std::pair<int, cel::Template>> values;  ///< attribute index → value
};
struct NotifyEffect {
  std::string name;   ///< of the template
  cel::Template who;  ///< whom; empty: the owner
  cel::Template with;
};
struct SendEffect {
  cel::Template actor;  ///< an actor's id; null: nobody, nothing is sent
  std::string event;
  cel::Template with;
};
struct EmitEffect {
  std::string type;
  cel::Template with;
};
struct CreateEffect {
  std::string kind;
  cel::Template workflow;
  cel::Template with;   ///< attributes of the new actor
  int save_id = -1;     ///< attribute that gets the new id
};
/// `save` of a transition: a path of the event goes into an attribute.
struct SaveEffect {
  int attribute = -1;
  cel::Program path;
};
/// An action in a transition: carried out by the store in the transaction that writes the decision; refused, nothing is decided.
struct ActionEffect {
  ActionSignature action;
  cel::Template with;
};
struct EachEffect;
using LocalEffect = std::variant<SetEffect, NotifyEffect, SendEffect, EmitEffect, CreateEffect, SaveEffect, ActionEffect, EachEffect>;
/// The effects once per element, in order; at most 256.
struct EachEffect {
  cel::Program in;
  std::string as;
  std::shared_ptr<const std::vector<LocalEffect>> effects;
};

enum class Interrupt { none, undo, keep };

struct Transition {
  cel::Program when;                ///< empty: always
  cel::Program require;             ///< must also be true at commit: the rows it reads are locked and read again
  bool guard_mass = false;          ///< `guard: mass`
  /// Of a timer: the mass-action guard counts it. It says so itself, or leads to work that destroys, or to where a command with
  /// `confirm: destructive` leads.
  bool counts = false;
  std::vector<LocalEffect> effects;
  int to = -1;                      ///< state index; -1: stays
  int work = -1;                    ///< steps to be done in place: index into Definition::works; -1: none
  Interrupt interrupt = Interrupt::none;
  config::Place place;
};
using Candidates = std::vector<Transition>;  ///< the first whose `when` holds

struct Retry {
  int attempts = 0;  ///< 0: by time only
  Duration for_ = std::chrono::hours{2};
  Duration delay = std::chrono::seconds{5};
  double backoff = 2;
  Duration max_delay = std::chrono::minutes{10};
};

/// What happens when a step does not succeed.
struct Reaction {
  enum class What { fail, incident, go_on, redo };
  What what = What::fail;
  int redo = -1;   ///< index of the step of the same work to go back to
  int times = 1;
};

struct Save {
  int attribute = -1;
  cel::Program path;  ///< over slot::result
};

struct CallStep {
  OperationSignature operation;
  cel::Program on_server;
  cel::Template with;
  Retry retry;
  Duration attempt_timeout = std::chrono::seconds{30};
  Duration timeout = std::chrono::hours{1};
  Duration patience = std::chrono::hours{4};
  std::optional<OperationSignature> undo_operation;  ///< resolved signature of the undo: the step's own or the operation's
  cel::Template undo_with;                           ///< of the step's own undo; without: inputs by name from the frozen input
};
struct ActionStep {
  ActionSignature action;
  cel::Template with;
  Retry retry;
  std::optional<ActionSignature> undo_action;
};
struct LocalStep {
  std::vector<LocalEffect> effects;  ///< set, notify, send, emit, create
};
struct LeaveStep {
  int to = -1;
  std::vector<LocalEffect> effects;
};

/// Waits for one of these events; its payload is the step's result. One that came earlier in this run and was deferred counts.
struct WaitStep {
  std::vector<std::string> events;
  Duration timeout = std::chrono::hours{1};
};
/// Waits for a person of one of these roles to give the command `approve` or `reject`; result: approved, by, note.
struct ApproveStep {
  std::vector<std::string> by;
  Duration timeout = std::chrono::hours{24};
};
struct Step;
/// At most 16 plain steps (call, action, local) at the same time; done when all are.
struct ParallelStep {
  std::shared_ptr<const std::vector<Step>> steps;
};
/// The plain steps once per element, one element after the other; at most 256. The list is evaluated once, when the step begins.
struct EachStep {
  cel::Program in;
  std::string as;
  std::shared_ptr<const std::vector<Step>> steps;
};

struct Step {
  std::string name;
  cel::Program when;
  std::variant<CallStep, ActionStep, LocalStep, LeaveStep, WaitStep, ApproveStep, ParallelStep, EachStep> body;
  std::vector<Save> save;
  std::optional<Reaction> on_error;                          ///< for every class, when given as one word
  std::map<std::string, Reaction, std::less<>> on_error_by;  ///< by outcome class or code
  config::Place place;
};

/// Steps to be done, in a working state or in place. Its name is what `busy` shows.
struct Work {
  std::string name;    ///< the state's, or the event's or timer's that starts it in place
  int state = -1;      ///< the working state, or the waiting one in which the work is done in place
  bool in_place = false;
  bool required = false;  ///< `steps: required` of an abstract workflow: there are none yet
  std::vector<Step> steps;
  Candidates done;     ///< in place: may be empty, the state stays
  Candidates failed;   ///< in place: may be empty, the state stays
  bool failed_is_incident = false;
};

struct After {
  std::string name;      ///< of the timer: "after:<state>:<n>"
  /// duration or period from entry, date or timestamp; an ISO literal is compiled to a constant. Periods and dates fire at the
  /// tenant's automation time. Reckoned again, from the entry, in every decision that changes what it reads.
  cel::Program delay;
  Candidates then;
};

/// Hours that count: a list of weekdays with from and to, in the tenant's zone.
struct WorkingHours {
  struct Span {
    int weekday = 1;  ///< 0 Sunday … 6 Saturday
    Duration from{}, to{};
  };
  std::vector<Span> spans;  ///< by weekday and time; empty: always
};

/// A timer of the actor, not of a state. See docs/workflow-language.md, "schedule".
struct Schedule {
  std::string name;       ///< also the timer's: "schedule:<name>"
  cel::Program at;        ///< date, timestamp, a list of them, or null: never; of an SLA clock: the duration that may be counted
  cel::Program every;     ///< or: duration or period from the actor's birth: birth + n × every
  cel::Program per;       ///< fires at most once per value; empty: the value of `at`
  bool skipped_waits = false;  ///< `skipped: wait`: fires as soon as `when` holds; else dropped for this `per`
  Candidates then;        ///< one candidate; its `when` is read at firing
  // --- an SLA clock
  bool is_clock = false;
  std::vector<int> counts_in;          ///< states in which time counts
  WorkingHours calendar;
  std::vector<std::string> ends_on;    ///< events that stop it for good
  config::Place place;
};

struct State {
  std::string name;
  std::string status;
  std::string title;
  Titles titles;
  bool final = false;
  bool rest = false;
  std::vector<LocalEffect> entry, exit;
  std::map<std::string, Candidates, std::less<>> on;
  std::vector<After> after;
  int work = -1;                     ///< index into Definition::works; -1: the state waits (or is final)
  std::vector<std::pair<int, int>> confirmed_by;  ///< state index, index of the step in that state's work
  config::Place place;
  [[nodiscard]] bool works() const { return work >= 0; }
};

/// What a `create` or `send` says to another workflow, as far as it is written out: compared by check_across().
struct Crossing {
  /// A member of `with`.
  struct Given {
    std::string name;
    cel::Type type;               ///< static type of what is given
    std::optional<Json> literal;  ///< when nothing in it is reckoned
    config::Place place;          ///< of the name
  };
  std::string kind;      ///< of the actor that is created or written to; empty: not known before the message is sent
  std::string workflow;  ///< the workflow by name; empty: made by an expression, or any of the kind
  std::string event;     ///< of `send`; empty: a `create`
  std::vector<Given> with;
  bool whole = true;     ///< `with` is written out; false: made by one expression
  config::Place place;   ///< of the workflow's or the event's name
};

struct Definition {
  std::string name;
  std::string kind;
  std::string title;
  Titles titles;
  std::string base;       ///< `extends`; the file as it stands in `text` is resolved and needs no base any more
  bool abstract = false;  ///< never run itself
  std::vector<Attribute> attributes;
  std::vector<int> computed_order;  ///< indexes of the computed attributes: each after those it reads
  std::vector<Setting> settings;
  std::map<std::string, EventSpec, std::less<>> events;
  std::map<std::string, Candidates, std::less<>> on;  ///< top level: every waiting, non-final state that does not name the event
  std::vector<State> states;
  std::vector<Work> works;           ///< of states and in place
  std::vector<Schedule> schedules;
  std::vector<Reference> references;
  std::vector<Crossing> crossings;   ///< in the order written
  int initial = 0;
  std::bitset<slot::first_attribute> reads;  ///< which of the slots before the attributes some expression reads
  std::string text;  ///< as published: resolved
  std::vector<std::string> files;  ///< by Place::file, as problems name them

  [[nodiscard]] int find_state(std::string_view state) const;          ///< index or -1
  [[nodiscard]] int find_attribute(std::string_view attribute) const;  ///< index or -1
  [[nodiscard]] int attribute_slot(int attribute) const { return slot::first_attribute + attribute; }
  [[nodiscard]] int setting_slot(int setting) const { return slot::first_attribute + static_cast<int>(attributes.size()) + setting; }
  [[nodiscard]] int reference_slot(int reference) const { return setting_slot(static_cast<int>(settings.size())) + reference; }
  /// Of `ran('<schedule>')`: whether the schedule has fired for its present `per`.
  [[nodiscard]] int ran_slot(int schedule) const { return reference_slot(static_cast<int>(references.size())) + schedule; }
  [[nodiscard]] std::size_t frame_size() const { return static_cast<std::size_t>(ran_slot(static_cast<int>(schedules.size()))); }
  [[nodiscard]] const Work& work(int index) const { return works[static_cast<std::size_t>(index)]; }
  [[nodiscard]] int find_schedule(std::string_view schedule) const;    ///< index or -1
  /// Candidates for `event` in `state`: the state's own, else the top level's when the state waits and is not final; else nullptr.
  [[nodiscard]] const Candidates* candidates(int state, std::string_view event) const;
};

struct SourceFile {
  std::string name;  ///< as shown in problems
  std::string text;
};
/// Where `extends` finds its base by the workflow's name; nothing when there is none.
using FindBase = std::function<std::optional<SourceFile>(std::string_view workflow)>;

/// Reads, resolves and checks a workflow file. All problems in one go, those of the file before those of its base, each by place.
[[nodiscard]] tl::expected<std::shared_ptr<const Definition>, std::vector<config::Problem>> load_workflow(const std::string& file_name, const std::string& text,
                                                                                                          const Catalog& catalog, const FindBase& find_base = {});

/// The workflows that one may mean.
struct Neighbours {
  using Some = std::vector<std::shared_ptr<const Definition>>;
  Some known;             ///< checked or published together; may hold the one itself
  Some named = {};        ///< found by the name that a `create` gives; there may be others of their kind
  bool complete = false;  ///< those known are all there are
};

/// What `definition` says to other workflows with `create` and `send`, held against its neighbours: workflows, attributes, events and
/// payloads that the other does not have. Of a workflow or kind that is not among them nothing is told, unless the name is nearly that
/// of one, or they are complete. Of a kind with several workflows it is enough that one of them takes what is sent. By place.
[[nodiscard]] std::vector<config::Problem> check_across(const Definition& definition, const Neighbours& neighbours);

/// The file with its base merged in: maps by key, lists replaced; complete in itself. A file that extends nothing is returned as it is.
[[nodiscard]] tl::expected<std::string, std::vector<config::Problem>> resolve_workflow(const std::string& file_name, const std::string& text, const FindBase& find_base);

/// One paragraph per problem code, for `stellwerk explain SW012`; empty for an unknown code.
[[nodiscard]] std::string explain(std::string_view code);
/// All codes with their one-line titles.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> problem_codes();

}  // namespace stellwerk::workflows
