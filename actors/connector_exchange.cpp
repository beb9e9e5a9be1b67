// The connector actor: one exchange with the vendor, and what came of it.

#include <fmt/format.h>

#include <utility>

#include "actors/connector.hpp"
#include "monitoring/metrics.hpp"
#include "storage/fault_point.hpp"

namespace stellwerk::actors {
namespace {

using connectors::Call;
using connectors::Execution;

constexpr auto hold_time = std::chrono::seconds{30};  ///< how long a server is left alone after an outcome asked for it
constexpr auto withheld_wait = std::chrono::milliseconds{200};  ///< before a request that was withheld is tried again

}  // namespace

// --- one exchange

void ConnectorActor::begin(Job& job) {
  if (job.mode == Job::Mode::poll && now() > deps_->stop->deadline_of(job.work->attempt, now())) return finish(job, overdue(job));
  queue_->take_out(job);
  if (!job.exchange) {
    job.exchange = std::make_unique<Exchange>();
    job.exchange->handle = job.work->attempt.handle;
    job.exchange->began = std::chrono::steady_clock::now();
  }
  auto& exchange = *job.exchange;
  exchange.connector = connector_;
  exchange.driver = driver_;
  exchange.call = make_call(job);
  exchange.running = true;
  exchange.changed = exchange.changing = false;
  count_running(1);
  go_on(job, [&] {
    exchange.execution.emplace(exchange.connector, exchange.call);
    return exchange.execution->start();
  });
}

Call ConnectorActor::make_call(const Job& job) const {
  const auto& attempt = job.work->attempt;
  const auto dot = attempt.operation.find('.');
  const auto mode = job.mode == Job::Mode::poll ? Call::Mode::poll : job.mode == Job::Mode::observe ? Call::Mode::observe : Call::Mode::execute;
  return {.operation = attempt.operation.substr(dot == std::string::npos ? 0 : dot + 1), .sub = attempt.sub, .input = attempt.input, .settings = settings_,
          .secrets = secrets_, .actor_id = attempt.actor.str(), .key = attempt.key, .mode = mode, .handle = job.handle(), .attempt_timeout = job.attempt_timeout};
}

Outcome ConnectorActor::overdue(const Job& job) {
  return {.is = OutcomeClass::rejected_operator, .code = "timeout", .text = fmt::format("the task {} did not end in time", job.handle()), .handle = job.handle()};
}

void ConnectorActor::reckon_limits(Job& job) const {
  if (!job.wanted.empty()) return;
  const auto call = make_call(job);
  job.wanted.emplace_back(of_server_, deps_->in_flight_per_server);
  for (std::size_t i = 0; i < connector_->limits().size(); ++i) {
    const auto& limit = connector_->limits()[i];
    if (const auto key = connectors::limit_key(*connector_, limit, call, server_.str()); !key.empty()) job.wanted.emplace_back(fmt::format("{}:{}", i, key), limit.in_flight);
  }
}

void ConnectorActor::release(Job& job) {
  if (std::exchange(job.holds_limits, false)) limits_.release(job.wanted);
  job.place.reset();
}

/// Sends the next request of the execution, or ends it. What throws on the way is an outcome, too.
template <class Step>
void ConnectorActor::go_on(Job& job, Step step) {
  auto& exchange = *job.exchange;
  Execution::Next next = Outcome{};
  try {
    next = step();
    if (auto* send = std::get_if<Execution::Send>(&next)) {
      exchange.changing = send->changing;
      exchange.changed_before = exchange.changed;
      exchange.changed = exchange.changed || send->changing;
      if (deps_->lease) send->request.may_leave = [lease = deps_->lease] { return lease->may_send(); };
      auto self = caf::actor_cast<caf::actor>(self_);
      exchange.driver->send(std::move(send->request), [self, id = job.id.str(), number = ++exchange.number](connectors::DriverResponse response) {
        caf::anon_send(self, id, number, std::make_shared<const connectors::DriverResponse>(std::move(response)));
      });
      return;
    }
  } catch (const std::exception& error) {
    ++exchange.number;  // an answer that comes all the same is none any more
    next = Outcome{.is = exchange.changed ? OutcomeClass::unclear : OutcomeClass::rejected_operator, .code = "internal",
                   .text = fmt::format("carrying the attempt out failed: {}", error.what()), .sent = exchange.changed};
  }
  on_outcome(job, std::move(std::get<Outcome>(next)));
}

void ConnectorActor::on_response(const std::string& id, std::uint64_t number, const connectors::DriverResponse& response) {
  auto* job = queue_->find(id);
  if (job == nullptr || !job->is_running() || job->exchange->number != number) return;
  if (response.was_withheld() && !job->exchange->changed_before) return withhold(*job);
  // The moment that decides whether an effect is forgotten: it has happened, and nobody knows yet.
  if (job->exchange->changing) storage::fault_point("attempt");
  go_on(*job, [&] { return job->exchange->execution->on_response(response); });
}

/// The lease was over before the first byte of a change left: nothing has happened, and nobody is told. It begins again when the
/// lease is renewed; a node that has lost its incarnation ends before.
void ConnectorActor::withhold(Job& job) {
  static auto& withheld = monitoring::counter("stellwerk_requests_withheld_total");
  auto& exchange = *job.exchange;
  withheld.add();
  exchange.running = exchange.changed = exchange.changing = false;
  exchange.execution.reset();
  count_running(-1);
  release(job);
  if (exchange.next) {
    const auto dropped = drop(job);
    return on_work(dropped->exchange->next);
  }
  if (job.settled && job.mode == Job::Mode::execute) return give_up(job);
  queue_->wait(job, now() + withheld_wait, now());
  pump();
}

// --- what came of it

void ConnectorActor::on_outcome(Job& job, Outcome outcome) {
  auto& exchange = *job.exchange;
  exchange.running = false;
  count_running(-1);
  if (outcome.hold == "server" || outcome.hold == "installation") held_until_ = now() + hold_time;
  if (outcome.is != OutcomeClass::pending || (outcome.handle.empty() && job.mode != Job::Mode::poll)) return finish(job, std::move(outcome));
  if (!outcome.handle.empty()) exchange.handle = outcome.handle;
  if (std::exchange(job.mode, Job::Mode::poll) != Job::Mode::poll) {
    // First word of the handle goes to the actor, which commits it; the task is polled here without writing anything.
    release(job);
    report(job, job.lane->operation, std::move(outcome));
  }
  if (exchange.next) return finish(job, overdue(job));  // the actor has gone on to another try; this outcome is stale to it
  const auto next_look = now() + connectors::poll_delay(*exchange.connector, exchange.call, ++exchange.polls);
  exchange.execution.reset();
  exchange.call = {};  // what it asks is reckoned anew from the work
  queue_->wait(job, next_look, now());
  pump();
}

void ConnectorActor::report(const Job& job, const std::string& operation, Outcome outcome) {
  monitoring::counter("stellwerk_attempts_total", {operation, std::string{to_string(outcome.is)}}).add();
  self_->send(dispatcher_, share(Deliver{.actor = job.actor, .event = {.id = make_id<EventId>("evt"), .by = {}, .trace = {}, .depth = 0,
                                                                      .body = workflows::Tried{job.id, job.number, std::move(outcome)}}}));
}

std::unique_ptr<Job> ConnectorActor::drop(Job& job) {
  release(job);
  return queue_->remove(job);
}

void ConnectorActor::finish(Job& job, Outcome outcome) {
  const auto operation = job.lane->operation;
  const auto gone = drop(job);
  if (gone->exchange)
    monitoring::histogram("stellwerk_attempt_duration_seconds", {operation}).observe(std::chrono::duration<double>(std::chrono::steady_clock::now() - gone->exchange->began).count());
  report(*gone, operation, std::move(outcome));
  if (gone->exchange && gone->exchange->next) return on_work(gone->exchange->next);
  pump();
}

void ConnectorActor::count_running(int change) {
  static auto& in_flight = monitoring::gauge("stellwerk_attempts_in_flight");
  static auto& waiting = monitoring::gauge("stellwerk_attempts_waiting");
  in_flight.add(change), waiting.add(-change);
  running_ += change;
}

}  // namespace stellwerk::actors
