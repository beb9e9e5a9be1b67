#include "actors/warden.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include "monitoring/log.hpp"
#include "monitoring/metrics.hpp"

namespace stellwerk::actors {
namespace {

constexpr auto clock_tolerance = std::chrono::seconds{2};

}  // namespace

Warden::Warden(OpenRecords open, std::shared_ptr<const Definitions> definitions, std::shared_ptr<RecentlyChanged> changed, const Clock& clock)
    : Warden{std::move(open), std::move(definitions), std::move(changed), clock, Options{}} {}

Warden::Warden(OpenRecords open, std::shared_ptr<const Definitions> definitions, std::shared_ptr<RecentlyChanged> changed, const Clock& clock, Options options)
    : open_{std::move(open)}, changed_{std::move(changed)}, clock_{clock}, options_{options}, examination_{std::move(definitions), options.rows} {
  report_.every = options_.every;
}

void Warden::start() {
  thread_ = std::jthread{[this](const std::stop_token& stopping) {
    while (!stopping.stop_requested()) {
      look();
      std::unique_lock lock{mutex_};
      wake_.wait_for(lock, stopping, options_.every, [] { return false; });
    }
  }};
}

void Warden::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

void Warden::look() {
  static auto& up = monitoring::gauge("stellwerk_database_up");
  auto looked = [&]() -> Result<void> {
    try {
      return look_once();
    } catch (const std::exception& error) {
      return fail(ErrorCode::internal, error.what());
    }
  }();
  monitoring::counter("stellwerk_stuck_looks_total", {looked ? "done" : "failed"}).add();
  up.set(looked || !is_transient(looked.error().code) ? 1 : 0);
  if (!looked && !std::exchange(failing_, true)) monitoring::log_error("whether actors are stuck cannot be looked up", looked.error());
  if (looked && std::exchange(failing_, false)) monitoring::log_info("whether actors are stuck can be looked up again");
  if (!looked) {
    records_.reset();
    const std::lock_guard lock{mutex_};
    report_.error = describe(looked.error());
  }
}

/// Whoever could not look after things until now has its time from now on: after the start, and when the clock was moved.
void Warden::watch_clock(Time now, Duration monotonic) {
  const auto offset = now.time_since_epoch() - monotonic;
  const auto moved = offset > offset_ ? offset - offset_ : offset_ - offset;
  if (std::exchange(first_, false) || moved > clock_tolerance) idle_since_ = now;
  offset_ = offset;
}

Result<void> Warden::look_once() {
  if (!records_) {
    STELLWERK_TRY(records_, open_());
    // While the database was away nobody could look after anything.
    if (failing_) idle_since_ = clock_.now();
  }
  const auto now = clock_.now();
  const auto monotonic = clock_.monotonic();
  watch_clock(now, monotonic);
  const bool begins = examination_.is_at_sweep_end();
  if (begins) sweep_began_ = monotonic;
  const auto changed = changed_->take(static_cast<std::size_t>(options_.rows));
  if (auto done = examination_.round(*records_, now, idle_since_, changed); !done) {
    for (const auto& actor : changed) changed_->add(actor);
    return done;
  }
  for (const auto& finding : examination_.fresh()) tell(finding, now);
  const bool ended = examination_.is_at_sweep_end();
  const std::lock_guard lock{mutex_};
  report_.findings = examination_.findings();
  report_.looked_at = now;
  report_.error.clear();
  if (ended) {
    static auto& sweep = monitoring::gauge("stellwerk_stuck_sweep_seconds");
    report_.swept_at = now;
    report_.sweep = clock_.monotonic() - sweep_began_;
    sweep.set(std::chrono::duration<double>(report_.sweep).count());
  }
  for (const auto* half : {"no_wake_up", "overdue"}) {
    double count = 0, oldest = 0;
    for (const auto& finding : report_.findings) {
      if (finding.half() != half) continue;
      ++count;
      oldest = std::max(oldest, std::chrono::duration<double>(now - finding.since).count());
    }
    monitoring::gauge("stellwerk_actors_stuck", {half}).set(count);
    monitoring::gauge("stellwerk_actors_stuck_oldest_seconds", {half}).set(oldest);
  }
  return {};
}

void Warden::tell(const Finding& finding, Time now) const {
  monitoring::log_error("an actor is stuck", {{"actor", finding.actor.str()}, {"tenant", finding.tenant.str()}, {"kind", finding.kind}, {"state", finding.state},
                                              {"what", describe_finding(finding)}, {"since", format_time(finding.since)},
                                              {"for", format_duration(std::chrono::floor<std::chrono::seconds>(now - finding.since))}, {"do", advice_for(finding)}});
}

WardenReport Warden::report() const {
  const std::lock_guard lock{mutex_};
  return report_;
}

}  // namespace stellwerk::actors
