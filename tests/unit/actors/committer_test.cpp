// Whatever a session does, the committer answers everybody.

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "actors/protocol.hpp"

using namespace stellwerk;
using namespace stellwerk::actors;

namespace {

/// A memory store whose commit() may be made to fail.
class FaultyStore final : public storage::Store {
 public:
  using Fault = std::function<void(std::span<const storage::Commit>)>;
  FaultyStore(std::unique_ptr<storage::Store> inner, Fault fault) : inner_{std::move(inner)}, fault_{std::move(fault)} {}

  Result<void> begin_incarnation(const std::string& i, const std::string& h, Duration lease) override { return inner_->begin_incarnation(i, h, lease); }
  void end_incarnation(const std::string& i) override { inner_->end_incarnation(i); }
  void use_incarnation(const std::string& i) override { inner_->use_incarnation(i); }
  Result<Time> heartbeat() override { return inner_->heartbeat(); }
  Result<std::vector<storage::CommitResult>> commit(std::span<const storage::Commit> batch) override {
    fault_(batch);
    return inner_->commit(batch);
  }
  Result<std::vector<storage::ActionResult>> run_actions(std::span<const storage::ActionRequest> r, Time now) override { return inner_->run_actions(r, now); }
  Result<storage::LoadedActor> load(const ActorId& id) override { return inner_->load(id); }
  Result<std::vector<storage::AttemptRow>> take_over_attempts(const std::string& i) override { return inner_->take_over_attempts(i); }
  Result<std::vector<storage::AttemptRow>> find_attempts(std::span<const ActorId> a) override { return inner_->find_attempts(a); }
  Result<std::vector<storage::LoadedActor>> load_many(std::span<const ActorId> ids) override { return inner_->load_many(ids); }
  Result<std::vector<TenantId>> tenants_due(Time until) override { return inner_->tenants_due(until); }
  Result<std::vector<storage::TimerRow>> timers_due(const TenantId& t, Time until, int limit, const std::optional<storage::TimerRow>& after) override { return inner_->timers_due(t, until, limit, after); }
  Result<std::optional<Time>> next_due(Time after) override { return inner_->next_due(after); }
  Result<std::vector<ActorId>> receivers_waiting(int limit) override { return inner_->receivers_waiting(limit); }
  Result<storage::Undelivered> return_undelivered(std::int64_t after, int limit) override { return inner_->return_undelivered(after, limit); }
  Result<void> hold_timers(const storage::GuardQuestion& q, std::span<const storage::TimerRow> t) override { return inner_->hold_timers(q, t); }
  Result<void> put_guard_question(const storage::GuardQuestion& q, std::int64_t let_go, const std::optional<storage::GuardQuestion>& rest) override {
    return inner_->put_guard_question(q, let_go, rest);
  }
  Result<std::vector<storage::GuardQuestion>> guard_questions(const TenantId& t, Time since, int limit) override { return inner_->guard_questions(t, since, limit); }
  Result<std::vector<storage::GuardEntry>> guard_entries(Time since) override { return inner_->guard_entries(since); }
  Result<void> forget_guard_entries(Time before) override { return inner_->forget_guard_entries(before); }
  Result<std::int64_t> count_live(const TenantId& t, const std::string& kind) override { return inner_->count_live(t, kind); }
  Result<void> put_stop(const storage::StopRow& s, const TenantId& journal) override { return inner_->put_stop(s, journal); }
  Result<std::vector<storage::StopRow>> stops() override { return inner_->stops(); }
  Result<std::vector<storage::StopRow>> stop_history(const TenantId& t, int limit) override { return inner_->stop_history(t, limit); }
  Result<std::vector<storage::ReferenceRow>> read_references(const TenantId& t, std::span<const std::string> ids) override { return inner_->read_references(t, ids); }
  Result<std::vector<storage::SettingValue>> setting_values(const TenantId& t) override { return inner_->setting_values(t); }
  Result<void> put_setting(const TenantId& t, const storage::SettingValue& v) override { return inner_->put_setting(t, v); }
  Result<std::vector<storage::SettingValue>> setting_history(const TenantId& t, int limit) override { return inner_->setting_history(t, limit); }
  Result<std::vector<ActorId>> actors_reached(const TenantId& t, const storage::SettingValue& v, const ActorId& after, int limit) override {
    return inner_->actors_reached(t, v, after, limit);
  }
  Result<std::optional<storage::IdempotencyRow>> find_idempotency(const std::string& s, const std::string& k) override { return inner_->find_idempotency(s, k); }
  Result<storage::ServerRow> find_server(const ServerId& id) override { return inner_->find_server(id); }
  Result<void> publish(const Revision& r) override { return inner_->publish(r); }
  Result<std::vector<Revision>> revisions(const TenantId& t) override { return inner_->revisions(t); }
  Result<void> put_server(const storage::ServerRow& s) override { return inner_->put_server(s); }
  Result<void> put_id_range(const storage::IdRange& r) override { return inner_->put_id_range(r); }
  Result<void> put_addresses(std::span<const storage::AddressRow> a) override { return inner_->put_addresses(a); }
  Result<std::vector<storage::DataKeyRow>> data_keys(const TenantId& t) override { return inner_->data_keys(t); }
  Result<void> add_data_key(const storage::DataKeyRow& k) override { return inner_->add_data_key(k); }
  Result<void> add_audit(const storage::AuditRow& a) override { return inner_->add_audit(a); }
  Result<std::optional<std::string>> get_value(const std::string& n) override { return inner_->get_value(n); }
  Result<void> put_value(const std::string& n, const std::string& v) override { return inner_->put_value(n, v); }

