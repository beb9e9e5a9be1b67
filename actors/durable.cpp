// The durable actor: the same for every kind. One event at a time: advance() decides, the committer writes, and only then does
// anything become visible. It holds no truth that the store does not: end it anywhere and it is loaded again.

#include <fmt/format.h>

#include <algorithm>

#include "actors/encode.hpp"
#include "actors/protocol.hpp"
#include "core/match.hpp"
#include "monitoring/log.hpp"
#include "monitoring/metrics.hpp"

namespace stellwerk::actors {
namespace {

using workflows::Decision;
using workflows::Event;

constexpr int max_conflicts = 8;

class Durable {
 public:
  static inline const char* name = "durable";
  explicit Durable(caf::event_based_actor* self) : self_{self} {}

  caf::behavior behavior(const DurableDeps& deps, const ActorId& id) {
    all_ = deps;
    deps_ = deps.deps;
    id_ = id;
    static auto& loaded_actors = monitoring::gauge("stellwerk_actors_loaded");
    loaded_actors.add(1);
    self_->attach_functor([](const caf::error&) { loaded_actors.add(-1); });
    arm_idle();
    return {
        [this](const Shared<Deliver>& deliver) { touched(), on_deliver(deliver); },
        [this](const Shared<Wake>&) { touched(), on_wake(); },
        [this](waited_atom, const std::string& run) { on_waited(run); },
        [this](tick_atom, std::uint64_t activity) { on_idle(activity); },
        [this](end_atom) { ending_ = true, end_if_free(); },
    };
  }

 private:
  using Then = std::function<void()>;

  // --- loading
  caf::actor loader() const { return all_.loaders[std::hash<ActorId>{}(id_) % all_.loaders.size()]; }

  void load(Then then, std::function<void(const Error&)> otherwise) {
    self_->request(loader(), caf::infinite, share(LoadRequest{id_})).await(
        [this, then = std::move(then), otherwise](const Shared<LoadReply>& reply) {
          if (!reply->loaded) return otherwise(reply->loaded.error());
          take(*reply->loaded);
          then();
        },
        [otherwise](const caf::error&) { otherwise(Error{ErrorCode::unavailable, "the engine is stopping"}); });
  }

  void take(const storage::LoadedActor& loaded) {
    row_ = loaded.row;
    mailbox_ = loaded.mailbox;
    loaded_ = true;
    quarantine_.clear();
    definition_ = deps_->definitions->find(row_.workflow, row_.revision);
    if (!definition_) {
      quarantine_ = fmt::format("workflow {} revision {} is not published here", row_.workflow, row_.revision);
      return;
    }
    auto snapshot = workflows_snapshot(loaded);
    if (snapshot) snapshot_ = std::move(*snapshot);
    else quarantine_ = describe(snapshot.error());
  }

  Result<workflows::Snapshot> workflows_snapshot(const storage::LoadedActor& loaded) const { return make_snapshot(*definition_, loaded); }

  // --- events
  void on_deliver(const Shared<Deliver>& deliver) {
    if (deliver->create) return on_born(deliver);
    if (loaded_) return handle(deliver);
    load([this, deliver] { handle(deliver); }, [this, deliver](const Error& error) { not_loaded(deliver, error); });
  }

  void not_loaded(const Shared<Deliver>& deliver, const Error& error) {
    if (deliver->reply) return deliver->reply->answer(fail(error));
    if (error.code == ErrorCode::not_found) return;  // its row is gone: nobody waits for this
    // An outcome or timer must not be lost while the database is away.
    self_->delayed_send(self_, std::chrono::milliseconds{500}, deliver);
  }

  void on_born(const Shared<Deliver>& deliver) {
    const auto& create = *deliver->create;
    if (loaded_) return deliver->reply->answer(fail(ErrorCode::conflict, fmt::format("actor {} exists already", id_.str()), "exists"));
    const int revision = deps_->definitions->latest(create.workflow);
    definition_ = deps_->definitions->find(create.workflow, revision);
    if (!definition_ || definition_->kind != create.kind)
      return deliver->reply->answer(fail(ErrorCode::not_found, fmt::format("no workflow '{}' of kind {} is published", create.workflow, create.kind), "unknown_workflow"));
    row_ = {};
    row_.id = id_;
    row_.tenant = create.caller.tenant;
    row_.kind = create.kind;
    row_.workflow = create.workflow;
    row_.revision = revision;
    row_.customer = create.customer;
    snapshot_ = unborn(*definition_, id_, row_.tenant, row_.customer);
    decide(deliver, 0);
  }

