// The durable actor: what follows a commit. Others hear of it, attempts are carried out, callers are answered.

#include <algorithm>

#include "actors/durable.hpp"
#include "actors/encode.hpp"
#include "monitoring/log.hpp"
#include "monitoring/metrics.hpp"
#include "workflows/mailbox.hpp"

namespace stellwerk::actors {

workflows::Event Durable::outcome_of(const workflows::Run& run, const workflows::Attempt& attempt, Outcome outcome) {
  return {.id = make_id<EventId>("evt"), .by = {}, .trace = run.trace, .depth = 0, .body = workflows::Tried{attempt.id, attempt.number, std::move(outcome)}};
}

Outcome Durable::given_up() { return {.is = OutcomeClass::retry, .code = "given_up", .text = "not begun: the run was interrupted", .sent = false}; }

void Durable::apply(const Pending& pending) {
  const auto& [deliver, decision, answer, request, conflicts, refused, counted] = pending;
  const auto& written = request->commit;
  try {
    row_ = written.changes.front().row;
    remember_key(written.changes.front());
    snapshot_ = workflows::settled(decision, row_.version);
    loaded_ = true;
    borrowed_ = false;
    if (deliver->ticket) deliver->ticket->decided();
    const auto consumed = [&taken = decision.consumed](std::int64_t seq) { return std::find(taken.begin(), taken.end(), seq) != taken.end(); };
    std::erase_if(mailbox_, [&](const storage::MailboxRow& m) { return consumed(m.seq); });
    for (const auto seq : decision.consumed) failures_.erase(seq);
    if (decision.defer) mailbox_stale_ = true;
    announce(written);
    for (const auto& id : decision.settle)
      if (const auto* attempt = workflows::find_attempt(snapshot_, id)) settle(*attempt);
    // A task that goes on is polled by the connector that told us so; everything else that changed is carried out now.
    const auto* tried = std::get_if<workflows::Tried>(&deliver->event.body);
    for (const auto& id : decision.attempts_changed) {
      const auto* attempt = workflows::find_attempt(snapshot_, id);
      if (attempt != nullptr && !(attempt->mode == "poll" && tried != nullptr && tried->attempt == id)) carry_out(*attempt);
    }
    answer_caller(pending);
    for (const auto& note : decision.runs)
      if (note.ended) finish_waiters(note.id.str(), note.status);
  } catch (const std::exception& error) {
    // It is on disk, whatever failed here: the caller hears so, and the attempt is looked at as after a restart.
    monitoring::log_error("what follows a commit failed", {{"actor", id_.str()}, {"error", error.what()}});
    if (deliver->reply) deliver->reply->answer(answer);
    forget();
    for (const auto& change : written.changes)
      for (const auto& attempt : change.attempts) again_later(share(Deliver{.actor = change.row.id, .event = {}, .resume = Resume::recover, .attempt = attempt}));
    return wake_later();
  }
  next_turn();
}

/// Timers, receivers and new-born actors hear of it.
void Durable::announce(const storage::Commit& written) {
  static auto& open_incidents = monitoring::gauge("stellwerk_incidents_open");
  for (const auto& change : written.changes) {
    monitoring::counter("stellwerk_decisions_total", {change.row.kind}).add();
    for (const auto& timer : change.timers) self_->send(all_.timers, timer_atom::value, to_micros(timer.due));
    // What it deferred itself has its turn by and by. A message to itself, or of a child to its parent, is new to it as well.
    for (const auto& message : change.messages)
      if (message.receiver != id_ || !message.deferred) self_->send(all_.dispatcher, share(Wake{message.receiver}));
    if (deps_->recent) deps_->recent->add(change.row.id);
    for (const auto& incident : change.incidents) open_incidents.add(incident.state == "closed" ? -1 : 1);
    if (change.row.id == id_) continue;
    for (const auto& attempt : change.attempts)
      self_->send(all_.dispatcher, share(Deliver{.actor = change.row.id, .event = {}, .resume = Resume::begin, .attempt = attempt, .due = attempt.due}));
  }
}

/// The run was interrupted: what has not begun is given up at once. An action may be on disk although nobody has told us so yet (its
/// outcome could not be decided, or an earlier try threw): it is brought to its end, and then undone or kept like any other.
void Durable::settle(const workflows::Attempt& attempt) {
  if (attempt.executor == "connector") return self_->send(all_.dispatcher, share(Settle{attempt.server, attempt.id}));
  if (actions_in_hand_.contains({attempt.id, attempt.number})) return;  // its outcome comes soon
  const auto& run = *snapshot_.cursor.run;
  if (!workflows::may_have_begun(attempt, deps_->clock->now()))
    return self_->send(all_.dispatcher, share(Deliver{.actor = id_, .event = outcome_of(run, attempt, given_up())}));
  auto row = make_attempt(*definition_, row_, run, attempt, deps_->incarnation);
  row.due = {};  // not when it is its turn again: now
  run_action(std::move(row));
}

void Durable::carry_out(const workflows::Attempt& attempt) {
  const auto& run = *snapshot_.cursor.run;
  auto row = make_attempt(*definition_, row_, run, attempt, deps_->incarnation);
  if (row.executor == "action") return run_action(std::move(row));
  Duration timeout = std::chrono::seconds{30};
  if (const auto* call = std::get_if<workflows::CallStep>(&workflows::step_at(definition_->work(run.work), attempt.at).body)) timeout = call->attempt_timeout;
  auto counted = count(row);
  self_->send(all_.dispatcher, share(Work{std::move(row), timeout, std::move(counted)}));
}

void Durable::run_action(storage::AttemptRow attempt) {
  const std::pair in_hand{attempt.id, attempt.number};
  if (actions_in_hand_.contains(in_hand)) return;
  const auto counted = count(attempt);
  const auto later = share(Deliver{.actor = id_, .event = {}, .resume = Resume::begin, .attempt = attempt, .due = attempt.due, .counted = counted});
  if (attempt.due > deps_->clock->now() || deps_->stop->is_on(row_.tenant)) return self_->send(all_.dispatcher, later);
  actions_in_hand_.insert(in_hand);
  self_->request(all_.committer, caf::infinite, share(ActionWork{std::move(attempt), counted})).then(
      [this, in_hand](const Shared<Deliver>& outcome) {
        actions_in_hand_.erase(in_hand);
        guarded(outcome, [&] { on_deliver(outcome); });
        became_free();
      },
      [this, in_hand, later](const caf::error&) {
        actions_in_hand_.erase(in_hand);
        again_later(later);
        became_free();
      });
}

void Durable::answer_caller(const Pending& pending) {
  const auto& [deliver, decision, answer, request, conflicts, refused, counted] = pending;
  if (!deliver->reply) return;
  if (deliver->wait.count() <= 0) return deliver->reply->answer(answer);
  if (decision.started_run.empty()) {
    auto told = answer;
    told.body.as_object()["state"] = row_.state;
    return deliver->reply->answer(std::move(told));
  }
  // When the run has ended already, apply() goes on to tell so.
  waiters_.push_back({decision.started_run.str(), deliver->reply, answer});
  self_->delayed_send(self_, std::chrono::ceil<std::chrono::milliseconds>(deliver->wait), waited_atom::value, decision.started_run.str());
}

void Durable::finish_waiters(const std::string& run, std::string_view status) {
  for (auto& waiter : waiters_) {
    if (waiter.run != run) continue;
    waiter.answer.body.as_object()["state"] = row_.state;
    waiter.answer.body.as_object()["run_status"] = status;
    waiter.reply->answer(std::move(waiter.answer));
  }
  if (std::erase_if(waiters_, [&](const Waiter& w) { return w.run == run; }) > 0) became_free();
  else end_if_free();
}

}  // namespace stellwerk::actors
