#pragma once
// The published workflows and connectors of this installation, compiled. Immutable after start; shared by all threads.

#include <map>
#include <memory>
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
  /// The newest revision, or 0 when the workflow is unknown.
  [[nodiscard]] int latest(const std::string& workflow) const;
  /// "workflow/state" of every state in which an actor may rest, for the check that nothing is silently stuck.
  [[nodiscard]] std::vector<std::string> resting() const;
  [[nodiscard]] std::vector<std::pair<std::string, int>> list() const;

 private:
  std::map<std::pair<std::string, int>, std::shared_ptr<const workflows::Definition>> all_;
};

/// The catalogue that workflows are checked against: all operations of the connectors, all actions of the store, and what references
/// may read of servers, products (also called plans), customers and actors.
[[nodiscard]] workflows::Catalog make_catalog(const Connectors& connectors);

struct Library {
  std::shared_ptr<const Connectors> connectors;
  std::shared_ptr<const Definitions> definitions;
};
/// Publishes every shipped file that the tenant has no revision of yet (a workflow that extends another as the resolved text, the base
/// being taken from the shipped files, else from what is published), then compiles everything that is published.
/// Errors: invalid_argument with all problems rendered.
[[nodiscard]] Result<Library> load_library(storage::Store& store, const TenantId& tenant, const std::vector<std::pair<std::string, std::string>>& shipped, Time now);

}  // namespace stellwerk::actors
