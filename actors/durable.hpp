#pragma once
// The durable actor, the same for every kind. Internal to this folder: durable_loading.cpp brings it into memory, durable.cpp decides and
// commits, durable_effects.cpp does what follows a commit, durable_mailbox.cpp takes messages and puts trouble aside, durable_secrets.cpp
// tells a secret to who may see it and forgets persons.

#include <algorithm>
#include <map>
#include <set>
#include <string_view>

#include "actors/protocol.hpp"
#include "core/masking.hpp"
#include "workflows/decision.hpp"

namespace stellwerk::actors {

/// One event at a time: advance() decides, the committer writes, and only then does anything become visible. It holds no truth that
/// the store does not: end it anywhere and it is loaded again.
class Durable {
 public:
  static inline const char* name = "durable";
  explicit Durable(caf::event_based_actor* self) : self_{self} {}
  /// Whoever waits for the end of a run is told what was committed.
  ~Durable();
  Durable(const Durable&) = delete;
  Durable& operator=(const Durable&) = delete;

  caf::behavior behavior(const DurableDeps& deps, const ActorId& id);

 private:
  using Then = std::function<void()>;
  using Otherwise = std::function<void(const Error&)>;

  /// A decision that is being written.
  struct Pending {
    Shared<Deliver> deliver;
    workflows::Decision decision;
    Answer answer;
    Shared<CommitRequest> request;
    int conflicts = 0;
    bool refused = false;  ///< it was decided on a refusal of the store already
    Held counted;          ///< among what is in hand, until its attempts are
  };
  /// How often a decision was asked for, and why.
  struct Asked {
    int conflicts = 0;
    int rounds = 0;                ///< of reading rows outside the actor
    std::optional<Error> refused;  ///< why it cannot be written: put before a person instead of being applied
  };
  struct Waiter {
    std::string run;
    std::shared_ptr<ReplySlot> reply;
    Answer answer;
  };

  // --- loading (durable_loading.cpp)
  [[nodiscard]] const caf::actor& loader() const { return all_.loaders[std::hash<ActorId>{}(id_) % all_.loaders.size()]; }
  void load(Then then, Otherwise otherwise);
  void take(const storage::LoadedActor& loaded);
  /// Takes what the event brought along. False: the actor has to be loaded.
  [[nodiscard]] bool borrow(const Deliver& deliver);
  /// What follows a commit that is on disk without anybody having heard of it.
  void follow_up();
  /// Why what was loaded cannot be processed; empty: it can, and stands in `definition_` and `snapshot_`.
  [[nodiscard]] std::string find_trouble(const storage::LoadedActor& loaded);
  /// The next event loads the actor again.
  void forget();
  /// What came of an attempt, or a timer, must not be lost while the database is away.
  void again_later(const Shared<Deliver>& deliver);
  void not_loaded(const Shared<Deliver>& deliver, const Error& error);
  /// Runs a part of a handler. What it throws does not end the actor: who asks is told, and the state is loaded again.
  void guarded(const Shared<Deliver>& deliver, const Then& work);
  void broke(const Shared<Deliver>& deliver, const std::string& why);

  // --- events (durable.cpp)
  void on_deliver(const Shared<Deliver>& deliver);
  void on_born(const Shared<Deliver>& deliver);
  void handle(const Shared<Deliver>& deliver);
  void resume(const Deliver& deliver);
  void decide(const Shared<Deliver>& deliver, int conflicts = 0);
  void ask(const Shared<Deliver>& deliver, const Asked& asked);
  /// Reads the rows that the decision cannot do without, then decides again.
  void read_rows(const Shared<Deliver>& deliver, const Asked& asked, const std::vector<workflows::NeededRow>& needs);
  void undecided(const Shared<Deliver>& deliver, const Error& error);
  /// Engine time, but never before the actor's last decision: a clock that was put back does not turn its history round.
  [[nodiscard]] Time now() const { return std::max(deps_->clock->now(), row_.updated_at); }
  /// The change of this actor and, decided in the same breath, the births of the actors it creates.
  /// Rows that a birth needs and that are not in hand go to `needs`; the commit is nothing then.
  [[nodiscard]] Result<storage::Commit> make_commit(const workflows::Event& event, const workflows::Decision& decision, Time now, std::vector<workflows::NeededRow>& needs) const;
  /// What the mass-action guard is asked about a timer that fires; nothing for other events.
  [[nodiscard]] std::optional<GuardWish> wish_of(const workflows::Event& event) const;
  [[nodiscard]] bool admit(const workflows::Event& event, Time now, storage::Commit& commit);
  /// What comes from outside and would begin a run is refused while too much is in hand. What was begun goes on: outcomes, timers,
  /// messages, remedies and undo never are.
  [[nodiscard]] Result<Held> take_on(const Deliver& deliver, const workflows::Decision& decision, const storage::Commit& commit) const;
  [[nodiscard]] Answer answer_of(const Deliver& deliver, const workflows::Event& event, const workflows::Decision& decision) const;
  void on_committed(const std::shared_ptr<Pending>& pending, const CommitReply& reply);
  void on_conflict(const std::shared_ptr<Pending>& pending);
  void on_refused(const Pending& pending, const storage::CommitResult& result);
  /// What was decided cannot be written. Who asked is told; what nobody waits for is decided again, as what a person has to see.
  void give_back(const Shared<Deliver>& deliver, const Asked& asked, Error error);
  void apply(const Pending& pending);

