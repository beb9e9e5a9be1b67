#include "app/node.hpp"

#include "app/library.hpp"
#include "app/signals.hpp"
#include "app/startup.hpp"
#include "monitoring/health.hpp"
#include "monitoring/log.hpp"
#include "monitoring/metrics.hpp"
#include "storage/backup.hpp"

namespace stellwerk::app {

Result<std::unique_ptr<Node>> Node::start(Options options, std::shared_ptr<storage::SqlDatabase> database) {
  auto node = std::make_unique<Node>();
  const auto& settings = options.settings;
  monitoring::set_log_level(settings.log_level);
  monitoring::gauge("stellwerk_build_info", {STELLWERK_VERSION}).set(1);
  node->host_lock_ = options.host_lock;
  if (!node->host_lock_) {
    STELLWERK_TRY(node->host_lock_, HostLock::take(settings.data_dir));
  }
  node->database_ = std::move(database);
  STELLWERK_TRY(node->tenant_, tenant_of(*node->database_));
  STELLWERK_TRY(const auto key, master_key(settings));
  STELLWERK_TRY(auto signing, signing_key(settings));
  STELLWERK_TRY(auto files, library_files(settings));
  for (auto& extra : options.extra_library) files.push_back(std::move(extra));
  actors::SystemOptions engine{.settings = settings, .database = node->database_, .key = key, .tenant = node->tenant_, .shipped = std::move(files), .drivers = {},
                               .on_fatal = [](const std::string& why) {
                                 monitoring::log(monitoring::Level::error, "this node has lost the database to another one; it ends", {{"error", why}});
                                 request_end("fenced");
                               },
                               .back_up = [settings](const std::stop_token& stop) { return storage::make_backup(database_url(settings), backup_dir(settings), STELLWERK_VERSION, wall_now(), stop); },
                               .newest_backup = [folder = backup_dir(settings)] { return storage::newest_backup(folder); },
                               .host = node->host_lock_->name()};
  engine.drivers["http"] = connectors::make_http_driver();
  engine.drivers["noop"] = connectors::make_noop_driver(options.noop_file);
  STELLWERK_TRY(node->system_, actors::System::start(std::move(engine)));
  node->api_ = api::make_api(node->system_->client(), api::Options{.tenant = node->tenant_, .signing_key = signing, .metrics_allow = settings.metrics_allow});
  node->server_ = std::make_unique<http::Server>(settings.http, node->api_->take_router());
  if (options.stand_in) options.stand_in->stop();  // its port is ours from here on
  auto port = node->server_->start();
  if (!port) return wrap(std::move(port).error(), "listen where the setting http.listen says");
  node->port_ = *port;
  monitoring::report_ready("node");
  return node;
}

Node::~Node() { stop(); }

void Node::stop() {
  if (server_) server_->stop();
  if (system_) system_->stop();
}

}  // namespace stellwerk::app
