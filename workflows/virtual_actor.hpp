#pragma once
// One actor in virtual time. It lives by the production advance() and by what production does around it: order of turns, timers in
// due order, tries and their outcomes, actions, referenced rows, restarts. Nothing is stored and nothing is awaited: the clock moves
// when it is told to, and the world answers what a script says (proof/answers.hpp). For tests of workflows, simulation and benchmarks.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "workflows/decision.hpp"
#include "workflows/proof/answers.hpp"

namespace stellwerk::workflows {

/// A try of an operation or action, from its first request to its end.
struct VirtualCall {
  Time at{};
  std::string name;    ///< "proxmox.create_vm"
  std::string key;
  Json input;
  bool action = false;
  bool undo = false;
  std::vector<std::string> outcomes;  ///< in order: "unclear", "done"
};

struct JournalLine {
  Time at{};
  Json entry;
};

class VirtualActor {
 public:
  /// More than this in one call of a member is an error: the workflow does not come to rest.
  static constexpr int max_decisions = 10'000;

  struct Setup {
    Calendar calendar;
    Time start{};
    std::string customer = "cus_01jnq0000000000000000000aa";
    std::map<std::string, Json> settings;               ///< by name; others have their default
    std::map<std::string, Row, std::less<>> rows;       ///< by id: what references find
  };
  /// `catalog` must outlive the actor.
  VirtualActor(std::shared_ptr<const Definition> definition, const Catalog& catalog, Setup setup);

  // --- what may reach it. Each decides at once and leaves what follows to run(). Errors are refusals: nothing has changed.
  [[nodiscard]] Result<void> be_born(const Json& attributes);
  [[nodiscard]] Result<void> command(const std::string& name, const Json& payload, const std::string& role);
  /// `sender`: an actor's id, or empty. A message that is refused or kept by an incident is an error too.
  [[nodiscard]] Result<void> message(const std::string& name, const Json& payload, const std::string& sender);
  [[nodiscard]] Result<void> edit(const Json& values, const std::string& role);
  /// Of the oldest open incident. Errors: not_found, when none is open.
  [[nodiscard]] Result<void> remedy(Remedy::What what, const Json& input, const Json& output, const std::string& note, bool verified_absent = false);
  /// Errors: not_found, invalid_argument.
  [[nodiscard]] Result<void> change_setting(const std::string& name, const Json& value);
  /// A row that references may point to is there now, with these fields beside those it has.
  [[nodiscard]] Result<void> change_row(const std::string& kind, const std::string& id, const JsonObject& fields);
  /// The node ends and another takes over: everything comes from its JSON, and a try that may have left is looked at first.
  [[nodiscard]] Result<void> restart();
  /// How the world answers from now on; tries that stand without an answer are asked again.
  void answer(const std::string& name, std::vector<proof::Answer> list);

  // --- time. Errors: resource_exhausted beyond max_decisions; internal, when the actor's own JSON cannot be read.
  /// Everything that can happen without the clock moving.
  [[nodiscard]] Result<void> run();
  /// The clock moves from one due moment to the next, up to `target` (never back).
  [[nodiscard]] Result<void> run_until(Time target);
  /// The next moment at which something is due, also in the past.
  [[nodiscard]] std::optional<Time> next_moment() const;

  // --- what it is
  [[nodiscard]] const Definition& definition() const { return *definition_; }
  [[nodiscard]] const Snapshot& snapshot() const { return snapshot_; }
  [[nodiscard]] Time now() const { return now_; }
  [[nodiscard]] bool is_born() const { return snapshot_.state >= 0; }
  [[nodiscard]] const State& state() const { return definition_->states[static_cast<std::size_t>(snapshot_.state)]; }
  [[nodiscard]] std::string busy() const;  ///< name of the work in hand; empty: none
  /// Errors: not_found.
  [[nodiscard]] Result<Json> attribute(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> deferred() const;
  /// What expressions see now: the slots of `definition`, references included.
  [[nodiscard]] std::vector<cel::Value> frame() const;

  // --- what has happened, oldest first
  std::vector<JournalLine> journal;
  std::vector<VirtualCall> calls;       ///< also actions
  std::vector<OutgoingMessage> messages;
  std::vector<Notice> notices;
  std::vector<NewActor> created;
  std::vector<IncidentOpened> incidents;  ///< open ones
  int decisions = 0;
  std::set<const Transition*> taken;
  std::set<int> entered;                        ///< states
  std::set<std::pair<int, std::string>> stepped;  ///< work and name of steps that began or were carried out
  /// Called after each decision.
  std::function<void(const Decision&)> watch;

 private:
  struct Mail {
    std::int64_t seq = 0;
    EventId id;
    std::string event;
    Json payload;
    std::string sender;
    Principal by;
    bool command = false;
    bool deferred = false;
    int depth = 0;  ///< messages that caused one another before
  };

  [[nodiscard]] EventId fresh_id();
  Result<Decision> decide(Event event);
  /// Asks the store's part: carries the actions out. The refusal, when one is refused.
  std::optional<Error> carry_out(const std::vector<TransitionAction>& actions);
  Result<void> apply(Event event);
  void keep(const Event& event, const Decision& decision);
  void keep_deferral(const Event& event, const Decision& decision);
  void note_progress(const Decision& decision, int work_before);
  Result<bool> take_mail();
  Result<bool> try_once();
  Result<bool> fire_timer();
  Result<void> give(const Attempt& attempt, Outcome outcome);
  /// One thing that is due now; false: there is none.
  Result<bool> step();
  [[nodiscard]] bool stands(const Attempt& attempt) const;
  [[nodiscard]] std::string sub_of(const Attempt& attempt) const;
  VirtualCall& call_of(const Attempt& attempt);
  [[nodiscard]] const Mail* find_mail() const;

  std::shared_ptr<const Definition> definition_;
  const Catalog* catalog_;
  proof::Answers answers_;
  proof::Outputs outputs_;
  Snapshot snapshot_;
  Time now_;
  std::map<std::string, Row, std::less<>> rows_;
  std::vector<Mail> mailbox_;
  std::int64_t last_seq_ = 0;
  std::uint64_t events_ = 0;
  std::map<std::string, int> standing_;        ///< attempts without an answer: id and number
  std::map<std::string, std::size_t> called_;  ///< index into `calls`, by attempt
  std::vector<AttemptId> to_settle_;
  std::map<std::string, Error> refused_;       ///< messages, by event id
  int budget_ = max_decisions;
};

}  // namespace stellwerk::workflows
