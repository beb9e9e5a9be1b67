// stellwerk database migrate, config reference, cel test: small commands that need no running server.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <fstream>
#include <iterator>

#include "app/commands.hpp"
#include "app/startup.hpp"

namespace stellwerk::app {

void add_database(CLI::App& cli, int& exit_status) {
  auto* command = cli.add_subcommand("database", "the schema");
  command->require_subcommand(1);
  auto* migrate = command->add_subcommand("migrate", "apply missing migrations; done by serve as well");
  auto config_file = std::make_shared<std::string>();
  migrate->add_option("--config", *config_file, "settings file");
  migrate->callback([config_file, &exit_status] {
    const auto settings = read_settings(*config_file);
    if (!settings) {
      exit_status = 2;
      return;
    }
    const auto database = open_migrated(*settings);
    if (!database) exit_status = report(database.error());
    else fmt::print("the schema is up to date ({})\n", (*database)->dialect());
  });
}

void add_config(CLI::App& cli, int& exit_status) {
  auto* command = cli.add_subcommand("config", "settings");
  command->require_subcommand(1);
  command->add_subcommand("reference", "print every setting with default, bounds and meaning")->callback([] { fmt::print("{}", config::render_reference()); });
  auto* check = command->add_subcommand("check", "read the settings as the server would, and tell every problem");
  auto config_file = std::make_shared<std::string>();
  check->add_option("--config", *config_file, "settings file");
  check->callback([config_file, &exit_status] {
    if (read_settings(*config_file)) fmt::print("the settings are good\n");
    else exit_status = 2;
  });
}

}  // namespace stellwerk::app
