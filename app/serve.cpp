// stellwerk serve: one node on the database of the settings, or the standby of another one.

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "app/commands.hpp"
#include "app/host_lock.hpp"
#include "app/node.hpp"
#include "app/signals.hpp"
#include "app/standby.hpp"
#include "app/startup.hpp"
#include "monitoring/log.hpp"

namespace stellwerk::app {
namespace {

constexpr int fenced_status = 70;

int end_fenced() {
  fmt::print(stderr, "stellwerk: another node has taken the database over; this one has written nothing since, and ends\n");
  return fenced_status;
}

int run(Node& node) {
  fmt::print("stellwerk: listening on port {}\n", node.port());
  std::fflush(stdout);
  const auto why = wait_for_end();
  const bool fenced = why == "fenced";
  monitoring::log_info("ending", {{"why", why}});
  arm_watchdog(fenced ? fenced_status : 1);
  node.stop();
  return fenced ? end_fenced() : 0;
}

int serve(const std::string& config_file, const std::string& noop_file) {
  const auto settings = read_settings(config_file);
  if (!settings) return 2;
  monitoring::set_log_level(settings->log_level);
  auto database = open_database(*settings);
  if (!database) return report(at_start(database.error(), *settings));
  const auto lock = HostLock::take(settings->data_dir);
  if (!lock) return report(at_start(lock.error(), *settings));
  Standby standby{*settings};
  for (;;) {
    const auto turn = standby.wait_for_turn(**database, (*lock)->name());
    if (!turn) return report(at_start(turn.error(), *settings));
    if (*turn) {
      monitoring::log_info("ending", {{"why", **turn}});
      return 0;
    }
    // Only now: nobody's schema is changed under them.
    if (auto migrated = migrate(**database); !migrated) return report(at_start(migrated.error(), *settings));
    auto node = Node::start({.settings = standby.settings(), .noop_file = noop_file, .extra_library = {}, .host_lock = *lock, .stand_in = standby.server()}, *database);
    if (node) return run(**node);
    if (node.error().reason == "fenced") return end_fenced();
    if (node.error().reason != "held" || !settings->standby) return report(at_start(node.error(), *settings));
  }
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
