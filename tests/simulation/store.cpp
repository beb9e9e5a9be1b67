#include "tests/simulation/store.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <stdexcept>
#include <utility>

#include "tests/simulation/node.hpp"

namespace stellwerk::simulation {
namespace {

constexpr const char* committer = "committer";
constexpr const char* loader = "loader";
constexpr const char* timers = "timers";
constexpr const char* keeper = "keeper";
constexpr const char* edge = "edge";

}  // namespace

/// `part`: what is done of the call when its answer is lost; else all of it.
template <class Call, class Part>
auto SimulatedStore::run(std::string_view name, std::string_view role, Call call, Part part) -> decltype(call()) {
  const auto gone = [] { return fail(ErrorCode::unavailable, "the process has ended"); };
  if (node_.dead()) return gone();
  const auto fault = world_.fault_of(StoreCall{node_.incarnation(), std::string{role}, name, 0});
  const auto away = [&] { return fail(ErrorCode::unavailable, fmt::format("simulated: the database was lost at {}", name)); };
  switch (fault) {
    case StoreFault::none: return call();
    case StoreFault::fails_before: return away();
    case StoreFault::fails_after: part(); return away();
    case StoreFault::throws_before: throw std::runtime_error(fmt::format("simulated: {} threw", name));
    case StoreFault::throws_after: part(); throw std::runtime_error(fmt::format("simulated: {} threw after its effect", name));
    case StoreFault::node_ends_before: node_.die(fmt::format("the process ends before {}", name)); return gone();
    case StoreFault::node_ends_after: part(); node_.die(fmt::format("the process ends after {}", name)); return gone();
    case StoreFault::slow: {
      // Requests at the edge have a thread each: one that waits for its look keeps nobody else from being taken.
      if (name == "find_idempotency" || !world_.can_stand_still(node_)) return call();
      const auto longest = world_.plan().rates.longest_call.count();
      world_.stand_still(node_, Duration{world_.random().between(0, longest / 2)});
      if (node_.dead()) return gone();
      auto result = call();
      world_.stand_still(node_, Duration{world_.random().between(0, longest / 2)});
      if (node_.dead()) return gone();
      return result;
    }
  }
  return gone();
}

template <class Call>
auto SimulatedStore::run(std::string_view name, std::string_view role, Call call) -> decltype(call()) {
  return run(name, role, call, [&] { (void)call(); });
}

// --- writing

Result<std::vector<storage::CommitResult>> SimulatedStore::write(std::span<const storage::Commit> batch) {
  auto results = inner_->commit(batch);
  if (!results) return results;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    look_at(batch[i], (*results)[i].status);
    if (world_.tracing()) world_.note(fmt::format("  commit {} of {} v{}: {}", batch[i].id, batch[i].changes.front().row.id.str(), batch[i].changes.front().row.version, static_cast<int>((*results)[i].status)));
    if ((*results)[i].status != storage::CommitStatus::committed) continue;
    if (world_.tracing())
      for (const auto& change : batch[i].changes) world_.note(fmt::format("    {} {}: {}", change.row.id.str(), change.row.state, dump_json(change.journal)));
    world_.ledger_.push_back({batch[i], node_.incarnation(), world_.now(), world_.elapsed()});
    world_.last_write_ = world_.elapsed();
  }
  return results;
}

/// What can be told of a decision at once.
void SimulatedStore::look_at(const storage::Commit& commit, storage::CommitStatus status) {
  const auto& front = commit.changes.front();
  const auto& id = front.row.id;
  if (status == storage::CommitStatus::committed) {
    world_.stale_.erase(id);
    for (const auto& change : commit.changes)
      for (const auto& entry : change.journal.as_array()) {
        const auto type = text_of(entry, "type");
        if (type != "event" && type != "event_refused") continue;
        for (const auto& [seq, message] : world_.state().mailbox)
          if (message.receiver == change.row.id && !message.returned && message.event_id.str() == text_of(entry, "id"))
            world_.accuse(fmt::format("{} has applied or refused {} {}, and it lies in its mailbox still", change.row.id.str(), message.event, message.event_id.str()));
      }
    return;
  }
  const auto stored = world_.state().actors.find(id);
  if (status != storage::CommitStatus::conflict || stored == world_.state().actors.end() || stored->second.version == front.expected_version) return;
  auto& stale = world_.stale_[id];
  const auto ground = fmt::format("{} {}", node_.incarnation(), front.expected_version);
  if (std::exchange(stale.ground, ground) != ground) stale.times = 0;
  else if (stale.decision != commit.id) ++stale.times;
  stale.decision = commit.id;
  if (stale.times >= 2)
    world_.accuse(fmt::format("{} is decided again and again on the ground of version {}, while version {} is on disk", id.str(), front.expected_version, stored->second.version));
}

