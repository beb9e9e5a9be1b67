// Group commit: all decisions of a batch in one transaction of few multi-row statements.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <thread>
#include <unordered_map>

#include "monitoring/log.hpp"
#include "storage/commit_check.hpp"
#include "storage/fault_point.hpp"
#include "storage/incarnation.hpp"
#include "storage/rows.hpp"
#include "storage/sql_store.hpp"

namespace stellwerk::storage {
namespace {

constexpr int tries_after_loss = 3;
constexpr int tries_after_deadlock = 8;

/// Splits a group so that no actor and no idempotency key stands twice in one layer, and none beside a decision that requires it as
/// it was; layers are written in order, in one transaction.
std::vector<std::vector<std::size_t>> layers_of(std::span<const Commit> batch, const std::vector<std::size_t>& group) {
  std::vector<std::vector<std::size_t>> layers;
  struct Free {
    std::size_t to_write = 0;  ///< the first layer still free for whoever changes it …
    std::size_t to_read = 0;   ///< … or requires it
  };
  std::unordered_map<std::string, Free> next;  // by actor or key
  for (const auto index : group) {
    std::size_t layer = 0;
    std::vector<std::string> names;
    for (const auto& change : batch[index].changes) names.push_back(change.row.id.str());
    if (const auto& key = batch[index].idempotency) names.push_back(key->scope + '\n' + key->key);
    for (const auto& name : names) {
      if (const auto found = next.find(name); found != next.end()) layer = std::max(layer, found->second.to_write);
    }
    for (const auto& row : batch[index].required) {
      if (const auto found = next.find(row.id); found != next.end()) layer = std::max(layer, found->second.to_read);
    }
    for (auto& name : names) next[std::move(name)] = {layer + 1, layer + 1};
    for (const auto& row : batch[index].required) {
      auto& free = next[row.id];
      free.to_write = std::max(free.to_write, layer + 1);
    }
    if (layers.size() <= layer) layers.resize(layer + 1);
    layers[layer].push_back(index);
  }
  return layers;
}

}  // namespace

Result<void> SqlStore::check_incarnation() const {
  if (session_.incarnation().empty()) return fail(no_incarnation());
  return {};
}

Result<std::vector<CommitResult>> SqlStore::commit(std::span<const Commit> batch) {
  STELLWERK_CHECK(check_incarnation());
  Progress progress{batch, std::vector<CommitResult>(batch.size()), {}, false};
  Group group;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (auto why = find_unstorable(batch[i])) {
      progress.results[i] = {CommitStatus::rejected, std::move(*why), {}};
      for (const auto& change : batch[i].changes) progress.broken.insert(change.row.id.str());
    } else {
      group.push_back(i);
    }
  }
  if (group.empty()) return std::move(progress.results);
  if (session_.dialect() == DialectKind::postgresql) ensure_months(batch);
  if (auto written = write_group(progress, std::move(group)); !written) return fail(std::move(written.error()));
  if (progress.lost) STELLWERK_CHECK(recognise_own(progress));
  return std::move(progress.results);
}

Result<void> SqlStore::write_group(Progress& progress, Group group) {
  int losses = 0, deadlocks = 0;
  while (!group.empty()) {
    auto left_out = write_once(progress, group);
    if (left_out) {
      if (left_out->empty()) {
        fault_point("commit");
        return {};
      }
      std::erase_if(group, [&](std::size_t index) { return std::find(left_out->begin(), left_out->end(), index) != left_out->end(); });
      continue;
    }
    auto& error = left_out.error();
    if (error.code == ErrorCode::cancelled) return fail(std::move(error));
    if (error.reason == reason::connection) {
      progress.lost = true;
      if (++losses > tries_after_loss) return wrap(std::move(error), fmt::format("write a batch of {} decisions", group.size()));
      monitoring::log_warning("the connection broke while a batch was written; it is written again", {{"error", error.message}});
      STELLWERK_CHECK(session_.connect(5));
      continue;
    }
    if (error.reason == reason::serialization && ++deadlocks <= tries_after_deadlock) {
      std::this_thread::sleep_for(std::chrono::milliseconds{deadlocks});
      continue;
    }
    if (error.code == ErrorCode::unavailable) return wrap(std::move(error), fmt::format("write a batch of {} decisions", group.size()));
    if (group.size() == 1) {
      const auto index = group.front();
      monitoring::log_error("the database refuses a decision", {{"actor", progress.batch[index].changes.front().row.id.str()}, {"error", error.message}});
      progress.results[index] = {CommitStatus::rejected, error.message, {}};
      for (const auto& change : progress.batch[index].changes) progress.broken.insert(change.row.id.str());
      return {};
    }
    const auto half = group.begin() + static_cast<std::ptrdiff_t>(group.size() / 2);
    STELLWERK_CHECK(write_group(progress, Group(group.begin(), half)));
    return write_group(progress, Group(half, group.end()));
  }
  return {};
}

Result<SqlStore::Group> SqlStore::write_once(Progress& progress, const Group& group) {
  Group left_out;
  STELLWERK_CHECK(session_.begin());
  const auto body = [&]() -> Result<void> {
    for (const auto& layer : layers_of(progress.batch, group)) {
      STELLWERK_TRY(left_out, write_layer(progress, layer));
      if (!left_out.empty()) return {};
    }
    return session_.commit();
  };
  auto done = body();
  if (!done || !left_out.empty()) session_.rollback();
  if (!done) return fail(std::move(done.error()));
  return left_out;
}

