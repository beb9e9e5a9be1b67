// stellwerk workflow list | publish, and the same of connectors: the files beside what the database has of them.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "actors/definitions.hpp"
#include "app/library.hpp"
#include "app/startup.hpp"
#include "monitoring/log.hpp"

namespace stellwerk::app {
namespace {

using Files = std::vector<std::pair<std::string, std::string>>;

Result<std::vector<actors::LibraryFile>> compare(const config::Settings& settings, const Files& files) {
  const auto nothing_published = [&]() -> Result<std::vector<actors::LibraryFile>> {
    const auto empty = storage::make_memory_database();
    STELLWERK_TRY(auto store, empty->open_store());
    return actors::compare_library(*store, TenantId{}, files);
  };
  if (!check_begun(settings)) return nothing_published();  // looking at it must not make it
  STELLWERK_TRY(const auto database, storage::open_database(database_url(settings)));
  STELLWERK_TRY(auto store, database->open_store());
  STELLWERK_TRY(const auto tenant, store->get_value("tenant"));
  if (!tenant) return nothing_published();
  return actors::compare_library(*store, TenantId{*tenant}, files);
}

std::string state_of(const actors::LibraryFile& file) {
  if (file.revision == 0) return fmt::format("not published; {}   {}", file.problem.empty() ? "the next start does so" : "no server starts before its problems are mended", file.path);
  auto text = fmt::format("revision {}", file.revision);
  if (file.path.empty()) text += "   no file has this name any more";
  if (file.differs) text += fmt::format("   newer file: {}", file.path);
  if (!file.problem.empty()) text += " (with problems)";
  return text;
}

/// A server in the way is the usual reason, and it can be asked.
int report_held(const Error& error, const std::string& type) {
  const int status = report(error);
  if (error.code == ErrorCode::conflict && type == "workflow") fmt::print(stderr, "a running server tells the same: GET /api/admin/workflows\n");
  return status;
}

int list(const std::string& config_file, const std::string& type) {
  const auto settings = read_settings(config_file);
  if (!settings) return 2;
  const auto files = library_files(*settings);
  if (!files) return report(files.error());
  auto compared = compare(*settings, *files);
  if (!compared) return report_held(compared.error(), type);
  std::erase_if(*compared, [&](const actors::LibraryFile& file) { return file.type != type; });
  std::size_t width = 0;
  for (const auto& file : *compared) width = std::max(width, file.name.size());
  for (const auto& file : *compared) fmt::print("{:{}}   {}\n", file.name, width, state_of(file));
  for (const auto& file : *compared) fmt::print("{}", file.problem);
  if (std::any_of(compared->begin(), compared->end(), [](const actors::LibraryFile& file) { return file.differs; }))
    fmt::print("the published revision runs; to publish a newer file: stellwerk {} publish NAME\n", type);
  return 0;
}

/// The names whose files are to be published, or nothing when one is wrong, which is told.
std::optional<actors::Republished> wanted(const std::vector<actors::LibraryFile>& files, const std::string& type, const std::vector<std::string>& names) {
  actors::Republished again;
  std::vector<std::string> known;
  for (const auto& file : files)
    if (file.type == type && !file.path.empty()) known.push_back(file.name);
  for (const auto& name : names) {
    const auto found = std::find_if(files.begin(), files.end(), [&](const actors::LibraryFile& file) { return file.type == type && file.name == name && !file.path.empty(); });
    if (found == files.end()) {
      const auto meant = config::closest(name, known);
      fmt::print(stderr, "stellwerk: no file of a {0} is called {1}.yaml, neither shipped nor in {0}s/ of library.dirs; {2}\n", type, name,
                 meant.empty() ? fmt::format("known are: {}", fmt::join(known, ", ")) : fmt::format("did you mean '{}'?", meant));
      return std::nullopt;
    }
    if (found->revision > 0 && !found->differs) fmt::print("{} {}: revision {} is this file already\n", type, name, found->revision);
    else again.insert({type, name});
  }
  return again;
}

int publish(const std::string& config_file, const std::string& type, const std::vector<std::string>& names) {
  const auto settings = read_settings(config_file);
  if (!settings) return 2;
  monitoring::set_log_level("error");
  const auto files = library_files(*settings);
  if (!files) return report(files.error());
  const auto database = open_migrated(*settings);
  if (!database) return report(database.error());
  const auto tenant = tenant_of(**database);
  if (!tenant) return report(tenant.error());
  auto store = (*database)->open_store();
  if (!store) return report(store.error());
  const auto before = actors::compare_library(**store, *tenant, *files);
  if (!before) return report(before.error());
  const auto again = wanted(*before, type, names);
  if (!again) return 1;
  if (again->empty()) return 0;
  if (const auto published = actors::load_library(**store, *tenant, *files, wall_now(), *again); !published) return report(published.error());
  for (const auto& file : *before)
    if (again->contains({file.type, file.name})) fmt::print("{} {}: published as revision {}\n", file.type, file.name, file.revision + 1);
  fmt::print("a server takes it up when it starts{}\n", type == "workflow" ? "; what lives already keeps its revision" : "");
  return 0;
}

}  // namespace

void add_library_commands(CLI::App& group, const std::string& type, int& exit_status) {
  auto config_file = std::make_shared<std::string>();
  auto* listing = group.add_subcommand("list", fmt::format("every {} that is published or has a file, and which files are newer; while no server runs on an embedded database", type));
  listing->add_option("--config", *config_file, "settings file");
  listing->callback([config_file, type, &exit_status] { exit_status = list(*config_file, type); });
  auto names = std::make_shared<std::vector<std::string>>();
  auto* publishing = group.add_subcommand("publish", fmt::format("publish the file of a {} as its next revision, once everything fits together; while no server runs on an embedded database", type));
  publishing->add_option("name", *names, "names, as `list` shows them")->required();
  publishing->add_option("--config", *config_file, "settings file");
  publishing->callback([config_file, names, type, &exit_status] { exit_status = publish(*config_file, type, *names); });
}

}  // namespace stellwerk::app
