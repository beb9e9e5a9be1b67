#pragma once
// One durable actor without a store and without a thread: events go through advance() and its mailbox as they do in production
// (workflows/mailbox.hpp), referenced rows are read when they are asked for, actions of transitions are carried out or refused. Each
// decision is made twice and compared, and all that is kept goes through its JSON and back. What is found wrong stands in `problems`.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "workflows/mailbox.hpp"

namespace stellwerk::testing {

/// A value that fits the type; `variant` chooses among those that matter (each value of an enumeration, both booleans).
[[nodiscard]] Json sample(const workflows::TypeSpec& type, unsigned variant = 0);
/// An object with the required fields, and with the others when `variant` is odd.
[[nodiscard]] Json sample(const std::vector<workflows::Field>& fields, unsigned variant = 0);
/// All of a decision as text: equal texts, equal decisions.
[[nodiscard]] std::string fingerprint(const workflows::Definition& definition, const workflows::Decision& decision);

class Subject {
 public:
  using Decided = Result<workflows::Decision>;
  /// Says whether an action of a transition is refused.
  using CarryOut = std::function<std::optional<Error>(const workflows::TransitionAction&)>;
  /// Sees each decision that was kept, and what was before it.
  using Seen = std::function<void(const workflows::Snapshot& before, const workflows::Event& event, const workflows::Decision& decision)>;

  explicit Subject(std::shared_ptr<const workflows::Definition> of, const workflows::Catalog* catalog = nullptr);

  // --- what may reach it
  Decided born(const Json& attributes);
  Decided command(const std::string& name, const Json& payload = JsonObject{}, const std::string& role = "staff");
  /// Into its mailbox; taken when it has its turn.
  void message(const std::string& name, const Json& payload = JsonObject{}, const std::string& sender = {});
  Decided edit(const Json& values, const std::string& role = "staff");
  Decided refresh();
  /// The clock goes to the try's due time first.
  Decided answer(const workflows::Attempt& tried, Outcome outcome);
  /// What comes of a try that is no longer in hand.
  Decided answer_stale(const workflows::Attempt& tried, Outcome outcome);
  Decided remedy(workflows::Remedy::What what, const std::string& incident, const Json& given = JsonObject{});
  Decided fire(const std::string& timer, Time due);
  /// The earliest timer, at its due time; false when none is live.
  bool fire_next();
  /// The clock moves on; what is due meanwhile fires in order, at most `most` timers.
  void pass(Duration duration, int most = 200);
  /// The process ends and another takes over: what may have left is looked at first.
  void restart();

  // --- what it is now
  [[nodiscard]] bool is_born() const { return snapshot.state >= 0; }
  [[nodiscard]] const workflows::State& state() const { return definition->states[static_cast<std::size_t>(snapshot.state)]; }
  [[nodiscard]] const workflows::Run* run() const { return snapshot.cursor.run ? &*snapshot.cursor.run : nullptr; }
  [[nodiscard]] bool is_held() const { return run() != nullptr && run()->phase == workflows::Phase::held; }
  [[nodiscard]] const workflows::Work& work() const { return definition->work(run()->work); }
  /// The try that is due first; nullptr when none is in hand.
  [[nodiscard]] const workflows::Attempt* next_try() const;
  /// The `wait` or `approve` in hand; nullptr when there is none.
  [[nodiscard]] const workflows::Step* awaits() const;
  [[nodiscard]] Json attribute(std::size_t index) const;
  [[nodiscard]] Json attributes() const;
  [[nodiscard]] std::size_t mailbox_size() const { return mailbox_.size(); }

  std::shared_ptr<const workflows::Definition> definition;
  workflows::Snapshot snapshot;
  Time now = from_micros(1'772'438'400'000'000);  ///< 2026-03-02T08:00:00Z
  JsonArray journal;
  std::map<std::string, workflows::IncidentOpened> incidents;  ///< open ones
  std::vector<std::string> problems;
  std::size_t decisions = 0;
  CarryOut carry_out;
  Seen seen;

 private:
  struct Row {
    std::int64_t seq = 0;
    std::string event;
    Json payload;
    workflows::Principal by;
    std::string sender;
    bool command = false;
    bool deferred = false;
  };

  Decided apply(workflows::Event event);
  [[nodiscard]] Decided decide(workflows::Event& event);
  void read_rows(const std::vector<workflows::NeededRow>& needs);
  void keep(const workflows::Event& event, const workflows::Decision& decision);
  void take_turns();
  void inspect(const workflows::Snapshot& before, const workflows::Decision& decision);
  void reload();
  void wrong(std::string what);

  const workflows::Catalog* catalog_;
  std::vector<Row> mailbox_;
  std::int64_t last_seq_ = 0;
  int events_ = 0;
  bool taking_ = false;
};

}  // namespace stellwerk::testing
