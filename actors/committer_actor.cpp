// Group commit: all decisions that wait are written in one transaction; alone, a decision costs one commit. The committer always
// answers, and never calls an actor of its own accord. While the database is away it waits without sleeping: what is in hand is tried
// again before anything newer, in the same order and the same parts.

#include <algorithm>
#include <chrono>
#include <deque>
#include <iterator>
#include <utility>
#include <vector>

#include "actors/committer.hpp"
#include "monitoring/log.hpp"
#include "monitoring/metrics.hpp"

namespace stellwerk::actors {
namespace {

constexpr std::size_t max_batch = 512;
constexpr std::size_t max_actions = 32;

/// Requests of one kind: those accepted, and those in hand, split into parts that are written together.
template <class Request>
struct Queue {
  struct Waiting {
    caf::response_promise promise;
    Shared<Request> request;
  };
  struct Part {
    std::vector<Waiting> waiting;
    bool threw = false;  ///< the try before made the session throw
  };
  std::vector<Waiting> accepted;
  std::deque<Part> in_hand;

  void take_in_hand(std::size_t most) {
    for (auto from = accepted.begin(); from != accepted.end();) {
      const auto to = from + std::min<std::ptrdiff_t>(static_cast<std::ptrdiff_t>(most), accepted.end() - from);
      in_hand.push_back({{std::make_move_iterator(from), std::make_move_iterator(to)}});
      from = to;
    }
    accepted.clear();
  }
  /// One of the first part is to blame: each is tried alone, in their order.
  void split_first() {
    auto part = std::move(in_hand.front());
    in_hand.pop_front();
    for (auto one = part.waiting.rbegin(); one != part.waiting.rend(); ++one) {
      Part alone;
      alone.waiting.push_back(std::move(*one));
      in_hand.push_front(std::move(alone));
    }
  }
  /// Whether it is on disk is unknown, and whoever asks is told so. One that was answered before is not answered again.
  void give_up_first() {
    for (auto& waiting : in_hand.front().waiting) waiting.promise.deliver(caf::make_error(caf::sec::request_receiver_down));
    in_hand.pop_front();
  }
};

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

void count(storage::CommitStatus status) {
  static auto& committed = monitoring::counter("stellwerk_commits_total", {"committed"});
  static auto& conflict = monitoring::counter("stellwerk_commits_total", {"conflict"});
  static auto& failed = monitoring::counter("stellwerk_commits_total", {"failed"});
  switch (status) {
    case storage::CommitStatus::committed: return committed.add();
    case storage::CommitStatus::conflict: return conflict.add();
    case storage::CommitStatus::duplicate:
    case storage::CommitStatus::refused:
    case storage::CommitStatus::rejected: return failed.add();
  }
}

class CommitterActor {
 public:
  static inline const char* name = "committer";
  explicit CommitterActor(caf::event_based_actor* self) : self_{self} {}

  caf::behavior behavior(std::shared_ptr<const Deps> deps, std::unique_ptr<storage::Store> store) {
    deps_ = deps;
    committer_ = std::make_unique<Committer>(std::move(deps), std::move(store));
    return {
        [this](const Shared<CommitRequest>& request) { return accept(commits_, request); },
        [this](const Shared<ActionWork>& work) { return accept(actions_, work); },
        [this](flush_atom, std::uint64_t flush) {
          if (flush == flush_) write_all();
        },
        // what was accepted before is answered
        [this](stop_atom) { quitting_ = true, write_all(); },
    };
  }

 private:
  template <class Request>
  caf::response_promise accept(Queue<Request>& queue, const Shared<Request>& request) {
    auto promise = self_->make_response_promise();
    queue.accepted.push_back({promise, request});
    // Whatever lies in the mailbox before this message joins the batch: no fixed delay, and no waiting when alone.
    if (!std::exchange(flushing_, true)) self_->send(self_, flush_atom::value, ++flush_);
    return promise;
  }

  void write_all() {
    for (;;) {
      if (commits_.in_hand.empty() && actions_.in_hand.empty()) commits_.take_in_hand(max_batch), actions_.take_in_hand(max_actions);
      if (commits_.in_hand.empty() && actions_.in_hand.empty()) break;
      const bool away = commits_.in_hand.empty() ? safely(actions_, [this] { return run_first(); }) : safely(commits_, [this] { return write_first(); });
      if (away) return again_later();
      tries_ = 0;
    }
    flushing_ = false;
    if (quitting_) self_->quit();
  }

  /// Nothing can be acknowledged before the database is back.
  void again_later() {
    flushing_ = true;
    self_->delayed_send(self_, std::chrono::milliseconds{std::min(100 << std::min(tries_++, 4), 2000)}, flush_atom::value, ++flush_);
  }

  template <class Request, class Work>
  bool safely(Queue<Request>& queue, Work work) {
    bool away = false;
    if (!survive("a batch could not be written", [&] { away = work(); })) queue.give_up_first();
    return away;
  }

