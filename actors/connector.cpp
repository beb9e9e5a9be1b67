// The connector actor of one server: carries out attempts at their time, within the connector's limits, polls vendors' tasks, and
// reports every outcome to the actor it belongs to. It writes nothing; a crash forgets nothing but polls in memory.

#include <fmt/format.h>

#include <map>
#include <set>
#include <unordered_map>

#include "actors/protocol.hpp"
#include "actors/sealing.hpp"
#include "monitoring/log.hpp"
#include "monitoring/metrics.hpp"
#include "storage/fault_point.hpp"

namespace stellwerk::actors {
namespace {

using connectors::Call;
using connectors::Execution;

constexpr auto hold_time = std::chrono::seconds{30};  ///< how long a server is left alone after an outcome asked for it
constexpr auto longest_wait = std::chrono::seconds{30};
constexpr auto withheld_wait = std::chrono::milliseconds{200};  ///< before a request that was withheld is tried again
constexpr auto barred_wait = std::chrono::seconds{1};  ///< between looks while the lease is over or the clock cannot be trusted

class ConnectorActor {
 public:
  static inline const char* name = "connector";
  explicit ConnectorActor(caf::event_based_actor* self) : self_{self} {}
  ~ConnectorActor() { in_flight().add(-running_); }
  ConnectorActor(const ConnectorActor&) = delete;
  ConnectorActor& operator=(const ConnectorActor&) = delete;

  caf::behavior behavior(std::shared_ptr<const Deps> deps, const caf::actor& dispatcher, const caf::actor& loader, const ServerId& server) {
    deps_ = std::move(deps);
    dispatcher_ = dispatcher;
    loader_ = loader;
    server_ = server;
    return {
        [this](const Shared<Work>& work) {
          if (!guarded([&] { on_work(work); })) self_->delayed_send(self_, std::chrono::seconds{1}, work);  // it must not be lost
        },
        [this](const Shared<Settle>& settle) { guarded([&] { on_settle(settle->attempt); }); },
        [this](const std::string& attempt, std::uint64_t exchange, const std::shared_ptr<const connectors::DriverResponse>& response) {
          guarded([&] { on_response(attempt, exchange, *response); });
        },
        [this](tick_atom, std::uint64_t tick) {
          if (tick != tick_) return;
          ticks_at_ = Time::max();
          guarded([&] { pump(); });
        },
        [this](clock_atom) { guarded([&] { pump(); }); },
        [this](halt_atom) { guarded([&] { on_halt(); }); },
        [this](server_atom) { guarded([&] { connector_ = nullptr, outdated_ = loading_, pump(); }); },
    };
  }

 private:
  using Waiting = std::set<std::pair<Time, std::string>>;

  /// One attempt. It waits for its time and a free place, has an exchange with the vendor, or waits for the next look at a task.
  struct Job {
    Shared<Work> work;
    Shared<Work> next;       ///< a later try of the same attempt, which came while this one ran
    Time due{};
    bool running = false;    ///< an exchange with the vendor is under way
    bool settled = false;    ///< the run was interrupted meanwhile: what turns out not to have begun does not begin any more
    bool changed = false;    ///< a request that may have an effect has been sent
    bool changed_before = false;  ///< … by an exchange before the one under way
    bool changing = false;   ///< … by the exchange under way
    bool polling = false;    ///< the vendor works on the task `handle`
    std::string handle;
    int polls = 0;
    std::uint64_t exchange = 0;
    Call call;
    std::shared_ptr<const connectors::Connector> connector;
    std::shared_ptr<connectors::Driver> driver;
    std::optional<Execution> execution;
    std::vector<std::pair<std::string, int>> wanted;  ///< limits that apply: key, most in flight
    bool holds_limits = false;
    std::chrono::steady_clock::time_point began{};
  };
  using Jobs = std::unordered_map<std::string, std::unique_ptr<Job>>;

  [[nodiscard]] Time now() const { return deps_->clock->now(); }

