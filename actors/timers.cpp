// Fires what is due, a batch of each tenant at a time, and looks into mailboxes nobody was woken for. Detached: it reads the timer table
// itself, asks for the next due time only, and sleeps in between; a million sleeping timers cost nothing here, and a million due ones
// of one tenant wait in the database until those before them are decided.

#include <algorithm>
#include <map>
#include <optional>
#include <unordered_map>

#include "actors/lasting_session.hpp"
#include "actors/mailbox_sweep.hpp"
#include "actors/protocol.hpp"
#include "monitoring/log.hpp"
#include "monitoring/metrics.hpp"

namespace stellwerk::actors {
namespace {

using storage::Store;
using storage::TimerRow;

constexpr Duration longest_sleep = MailboxSweep::interval;
constexpr auto after_trouble = std::chrono::seconds{1};

class Timers {
 public:
  static inline const char* name = "timers";
  explicit Timers(caf::event_based_actor* self) : self_{self} {}

  caf::behavior behavior(std::shared_ptr<const Deps> deps, std::unique_ptr<Store> store) {
    deps_ = std::move(deps);
    session_.emplace(*deps_, std::move(store));
    // Whoever holds a ticket must not keep us alive.
    fired_.emplace([weak = caf::weak_actor_ptr{self_->ctrl()}] {
      if (const auto timers = weak.lock()) caf::anon_send(caf::actor_cast<caf::actor>(timers), room_atom::value);
    });
    return {
        // the dispatcher is spawned after us and introduces itself
        [this](const caf::actor& dispatcher) {
          dispatcher_ = dispatcher;
          look_now();
        },
        [this](tick_atom, std::uint64_t tick) {
          if (tick != tick_) return;  // an earlier one was ordered meanwhile
          if (!survive("the timers could not be looked through", [&] { look(); })) sleep_until(now() + after_trouble);
        },
        [this](timer_atom, std::int64_t due) {
          if (dispatcher_ && from_micros(due) < wake_) sleep_until(from_micros(due));
        },
        [this](room_atom) { look_now(); },
        [this](clock_atom) { look_now(); },
        // Timers were let go, perhaps some that we have fired a moment ago. One that fires twice is nothing to its actor.
        [this](halt_atom) {
          fired_->forget();
          read_until_.clear();
          look_now();
        },
        [this](stop_atom) {
          dispatcher_ = nullptr;
          self_->quit();
        },
    };
  }

 private:
  [[nodiscard]] Time now() const { return deps_->clock->now(); }

  void sleep_until(Time due) {
    wake_ = due;
    const auto wait = std::clamp<Duration>(due - now(), Duration{0}, longest_sleep);
    self_->delayed_send(self_, std::chrono::duration_cast<std::chrono::milliseconds>(wait + std::chrono::microseconds{999}), tick_atom::value, ++tick_);
  }

  /// A tick as soon as possible; whatever is set until then is seen by it.
  void look_now() {
    if (!dispatcher_) return;
    wake_ = Time::min();
    self_->send(self_, tick_atom::value, ++tick_);
  }

  void look() {
    for (const auto& actor : sweep_.look(*session_, deps_->clock->monotonic())) self_->send(dispatcher_, share(Wake{actor}));
    if (!deps_->may_fire()) return sleep_until(now() + after_trouble);  // the pulse says why
    if (const auto fired = fire(); !fired) {
      monitoring::log_error("timers cannot be read", fired.error());
      sleep_until(now() + after_trouble);
    }
  }

  /// A batch of every tenant that has something due and room for it, in turn; then the next look is ordered.
  Result<void> fire() {
    static auto& under_way = monitoring::gauge("stellwerk_timers_under_way");
    const auto at = now();
    fired_->settle(deps_->clock->monotonic());
    STELLWERK_TRY(auto tenants, session_->call(&Store::tenants_due, at));
    std::erase_if(read_until_, [&](const auto& page) { return !std::binary_search(tenants.begin(), tenants.end(), page.first); });
    std::rotate(tenants.begin(), std::upper_bound(tenants.begin(), tenants.end(), last_), tenants.end());
    bool more = false;
    int missing = 0;  // tickets that have to end before another batch fits
    for (const auto& tenant : tenants) {
      const bool served = fired_->has_room(tenant);
      if (served) STELLWERK_CHECK(fire_batch(tenant, at));
      if (served && !read_until_.contains(tenant)) continue;  // that was all
      const int of_tenant = fired_->missing(tenant);
      if (of_tenant <= 0) more = true;
      else missing = missing == 0 ? of_tenant : std::min(missing, of_tenant);
    }
    under_way.set(fired_->under_way());
    if (more) {
      look_now();
      return {};
    }
    if (missing > 0) fired_->wake_when_ended(missing);
    STELLWERK_TRY(const auto next, session_->call(&Store::next_due, at));
    sleep_until(next.value_or(at + longest_sleep));
    return {};
  }

