#pragma once
// The simulated world: nodes, database, bus, vendor and clock in one thread, driven by one seed. The engine in it is the real one
// (dispatcher, durable actors, committer, loaders, timers, connector actors); what it stands on is simulated and fails on purpose.
//
//   World world{plan, setting};               // a database with what `setting` puts into it; no node yet
//   world.start_node();
//   world.command(…, callback);               // as a client over HTTP would
//   auto calm = world.run();                  // trouble first, then calm, until nothing is left to be done
//   … judge world.state() and world.ledger() …

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "actors/admission.hpp"
#include "actors/client.hpp"
#include "actors/definitions.hpp"
#include "actors/guard.hpp"
#include "connectors/driver.hpp"
#include "core/clock.hpp"
#include "core/result.hpp"
#include "storage/memory_state.hpp"
#include "storage/store.hpp"
#include "tests/simulation/random.hpp"

namespace stellwerk::simulation {

/// How often things go wrong, of a thousand occasions each, while there is trouble.
struct Rates {
  // every call of a session
  int store_fails_before = 0;  ///< unavailable, nothing was done
  int store_fails_after = 0;   ///< unavailable, it was done (of a batch: perhaps only its first part)
  int store_throws = 0;        ///< before or after
  int node_ends_before = 0;    ///< the process dies, nothing was done
  int node_ends_after = 0;     ///< the process dies, it was done
  int store_slow = 0;          ///< the answer takes up to `longest_call`, and the effect comes some time before it
  // every message that the engine sends itself over the bus
  int wake_lost = 0;           ///< Wake, "a timer was set", a timer that fires: what is found again by a later look
  int doubled = 0;             ///< Wake, a timer that fires, outcomes, Settle
  int delayed = 0;             ///< anything; delayed ones are overtaken by others
  int request_delayed = 0;     ///< requests to committer and loaders, and their answers
  Duration longest_delay = std::chrono::seconds{2};
  Duration longest_call = std::chrono::seconds{20};
};

struct Plan {
  std::uint64_t seed = 0;
  Rates rates;
  Duration trouble = std::chrono::minutes{5};  ///< rates hold, and the following happen, in this span after the world's beginning
  int kills = 0;      ///< kill -9 of the serving node; another is started soon after
  int pauses = 0;     ///< SIGSTOP of the serving node, for up to `longest_pause`; then it goes on with whatever it had in hand
  int takeovers = 0;  ///< another node takes over, while the former runs or is paused
  int clock_jumps = 0;  ///< of wall time, forwards or back, up to `longest_jump`
  int slow_spells = 0;  ///< for up to a minute every call of the database takes its time
  Duration longest_pause = std::chrono::seconds{90};
  Duration longest_jump = std::chrono::hours{2};
  std::size_t most_steps = 400'000;  ///< of all nodes together; more is a failure
  Duration most_time = std::chrono::hours{72};  ///< of virtual time after the trouble, until which everything has to be quiet
  actors::GuardBounds guard;  ///< of every node
  bool narrow = false;  ///< nodes take on little at once, keep few actors in memory and park what waits, each in some of this by chance
  std::optional<actors::Bounds> bounds;  ///< of every node, when it is not by chance
  std::size_t least_window = 64;
  bool trace = false;
};
/// What a seed stands for: half of all seeds have few faults of many kinds, the others many of a few kinds.
[[nodiscard]] Plan plan_of(std::uint64_t seed);

/// The other side of every request of a connector.
class Vendor {
 public:
  using Answer = std::function<void(connectors::DriverResponse)>;
  virtual ~Vendor() = default;
  /// Call `answer` at once, later (World::after), or never: then the request times out at the node. A node that ended or timed out
  /// does not hear it; one that is paused hears it when it goes on.
  virtual void receive(const std::string& node, const connectors::DriverRequest& request, Answer answer) = 0;
};

/// What the world consists of. The library is loaded once for all worlds (it never changes).
struct Setting {
  actors::Library library;
  TenantId tenant;
  workflows::Calendar calendar;
  Vendor* vendor = nullptr;
  std::function<void(storage::Store&)> furnish;  ///< servers, ranges, addresses: before the first node starts, without faults
};
/// Compiles files as `actors::load_library` takes them (path and text; "workflows/…/name.yaml", "connectors/…/name.yaml").
[[nodiscard]] Result<actors::Library> load_library(const TenantId& tenant, const std::vector<std::pair<std::string, std::string>>& files);

/// A decision that is on disk.
struct Written {
  storage::Commit commit;   ///< changes carry the journal
  std::string incarnation;  ///< whose session wrote it
  Time at{};                ///< wall time
  Duration when{};          ///< monotonic time
};
/// A local action whose effect is on disk.
struct Acted {
  storage::AttemptRow attempt;
  Json result;
  std::string incarnation;
  Duration when{};
};
/// A request that left a node for the vendor.
struct Sent {
  std::string incarnation;
  connectors::DriverRequest request;
  Duration when{};
  Duration ended = Duration::max();  ///< when the node had its answer, or gave it up
  int in_flight_per_server = 0;      ///< how many attempts its node carries out on a server at a time
};
/// An emergency stop that was turned on or off, on disk.
struct Halted {
  storage::StopRow stop;
  Duration when{};
};

/// What a scenario does to one call of a session, in place of chance.
enum class StoreFault { none, fails_before, fails_after, throws_before, throws_after, node_ends_before, node_ends_after, slow };
struct StoreCall {
  std::string node;       ///< its incarnation
  std::string role;       ///< "committer", "loader", "timers", "keeper" (at start), "edge" (of the API)
  std::string_view call;  ///< "commit", "load", …
  int number = 0;         ///< of all calls of this name in the world, from 1
};
/// What a scenario does to one message on the bus, in place of chance.
enum class BusFault { none, lose, twice, delay };
struct BusMessage {
  std::string node;
  std::string_view what;  ///< "wake", "timer", "tried", "deliver", "work", "settle", "timer_set"
  ActorId actor;          ///< empty: of no actor
};

class Node;

class World {
 public:
  World(Plan plan, Setting setting);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // --- chance, time, trace
  [[nodiscard]] Random& random() { return random_; }
  [[nodiscard]] const Plan& plan() const { return plan_; }
  [[nodiscard]] const Clock& clock() const;
  [[nodiscard]] Time now() const { return clock().now(); }
  [[nodiscard]] Duration elapsed() const;  ///< since the world's beginning; never jumps
  void jump_clock(Duration by);            ///< of wall time
  /// Runs `act` after `delay` of monotonic time, whatever becomes of nodes. `what` goes into the trace. While something that was planned
  /// here has yet to happen, the world is not quiet.
  void after(Duration delay, std::string what, std::function<void()> act);
  [[nodiscard]] bool in_trouble() const { return !calm_ && elapsed() < plan_.trouble; }
  [[nodiscard]] bool tracing() const { return plan_.trace; }
  /// A line of the trace. Ask tracing() before you build an expensive one.
  void note(std::string_view line);
  [[nodiscard]] const std::string& trace() const { return trace_; }
  [[nodiscard]] std::size_t steps() const { return steps_; }