Result<std::vector<storage::CommitResult>> SimulatedStore::commit(std::span<const storage::Commit> batch) {
  return run("commit", committer, [&] { return write(batch); },
             [&] { (void)write(batch.first(static_cast<std::size_t>(world_.random().between(1, std::ssize(batch))))); });
}

Result<std::vector<storage::ActionResult>> SimulatedStore::act(std::span<const storage::ActionRequest> requests, Time now) {
  std::set<AttemptId> known;
  for (const auto& [key, row] : world_.state().attempts)
    if (row.result) known.insert(row.id);
  auto results = inner_->run_actions(requests, now);
  if (!results) return results;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const auto& attempt = requests[i].attempt;
    if (world_.tracing()) world_.note(fmt::format("  action {} {}: {}", attempt.operation, attempt.key, static_cast<int>((*results)[i].status)));
    if ((*results)[i].status != storage::ActionResult::Status::done || !known.insert(attempt.id).second) continue;
    world_.acted_.push_back({attempt, (*results)[i].result, node_.incarnation(), world_.elapsed()});
    world_.last_write_ = world_.elapsed();
  }
  return results;
}

Result<std::vector<storage::ActionResult>> SimulatedStore::run_actions(std::span<const storage::ActionRequest> requests, Time now) {
  return run("run_actions", committer, [&] { return act(requests, now); },
             [&] { (void)act(requests.first(static_cast<std::size_t>(world_.random().between(1, std::ssize(requests)))), now); });
}

// --- the node

Result<void> SimulatedStore::begin_incarnation(const std::string& incarnation, const std::string& host, Duration lease) {
  return run("begin_incarnation", keeper, [&] { return inner_->begin_incarnation(incarnation, host, lease); });
}
void SimulatedStore::end_incarnation(const std::string& incarnation) {
  if (!node_.dead()) inner_->end_incarnation(incarnation);
}
Result<Time> SimulatedStore::heartbeat() { return run("heartbeat", timers, [&] { return inner_->heartbeat(); }); }
Result<std::vector<storage::AttemptRow>> SimulatedStore::take_over_attempts(const std::string& incarnation) {
  return run("take_over_attempts", keeper, [&] { return inner_->take_over_attempts(incarnation); });
}

// --- reading

Result<std::vector<storage::AttemptRow>> SimulatedStore::find_attempts(std::span<const ActorId> actors) {
  return run("find_attempts", loader, [&] { return inner_->find_attempts(actors); });
}
Result<storage::LoadedActor> SimulatedStore::load(const ActorId& id) { return run("load", loader, [&] { return inner_->load(id); }); }
Result<std::vector<storage::LoadedActor>> SimulatedStore::load_many(std::span<const ActorId> ids) { return run("load_many", timers, [&] { return inner_->load_many(ids); }); }
Result<std::vector<TenantId>> SimulatedStore::tenants_due(Time until) { return run("tenants_due", timers, [&] { return inner_->tenants_due(until); }); }
Result<std::vector<storage::TimerRow>> SimulatedStore::timers_due(const TenantId& tenant, Time until, int limit, const std::optional<storage::TimerRow>& after) {
  return run("timers_due", timers, [&] { return inner_->timers_due(tenant, until, limit, after); });
}
Result<std::optional<Time>> SimulatedStore::next_due(Time after) { return run("next_due", timers, [&] { return inner_->next_due(after); }); }
Result<std::vector<ActorId>> SimulatedStore::receivers_waiting(int limit) {
  return run("receivers_waiting", timers, [&] { return inner_->receivers_waiting(limit); });
}
Result<storage::Undelivered> SimulatedStore::return_undelivered(std::int64_t after, int limit) {
  return run("return_undelivered", timers, [&] { return inner_->return_undelivered(after, limit); });
}
Result<std::vector<storage::ReferenceRow>> SimulatedStore::read_references(const TenantId& tenant, std::span<const std::string> ids) {
  return run("read_references", loader, [&] { return inner_->read_references(tenant, ids); });
}
Result<storage::ServerRow> SimulatedStore::find_server(const ServerId& id) { return run("find_server", loader, [&] { return inner_->find_server(id); }); }
Result<std::optional<storage::IdempotencyRow>> SimulatedStore::find_idempotency(const std::string& scope, const std::string& key) {
  return run("find_idempotency", edge, [&] { return inner_->find_idempotency(scope, key); });
}

