#pragma once
// The connector actor of one server: carries out attempts at their time, within the limits of connector, tenant and operation, polls vendors' tasks,
// and reports every outcome to the actor it belongs to. It writes nothing; a crash forgets nothing but polls in memory. Internal to this
// folder: connector.cpp says when, connector_server.cpp knows the server's settings, connector_exchange.cpp speaks to the vendor.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "actors/connector_limits.hpp"
#include "actors/connector_queue.hpp"
#include "monitoring/metrics.hpp"

namespace stellwerk::actors {

class ConnectorActor {
 public:
  static inline const char* name = "connector";
  explicit ConnectorActor(caf::event_based_actor* self) : self_{self} {}
  ~ConnectorActor();
  ConnectorActor(const ConnectorActor&) = delete;
  ConnectorActor& operator=(const ConnectorActor&) = delete;

  caf::behavior behavior(std::shared_ptr<const Deps> deps, const caf::actor& dispatcher, const caf::actor& loader, const ServerId& server);

 private:
  using Places = std::map<std::pair<TenantId, std::string>, Held>;  ///< by tenant and operation
  using Asked = std::vector<std::pair<AttemptId, int>>;             ///< id and number

  [[nodiscard]] Time now() const { return deps_->clock->now(); }
  template <class Handler>
  bool guarded(Handler&& handler) {
    const bool went_well = survive("a connector actor could not handle a message", std::forward<Handler>(handler));
    pumping_ = false;
    return went_well;
  }

  // --- what is to be done (connector.cpp)
  void on_work(const Shared<Work>& work);
  void on_settle(const AttemptId& id);
  void give_up(Job& job);

  // --- when (connector.cpp)
  void pump();
  void start_ready();
  [[nodiscard]] bool is_stopped(const Job& job) const;
  [[nodiscard]] Queue::Turn look(Job& job);
  [[nodiscard]] Held place_for(const Lane& lane);
  void on_granted(const Granted& granted);
  void order_tick();
  void tick_at(Time due);

  // --- what is parked (connector.cpp)
  /// Reads what comes next from the database.
  void fetch();
  void on_attempts(const Asked& asked, const AttemptsReply& reply);
  void take_back(Job& job, const storage::AttemptRow& row);

  // --- the server (connector_server.cpp)
  void ask_for_server();
  void on_server(const ServerReply& reply);
  void take_server(const storage::ServerRow& row);
  void reject_all(const std::string& code, const std::string& text);

  // --- one exchange (connector_exchange.cpp)
  void begin(Job& job);
  [[nodiscard]] connectors::Call make_call(const Job& job) const;
  [[nodiscard]] static Outcome overdue(const Job& job);
  void reckon_limits(Job& job) const;
  void release(Job& job);
  template <class Step>
  void go_on(Job& job, Step step);
  void on_response(const std::string& id, std::uint64_t exchange, const connectors::DriverResponse& response);
  void withhold(Job& job);

  // --- what came of it (connector_exchange.cpp)
  void on_outcome(Job& job, Outcome outcome);
  void report(const Job& job, const std::string& operation, Outcome outcome);
  /// Takes the job out, with whatever it holds.
  std::unique_ptr<Job> drop(Job& job);
  void finish(Job& job, Outcome outcome);
  void count_running(int change);

  static inline const std::string of_server_ = "server";  ///< the limit that every attempt but a poll counts against

  caf::event_based_actor* self_;
  std::shared_ptr<const Deps> deps_;
  caf::actor dispatcher_, loader_;
  ServerId server_;
  std::shared_ptr<const connectors::Connector> connector_;  ///< null: the server's settings have to be read first
  std::shared_ptr<connectors::Driver> driver_;
  std::map<std::string, Json> settings_;
  std::map<std::string, config::Secret> secrets_;
  std::optional<Queue> queue_;
  InFlightLimits limits_;
  Places granted_;  ///< to be used at once, or given back
  int running_ = 0;
  Time held_until_{};
  Time fetch_after_{};
  Time ticks_at_ = Time::max();  ///< when the tick under way comes
  std::uint64_t tick_ = 0;
  bool loading_ = false;
  bool outdated_ = false;  ///< the settings have changed while they were read
  bool fetching_ = false;
  bool barred_ = false;    ///< nothing may leave now
  bool pumping_ = false;
  bool again_ = false;
};

}  // namespace stellwerk::actors