  Result<void> fire_batch(const TenantId& tenant, Time at) {
    const auto known = read_until_.find(tenant);
    STELLWERK_TRY(auto due, session_->call(&Store::timers_due, tenant, at, FiredTimers::batch, known == read_until_.end() ? std::nullopt : std::optional{known->second}));
    last_ = tenant;
    // Those that were fired and are still there (their actors are busy, or quarantined) must not hide the ones behind them. Behind the
    // last of all it begins anew.
    if (std::ssize(due) == FiredTimers::batch) read_until_.insert_or_assign(tenant, due.back());
    else read_until_.erase(tenant);
    std::erase_if(due, [&](const TimerRow& timer) { return fired_->knows(timer); });
    send(due, at);
    return {};
  }

  void send(const std::vector<TimerRow>& due, Time at) {
    static auto& fired = monitoring::counter("stellwerk_timers_fired_total");
    static auto& lateness = monitoring::histogram("stellwerk_timer_lateness_seconds");
    const auto actors = load(due);
    const auto monotonic = deps_->clock->monotonic();
    for (const auto& timer : due) {
      auto ticket = fired_->fire(timer, monotonic);
      if (!ticket) continue;
      fired.add();
      lateness.observe(std::chrono::duration<double>(at - timer.due).count());
      const auto loaded = actors.find(timer.actor);
      self_->send(dispatcher_, share(Deliver{.actor = timer.actor, .event = {.id = make_id<EventId>("evt"), .by = {}, .trace = {}, .depth = 0,
                                                                            .body = workflows::TimerDue{timer.name, timer.due}},
                                            .loaded = loaded == actors.end() ? nullptr : loaded->second, .ticket = std::move(ticket)}));
    }
  }

  using Loaded = std::unordered_map<ActorId, Shared<storage::LoadedActor>>;

  /// The batch's actors in one request: most of them sleep, and would each be asked for alone. Those that cannot be read so load themselves.
  Loaded load(const std::vector<TimerRow>& due) {
    Loaded actors;
    if (due.empty()) return actors;
    std::vector<ActorId> ids;
    for (const auto& timer : due) ids.push_back(timer.actor);
    std::ranges::sort(ids);
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    auto loaded = session_->call(&Store::load_many, ids);
    if (!loaded) monitoring::log_error("the actors of due timers cannot be read together", loaded.error());
    else
      for (auto& one : *loaded) {
        const auto id = one.row.id;
        actors.emplace(id, share(std::move(one)));
      }
    return actors;
  }

  caf::event_based_actor* self_;
  std::shared_ptr<const Deps> deps_;
  std::optional<LastingSession> session_;
  caf::actor dispatcher_;
  MailboxSweep sweep_;
  std::optional<FiredTimers> fired_;
  std::map<TenantId, TimerRow> read_until_;  ///< of whom a look goes on behind this timer
  TenantId last_;                            ///< whose turn it was last
  Time wake_ = Time::max();                  ///< the tick under way comes at this engine time
  std::uint64_t tick_ = 0;
};

}  // namespace

caf::actor spawn_timers(caf::actor_system& system, std::shared_ptr<const Deps> deps, std::unique_ptr<Store> store) {
  auto box = std::make_shared<std::unique_ptr<Store>>(std::move(store));
  return spawn_worker(system, deps->detached, [deps, box](caf::stateful_actor<Timers>* self) -> caf::behavior { return self->state.behavior(deps, std::move(*box)); });
}

}  // namespace stellwerk::actors
