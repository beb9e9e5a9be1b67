// The durable actor: deciding and committing. How it comes into memory: durable_loading.cpp; what follows a commit: durable_effects.cpp.

#include "actors/durable.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "actors/encode.hpp"
#include "core/planted.hpp"
#include "monitoring/log.hpp"
#include "monitoring/metrics.hpp"
#include "workflows/mailbox.hpp"
#include "workflows/secrets.hpp"

namespace stellwerk::actors {
namespace {

using workflows::Decision;
using workflows::Event;

constexpr int max_conflicts = 8;
constexpr auto clocks_apart = std::chrono::seconds{4};  ///< of a former node and this one, at most: each is within two seconds of the database
constexpr int max_rounds = 4;  ///< of reading rows for one decision

/// A recovered attempt carries no event, and an empty one reads as Born: only what is to be created tells.
bool is_birth(const Deliver& deliver) { return deliver.create.has_value(); }

}  // namespace

Durable::~Durable() {
  if (deps_) deps_->admission->fell_asleep();
  for (auto& waiter : waiters_)
    survive("a caller could not be told what was committed", [&] { waiter.reply->answer(std::move(waiter.answer)); });
}

caf::behavior Durable::behavior(const DurableDeps& deps, const ActorId& id) {
  all_ = deps;
  deps_ = deps.deps;
  id_ = id;
  deps_->admission->woke();
  static auto& loaded_actors = monitoring::gauge("stellwerk_actors_loaded");
  loaded_actors.add(1);
  self_->attach_functor([](const caf::error&) { loaded_actors.add(-1); });
  return {
      [this](const Shared<Deliver>& deliver) { received(), guarded(deliver, [&] { on_deliver(deliver); }); },
      [this](const Shared<Wake>&) { received(), guarded(nullptr, [&] { on_wake(); }); },
      [this](waited_atom, const std::string& run) { guarded(nullptr, [&] { finish_waiters(run, "running"); }); },
      [this](tick_atom, std::uint64_t seen) { on_idle(seen); },
      [this](rest_atom, std::uint64_t seen) { on_rest(seen); },
      [this](end_atom) { ending_ = true, end_if_free(); },
  };
}

// --- events

void Durable::on_deliver(const Shared<Deliver>& deliver) {
  if (is_birth(*deliver)) return on_born(deliver);
  if ((loaded_ && !borrowed_) || borrow(*deliver)) return handle(deliver);
  load([this, deliver] { guarded(deliver, [&] { handle(deliver); }); }, [this, deliver](const Error& error) { not_loaded(deliver, error); });
}

void Durable::on_born(const Shared<Deliver>& deliver) {
  const auto& create = *deliver->create;
  if (loaded_) return deliver->reply->answer(fail(ErrorCode::conflict, fmt::format("actor {} exists already", id_.str()), "exists"));
  const int revision = deps_->definitions->latest(create.workflow);
  definition_ = deps_->definitions->find(create.workflow, revision);
  if (!definition_ || definition_->kind != create.kind)
    return deliver->reply->answer(fail(ErrorCode::not_found,
                                       definition_ ? fmt::format("no workflow '{}' of kind {} is published", create.workflow, create.kind) : deps_->definitions->why_not(create.workflow, revision),
                                       "unknown_workflow"));
  row_ = {};
  row_.id = id_;
  row_.tenant = create.caller.tenant;
  row_.kind = create.kind;
  row_.workflow = create.workflow;
  row_.revision = revision;
  row_.customer = create.customer;
  snapshot_ = unborn(*definition_, id_, row_.tenant, row_.customer, create.attributes, deps_->around);
  decide(deliver);
}

void Durable::handle(const Shared<Deliver>& deliver) {
  const bool foreign = (!deliver->tenant.empty() && deliver->tenant != row_.tenant) || (!deliver->customer.empty() && deliver->customer != row_.customer) ||
                       (!deliver->expected_kind.empty() && deliver->expected_kind != row_.kind);
  if (foreign && !planted(Planted::strangers_let_in)) return deliver->reply->answer(fail(ErrorCode::not_found, fmt::format("there is no {} {}", deliver->expected_kind, id_.str())));
  if (!quarantine_.empty()) return refuse_quarantined(deliver);
  if (deliver->resume != Resume::none) return resume(*deliver);
  // During an emergency stop the timer stays as it is: it fires when the stop is lifted.
  if (std::holds_alternative<workflows::TimerDue>(deliver->event.body) && deps_->stop->is_on(row_.tenant)) return next_turn();
  if (deliver->reveal) return reveal(deliver);
  if (deliver->erase) return erase(deliver);
  decide(deliver);
}

/// An attempt nobody carries out: what may have left is looked at first; what had not begun, or has a handle, goes on. Of an
/// interrupted run, what had not begun is given up: who had to be told so may be gone, or may not have known of it yet.
void Durable::resume(const Deliver& deliver) {
  const auto* attempt = workflows::find_attempt(snapshot_, deliver.attempt->id);
  if (attempt == nullptr || attempt->number != deliver.attempt->number) return;
  // What another node began may be due by its clock and not yet by ours.
  const auto now = this->now() + (deliver.resume == Resume::recover ? Duration{clocks_apart} : Duration{0});
  const bool has_not_begun = !workflows::may_have_begun(*attempt, now) || (attempt->mode == "execute" && deliver.resume == Resume::begin && attempt->executor == "connector");
  std::optional<Outcome> outcome;
  if (snapshot_.cursor.run->phase == workflows::Phase::settling && has_not_begun) outcome = given_up();
  else if (deliver.resume == Resume::recover) outcome = workflows::outcome_of_restart(*attempt, now);
  if (!outcome) return carry_out(*attempt);
  decide(share(Deliver{.actor = id_, .event = outcome_of(*snapshot_.cursor.run, *attempt, std::move(*outcome))}));
}

void Durable::decide(const Shared<Deliver>& deliver, int conflicts) {
  snapshot_.rows.clear();  // what references point to is read for each decision
  ask(deliver, {.conflicts = conflicts, .rounds = 0, .refused = {}});
}

void Durable::ask(const Shared<Deliver>& deliver, const Asked& asked) {
  const auto now = this->now();
  auto event = deliver->event;
  event.refused = asked.refused;
  if (event.trace.empty() && snapshot_.cursor.run) event.trace = snapshot_.cursor.run->trace;
  if (snapshot_.state >= 0) snapshot_.settings = deps_->around.settings->resolve(*definition_, id_, row_.attributes);
  snapshot_.standstills = deps_->stop->standstills(row_.tenant);
  if (workflows::handles_secrets(*definition_)) workflows::mask_outcome(*definition_, snapshot_, event);
  auto decision = workflows::advance(*definition_, snapshot_, event, now);
  if (decision) forget_shown(*decision);
  if (!decision) return undecided(deliver, decision.error());
  if (!decision->needs.empty()) return read_rows(deliver, asked, decision->needs);
  if (workflows::is_nothing(*decision)) {
    if (const auto seq = row_of(event); seq > 0) return not_applied(seq, "it led to no decision");
    if (deliver->reply) deliver->reply->answer(Answer{202, JsonObject{{"event", event.id.str()}, {"run", nullptr}, {"deferred", false}}, false});
    return next_turn();
  }
  std::vector<workflows::NeededRow> needs;
  auto commit = make_commit(event, *decision, now, needs);
  if (!commit) return give_back(deliver, asked, std::move(commit).error());  // an actor that it creates cannot be born
  if (!needs.empty()) return read_rows(deliver, asked, needs);
  auto counted = take_on(*deliver, *decision, *commit);
  if (!counted) return undecided(deliver, counted.error());
  if (const auto seq = row_of(event); seq > 0 && !row_.live) send_back(seq, commit->changes.front());
  if (decision->guarded && !admit(event, now, *commit)) return next_turn();
  auto answer = answer_of(*deliver, event, *decision);
  if (deliver->idempotency) {
    commit->idempotency = deliver->idempotency;
    commit->idempotency->status = answer.status;
    commit->idempotency->answer = answer.body;
  }
  auto pending = std::make_shared<Pending>(Pending{deliver, std::move(*decision), std::move(answer), share(CommitRequest{std::move(*commit)}), asked.conflicts,
                                                   asked.refused.has_value(), std::move(*counted)});
  if (planted(Planted::effect_before_commit))
    for (const auto& attempt : pending->request->commit.changes.front().attempts)
      if (attempt.executor == "connector") self_->send(all_.dispatcher, share(Work{attempt, std::chrono::seconds{30}}));
  self_->request(all_.committer, caf::infinite, pending->request).await(
      [this, pending](const Shared<CommitReply>& reply) { guarded(pending->deliver, [&] { on_committed(pending, *reply); }); },
      [this, pending](const caf::error&) {
        const auto& unwritten = pending->deliver;
        if (unwritten->reply)
          unwritten->reply->answer(fail(ErrorCode::unavailable, "whether the request was taken is unknown; repeat it with the same Idempotency-Key", "outcome_unknown"));
        else if (row_of(unwritten->event) == 0) again_later(unwritten);
        unheard_.push_back(pending);
        forget();
        wake_later();
      });
}

void Durable::read_rows(const Shared<Deliver>& deliver, const Asked& asked, const std::vector<workflows::NeededRow>& needs) {
  if (asked.rounds >= max_rounds)
    return undecided(deliver, Error{ErrorCode::internal, fmt::format("the references of workflow {} lead on and on", definition_->name), "endless_references"});
  std::vector<std::string> ids;
  for (const auto& need : needs) ids.push_back(need.id);
  auto next = asked;
  ++next.rounds;
  const auto request = share(ReferenceRequest{row_.tenant, std::move(ids)});
  const auto not_read = [this, deliver, next](const Error& error) {
    // A row that nobody can read: what needs it waits for a person, and nothing else does.
    if (!is_transient(error.code)) return guarded(deliver, [&] { give_back(deliver, next, error); });
    if (row_of(deliver->event) == 0) return not_loaded(deliver, error);
    monitoring::log_error("what a message refers to cannot be read; it is looked at again", error, {{"actor", id_.str()}});
    forget();
    wake_later();
  };
  self_->request(loader(), caf::infinite, request).await(
      [this, deliver, next, request, not_read](const Shared<ReferenceReply>& reply) {
        if (!reply->rows) return not_read(reply->rows.error());
        guarded(deliver, [&] {
          put_rows(snapshot_, *deps_->definitions, request->ids, *reply->rows);
          ask(deliver, next);
        });
      },
      [not_read](const caf::error&) { not_read(Error{ErrorCode::unavailable, "the engine is stopping", "stopping"}); });
}

void Durable::undecided(const Shared<Deliver>& deliver, const Error& refusal) {
  const auto error = told(refusal, &deliver->event);
  if (deliver->reply) {
    // Customers are not told why; the host has to hear of a mistake in its workflow.
    if (error.reason == "expression_failed") monitoring::log_warning("a command cannot be decided: its workflow has a mistake", {{"actor", id_.str()}, {"error", describe(error)}});
    return deliver->reply->answer(fail(error)), next_turn();
  }
  if (const auto seq = row_of(deliver->event); seq > 0) return not_applied(seq, describe(error));
  monitoring::log_error("an event cannot be decided", error, {{"actor", id_.str()}, {"tenant", row_.tenant.str()}});
  open_quarantine(describe(error));
}

Result<storage::Commit> Durable::make_commit(const Event& event, const Decision& decision, Time now, std::vector<workflows::NeededRow>& needs) const {
  storage::Commit commit;
  commit.id = format_id("dec", make_uuid());
  commit.changes.push_back(make_change(*definition_, row_, event, decision, deps_->incarnation, now, {deps_->around.keys, personal_, &snapshot_}));
  commit.changes.back().row.decision = commit.id;
  add_conditions(commit, id_, decision);
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
    const Event born{.id = created.event, .by = event.by, .trace = event.trace, .depth = decision.next.cursor.depth + 1, .body = workflows::Born{created.attributes}};
    auto before = unborn(*definition, row.id, row.tenant, row.customer, created.attributes, deps_->around);
    before.rows = snapshot_.rows;
    auto decided = workflows::advance(*definition, before, born, now);
    if (!decided) return wrap(std::move(decided).error(), fmt::format("create {} with workflow {}", created.kind, created.workflow));
    if (!decided->needs.empty()) {
      needs.insert(needs.end(), decided->needs.begin(), decided->needs.end());
      continue;
    }
    if (!decided->created.empty())
      return fail(ErrorCode::invalid_argument, fmt::format("workflow {} creates actors at its birth, while it is created itself; create them in a later state", created.workflow), "nested_birth");
    commit.changes.push_back(make_change(*definition, row, born, *decided, deps_->incarnation, now, {deps_->around.keys}));
    commit.changes.back().row.decision = commit.id;
    add_conditions(commit, row.id, *decided);
  }
  return commit;
}

