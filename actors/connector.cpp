// The connector actor of one server: carries out attempts at their time, within the connector's limits, polls vendors' tasks, and
// reports every outcome to the actor it belongs to. It writes nothing; a crash forgets nothing but polls in memory.

#include <fmt/format.h>

#include <deque>
#include <unordered_map>

#include "actors/protocol.hpp"
#include "core/match.hpp"
#include "monitoring/log.hpp"
#include "monitoring/metrics.hpp"
#include "storage/fault_point.hpp"

namespace stellwerk::actors {
namespace {

using connectors::Call;
using connectors::Execution;

constexpr auto hold_time = std::chrono::seconds{30};  ///< how long a server is left alone after an outcome asked for it
constexpr auto longest_wait = std::chrono::seconds{30};

class ConnectorActor {
 public:
  static inline const char* name = "connector";
  explicit ConnectorActor(caf::event_based_actor* self) : self_{self} {}

  caf::behavior behavior(std::shared_ptr<const Deps> deps, const caf::actor& dispatcher, const caf::actor& loader, const ServerId& server) {
    deps_ = std::move(deps);
    dispatcher_ = dispatcher;
    loader_ = loader;
    server_ = server;
    return {
        [this](const Shared<Work>& work) { on_work(work); },
        [this](const Shared<Settle>& settle) { on_settle(settle->attempt); },
        [this](const std::string& attempt, std::uint64_t exchange, const std::shared_ptr<const connectors::DriverResponse>& response) { on_response(attempt, exchange, *response); },
        [this](tick_atom, std::uint64_t tick) {
          if (tick == tick_) pump();
        },
        [this](clock_atom) { pump(); },
        [this](server_atom) { connector_ = nullptr, loading_ = false, pump(); },
    };
  }

 private:
  struct Job {
    Shared<Work> work;
    Call call;
    Time due{};
    int polls = 0;
    bool running = false;   ///< an exchange with the vendor is under way
    bool changing = false;  ///< … of a request that may have an effect
    bool settle = false;
    std::uint64_t exchange = 0;
    std::optional<Execution> execution;
    std::vector<std::string> limits;
    std::chrono::steady_clock::time_point began{};
  };

  [[nodiscard]] Time now() const { return deps_->clock->now(); }

  void on_work(const Shared<Work>& work) {
    const auto& attempt = work->attempt;
    auto& job = jobs_[attempt.id.str()];
    if (job && job->running) return;  // the same attempt twice: it is under way
    job = std::make_unique<Job>();
    job->work = work;
    job->due = attempt.due;
    if (attempt.mode == "poll") job->due = std::max(job->due, now());
    pump();
  }

  /// The run was interrupted. What has not begun is given up; what runs comes to its own end.
  void on_settle(const AttemptId& id) {
    const auto found = jobs_.find(id.str());
    if (found == jobs_.end()) return;
    auto& job = *found->second;
    if (job.running || job.work->attempt.mode == "poll" || job.call.mode == Call::Mode::poll || job.work->attempt.mode == "observe") return;
    finish(found->second, {.is = OutcomeClass::retry, .code = "given_up", .text = "not begun: the run was interrupted", .sent = false});
  }

  /// Starts what is due and allowed; orders the next tick.
  void pump() {
    if (jobs_.empty()) return;
    if (!connector_) return ask_for_server();
    Time next = now() + longest_wait;
    std::vector<std::string> ready;
    for (auto& [id, job] : jobs_) {
      if (job->running) continue;
      const auto due = std::max(job->due, held_until_);
      if (due <= now()) ready.push_back(id);
      else next = std::min(next, due);
    }
    std::sort(ready.begin(), ready.end(), [&](const std::string& a, const std::string& b) { return jobs_[a]->due < jobs_[b]->due; });
    for (const auto& id : ready) {
      const auto found = jobs_.find(id);
      if (found != jobs_.end() && !found->second->running) begin(id, *found->second);
    }
    const auto wait = std::max<Duration>(next - now(), Duration{0});
    self_->delayed_send(self_, std::chrono::duration_cast<std::chrono::milliseconds>(wait + std::chrono::microseconds{999}), tick_atom::value, ++tick_);
  }

  void ask_for_server() {
    if (std::exchange(loading_, true)) return;
    self_->request(loader_, caf::infinite, share(ServerRequest{server_})).then(
        [this](const Shared<ServerReply>& reply) {
          loading_ = false;
          if (!reply->server) {
            if (reply->server.error().code == ErrorCode::not_found) return reject_all("no_server", fmt::format("there is no server {}", server_.str()));
            monitoring::log_error("a server's settings cannot be read; trying again", reply->server.error(), {{"server", server_.str()}});
            self_->delayed_send(self_, std::chrono::seconds{1}, tick_atom::value, ++tick_);
            return;
          }
          take_server(*reply->server);
        },
        [this](const caf::error&) { loading_ = false; });
  }

