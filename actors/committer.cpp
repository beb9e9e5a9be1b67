// Group commit: all decisions that wait are written in one transaction; alone, a decision costs one commit. The committer is
// the only writer of actors; it always answers, and never calls an actor of its own accord.

#include <chrono>
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

/// Repeats until the database answers. The fence is gone: the process ends through on_fatal.
template <class Call>
auto insist(CommitterState& state, Call call) {
  for (int tries = 0;; ++tries) {
    auto result = call();
    if (result) {
      if (tries > 0) monitoring::report_ready("database");
      return result;
    }
    if (result.error().code == ErrorCode::cancelled) {
      state.deps->on_fatal(describe(result.error()));
      return result;
    }
    monitoring::report_not_ready("database", describe(result.error()));
    monitoring::log_error("the database does not take the batch; trying again", result.error());
    // The only thread that may wait here is the committer's own: nothing can be acknowledged before the database is back.
    std::this_thread::sleep_for(std::chrono::milliseconds(std::min(100 << std::min(tries, 4), 2000)));
  }
}

void write_commits(Self self) {
  auto& state = self->state;
  static auto& batch_size = monitoring::histogram("stellwerk_commit_batch_size");
  static auto& seconds = monitoring::histogram("stellwerk_commit_duration_seconds");
  while (!state.commits.empty()) {
    const auto count = std::min(state.commits.size(), max_batch);
    std::vector<storage::Commit> batch;
    batch.reserve(count);
    for (std::size_t i = 0; i < count; ++i) batch.push_back(state.commits[i].second->commit);
    const auto begin = std::chrono::steady_clock::now();
    auto results = insist(state, [&] { return state.store->commit(batch); });
    seconds.observe(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    batch_size.observe(static_cast<double>(count));
    for (std::size_t i = 0; i < count; ++i) {
      auto result = results ? (*results)[i] : storage::CommitResult{storage::CommitStatus::rejected, describe(results.error())};
      state.commits[i].first.deliver(share(CommitReply{std::move(result)}));
    }
    state.commits.erase(state.commits.begin(), state.commits.begin() + static_cast<std::ptrdiff_t>(count));
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

void run_actions(Self self) {
  auto& state = self->state;
  while (!state.actions.empty()) {
    const auto count = std::min(state.actions.size(), max_actions);
    std::vector<storage::ActionRequest> requests;
    for (std::size_t i = 0; i < count; ++i) requests.push_back({state.actions[i].second->attempt});
    auto results = insist(state, [&] { return state.store->run_actions(requests, state.deps->clock->now()); });
    for (std::size_t i = 0; i < count; ++i) {
      const auto& attempt = state.actions[i].second->attempt;
      Outcome outcome;
      if (!results) outcome = {.is = OutcomeClass::retry, .code = "database", .text = describe(results.error())};
      else outcome = outcome_of((*results)[i]);
      Deliver deliver{.actor = attempt.actor, .event = {.id = make_id<EventId>("evt"), .by = {}, .trace = {}, .depth = 0,
                                                        .body = workflows::Tried{attempt.id, attempt.number, std::move(outcome)}}};
      state.actions[i].first.deliver(share(std::move(deliver)));
    }
    state.actions.erase(state.actions.begin(), state.actions.begin() + static_cast<std::ptrdiff_t>(count));
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
    };
  });
}

}  // namespace stellwerk::actors