  void handle(const Shared<Deliver>& deliver) {
    const auto foreign = [&] {
      return (!deliver->tenant.empty() && deliver->tenant != row_.tenant) || (!deliver->customer.empty() && deliver->customer != row_.customer) ||
             (!deliver->expected_kind.empty() && deliver->expected_kind != row_.kind);
    };
    if (foreign()) return deliver->reply->answer(fail(ErrorCode::not_found, fmt::format("there is no {} {}", deliver->expected_kind, id_.str())));
    if (!quarantine_.empty()) return refuse_quarantined(deliver);
    if (deliver->recovered) return recover(*deliver->attempt);
    decide(deliver, 0);
  }

  /// An attempt of a former incarnation: what may have left is looked at first; what had not begun, or has a handle, goes on.
  void recover(const storage::AttemptRow& attempt) {
    const auto& run = snapshot_.cursor.run;
    if (!run || !run->attempt || run->attempt->id != attempt.id) return;
    if (attempt.executor == "connector" && attempt.mode == "execute" && attempt.due <= deps_->clock->now()) {
      Outcome outcome{.is = OutcomeClass::unclear, .code = "restart", .text = "the engine was restarted while this attempt was under way"};
      Deliver deliver{.actor = id_, .event = {.id = make_id<EventId>("evt"), .by = {}, .trace = run->trace, .depth = 0,
                                              .body = workflows::Tried{attempt.id, run->attempt->number, std::move(outcome)}}};
      return decide(share(std::move(deliver)), 0);
    }
    carry_out();
  }

  void refuse_quarantined(const Shared<Deliver>& deliver) {
    if (deliver->reply) return deliver->reply->answer(fail(ErrorCode::unavailable, fmt::format("actor {} is quarantined: {}", id_.str(), quarantine_), "quarantined"));
    open_quarantine(quarantine_);
  }

  // --- deciding
  void decide(const Shared<Deliver>& deliver, int conflicts) {
    const auto now = deps_->clock->now();
    auto event = deliver->event;
    if (event.trace.empty() && snapshot_.cursor.run) event.trace = snapshot_.cursor.run->trace;
    auto decision = workflows::advance(*definition_, snapshot_, event, now);
    if (!decision) {
      if (deliver->reply) return deliver->reply->answer(fail(std::move(decision).error())), next_turn();
      monitoring::log_error("an event cannot be decided", decision.error(), {{"actor", id_.str()}, {"tenant", row_.tenant.str()}});
      return open_quarantine(describe(decision.error()));
    }
    if (workflows::is_nothing(*decision)) {
      if (deliver->reply) deliver->reply->answer(Answer{202, JsonObject{{"event", event.id.str()}, {"run", nullptr}, {"deferred", false}}, false});
      return next_turn();
    }
    auto commit = make_commit(*deliver, event, *decision, now);
    if (!commit) {
      if (deliver->reply) return deliver->reply->answer(fail(std::move(commit).error())), next_turn();
      return open_quarantine(describe(commit.error()));
    }
    auto answer = answer_of(*deliver, event, *decision);
    if (deliver->idempotency) {
      commit->idempotency = deliver->idempotency;
      commit->idempotency->status = answer.status;
      commit->idempotency->answer = answer.body;
    }
    auto written = std::make_shared<storage::Commit>(*commit);
    self_->request(all_.committer, caf::infinite, share(CommitRequest{std::move(*commit)})).await(
        [this, deliver, decision = std::make_shared<Decision>(std::move(*decision)), answer = std::move(answer), written, conflicts](const Shared<CommitReply>& reply) {
          on_committed(deliver, *decision, answer, *written, *reply, conflicts);
        },
        [this, deliver](const caf::error&) {
          if (deliver->reply) deliver->reply->answer(fail(ErrorCode::unavailable, "the engine is stopping; whether the request was taken is unknown, repeat it with the same Idempotency-Key", "stopping"));
          forget();
        });
  }

  /// The change of this actor and, decided in the same breath, the births of the actors it creates.
  Result<storage::Commit> make_commit(const Deliver&, const Event& event, const Decision& decision, Time now) {
    storage::Commit commit;
    commit.id = format_id("dec", make_uuid());
    commit.changes.push_back(make_change(*definition_, row_, event, decision, deps_->incarnation, now));
    commit.changes.back().row.decision = commit.id;
    for (const auto& created : decision.created) {
      const int revision = deps_->definitions->latest(created.workflow);
      const auto definition = deps_->definitions->find(created.workflow, revision);
      if (!definition || definition->kind != created.kind)
        return fail(ErrorCode::not_found, fmt::format("no workflow '{}' of kind {} is published", created.workflow, created.kind), "unknown_workflow");
      storage::ActorRow row;
      row.id = created.id;
      row.tenant = row_.tenant;
      row.kind = created.kind;
      row.workflow = created.workflow;
      row.revision = revision;
      row.customer = row_.customer;
      const Event born{.id = created.event, .by = event.by, .trace = event.trace, .depth = event.depth + 1, .body = workflows::Born{created.attributes}};
      auto decided = workflows::advance(*definition, unborn(*definition, row.id, row.tenant, row.customer), born, now);
      if (!decided) return wrap(std::move(decided).error(), fmt::format("create {} with workflow {}", created.kind, created.workflow));
      commit.changes.push_back(make_change(*definition, row, born, *decided, deps_->incarnation, now));
      commit.changes.back().row.decision = commit.id;
    }
    return commit;
  }

