#include "actors/committer.hpp"

#include <exception>
#include <utility>

#include "monitoring/health.hpp"
#include "monitoring/log.hpp"
#include "monitoring/underway.hpp"

namespace stellwerk::actors {

Committer::Committer(std::shared_ptr<const Deps> deps, std::unique_ptr<storage::Store> store) : deps_{std::move(deps)}, store_{std::move(store)} {
  store_->use_incarnation(deps_->incarnation);
}

/// What a call left behind when it threw is unknown: its session was given up, which rolls back.
Result<void> Committer::ensure_session() {
  if (store_) return {};
  auto store = deps_->open_store();
  if (!store) return fail(Error{ErrorCode::unavailable, "no session can be opened in place of the one that broke: " + describe(store.error())});
  store_ = std::move(*store);
  store_->use_incarnation(deps_->incarnation);
  return {};
}

template <class Call>
auto Committer::try_once(Call call) -> decltype(call()) {
  auto result = [&]() -> decltype(call()) {
    try {
      const monitoring::Underway underway{"a batch is written"};
      STELLWERK_CHECK(ensure_session());
      return call();
    } catch (const std::exception& error) {
      monitoring::log_error("writing to the database threw; the session is opened again", {{"error", error.what()}});
      store_.reset();
      return fail(ErrorCode::internal, std::string{"writing to the database threw: "} + error.what(), "threw");
    }
  }();
  if (result) {
    if (std::exchange(away_, false)) monitoring::report_ready("database");
  } else if (result.error().code == ErrorCode::cancelled) {
    deps_->on_fatal(describe(result.error()));
  } else if (is_transient(result.error().code)) {
    away_ = true;
    monitoring::report_not_ready("database", describe(result.error()));
  }
  return result;
}

Result<std::vector<storage::CommitResult>> Committer::commit(std::span<const storage::Commit> batch) {
  return try_once([&] { return store_->commit(batch); });
}

Result<bool> Committer::is_written(const storage::Commit& commit) {
  return try_once([&]() -> Result<bool> {
    const auto loaded = store_->load(commit.changes.front().row.id);
    if (loaded) return loaded->row.decision == commit.id;
    if (loaded.error().code == ErrorCode::not_found) return false;
    return fail(loaded.error());
  });
}

Result<std::vector<storage::ActionResult>> Committer::run_actions(std::span<const storage::ActionRequest> requests) {
  return try_once([&] { return store_->run_actions(requests, deps_->clock->now()); });
}

}  // namespace stellwerk::actors
