// stellwerk serve: one node on the database of the settings.

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "app/commands.hpp"
#include "app/node.hpp"
#include "app/signals.hpp"
#include "app/startup.hpp"
#include "monitoring/log.hpp"

namespace stellwerk::app {
namespace {

int serve(const std::string& config_file, const std::string& noop_file) {
  const auto settings = read_settings(config_file);
  if (!settings) return 2;
  auto database = open_migrated(*settings);
  if (!database) return report(database.error());
  auto node = Node::start({.settings = *settings, .noop_file = noop_file, .extra_library = {}}, std::move(*database));
  if (!node) return report(node.error());
  fmt::print("stellwerk: listening on port {}\n", (*node)->port());
  std::fflush(stdout);
  const auto why = wait_for_end();
  monitoring::log_info("ending", {{"why", why}});
  arm_watchdog();
  (*node)->stop();
  return why == "fenced" ? 70 : 0;
}

}  // namespace

void add_serve(CLI::App& cli, int& exit_status) {
  auto* command = cli.add_subcommand("serve", "run the server on the database of the settings");
  auto config_file = std::make_shared<std::string>();
  command->add_option("--config", *config_file, "settings file (else $STELLWERK_CONFIG, /etc/stellwerk/stellwerk.yaml, defaults)");
  auto noop_file = std::make_shared<std::string>();
  command->add_option("--noop-file", *noop_file, "file to which the noop driver appends the key of each call (for measuring)")->group("");
  command->callback([config_file, noop_file, &exit_status] { exit_status = serve(*config_file, *noop_file); });
}

}  // namespace stellwerk::app
