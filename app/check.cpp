// stellwerk workflow check, connector check, explain: what is wrong in a file, where, and what instead.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <fstream>
#include <iterator>

#include "actors/definitions.hpp"
#include "app/commands.hpp"
#include "connectors/connector.hpp"
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

/// The shipped connectors and actions: what a workflow may use.
workflows::Catalog shipped_catalog() {
  actors::Connectors connectors;
  for (const auto& file : embedded_files())
    if (file.path.starts_with("connectors/"))
      if (auto connector = connectors::load_connector(std::string{file.path}, std::string{file.text})) connectors.add(std::move(*connector));
  return actors::make_catalog(connectors);
}

int check_workflows(const std::vector<std::string>& paths) {
  const auto catalog = shipped_catalog();
  int status = 0;
  for (const auto& path : paths) {
    const auto text = read_file(path);
    if (!text) return 2;
    const auto loaded = workflows::load_workflow(path, *text, catalog);
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

void add_check(CLI::App& cli, int& exit_status, const char* group, const char* about, int (*check)(const std::vector<std::string>&)) {
  auto* command = cli.add_subcommand(group, about);
  command->require_subcommand(1);
  auto* sub = command->add_subcommand("check", "read files and tell every problem with file:line:column; exit status 1 when there is one");
  auto paths = std::make_shared<std::vector<std::string>>();
  sub->add_option("file", *paths, "YAML files")->required();
  sub->callback([paths, check, &exit_status] { exit_status = check(*paths); });
}

}  // namespace

void add_workflow(CLI::App& cli, int& exit_status) { add_check(cli, exit_status, "workflow", "workflow files", check_workflows); }
void add_connector(CLI::App& cli, int& exit_status) { add_check(cli, exit_status, "connector", "connector files", check_connectors); }

void add_explain(CLI::App& cli, int& exit_status) {
  auto* command = cli.add_subcommand("explain", "tell what a problem code such as SW012 means; without a code, list them all");
  auto code = std::make_shared<std::string>();
  command->add_option("code", *code, "problem code");
  command->callback([code, &exit_status] {
    if (code->empty()) {
      for (const auto& [known, title] : workflows::problem_codes()) fmt::print("{}  {}\n", known, title);
      return;
    }
    const auto text = workflows::explain(*code);
    if (text.empty()) {
      fmt::print(stderr, "stellwerk: there is no problem code {}; `stellwerk explain` lists them\n", *code);
      exit_status = 1;
    } else {
      fmt::print("{}\n", text);
    }
  });
}

}  // namespace stellwerk::app