  [[nodiscard]] Answer answer_of(const Deliver& deliver, const Event& event, const Decision& decision) const {
    if (std::holds_alternative<workflows::Born>(event.body)) {
      JsonArray created;
      for (const auto& actor : decision.created) created.push_back(JsonObject{{"kind", actor.kind}, {"id", actor.id.str()}});
      JsonObject body{{"id", deliver.actor.str()}, {"state", decision.state}, {"status", decision.status}, {"created", std::move(created)}};
      if (!decision.started_run.empty()) body["run"] = decision.started_run.str();
      return {201, std::move(body), false};
    }
    JsonObject body{{"event", event.id.str()}, {"run", nullptr}, {"deferred", decision.defer.has_value()}};
    if (!decision.started_run.empty()) body["run"] = decision.started_run.str();
    return {202, std::move(body), false};
  }

  void on_committed(const Shared<Deliver>& deliver, const Decision& decision, const Answer& answer, const storage::Commit& written, const CommitReply& reply, int conflicts) {
    switch (reply.result.status) {
      case storage::CommitStatus::committed:
        return apply(deliver, decision, answer, written);
      case storage::CommitStatus::conflict:
        if (std::holds_alternative<workflows::Born>(deliver->event.body) || conflicts >= max_conflicts) {
          if (deliver->reply) deliver->reply->answer(fail(ErrorCode::conflict, fmt::format("actor {} was changed by another request", id_.str()), "changed"));
          return forget();
        }
        return load([this, deliver, conflicts] { decide(deliver, conflicts + 1); }, [this, deliver](const Error& error) { not_loaded(deliver, error); });
      case storage::CommitStatus::duplicate:
        if (deliver->reply) deliver->reply->answer(fail(ErrorCode::conflict, "an earlier request used this Idempotency-Key", "idempotency_duplicate"));
        return next_turn();
      case storage::CommitStatus::rejected:
        monitoring::log(monitoring::Level::error, "the database refuses a decision", {{"actor", id_.str()}, {"error", reply.result.error}});
        if (deliver->reply) deliver->reply->answer(fail(ErrorCode::invalid_argument, "the database refuses these values", "rejected"));
        else open_quarantine("the database refuses the decision: " + reply.result.error);
        return;
    }
  }

  // --- after the commit: effects
  void apply(const Shared<Deliver>& deliver, const Decision& decision, const Answer& answer, const storage::Commit& written) {
    static auto& decisions = monitoring::counter("stellwerk_decisions_total", {"all"});
    decisions.add();
    row_ = written.changes.front().row;
    snapshot_ = decision.next;
    snapshot_.version = row_.version;
    loaded_ = true;
    std::erase_if(mailbox_, [&](const storage::MailboxRow& m) { return std::find(decision.consumed.begin(), decision.consumed.end(), m.seq) != decision.consumed.end(); });
    std::erase_if(snapshot_.deferred, [&](const workflows::Deferred& d) { return std::find(decision.consumed.begin(), decision.consumed.end(), d.seq) != decision.consumed.end(); });
    if (decision.defer) {
      mailbox_stale_ = true;
      snapshot_.deferred.push_back(*decision.defer);
    }
    for (const auto& change : written.changes) {
      for (const auto& timer : change.timers) self_->send(all_.timers, timer_atom::value, to_micros(timer.due));
      for (const auto& message : change.messages)
        if (message.receiver != id_) self_->send(all_.dispatcher, share(Wake{message.receiver}));
      if (change.row.id != id_ && change.attempt)
        self_->send(all_.dispatcher, share(Deliver{.actor = change.row.id, .event = {}, .recovered = true, .attempt = change.attempt}));
    }
    static auto& incidents = monitoring::gauge("stellwerk_incidents_open");
    incidents.add(static_cast<double>(decision.incidents.size()) - static_cast<double>(decision.incidents_closed.size()));
    if (decision.settle_attempt && snapshot_.cursor.run && snapshot_.cursor.run->attempt && snapshot_.cursor.run->attempt->executor == "connector")
      self_->send(all_.dispatcher, share(Settle{snapshot_.cursor.run->attempt->server, snapshot_.cursor.run->attempt->id}));
    // A task that goes on is polled by the connector that told us so; everything else that changed is carried out now.
    const bool still_polled = snapshot_.cursor.run && snapshot_.cursor.run->attempt && snapshot_.cursor.run->attempt->mode == "poll" &&
                              std::holds_alternative<workflows::Tried>(deliver->event.body);
    if (decision.attempt_changed && !still_polled) carry_out();
    answer_caller(deliver, decision, answer);
    for (const auto& run : decision.runs)
      if (run.ended) run_ended(run);
    next_turn();
  }

