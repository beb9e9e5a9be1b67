#include "app/workflow_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>

#include "actors/definitions.hpp"
#include "connectors/connector.hpp"
#include "connectors/problems.hpp"
#include "core/embedded.hpp"
#include "core/text_file.hpp"

namespace stellwerk::app {
namespace {

bool is_workflow_file(std::string_view path) { return path.ends_with(".yaml") && !path.ends_with(".test.yaml"); }

/// A sort of file by the key that only it has.
struct Sort {
  FileSort sort;
  const char* key;
  const char* name;
  const char* use;
  const char* command;
};
constexpr Sort sorts[]{
    {FileSort::test, "test", "a test file", "run it with", "stellwerk workflow test"},
    {FileSort::workflow, "workflow", "a workflow", "check it with", "stellwerk workflow check"},
    {FileSort::connector, "connector", "a connector", "check it with", "stellwerk connector check"},
    {FileSort::catalogue, "catalog", "a catalogue of signatures", "give it to other commands with", "--catalog"},
};

/// A path as a reference of RFC 3986, which SARIF wants: bytes that a path segment does not take are escaped.
std::string uri_of(std::string_view path) {
  static constexpr std::string_view plain = "-._~/!$&'()*+,;=@";
  std::string uri;
  for (const char c : path) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (letter || plain.find(c) != std::string_view::npos) uri += c;
    else uri += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return uri;
}

bool declares(const std::string& file, const std::string& text, std::string_view workflow) {
  if (text.find("workflow:") == std::string::npos) return false;
  const auto yaml = config::read_yaml(file, text);
  if (!yaml) return false;  // its own problems are told when it is the one asked for
  const auto* name = yaml->root.find("workflow");
  return name != nullptr && name->is_text() && name->text == workflow;
}

std::optional<workflows::SourceFile> find_in(const std::filesystem::path& folder, std::string_view workflow) {
  std::vector<std::filesystem::path> paths;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator{folder, none})
    if (is_workflow_file(entry.path().string())) paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());  // the same one on every machine
  for (const auto& path : paths) {
    const auto text = read_file(path.string());
    if (text && declares(path.string(), *text, workflow)) return workflows::SourceFile{path.string(), *text};
  }
  return std::nullopt;
}

/// A catalogue, connector or migration that lies beside workflows. A file that cannot be read as YAML may be a workflow.
bool is_of_another_sort(const std::string& path) {
  const auto text = read_file(path);
  const auto yaml = text ? config::read_yaml(path, *text) : tl::unexpected(std::vector<config::Problem>{});
  if (!yaml || !yaml->root.is_map() || yaml->root.find("workflow") != nullptr) return false;
  return std::ranges::any_of(std::array{"catalog", "connector", "interface", "migrate", "test"}, [&](const char* key) { return yaml->root.find(key) != nullptr; });
}

/// Of a base that has been read before, by the name its problems go by.
std::string text_of_base(const std::string& name) {
  for (const auto& file : embedded_files())
    if (file.path == name) return std::string{file.text};
  return read_file(name).value_or(std::string{});
}

bool add_connector(actors::Connectors& connectors, const std::filesystem::path& path) {
  const auto text = read_file(path.string());
  if (!text) return false;
  auto connector = connectors::load_connector(path.string(), *text);
  if (connector) connectors.add(std::move(*connector));
  else tell(connector.error(), path.string(), *text);
  return connector.has_value();
}

}  // namespace

std::optional<config::Problem> other_sort(const std::string& path, const std::string& text, FileSort wanted) {
  const auto yaml = config::read_yaml(path, text);
  if (!yaml) return std::nullopt;  // whoever reads it tells what is wrong
  const auto is = [&](const Sort& sort) { return yaml->root.find(sort.key) != nullptr; };
  const auto& asked = *std::ranges::find(sorts, wanted, &Sort::sort);
  const auto* found = std::ranges::find_if(sorts, is);
  if (is(asked) || found == std::end(sorts)) return std::nullopt;
  return config::Problem{.code = "SW010", .file = path, .place = yaml->root.find(found->key)->place, .message = fmt::format("this is {}, not {}", found->name, asked.name),
                         .hint = fmt::format("{}: {} {}", found->use, found->command, path)};
}

bool tell_other_sort(const std::string& path, const std::string& text, FileSort wanted) {
  const auto other = other_sort(path, text, wanted);
  if (other) tell({*other}, path, text);
  return other.has_value();
}

std::string counted(std::size_t count, std::string_view thing) { return fmt::format("{} {}{}", count, thing, count == 1 ? "" : "s"); }

std::optional<std::string> read_file(const std::string& path) {
  auto text = read_text_file(path);
  if (text) return std::move(*text);
  fmt::print(stderr, "stellwerk: {}\n", describe(text.error()));
  return std::nullopt;
}