  template <class Handler>
  bool guarded(Handler&& handler) {
    const bool went_well = survive("a connector actor could not handle a message", std::forward<Handler>(handler));
    pumping_ = false;
    return went_well;
  }

  // --- what is to be done
  void on_work(const Shared<Work>& work) {
    const auto& attempt = work->attempt;
    if (const auto known = jobs_.find(attempt.id.str()); known != jobs_.end()) {
      auto& job = *known->second;
      if (attempt.number <= job.work->attempt.number) return;  // the same try twice: it is under way
      if (job.running) {
        job.next = work;
        return;
      }
      drop(known);
    }
    auto job = std::make_unique<Job>();
    job->work = work;
    job->polling = attempt.mode == "poll";
    job->handle = attempt.handle;
    if (job->polling) ++pollers_;
    auto& added = *(jobs_[attempt.id.str()] = std::move(job));
    wait_until(added, attempt.due);
    pump();
  }

  /// The run was interrupted. What has not begun is given up; what runs comes to its own end. Of an attempt that is not known here
  /// the outcome is on its way, or its actor has yet to say how it is taken up again, and gives it up then.
  void on_settle(const AttemptId& id) {
    const auto found = jobs_.find(id.str());
    if (found == jobs_.end()) return;
    auto& job = *found->second;
    if (job.running || job.polling || job.work->attempt.mode == "observe") {
      job.settled = true;
      return;
    }
    give_up(found);
  }

  void give_up(Jobs::iterator found) {
    finish(found, {.is = OutcomeClass::retry, .code = "given_up", .text = "not begun: the run was interrupted", .sent = false});
  }

  void wait_until(Job& job, Time due) {
    job.due = due;
    waiting_.emplace(due, job.work->attempt.id.str());
  }

  // --- when
  /// Starts what is due and allowed; orders the next tick. Whatever ends meanwhile only makes it go round once more.
  void pump() {
    again_ = true;
    if (std::exchange(pumping_, true)) return;
    while (std::exchange(again_, false)) start_ready();
    pumping_ = false;
    order_tick();
  }

  void start_ready() {
    if (jobs_.empty()) return;
    if (!connector_) return ask_for_server();
    if (held_until_ > now()) return;
    barred_ = !deps_->may_send() || !deps_->may_fire();  // the pulse says why
    if (barred_) return;
    for (auto it = waiting_.begin(); it != waiting_.end() && it->first <= now();) {
      const auto found = jobs_.find(it->second);
      ++it;  // begin() takes its entry out
      if (is_stopped(*found->second)) {
        waiting_.erase({found->second->due, found->first});
        stopped_.insert(found->first);
        continue;
      }
      if (found->second->polling || taken_[of_server] < deps_->in_flight_per_server) begin(found);
      else if (pollers_ == 0) return;
    }
  }

  /// During an emergency stop nothing begins; what is under way, or may be, is looked after.
  [[nodiscard]] bool is_stopped(const Job& job) const {
    return !job.polling && job.work->attempt.mode != "observe" && deps_->stop->is_on(job.work->attempt.tenant);
  }

  void on_halt() {
    for (const auto& id : std::exchange(stopped_, {}))
      if (const auto found = jobs_.find(id); found != jobs_.end()) waiting_.emplace(found->second->due, id);
    pump();
  }

  void order_tick() {
    const auto present = now();
    auto next = Time::max();
    if (barred_ && !waiting_.empty()) next = present + barred_wait;
    else if (held_until_ > present && !waiting_.empty()) next = held_until_;
    else if (const auto later = waiting_.upper_bound({present, std::string(1, '\x7f')}); later != waiting_.end()) next = later->first;
    if (next >= ticks_at_) return;  // the tick under way comes soon enough
    tick_at(std::min(next, present + longest_wait));
  }

  void tick_at(Time due) {
    ticks_at_ = due;
    self_->delayed_send(self_, std::chrono::ceil<std::chrono::milliseconds>(std::max<Duration>(due - now(), Duration{0})), tick_atom::value, ++tick_);
  }

