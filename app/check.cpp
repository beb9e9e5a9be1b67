// stellwerk workflow check, connector check, explain: what is wrong in a file, where, and what instead.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "actors/definitions.hpp"
#include "app/commands.hpp"
#include "connectors/connector.hpp"
#include "connectors/problems.hpp"
#include "core/embedded.hpp"
#include "workflows/definition.hpp"

namespace stellwerk::app {
namespace {

std::optional<std::string> read_file(const std::string& path) {
  std::ifstream in{path, std::ios::binary};
  if (!in) {
    fmt::print(stderr, "stellwerk: cannot read {}\n", path);
    return std::nullopt;
  }
  return std::string{std::istreambuf_iterator<char>{in}, {}};
}

int show(const std::vector<config::Problem>& problems, const std::string& text) {
  for (const auto& problem : problems) fmt::print("{}", config::render(problem, text));
  return 1;
}

/// The connectors and actions that a workflow may use: the shipped ones, and those of DIR/connectors, which take their place.
std::optional<workflows::Catalog> catalog_with(const std::string& library) {
  actors::Connectors connectors;
  for (const auto& file : embedded_files())
    if (file.path.starts_with("connectors/"))
      if (auto connector = connectors::load_connector(std::string{file.path}, std::string{file.text})) connectors.add(std::move(*connector));
  if (library.empty()) return actors::make_catalog(connectors);
  if (!std::filesystem::is_directory(library)) {
    fmt::print(stderr, "stellwerk: there is no folder {}\n", library);
    return std::nullopt;
  }
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator{std::filesystem::path{library} / "connectors", none}) {
    if (entry.path().extension() != ".yaml") continue;
    const auto text = read_file(entry.path().string());
    if (!text) return std::nullopt;
    auto connector = connectors::load_connector(entry.path().string(), *text);
    if (!connector) {
      (void)show(connector.error(), *text);
      return std::nullopt;
    }
    connectors.add(std::move(*connector));
  }
  return actors::make_catalog(connectors);
}

int check_workflows(const std::vector<std::string>& paths, const std::string& library) {
  const auto catalog = catalog_with(library);
  if (!catalog) return 2;
  int status = 0;
  for (const auto& path : paths) {
    const auto text = read_file(path);
    if (!text) return 2;
    const auto loaded = workflows::load_workflow(path, *text, *catalog);
    if (loaded) fmt::print("{}: ok, {} states, {} events\n", path, (*loaded)->states.size(), (*loaded)->events.size());
    else status = show(loaded.error(), *text);
  }
  return status;
}

int check_connectors(const std::vector<std::string>& paths) {
  int status = 0;
  for (const auto& path : paths) {
    const auto text = read_file(path);
    if (!text) return 2;
    const auto loaded = connectors::load_connector(path, *text);
    if (loaded) fmt::print("{}: ok, {} operations\n", path, (*loaded)->signatures().size());
    else status = show(loaded.error(), *text);
  }
  return status;
}

struct CheckOptions {
  std::vector<std::string> paths;
  std::string library;
};

CLI::App* add_check(CLI::App& cli, const char* group, const char* about, CheckOptions& options) {
  auto* command = cli.add_subcommand(group, about);
  command->require_subcommand(1);
  auto* sub = command->add_subcommand("check", "read files and tell every problem with file:line:column; exit status 1 when there is one");
  sub->add_option("file", options.paths, "YAML files")->required();
  return sub;
}

}  // namespace

void add_workflow(CLI::App& cli, int& exit_status) {
  auto options = std::make_shared<CheckOptions>();
  auto* check = add_check(cli, "workflow", "workflow files", *options);
  check->add_option("--library", options->library, "folder whose connectors/*.yaml may be used as well, as in the setting library.dirs");
  check->callback([options, &exit_status] { exit_status = check_workflows(options->paths, options->library); });
}

void add_connector(CLI::App& cli, int& exit_status) {
  auto options = std::make_shared<CheckOptions>();
  add_check(cli, "connector", "connector files", *options)->callback([options, &exit_status] { exit_status = check_connectors(options->paths); });
}

void add_explain(CLI::App& cli, int& exit_status) {
  auto* command = cli.add_subcommand("explain", "tell what a problem code such as SW012 means; without a code, list them all");
  auto code = std::make_shared<std::string>();
  command->add_option("code", *code, "problem code");
  command->callback([code, &exit_status] {
    if (code->empty()) {
      for (const auto& codes : {workflows::problem_codes(), connectors::problem_codes()})
        for (const auto& [known, title] : codes) fmt::print("{}  {}\n", known, title);
      return;
    }
    auto text = workflows::explain(*code);
    if (text.empty()) text = connectors::explain(*code);
    if (text.empty()) {
      fmt::print(stderr, "stellwerk: there is no problem code {}; `stellwerk explain` lists them\n", *code);
      exit_status = 1;
    } else {
      fmt::print("{}\n", text);
    }
  });
}

}  // namespace stellwerk::app
