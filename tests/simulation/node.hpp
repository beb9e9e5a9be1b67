#pragma once
// A simulated process: the engine's actors on CAF's testing scheduler, sessions that fail, a network that is slow, and an API in front.

#include <caf/all.hpp>
#include <caf/scheduler/test_coordinator.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "actors/engine_actors.hpp"
#include "actors/in_flight.hpp"
#include "tests/simulation/simulation.hpp"

namespace stellwerk::simulation {

class Node {
 public:
  Node(World& world, std::string incarnation, std::string host);
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  /// Takes the database over and takes up the work. Errors: those of the store; then the process has ended again.
  [[nodiscard]] Result<void> start();

  [[nodiscard]] const std::string& incarnation() const { return incarnation_; }
  [[nodiscard]] const std::string& host() const { return host_; }
  [[nodiscard]] World& world() { return world_; }

  // --- life
  /// From here on nothing that it does has an effect, and nobody hears of it; the world takes it apart at its next step.
  void die(const std::string& why);
  [[nodiscard]] bool dead() const { return dead_; }
  void pause() { paused_ = true; }
  void go_on();
  [[nodiscard]] bool paused() const { return paused_; }
  /// It was started while the wall clock was wrong, and takes that for right: only a restart helps.
  [[nodiscard]] bool misled() const { return misled_; }

  /// A call of one of its sessions waits for the database: it must not be taken apart.
  void enter_call() { ++calls_; }
  void leave_call() { --calls_; }
  [[nodiscard]] bool in_call() const { return calls_ > 0; }

  // --- running
  [[nodiscard]] std::size_t ready() const { return paused_ || dead_ ? 0 : scheduler_->jobs.size(); }
  void run_job(std::size_t index);
  /// The next moment of monotonic time at which something becomes ready by itself.
  [[nodiscard]] std::optional<Duration> next_timeout() const;
  void catch_up(Duration now);
  [[nodiscard]] std::size_t requests_under_way() const { return open_.size() + callers_.size() + static_cast<std::size_t>(calls_); }

  // --- of its parts
  [[nodiscard]] BusFault fault_of(const BusMessage& message) { return world_.fault_of(message); }
  [[nodiscard]] Duration draw_delay();
  [[nodiscard]] Duration draw_request_delay();

  // --- the network
  void send(connectors::DriverRequest request, Vendor::Answer done);
  /// A request of a client, as ClientImpl::send() treats it.
  void take(std::shared_ptr<actors::Deliver> deliver, std::optional<actors::Idempotency> idempotency, actors::AnswerCallback done);
  /// What an admin orders about the whole of a tenant.
  void order(std::function<void(const caf::actor& sentry, std::shared_ptr<actors::ReplySlot> slot)> give, actors::AnswerCallback done);

 private:
  class NodeClock;
  class NodeDriver;
  using Slot = std::shared_ptr<actors::ReplySlot>;

  /// Runs it unless the process has ended by then; while it is paused, when it goes on.
  void here(std::function<void()> act);
  /// Where an answer to a client goes: over the network, and nowhere when the process ends before it has left.
  [[nodiscard]] Slot answer_to(actors::AnswerCallback done, std::optional<actors::Idempotency> idempotency);
  void leave(std::uint64_t number, const connectors::DriverRequest& request);
  void answered(std::uint64_t number, connectors::DriverResponse response);
  [[nodiscard]] Result<std::unique_ptr<storage::Store>> open_store();
  void take_once(const std::shared_ptr<actors::Deliver>& deliver, const std::optional<actors::Idempotency>& idempotency, const Slot& slot);
  void hand_over(const std::shared_ptr<actors::Deliver>& deliver, actors::AnswerCallback done);
  [[nodiscard]] Result<std::optional<storage::IdempotencyRow>> find_idempotency(const actors::Idempotency& key);

  World& world_;
  std::string incarnation_, host_;
  bool dead_ = false;
  bool paused_ = false;
  bool misled_ = false;
  int calls_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  ///< for whatever is planned and may come when we are gone
  std::vector<std::function<void()>> while_paused_;
  std::shared_ptr<std::atomic<bool>> stopping_ = std::make_shared<std::atomic<bool>>(false);
  std::shared_ptr<actors::Deps> deps_;
  std::unique_ptr<NodeClock> clock_;
  std::unique_ptr<storage::Store> keeper_, edge_;
  std::map<std::uint64_t, Vendor::Answer> open_;  ///< requests that the vendor has not answered
  std::map<std::uint64_t, std::size_t> sent_;     ///< … and their place in World::sent()
  std::map<std::uint64_t, actors::AnswerCallback> callers_;
  std::uint64_t last_ = 0;
  actors::InFlight in_flight_;
  std::unique_ptr<caf::actor_system_config> config_;
  std::unique_ptr<caf::actor_system> system_;
  caf::scheduler::test_coordinator* scheduler_ = nullptr;
  std::vector<caf::actor> proxies_;
  actors::EngineActors actors_;
};

}  // namespace stellwerk::simulation