  // --- after the commit (durable_effects.cpp)
  /// What came of the attempt, as the event that tells the run.
  [[nodiscard]] static workflows::Event outcome_of(const workflows::Run& run, const workflows::Attempt& attempt, Outcome outcome);
  /// What comes of an attempt that an interrupt forestalled.
  [[nodiscard]] static Outcome given_up();
  void announce(const storage::Commit& written);
  void settle(const workflows::Attempt& attempt);
  void carry_out(const workflows::Attempt& attempt);
  void run_action(storage::AttemptRow attempt);
  [[nodiscard]] Held count(const storage::AttemptRow& attempt) const { return deps_->admission->count({attempt.tenant, attempt.operation, attempt.server}); }
  void answer_caller(const Pending& pending);
  void finish_waiters(const std::string& run, std::string_view status);

  // --- mailbox (durable_mailbox.cpp)
  void on_wake();
  void wake_later();
  /// What waits in the mailbox and may be taken now: deferred events first, then messages, each in order of arrival.
  void next_turn();
  void take_turn(const storage::MailboxRow& message);
  /// The mailbox row behind the event; 0: none.
  [[nodiscard]] static std::int64_t row_of(const workflows::Event& event);
  /// After three failures the message is set aside by an incident, and the ones behind it have their turn.
  void not_applied(std::int64_t seq, const std::string& why);
  void set_aside(const storage::MailboxRow& message, const std::string& why);
  /// A message that found no receiver, or a final one, ends in the journal of its sender: here …
  void take_back(const storage::MailboxRow& message);
  /// … or there: the message behind the row was refused because this actor is final.
  void send_back(std::int64_t seq, storage::ActorChange& change) const;

  // --- quarantine (durable_mailbox.cpp)
  void refuse_quarantined(const Shared<Deliver>& deliver);
  /// Row, revision or decision cannot be processed: an incident is written beside the actor, which keeps its mailbox. What of its row
  /// nobody can read is not touched; the open incident is what holds it.
  /// `event` is what brought it about, if anything: as long as the incident is not written, it comes again.
  void open_quarantine(const std::string& why, const Shared<Deliver>& event = nullptr);
  void leave_quarantine(const Shared<Deliver>& deliver);
  void close_quarantine(const Shared<Deliver>& deliver);
  [[nodiscard]] storage::ActorChange change_beside(std::string_view event) const;
  using Written = std::function<void()>;
  using NotWritten = std::function<void(bool soon)>;  ///< soon: nothing says that it cannot be written the next time
  /// Writes a change that advance() did not decide. When it is not written, the actor is loaded again.
  void write_beside(storage::ActorChange change, const std::shared_ptr<ReplySlot>& reply, Written then, NotWritten otherwise = {});

  // --- secrets and persons (durable_secrets.cpp)
  /// Tells the value of a secret when its telling is written.
  void reveal(const Shared<Deliver>& deliver);
  /// Blanks what is personal and destroys its key; what waits for it is read before.
  void erase(const Shared<Deliver>& deliver);
  void forget_person(const Shared<Deliver>& deliver);
  /// Seals what is personal in the journal of a change that advance() did not decide.
  void seal_beside(storage::ActorChange& change) const;
  /// A key that was written with the change seals from now on.
  void remember_key(const storage::ActorChange& written);
  /// The secrets of the actor as it is, and those that the event brings.
  [[nodiscard]] Masker known_secrets(const workflows::Event* event) const;
  /// An error or its text as people and the log may read it.
  [[nodiscard]] Error told(Error error, const workflows::Event* event = nullptr) const;
  [[nodiscard]] std::string told(std::string why, const workflows::Event* event = nullptr) const;
  /// A value that has changed may be shown again.
  void forget_shown(workflows::Decision& decision) const;
  [[nodiscard]] const config::Keyring& keys() const { return *deps_->around.keys; }

  // --- passivation (durable_mailbox.cpp)
  void received();
  /// Where it has nothing to do, it leaves: after a while, or at once while too many are in memory, or when there is no such actor.
  void rest();
  void on_rest(std::uint64_t received);
  void arm_idle();
  void on_idle(std::uint64_t received);
  void leave();
  /// Something that kept it here has come to its end.
  void became_free();
  [[nodiscard]] bool is_free() const { return actions_in_hand_.empty() && waiters_.empty() && unheard_.empty(); }
  void end_if_free();

  caf::event_based_actor* self_;
  DurableDeps all_;
  std::shared_ptr<const Deps> deps_;
  ActorId id_;
  bool loaded_ = false;
  bool borrowed_ = false;       ///< what is in memory came along with an event, and nobody has said that it is not old
  bool ending_ = false;
  bool mailbox_stale_ = false;  ///< rows were added that are not in memory
  bool mailbox_more_ = false;   ///< there are more rows than were loaded
  bool idle_armed_ = false;
  std::set<std::pair<AttemptId, int>> actions_in_hand_;  ///< id and number
  std::uint64_t received_ = 0;
  std::string quarantine_;  ///< why; empty: it is well
  std::string trouble_;     ///< what is wrong with what was loaded last
  IncidentId held_by_;      ///< the open incident of its quarantine
  storage::ActorRow row_;
  std::shared_ptr<const workflows::Definition> definition_;
  workflows::Snapshot snapshot_;
  std::vector<storage::MailboxRow> mailbox_;  ///< payloads opened
  std::optional<config::MasterKey> personal_; ///< seals what is personal in the journal
  std::map<std::int64_t, int> failures_;  ///< of mailbox rows, by seq
  std::vector<Waiter> waiters_;
  std::vector<std::shared_ptr<const Pending>> unheard_;  ///< of which nobody knows whether they are on disk
};

}  // namespace stellwerk::actors
