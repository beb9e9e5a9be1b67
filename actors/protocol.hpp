#pragma once
// The map of the system: every message between actors, and who takes it. Messages are immutable structs behind shared_ptr.
//
//   dispatcher   Deliver → the durable actor of `actor` (spawned when it sleeps), not before its due time;  Wake → the same, to look
//                into its mailbox;  Idle(actor) → forgets it and lets it end;  Work → the connector actor of the server;
//                Settle → the same;  clock moved → every connector actor;  server changed → its connector actor
//   durable      Deliver, Wake, Settle's and Work's outcomes as Deliver(Tried);  end
//   committer    CommitRequest → CommitReply;  ActionRequest → outcome as Deliver to the dispatcher   (detached)
//   loader       LoadRequest → LoadReply;  ServerRequest → ServerReply;  ReferenceRequest → ReferenceReply;  stop   (detached, several)
//   timers       timer_set(due), clock_moved, tick                                                    (detached)
//   connector    Work, Settle, driver answers, tick, clock_moved, server_changed

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

#include "actors/client.hpp"
#include "actors/definitions.hpp"
#include "actors/setting_book.hpp"
#include "core/clock.hpp"
#include "monitoring/log.hpp"
#include "storage/store.hpp"
#include "workflows/snapshot.hpp"

namespace stellwerk::actors {

// --- atoms: a name of at most ten characters each
using end_atom = caf::atom_constant<caf::atom("end")>;
using tick_atom = caf::atom_constant<caf::atom("tick")>;
using flush_atom = caf::atom_constant<caf::atom("flush")>;
using clock_atom = caf::atom_constant<caf::atom("clock")>;
using server_atom = caf::atom_constant<caf::atom("server")>;
using timer_atom = caf::atom_constant<caf::atom("timer")>;
using waited_atom = caf::atom_constant<caf::atom("waited")>;
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
struct ServerRequest {
  ServerId server;
};
struct ServerReply {
  Result<storage::ServerRow> server;
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
  std::function<Result<std::unique_ptr<storage::Store>>()> open_store;  ///< a fresh session in place of one that broke
  std::shared_ptr<const std::atomic<bool>> stopping;  ///< nobody insists on a database that is away any more
  std::function<void(const std::string&)> on_fatal;  ///< the fence is gone: the process has to end
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

struct DurableDeps {
  std::shared_ptr<const Deps> deps;
  caf::actor dispatcher, committer, timers;
  std::vector<caf::actor> loaders;
};

[[nodiscard]] caf::actor spawn_durable(caf::actor_system& system, const DurableDeps& deps, const ActorId& id);
[[nodiscard]] caf::actor spawn_dispatcher(caf::actor_system& system, std::shared_ptr<const Deps> deps, std::vector<caf::actor> loaders, caf::actor committer,
                                          caf::actor timers);
[[nodiscard]] caf::actor spawn_committer(caf::actor_system& system, std::shared_ptr<const Deps> deps, std::unique_ptr<storage::Store> store);
[[nodiscard]] caf::actor spawn_loader(caf::actor_system& system, std::unique_ptr<storage::Store> store);
[[nodiscard]] caf::actor spawn_timers(caf::actor_system& system, std::shared_ptr<const Deps> deps, std::unique_ptr<storage::Store> store);
[[nodiscard]] caf::actor spawn_connector(caf::actor_system& system, std::shared_ptr<const Deps> deps, const caf::actor& dispatcher, const caf::actor& loader, const ServerId& server);

}  // namespace stellwerk::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stellwerk::actors::Shared<stellwerk::actors::Deliver>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stellwerk::actors::Shared<stellwerk::actors::Wake>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stellwerk::actors::Shared<stellwerk::actors::Idle>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stellwerk::actors::Shared<stellwerk::actors::Work>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stellwerk::actors::Shared<stellwerk::actors::Settle>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stellwerk::actors::Shared<stellwerk::actors::CommitRequest>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stellwerk::actors::Shared<stellwerk::actors::CommitReply>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stellwerk::actors::Shared<stellwerk::actors::ActionWork>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stellwerk::actors::Shared<stellwerk::actors::LoadRequest>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stellwerk::actors::Shared<stellwerk::actors::LoadReply>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stellwerk::actors::Shared<stellwerk::actors::ReferenceRequest>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stellwerk::actors::Shared<stellwerk::actors::ReferenceReply>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stellwerk::actors::Shared<stellwerk::actors::ServerRequest>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(stellwerk::actors::Shared<stellwerk::actors::ServerReply>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(std::shared_ptr<const stellwerk::connectors::DriverResponse>)
