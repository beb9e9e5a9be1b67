// stellwerk workflow test | simulate: workflows in virtual time.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <iostream>

#include "app/workflow_commands.hpp"
#include "workflows/proof/simulator.hpp"
#include "workflows/proof/tester.hpp"

namespace stellwerk::app {
namespace {

namespace proof = workflows::proof;

struct Loaded {
  std::shared_ptr<const workflows::Definition> definition;
  proof::Tests tests;
};

/// Reads a test file and the workflow it tests. Nothing: told, and `status` is what the command ends with.
std::optional<Loaded> load_tests(const std::string& path, const workflows::Catalog& catalog, const WorkflowSources& sources, int& status) {
  status = 2;
  const auto text = read_file(path);
  if (!text) return std::nullopt;
  status = 1;
  if (tell_other_sort(path, *text, FileSort::test)) return std::nullopt;
  const auto file = proof::open_test_file(path, *text);
  if (!file) {
    tell(file.error(), path, *text);
    return std::nullopt;
  }
  const auto find = finder(path, sources);
  const auto source = find(file->workflow);
  if (!source) {
    tell({{.code = "SW012", .file = path, .place = file->place, .message = fmt::format("there is no workflow '{}' beside this file, in the library or among those shipped", file->workflow),
           .hint = "put the file into the same folder, or say --library"}}, path, *text);
    return std::nullopt;
  }
  auto loaded = workflows::load_workflow(source->name, source->text, catalog, finder(source->name, sources));
  if (!loaded) {
    tell(loaded.error(), source->name, source->text);
    return std::nullopt;
  }
  // in virtual time nobody is born by what `create` says, so a mistake in it would not show
  if (const auto across = workflows::check_across(**loaded, {.known = {}, .named = named_by(**loaded, source->name, catalog, sources)}); !across.empty()) {
    tell(across, source->name, source->text);
    return std::nullopt;
  }
  auto tests = proof::read_tests(*file, **loaded, catalog);
  if (!tests) {
    tell(tests.error(), path, *text);
    return std::nullopt;
  }
  return Loaded{std::move(*loaded), std::move(*tests)};
}

struct Test {
  std::vector<std::string> paths;
  WorkflowSources sources;
  std::string junit;
};

int test(const Test& asked) {
  const auto catalog = read_catalogs(asked.sources);
  if (!catalog) return 2;
  int worst = 0;
  std::vector<proof::TestReport> reports;
  for (const auto& path : asked.paths) {
    int status = 0;
    const auto loaded = load_tests(path, *catalog, asked.sources, status);
    if (!loaded) {
      if (status == 2) return 2;
      worst = 1;
      continue;
    }
    reports.push_back(proof::run_tests(loaded->tests, loaded->definition, *catalog));
    fmt::print("{}", proof::render(reports.back()));
    if (!reports.back().passed()) worst = 1;
  }
  if (asked.junit.empty()) return worst;
  std::ofstream out{asked.junit, std::ios::binary};
  out << proof::render_junit(reports);
  out.close();
  if (out) return worst;
  fmt::print(stderr, "stellwerk: cannot write {}\n", asked.junit);
  return 2;
}

struct Simulation {
  std::string path;
  std::string script;
  std::string given = "{}";
  WorkflowSources sources;
};

/// Without a script, everything comes from the keyboard.
int simulate(const Simulation& asked) {
  const auto catalog = read_catalogs(asked.sources);
  if (!catalog) return 2;
  int status = 0;
  const auto definition = load_file(asked.path, asked.sources, status);
  if (!definition) return status;
  const auto print = [](const std::string& line) { fmt::print("{}\n", line); };
  const auto text = asked.script.empty() ? std::optional{fmt::format("test: {}\ngiven: {}\nscript: []\n", definition->name, asked.given)} : read_file(asked.script);
  if (!text) return 2;
  const auto name = asked.script.empty() ? std::string{"--given"} : asked.script;
  if (tell_other_sort(name, *text, FileSort::test)) return 1;
  const auto file = proof::open_test_file(name, *text);
  const auto tests = file ? proof::read_tests(*file, *definition, *catalog) : tl::unexpected(file.error());
  if (!tests) {
    tell(tests.error(), name, *text);
    return 1;
  }
  // A script with lines runs; a file that only says how things stand at the start is gone on with by hand.
  const bool by_hand = tests->cases.empty() || tests->cases.front().script.empty();
  if (!by_hand) return proof::simulate(*tests, definition, *catalog, print) ? 0 : 1;
  const auto read = [](std::string& line) {
    fmt::print("> ");
    std::fflush(stdout);
    return static_cast<bool>(std::getline(std::cin, line));
  };
  return proof::simulate_by_hand(*tests, definition, *catalog, read, print) ? 0 : 1;
}

}  // namespace

void add_workflow_test(CLI::App& group, int& exit_status) {
  auto* command = group.add_subcommand("test", "run test files (*.test.yaml) in virtual time; exit status 1 when a case fails or too little was reached");
  auto asked = std::make_shared<Test>();
  command->add_option("file", asked->paths, "test files")->required();
  add_sources(*command, asked->sources);
  command->add_option("--junit", asked->junit, "also write the results to this file, as JUnit has it");
  command->callback([asked, &exit_status] { exit_status = test(*asked); });
}

void add_workflow_simulate(CLI::App& group, int& exit_status) {
  auto* command = group.add_subcommand("simulate", "run a workflow in virtual time and print every decision; without --script, by commands from the keyboard");
  auto asked = std::make_shared<Simulation>();
  command->add_option("file", asked->path, "YAML file of the workflow")->required();
  auto* script = command->add_option("--script", asked->script, "file with `test`, `given` and a `script`, as tests have them");
  command->add_option("--given", asked->given, "attributes at birth: '{ hostname: v1.example.com }'")->excludes(script);
  add_sources(*command, asked->sources);
  command->callback([asked, &exit_status] { exit_status = simulate(*asked); });
}

}  // namespace stellwerk::app
