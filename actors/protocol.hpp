#pragma once
// The map of the system: every message between actors, and who takes it. Messages are immutable structs behind shared_ptr.
//
//   front        how all others reach the dispatcher: the dispatcher itself, but in the simulation, where messages are lost and late
//   dispatcher   Deliver → the durable actor of `actor` (spawned when it sleeps), not before its due time;  Wake → the same, to look
//                into its mailbox;  Idle(actor) → forgets it and lets it end;  Work → the connector actor of the server;
//                Settle → the same;  Recovery → Deliver, so many at a time;  clock moved → every connector actor;  server changed → its connector actor
//                (a Deliver may also ask for a secret, or for what is personal to be forgotten)
//   durable      Deliver, Wake, Settle's and Work's outcomes as Deliver(Tried);  end
//   committer    CommitRequest → CommitReply;  ActionRequest → outcome as Deliver to the dispatcher   (detached)
//   loader       LoadRequest → LoadReply;  ServerRequest → ServerReply;  ReferenceRequest → ReferenceReply;
//                AttemptsRequest → AttemptsReply;  stop                                                   (detached, several)
//   pulse        tick: heartbeat, lease, the clock of the database                                    (detached)
//   timers       timer_set(due), clock_moved, room for more, tick                                     (detached)
//   sentry       Hold, what people order about the guard and the emergency stop, clock_moved, tick       (detached)
//   connector    Work, Settle, Granted, driver answers, tick, clock_moved, server_changed

#include <caf/all.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "actors/admission.hpp"
#include "actors/client.hpp"
#include "actors/clock_guard.hpp"
#include "actors/definitions.hpp"
#include "actors/fired_timers.hpp"
#include "actors/guard.hpp"
#include "actors/recently_changed.hpp"
#include "actors/lease.hpp"
#include "actors/setting_book.hpp"
#include "actors/stop.hpp"
#include "core/clock.hpp"
#include "monitoring/log.hpp"
#include "storage/store.hpp"
#include "workflows/snapshot.hpp"

namespace stellwerk::actors {

// --- atoms: a name of at most ten characters each
using end_atom = caf::atom_constant<caf::atom("end")>;
using looked_atom = caf::atom_constant<caf::atom("looked")>;  ///< an attempt of a former incarnation has been looked at
using rest_atom = caf::atom_constant<caf::atom("rest")>;
using tick_atom = caf::atom_constant<caf::atom("tick")>;
using flush_atom = caf::atom_constant<caf::atom("flush")>;
using clock_atom = caf::atom_constant<caf::atom("clock")>;
using server_atom = caf::atom_constant<caf::atom("server")>;
using timer_atom = caf::atom_constant<caf::atom("timer")>;
using waited_atom = caf::atom_constant<caf::atom("waited")>;
using halt_atom = caf::atom_constant<caf::atom("halt")>;  ///< the emergency stop was turned on or off
using room_atom = caf::atom_constant<caf::atom("room")>;  ///< of the timers that were fired, some have ended
using stop_atom = caf::atom_constant<caf::atom("stop")>;

/// The place an answer goes to, once. When it is dropped unanswered, the caller is told "unavailable".
class ReplySlot {
 public:
  explicit ReplySlot(AnswerCallback done) : done_{std::move(done)} {}
  ~ReplySlot() {
    try {
      answer(fail(ErrorCode::unavailable, "the engine is stopping; repeat with the same Idempotency-Key", "stopping"));
    } catch (const std::exception& error) {
      monitoring::log_error("a caller could not be told that the engine is stopping", {{"error", error.what()}});
    }
  }
  ReplySlot(const ReplySlot&) = delete;
  ReplySlot& operator=(const ReplySlot&) = delete;
  void answer(Result<Answer> result) {
    if (auto done = std::exchange(done_, nullptr)) done(std::move(result));
  }

