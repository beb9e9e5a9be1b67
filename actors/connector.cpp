// The connector actor: what is to be done, and when.

#include "actors/connector.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "actors/sealing.hpp"
#include "monitoring/log.hpp"

namespace stellwerk::actors {
namespace {

constexpr auto longest_wait = std::chrono::seconds{30};
constexpr auto barred_wait = std::chrono::seconds{1};  ///< between looks while the lease is over or the clock cannot be trusted
constexpr auto unread_wait = std::chrono::seconds{1};  ///< before the database is asked again
constexpr std::size_t most_at_once = 64;               ///< read of what is parked

}  // namespace

ConnectorActor::~ConnectorActor() {
  count_running(-running_);
  if (deps_) deps_->admission->withdraw(self_->id());
}

caf::behavior ConnectorActor::behavior(std::shared_ptr<const Deps> deps, const caf::actor& dispatcher, const caf::actor& loader, const ServerId& server) {
  deps_ = std::move(deps);
  dispatcher_ = dispatcher;
  loader_ = loader;
  server_ = server;
  queue_.emplace(std::max(deps_->least_window, 4 * static_cast<std::size_t>(deps_->in_flight_per_server)));
  return {
      [this](const Shared<Work>& work) {
        if (!guarded([&] { on_work(work); })) self_->delayed_send(self_, std::chrono::seconds{1}, work);  // it must not be lost
      },
      [this](const Shared<Settle>& settle) { guarded([&] { on_settle(settle->attempt); }); },
      [this](const Shared<Granted>& granted) { guarded([&] { on_granted(*granted); }); },
      [this](const std::string& attempt, std::uint64_t exchange, const std::shared_ptr<const connectors::DriverResponse>& response) {
        guarded([&] { on_response(attempt, exchange, *response); });
      },
      [this](tick_atom, std::uint64_t tick) {
        if (tick != tick_) return;
        ticks_at_ = Time::max();
        guarded([&] { pump(); });
      },
      [this](clock_atom) { guarded([&] { pump(); }); },
      [this](halt_atom) { guarded([&] { pump(); }); },
      [this](server_atom) { guarded([&] { connector_ = nullptr, outdated_ = loading_, pump(); }); },
  };
}

// --- what is to be done

void ConnectorActor::on_work(const Shared<Work>& work) {
  const auto& attempt = work->attempt;
  if (auto* known = queue_->find(attempt.id.str())) {
    if (attempt.number <= known->number) return;  // the same try twice: it is under way
    if (known->is_running()) {
      known->exchange->next = work;
      return;
    }
    drop(*known);
  }
  queue_->wait(queue_->add(work), attempt.due, now());
  pump();
}

/// The run was interrupted. What has not begun is given up; what runs comes to its own end. Of an attempt that is not known here
/// the outcome is on its way, or its actor has yet to say how it is taken up again, and gives it up then.
void ConnectorActor::on_settle(const AttemptId& id) {
  auto* job = queue_->find(id.str());
  if (job == nullptr) return;
  if (job->is_running() || job->mode != Job::Mode::execute) {
    job->settled = true;
    return;
  }
  give_up(*job);
}

void ConnectorActor::give_up(Job& job) { finish(job, {.is = OutcomeClass::retry, .code = "given_up", .text = "not begun: the run was interrupted", .sent = false}); }

// --- when

/// Starts what is due and allowed; orders the next tick. Whatever ends meanwhile only makes it go round once more.
void ConnectorActor::pump() {
  again_ = true;
  if (std::exchange(pumping_, true)) return;
  while (std::exchange(again_, false)) start_ready();
  pumping_ = false;
  granted_.clear();
  order_tick();
}

void ConnectorActor::start_ready() {
  queue_->ripen(now());
  if (queue_->is_idle()) return;
  if (!connector_) return ask_for_server();
  if (held_until_ > now()) return;
  barred_ = !deps_->may_send() || !deps_->may_fire();  // the pulse says why
  if (barred_) return;
  while (auto* poll = queue_->next_poll()) begin(*poll);
  while (connector_ && limits_.taken(of_server_) < deps_->in_flight_per_server) {
    auto* job = queue_->next([this](Job& waiting) { return look(waiting); });
    if (job == nullptr) break;
    begin(*job);
  }
  fetch();
}

/// During an emergency stop nothing begins; what is under way, or may be, is looked after.
bool ConnectorActor::is_stopped(const Job& job) const { return job.mode == Job::Mode::execute && deps_->stop->is_on(job.lane->tenant); }

/// Whatever changes or observes counts against each limit that applies; what may begin has its place then. Polls are free.
Queue::Turn ConnectorActor::look(Job& job) {
  if (is_stopped(job)) return Queue::Turn::lane_waits;
  reckon_limits(job);
  if (!limits_.have_room(job.wanted)) return Queue::Turn::waits;
  job.place = place_for(*job.lane);
  if (!job.place) {
    job.lane->awaits_place = true;
    return Queue::Turn::lane_waits;
  }
  limits_.take(job.wanted);
  job.holds_limits = true;
  return Queue::Turn::begins;
}

Held ConnectorActor::place_for(const Lane& lane) {
  if (auto given = granted_.extract(Places::key_type{lane.tenant, lane.operation}); !given.empty()) return std::move(given.mapped());
  return deps_->admission->take_place(lane.tenant, lane.operation, self_->id(),
                                      [self = caf::actor_cast<caf::actor>(self_), tenant = lane.tenant, operation = lane.operation](Held place) {
                                        caf::anon_send(self, share(Granted{tenant, operation, std::move(place)}));
                                      });
}

void ConnectorActor::on_granted(const Granted& granted) {
  queue_->open_lanes(granted.tenant, granted.operation);
  granted_.insert_or_assign({granted.tenant, granted.operation}, granted.place);
  pump();
}

void ConnectorActor::order_tick() {
  const auto present = now();
  auto next = queue_->next_due();
  if (barred_ && !queue_->is_idle()) next = present + barred_wait;
  else if (held_until_ > present && !queue_->is_idle()) next = held_until_;
  else if (fetch_after_ > present) next = std::min(next, fetch_after_);
  if (next >= ticks_at_) return;  // the tick under way comes soon enough
  tick_at(std::min(next, present + longest_wait));
}

void ConnectorActor::tick_at(Time due) {
  ticks_at_ = due;
  self_->delayed_send(self_, std::chrono::ceil<std::chrono::milliseconds>(std::max<Duration>(due - now(), Duration{0})), tick_atom::value, ++tick_);
}

// --- what is parked

void ConnectorActor::fetch() {
  if (fetching_ || fetch_after_ > now()) return;
  Asked asked;
  std::vector<ActorId> actors;
  for (const auto* job : queue_->next_parked(most_at_once)) {
    asked.emplace_back(job->id, job->number);
    actors.push_back(job->actor);
  }
  if (asked.empty()) return;
  fetching_ = true;
  self_->request(loader_, caf::infinite, share(AttemptsRequest{std::move(actors)})).then(
      [this, asked = std::move(asked)](const Shared<AttemptsReply>& reply) {
        fetching_ = false;
        guarded([&] { on_attempts(asked, *reply); });
      },
      [this](const caf::error&) { fetching_ = false; });
}

void ConnectorActor::on_attempts(const Asked& asked, const AttemptsReply& reply) {
  if (!reply.attempts) {
    monitoring::log_error("attempts that wait cannot be read; trying again", reply.attempts.error(), {{"server", server_.str()}});
    fetch_after_ = now() + unread_wait;
    return order_tick();
  }
  std::map<AttemptId, const storage::AttemptRow*> rows;
  for (const auto& row : *reply.attempts) rows[row.id] = &row;
  for (const auto& [id, number] : asked) {
    auto* job = queue_->find(id.str());
    if (job == nullptr || !Queue::is_parked(*job) || job->number != number) continue;
    if (const auto row = rows.find(id); row != rows.end() && row->second->number == number) {
      take_back(*job, *row->second);
      continue;
    }
    // It has ended, or nobody can read it but its actor, which knows what it sends, and sends it again if it is still to be done.
    const auto gone = drop(*job);
    storage::AttemptRow which;
    which.id = id;
    which.actor = gone->actor;
    which.number = number;
    self_->send(dispatcher_, share(Deliver{.actor = gone->actor, .event = {}, .resume = Resume::begin, .attempt = std::move(which)}));
  }
  pump();
}

void ConnectorActor::take_back(Job& job, const storage::AttemptRow& row) {
  auto input = open_json(*deps_->around.keys, row.input, place::input(row.id));
  if (!input)
    return finish(job, {.is = OutcomeClass::rejected_operator, .code = "sealed", .text = fmt::format("the input of {} cannot be opened with this master key", row.operation), .sent = false});
  auto work = Work{row, job.attempt_timeout, job.counted};
  work.attempt.input = std::move(*input);
  queue_->unpark(job, share(std::move(work)));
}

caf::actor spawn_connector(caf::actor_system& system, std::shared_ptr<const Deps> deps, const caf::actor& dispatcher, const caf::actor& loader, const ServerId& server) {
  return system.spawn([deps, dispatcher, loader, server](caf::stateful_actor<ConnectorActor>* self) -> caf::behavior {
    return self->state.behavior(deps, dispatcher, loader, server);
  });
}

}  // namespace stellwerk::actors
