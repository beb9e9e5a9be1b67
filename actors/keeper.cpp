#include "actors/keeper.hpp"

#include <algorithm>
#include <chrono>
#include <tuple>
#include <utility>

#include "monitoring/log.hpp"
#include "monitoring/metrics.hpp"

namespace stellwerk::actors {
namespace {

constexpr auto first_after = std::chrono::minutes{5};
constexpr auto every = std::chrono::hours{1};
constexpr auto look_every = std::chrono::minutes{1};  ///< for what is to be overwritten
constexpr int most_rows = 500;    ///< of one transaction
constexpr int page_of_actors = 2'000;

}  // namespace

Keeper::Keeper(OpenRecords open, const Clock& clock, std::function<bool()> may_go_by_the_clock, Retention retention, int rows_per_second)
    : open_{std::move(open)}, clock_{clock}, trusted_{std::move(may_go_by_the_clock)}, retention_{retention}, rows_per_second_{rows_per_second} {}

void Keeper::start() {
  thread_ = std::jthread{[this](const std::stop_token& stop) { serve(stop); }};
}

void Keeper::stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

void Keeper::serve(const std::stop_token& stop) {
  stop_ = stop;
  Duration waited{}, wait = first_after;
  while (pause(look_every)) {
    if (const auto purged = purge(); !purged) monitoring::log_error("overwrite what was deleted; it is tried again", purged.error());
    if ((waited += look_every) < wait) continue;
    waited = {};
    wait = every;
    const auto counts = sweep();
    if (stop.stop_requested()) return;
    monitoring::counter("stellwerk_retention_sweeps_total", {counts ? "done" : "failed"}).add(1);
    if (!counts) {
      monitoring::log_error("delete what is older than its retention", counts.error());
      continue;
    }
    for (const auto& [table, rows] : *counts) monitoring::log_info("retention: deleted", {{"table", table}, {"rows", std::to_string(rows)}});
  }
}

Result<bool> Keeper::purge() {
  static auto& owed = monitoring::gauge("stellwerk_purge_owed_seconds");
  const auto purged = [&]() -> Result<bool> {
    STELLWERK_TRY(const auto records, open_());
    return records->purge_deleted();
  }();
  const auto now = clock_.monotonic();
  if (purged && *purged) owed_since_.reset();
  else if (!owed_since_) owed_since_ = now;
  owed.set(owed_since_ ? std::max(1.0, std::chrono::duration<double>(now - *owed_since_).count()) : 0);
  return purged;
}

Result<Keeper::Counts> Keeper::sweep() {
  if (!trusted_()) return fail(ErrorCode::unavailable, "the clock is not trusted: nothing is deleted by it");
  STELLWERK_TRY(const auto records, open_());
  const auto now = clock_.now();
  Counts counts;
  STELLWERK_CHECK(trim_aged(*records, now, counts));
  // Whole months first: what they take need not be deleted row by row.
  STELLWERK_TRY(const auto months, records->drop_months(now - retention_.journal));
  for (const auto& month : months) monitoring::log_info("retention: a month of the journal is dropped", {{"month", month}});
  if (!months.empty()) STELLWERK_CHECK(went(counts, "month", std::ssize(months)));
  STELLWERK_CHECK(trim_actors(*records, now, counts));
  return counts;
}

Result<void> Keeper::trim_aged(storage::Directory& records, Time now, Counts& counts) {
  using enum storage::Directory::Aged;
  const std::tuple<storage::Directory::Aged, const char*, Duration> tables[] = {
      {incidents, "incident", retention_.incidents},
      {audit, "audit", retention_.audit},
      {tenant_journals, "tenant_journal", retention_.audit},
      {idempotency, "idempotency", retention_.idempotency},
      {outbox, "outbox", retention_.outbox},
      {transition_actions, "transition_action", retention_.incidents},
      {deferred_events, "deferred_event", retention_.incidents},
      {sessions, "session", retention_.sessions},
  };
  const int batch = std::min(most_rows, rows_per_second_);
  for (const auto& [what, table, kept] : tables) {
    for (;;) {
      // Tokens live by real time, whatever the demo's clock says.
      STELLWERK_TRY(const auto rows, records.trim(what, (what == sessions ? clock_.wall() : now) - kept, batch));
      STELLWERK_CHECK(went(counts, table, rows));
      if (rows < batch) break;
    }
  }
  return {};
}

Result<void> Keeper::trim_actors(storage::Directory& records, Time now, Counts& counts) {
  const int batch = std::min(most_rows, rows_per_second_);
  std::string after;
  do {
    STELLWERK_TRY(const auto page, records.final_actors(after, page_of_actors, now - retention_.journal));
    for (const auto& actor : page.actors) {
      for (;;) {
        STELLWERK_TRY(const auto rows, records.trim_actor(actor, batch));
        STELLWERK_CHECK(went(counts, "journal", rows));
        if (rows < batch) break;
      }
    }
    after = page.last;
    if (!after.empty() && !pause(std::chrono::milliseconds{50})) return fail(ErrorCode::cancelled, "this node ends");
  } while (!after.empty());
  return {};
}

Result<void> Keeper::went(Counts& counts, const std::string& table, std::int64_t rows) {
  if (rows == 0) return {};
  counts[table] += rows;
  monitoring::counter("stellwerk_retention_deleted_total", {table}).add(static_cast<double>(rows));
  if (!pause(std::chrono::microseconds{rows * 1'000'000 / rows_per_second_})) return fail(ErrorCode::cancelled, "this node ends");
  return {};
}

bool Keeper::pause(Duration span) {
  std::unique_lock lock{mutex_};
  wake_.wait_for(lock, stop_, span, [] { return false; });
  return !stop_.stop_requested();
}

}  // namespace stellwerk::actors
