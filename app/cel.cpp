// stellwerk cel test FILE: expressions against a file of cases.

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "app/commands.hpp"
#include "app/startup.hpp"
#include "core/text_file.hpp"
#include "workflows/cel/conformance.hpp"

namespace stellwerk::app {

void add_cel(CLI::App& cli, int& exit_status) {
  auto* command = cli.add_subcommand("cel", "expressions");
  command->require_subcommand(1);
  auto* test = command->add_subcommand("test", "run a file of expression cases; ends with 'N passed, N failed' and the failed names");
  auto path = std::make_shared<std::string>();
  test->add_option("file", *path, "JSON file of cases")->required();
  test->callback([path, &exit_status] {
    const auto text = read_text_file(*path);
    if (!text) {
      fmt::print(stderr, "stellwerk: {}\n", describe(text.error()));
      exit_status = 2;
      return;
    }
    const auto report_ = workflows::cel::run_conformance(*text);
    if (!report_) {
      exit_status = report(report_.error());
      return;
    }
    fmt::print("{} passed, {} failed\n", report_->passed, report_->failed);
    for (const auto& name : report_->failures) fmt::print("  {}\n", name);
    exit_status = report_->failed == 0 ? 0 : 1;
  });
}

}  // namespace stellwerk::app