  void carry_out() {
    auto attempt = make_attempt(*definition_, row_, *snapshot_.cursor.run, deps_->incarnation);
    if (attempt.executor == "action") {
      if (const auto delay = attempt.due - deps_->clock->now(); delay > Duration{}) {
        // through the dispatcher, which outlives this actor
        self_->delayed_send(all_.dispatcher, std::chrono::duration_cast<std::chrono::milliseconds>(delay) + std::chrono::milliseconds{1},
                            share(Deliver{.actor = id_, .event = {}, .recovered = true, .attempt = attempt}));
        return;
      }
      ++pending_actions_;
      self_->request(all_.committer, caf::infinite, share(ActionWork{std::move(attempt)})).then(
          [this](const Shared<Deliver>& outcome) {
            --pending_actions_;
            on_deliver(outcome);
            end_if_free();
          },
          [this](const caf::error&) { --pending_actions_, forget(), end_if_free(); });
      return;
    }
    const auto& run = *snapshot_.cursor.run;
    const auto& state = definition_->states[static_cast<std::size_t>(snapshot_.state)];
    Duration timeout = std::chrono::seconds{30};
    if (const auto* call = std::get_if<workflows::CallStep>(&state.steps[static_cast<std::size_t>(run.begun.back().step)].body)) timeout = call->attempt_timeout;
    self_->send(all_.dispatcher, share(Work{std::move(attempt), timeout}));
  }

  // --- answers
  struct Waiter {
    std::string run;
    std::shared_ptr<ReplySlot> reply;
    Answer answer;
  };

  void answer_caller(const Shared<Deliver>& deliver, const Decision& decision, const Answer& answer) {
    if (!deliver->reply) return;
    const bool ended = std::any_of(decision.runs.begin(), decision.runs.end(), [&](const workflows::RunNote& r) { return r.id == decision.started_run && r.ended; });
    if (deliver->wait.count() > 0 && !decision.started_run.empty() && !ended) {
      waiters_.push_back({decision.started_run.str(), deliver->reply, answer});
      self_->delayed_send(self_, std::chrono::duration_cast<std::chrono::milliseconds>(deliver->wait), waited_atom::value, decision.started_run.str());
      return;
    }
    auto told = answer;
    if (deliver->wait.count() > 0) told.body.as_object()["state"] = row_.state;
    deliver->reply->answer(std::move(told));
  }

  void finish_waiters(const std::string& run, std::string_view status) {
    for (auto& waiter : waiters_) {
      if (waiter.run != run) continue;
      waiter.answer.body.as_object()["state"] = row_.state;
      waiter.answer.body.as_object()["run_status"] = status;
      waiter.reply->answer(std::move(waiter.answer));
    }
    std::erase_if(waiters_, [&](const Waiter& w) { return w.run == run; });
    end_if_free();
  }
  void run_ended(const workflows::RunNote& run) { finish_waiters(run.id.str(), run.status); }
  void on_waited(const std::string& run) { finish_waiters(run, "running"); }

  // --- mailbox
  void on_wake() {
    load([this] { loaded_and_woken(); }, [this](const Error& error) {
      if (error.code != ErrorCode::not_found) monitoring::log_error("a mailbox cannot be read; it is looked at again", error, {{"actor", id_.str()}});
    });
  }

  void loaded_and_woken() {
    if (!quarantine_.empty()) return open_quarantine(quarantine_);
    next_turn();
  }