  // --- nodes
  /// A process starts on the database and takes it over; the former one, if it lives, is not told. Its start may fail while there is
  /// trouble, then it is tried again.
  void start_node();
  void kill_node();             ///< the serving one; nothing is started in its place
  void pause_node(Duration span);
  [[nodiscard]] bool serving() const;  ///< a node is there and is not paused
  [[nodiscard]] std::string incarnation() const;  ///< of the node that serves; empty: none

  // --- the edge, as the API offers it. The node that took the request may end: then the answer is the error "unavailable", reason
  // "connection_lost". While it is paused nobody answers: a client has a deadline of its own, see after().
  void command(actors::CommandRequest request, actors::AnswerCallback done);
  void create(actors::CreateRequest request, actors::AnswerCallback done);
  void edit(actors::EditRequest request, actors::AnswerCallback done);
  /// As ClientImpl::remedy(): looks the incident up, checks that it is open and offers the remedy.
  void remedy(actors::RemedyRequest request, actors::AnswerCallback done);
  void answer_guard(actors::GuardAnswer answer, actors::AnswerCallback done);
  void emergency_stop(actors::StopRequest request, actors::AnswerCallback done);

  // --- the truth, for the oracle
  [[nodiscard]] const storage::MemoryState& state() const { return *state_; }
  [[nodiscard]] storage::MemoryState& state() { return *state_; }
  [[nodiscard]] const actors::Definitions& definitions() const { return *setting_.library.definitions; }
  [[nodiscard]] const actors::Connectors& connectors() const { return *setting_.library.connectors; }
  [[nodiscard]] const std::vector<Written>& ledger() const { return ledger_; }
  [[nodiscard]] const std::vector<Acted>& acted() const { return acted_; }
  [[nodiscard]] const std::vector<Sent>& sent() const { return sent_; }
  [[nodiscard]] const std::vector<Halted>& halted() const { return halted_; }
  /// Incarnations in the order of their start, also of those that did not get far.
  [[nodiscard]] const std::vector<std::string>& incarnations() const { return incarnations_; }