  // --- the server
  void ask_for_server() {
    if (std::exchange(loading_, true)) return;
    self_->request(loader_, caf::infinite, share(ServerRequest{server_})).then(
        [this](const Shared<ServerReply>& reply) {
          loading_ = false;
          if (std::exchange(outdated_, false)) return ask_for_server();
          guarded([&] { on_server(*reply); });
        },
        [this](const caf::error&) { loading_ = false; });
  }

  void on_server(const ServerReply& reply) {
    if (reply.server) return take_server(*reply.server);
    if (reply.server.error().code == ErrorCode::not_found) return reject_all("no_server", fmt::format("there is no server {}", server_.str()));
    monitoring::log_error("a server's settings cannot be read; trying again", reply.server.error(), {{"server", server_.str()}});
    tick_at(now() + std::chrono::seconds{1});
  }

  void take_server(const storage::ServerRow& row) {
    const auto connector = deps_->connectors->find(row.connector);
    if (!connector) return reject_all("no_connector", fmt::format("server {} wants connector '{}', which is not published", row.name, row.connector));
    const auto driver = deps_->drivers.find(connector->driver());
    if (driver == deps_->drivers.end()) return reject_all("no_driver", fmt::format("connector {} wants driver '{}', which is not there", row.connector, connector->driver()));
    std::map<std::string, Json> settings;
    std::map<std::string, config::Secret> secrets;
    for (const auto& field : connector->settings()) {
      const auto* value = find_member(row.settings, field.name);
      if (field.type.base == workflows::TypeSpec::Base::secret) {
        if (value == nullptr || !value->is_string()) continue;
        auto opened = deps_->around.keys->open(as_view(value->get_string()), place::server(row.id, field.name));
        if (!opened) return reject_all("sealed", fmt::format("setting {} of server {} cannot be opened with this master key", field.name, row.name));
        secrets[field.name] = std::move(*opened);
      } else if (value != nullptr) {
        settings[field.name] = *value;
      } else if (field.fallback) {
        settings[field.name] = *field.fallback;
      }
    }
    settings_ = std::move(settings);
    secrets_ = std::move(secrets);
    driver_ = driver->second;
    connector_ = connector;
    pump();
  }

  /// Nothing of what waits can begin. What runs comes to its own end.
  void reject_all(const std::string& code, const std::string& text) {
    connector_ = nullptr;
    for (const auto& [due, id] : Waiting{waiting_}) {
      const auto found = jobs_.find(id);
      if (found == jobs_.end()) continue;
      finish(found, {.is = OutcomeClass::rejected_operator, .code = code, .text = text, .handle = found->second->handle, .sent = false});
    }
  }

  // --- one exchange
  void begin(Jobs::iterator found) {
    auto& job = *found->second;
    const auto& attempt = job.work->attempt;
    if (job.polling && now() > attempt.deadline) return finish(found, overdue(job));
    if (!job.polling && !take_limits(job)) return;  // stays ready: the end of another job starts it
    waiting_.erase({job.due, found->first});
    job.connector = connector_;
    job.driver = driver_;
    job.call = make_call(job);
    job.running = true;
    job.changed = job.changing = false;
    if (job.began == std::chrono::steady_clock::time_point{}) job.began = std::chrono::steady_clock::now();
    in_flight().add(1), ++running_;
    go_on(found, [&] {
      job.execution.emplace(job.connector, job.call);
      return job.execution->start();
    });
  }

  [[nodiscard]] Call make_call(const Job& job) const {
    const auto& attempt = job.work->attempt;
    const auto dot = attempt.operation.find('.');
    const auto mode = job.polling ? Call::Mode::poll : attempt.mode == "observe" ? Call::Mode::observe : Call::Mode::execute;
    return {.operation = attempt.operation.substr(dot == std::string::npos ? 0 : dot + 1), .sub = attempt.sub, .input = attempt.input, .settings = settings_,
            .secrets = secrets_, .actor_id = attempt.actor.str(), .key = attempt.key, .mode = mode, .handle = job.handle, .attempt_timeout = job.work->attempt_timeout};
  }

