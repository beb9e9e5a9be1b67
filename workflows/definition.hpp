#pragma once
// The typed form of a workflow file: everything resolved, every expression compiled. Immutable; shared by all actors of a revision.

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
inline constexpr int customer = 10;  ///< self.customer: the owner
inline constexpr int first_attribute = 11;
}  // namespace slot

struct Attribute {
  Field field;
  bool personal = false;
  std::vector<std::string> edit;  ///< roles that may change it through the API
};

struct Setting {
  Field field;  ///< with fallback
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
};

// --- effects: local, in the deciding transaction
struct SetEffect {
  std::vector<std::pair<int, cel::Template>> values;  ///< attribute index → value
};
struct NotifyEffect {
  std::string name;  ///< of the template
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
using LocalEffect = std::variant<SetEffect, NotifyEffect, SendEffect, EmitEffect, CreateEffect>;

enum class Interrupt { none, undo, keep };

struct Transition {
  cel::Program when;                ///< empty: always
  std::vector<LocalEffect> effects;
  int to = -1;                      ///< state index; -1: stays
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
  int redo = -1;   ///< step index to go back to
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

struct Step {
  std::string name;
  cel::Program when;
  std::variant<CallStep, ActionStep, LocalStep, LeaveStep> body;
  std::vector<Save> save;
  std::optional<Reaction> on_error;                          ///< for every class, when given as one word
  std::map<std::string, Reaction, std::less<>> on_error_by;  ///< by outcome class or code
  config::Place place;
};

struct After {
  std::string name;      ///< of the timer: "after:<state>:<n>"
  cel::Program delay;    ///< duration (from entry) or timestamp; an ISO literal is compiled to a constant
  Candidates then;
};

struct State {
  std::string name;
  std::string status;
  std::string title;
  bool final = false;
  bool rest = false;
  std::vector<LocalEffect> entry, exit;
  std::map<std::string, Candidates, std::less<>> on;
  std::vector<After> after;
  std::vector<Step> steps;           ///< not empty: the state works
  Candidates done;
  Candidates failed;
  bool failed_is_incident = false;
  std::vector<std::pair<int, int>> confirmed_by;  ///< state index, step index
  config::Place place;
  [[nodiscard]] bool works() const { return !steps.empty(); }
};

struct Definition {
  std::string name;
  std::string kind;
  std::string title;
  std::vector<Attribute> attributes;
  std::vector<Setting> settings;
  std::map<std::string, EventSpec, std::less<>> events;
  std::map<std::string, Candidates, std::less<>> on;  ///< top level: every waiting, non-final state that does not name the event
  std::vector<State> states;
  int initial = 0;
  std::string text;  ///< as published

  [[nodiscard]] int find_state(std::string_view state) const;          ///< index or -1
  [[nodiscard]] int find_attribute(std::string_view attribute) const;  ///< index or -1
  [[nodiscard]] int attribute_slot(int attribute) const { return slot::first_attribute + attribute; }
  [[nodiscard]] int setting_slot(int setting) const { return slot::first_attribute + static_cast<int>(attributes.size()) + setting; }
  [[nodiscard]] std::size_t frame_size() const { return static_cast<std::size_t>(slot::first_attribute) + attributes.size() + settings.size(); }
  /// Candidates for `event` in `state`: the state's own, else the top level's when the state waits and is not final; else nullptr.
  [[nodiscard]] const Candidates* candidates(int state, std::string_view event) const;
};

/// Reads, resolves and checks a workflow file. All problems in one go, sorted by place.
[[nodiscard]] tl::expected<std::shared_ptr<const Definition>, std::vector<config::Problem>> load_workflow(const std::string& file_name, const std::string& text,
                                                                                                          const Catalog& catalog);

/// One paragraph per problem code, for `stellwerk explain SW012`; empty for an unknown code.
[[nodiscard]] std::string explain(std::string_view code);
/// All codes with their one-line titles.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> problem_codes();

}  // namespace stellwerk::workflows
