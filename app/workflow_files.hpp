#pragma once
// Files that the `workflow` commands read: workflows, their bases, catalogues, connectors of a library.

#include <cstddef>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "workflows/definition.hpp"

namespace stellwerk::app {

/// Where signatures and bases come from, beside what is shipped.
struct WorkflowSources {
  std::string library;                ///< folder with connectors/*.yaml and workflows/*.yaml; may be empty
  std::vector<std::string> catalogs;  ///< files of signatures
};

/// The sorts of YAML files that there are.
enum class FileSort { workflow, test, connector, catalogue };
/// A file of another sort than `wanted`: one problem that says so and which command reads it, in place of one for each of its keys.
[[nodiscard]] std::optional<config::Problem> other_sort(const std::string& path, const std::string& text, FileSort wanted);
/// True when it is of another sort, which is told on stdout.
[[nodiscard]] bool tell_other_sort(const std::string& path, const std::string& text, FileSort wanted);

/// "1 state", "2 states"
[[nodiscard]] std::string counted(std::size_t count, std::string_view thing);

/// Nothing when it cannot be read, which is told on stderr.
[[nodiscard]] std::optional<std::string> read_file(const std::string& path);

/// Connectors and actions that are shipped, those of the library and those of the catalogues; later ones take the place of earlier.
/// Nothing when a file cannot be read or has problems, which are told.
[[nodiscard]] std::optional<workflows::Catalog> read_catalogs(const WorkflowSources& sources);

/// Looks for a workflow by its name: beside `path`, then in the library, then among those shipped. Test files are none.
[[nodiscard]] workflows::FindBase finder(const std::string& path, const WorkflowSources& sources);

/// These files, and of each folder its workflows (*.yaml that are no tests, catalogues or connectors) by name. Nothing when a folder
/// has none or cannot be read, which is told on stderr.
[[nodiscard]] std::optional<std::vector<std::string>> workflow_paths(const std::vector<std::string>& asked);

/// The workflows that a `create` of the definition in `path` names, found as a base is; those with problems of their own are left out.
[[nodiscard]] workflows::Neighbours::Some named_by(const workflows::Definition& definition, const std::string& path, const workflows::Catalog& catalog,
                                                   const WorkflowSources& sources);

/// Problems of several files, each with the text it is in.
class ProblemList {
 public:
  /// Of `file` and of its base, whose text is found by its name. The same problem of a base of several files is told once.
  void add(const std::vector<config::Problem>& problems, const std::string& file, const std::string& text);
  [[nodiscard]] bool empty() const { return all_.empty(); }
  /// With places and carets.
  [[nodiscard]] std::string text() const;
  /// { problems: [ { file, line, column, code, message, hint } ] }
  [[nodiscard]] std::string json() const;
  /// SARIF 2.1.0, as code forges read it.
  [[nodiscard]] std::string sarif() const;

 private:
  std::vector<std::pair<config::Problem, std::string>> all_;
  std::set<std::string> told_;
};

/// Tells the problems of `file` and of its base on stdout.
void tell(const std::vector<config::Problem>& problems, const std::string& file, const std::string& text);

}  // namespace stellwerk::app
