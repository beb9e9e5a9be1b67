// Knows which durable and connector actors are awake, and wakes the others. The only place that spawns them.

#include <algorithm>
#include <deque>
#include <map>
#include <unordered_map>

#include "actors/protocol.hpp"
#include "monitoring/log.hpp"

namespace stellwerk::actors {
namespace {

constexpr auto longest_wait = std::chrono::seconds{30};  ///< between looks at what waits for its time
constexpr auto barred_wait = std::chrono::seconds{1};    ///< … while the clock cannot be trusted
constexpr int most_recovering = 500;  ///< actors that look at what a former incarnation left, at a time

class Dispatcher {
 public:
  static inline const char* name = "dispatcher";
  explicit Dispatcher(caf::event_based_actor* self) : self_{self} {}

  caf::behavior behavior(std::shared_ptr<const Deps> deps, std::vector<caf::actor> loaders, caf::actor committer, caf::actor timers, caf::actor front, caf::actor sentry) {
    sentry_ = std::move(sentry);
    deps_ = std::move(deps);
    loaders_ = std::move(loaders);
    committer_ = std::move(committer);
    timers_ = std::move(timers);
    front_ = std::move(front);
    self_->set_down_handler([this](caf::down_msg& down) { on_down(down); });
    return {
        [this](const Shared<Deliver>& deliver) { guarded([&] { on_deliver(deliver); }); },
        [this](const Shared<Wake>& wake) { guarded([&] { send_to(wake->actor, wake); }); },
        [this](const Shared<Idle>& idle) { guarded([&] { on_idle(*idle); }); },
        [this](const Shared<Work>& work) { guarded([&] { self_->send(connector(work->attempt.server), work); }); },
        [this](const Shared<Settle>& settle) { guarded([&] { self_->send(connector(settle->server), settle); }); },
        [this](const Shared<Recovery>& recovery) { guarded([&] { recovering_.insert(recovering_.end(), recovery->attempts.begin(), recovery->attempts.end()), recover(); }); },
        [this](looked_atom) { guarded([&] { --looking_, recover(); }); },
        [this](tick_atom, std::uint64_t tick) { guarded([&] { on_tick(tick); }); },
        [this](clock_atom) { guarded([&] { on_clock(); }); },
        [this](halt_atom) { guarded([&] { on_halt(); }); },
        [this](server_atom, const std::string& server) {
          if (const auto found = connectors_.find(server); found != connectors_.end()) self_->send(found->second, server_atom::value);
        },
        [this](stop_atom) { on_stop(); },
    };
  }

 private:
  /// An awake durable actor, and how many messages it was sent.
  struct Awake {
    caf::actor actor;
    std::uint64_t sent = 0;
  };

  /// The reply slot of what could not be passed on tells its caller.
  template <class Work>
  void guarded(Work&& work) {
    survive("the dispatcher could not pass a message on", std::forward<Work>(work));
  }

  [[nodiscard]] caf::actor front() const { return front_ ? front_ : caf::actor_cast<caf::actor>(self_); }

  template <class Message>
  void send_to(const ActorId& id, const Message& message) {
    auto& awake = durables_[id];
    if (!awake.actor) {
      awake.actor = spawn_durable(self_->system(), DurableDeps{deps_, front(), committer_, timers_, loaders_, sentry_}, id);
      ids_[awake.actor.address()] = id;
      self_->monitor(awake.actor);
    }
    ++awake.sent;
    self_->send(awake.actor, message);
  }

  caf::actor& connector(const std::string& server) {
    auto& actor = connectors_[server];
    if (!actor)
      actor = spawn_connector(self_->system(), deps_, front(), loaders_[std::hash<std::string>{}(server) % loaders_.size()], ServerId{server});
    return actor;
  }

  void on_deliver(const Shared<Deliver>& deliver) {
    // An action that is to begin waits here for the end of an emergency stop.
    const bool begins = deliver->resume == Resume::begin && deliver->attempt && deliver->attempt->executor == "action";
    if (begins && deps_->stop->is_on(deliver->attempt->tenant)) return stopped_.push_back(deliver);
    if (deliver->due > deps_->clock->now() || (deliver->due > Time{} && !deps_->may_fire())) {
      later_.emplace(deliver->due, deliver);
      return order_tick();
    }
    send_to(deliver->actor, deliver);
  }

