#include "actors/committer.hpp"

#include <utility>

#include "monitoring/health.hpp"
#include "monitoring/log.hpp"
#include "monitoring/underway.hpp"

namespace stellwerk::actors {

Committer::Committer(std::shared_ptr<const Deps> deps, std::unique_ptr<storage::Store> store) : deps_{std::move(deps)}, session_{*deps_, std::move(store)} {}

template <class Call>
auto Committer::try_once(Call call) -> std::invoke_result_t<Call, storage::Store&> {
  const monitoring::Underway underway{"a batch is written"};
  auto result = session_.run(call);
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
  return try_once([&](storage::Store& store) { return store.commit(batch); });
}

Result<bool> Committer::is_written(const storage::Commit& commit) {
  return try_once([&](storage::Store& store) -> Result<bool> {
    const auto loaded = store.load(commit.changes.front().row.id);
    if (loaded) return loaded->row.decision == commit.id;
    if (loaded.error().code == ErrorCode::not_found) return false;
    return fail(loaded.error());
  });
}

Result<std::vector<storage::ActionResult>> Committer::run_actions(std::span<const storage::ActionRequest> requests) {
  return try_once([&](storage::Store& store) { return store.run_actions(requests, deps_->clock->now()); });
}

}  // namespace stellwerk::actors
