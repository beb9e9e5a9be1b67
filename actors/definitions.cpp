#include "actors/definitions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "monitoring/log.hpp"
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

/// "workflows/library/ticket.yaml", or "/etc/stellwerk/library/workflows/ticket.yaml" → {"workflow", "ticket"}
std::pair<std::string, std::string> kind_and_name(const std::string& path) {
  const auto slash = path.rfind('/');
  auto name = path.substr(slash + 1);
  if (name.ends_with(".test.yaml") || !name.ends_with(".yaml")) return {};
  name.resize(name.size() - 5);
  const auto folder = slash == std::string::npos ? std::string_view{} : std::string_view{path}.substr(0, slash);
  const auto is_in = [&](std::string_view kind) { return path.starts_with(fmt::format("{}/", kind)) || folder.ends_with(fmt::format("/{}", kind)); };
  if (is_in("workflows")) return {"workflow", name};
  if (is_in("connectors")) return {"connector", name};
  return {};
}

/// A file that declares another name than it has: it would be published under the one and asked for by the other. Empty: it does not.
std::string misnamed(const std::string& type, const std::string& name, const std::string& path, const std::string& text) {
  const auto yaml = config::read_yaml(path, text);
  const auto* declared = yaml && yaml->root.is_map() ? yaml->root.find(type) : nullptr;
  if (declared == nullptr || !declared->is_text() || declared->text == name) return {};  // who reads it tells what is wrong
  return config::render({.code = "SW014", .file = path, .place = declared->place, .message = fmt::format("the file is called {}.yaml, and the {} in it {}", name, type, declared->text),
                         .hint = fmt::format("in a library both have one name: call the file {}.yaml, or the {} {}", declared->text, type, name)},
                        text);
}

using Revisions = std::vector<storage::Store::Revision>;
using Files = std::vector<std::pair<std::string, std::string>>;

/// nullptr when nothing is published under this name.
const storage::Store::Revision* newest_of(const Revisions& published, std::string_view type, std::string_view name) {
  const storage::Store::Revision* newest = nullptr;
  for (const auto& revision : published)
    if (revision.type == type && revision.name == name && (newest == nullptr || newest->revision < revision.revision)) newest = &revision;
  return newest;
}

/// A base by its name: of the files, else of what is published.
workflows::FindBase base_finder(const Files& shipped, const Revisions& published) {
  return [&](std::string_view name) -> std::optional<workflows::SourceFile> {
    for (const auto& [path, text] : shipped)
      if (kind_and_name(path) == std::pair{std::string{"workflow"}, std::string{name}}) return workflows::SourceFile{path, text};
    const auto* newest = newest_of(published, "workflow", name);
    if (newest == nullptr) return std::nullopt;
    return workflows::SourceFile{newest->name + ".yaml", newest->text};
  };
}

std::vector<LibraryFile> compare(const Files& shipped, const Revisions& published) {
  const auto find_base = base_finder(shipped, published);
  std::map<std::pair<std::string, std::string>, LibraryFile> all;
  for (const auto& revision : published) {
    auto& known = all[{revision.type, revision.name}];
    known.type = revision.type;
    known.name = revision.name;
    known.revision = std::max(known.revision, revision.revision);
  }
  for (const auto& [path, text] : shipped) {
    const auto [type, name] = kind_and_name(path);
    if (type.empty()) continue;
    auto& file = all[{type, name}];
    file.type = type;
    file.name = name;
    file.path = path;
    const auto resolved = type == "workflow" ? workflows::resolve_workflow(path, text, find_base) : tl::expected<std::string, std::vector<config::Problem>>{text};
    file.problem = resolved ? misnamed(type, name, path, text) : render_all(resolved.error(), text);
    const auto* newest = newest_of(published, type, name);
    file.differs = newest != nullptr && (!resolved || *resolved != newest->text);
  }
  std::vector<LibraryFile> files;
  for (auto& [key, file] : all) files.push_back(std::move(file));
  return files;
}

void tell_difference(const LibraryFile& file) {
  monitoring::log_warning(fmt::format("{} {}: the file differs from the published revision {}; the published one runs. To publish the file: stellwerk {} publish {}", file.type, file.name,
                                      file.revision, file.type, file.name),
                          {{"file", file.path}});
}

/// What the newest revisions say to one another: new actors live by them, and messages reach mostly these.
std::string problems_across(const Definitions& definitions) {
  workflows::Neighbours neighbours{.known = {}, .complete = true};
  for (const auto& [name, revision] : definitions.list())
    if (revision == definitions.latest(name)) neighbours.known.push_back(definitions.find(name, revision));
  std::string problems;
  for (const auto& definition : neighbours.known) problems += render_all(workflows::check_across(*definition, neighbours), definition->text);
  return problems;
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
  for (const auto& [key, why] : unreadable_)
    if (key.first == workflow) newest = std::max(newest, key.second);
  return newest;
}

