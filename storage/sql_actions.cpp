// Actions on a SQL database: effect and result in one transaction, each under a savepoint of its own.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <numeric>
#include <thread>

#include "storage/actions/world.hpp"
#include "storage/fault_point.hpp"
#include "storage/rows.hpp"
#include "storage/sql_store.hpp"
#include "storage/sql_world.hpp"

namespace stellwerk::storage {
namespace {

constexpr std::size_t per_transaction = 32;
constexpr int tries = 8;

/// The whole of one action inside its savepoint.
Result<ActionResult> run_action(Session& session, const AttemptRow& attempt, Time now) {
  using Status = ActionResult::Status;
  STELLWERK_TRY(const auto rows, session.rows("select id, result from attempt where run = :run and lane = :lane {for update}", "tj",
                                              {{"run", attempt.run.str()}, {"lane", std::int64_t{attempt.lane}}}));
  if (rows.empty() || std::get<std::string>(rows[0][0]) != attempt.id.str()) return ActionResult{Status::stale, JsonObject{}, {}, {}};
  if (const auto* stored = std::get_if<std::string>(&rows[0][1])) {
    STELLWERK_TRY(auto result, parse_json(*stored));
    return ActionResult{Status::done, std::move(result), {}, {}};
  }
  SqlWorld world{session};
  STELLWERK_TRY(auto outcome, perform_action(world, attempt, now));
  if (!outcome.code.empty()) return ActionResult{Status::refused, JsonObject{}, std::move(outcome.code), std::move(outcome.text)};
  STELLWERK_CHECK(session.execute("update attempt set result = :result where run = :run and lane = :lane",
                                  {{"result", dump_json(outcome.result)}, {"run", attempt.run.str()}, {"lane", std::int64_t{attempt.lane}}}));
  return ActionResult{Status::done, std::move(outcome.result), {}, {}};
}

/// One decision's actions, in its savepoint. A key that is on record has had its effect.
Result<ActionOutcome> run_transition_actions(Session& session, const Commit& commit) {
  const auto& row = commit.changes.front().row;
  for (const auto& action : commit.actions) {
    STELLWERK_TRY(const auto fresh, session.execute("insert into transition_action (tenant, key, at) values (:tenant, :key, :at) on conflict (tenant, key) do nothing",
                                                    {{"tenant", row.tenant.str()}, {"key", action.key}, {"at", to_micros(row.updated_at)}}));
    if (fresh == 0) continue;
    SqlWorld world{session};
    STELLWERK_TRY(auto outcome, perform_action(world, as_attempt(action, row), row.updated_at));
    if (!outcome.code.empty()) return outcome;
  }
  return ActionOutcome{};
}

bool ends_transaction(const Error& error) { return error.code == ErrorCode::unavailable || error.code == ErrorCode::cancelled; }

}  // namespace

Result<std::vector<std::pair<std::size_t, CommitResult>>> SqlStore::act(std::span<const Commit> batch, const Group& written) {
  std::vector<std::pair<std::string, std::size_t>> order;  // as everybody locks the shared things
  for (const auto index : written) {
    const auto& commit = batch[index];
    if (!commit.actions.empty()) order.emplace_back(lock_order(as_attempt(commit.actions.front(), commit.changes.front().row)), index);
  }
  std::sort(order.begin(), order.end());
  std::vector<std::pair<std::size_t, CommitResult>> refused;
  for (const auto& [name, index] : order) {
    STELLWERK_CHECK(session_.script("savepoint action"));
    STELLWERK_TRY(auto outcome, run_transition_actions(session_, batch[index]));
    if (!outcome.code.empty()) {
      STELLWERK_CHECK(session_.script("rollback to savepoint action"));
      refused.emplace_back(index, CommitResult{CommitStatus::refused, std::move(outcome.text), std::move(outcome.code)});
    }
    STELLWERK_CHECK(session_.script("release savepoint action"));
  }
  return refused;
}

Result<std::vector<ActionResult>> SqlStore::run_actions(std::span<const ActionRequest> requests, Time now) {
  STELLWERK_CHECK(check_incarnation());
  std::vector<ActionResult> results(requests.size());
  std::vector<std::size_t> order(requests.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return lock_order(requests[a].attempt) < lock_order(requests[b].attempt); });
  for (std::size_t from = 0; from < order.size(); from += per_transaction) {
    const std::vector<std::size_t> chunk(order.begin() + static_cast<std::ptrdiff_t>(from),
                                         order.begin() + static_cast<std::ptrdiff_t>(std::min(from + per_transaction, order.size())));
    if (auto done = run_chunk(requests, chunk, now, results); !done) return wrap(std::move(done.error()), fmt::format("run {} actions", chunk.size()));
  }
  return results;
}

Result<void> SqlStore::run_chunk(std::span<const ActionRequest> requests, const std::vector<std::size_t>& chunk, Time now, std::vector<ActionResult>& results) {
  const auto body = [&](std::span<const std::size_t> indexes) -> Result<void> {
    for (const auto index : indexes) {
      STELLWERK_CHECK(session_.script("savepoint action"));
      auto result = run_action(session_, requests[index].attempt, now);
      if (!result) {
        if (ends_transaction(result.error())) return fail(std::move(result.error()));
        result = ActionResult{ActionResult::Status::failed, JsonObject{}, {}, describe(result.error())};
      }
      if (result->status == ActionResult::Status::refused || result->status == ActionResult::Status::failed) STELLWERK_CHECK(session_.script("rollback to savepoint action"));
      STELLWERK_CHECK(session_.script("release savepoint action"));
      results[index] = std::move(*result);
    }
    return {};
  };
  // Repeating is safe: an action whose result is stored answers with it. Deadlocks are met one by one.
  std::size_t at = 0, size = chunk.size();
  int failures = 0;
  while (at < chunk.size()) {
    const auto part = std::span{chunk}.subspan(at, std::min(size, chunk.size() - at));
    const auto done = session_.transaction([&] { return body(part); });
    if (done) {
      fault_point("commit");
      at += part.size();
      continue;
    }
    const auto& error = done.error();
    if (error.code == ErrorCode::cancelled || ++failures > tries) return done;
    if (error.reason == reason::connection) {
      STELLWERK_CHECK(session_.connect(5));
    } else if (error.reason == reason::serialization) {
      size = 1;
      std::this_thread::sleep_for(std::chrono::milliseconds{failures});
    } else {
      return done;
    }
  }
  return {};
}

}  // namespace stellwerk::storage