 private:
  AnswerCallback done_;
};

/// What is to be done about the attempt in hand, when no event is delivered.
enum class Resume {
  none,
  begin,    ///< carry it out: its time has come, or its actor was just born
  recover,  ///< it may have been sent by somebody who is gone: look first
};

/// An event on its way to one actor.
struct Deliver {
  ActorId actor;
  workflows::Event event;
  std::shared_ptr<ReplySlot> reply;                 ///< of a command, creation or remedy
  std::optional<storage::IdempotencyRow> idempotency;
  std::optional<CreateRequest> create;              ///< of a Born from outside
  std::string expected_kind;
  TenantId tenant;                                  ///< of the caller; empty: from inside
  std::string customer;                             ///< of a customer; empty: any
  Duration wait{0};
  Resume resume = Resume::none;                     ///< else `event` says nothing, and `attempt` is meant
  std::optional<storage::AttemptRow> attempt;
  Time due{};                                       ///< engine time; kept by the dispatcher until then
  std::optional<RevealRequest> reveal;              ///< else `event` says nothing: a secret is told …
  std::optional<EraseRequest> erase;                ///< … or what is personal is forgotten
  Held counted = nullptr;                           ///< of an attempt that waits here
  std::shared_ptr<const storage::LoadedActor> loaded = nullptr;  ///< brought along for an actor that sleeps; may be old by now
  std::shared_ptr<TimerTicket> ticket = nullptr;    ///< of a timer
};
/// There is something in the actor's mailbox.
struct Wake {
  ActorId actor;
};
/// The actor has nothing to do. It is let go when it has seen everything that was sent to it.
struct Idle {
  ActorId actor;
  std::uint64_t received = 0;
};
/// An attempt to carry out, at attempt.due.
struct Work {
  storage::AttemptRow attempt;
  Duration attempt_timeout{};
  Held counted = nullptr;  ///< among what is in hand
};
/// Attempts of former incarnations, that may have been sent: their actors look at them.
struct Recovery {
  struct Which {
    ActorId actor;
    AttemptId attempt;
    int number = 1;
  };
  std::vector<Which> attempts;
};
/// Give the attempt up if it has not begun; else bring it to its end.
struct Settle {
  std::string server;
  AttemptId attempt;
};
struct CommitRequest {
  storage::Commit commit;
};
struct CommitReply {
  storage::CommitResult result;
};
/// A local action to carry out.
struct ActionWork {
  storage::AttemptRow attempt;
  Held counted = nullptr;  ///< among what is in hand
};
struct LoadRequest {
  ActorId actor;
};
struct LoadReply {
  Result<storage::LoadedActor> loaded;
};
/// Rows outside an actor that its next decision reads.
struct ReferenceRequest {
  TenantId tenant;
  std::vector<std::string> ids;
};
struct ReferenceReply {
  Result<std::vector<storage::ReferenceRow>> rows;
};
/// Attempts in hand, as the database has them.
struct AttemptsRequest {
  std::vector<ActorId> actors;
};
struct AttemptsReply {
  Result<std::vector<storage::AttemptRow>> attempts;
};
/// A place for an attempt of this tenant at this operation, to whoever waited for one.
struct Granted {
  TenantId tenant;
  std::string operation;
  Held place;
};
struct ServerRequest {
  ServerId server;
};
struct ServerReply {
  Result<storage::ServerRow> server;
};

/// The mass-action guard has held a timer: it is to be marked so, or to fire again when it may go after all.
struct Hold {
  GuardWish wish;
};
/// A person answers the mass-action guard, or turns the emergency stop on or off.
struct GuardOrder {
  GuardAnswer answer;
  std::shared_ptr<ReplySlot> reply;
};
struct StopOrder {
  StopRequest request;
  std::shared_ptr<ReplySlot> reply;
};

template <class T>
using Shared = std::shared_ptr<const T>;

template <class T>
[[nodiscard]] Shared<T> share(T value) {
  return std::make_shared<const T>(std::move(value));
}

// --- what the actors stand on
struct Deps {
  Clock* clock = nullptr;
  std::shared_ptr<const Definitions> definitions;
  std::shared_ptr<const Connectors> connectors;
  Surroundings around;
  std::map<std::string, std::shared_ptr<connectors::Driver>> drivers;
  config::MasterKey key;
  std::string incarnation;
  Duration passivate_after = std::chrono::seconds{60};
  int in_flight_per_server = 8;
  std::size_t least_window = 64;  ///< so many attempts that wait a connector actor keeps whole, at least
  std::shared_ptr<Admission> admission = std::make_shared<Admission>();
  std::shared_ptr<Guard> guard = std::make_shared<Guard>();
  std::shared_ptr<Stop> stop = std::make_shared<Stop>();
  std::function<Result<std::unique_ptr<storage::Store>>()> open_store;  ///< a fresh session in place of one that broke
  bool detached = true;  ///< committer, loaders and timers have a thread each; false: all run on the scheduler of the system (simulation)
  std::shared_ptr<RecentlyChanged> recent;  ///< whom the warden looks at next; null: nobody does (simulation)
  std::shared_ptr<const std::atomic<bool>> stopping;  ///< nobody insists on a database that is away any more
  std::function<void(const std::string&)> on_fatal;  ///< the fence is gone: the process has to end
  std::shared_ptr<Lease> lease;              ///< null: nobody else can act (tests of single actors)
  std::shared_ptr<ClockGuard> clock_guard;   ///< null: the clock is right

