#include "app/node.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "app/signals.hpp"
#include "app/startup.hpp"
#include "core/embedded.hpp"
#include "core/text_file.hpp"
#include "monitoring/log.hpp"
#include "monitoring/metrics.hpp"

namespace stellwerk::app {
namespace {

/// The shipped files; a file of the same name in a folder of library.dirs takes their place.
Result<std::vector<std::pair<std::string, std::string>>> library_files(const config::Settings& settings) {
  std::map<std::string, std::string> files;
  for (const auto& file : embedded_files())
    if (file.path.ends_with(".yaml")) files[std::string{file.path}] = std::string{file.text};
  std::string_view dirs{settings.library_dirs};
  while (!dirs.empty()) {
    const auto colon = dirs.find(':');
    const std::filesystem::path dir{dirs.substr(0, colon)};
    if (!std::filesystem::is_directory(dir)) return fail(ErrorCode::invalid_argument, fmt::format("setting library.dirs: there is no folder {}", dir.string()));
    for (const char* kind : {"workflows", "connectors"}) {
      std::error_code ec;
      for (const auto& entry : std::filesystem::directory_iterator{dir / kind, ec}) {
        if (entry.path().extension() != ".yaml") continue;
        STELLWERK_TRY(files[fmt::format("{}/library/{}", kind, entry.path().filename().string())], read_text_file(entry.path().string()));
      }
    }
    if (colon == std::string_view::npos) break;
    dirs.remove_prefix(colon + 1);
  }
  return std::vector<std::pair<std::string, std::string>>{files.begin(), files.end()};
}

}  // namespace

Result<std::unique_ptr<Node>> Node::start(Options options, std::shared_ptr<storage::SqlDatabase> database) {
  auto node = std::make_unique<Node>();
  const auto& settings = options.settings;
  monitoring::set_log_level(settings.log_level);
  monitoring::gauge("stellwerk_build_info", {STELLWERK_VERSION}).set(1);
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
                               }};
  engine.drivers["http"] = connectors::make_http_driver();
  engine.drivers["noop"] = connectors::make_noop_driver(options.noop_file);
  STELLWERK_TRY(node->system_, actors::System::start(std::move(engine)));
  node->api_ = api::make_api(node->system_->client(), api::Options{.tenant = node->tenant_, .signing_key = signing, .metrics_allow = settings.metrics_allow});
  node->server_ = std::make_unique<http::Server>(settings.http, node->api_->take_router());
  STELLWERK_TRY(node->port_, node->server_->start());
  return node;
}

Node::~Node() { stop(); }

void Node::stop() {
  if (server_) server_->stop();
  if (system_) system_->stop();
}

}  // namespace stellwerk::app
