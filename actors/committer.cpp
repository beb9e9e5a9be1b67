// Group commit: all decisions that wait are written in one transaction; alone, a decision costs one commit. The committer is
// the only writer of actors; it always answers, and never calls an actor of its own accord.

#include <algorithm>
#include <chrono>
#include <span>
#include <thread>

#include "actors/protocol.hpp"
#include "monitoring/health.hpp"
#include "monitoring/log.hpp"
#include "monitoring/metrics.hpp"

namespace stellwerk::actors {
namespace {

constexpr std::size_t max_batch = 512;
constexpr std::size_t max_actions = 32;

struct CommitterState {
  static inline const char* name = "committer";
  std::shared_ptr<const Deps> deps;
  std::unique_ptr<storage::Store> store;
  std::vector<std::pair<caf::response_promise, Shared<CommitRequest>>> commits;
  std::vector<std::pair<caf::response_promise, Shared<ActionWork>>> actions;
  bool flushing = false;
};

using Self = caf::stateful_actor<CommitterState>*;

/// What a call left behind when it threw is unknown: its session is given up, which rolls back.
tl::unexpected<Error> renew_session(CommitterState& state, const std::string& why) {
  monitoring::log_error("writing to the database threw; the session is opened again", {{"error", why}});
  for (;;) {
    auto store = state.deps->open_store();
    if (store) {
      state.store = std::move(*store);
      state.store->use_incarnation(state.deps->incarnation);
      return fail(ErrorCode::internal, "writing to the database threw: " + why);
    }
    monitoring::report_not_ready("database", describe(store.error()));
    if (*state.deps->stopping) return fail(ErrorCode::unavailable, "the database is away, and the engine is stopping");
    std::this_thread::sleep_for(std::chrono::seconds{1});
  }
}

/// Repeats while the database is away. Errors: cancelled (the fence is gone, and on_fatal was told), unavailable (the engine stops
/// before the database is back), internal (the call threw: the session is a fresh one now), others as `call`.
template <class Call>
auto insist(CommitterState& state, Call call) -> decltype(call()) {
  for (int tries = 0;; ++tries) {
    auto result = [&]() -> decltype(call()) {
      try {
        return call();
      } catch (const std::exception& error) {
        return renew_session(state, error.what());
      }
    }();
    if (result) {
      if (tries > 0) monitoring::report_ready("database");
      return result;
    }
    if (result.error().code == ErrorCode::cancelled) {
      state.deps->on_fatal(describe(result.error()));
      return result;
    }
    if (!is_transient(result.error().code) || *state.deps->stopping) return result;
    monitoring::report_not_ready("database", describe(result.error()));
    monitoring::log_error("the database does not take the batch; trying again", result.error());
    // The only thread that may wait here is the committer's own: nothing can be acknowledged before the database is back.
    std::this_thread::sleep_for(std::chrono::milliseconds(std::min(100 << std::min(tries, 4), 2000)));
  }
}

using CommitPromise = std::pair<caf::response_promise, Shared<CommitRequest>>;

void answer(CommitPromise& waiting, storage::CommitResult result) {
  static auto& committed = monitoring::counter("stellwerk_commits_total", {"committed"});
  static auto& conflict = monitoring::counter("stellwerk_commits_total", {"conflict"});
  static auto& failed = monitoring::counter("stellwerk_commits_total", {"failed"});
  switch (result.status) {
    case storage::CommitStatus::committed: committed.add(); break;
    case storage::CommitStatus::conflict: conflict.add(); break;
    case storage::CommitStatus::duplicate:
    case storage::CommitStatus::refused:
    case storage::CommitStatus::rejected: failed.add(); break;
  }
  waiting.first.deliver(share(CommitReply{std::move(result)}));
}

/// Whether it is on disk is unknown, and whoever asks is told so. One that was answered before is not answered again.
template <class Waiting>
void give_up(std::span<Waiting> waiting) {
  for (auto& [promise, request] : waiting) promise.deliver(caf::make_error(caf::sec::request_receiver_down));
}

/// Writes a batch, and answers everybody in it.
void write_batch(CommitterState& state, std::span<CommitPromise> waiting) {
  static auto& batch_size = monitoring::histogram("stellwerk_commit_batch_size");
  static auto& seconds = monitoring::histogram("stellwerk_commit_duration_seconds");
  std::vector<storage::Commit> batch;
  batch.reserve(waiting.size());
  for (const auto& [promise, request] : waiting) batch.push_back(request->commit);
  const auto begin = std::chrono::steady_clock::now();
  auto results = insist(state, [&] { return state.store->commit(batch); });
  seconds.observe(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  batch_size.observe(static_cast<double>(waiting.size()));
  if (results) {
    for (std::size_t i = 0; i < waiting.size(); ++i) answer(waiting[i], std::move((*results)[i]));
    return;
  }
  if (results.error().code == ErrorCode::cancelled || is_transient(results.error().code)) {
    return give_up(waiting);
  }
  if (waiting.size() == 1) return answer(waiting.front(), {storage::CommitStatus::rejected, describe(results.error()), {}});
  for (std::size_t i = 0; i < waiting.size(); ++i) write_batch(state, waiting.subspan(i, 1));  // one of them is to blame
}

void write_commits(Self self) {
  auto waiting = std::exchange(self->state.commits, {});
  for (std::size_t from = 0; from < waiting.size(); from += max_batch) {
    const auto part = std::span{waiting}.subspan(from, std::min(max_batch, waiting.size() - from));
    if (!survive("a batch could not be written", [&] { write_batch(self->state, part); })) give_up(part);
  }
}

Outcome outcome_of(const storage::ActionResult& result) {
  switch (result.status) {
    case storage::ActionResult::Status::done: return {.is = OutcomeClass::done, .output = result.result};
    case storage::ActionResult::Status::refused:
      return {.is = OutcomeClass::rejected_operator, .code = result.code, .text = result.text};
    case storage::ActionResult::Status::failed:
    case storage::ActionResult::Status::stale: return {.is = OutcomeClass::retry, .code = "database", .text = result.text};
  }
  return {};
}

void run_part(CommitterState& state, std::span<std::pair<caf::response_promise, Shared<ActionWork>>> part) {
  std::vector<storage::ActionRequest> requests;
  for (const auto& [promise, work] : part) requests.push_back({work->attempt});
  const auto results = insist(state, [&] { return state.store->run_actions(requests, state.deps->clock->now()); });
  for (std::size_t i = 0; i < part.size(); ++i) {
    const auto& attempt = part[i].second->attempt;
    // An action whose result is committed answers with it when it is asked again.
    auto outcome = results ? outcome_of((*results)[i]) : Outcome{.is = OutcomeClass::retry, .code = "database", .text = describe(results.error())};
    part[i].first.deliver(share(Deliver{.actor = attempt.actor, .event = {.id = make_id<EventId>("evt"), .by = {}, .trace = {}, .depth = 0,
                                                                          .body = workflows::Tried{attempt.id, attempt.number, std::move(outcome)}}}));
  }
}

void run_actions(Self self) {
  auto waiting = std::exchange(self->state.actions, {});
  for (std::size_t from = 0; from < waiting.size(); from += max_actions) {
    const auto part = std::span{waiting}.subspan(from, std::min(max_actions, waiting.size() - from));
    if (!survive("actions could not be run", [&] { run_part(self->state, part); })) give_up(part);
  }
}

}  // namespace

caf::actor spawn_committer(caf::actor_system& system, std::shared_ptr<const Deps> deps, std::unique_ptr<storage::Store> store) {
  auto box = std::make_shared<std::unique_ptr<storage::Store>>(std::move(store));
  return system.spawn<caf::detached>([box, deps](caf::stateful_actor<CommitterState>* self) -> caf::behavior {
    self->state.deps = deps;
    self->state.store = std::move(*box);
    self->state.store->use_incarnation(deps->incarnation);
    // Whatever lies in the mailbox before this message joins the batch: no fixed delay, and no waiting when alone.
    const auto plan = [self] {
      if (!std::exchange(self->state.flushing, true)) self->send(self, flush_atom::value);
    };
    return {
        [self, plan](const Shared<CommitRequest>& request) {
          auto promise = self->make_response_promise();
          self->state.commits.emplace_back(promise, request);
          plan();
          return promise;
        },
        [self, plan](const Shared<ActionWork>& work) {
          auto promise = self->make_response_promise();
          self->state.actions.emplace_back(promise, work);
          plan();
          return promise;
        },
        [self](flush_atom) {
          self->state.flushing = false;
          write_commits(self);
          run_actions(self);
        },
        [self](stop_atom) {
          write_commits(self);  // what was accepted before
          run_actions(self);
          self->quit();
        },
    };
  });
}

}  // namespace stellwerk::actors