  [[nodiscard]] static Outcome overdue(const Job& job) {
    return {.is = OutcomeClass::rejected_operator, .code = "timeout", .text = fmt::format("the task {} did not end in time", job.handle), .handle = job.handle};
  }

  /// Polls are free; whatever changes or observes counts against each limit that applies.
  bool take_limits(Job& job) {
    if (job.wanted.empty()) {
      const auto call = make_call(job);
      job.wanted.emplace_back(of_server, deps_->in_flight_per_server);
      for (std::size_t i = 0; i < connector_->limits().size(); ++i) {
        const auto& limit = connector_->limits()[i];
        if (const auto key = connectors::limit_key(*connector_, limit, call, server_.str()); !key.empty()) job.wanted.emplace_back(fmt::format("{}:{}", i, key), limit.in_flight);
      }
    }
    for (const auto& [key, most] : job.wanted)
      if (taken_[key] >= most) return false;
    for (const auto& [key, most] : job.wanted) ++taken_[key];
    job.holds_limits = true;
    return true;
  }

  void release(Job& job) {
    if (!std::exchange(job.holds_limits, false)) return;
    for (const auto& [key, most] : job.wanted)
      if (--taken_[key] <= 0) taken_.erase(key);
  }

  /// Sends the next request of the execution, or ends it. What throws on the way is an outcome, too.
  template <class Step>
  void go_on(Jobs::iterator found, Step step) {
    auto& job = *found->second;
    Execution::Next next = Outcome{};
    try {
      next = step();
      if (auto* send = std::get_if<Execution::Send>(&next)) {
        job.changing = send->changing;
        job.changed_before = job.changed;
        job.changed = job.changed || send->changing;
        if (deps_->lease) send->request.may_leave = [lease = deps_->lease] { return lease->may_send(); };
        auto self = caf::actor_cast<caf::actor>(self_);
        job.driver->send(std::move(send->request), [self, id = found->first, exchange = ++job.exchange](connectors::DriverResponse response) {
          caf::anon_send(self, id, exchange, std::make_shared<const connectors::DriverResponse>(std::move(response)));
        });
        return;
      }
    } catch (const std::exception& error) {
      ++job.exchange;  // an answer that comes all the same is none any more
      next = Outcome{.is = job.changed ? OutcomeClass::unclear : OutcomeClass::rejected_operator, .code = "internal",
                     .text = fmt::format("carrying the attempt out failed: {}", error.what()), .sent = job.changed};
    }
    on_outcome(found, std::move(std::get<Outcome>(next)));
  }

  void on_response(const std::string& id, std::uint64_t exchange, const connectors::DriverResponse& response) {
    const auto found = jobs_.find(id);
    if (found == jobs_.end() || !found->second->running || found->second->exchange != exchange) return;
    auto& job = *found->second;
    if (response.was_withheld() && !job.changed_before) return withhold(found);
    // The moment that decides whether an effect is forgotten: it has happened, and nobody knows yet.
    if (job.changing) storage::fault_point("attempt");
    go_on(found, [&] { return job.execution->on_response(response); });
  }

  /// The lease was over before the first byte of a change left: nothing has happened, and nobody is told. It begins again when the
  /// lease is renewed; a node that has lost its incarnation ends before.
  void withhold(Jobs::iterator found) {
    static auto& withheld = monitoring::counter("stellwerk_requests_withheld_total");
    auto& job = *found->second;
    withheld.add();
    job.running = job.changed = job.changing = false;
    job.execution.reset();
    in_flight().add(-1), --running_;
    release(job);
    if (job.next) {
      const auto dropped = drop(found);
      return on_work(dropped->next);
    }
    if (job.settled && !job.polling && job.work->attempt.mode == "execute" && !job.changed_before) return give_up(found);
    wait_until(job, now() + withheld_wait);
    pump();
  }