  /// All at once they would fill the memory, whatever else is bounded.
  void recover() {
    while (!recovering_.empty() && looking_ < most_recovering) {
      storage::AttemptRow which;
      which.actor = recovering_.front().actor;
      which.id = recovering_.front().attempt;
      which.number = recovering_.front().number;
      recovering_.pop_front();
      ++looking_;
      Held until_looked_at{nullptr, [self = caf::actor_cast<caf::actor>(self_)](const void*) { caf::anon_send(self, looked_atom::value); }};
      self_->send(front(), share(Deliver{.actor = which.actor, .event = {}, .resume = Resume::recover, .attempt = std::move(which), .counted = std::move(until_looked_at)}));
    }
  }

  // --- what waits for its time, which a person may move forward
  void order_tick() {
    if (later_.empty() || later_.begin()->first >= ticks_at_) return;
    const auto now = deps_->clock->now();
    ticks_at_ = deps_->may_fire() ? std::min(later_.begin()->first, now + longest_wait) : now + barred_wait;
    const auto wait = std::max<Duration>(ticks_at_ - now, Duration{0});
    self_->delayed_send(self_, std::chrono::ceil<std::chrono::milliseconds>(wait), tick_atom::value, ++tick_);
  }
  void on_tick(std::uint64_t tick) {
    if (tick == tick_) on_clock();
  }
  void on_clock() {
    ticks_at_ = Time::max();
    while (deps_->may_fire() && !later_.empty() && later_.begin()->first <= deps_->clock->now()) {
      const auto deliver = later_.begin()->second;
      later_.erase(later_.begin());
      send_to(deliver->actor, deliver);
    }
    order_tick();
    for (const auto& [server, actor] : connectors_) self_->send(actor, clock_atom::value);
  }

  void on_halt() {
    for (const auto& deliver : std::exchange(stopped_, {})) on_deliver(deliver);
    for (const auto& [server, actor] : connectors_) self_->send(actor, halt_atom::value);
  }

  // --- the end of actors
  void on_idle(const Idle& idle) {
    const auto found = durables_.find(idle.actor);
    // What was sent meanwhile lies in its mailbox: it stays, and says again when it is idle.
    if (found == durables_.end() || found->second.sent != idle.received) return;
    self_->demonitor(found->second.actor);
    self_->send(found->second.actor, end_atom::value);
    ids_.erase(found->second.actor.address());
    durables_.erase(found);
  }

  /// An actor that ended by itself was forgotten before; one that failed is forgotten here, and loaded again by its next message.
  void on_down(const caf::down_msg& down) {
    const auto found = ids_.find(down.source);
    if (found == ids_.end()) return;
    monitoring::log_error("a durable actor ended with an error", {{"actor", found->second.str()}, {"error", self_->system().render(down.reason)}});
    durables_.erase(found->second);
    ids_.erase(found);
  }

  void on_stop() {
    for (auto& [id, awake] : durables_) {
      self_->demonitor(awake.actor);
      self_->send_exit(awake.actor, caf::exit_reason::user_shutdown);
    }
    for (auto& [server, actor] : connectors_) self_->send_exit(actor, caf::exit_reason::user_shutdown);
    self_->quit();
  }

  caf::event_based_actor* self_;
  std::shared_ptr<const Deps> deps_;
  std::vector<caf::actor> loaders_;
  caf::actor committer_, timers_, sentry_;
  caf::actor front_;  ///< none: ourselves
  std::unordered_map<ActorId, Awake> durables_;
  std::map<caf::actor_addr, ActorId> ids_;
  std::unordered_map<std::string, caf::actor> connectors_;
  std::multimap<Time, Shared<Deliver>> later_;
  std::vector<Shared<Deliver>> stopped_;  ///< actions that wait for the end of an emergency stop
  std::deque<Recovery::Which> recovering_;
  int looking_ = 0;
  Time ticks_at_ = Time::max();
  std::uint64_t tick_ = 0;
};

}  // namespace

caf::actor spawn_dispatcher(caf::actor_system& system, std::shared_ptr<const Deps> deps, std::vector<caf::actor> loaders, caf::actor committer, caf::actor timers,
                            caf::actor front, caf::actor sentry) {
  return system.spawn([deps, loaders, committer, timers, front, sentry](caf::stateful_actor<Dispatcher>* self) -> caf::behavior {
    return self->state.behavior(deps, loaders, committer, timers, front, sentry);
  });
}

}  // namespace stellwerk::actors
