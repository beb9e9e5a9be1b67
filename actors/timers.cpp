// Fires what is due, and looks into mailboxes nobody was woken for. Detached: it reads the timer table itself, asks for the next
// due time only, and sleeps in between; a million sleeping timers cost nothing here.

#include <algorithm>
#include <optional>
#include <unordered_map>

#include "actors/protocol.hpp"
#include "actors/undelivered.hpp"
#include "core/planted.hpp"
#include "monitoring/log.hpp"
#include "monitoring/metrics.hpp"

namespace stellwerk::actors {
namespace {

constexpr int batch = 500;
constexpr int largest_batch = 100'000;
constexpr auto longest_sleep = std::chrono::seconds{5};  ///< also the interval of the mailbox sweep
constexpr auto refire_after = std::chrono::seconds{10};  ///< a fired timer whose decision has not come is fired again

struct TimersState {
  static inline const char* name = "timers";
  std::shared_ptr<const Deps> deps;
  std::unique_ptr<storage::Store> store;
  caf::actor dispatcher;
  std::unordered_map<std::string, Duration> fired;  ///< when, in monotonic time
  std::optional<Duration> last_sweep;
  ReturnsUndelivered returns;
  int swept = 0;  ///< receivers that the sweep under way has passed
  Time wake = Time::max();  ///< the tick under way comes at this engine time
  std::uint64_t tick = 0;
};

using Self = caf::stateful_actor<TimersState>*;

void sleep_until(Self self, Time due) {
  auto& state = self->state;
  state.wake = due;
  const auto wait = std::clamp<Duration>(due - state.deps->clock->now(), Duration{0}, longest_sleep);
  self->delayed_send(self, std::chrono::duration_cast<std::chrono::milliseconds>(wait + std::chrono::microseconds{999}), tick_atom::value, ++state.tick);
}

/// A tick as soon as possible; whatever is set until then is seen by it.
void look_now(Self self) {
  self->state.wake = Time::min();
  self->send(self, tick_atom::value, ++self->state.tick);
}

void sweep_mailboxes(Self self) {
  auto& state = self->state;
  const auto now = state.deps->clock->monotonic();
  if ((state.last_sweep && now - *state.last_sweep < longest_sleep) || planted(Planted::wake_lost_for_good)) return;
  state.last_sweep = now;
  for (const auto& sender : state.returns.look(*state.store)) self->send(state.dispatcher, share(Wake{sender}));
  // A page each time, and from the start again behind the last: receivers that take nothing must not hide the ones behind them.
  const auto waiting = state.store->receivers_waiting(state.swept + batch);
  if (!waiting) return monitoring::log_error("mailboxes cannot be swept", waiting.error());
  const auto first = std::min(static_cast<std::size_t>(state.swept), waiting->size());
  for (auto i = first; i < waiting->size(); ++i) self->send(state.dispatcher, share(Wake{(*waiting)[i]}));
  const bool more = std::ssize(*waiting) == state.swept + batch && state.swept + batch < largest_batch;
  state.swept = more ? state.swept + batch : 0;
}

void fire(Self self) {
  auto& state = self->state;
  static auto& fired = monitoring::counter("stellwerk_timers_fired_total");
  static auto& lateness = monitoring::histogram("stellwerk_timer_lateness_seconds");
  const auto now = state.deps->clock->now();
  if (!state.deps->may_fire()) return sleep_until(self, now + std::chrono::seconds{1});  // the pulse says why
  const auto real_now = state.deps->clock->monotonic();
  std::erase_if(state.fired, [&](const auto& entry) { return real_now - entry.second > refire_after; });
  const auto retry_soon = [&](const Error& error) {
    monitoring::log_error("timers cannot be read", error);
    sleep_until(self, now + std::chrono::seconds{1});
  };
  // Those that were fired and are still there (their actors are busy, or quarantined) must not hide the ones behind them.
  const int limit = std::min<int>(batch + static_cast<int>(state.fired.size()), largest_batch);
  const auto due = state.store->timers_due(now, limit);
  if (!due) return retry_soon(due.error());
  for (const auto& timer : *due) {
    const auto key = timer.actor.str() + "/" + timer.name + "/" + std::to_string(to_micros(timer.due));
    if (!state.fired.emplace(key, real_now).second) continue;
    fired.add();
    lateness.observe(std::chrono::duration<double>(now - timer.due).count());
    self->send(state.dispatcher, share(Deliver{.actor = timer.actor, .event = {.id = make_id<EventId>("evt"), .by = {}, .trace = {}, .depth = 0,
                                                                             .body = workflows::TimerDue{timer.name, timer.due}}}));
  }
  if (due->size() == static_cast<std::size_t>(limit)) return sleep_until(self, now + std::chrono::milliseconds{50});  // more may be due behind these
  const auto next = state.store->timers_due(Time::max(), static_cast<int>(due->size()) + 1);
  if (!next) return retry_soon(next.error());
  sleep_until(self, next->empty() || next->back().due <= now ? now + longest_sleep : next->back().due);
}

}  // namespace

caf::actor spawn_timers(caf::actor_system& system, std::shared_ptr<const Deps> deps, std::unique_ptr<storage::Store> store) {
  auto box = std::make_shared<std::unique_ptr<storage::Store>>(std::move(store));
  return spawn_worker(system, deps->detached, [deps, box](caf::stateful_actor<TimersState>* self) -> caf::behavior {
    self->state.deps = deps;
    self->state.store = std::move(*box);
    self->state.store->use_incarnation(deps->incarnation);
    return {
        // the dispatcher is spawned after us and introduces itself
        [self](const caf::actor& dispatcher) {
          self->state.dispatcher = dispatcher;
          look_now(self);
        },
        [self](tick_atom, std::uint64_t tick) {
          if (tick != self->state.tick) return;  // an earlier one was ordered meanwhile
          const bool went_well = survive("the timers could not be looked through", [&] {
            sweep_mailboxes(self);
            fire(self);
          });
          if (!went_well) sleep_until(self, self->state.deps->clock->now() + std::chrono::seconds{1});
        },
        [self](timer_atom, std::int64_t due) {
          if (self->state.dispatcher && from_micros(due) < self->state.wake) sleep_until(self, from_micros(due));
        },
        [self](clock_atom) {
          if (self->state.dispatcher) look_now(self);
        },
        // Timers were let go, perhaps some that we have fired a moment ago. One that fires twice is nothing to its actor.
        [self](halt_atom) {
          self->state.fired.clear();
          if (self->state.dispatcher) look_now(self);
        },
        [self](stop_atom) {
          self->state.dispatcher = nullptr;
          self->quit();
        },
    };
  });
}

}  // namespace stellwerk::actors
