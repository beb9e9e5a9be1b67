#include "actors/pulse.hpp"

#include <algorithm>
#include <utility>

#include "monitoring/health.hpp"
#include "monitoring/log.hpp"
#include "monitoring/metrics.hpp"
#include "monitoring/underway.hpp"

namespace stellwerk::actors {

Result<Duration> heartbeat(storage::Store& store, const Deps& deps) {
  auto& clock = *deps.clock;
  const auto sent = clock.monotonic();
  const auto before = clock.wall();
  STELLWERK_TRY(const auto database, store.heartbeat());
  const auto answered = clock.monotonic();
  deps.clock_guard->compare(database, before, clock.wall());
  // A database on this very machine has the clock that was set: it is heeded again when that is put right.
  if (deps.clock_guard->is_steady()) clock.follow(database, sent, answered);
  return sent;
}

Pulse::Pulse(std::shared_ptr<const Deps> deps, std::unique_ptr<storage::Store> store) : deps_{std::move(deps)}, session_{*deps_, std::move(store)} {}

Duration Pulse::beat() {
  const auto renewed = renew();
  tell_lease(renewed);
  tell_clock();
  const auto length = deps_->lease->length();
  return renewed ? length / 3 : std::min<Duration>(length / 10, std::chrono::seconds{1});
}

Result<void> Pulse::renew() {
  const monitoring::Underway underway{"the heartbeat is written"};
  STELLWERK_TRY(const auto sent, session_.run([this](storage::Store& store) { return heartbeat(store, *deps_); }));
  deps_->lease->renew(sent);
  return {};
}

void Pulse::tell_lease(const Result<void>& renewed) {
  static auto& left = monitoring::gauge("stellwerk_lease_left_seconds");
  static auto& failures = monitoring::counter("stellwerk_heartbeats_failed_total");
  auto& lease = *deps_->lease;
  left.set(std::chrono::duration<double>(lease.left()).count());
  if (renewed) {
    failing_ = false;
    if (std::exchange(silent_, false)) monitoring::log_info("the lease is renewed; requests go out again", {{"incarnation", deps_->incarnation}});
    return monitoring::report_ready("lease");
  }
  failures.add();
  if (renewed.error().code == ErrorCode::cancelled) {
    lease.lose();
    monitoring::report_not_ready("lease", describe(renewed.error()));
    return deps_->on_fatal(describe(renewed.error()));
  }
  if (!std::exchange(failing_, true)) monitoring::log_error("the heartbeat cannot be written; it is tried again", renewed.error());
  if (lease.may_send()) return;
  monitoring::report_not_ready("lease", "the lease is over, since the database is away; nothing is sent to vendors until it is renewed");
  if (!std::exchange(silent_, true)) monitoring::log_warning("the lease is over; nothing is sent to vendors until it is renewed", {{"incarnation", deps_->incarnation}});
}

void Pulse::tell_clock() {
  static auto& trusted = monitoring::gauge("stellwerk_clock_trusted");
  static auto& apart = monitoring::gauge("stellwerk_clock_database_difference_seconds");
  const auto trouble = deps_->clock_guard->trouble();
  trusted.set(trouble.empty() ? 1 : 0);
  apart.set(std::chrono::duration<double>(deps_->clock_guard->difference()).count());
  if (trouble.empty()) monitoring::report_ready("clock");
  else monitoring::report_not_ready("clock", trouble);
  if (trouble.empty() && !clock_told_.empty()) monitoring::log_info("the clock can be trusted again; timers and due attempts go on");
  if (!trouble.empty() && clock_told_.empty()) monitoring::log_error("the clock cannot be trusted", {{"why", trouble}});
  clock_told_ = trouble;
}

namespace {

struct PulseState {
  static inline const char* name = "pulse";
  std::unique_ptr<Pulse> pulse;
};

}  // namespace

caf::actor spawn_pulse(caf::actor_system& system, std::shared_ptr<const Deps> deps, std::unique_ptr<storage::Store> store) {
  auto box = std::make_shared<std::unique_ptr<storage::Store>>(std::move(store));
  return spawn_worker(system, deps->detached, [deps, box](caf::stateful_actor<PulseState>* self) -> caf::behavior {
    self->state.pulse = std::make_unique<Pulse>(deps, std::move(*box));
    self->send(self, tick_atom::value);
    return {
        [self](tick_atom) {
          Duration next = std::chrono::seconds{1};
          survive("the pulse failed", [&] { next = self->state.pulse->beat(); });
          self->delayed_send(self, std::chrono::ceil<std::chrono::milliseconds>(next), tick_atom::value);
        },
        [self](stop_atom) { self->quit(); },
    };
  });
}

}  // namespace stellwerk::actors