Result<SqlStore::Group> SqlStore::write_layer(Progress& progress, const Group& layer) {
  static const Columns written_columns = actor_columns.with("shard:i, expected:i");
  static const Bulk update{written_columns, "update actor set " + actor_columns.assignments("d.", {"id", "tenant", "kind", "created_at"}) +
                                                " from {rows} where actor.id = d.id and actor.version = d.expected returning actor.id"};
  // An actor whose documents nobody can read is put aside without touching them.
  static const Columns aside_columns{"id, decision, version:i, updated_at:i, expected:i"};
  static const Bulk put_aside{aside_columns, "update actor set version = d.version, decision = d.decision, updated_at = d.updated_at from {rows} "
                                             "where actor.id = d.id and actor.version = d.expected returning actor.id"};
  static const Bulk create{written_columns, "insert into actor (" + actor_columns.list() + ", shard) select " + actor_columns.list("d.") +
                                                ", d.shard from {rows} where true on conflict (id) do nothing returning id"};
  static const Columns key_columns = idempotency_columns.with("tenant");
  static const Bulk take_key{key_columns, "insert into idempotency (" + key_columns.list() + ") select " + key_columns.list("d.") +
                                              " from {rows} where true on conflict (scope, key) do nothing returning scope || ' ' || key"};
  const auto leave_out = [&](std::size_t index, CommitResult result) {
    progress.results[index] = std::move(result);
    for (const auto& change : progress.batch[index].changes) progress.broken.insert(change.row.id.str());
  };

  Group offered;
  std::vector<Row> updates, asides, creations;
  for (const auto index : layer) {
    const auto& changes = progress.batch[index].changes;
    if (std::any_of(changes.begin(), changes.end(), [&](const ActorChange& c) { return progress.broken.contains(c.row.id.str()); })) {
      leave_out(index, {CommitStatus::conflict, {}, {}});
      continue;
    }
    offered.push_back(index);
    for (const auto& change : changes) {
      if (change.documents_kept) {
        asides.push_back({change.row.id.str(), change.row.decision, change.row.version, to_micros(change.row.updated_at), change.expected_version});
        continue;
      }
      auto row = to_row(change.row);
      row.emplace_back(std::int64_t{shard_of(change.row.id.str())});
      row.emplace_back(change.expected_version);
      (change.expected_version == 0 ? creations : updates).push_back(std::move(row));
    }
  }
  // One order of locking for everybody.
  std::sort(updates.begin(), updates.end(), [](const Row& a, const Row& b) { return std::get<std::string>(a[0]) < std::get<std::string>(b[0]); });
  STELLWERK_TRY(const auto updated, session_.run(update, updates));
  STELLWERK_TRY(const auto aside, session_.run(put_aside, asides));
  STELLWERK_TRY(const auto created, session_.run(create, creations));
  std::unordered_set<std::string> came_back(updated.begin(), updated.end());
  came_back.insert(aside.begin(), aside.end());
  came_back.insert(created.begin(), created.end());

  Group written, left_out;
  std::vector<Row> keys;
  for (const auto index : offered) {
    const auto& commit = progress.batch[index];
    const auto count = std::count_if(commit.changes.begin(), commit.changes.end(), [&](const ActorChange& c) { return came_back.contains(c.row.id.str()); });
    if (static_cast<std::size_t>(count) == commit.changes.size()) {
      written.push_back(index);
      if (commit.idempotency) {
        keys.push_back(to_row(*commit.idempotency));
        keys.back().emplace_back(commit.changes.front().row.tenant.str());
      }
      continue;
    }
    leave_out(index, {CommitStatus::conflict, {}, {}});
    if (count > 0) left_out.push_back(index);  // a part of it is written: everything again without it
  }
  STELLWERK_TRY(const auto taken, session_.run(take_key, keys));
  if (taken.size() < keys.size()) {
    const std::unordered_set<std::string> ours(taken.begin(), taken.end());
    for (const auto index : written) {
      const auto& key = progress.batch[index].idempotency;
      if (!key || ours.contains(key->scope + ' ' + key->key)) continue;
      leave_out(index, {CommitStatus::duplicate, {}, {}});
      left_out.push_back(index);
    }
  }
  if (!left_out.empty()) return left_out;
  STELLWERK_TRY(left_out, check_required(progress.batch, written));
  for (const auto index : left_out) leave_out(index, {CommitStatus::conflict, {}, {}});
  if (!left_out.empty()) return left_out;
  STELLWERK_TRY(auto refused, check_receivers(progress.batch, written));
  if (refused.empty()) {
    STELLWERK_TRY(refused, act(progress.batch, written));
  }
  for (auto& [index, why] : refused) {
    leave_out(index, std::move(why));
    left_out.push_back(index);
  }
  if (!left_out.empty()) return left_out;
  STELLWERK_CHECK(write_details(progress.batch, written));
  return Group{};
}

Result<void> SqlStore::recognise_own(Progress& progress) {
  for (std::size_t i = 0; i < progress.batch.size(); ++i) {
    auto& result = progress.results[i];
    if (result.status != CommitStatus::conflict && result.status != CommitStatus::duplicate) continue;
    const auto& commit = progress.batch[i];
    // The journal, not the actor's row: that may have gone on already.
    STELLWERK_TRY(const auto rows, session_.rows("select version from journal where actor = :actor and version = :version and decision = :decision", "i",
                                                 {{"actor", commit.changes.front().row.id.str()},
                                                  {"version", commit.changes.front().row.version},
                                                  {"decision", commit.id}}));
    if (!rows.empty()) result = {CommitStatus::committed, {}, {}};
  }
  return {};
}

}  // namespace stellwerk::storage
