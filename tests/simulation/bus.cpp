#include "tests/simulation/bus.hpp"

#include <fmt/format.h>

#include <chrono>
#include <functional>
#include <map>
#include <utility>

#include "actors/protocol.hpp"
#include "tests/simulation/node.hpp"

namespace stellwerk::simulation {
namespace {

using namespace actors;

using late_atom = caf::atom_constant<caf::atom("late")>;

std::chrono::milliseconds in_millis(Duration span) { return std::chrono::ceil<std::chrono::milliseconds>(span); }

/// What an event on its way is called, and what may happen to it.
struct Passage {
  std::string_view what;
  bool may_be_lost = false;
  bool may_be_doubled = false;
};

Passage passage_of(const Deliver& deliver) {
  if (deliver.resume != Resume::none || deliver.reply) return {"deliver"};
  if (std::holds_alternative<workflows::TimerDue>(deliver.event.body)) return {"timer", true, true};
  if (std::holds_alternative<workflows::Tried>(deliver.event.body)) return {"tried", false, true};
  return {"deliver"};
}

class Front {
 public:
  static inline const char* name = "front";
  explicit Front(caf::event_based_actor* self) : self_{self} {}

  caf::behavior behavior(World& world, Node& node) {
    world_ = &world;
    node_ = &node;
    return {
        [this](const caf::actor& dispatcher) { dispatcher_ = dispatcher; },
        [this](const Shared<Deliver>& deliver) { pass(passage_of(*deliver), deliver->actor, deliver); },
        [this](const Shared<Wake>& wake) { pass({"wake", true, true}, wake->actor, wake); },
        [this](const Shared<Work>& work) { pass({"work"}, work->attempt.actor, work); },
        [this](const Shared<Settle>& settle) { pass({"settle", false, true}, {}, settle); },
        // within one node, and counted by it
        [this](const Shared<Idle>& idle) { self_->send(dispatcher_, idle); },
        [this](const Shared<Recovery>& recovery) { self_->send(dispatcher_, recovery); },
        [this](clock_atom atom) { self_->send(dispatcher_, atom); },
        [this](halt_atom atom) { self_->send(dispatcher_, atom); },
        [this](server_atom atom, const std::string& server) { self_->send(dispatcher_, atom, server); },
    };
  }

 private:
  template <class Message>
  void pass(const Passage& passage, const ActorId& actor, const Message& message) {
    const auto fault = node_->fault_of({node_->incarnation(), passage.what, actor});
    if (fault != BusFault::none && world_->tracing()) world_->note(fmt::format("  bus: {} of {} {}", passage.what, actor.str(), static_cast<int>(fault)));
    switch (fault) {
      case BusFault::lose:
        if (passage.may_be_lost) return;
        break;
      case BusFault::twice:
        if (passage.may_be_doubled) self_->delayed_send(dispatcher_, in_millis(node_->draw_delay()), message);
        break;
      case BusFault::delay: return self_->delayed_send(dispatcher_, in_millis(node_->draw_delay()), message);
      case BusFault::none: break;
    }
    self_->send(dispatcher_, message);
  }

  caf::event_based_actor* self_;
  World* world_ = nullptr;
  Node* node_ = nullptr;
  caf::actor dispatcher_;
};

class Bystander {
 public:
  static inline const char* name = "bystander";
  explicit Bystander(caf::event_based_actor* self) : self_{self} {}

  caf::behavior behavior(Node& node, const caf::actor& target) {
    node_ = &node;
    target_ = target;
    return {
        [this](const Shared<CommitRequest>& request) { return pass<Shared<CommitReply>>(request); },
        [this](const Shared<ActionWork>& work) { return pass<Shared<Deliver>>(work); },
        [this](const Shared<LoadRequest>& request) { return pass<Shared<LoadReply>>(request); },
        [this](const Shared<ServerRequest>& request) { return pass<Shared<ServerReply>>(request); },
        [this](const Shared<ReferenceRequest>& request) { return pass<Shared<ReferenceReply>>(request); },
        [this](const Shared<AttemptsRequest>& request) { return pass<Shared<AttemptsReply>>(request); },
        [this](timer_atom atom, std::int64_t due) {
          if (node_->fault_of({node_->incarnation(), "timer_set", {}}) != BusFault::lose) self_->send(target_, atom, due);
        },
        [this](const caf::actor& front) { self_->send(target_, front); },
        [this](clock_atom atom) { self_->send(target_, atom); },
        [this](halt_atom atom) { self_->send(target_, atom); },
        [this](late_atom, std::uint64_t number) {
          const auto found = late_.find(number);
          const auto act = std::move(found->second);
          late_.erase(found);
          act();
        },
    };
  }

 private:
  void after_a_while(std::function<void()> act) {
    const auto delay = node_->draw_request_delay();
    if (delay <= Duration{0}) return act();
    late_.emplace(++last_, std::move(act));
    self_->delayed_send(self_, in_millis(delay), late_atom::value, last_);
  }

  template <class Reply, class Request>
  caf::response_promise pass(const Request& request) {
    auto promise = self_->make_response_promise();
    after_a_while([this, promise, request]() mutable {
      self_->request(target_, caf::infinite, request).then(
          [this, promise](const Reply& reply) mutable { after_a_while([promise, reply]() mutable { promise.deliver(reply); }); },
          [promise](caf::error& error) mutable { promise.deliver(std::move(error)); });
    });
    return promise;
  }

  caf::event_based_actor* self_;
  Node* node_ = nullptr;
  caf::actor target_;
  std::map<std::uint64_t, std::function<void()>> late_;
  std::uint64_t last_ = 0;
};

}  // namespace

caf::actor spawn_front(caf::actor_system& system, World& world, Node& node) {
  return system.spawn([&world, &node](caf::stateful_actor<Front>* self) -> caf::behavior { return self->state.behavior(world, node); });
}

caf::actor spawn_bystander(caf::actor_system& system, World&, Node& node, std::string_view, const caf::actor& target) {
  return system.spawn([&node, target](caf::stateful_actor<Bystander>* self) -> caf::behavior { return self->state.behavior(node, target); });
}

}  // namespace stellwerk::simulation