// --- the rest

Result<void> SimulatedStore::publish(const Revision& revision) { return run("publish", keeper, [&] { return inner_->publish(revision); }); }
Result<std::vector<storage::Store::Revision>> SimulatedStore::revisions(const TenantId& tenant) { return run("revisions", keeper, [&] { return inner_->revisions(tenant); }); }
Result<std::vector<storage::SettingValue>> SimulatedStore::setting_values(const TenantId& tenant) {
  return run("setting_values", keeper, [&] { return inner_->setting_values(tenant); });
}
Result<void> SimulatedStore::put_setting(const TenantId& tenant, const storage::SettingValue& value) {
  return run("put_setting", edge, [&] { return inner_->put_setting(tenant, value); });
}
Result<std::vector<storage::SettingValue>> SimulatedStore::setting_history(const TenantId& tenant, int limit) {
  return run("setting_history", edge, [&] { return inner_->setting_history(tenant, limit); });
}
Result<std::vector<ActorId>> SimulatedStore::actors_reached(const TenantId& tenant, const storage::SettingValue& value, const ActorId& after, int limit) {
  return run("actors_reached", edge, [&] { return inner_->actors_reached(tenant, value, after, limit); });
}
Result<void> SimulatedStore::hold_timers(const storage::GuardQuestion& question, std::span<const storage::TimerRow> held) {
  return run("hold_timers", timers, [&] { return inner_->hold_timers(question, held); });
}
Result<void> SimulatedStore::put_guard_question(const storage::GuardQuestion& question, std::int64_t let_go, const std::optional<storage::GuardQuestion>& rest) {
  return run("put_guard_question", timers, [&] { return inner_->put_guard_question(question, let_go, rest); });
}
Result<std::vector<storage::GuardQuestion>> SimulatedStore::guard_questions(const TenantId& tenant, Time since, int limit) {
  return run("guard_questions", timers, [&] { return inner_->guard_questions(tenant, since, limit); });
}
Result<std::vector<storage::GuardEntry>> SimulatedStore::guard_entries(Time since) { return run("guard_entries", timers, [&] { return inner_->guard_entries(since); }); }
Result<void> SimulatedStore::forget_guard_entries(Time before) { return run("forget_guard_entries", timers, [&] { return inner_->forget_guard_entries(before); }); }
Result<std::int64_t> SimulatedStore::count_live(const TenantId& tenant, const std::string& kind) { return run("count_live", timers, [&] { return inner_->count_live(tenant, kind); }); }
Result<void> SimulatedStore::put_stop(const storage::StopRow& stop, const TenantId& journal) {
  return run("put_stop", edge, [&] {
    auto written = inner_->put_stop(stop, journal);
    if (written) world_.halted_.push_back({stop, world_.elapsed()});
    return written;
  });
}
Result<std::vector<storage::StopRow>> SimulatedStore::stops() { return run("stops", timers, [&] { return inner_->stops(); }); }
Result<std::vector<storage::StopRow>> SimulatedStore::stop_history(const TenantId& tenant, int limit) {
  return run("stop_history", edge, [&] { return inner_->stop_history(tenant, limit); });
}
Result<void> SimulatedStore::put_server(const storage::ServerRow& server) { return run("put_server", edge, [&] { return inner_->put_server(server); }); }
Result<void> SimulatedStore::put_id_range(const storage::IdRange& range) { return run("put_id_range", edge, [&] { return inner_->put_id_range(range); }); }
Result<void> SimulatedStore::put_addresses(std::span<const storage::AddressRow> addresses) {
  return run("put_addresses", edge, [&] { return inner_->put_addresses(addresses); });
}
Result<std::vector<storage::DataKeyRow>> SimulatedStore::data_keys(const TenantId& tenant) { return run("data_keys", keeper, [&] { return inner_->data_keys(tenant); }); }
Result<void> SimulatedStore::add_data_key(const storage::DataKeyRow& key) { return run("add_data_key", keeper, [&] { return inner_->add_data_key(key); }); }
Result<void> SimulatedStore::add_audit(const storage::AuditRow& entry) { return run("add_audit", edge, [&] { return inner_->add_audit(entry); }); }
Result<std::optional<std::string>> SimulatedStore::get_value(const std::string& name) { return run("get_value", keeper, [&] { return inner_->get_value(name); }); }
Result<void> SimulatedStore::put_value(const std::string& name, const std::string& value) { return run("put_value", keeper, [&] { return inner_->put_value(name, value); }); }

}  // namespace stellwerk::simulation