  /// What is wrong beyond doubt while it happens. The world stops at its next step.
  void accuse(std::string what);
  [[nodiscard]] const std::vector<std::string>& accusations() const { return accusations_; }

  // --- scripts, in place of chance (a scenario's Plan has rates of zero)
  std::function<StoreFault(const StoreCall&)> store_script;
  std::function<BusFault(const BusMessage&)> bus_script;

  // --- running. Errors: resource_exhausted (more steps than the plan allows, or not quiet in its time); internal (a node cannot be started, or
  // something was accused).
  /// Trouble, then calm: from the end of trouble on a node serves, nothing fails, and the world runs until it is quiet.
  [[nodiscard]] Result<void> run();
  /// As run(), but without waiting for the end of the trouble.
  [[nodiscard]] Result<void> run_to_quiet();
  [[nodiscard]] Result<void> run_for(Duration span);
  /// Looks after every step; false when it does not come true in `at_most`.
  [[nodiscard]] Result<bool> run_until(const std::function<bool()>& holds, Duration at_most = std::chrono::hours{1});
  /// What run() waits for besides: nothing ready anywhere, nothing planned, no request under way, nothing written for a minute, and no
  /// attempt in the database but those of held runs. The default asks for nothing more.
  std::function<bool()> also_quiet;
  /// What still goes on, in words: for a world that does not become quiet.
  [[nodiscard]] std::string why_restless() const;

 private:
  friend class Node;
  friend class SimulatedStore;
  struct Planned {
    std::string what;
    std::function<void()> act;
    bool work = true;  ///< counts against quiet
  };
  class VirtualClock;

  [[nodiscard]] Result<bool> step(Duration until);
  void plan_trouble();
  void plan(Duration at, std::string what, bool work, std::function<void()> act);
  void settle_nodes();
  [[nodiscard]] bool quiet() const;
  [[nodiscard]] Node* served_by() const;
  [[nodiscard]] StoreFault fault_of(const StoreCall& call);
  /// A call of this node waits for the database: everybody else goes on meanwhile. Ends at once when the node does.
  void stand_still(Node& node, Duration span);
  [[nodiscard]] bool can_stand_still(const Node& node) const;
  [[nodiscard]] BusFault fault_of(const BusMessage& message);

  Plan plan_;
  Setting setting_;
  Random random_;
  std::unique_ptr<VirtualClock> clock_;
  std::shared_ptr<storage::MemoryState> state_;
  std::shared_ptr<storage::Database> database_;
  std::multimap<Duration, Planned> agenda_;
  std::size_t planned_work_ = 0;
  std::vector<std::unique_ptr<Node>> nodes_;  ///< that live, in the order of their start
  std::map<std::string, int, std::less<>> calls_;
  std::vector<Written> ledger_;
  std::vector<Acted> acted_;
  std::vector<Sent> sent_;
  std::vector<Halted> halted_;
  std::vector<std::string> accusations_;
  struct Stale {
    std::string ground;     ///< incarnation and version that the refused decision stood on
    std::string decision;
    int times = 0;          ///< other decisions on the same ground, in a row
  };
  std::map<ActorId, Stale> stale_;
  std::vector<std::string> incarnations_;
  std::set<std::string> unreplaced_;  ///< killed by a scenario
  std::size_t steps_ = 0;
  Duration last_write_{};
  int slow_spells_ = 0;   ///< spells under way
  int standing_still_ = 0;    ///< calls that wait, one within the other
  bool calm_ = false;
  bool starting_ = false;
  std::string trace_;
};

}  // namespace stellwerk::simulation