  void take_server(const storage::ServerRow& row) {
    connector_ = deps_->connectors->find(row.connector);
    if (!connector_) return reject_all("no_connector", fmt::format("server {} wants connector '{}', which is not published", row.name, row.connector));
    const auto driver = deps_->drivers.find(connector_->driver());
    if (driver == deps_->drivers.end()) {
      connector_ = nullptr;
      return reject_all("no_driver", fmt::format("connector {} wants driver '{}'", row.connector, connector_ ? connector_->driver() : ""));
    }
    driver_ = driver->second;
    settings_.clear();
    secrets_.clear();
    for (const auto& field : connector_->settings()) {
      const auto* value = find_member(row.settings, field.name);
      if (field.type.base == workflows::TypeSpec::Base::secret) {
        if (value == nullptr || !value->is_string()) continue;
        auto opened = config::open(deps_->key, as_view(value->get_string()), row.id.str() + "/" + field.name);
        if (!opened) return reject_all("sealed", fmt::format("setting {} of server {} cannot be opened with this master key", field.name, row.name));
        secrets_[field.name] = std::move(*opened);
      } else if (value != nullptr) {
        settings_[field.name] = *value;
      } else if (field.fallback) {
        settings_[field.name] = *field.fallback;
      }
    }
    pump();
  }

  void reject_all(const std::string& code, const std::string& text) {
    connector_ = nullptr;
    std::vector<std::string> ids;
    for (const auto& [id, job] : jobs_) ids.push_back(id);
    for (const auto& id : ids) finish(jobs_[id], {.is = OutcomeClass::rejected_operator, .code = code, .text = text, .sent = false});
  }

  void begin(const std::string& id, Job& job) {
    const auto& attempt = job.work->attempt;
    if (now() > attempt.deadline && attempt.mode == "poll")
      return finish(jobs_[id], {.is = OutcomeClass::rejected_operator, .code = "timeout", .text = fmt::format("the task {} did not end in time", attempt.handle), .handle = attempt.handle});
    const bool polls = job.call.mode == Call::Mode::poll || attempt.mode == "poll";
    const auto dot = attempt.operation.find('.');
    if (!polls || job.call.operation.empty()) {
      job.call = Call{.operation = attempt.operation.substr(dot == std::string::npos ? 0 : dot + 1), .sub = attempt.sub, .input = attempt.input, .settings = settings_,
                      .secrets = secrets_, .actor_id = attempt.actor.str(), .key = attempt.key, .mode = Call::Mode::execute, .handle = attempt.handle,
                      .attempt_timeout = job.work->attempt_timeout};
      if (attempt.mode == "observe") job.call.mode = Call::Mode::observe;
      if (attempt.mode == "poll") job.call.mode = Call::Mode::poll;
    }
    if (job.limits.empty() && !take_limits(job)) return;  // stays ready: the end of another job starts it
    job.running = true;
    job.began = std::chrono::steady_clock::now();
    in_flight().add(1);
    job.execution.emplace(connector_, job.call);
    go_on(id, job, job.execution->start());
  }

  /// Reads are free; whatever changes or observes counts against each limit that applies.
  bool take_limits(Job& job) {
    if (job.call.mode == Call::Mode::poll) return true;
    std::vector<std::pair<std::string, int>> wanted{{"server", deps_->in_flight_per_server}};
    for (const auto& limit : connector_->limits())
      if (auto key = connectors::limit_key(*connector_, limit, job.call, server_.str()); !key.empty()) wanted.emplace_back(std::move(key), limit.in_flight);
    for (const auto& [key, most] : wanted)
      if (taken_[key] >= most) return false;
    for (const auto& [key, most] : wanted) {
      ++taken_[key];
      job.limits.push_back(key);
    }
    return true;
  }

  void go_on(const std::string& id, Job& job, Execution::Next next) {
    std::visit(match{
        [&](Execution::Send& send) {
          job.changing = send.changing;
          ++job.exchange;
          auto self = caf::actor_cast<caf::actor>(self_);
          driver_->send(std::move(send.request), [self, id, exchange = job.exchange](connectors::DriverResponse response) {
            caf::anon_send(self, id, exchange, std::make_shared<const connectors::DriverResponse>(std::move(response)));
          });
        },
        [&](Outcome& outcome) { on_outcome(id, job, std::move(outcome)); },
    }, next);
  }