  /// What waits in the mailbox and may be taken now: deferred events first, then messages, each in order of arrival.
  void next_turn() {
    if (!loaded_ || !quarantine_.empty()) return;
    const bool waiting = !snapshot_.cursor.run;
    if (mailbox_stale_ && waiting) {
      mailbox_stale_ = false;
      return load([this] { next_turn(); }, [this](const Error&) { mailbox_stale_ = true; });
    }
    const auto takeable = [&](const storage::MailboxRow& m) { return waiting || !m.deferred; };
    const storage::MailboxRow* next = nullptr;
    for (const auto& message : mailbox_) {
      if (!takeable(message)) continue;
      if (next == nullptr || (message.deferred && !next->deferred) || (message.deferred == next->deferred && message.seq < next->seq)) next = &message;
    }
    if (next == nullptr) return;
    static auto& delivered = monitoring::counter("stellwerk_messages_delivered_total");
    delivered.add();
    Event event{.id = next->event_id, .by = {text_of(next->meta, "by"), text_of(next->meta, "role", "system")}, .trace = text_of(next->meta, "trace"),
                .depth = static_cast<int>(int_of(next->meta, "depth")), .body = {}};
    if (next->deferred) event.body = workflows::Turn{next->event, next->payload, next->seq, bool_of(next->meta, "command")};
    else event.body = workflows::Message{next->event, next->payload, next->sender.str(), next->seq};
    decide(share(Deliver{.actor = id_, .event = std::move(event)}), 0);
  }

  // --- trouble
  /// Row, revision or decision cannot be processed: an incident is written beside the actor, which keeps its mailbox.
  void open_quarantine(const std::string& why) {
    quarantine_ = why;
    if (row_.version == 0 || find_member(row_.cursor, "quarantined") != nullptr) return;
    storage::Commit commit;
    commit.id = format_id("dec", make_uuid());
    storage::ActorChange change;
    change.row = row_;
    change.row.version = row_.version + 1;
    change.row.decision = commit.id;
    change.expected_version = row_.version;
    const auto now = deps_->clock->now();
    const auto incident = make_id<IncidentId>("inc");
    if (change.row.cursor.is_object()) change.row.cursor.as_object()["quarantined"] = incident.str();
    change.applied = {.id = make_id<EventId>("evt"), .event = "quarantined", .payload = JsonObject{}, .principal = {}, .role = "system"};
    change.journal = JsonArray{JsonObject{{"type", "incident_opened"}, {"incident", incident.str()}, {"kind", "quarantined"}, {"text", why}}};
    change.incidents.push_back({.id = incident, .tenant = row_.tenant, .kind = "quarantined", .actor = id_, .actor_kind = row_.kind, .error_class = "internal", .text = why,
                                .remedies = {}, .opened_at = now});
    commit.changes.push_back(change);
    self_->request(all_.committer, caf::infinite, share(CommitRequest{std::move(commit)})).await(
        [this, row = change.row, why](const Shared<CommitReply>& reply) {
          if (reply->result.status == storage::CommitStatus::committed) row_ = row;
          else forget();
          monitoring::log(monitoring::Level::error, "an actor is quarantined", {{"actor", id_.str()}, {"tenant", row_.tenant.str()}, {"error", why}});
        },
        [this](const caf::error&) { forget(); });
  }

  /// The next event loads the actor again.
  void forget() {
    loaded_ = false;
    mailbox_.clear();
  }

  // --- passivation
  void touched() { ++activity_; }
  void arm_idle() {
    self_->delayed_send(self_, std::chrono::duration_cast<std::chrono::milliseconds>(deps_->passivate_after), tick_atom::value, activity_);
  }
  void on_idle(std::uint64_t activity) {
    if (activity != activity_ || !is_free()) return arm_idle();
    self_->send(all_.dispatcher, share(Idle{id_}));
    arm_idle();
  }
  [[nodiscard]] bool is_free() const { return pending_actions_ == 0 && waiters_.empty(); }
  void end_if_free() {
    if (!ending_ || !is_free()) return;
    static auto& passivated = monitoring::counter("stellwerk_actors_passivated_total");
    passivated.add();
    self_->quit();
  }

  caf::event_based_actor* self_;
  DurableDeps all_;
  std::shared_ptr<const Deps> deps_;
  ActorId id_;
  bool loaded_ = false;
  bool ending_ = false;
  bool mailbox_stale_ = false;
  int pending_actions_ = 0;
  std::uint64_t activity_ = 0;
  std::string quarantine_;
  storage::ActorRow row_;
  std::shared_ptr<const workflows::Definition> definition_;
  workflows::Snapshot snapshot_;
  std::vector<storage::MailboxRow> mailbox_;
  std::vector<Waiter> waiters_;
};

}  // namespace

caf::actor spawn_durable(caf::actor_system& system, const DurableDeps& deps, const ActorId& id) {
  return system.spawn([deps, id](caf::stateful_actor<Durable>* self) -> caf::behavior { return self->state.behavior(deps, id); });
}

}  // namespace stellwerk::actors
