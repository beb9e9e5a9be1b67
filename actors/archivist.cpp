#include "actors/archivist.hpp"

#include <fmt/format.h>

#include <chrono>
#include <condition_variable>
#include <utility>

#include "actors/views.hpp"
#include "monitoring/log.hpp"
#include "monitoring/metrics.hpp"

namespace stellwerk::actors {
namespace {

Json text_or_null(const std::string& text) { return text.empty() ? Json{} : Json(boost::json::string(text)); }
Json time_or_null(Time time) { return time == Time{} ? Json{} : Json(boost::json::string(format_time(time))); }

constexpr std::chrono::minutes between_looks{1};

}  // namespace

Archivist::Archivist(MakeBackup make, FindNewest newest) : make_{std::move(make)}, newest_{std::move(newest)} {
  if (!newest_) return;
  tell_newest();
  watch_ = std::jthread{[this](const std::stop_token& stop) { watch(stop); }};
}

void Archivist::tell_newest() const {
  const auto newest = newest_();
  monitoring::gauge("stellwerk_backup_made_seconds").set(newest ? std::chrono::duration<double>(newest->time_since_epoch()).count() : 0);
}

void Archivist::watch(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any ended;  // by the token alone
  std::unique_lock lock{mutex};
  while (!ended.wait_for(lock, stop, between_looks, [&] { return stop.stop_requested(); })) tell_newest();
}

Result<Json> Archivist::begin(const std::string& id, const std::string& by) {
  const std::lock_guard lock{mutex_};
  if (stopped_) return fail(ErrorCode::unavailable, "this node ends");
  if (last_.state == "running") return fail(ErrorCode::conflict, fmt::format("a backup is being made since {} (asked for by {})", format_time(last_.begun_at), last_.by), "backup_running");
  last_ = {.state = "running", .id = id, .by = by, .path = {}, .error = {}, .begun_at = wall_now(), .ended_at = {}};
  thread_ = std::jthread{[this](const std::stop_token& stop) { make(stop); }};  // the former one has told its end: it is joined at once
  return render();
}

void Archivist::make(const std::stop_token& stop) {
  monitoring::log_info("a backup begins");
  const auto made = make_(stop);
  const auto now = wall_now();
  monitoring::counter("stellwerk_backups_total", {made ? "made" : "failed"}).add(1);
  if (made) {
    if (newest_) tell_newest();
    monitoring::log_info("a backup is made", {{"path", *made}});
  } else {
    monitoring::log_error("make a backup", made.error());
  }
  const std::lock_guard lock{mutex_};
  last_.state = made ? "made" : "failed";
  last_.ended_at = now;
  if (made) last_.path = *made;
  else last_.error = describe(made.error());
}

Json Archivist::state() const {
  const std::lock_guard lock{mutex_};
  return render();
}

Json Archivist::render() const {
  return JsonObject{{"state", last_.state}, {"id", text_or_null(last_.id)}, {"by", text_or_null(last_.by)}, {"begun_at", time_or_null(last_.begun_at)}, {"ended_at", time_or_null(last_.ended_at)},
                    {"path", text_or_null(last_.path)}, {"error", text_or_null(last_.error)}};
}

void Archivist::stop() {
  std::jthread thread, watch;
  {
    const std::lock_guard lock{mutex_};
    stopped_ = true;
    thread = std::move(thread_);
    watch = std::move(watch_);
  }
  watch.request_stop();
  thread.request_stop();  // their destructors wait for them
}

Result<Json> Views::begin_backup(storage::AuditRow audit) {
  if (archivist_ == nullptr) return fail(ErrorCode::conflict, "this node makes no backups", "no_backups");
  if (text_of(archivist_->state(), "state") == "running") return archivist_->begin(audit.object, audit.by);  // refused, and not audited
  STELLWERK_CHECK(store_->add_audit(audit));
  return archivist_->begin(audit.object, audit.by);
}

Json Views::last_backup() const { return archivist_ == nullptr ? Json(JsonObject{{"state", "none"}}) : archivist_->state(); }

}  // namespace stellwerk::actors