std::optional<workflows::Catalog> read_catalogs(const WorkflowSources& sources) {
  actors::Connectors connectors;
  for (const auto& file : embedded_files())
    if (file.path.starts_with("connectors/"))
      if (auto connector = connectors::load_connector(std::string{file.path}, std::string{file.text})) connectors.add(std::move(*connector));
  if (!sources.library.empty()) {
    if (!std::filesystem::is_directory(sources.library)) {
      fmt::print(stderr, "stellwerk: there is no folder {}\n", sources.library);
      return std::nullopt;
    }
    std::error_code none;
    for (const auto& entry : std::filesystem::directory_iterator{std::filesystem::path{sources.library} / "connectors", none})
      if (entry.path().extension() == ".yaml" && !add_connector(connectors, entry.path())) return std::nullopt;
  }
  auto catalog = actors::make_catalog(connectors);
  for (const auto& path : sources.catalogs) {
    const auto text = read_file(path);
    if (!text || tell_other_sort(path, *text, FileSort::catalogue)) return std::nullopt;
    const auto problems = workflows::read_catalog(path, *text, catalog);
    if (problems.empty()) continue;
    tell(problems, path, *text);
    return std::nullopt;
  }
  return catalog;
}

workflows::FindBase finder(const std::string& path, const WorkflowSources& sources) {
  return [path, library = sources.library](std::string_view workflow) -> std::optional<workflows::SourceFile> {
    const auto folder = std::filesystem::path{path}.parent_path();
    if (auto found = find_in(folder.empty() ? "." : folder, workflow)) return found;
    if (!library.empty())
      if (auto found = find_in(std::filesystem::path{library} / "workflows", workflow)) return found;
    for (const auto& file : embedded_files()) {
      const std::string text{file.text}, name{file.path};
      if (name.starts_with("workflows/library/") && is_workflow_file(name) && declares(name, text, workflow)) return workflows::SourceFile{name, text};
    }
    return std::nullopt;
  };
}

std::optional<std::vector<std::string>> workflow_paths(const std::vector<std::string>& asked) {
  std::vector<std::string> paths;
  for (const auto& path : asked) {
    if (!std::filesystem::is_directory(path)) {
      paths.push_back(path);
      continue;
    }
    std::vector<std::string> within;
    std::error_code failed;
    for (const auto& entry : std::filesystem::directory_iterator{path, failed})
      if (is_workflow_file(entry.path().string()) && !is_of_another_sort(entry.path().string())) within.push_back(entry.path().string());
    if (within.empty()) {
      fmt::print(stderr, "stellwerk: the folder {} {}\n", path, failed ? fmt::format("cannot be read: {}", failed.message()) : "has no workflows (*.yaml)");
      return std::nullopt;
    }
    std::sort(within.begin(), within.end());
    paths.insert(paths.end(), within.begin(), within.end());
  }
  return paths;
}

workflows::Neighbours::Some named_by(const workflows::Definition& definition, const std::string& path, const workflows::Catalog& catalog, const WorkflowSources& sources) {
  workflows::Neighbours::Some named;
  const auto find = finder(path, sources);
  for (const auto& crossing : definition.crossings) {
    const auto source = crossing.event.empty() && !crossing.workflow.empty() ? find(crossing.workflow) : std::nullopt;
    if (!source) continue;
    if (auto loaded = workflows::load_workflow(source->name, source->text, catalog, finder(source->name, sources))) named.push_back(std::move(*loaded));
  }
  return named;
}

void tell(const std::vector<config::Problem>& problems, const std::string& file, const std::string& text) {
  ProblemList list;
  list.add(problems, file, text);
  fmt::print("{}", list.text());
}

// --- problems

void ProblemList::add(const std::vector<config::Problem>& problems, const std::string& file, const std::string& text) {
  for (const auto& problem : problems) {
    const auto key = fmt::format("{}:{}:{}:{}:{}", problem.file, problem.place.line, problem.place.column, problem.code, problem.message);
    const bool known = !told_.insert(key).second;
    if (!known) all_.emplace_back(problem, problem.file == file ? text : text_of_base(problem.file));
  }
}

std::string ProblemList::text() const {
  std::string all;
  for (const auto& [problem, text] : all_) all += config::render(problem, text);
  return all;
}

std::string ProblemList::json() const {
  JsonArray problems;
  for (const auto& [problem, text] : all_)
    problems.push_back(JsonObject{{"file", problem.file}, {"line", problem.place.line}, {"column", problem.place.column}, {"code", problem.code}, {"message", problem.message}, {"hint", problem.hint}});
  return dump_json(JsonObject{{"problems", std::move(problems)}}) + "\n";
}

std::string ProblemList::sarif() const {
  JsonArray results, rules;
  std::set<std::string> told;
  for (const auto& [problem, text] : all_) {
    if (told.insert(problem.code).second) rules.push_back(JsonObject{{"id", problem.code}, {"fullDescription", {{"text", workflows::explain(problem.code)}}}});
    const JsonObject region{{"startLine", std::max(problem.place.line, 1)}, {"startColumn", std::max(problem.place.column, 1)}};
    const JsonObject location{{"physicalLocation", {{"artifactLocation", {{"uri", uri_of(problem.file)}}}, {"region", region}}}};
    results.push_back(JsonObject{{"ruleId", problem.code}, {"level", "error"}, {"message", {{"text", problem.hint.empty() ? problem.message : problem.message + ": " + problem.hint}}},
                                 {"locations", JsonArray{location}}});
  }
  const JsonObject driver{{"name", "stellwerk"}, {"version", STELLWERK_VERSION}, {"rules", std::move(rules)}};
  const JsonObject run{{"tool", {{"driver", driver}}}, {"columnKind", "unicodeCodePoints"}, {"results", std::move(results)}};
  return dump_json(JsonObject{{"$schema", "https://json.schemastore.org/sarif-2.1.0.json"}, {"version", "2.1.0"}, {"runs", JsonArray{run}}}) + "\n";
}

}  // namespace stellwerk::app
