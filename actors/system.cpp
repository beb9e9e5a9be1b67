#include "actors/system.hpp"

#include <atomic>
#include <cstdlib>

#include "actors/archivist.hpp"
#include "actors/client_impl.hpp"
#include "actors/engine_actors.hpp"
#include "actors/keeper.hpp"
#include "actors/pulse.hpp"
#include "actors/sealing.hpp"
#include "actors/warden.hpp"
#include "monitoring/health.hpp"
#include "monitoring/log.hpp"
#include "monitoring/metrics.hpp"

namespace stellwerk::actors {
namespace {

constexpr int loader_count = 2;

workflows::Limits limits_of(const config::LimitSettings& s) {
  return {.attributes = s.attributes, .event = s.event, .result = s.result, .vendor_text = s.vendor_text, .messages = s.messages,
          .timers = s.timers, .depth = s.depth, .steps = s.steps, .deferred = s.deferred};
}

class SystemImpl final : public System {
 public:
  Result<void> begin(SystemOptions options) {
    const auto& settings = options.settings;
    incarnation_ = format_id("nod", make_uuid());
    STELLWERK_TRY(node_session_, options.database->open_store());
    auto lease = std::make_shared<Lease>(clock_, settings.lease);
    const auto begun = clock_.monotonic();
    STELLWERK_CHECK(node_session_->begin_incarnation(incarnation_, options.host.empty() ? "localhost" : options.host, settings.lease));
    lease->renew(begun);
    database_ = options.database;
    database_->use_incarnation(incarnation_);
    if (settings.sandbox_enabled) {
      STELLWERK_TRY(const auto offset, node_session_->get_value("clock_offset"));
      if (offset) clock_.set_offset(Duration{std::strtoll(offset->c_str(), nullptr, 10)});
    }
    const auto clock_guard = std::make_shared<ClockGuard>(clock_);
    STELLWERK_TRY(auto library, load_library(*node_session_, options.tenant, options.shipped, clock_.now()));

    auto deps = std::make_shared<Deps>();
    deps->clock = &clock_;
    deps->definitions = library.definitions;
    definitions_ = library.definitions;
    deps->connectors = library.connectors;
    deps->drivers = options.drivers;
    STELLWERK_TRY(const auto keys, open_keys(*node_session_, options.tenant, options.key, clock_.now()));
    STELLWERK_TRY(auto values, node_session_->setting_values(options.tenant));
    for (auto& value : values) {
      STELLWERK_TRY(value.value, open_json(*keys, value.value, place::setting(value)));
    }
    deps->around = {std::make_shared<SettingBook>(values), {settings.tenant_zone, settings.automation_time}, keys, limits_of(settings.limits)};
    drivers_ = options.drivers;
    deps->key = options.key;
    deps->incarnation = incarnation_;
    deps->passivate_after = settings.passivate_after;
    deps->in_flight_per_server = settings.in_flight_per_server;
    deps->admission = std::make_shared<Admission>(Bounds{.queue = settings.queue, .queue_per_server = settings.queue_per_server, .queue_per_tenant = settings.queue_per_tenant,
                                                         .queue_per_operation = settings.queue_per_operation, .in_flight_per_tenant = settings.in_flight_per_tenant,
                                                         .in_flight_per_operation = settings.in_flight_per_operation, .pending_commands = settings.pending_commands,
                                                         .actors_in_memory = settings.actors_in_memory});
    deps->lease = lease;
    deps->clock_guard = clock_guard;
    deps->on_fatal = [lease, fatal = options.on_fatal](const std::string& why) {
      lease->lose();
      fatal(why);
    };
    deps->guard = std::make_shared<Guard>(GuardBounds{.percent = settings.guard_percent, .floor = settings.guard_floor, .window = settings.guard_window, .downtime = settings.guard_downtime});

    deps->open_store = [database = options.database] { return database->open_store(); };
    deps->stopping = stopping_;
    deps->recent = std::make_shared<RecentlyChanged>();
    warden_ = std::make_unique<Warden>([database = options.database] { return database->open_directory(); }, library.definitions, deps->recent, clock_);
    monitoring::gauge("stellwerk_revisions_unreadable").set(static_cast<double>(library.definitions->unreadable().size()));

    if (options.back_up) archivist_ = std::make_unique<Archivist>(options.back_up, options.newest_backup);
    std::vector<std::unique_ptr<Views>> sessions;
    for (int i = 0; i < settings.reader_sessions; ++i) {
      STELLWERK_TRY(auto directory, options.database->open_directory());
      STELLWERK_TRY(auto store, options.database->open_store());
      sessions.push_back(std::make_unique<Views>(std::move(directory), std::move(store), library.definitions, library.connectors, options.key, deps->around));
      sessions.back()->watched_by(warden_.get());
      sessions.back()->archived_by(archivist_.get());
      sessions.back()->on_server_changed([this](const ServerId& server) { caf::anon_send(actors_.front, server_atom::value, server.str()); });
    }
    if (!sessions.empty()) STELLWERK_CHECK(count_open_incidents(*sessions.front(), options.tenant));
    readers_ = std::make_unique<Readers>(std::move(sessions), 10'000);
    // Reading the library may have taken long; from here on the pulse does this.
    STELLWERK_TRY(const auto sent, heartbeat(*node_session_, *deps));  // before anything fires
    lease->renew(sent);
    config_.set("scheduler.max-threads", static_cast<std::size_t>(settings.engine_threads));
    system_ = std::make_unique<caf::actor_system>(config_);
    STELLWERK_TRY(actors_, spawn_engine(*system_, deps, loader_count));
    client_ = std::make_unique<ClientImpl>(ClientDeps{deps, &clock_, actors_.front, actors_.timers, readers_.get(), options.tenant, settings.sandbox_enabled, settings.sandbox_control, actors_.sentry});

    STELLWERK_TRY(const auto recovered, resume_work(actors_, *node_session_, *deps));
    STELLWERK_CHECK(resume_refreshing(deps->around.calendar, options));
    warden_->start();
    retention_ = std::make_unique<Keeper>([database = options.database] { return database->open_directory(); }, clock_, [clock_guard] { return clock_guard->may_fire(); },
                                          Retention{.journal = settings.retention_journal, .incidents = settings.retention_incidents, .audit = settings.retention_audit,
                                                    .idempotency = settings.retention_idempotency, .outbox = settings.retention_outbox},
                                          settings.retention_rows_per_second);
    retention_->start();
    monitoring::report_ready("database");
    monitoring::report_ready("engine");
    monitoring::log_info("engine ready", {{"incarnation", incarnation_}, {"recovered_attempts", std::to_string(recovered)}});
    return {};
  }

  ~SystemImpl() override { stop(); }

  Client& client() override { return *client_; }

  void stop() override {
    if (std::exchange(stopped_, true)) return;
    monitoring::report_not_ready("engine", "stopping");
    *stopping_ = true;
    if (warden_) warden_->stop();
    if (archivist_) archivist_->stop();
    if (retention_) retention_->stop();
    if (readers_) readers_->stop();  // what waits there may still send commands
    if (client_) client_->release();
    if (system_) {
      stop_engine(actors_, [this] {
        for (auto& [name, driver] : drivers_) driver->stop();
      });
      system_.reset();  // waits for all of them
    }
    if (node_session_) node_session_->end_incarnation(incarnation_);
    if (database_) database_->use_incarnation({});
  }

 private:
  /// Actors that a change of settings has not reached yet, and all of them after a change of the calendar.
  Result<void> resume_refreshing(const workflows::Calendar& calendar, const SystemOptions& options) {
    STELLWERK_TRY(auto directory, options.database->open_directory());
    STELLWERK_TRY(auto store, options.database->open_store());
    Views views{std::move(directory), std::move(store), definitions_, nullptr, options.key};
    const auto now = calendar.zone + " " + format_duration(calendar.automation_time);
    STELLWERK_TRY(const auto before, views.get_value("tenant_calendar"));
    STELLWERK_CHECK(client_->resume_refreshing(views, before && *before != now));
    return views.put_value("tenant_calendar", now);
  }

  /// The gauge is moved by every decision from here on.
  Result<void> count_open_incidents(Views& views, const TenantId& tenant) {
    PageRequest page{.limit = 200};
    double open = 0;
    for (;;) {
      STELLWERK_TRY(const auto incidents, views.records().list_incidents(tenant, "open", page));
      open += static_cast<double>(incidents.size());
      if (incidents.empty()) break;
      page.after = incidents.back().id.str();
    }
    monitoring::gauge("stellwerk_incidents_open").set(open);
    return {};
  }

  OffsetClock clock_;
  std::shared_ptr<const Definitions> definitions_;
  std::string incarnation_;
  std::shared_ptr<storage::SqlDatabase> database_;
  std::unique_ptr<storage::Store> node_session_;
  std::map<std::string, std::shared_ptr<connectors::Driver>> drivers_;
  std::unique_ptr<Warden> warden_;
  std::unique_ptr<Archivist> archivist_;
  std::unique_ptr<Keeper> retention_;
  std::unique_ptr<Readers> readers_;
  caf::actor_system_config config_;
  std::unique_ptr<caf::actor_system> system_;
  EngineActors actors_;
  std::unique_ptr<ClientImpl> client_;
  std::shared_ptr<std::atomic<bool>> stopping_ = std::make_shared<std::atomic<bool>>(false);
  bool stopped_ = false;
};

}  // namespace

Result<std::unique_ptr<System>> System::start(SystemOptions options) {
  auto system = std::make_unique<SystemImpl>();
  STELLWERK_CHECK(system->begin(std::move(options)));
  return std::unique_ptr<System>{std::move(system)};
}

}  // namespace stellwerk::actors
