#pragma once
// What waits at one server: for its time, then for its turn. Turns go round by tenant, and for each tenant by operation. Only what is next
// is kept whole; the rest is parked, which means that all but its place in the line stands in the database only. Internal to the connector actor;
// it sends nothing and knows no clock.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "actors/protocol.hpp"
#include "connectors/connector.hpp"

namespace stellwerk::actors {

/// Limits that apply to an attempt: what it shares, and how many may be in flight.
using Wanted = std::vector<std::pair<std::string, int>>;

/// An exchange with the vendor, and what it leaves: the task that is polled.
struct Exchange {
  Shared<Work> next;            ///< a later try of the same attempt, which came while this one ran
  bool running = false;
  bool changed = false;         ///< a request that may have an effect has been sent
  bool changed_before = false;  ///< … by an exchange before the one under way
  bool changing = false;        ///< … by the exchange under way
  std::string handle;           ///< of the task
  int polls = 0;
  std::uint64_t number = 0;     ///< of the request under way
  connectors::Call call;
  std::shared_ptr<const connectors::Connector> connector;
  std::shared_ptr<connectors::Driver> driver;
  std::optional<connectors::Execution> execution;
  std::chrono::steady_clock::time_point began{};
};

struct Lane;

/// One attempt. It waits for its time and a free place, has an exchange with the vendor, or waits for the next look at a task.
struct Job {
  enum class Mode { execute, observe, poll };
  enum class Stands { later, ready, out };  ///< before its time; for its turn; it runs

  AttemptId id;
  ActorId actor;
  int number = 1;
  Mode mode = Mode::execute;
  Stands stands = Stands::out;
  bool settled = false;  ///< the run was interrupted meanwhile: what turns out not to have begun does not begin any more
  bool holds_limits = false;
  Duration attempt_timeout{};
  Held counted;          ///< among what is in hand
  Held place;            ///< of its tenant and operation
  Lane* lane = nullptr;
  Time due{};
  std::uint64_t order = 0;  ///< of those due at the same moment
  Shared<Work> work;        ///< null: it is parked
  Wanted wanted;            ///< empty: not reckoned yet
  std::unique_ptr<Exchange> exchange;  ///< null: none has begun

  [[nodiscard]] bool is_running() const { return exchange && exchange->running; }
  [[nodiscard]] const std::string& handle() const;  ///< empty: none is known here
};

/// What one tenant wants of one operation. What looks only has a lane of its own: an emergency stop does not hold it up.
struct Lane {
  using Line = std::map<std::pair<Time, std::uint64_t>, Job*>;
  TenantId tenant;
  std::string operation;
  int jobs = 0;               ///< that belong to it, wherever they stand
  bool awaits_place = false;  ///< tenant or operation have as many under way as they may
  Line whole, parked;         ///< whose time has come
};

class Queue {
 public:
  /// Of those before their time, and of those whose turn it could be, about `window` are kept whole.
  explicit Queue(std::size_t window) : window_{window} {}
  ~Queue();
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;

  [[nodiscard]] Job* find(std::string_view id) const;
  /// A job that stands nowhere yet.
  Job& add(const Shared<Work>& work);
  void wait(Job& job, Time due, Time now);
  void take_out(Job& job);
  std::unique_ptr<Job> remove(Job& job);

  /// Nothing waits.
  [[nodiscard]] bool is_idle() const { return waiting_ == 0; }
  /// All that waits, whole or parked.
  [[nodiscard]] std::vector<Job*> waiting() const;
  /// Those whose time has come wait for their turn from now on.
  void ripen(Time now);
  [[nodiscard]] Time next_due() const { return later_.empty() ? Time::max() : later_.begin()->first.first; }

  /// The next look at a task; null: none is due. Looks have no turns: they are free.
  [[nodiscard]] Job* next_poll() const { return polls_.whole.empty() ? nullptr : polls_.whole.begin()->second; }
  enum class Turn { begins, waits, lane_waits };
  /// Whose turn it is, of those that `look` lets begin; null: nobody's. It stays where it stands.
  [[nodiscard]] Job* next(const std::function<Turn(Job&)>& look);
  /// Those who wait for a place of this tenant and operation are looked at again.
  void open_lanes(const TenantId& tenant, const std::string& operation);

  /// Parked ones that come next and should be whole by then, at most `most`.
  [[nodiscard]] std::vector<Job*> next_parked(std::size_t most);
  [[nodiscard]] static bool is_parked(const Job& job) { return job.stands == Job::Stands::ready && !job.work; }
  void unpark(Job& job, const Shared<Work>& work);

 private:
  /// By operation, and whether it only looks.
  using Lanes = std::map<std::pair<std::string, bool>, Lane>;
  struct TenantLanes {
    Lanes lanes;
    Lanes::key_type last;
  };

  [[nodiscard]] Lane& lane_of(Job& job) { return job.mode == Job::Mode::poll ? polls_ : *job.lane; }
  [[nodiscard]] std::size_t share_of(const Lane& lane) const;
  void put_later(Job& job);
  void put_ready(Job& job);
  void park(Job& job);
  void collect(const Lane& lane, std::size_t most, std::vector<Job*>& found) const;

  const std::size_t window_;
  std::unordered_map<std::string_view, std::unique_ptr<Job>> jobs_;  ///< by their own id
  std::map<TenantId, TenantLanes> tenants_;
  TenantId last_tenant_, last_read_;
  std::size_t lanes_ = 0;
  Lane polls_;          ///< looks at tasks, of everybody
  Lane::Line later_;    ///< before their time
  std::size_t later_whole_ = 0;
  std::size_t waiting_ = 0;
  std::size_t parked_ = 0;
  std::uint64_t last_order_ = 0;
};

}  // namespace stellwerk::actors