std::optional<GuardWish> Durable::wish_of(const Event& event) const {
  const auto* due = std::get_if<workflows::TimerDue>(&event.body);
  if (due == nullptr) return std::nullopt;
  return GuardWish{row_.tenant, row_.kind, storage::TimerRow{id_, row_.tenant, due->name, due->due}};
}

/// Whether what a timer is about to do may be done now. Else nothing is decided: the timer stays, and the sentry marks it as held.
bool Durable::admit(const Event& event, Time now, storage::Commit& commit) {
  const auto wish = wish_of(event);
  if (!wish) return true;  // only what timers do is guarded: a schedule whose `when` comes true in another event becomes a timer of its own
  commit.guard = deps_->guard->admit(*wish, now, deps_->clock->monotonic());
  if (commit.guard) {
    monitoring::counter("stellwerk_guard_counted_total", {row_.kind, commit.guard->released.empty() ? "passed" : "released"}).add();
    return true;
  }
  self_->send(all_.sentry, share(Hold{*wish}));
  return false;
}

Result<Held> Durable::take_on(const Deliver& deliver, const Decision& decision, const storage::Commit& commit) const {
  const bool from_outside = deliver.reply && (std::holds_alternative<workflows::Command>(deliver.event.body) || std::holds_alternative<workflows::Born>(deliver.event.body));
  const bool begins = !decision.started_run.empty() || commit.changes.size() > 1;
  if (!from_outside || !begins) return Held{};
  std::vector<Load> loads;
  for (const auto& change : commit.changes)
    for (const auto& attempt : change.attempts) loads.push_back({attempt.tenant, attempt.operation, attempt.server});
  return deps_->admission->admit(row_.tenant, loads);
}

