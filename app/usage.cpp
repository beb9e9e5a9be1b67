#include "app/usage.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "config/yaml.hpp"

namespace stellwerk::app {
namespace {

/// The command that was reached, e.g. `stellwerk workflow`.
struct Reached {
  const CLI::App* app;
  std::string path;
};

Reached reached(const CLI::App& cli) {
  Reached at{&cli, cli.get_name()};
  while (!at.app->get_subcommands().empty()) {
    at.app = at.app->get_subcommands().front();
    at.path += " " + at.app->get_name();
  }
  return at;
}

std::vector<std::string> commands_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const auto* command : app.get_subcommands([](const CLI::App* one) { return !one->get_group().empty(); })) names.push_back(command->get_name());
  return names;
}

std::vector<std::string> options_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const auto* option : app.get_options([](const CLI::Option* one) { return !one->get_group().empty(); }))
    for (const auto& name : option->get_lnames()) names.push_back("--" + name);
  return names;
}

std::string meant_or(std::string_view word, const std::vector<std::string>& known, const std::string& otherwise) {
  const auto meant = config::closest(word, known);
  return meant.empty() ? otherwise : fmt::format("did you mean '{}'?", meant);
}

std::string told(const Reached& at, const CLI::ParseError& error) {
  const auto left = at.app->remaining();
  const auto commands = commands_of(*at.app);
  if (!commands.empty()) {
    const auto all = fmt::format("the commands are: {}", fmt::join(commands, ", "));
    if (left.empty()) return fmt::format("{}: a command is missing; {}", at.path, all);
    return fmt::format("{}: there is no command '{}'; {}", at.path, left.front(), meant_or(left.front(), commands, all));
  }
  if (!left.empty()) {
    const auto& word = left.front();
    const auto options = options_of(*at.app);
    if (word.starts_with('-')) return fmt::format("{}: there is no option '{}'; {}", at.path, word, meant_or(word.substr(0, word.find('=')), options, fmt::format("the options are: {}", fmt::join(options, ", "))));
    return fmt::format("{}: '{}' is one argument too many", at.path, word);
  }
  return fmt::format("{}: {}", at.path, error.what());
}

}  // namespace

int refuse_usage(const CLI::App& cli, const CLI::ParseError& error) {
  if (error.get_exit_code() == 0) return cli.exit(error);  // --help, --version
  const auto at = reached(cli);
  fmt::print(stderr, "{}\nrun `{} --help` for more\n", told(at, error), at.path);
  return 2;
}

}  // namespace stellwerk::app
