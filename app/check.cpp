// stellwerk connector check, explain: what is wrong in a file, where, and what instead. Workflows: workflow.cpp.

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "app/commands.hpp"
#include "app/library.hpp"
#include "app/workflow_files.hpp"
#include "connectors/connector.hpp"
#include "connectors/problems.hpp"
#include "workflows/definition.hpp"

namespace stellwerk::app {
namespace {

int check_connectors(const std::vector<std::string>& paths) {
  int status = 0;
  for (const auto& path : paths) {
    const auto text = read_file(path);
    if (!text) return 2;
    if (tell_other_sort(path, *text, FileSort::connector)) {
      status = 1;
      continue;
    }
    const auto loaded = connectors::load_connector(path, *text);
    if (loaded) fmt::print("{}: ok, {}\n", path, counted((*loaded)->signatures().size(), "operation"));
    else {
      tell(loaded.error(), path, *text);
      status = 1;
    }
  }
  return status;
}

}  // namespace

void add_connector(CLI::App& cli, int& exit_status) {
  auto* group = cli.add_subcommand("connector", "connector files");
  group->require_subcommand(1);
  auto paths = std::make_shared<std::vector<std::string>>();
  auto* check = group->add_subcommand("check", "read files and tell every problem with file:line:column; exit status 1 when there is one");
  check->add_option("file", *paths, "YAML files")->required();
  check->callback([paths, &exit_status] { exit_status = check_connectors(*paths); });
  add_library_commands(*group, "connector", exit_status);
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
    std::string known = *code;
    for (char& c : known) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    auto text = workflows::explain(known);
    if (text.empty()) text = connectors::explain(known);
    if (text.empty()) {
      fmt::print(stderr, "stellwerk: there is no problem code '{}'; `stellwerk explain` lists them\n", *code);
      exit_status = 1;
    } else {
      fmt::print("{}\n", text);
    }
  });
}

}  // namespace stellwerk::app