 private:
  std::unique_ptr<storage::Store> inner_;
  Fault fault_;
};

/// A committer on a memory database, all of whose sessions have the same fault.
struct Committer {
  OffsetClock clock;
  std::shared_ptr<storage::Database> database = storage::make_memory_database();
  std::shared_ptr<std::atomic<bool>> stopping = std::make_shared<std::atomic<bool>>(false);
  std::unique_ptr<storage::Store> keeper = std::move(*database->open_store());
  std::shared_ptr<Deps> deps = std::make_shared<Deps>();
  caf::actor_system_config config;
  caf::actor_system system{config};

  std::vector<CommitReply> write(FaultyStore::Fault fault, const std::vector<storage::Commit>& commits) {
    BOOST_REQUIRE(keeper->begin_incarnation("nod_1", "host").has_value());
    deps->clock = &clock;
    deps->incarnation = "nod_1";
    deps->stopping = stopping;
    deps->on_fatal = [](const std::string&) {};
    deps->open_store = [this, fault]() -> Result<std::unique_ptr<storage::Store>> { return std::make_unique<FaultyStore>(std::move(*database->open_store()), fault); };
    std::vector<CommitReply> replies;
    auto committer = spawn_committer(system, deps, std::move(*deps->open_store()));
    {
      caf::scoped_actor self{system};
      std::vector<caf::response_handle<caf::blocking_actor, caf::message, true>> waiting;
      for (const auto& commit : commits) waiting.push_back(self->request(committer, std::chrono::seconds{20}, share(CommitRequest{commit})));
      for (auto& one : waiting)
        one.receive([&](const Shared<CommitReply>& reply) { replies.push_back(*reply); }, [](const caf::error&) {});
    }
    caf::anon_send(committer, stop_atom::value);
    return replies;
  }
};

storage::Commit birth(const std::string& id) {
  storage::Commit commit{.id = "dec_" + id, .changes = {{}}, .required = {}, .actions = {}, .idempotency = {}};
  auto& row = commit.changes[0].row;
  row.id = ActorId{"ord_" + id};
  row.tenant = TenantId{"ten_1"};
  row.kind = "order";
  row.version = 1;
  row.decision = commit.id;
  return commit;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(committer)

BOOST_FIXTURE_TEST_CASE(writes_the_rest_of_a_batch_when_one_decision_makes_the_session_throw, Committer) {
  const auto fault = [](std::span<const storage::Commit> batch) {
    for (const auto& commit : batch)
      if (commit.id == "dec_b") throw std::runtime_error("a bad decision");
  };
  const auto replies = write(fault, {birth("a"), birth("b"), birth("c")});
  BOOST_REQUIRE(replies.size() == 3U);
  BOOST_TEST((replies[0].result.status == storage::CommitStatus::committed));
  BOOST_TEST((replies[1].result.status == storage::CommitStatus::rejected));
  BOOST_TEST((replies[2].result.status == storage::CommitStatus::committed));
  BOOST_TEST(keeper->load(ActorId{"ord_c"}).has_value());
  BOOST_TEST(!keeper->load(ActorId{"ord_b"}).has_value());
}

BOOST_FIXTURE_TEST_CASE(does_not_call_a_decision_refused_when_the_fence_is_gone, Committer) {
  const auto fault = [&](std::span<const storage::Commit>) { keeper->end_incarnation("nod_1"); };
  const auto replies = write(fault, {birth("a")});
  BOOST_TEST(replies.empty());  // an error instead: the outcome is unknown
  BOOST_TEST(!keeper->load(ActorId{"ord_a"}).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