  /// Whether a request may leave for a vendor now.
  [[nodiscard]] bool may_send() const { return !lease || lease->may_send(); }
  /// Whether what is due by the clock may happen.
  [[nodiscard]] bool may_fire() const { return !clock_guard || clock_guard->may_fire(); }
};

/// Runs `work`; what it throws ends neither the actor nor the process. False when it threw.
template <class Work>
bool survive(std::string_view what, Work&& work) {
  try {
    std::forward<Work>(work)();
    return true;
  } catch (const std::exception& error) {
    monitoring::log_error(what, {{"error", error.what()}});
    return false;
  }
}

/// Spawns an actor that may block.
template <class Behavior>
[[nodiscard]] caf::actor spawn_worker(caf::actor_system& system, bool detached, Behavior behavior) {
  return detached ? system.spawn<caf::detached>(std::move(behavior)) : system.spawn(std::move(behavior));
}

struct DurableDeps {
  std::shared_ptr<const Deps> deps;
  caf::actor dispatcher, committer, timers;
  std::vector<caf::actor> loaders;
  caf::actor sentry;
};

[[nodiscard]] caf::actor spawn_durable(caf::actor_system& system, const DurableDeps& deps, const ActorId& id);
[[nodiscard]] caf::actor spawn_dispatcher(caf::actor_system& system, std::shared_ptr<const Deps> deps, std::vector<caf::actor> loaders, caf::actor committer,
                                          caf::actor timers, caf::actor front = nullptr, caf::actor sentry = nullptr);
[[nodiscard]] caf::actor spawn_committer(caf::actor_system& system, std::shared_ptr<const Deps> deps, std::unique_ptr<storage::Store> store);
[[nodiscard]] caf::actor spawn_loader(caf::actor_system& system, const std::shared_ptr<const Deps>& deps, std::unique_ptr<storage::Store> store);
/// Renews the lease from now on. Errors are told by log, readiness and metric.
[[nodiscard]] caf::actor spawn_pulse(caf::actor_system& system, std::shared_ptr<const Deps> deps, std::unique_ptr<storage::Store> store);
[[nodiscard]] caf::actor spawn_timers(caf::actor_system& system, std::shared_ptr<const Deps> deps, std::unique_ptr<storage::Store> store);
[[nodiscard]] caf::actor spawn_sentry(caf::actor_system& system, std::shared_ptr<const Deps> deps, const caf::actor& timers, std::unique_ptr<storage::Store> store);
[[nodiscard]] caf::actor spawn_connector(caf::actor_system& system, std::shared_ptr<const Deps> deps, const caf::actor& dispatcher, const caf::actor& loader, const ServerId& server);

}  // namespace stellwerk::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stellwerk::actors::Shared<stellwerk::actors::Deliver>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stellwerk::actors::Shared<stellwerk::actors::Wake>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stellwerk::actors::Shared<stellwerk::actors::Idle>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stellwerk::actors::Shared<stellwerk::actors::Work>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stellwerk::actors::Shared<stellwerk::actors::Recovery>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stellwerk::actors::Shared<stellwerk::actors::Settle>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stellwerk::actors::Shared<stellwerk::actors::CommitRequest>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stellwerk::actors::Shared<stellwerk::actors::CommitReply>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stellwerk::actors::Shared<stellwerk::actors::ActionWork>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stellwerk::actors::Shared<stellwerk::actors::LoadRequest>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stellwerk::actors::Shared<stellwerk::actors::LoadReply>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stellwerk::actors::Shared<stellwerk::actors::ReferenceRequest>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stellwerk::actors::Shared<stellwerk::actors::ReferenceReply>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stellwerk::actors::Shared<stellwerk::actors::AttemptsRequest>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stellwerk::actors::Shared<stellwerk::actors::AttemptsReply>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stellwerk::actors::Shared<stellwerk::actors::Granted>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stellwerk::actors::Shared<stellwerk::actors::ServerRequest>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stellwerk::actors::Shared<stellwerk::actors::ServerReply>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stellwerk::actors::Shared<stellwerk::actors::Hold>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stellwerk::actors::Shared<stellwerk::actors::GuardOrder>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stellwerk::actors::Shared<stellwerk::actors::StopOrder>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(std::shared_ptr<const stellwerk::connectors::DriverResponse>)
