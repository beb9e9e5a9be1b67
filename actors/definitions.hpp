#pragma once
// The published workflows and connectors of this installation, compiled. Immutable after start; shared by all threads.

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "config/secret.hpp"
#include "connectors/connector.hpp"
#include "storage/store.hpp"
#include "workflows/definition.hpp"

namespace stellwerk::actors {

/// Connectors by name; the newest revision of each.
class Connectors {
 public:
  void add(std::shared_ptr<const connectors::Connector> connector);
  void remove(const std::string& name) { by_name_.erase(name); }
  /// nullptr when there is none.
  [[nodiscard]] std::shared_ptr<const connectors::Connector> find(const std::string& name) const;
  [[nodiscard]] std::vector<std::string> names() const;

 private:
  std::map<std::string, std::shared_ptr<const connectors::Connector>> by_name_;
};

/// Workflows by name and revision; abstract ones are only the base of others and never run.
class Definitions {
 public:
  void add(std::shared_ptr<const workflows::Definition> definition, int revision);
  [[nodiscard]] std::shared_ptr<const workflows::Definition> find(const std::string& workflow, int revision) const;
  /// The newest revision, also one that cannot be read, or 0 when the workflow is unknown.
  [[nodiscard]] int latest(const std::string& workflow) const;
  /// A published revision whose text no longer loads: its actors are put aside, and no new one is born.
  void note_unreadable(const std::string& workflow, int revision, std::string why) { unreadable_[{workflow, revision}] = std::move(why); }
  [[nodiscard]] const std::map<std::pair<std::string, int>, std::string>& unreadable() const { return unreadable_; }
  /// Why find() knows none, in a sentence.
  [[nodiscard]] std::string why_not(const std::string& workflow, int revision) const;
  /// "workflow/state" of every state in which an actor may rest, for the check that nothing is silently stuck.
  [[nodiscard]] std::vector<std::string> resting() const;
  [[nodiscard]] std::vector<std::pair<std::string, int>> list() const;
  /// The file of this workflow differs from its newest revision.
  void note_newer_file(const std::string& workflow) { newer_files_.insert(workflow); }
  [[nodiscard]] bool has_newer_file(const std::string& workflow) const { return newer_files_.contains(workflow); }

 private:
  std::map<std::pair<std::string, int>, std::shared_ptr<const workflows::Definition>> all_;
  std::set<std::string> newer_files_;
  std::map<std::pair<std::string, int>, std::string> unreadable_;
};

/// The catalogue that workflows are checked against: all operations of the connectors, all actions of the store, and what references
/// may read of servers, products (also called plans), customers and actors.
[[nodiscard]] workflows::Catalog make_catalog(const Connectors& connectors);

/// A file as it stands beside what is published under its name.
struct LibraryFile {
  std::string type;   ///< "workflow" or "connector"
  std::string name;
  std::string path;   ///< empty: published once, and no file has this name any more
  int revision = 0;   ///< the newest published; 0: none
  bool differs = false;  ///< from that revision, a workflow as it is once its base is merged in
  std::string problem;   ///< why the file cannot be read, as `workflow check` tells it; empty: it can
};
/// Every file and every published name, by type and name. Errors: those of the store.
[[nodiscard]] Result<std::vector<LibraryFile>> compare_library(storage::Store& store, const TenantId& tenant, const std::vector<std::pair<std::string, std::string>>& shipped);

struct Library {
  std::shared_ptr<const Connectors> connectors;
  std::shared_ptr<const Definitions> definitions;
};
/// Names ("workflow", "ticket") whose files are published as the next revision although there is one already.
using Republished = std::set<std::pair<std::string, std::string>>;
/// Publishes every shipped file that the tenant has no revision of yet (a workflow that extends another as the resolved text, the base
/// being taken from the shipped files, else from what is published), then compiles everything that is published. Nothing is published
/// unless all of it is good. What was published before and no longer loads is told in the log and left out: its actors are put aside. Of files that differ from what is published, each is told in the log; those in `again` are published.
/// Errors: invalid_argument with all problems rendered.
[[nodiscard]] Result<Library> load_library(storage::Store& store, const TenantId& tenant, const std::vector<std::pair<std::string, std::string>>& shipped, Time now,
                                           const Republished& again = {});

}  // namespace stellwerk::actors