Answer Durable::answer_of(const Deliver& deliver, const Event& event, const Decision& decision) const {
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

void Durable::on_committed(const std::shared_ptr<Pending>& pending, const CommitReply& reply) {
  const auto& deliver = pending->deliver;
  const auto status = reply.result.status;
  if (pending->request->commit.guard && status != storage::CommitStatus::committed && status != storage::CommitStatus::conflict)
    if (const auto wish = wish_of(deliver->event)) deps_->guard->give_back(*wish);
  switch (status) {
    case storage::CommitStatus::committed:
      return apply(*pending);
    case storage::CommitStatus::conflict:
      return on_conflict(pending);
    case storage::CommitStatus::duplicate:
      if (deliver->reply) deliver->reply->answer(fail(ErrorCode::conflict, "an earlier request used this Idempotency-Key", "idempotency_duplicate"));
      return next_turn();
    case storage::CommitStatus::refused:
      return on_refused(*pending, reply.result);
    case storage::CommitStatus::rejected:
      monitoring::log(monitoring::Level::error, "the database refuses a decision", {{"actor", id_.str()}, {"error", reply.result.error}});
      return undecided(deliver, Error{ErrorCode::invalid_argument, "the database refuses these values", "rejected"});
  }
}

/// Somebody else has changed the actor, or it was ourselves and the answer to that commit was lost. The same event is decided again.
void Durable::on_conflict(const std::shared_ptr<Pending>& pending) {
  const auto& deliver = pending->deliver;
  const auto again = [this, pending, deliver] {
    if (row_.decision == pending->request->commit.id && !planted(Planted::double_apply)) return apply(*pending);
    // It may be decided otherwise; but when the timer is gone, who decided it before us is counted under the same name.
    const auto wish = wish_of(deliver->event);
    const bool stands = wish && quarantine_.empty() && snapshot_.cursor.timers.contains(wish->timer.name) && snapshot_.cursor.timers.at(wish->timer.name) == wish->timer.due;
    if (stands && pending->request->commit.guard) deps_->guard->give_back(*wish);
    if (is_birth(*deliver)) return deliver->reply->answer(fail(ErrorCode::conflict, fmt::format("actor {} exists already", id_.str()), "exists"));
    if (!quarantine_.empty()) return refuse_quarantined(deliver);
    if (pending->conflicts >= max_conflicts) {  // only now is it certain that the last try is not on disk
      if (deliver->reply) deliver->reply->answer(fail(ErrorCode::conflict, fmt::format("actor {} was changed by other requests all the time", id_.str()), "changed"));
      else if (row_of(deliver->event) == 0) again_later(deliver);
      forget();
      return wake_later();
    }
    if (row_of(deliver->event) > 0) return next_turn();  // the mailbox was read again as well
    decide(deliver, pending->conflicts + 1);
  };
  if (planted(Planted::conflict_not_reloaded)) return again();
  load([this, pending, again] { guarded(pending->deliver, again); }, [this, pending](const Error& error) {
    unheard_.push_back(pending);
    forget();
    if (row_of(pending->deliver->event) == 0) not_loaded(pending->deliver, error);
    wake_later();
  });
}

/// An action of the transition is not possible now.
void Durable::on_refused(const Pending& pending, const storage::CommitResult& result) {
  const auto& deliver = pending.deliver;
  Error error{ErrorCode::conflict, result.error, deliver->reply ? "action_refused" : result.code};
  Asked asked{.conflicts = pending.conflicts, .rounds = 0, .refused = {}};
  if (pending.refused) asked.refused = error;
  give_back(deliver, asked, std::move(error));
}

void Durable::give_back(const Shared<Deliver>& deliver, const Asked& asked, Error error) {
  if (deliver->reply || asked.refused) return undecided(deliver, error);
  ask(deliver, {.conflicts = asked.conflicts, .rounds = 0, .refused = std::move(error)});
}

caf::actor spawn_durable(caf::actor_system& system, const DurableDeps& deps, const ActorId& id) {
  return system.spawn([deps, id](caf::stateful_actor<Durable>* self) -> caf::behavior { return self->state.behavior(deps, id); });
}

}  // namespace stellwerk::actors