  [[nodiscard]] bool must_wait(const Error& error) const {
    if (!is_transient(error.code) || *deps_->stopping) return false;
    monitoring::log_error("the database does not take the batch; trying again", error);
    return true;
  }

  /// Writes the first part, and answers everybody in it. True: it has to be tried again, later.
  bool write_first() {
    static auto& batch_size = monitoring::histogram("stellwerk_commit_batch_size");
    static auto& seconds = monitoring::histogram("stellwerk_commit_duration_seconds");
    auto& part = commits_.in_hand.front();
    std::vector<storage::Commit> batch;
    batch.reserve(part.waiting.size());
    for (const auto& waiting : part.waiting) batch.push_back(waiting.request->commit);
    const auto begin = std::chrono::steady_clock::now();
    auto results = committer_->commit(batch);
    seconds.observe(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    batch_size.observe(static_cast<double>(batch.size()));
    if (results) {
      for (std::size_t i = 0; i < batch.size(); ++i) {
        count((*results)[i].status);
        part.waiting[i].promise.deliver(share(CommitReply{std::move((*results)[i])}));
      }
      commits_.in_hand.pop_front();
      return false;
    }
    const auto& error = results.error();
    if (must_wait(error)) return true;
    if (error.code == ErrorCode::cancelled || is_transient(error.code)) {
      commits_.give_up_first();
    } else if (batch.size() > 1) {
      commits_.split_first();
    } else if (error.reason != "threw" || std::exchange(part.threw, true)) {
      return reject_first(error, batch.front());
    }
    // Else it threw for the first time, alone: it may be on disk, which the next try finds out.
    return false;
  }

  /// A call that threw may have written all the same, in this try or the one before: nobody is told that it was rejected before the
  /// decision's id has been looked for.
  bool reject_first(const Error& error, const storage::Commit& commit) {
    const auto written = error.reason == "threw" ? committer_->is_written(commit) : Result<bool>{false};
    if (!written) {
      if (must_wait(written.error())) return true;
      commits_.give_up_first();
      return false;
    }
    const auto status = *written ? storage::CommitStatus::committed : storage::CommitStatus::rejected;
    count(status);
    commits_.in_hand.front().waiting.front().promise.deliver(share(CommitReply{{status, *written ? std::string{} : describe(error), {}}}));
    commits_.in_hand.pop_front();
    return false;
  }

  /// As write_first(), of actions.
  bool run_first() {
    auto& part = actions_.in_hand.front();
    std::vector<storage::ActionRequest> requests;
    for (const auto& waiting : part.waiting) requests.push_back({waiting.request->attempt});
    const auto results = committer_->run_actions(requests);
    if (!results) return not_run(part, results.error());
    for (std::size_t i = 0; i < requests.size(); ++i) answer(part.waiting[i], outcome_of((*results)[i]));
    actions_.in_hand.pop_front();
    return false;
  }

  bool not_run(Queue<ActionWork>::Part& part, const Error& error) {
    if (must_wait(error)) return true;
    if (error.code == ErrorCode::cancelled || is_transient(error.code)) {
      actions_.give_up_first();  // its actor, or the next incarnation, asks again
    } else if (part.waiting.size() > 1) {
      actions_.split_first();
    } else if (error.reason != "threw" || std::exchange(part.threw, true)) {
      // Never "without effect": what is on disk would be left out of an undo.
      answer(part.waiting.front(), {.is = OutcomeClass::unclear, .code = "database", .text = describe(error)});
      actions_.in_hand.pop_front();
    }
    return false;
  }

  static void answer(Queue<ActionWork>::Waiting& waiting, Outcome outcome) {
    const auto& attempt = waiting.request->attempt;
    waiting.promise.deliver(share(Deliver{.actor = attempt.actor, .event = {.id = make_id<EventId>("evt"), .by = {}, .trace = {}, .depth = 0,
                                                                            .body = workflows::Tried{attempt.id, attempt.number, std::move(outcome)}}}));
  }

  caf::event_based_actor* self_;
  std::shared_ptr<const Deps> deps_;
  std::unique_ptr<Committer> committer_;
  Queue<CommitRequest> commits_;
  Queue<ActionWork> actions_;
  int tries_ = 0;            ///< of what is in hand, while the database is away
  bool flushing_ = false;    ///< a flush is under way
  std::uint64_t flush_ = 0;  ///< its number: an earlier one says nothing any more
  bool quitting_ = false;
};

}  // namespace

caf::actor spawn_committer(caf::actor_system& system, std::shared_ptr<const Deps> deps, std::unique_ptr<storage::Store> store) {
  // A message is copied, a session cannot be: it travels in a shared box that the actor empties.
  auto box = std::make_shared<std::unique_ptr<storage::Store>>(std::move(store));
  return spawn_worker(system, deps->detached, [box, deps](caf::stateful_actor<CommitterActor>* self) -> caf::behavior {
    return self->state.behavior(deps, std::move(*box));
  });
}

}  // namespace stellwerk::actors