  void on_response(const std::string& id, std::uint64_t exchange, const connectors::DriverResponse& response) {
    const auto found = jobs_.find(id);
    if (found == jobs_.end() || !found->second->running || found->second->exchange != exchange) return;
    auto& job = *found->second;
    // The moment that decides whether an effect is forgotten: it has happened, and nobody knows yet.
    if (job.changing) storage::fault_point("attempt");
    go_on(id, job, job.execution->on_response(response));
  }

  void on_outcome(const std::string& id, Job& job, Outcome outcome) {
    job.running = false;
    in_flight().add(-1);
    if (outcome.hold == "server" || outcome.hold == "installation") held_until_ = now() + hold_time;
    if (outcome.is == OutcomeClass::pending && !outcome.handle.empty()) {
      // First word of the handle goes to the actor, which commits it; the task is polled here without writing anything.
      const bool first = job.call.mode != Call::Mode::poll;
      job.call.mode = Call::Mode::poll;
      job.call.handle = outcome.handle;
      if (first) {
        release(job);
        report(job, outcome);
      }
      if (now() > job.work->attempt.deadline) {
        outcome = {.is = OutcomeClass::rejected_operator, .code = "timeout", .text = fmt::format("the task {} did not end in time", job.call.handle), .handle = job.call.handle};
      } else {
        job.due = now() + connectors::poll_delay(*connector_, job.call, ++job.polls);
        return pump();
      }
    } else if (job.call.mode == Call::Mode::poll && (outcome.is == OutcomeClass::retry || outcome.is == OutcomeClass::retry_after) && !outcome.sent) {
      // the question could not be put; the task goes on meanwhile
      if (now() <= job.work->attempt.deadline) {
        job.due = now() + connectors::poll_delay(*connector_, job.call, ++job.polls);
        return pump();
      }
      outcome = {.is = OutcomeClass::rejected_operator, .code = "timeout", .text = fmt::format("the task {} could not be asked for in time", job.call.handle), .handle = job.call.handle};
    }
    finish(jobs_[id], std::move(outcome));
  }

  void report(const Job& job, Outcome outcome) {
    const auto& attempt = job.work->attempt;
    monitoring::counter("stellwerk_attempts_total", {attempt.operation, std::string{to_string(outcome.is)}}).add();
    self_->send(dispatcher_, share(Deliver{.actor = attempt.actor, .event = {.id = make_id<EventId>("evt"), .by = {}, .trace = {}, .depth = 0,
                                                                            .body = workflows::Tried{attempt.id, attempt.number, std::move(outcome)}}}));
  }

  void release(Job& job) {
    for (const auto& key : job.limits) --taken_[key];
    job.limits.clear();
  }

  void finish(std::unique_ptr<Job>& slot, Outcome outcome) {
    auto job = std::move(slot);
    jobs_.erase(job->work->attempt.id.str());
    release(*job);
    if (job->began != std::chrono::steady_clock::time_point{})
      monitoring::histogram("stellwerk_attempt_duration_seconds", {job->work->attempt.operation}).observe(std::chrono::duration<double>(std::chrono::steady_clock::now() - job->began).count());
    report(*job, std::move(outcome));
    pump();
  }

  static monitoring::Gauge& in_flight() {
    static auto& gauge = monitoring::gauge("stellwerk_attempts_in_flight");
    return gauge;
  }

  caf::event_based_actor* self_;
  std::shared_ptr<const Deps> deps_;
  caf::actor dispatcher_, loader_;
  ServerId server_;
  std::shared_ptr<const connectors::Connector> connector_;
  std::shared_ptr<connectors::Driver> driver_;
  std::map<std::string, Json> settings_;
  std::map<std::string, config::Secret> secrets_;
  std::unordered_map<std::string, std::unique_ptr<Job>> jobs_;
  std::map<std::string, int> taken_;
  Time held_until_{};
  bool loading_ = false;
  std::uint64_t tick_ = 0;
};

}  // namespace

caf::actor spawn_connector(caf::actor_system& system, std::shared_ptr<const Deps> deps, const caf::actor& dispatcher, const caf::actor& loader, const ServerId& server) {
  return system.spawn([deps, dispatcher, loader, server](caf::stateful_actor<ConnectorActor>* self) -> caf::behavior {
    return self->state.behavior(deps, dispatcher, loader, server);
  });
}

}  // namespace stellwerk::actors
