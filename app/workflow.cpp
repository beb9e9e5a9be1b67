// stellwerk workflow check | show | graph | schema: what is in a file, and what is wrong with it. test, simulate: workflow_proof.cpp.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <vector>

#include "app/commands.hpp"
#include "app/library.hpp"
#include "app/workflow_commands.hpp"
#include "core/embedded.hpp"
#include "workflows/proof/graph.hpp"

namespace stellwerk::app {

void add_sources(CLI::App& command, WorkflowSources& sources) {
  command.add_option("--library", sources.library, "folder whose connectors/*.yaml and workflows/*.yaml may be used as well, as in the setting library.dirs");
  command.add_option("--catalog", sources.catalogs, "file of signatures of operations, actions and kinds that do not exist yet; may be given several times")
      ->take_all()
      ->allow_extra_args(false);
}

std::shared_ptr<const workflows::Definition> load_file(const std::string& path, const WorkflowSources& sources, int& status) {
  status = 2;
  const auto catalog = read_catalogs(sources);
  const auto text = catalog ? read_file(path) : std::nullopt;
  if (!text) return nullptr;
  if (tell_other_sort(path, *text, FileSort::workflow)) {
    status = 1;
    return nullptr;
  }
  auto loaded = workflows::load_workflow(path, *text, *catalog, finder(path, sources));
  status = loaded ? 0 : 1;
  if (loaded) return std::move(*loaded);
  tell(loaded.error(), path, *text);
  return nullptr;
}

namespace {

struct Check {
  std::vector<std::string> paths;
  WorkflowSources sources;
  bool json = false, sarif = false;
};

/// A file that is good by itself.
struct Checked {
  std::string path, text;
  std::shared_ptr<const workflows::Definition> definition;
};

int check(const Check& asked) {
  const auto catalog = read_catalogs(asked.sources);
  if (!catalog) return 2;
  const bool for_people = !asked.json && !asked.sarif;
  const auto paths = workflow_paths(asked.paths);
  if (!paths) return 2;
  ProblemList problems;
  std::vector<Checked> good;
  for (const auto& path : *paths) {
    auto text = read_file(path);
    if (!text) return 2;
    if (const auto other = other_sort(path, *text, FileSort::workflow)) {
      problems.add({*other}, path, *text);
      continue;
    }
    auto loaded = workflows::load_workflow(path, *text, *catalog, finder(path, asked.sources));
    if (loaded) good.push_back({path, std::move(*text), std::move(*loaded)});
    else problems.add(loaded.error(), path, *text);
  }
  workflows::Neighbours neighbours;
  for (const auto& file : good) neighbours.known.push_back(file.definition);
  for (const auto& file : good) {
    neighbours.named = named_by(*file.definition, file.path, *catalog, asked.sources);
    const auto across = workflows::check_across(*file.definition, neighbours);
    problems.add(across, file.path, file.text);
    if (across.empty() && for_people) fmt::print("{}: ok, {}, {}\n", file.path, counted(file.definition->states.size(), "state"), counted(file.definition->events.size(), "event"));
  }
  fmt::print("{}", asked.json ? problems.json() : asked.sarif ? problems.sarif() : problems.text());
  return problems.empty() ? 0 : 1;
}

void add_check(CLI::App& group, int& exit_status) {
  auto* command = group.add_subcommand("check", "read files and tell every problem with file:line:column; exit status 1 when there is one, 2 when a file cannot be read");
  auto asked = std::make_shared<Check>();
  command->add_option("file", asked->paths, "YAML files, or folders of them; what they say to one another is compared")->required();
  add_sources(*command, asked->sources);
  auto* json = command->add_flag("--json", asked->json, "the problems as JSON");
  command->add_flag("--sarif", asked->sarif, "the problems as SARIF 2.1.0")->excludes(json);
  command->callback([asked, &exit_status] { exit_status = check(*asked); });
}

struct Show {
  std::string path;
  WorkflowSources sources;
  bool resolved = false;
  std::string format = "mermaid";
};

int show(const Show& asked) {
  const auto text = read_file(asked.path);
  if (!text) return 2;
  if (!asked.resolved) {
    fmt::print("{}", *text);
    return 0;
  }
  if (tell_other_sort(asked.path, *text, FileSort::workflow)) return 1;
  const auto resolved = workflows::resolve_workflow(asked.path, *text, finder(asked.path, asked.sources));
  if (!resolved) {
    tell(resolved.error(), asked.path, *text);
    return 1;
  }
  fmt::print("{}", *resolved);
  return 0;
}

int graph(const Show& asked) {
  int status = 0;
  const auto definition = load_file(asked.path, asked.sources, status);
  if (!definition) return status;
  if (asked.format == "json") fmt::print("{}\n", dump_json(workflows::proof::graph_json(*definition)));
  else fmt::print("{}", asked.format == "dot" ? workflows::proof::dot(*definition) : workflows::proof::mermaid(*definition));
  return 0;
}

void add_show(CLI::App& group, int& exit_status) {
  auto* command = group.add_subcommand("show", "print a file; --resolved: with its base merged in, as it is published");
  auto asked = std::make_shared<Show>();
  command->add_option("file", asked->path, "YAML file")->required();
  command->add_flag("--resolved", asked->resolved, "with its base");
  add_sources(*command, asked->sources);
  command->callback([asked, &exit_status] { exit_status = show(*asked); });
}

void add_graph(CLI::App& group, int& exit_status) {
  auto* command = group.add_subcommand("graph", "print states and transitions as a picture");
  auto asked = std::make_shared<Show>();
  command->add_option("file", asked->path, "YAML file")->required();
  command->add_option("--format", asked->format, "mermaid, json or dot (Graphviz)")->check(CLI::IsMember{{"mermaid", "json", "dot"}})->capture_default_str();
  add_sources(*command, asked->sources);
  command->callback([asked, &exit_status] { exit_status = graph(*asked); });
}

void add_schema(CLI::App& group, int& exit_status) {
  auto* command = group.add_subcommand("schema", "print the JSON Schema of workflow files, for editors");
  command->callback([&exit_status] {
    for (const auto& file : embedded_files())
      if (file.path.ends_with("workflow.schema.json")) {
        fmt::print("{}", file.text);
        return;
      }
    fmt::print(stderr, "stellwerk: this build has no schema in it\n");
    exit_status = 2;
  });
}

}  // namespace

void add_workflow(CLI::App& cli, int& exit_status) {
  auto* group = cli.add_subcommand("workflow", "workflow files; exit status 0 good, 1 problems or failed tests, 2 wrong usage or a file that cannot be read");
  group->require_subcommand(1);
  add_check(*group, exit_status);
  add_show(*group, exit_status);
  add_graph(*group, exit_status);
  add_workflow_test(*group, exit_status);
  add_workflow_simulate(*group, exit_status);
  add_schema(*group, exit_status);
  add_library_commands(*group, "workflow", exit_status);
}

}  // namespace stellwerk::app
