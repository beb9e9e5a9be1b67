#include "actors/definitions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "storage/actions/actions.hpp"

namespace stellwerk::actors {
namespace {

workflows::TypeSpec action_type(const std::string& name) {
  using Base = workflows::TypeSpec::Base;
  if (name == "int") return {.base = Base::integer};
  if (name == "bool") return {.base = Base::boolean};
  if (name == "duration") return {.base = Base::duration};
  if (name == "list") return {.base = Base::list, .of = std::make_shared<const workflows::TypeSpec>(workflows::TypeSpec{.base = Base::any})};
  return {.base = Base::string};
}

std::vector<workflows::Field> action_fields(const std::vector<storage::ActionField>& fields) {
  std::vector<workflows::Field> out;
  for (const auto& field : fields) out.push_back({.name = field.name, .type = action_type(field.type), .required = field.required});
  return out;
}

workflows::KindSignature kind_of(const std::vector<std::string>& texts, bool open) {
  workflows::KindSignature kind;
  for (const auto& name : texts) kind.fields.push_back({.name = name, .type = {.base = workflows::TypeSpec::Base::string}});
  kind.open = open;
  return kind;
}

std::string render_all(const std::vector<config::Problem>& problems, const std::string& text) {
  std::string out;
  for (const auto& problem : problems) out += config::render(problem, text);
  return out;
}

/// "workflows/library/ticket.yaml" → {"workflow", "ticket"}
std::pair<std::string, std::string> kind_and_name(const std::string& path) {
  const auto slash = path.rfind('/');
  auto name = path.substr(slash + 1);
  if (name.ends_with(".test.yaml") || !name.ends_with(".yaml")) return {};
  name.resize(name.size() - 5);
  if (path.starts_with("workflows/")) return {"workflow", name};
  if (path.starts_with("connectors/")) return {"connector", name};
  return {};
}

}  // namespace

void Connectors::add(std::shared_ptr<const connectors::Connector> connector) { by_name_[connector->name()] = std::move(connector); }

std::shared_ptr<const connectors::Connector> Connectors::find(const std::string& name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : found->second;
}

std::vector<std::string> Connectors::names() const {
  std::vector<std::string> out;
  for (const auto& [name, connector] : by_name_) out.push_back(name);
  return out;
}

void Definitions::add(std::shared_ptr<const workflows::Definition> definition, int revision) {
  auto name = definition->name;
  all_[{std::move(name), revision}] = std::move(definition);
}

std::shared_ptr<const workflows::Definition> Definitions::find(const std::string& workflow, int revision) const {
  const auto found = all_.find({workflow, revision});
  return found == all_.end() ? nullptr : found->second;
}

int Definitions::latest(const std::string& workflow) const {
  int newest = 0;
  for (const auto& [key, definition] : all_)
    if (key.first == workflow) newest = std::max(newest, key.second);
  return newest;
}

std::vector<std::string> Definitions::resting() const {
  std::vector<std::string> out;
  for (const auto& [key, definition] : all_)
    for (const auto& state : definition->states)
      if (state.rest) out.push_back(key.first + "/" + state.name);
  return out;
}

std::vector<std::pair<std::string, int>> Definitions::list() const {
  std::vector<std::pair<std::string, int>> out;
  for (const auto& [key, definition] : all_) out.push_back(key);
  return out;
}

workflows::Catalog make_catalog(const Connectors& connectors) {
  workflows::Catalog catalog;
  for (const auto& name : connectors.names())
    for (auto& signature : connectors.find(name)->signatures()) catalog.operations[signature.name] = signature;
  for (const auto& spec : storage::action_specs())
    catalog.actions[spec.name] = {.name = spec.name, .input = action_fields(spec.input), .output = action_fields(spec.output), .undo = spec.undo};
  catalog.kinds["server"] = kind_of({"name", "connector", "pool", "state"}, false);
  for (const char* kind : {"product", "plan"}) catalog.kinds[kind] = kind_of({"name", "workflow"}, true);
  catalog.kinds["customer"] = kind_of({"number", "name", "email", "state", "status"}, true);
  for (const char* kind : {"order", "service", "invoice", "domain", "ticket"}) catalog.kinds[kind] = kind_of({"state", "status", "customer"}, true);
  return catalog;
}

Result<Library> load_library(storage::Store& store, const TenantId& tenant, const std::vector<std::pair<std::string, std::string>>& shipped, Time now) {
  STELLWERK_TRY(auto published, store.revisions(tenant));
  const auto has = [&](const std::string& type, const std::string& name) {
    for (const auto& revision : published)
      if (revision.type == type && revision.name == name) return true;
    return false;
  };
  const workflows::FindBase find_base = [&](std::string_view name) -> std::optional<workflows::SourceFile> {
    for (const auto& [path, text] : shipped)
      if (kind_and_name(path) == std::pair{std::string{"workflow"}, std::string{name}}) return workflows::SourceFile{path, text};
    const storage::Store::Revision* newest = nullptr;
    for (const auto& revision : published)
      if (revision.type == "workflow" && revision.name == name && (newest == nullptr || newest->revision < revision.revision)) newest = &revision;
    if (newest == nullptr) return std::nullopt;
    return workflows::SourceFile{newest->name + ".yaml", newest->text};
  };
  std::string problems;
  // New files are published only when everything, they included, is good: a mistake is told again until the file is corrected.
  std::vector<storage::Store::Revision> fresh;
  for (const auto& [path, text] : shipped) {
    const auto [type, name] = kind_and_name(path);
    if (type.empty() || has(type, name)) continue;
    auto resolved = type == "workflow" ? workflows::resolve_workflow(path, text, find_base) : text;
    if (!resolved) {
      problems += render_all(resolved.error(), text);
      continue;
    }
    fresh.push_back({.tenant = tenant, .type = type, .name = name, .revision = 1, .text = std::move(*resolved), .at = now});
    published.push_back(fresh.back());
  }
  // The newest revision comes last, and is the one that counts.
  std::sort(published.begin(), published.end(), [](const auto& a, const auto& b) { return std::tie(a.type, a.name, a.revision) < std::tie(b.type, b.name, b.revision); });
  auto connectors = std::make_shared<Connectors>();
  auto definitions = std::make_shared<Definitions>();
  for (const auto& revision : published) {
    if (revision.type != "connector") continue;
    if (auto connector = connectors::load_connector(revision.name + ".yaml", revision.text)) connectors->add(std::move(*connector));
    else problems += render_all(connector.error(), revision.text);
  }
  const auto catalog = make_catalog(*connectors);
  for (const auto& revision : published) {
    if (revision.type != "workflow") continue;
    auto definition = workflows::load_workflow(revision.name + ".yaml", revision.text, catalog, find_base);
    if (!definition) problems += render_all(definition.error(), revision.text);
    else if (!(*definition)->abstract) definitions->add(std::move(*definition), revision.revision);
  }
  if (!problems.empty()) return fail(ErrorCode::invalid_argument, "published workflows or connectors have problems:\n" + problems);
  for (const auto& revision : fresh) STELLWERK_CHECK(store.publish(revision));
  return Library{std::move(connectors), std::move(definitions)};
}

}  // namespace stellwerk::actors