  // --- what came of it
  void on_outcome(Jobs::iterator found, Outcome outcome) {
    auto& job = *found->second;
    job.running = false;
    in_flight().add(-1), --running_;
    if (outcome.hold == "server" || outcome.hold == "installation") held_until_ = now() + hold_time;
    if (outcome.is != OutcomeClass::pending || (outcome.handle.empty() && !job.polling)) return finish(found, std::move(outcome));
    if (!outcome.handle.empty()) job.handle = outcome.handle;
    if (!std::exchange(job.polling, true)) {
      // First word of the handle goes to the actor, which commits it; the task is polled here without writing anything.
      ++pollers_;
      release(job);
      report(job, std::move(outcome));
    }
    if (job.next) return finish(found, overdue(job));  // the actor has gone on to another try; this outcome is stale to it
    wait_until(job, now() + connectors::poll_delay(*job.connector, job.call, ++job.polls));
    pump();
  }

  void report(const Job& job, Outcome outcome) {
    const auto& attempt = job.work->attempt;
    monitoring::counter("stellwerk_attempts_total", {attempt.operation, std::string{to_string(outcome.is)}}).add();
    self_->send(dispatcher_, share(Deliver{.actor = attempt.actor, .event = {.id = make_id<EventId>("evt"), .by = {}, .trace = {}, .depth = 0,
                                                                            .body = workflows::Tried{attempt.id, attempt.number, std::move(outcome)}}}));
  }

  /// Takes the job out, with whatever it holds.
  std::unique_ptr<Job> drop(Jobs::iterator found) {
    auto job = std::move(found->second);
    waiting_.erase({job->due, found->first});
    stopped_.erase(found->first);
    jobs_.erase(found);
    if (job->polling) --pollers_;
    release(*job);
    return job;
  }

  void finish(Jobs::iterator found, Outcome outcome) {
    const auto job = drop(found);
    if (job->began != std::chrono::steady_clock::time_point{})
      monitoring::histogram("stellwerk_attempt_duration_seconds", {job->work->attempt.operation}).observe(std::chrono::duration<double>(std::chrono::steady_clock::now() - job->began).count());
    report(*job, std::move(outcome));
    if (job->next) return on_work(job->next);
    pump();
  }

  static monitoring::Gauge& in_flight() {
    static auto& gauge = monitoring::gauge("stellwerk_attempts_in_flight");
    return gauge;
  }

  static inline const std::string of_server = "server";  ///< the limit that every attempt but a poll counts against

  caf::event_based_actor* self_;
  std::shared_ptr<const Deps> deps_;
  caf::actor dispatcher_, loader_;
  ServerId server_;
  std::shared_ptr<const connectors::Connector> connector_;  ///< null: the server's settings have to be read first
  std::shared_ptr<connectors::Driver> driver_;
  std::map<std::string, Json> settings_;
  std::map<std::string, config::Secret> secrets_;
  Jobs jobs_;
  Waiting waiting_;  ///< due time and id of every job that does not run
  std::set<std::string> stopped_;  ///< ids of those whose time had come during an emergency stop
  std::map<std::string, int> taken_;
  int running_ = 0;
  int pollers_ = 0;
  Time held_until_{};
  Time ticks_at_ = Time::max();  ///< when the tick under way comes
  std::uint64_t tick_ = 0;
  bool loading_ = false;
  bool outdated_ = false;  ///< the settings have changed while they were read
  bool barred_ = false;    ///< nothing may leave now
  bool pumping_ = false;
  bool again_ = false;
};

}  // namespace

caf::actor spawn_connector(caf::actor_system& system, std::shared_ptr<const Deps> deps, const caf::actor& dispatcher, const caf::actor& loader, const ServerId& server) {
  return system.spawn([deps, dispatcher, loader, server](caf::stateful_actor<ConnectorActor>* self) -> caf::behavior {
    return self->state.behavior(deps, dispatcher, loader, server);
  });
}

}  // namespace stellwerk::actors
