#include "actors/system.hpp"

#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdlib>

#include "actors/client_impl.hpp"
#include "monitoring/health.hpp"
#include "monitoring/log.hpp"
#include "monitoring/metrics.hpp"

namespace stellwerk::actors {
namespace {

constexpr int loader_count = 2;

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? std::string{name.data()} : std::string{"localhost"};
}

class SystemImpl final : public System {
 public:
  Result<void> begin(SystemOptions options) {
    const auto& settings = options.settings;
    incarnation_ = format_id("nod", make_uuid());
    STELLWERK_TRY(keeper_, options.database->open_store());
    STELLWERK_CHECK(keeper_->begin_incarnation(incarnation_, host_name()));
    if (settings.sandbox_enabled) {
      STELLWERK_TRY(const auto offset, keeper_->get_value("clock_offset"));
      if (offset) clock_.set_offset(Duration{std::strtoll(offset->c_str(), nullptr, 10)});
    }
    STELLWERK_TRY(auto library, load_library(*keeper_, options.tenant, options.shipped, clock_.now()));

    auto deps = std::make_shared<Deps>();
    deps->clock = &clock_;
    deps->definitions = library.definitions;
    definitions_ = library.definitions;
    deps->connectors = library.connectors;
    deps->drivers = options.drivers;
    STELLWERK_TRY(const auto values, keeper_->setting_values(options.tenant));
    deps->around = {std::make_shared<SettingBook>(values), {settings.tenant_zone, settings.automation_time}};
    drivers_ = options.drivers;
    deps->key = options.key;
    deps->incarnation = incarnation_;
    deps->passivate_after = settings.passivate_after;
    deps->in_flight_per_server = settings.in_flight_per_server;
    deps->on_fatal = options.on_fatal;

    deps->open_store = [database = options.database] { return database->open_store(); };
    deps->stopping = stopping_;

    std::vector<std::unique_ptr<Views>> sessions;
    for (int i = 0; i < settings.reader_sessions; ++i) {
      STELLWERK_TRY(auto directory, options.database->open_directory());
      STELLWERK_TRY(auto store, options.database->open_store());
      sessions.push_back(std::make_unique<Views>(std::move(directory), std::move(store), library.definitions, library.connectors, options.key, deps->around));
      sessions.back()->on_server_changed([this](const ServerId& server) { caf::anon_send(dispatcher_, server_atom::value, server.str()); });
    }
    if (!sessions.empty()) STELLWERK_CHECK(count_open_incidents(*sessions.front(), options.tenant));
    readers_ = std::make_unique<Readers>(std::move(sessions), 10'000);
    STELLWERK_CHECK(spawn_actors(settings, *options.database, deps));
    client_ = std::make_unique<ClientImpl>(ClientDeps{deps, &clock_, dispatcher_, timers_, readers_.get(), settings.pending_commands, options.tenant, settings.sandbox_enabled, settings.sandbox_control});

    // Recovery is normal work: the attempts of the former incarnation are taken over and looked at, due timers fire, mailboxes are swept.
    STELLWERK_TRY(auto attempts, keeper_->take_over_attempts(incarnation_));
    for (auto& attempt : attempts) {
      auto id = attempt.actor;
      caf::anon_send(dispatcher_, share(Deliver{.actor = std::move(id), .event = {}, .resume = Resume::recover, .attempt = std::move(attempt)}));
    }
    caf::anon_send(timers_, dispatcher_);
    STELLWERK_CHECK(resume_refreshing(deps->around.calendar, options));
    monitoring::report_ready("database");
    monitoring::report_ready("engine");
    monitoring::log_info("engine ready", {{"incarnation", incarnation_}, {"recovered_attempts", std::to_string(attempts.size())}});
    return {};
  }

  ~SystemImpl() override { stop(); }

  Client& client() override { return *client_; }

  void stop() override {
    if (std::exchange(stopped_, true)) return;
    monitoring::report_not_ready("engine", "stopping");
    *stopping_ = true;
    if (readers_) readers_->stop();  // what waits there may still send commands
    if (client_) client_->release();
    if (system_) {
      // Durable and connector actors first, then what they stand on. What lies in the committer's mailbox before its end is written.
      if (dispatcher_) caf::anon_send(dispatcher_, stop_atom::value);
      for (auto& [name, driver] : drivers_) driver->stop();
      if (timers_) caf::anon_send(timers_, stop_atom::value);
      for (auto& worker : workers_) caf::anon_send(worker, stop_atom::value);
      workers_.clear();
      dispatcher_ = nullptr;
      timers_ = nullptr;
      system_.reset();  // waits for all of them
    }
    if (keeper_) keeper_->end_incarnation(incarnation_);
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

  Result<void> spawn_actors(const config::Settings& settings, storage::SqlDatabase& database, const std::shared_ptr<const Deps>& deps) {
    config_.set("scheduler.max-threads", static_cast<std::size_t>(settings.engine_threads));
    system_ = std::make_unique<caf::actor_system>(config_);
    std::vector<caf::actor> loaders;
    for (int i = 0; i < loader_count; ++i) {
      STELLWERK_TRY(auto store, database.open_store());
      loaders.push_back(workers_.emplace_back(spawn_loader(*system_, std::move(store))));
    }
    STELLWERK_TRY(auto commit_store, database.open_store());
    const auto committer = workers_.emplace_back(spawn_committer(*system_, deps, std::move(commit_store)));
    STELLWERK_TRY(auto timer_store, database.open_store());
    timers_ = spawn_timers(*system_, deps, std::move(timer_store));
    dispatcher_ = spawn_dispatcher(*system_, deps, loaders, committer, timers_);
    return {};
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
  std::unique_ptr<storage::Store> keeper_;
  std::map<std::string, std::shared_ptr<connectors::Driver>> drivers_;
  std::unique_ptr<Readers> readers_;
  caf::actor_system_config config_;
  std::unique_ptr<caf::actor_system> system_;
  std::vector<caf::actor> workers_;
  caf::actor timers_, dispatcher_;
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