std::string Definitions::why_not(const std::string& workflow, int revision) const {
  const auto found = unreadable_.find({workflow, revision});
  if (found == unreadable_.end()) return fmt::format("workflow {} revision {} is not published here", workflow, revision);
  return fmt::format("workflow {} revision {} cannot be loaded: {}", workflow, revision, found->second);
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

Result<std::vector<LibraryFile>> compare_library(storage::Store& store, const TenantId& tenant, const Files& shipped) {
  STELLWERK_TRY(const auto published, store.revisions(tenant));
  return compare(shipped, published);
}

Result<Library> load_library(storage::Store& store, const TenantId& tenant, const std::vector<std::pair<std::string, std::string>>& shipped, Time now, const Republished& again) {
  STELLWERK_TRY(auto published, store.revisions(tenant));
  std::vector<LibraryFile> differing;
  for (auto& file : compare(shipped, published))
    if (file.differs && !again.contains({file.type, file.name})) differing.push_back(std::move(file));
  const auto find_base = base_finder(shipped, published);
  std::string problems;
  // New files are published only when everything, they included, is good: a mistake is told again until the file is corrected.
  std::vector<storage::Store::Revision> fresh;
  for (const auto& [path, text] : shipped) {
    const auto [type, name] = kind_and_name(path);
    const auto* newest = newest_of(published, type, name);
    if (type.empty() || (newest != nullptr && !again.contains({type, name}))) continue;
    const int revision = newest == nullptr ? 1 : newest->revision + 1;
    auto resolved = type == "workflow" ? workflows::resolve_workflow(path, text, find_base) : text;
    if (!resolved) {
      problems += render_all(resolved.error(), text);
      continue;
    }
    if (const auto told = misnamed(type, name, path, text); !told.empty()) {
      problems += told;
      continue;
    }
    fresh.push_back({.tenant = tenant, .type = type, .name = name, .revision = revision, .text = std::move(*resolved), .at = now});
    published.push_back(fresh.back());
  }
  // The newest revision comes last, and is the one that counts.
  std::sort(published.begin(), published.end(), [](const auto& a, const auto& b) { return std::tie(a.type, a.name, a.revision) < std::tie(b.type, b.name, b.revision); });
  const auto is_fresh = [&](const storage::Store::Revision& r) {
    return std::any_of(fresh.begin(), fresh.end(), [&](const auto& f) { return std::tie(f.type, f.name, f.revision) == std::tie(r.type, r.name, r.revision); });
  };
  auto connectors = std::make_shared<Connectors>();
  auto definitions = std::make_shared<Definitions>();
  bool connectors_whole = true;
  // What cannot be loaded any more keeps only its own actors from going on, not the node.
  const auto left_out = [&](const storage::Store::Revision& revision, const std::string& why) {
    monitoring::log_error("a published revision cannot be loaded; it is left out", {{"type", revision.type}, {"name", revision.name}, {"revision", std::to_string(revision.revision)}, {"error", why}});
    if (revision.type == "workflow") definitions->note_unreadable(revision.name, revision.revision, why);
    else connectors->remove(revision.name), connectors_whole = false;  // an older text of it is not what its workflows were checked against
  };
  for (const auto& revision : published) {
    if (revision.type != "connector") continue;
    if (auto connector = connectors::load_connector(revision.name + ".yaml", revision.text)) connectors->add(std::move(*connector));
    else if (is_fresh(revision)) problems += render_all(connector.error(), revision.text);
    else left_out(revision, render_all(connector.error(), revision.text));
  }
  const auto catalog = make_catalog(*connectors);
  for (const auto& revision : published) {
    if (revision.type != "workflow") continue;
    auto definition = workflows::load_workflow(revision.name + ".yaml", revision.text, catalog, find_base);
    if (!definition && is_fresh(revision)) {
      const auto told = render_all(definition.error(), revision.text);
      if (connectors_whole) problems += told;
      else monitoring::log_error("a workflow is not published: it cannot be checked while a connector cannot be loaded", {{"name", revision.name}, {"error", told}});
      std::erase_if(fresh, [&](const auto& f) { return std::tie(f.type, f.name, f.revision) == std::tie(revision.type, revision.name, revision.revision); });
    } else if (!definition) {
      left_out(revision, render_all(definition.error(), revision.text));
    } else if (!(*definition)->abstract) definitions->add(std::move(*definition), revision.revision);
  }
  if (const auto across = problems_across(*definitions); problems.empty() && !across.empty()) {
    if (fresh.empty()) monitoring::log_error("published workflows contradict each other", {{"error", across}});
    else problems = across;
  }
  if (!problems.empty()) return fail(ErrorCode::invalid_argument, "published workflows or connectors have problems:\n" + problems);
  for (const auto& revision : fresh) STELLWERK_CHECK(store.publish(revision));
  for (const auto& file : differing) {
    tell_difference(file);
    if (file.type == "workflow") definitions->note_newer_file(file.name);
  }
  return Library{std::move(connectors), std::move(definitions)};
}

}  // namespace stellwerk::actors
