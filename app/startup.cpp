#include "app/startup.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <map>

#include "app/library.hpp"
#include "core/text_file.hpp"
#include "storage/backup.hpp"

extern char** environ;

namespace stellwerk::app {
namespace {

std::map<std::string, std::string> environment() {
  std::map<std::string, std::string> out;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text{*entry};
    if (const auto split = text.find('='); split != std::string::npos) out[text.substr(0, split)] = text.substr(split + 1);
  }
  return out;
}

std::string in_data_dir(const config::Settings& settings, const std::string& set, const char* name) {
  return set.empty() ? settings.data_dir + "/" + name : set;
}

}  // namespace

int report(const Error& error) {
  fmt::print(stderr, "stellwerk: {}\n", describe(error));
  for (const auto& field : error.fields) fmt::print(stderr, "  {}: {}\n", field.pointer, field.message);
  return 1;
}

std::optional<config::Settings> read_settings(const std::string& explicit_path) {
  const auto variables = environment();
  const auto path = config::settings_path(explicit_path, variables);
  std::string text;
  if (!path.empty()) {
    auto read = read_text_file(path);
    if (!read) {
      fmt::print(stderr, "stellwerk: settings file: {}\n", describe(read.error()));
      return std::nullopt;
    }
    text = std::move(*read);
  }
  auto settings = config::load_settings(path, text, variables);
  if (settings) {
    if (const auto folders = check_library_dirs(*settings)) return std::move(*settings);
    else fmt::print(stderr, "stellwerk: {}\n", describe(folders.error()));
    return std::nullopt;
  }
  for (const auto& problem : settings.error()) fmt::print(stderr, "{}", config::render(problem, text));
  return std::nullopt;
}

config::Secret database_url(const config::Settings& settings) {
  return settings.database_url.empty() ? config::Secret{"sqlite:" + settings.data_dir + "/stellwerk.db"} : settings.database_url;
}

Result<void> make_data_dir(const config::Settings& settings) {
  std::error_code ec;
  std::filesystem::create_directories(settings.data_dir, ec);
  if (ec) return fail(ErrorCode::unavailable, fmt::format("cannot make the data folder {}: {}", settings.data_dir, ec.message()));
  std::filesystem::permissions(settings.data_dir, std::filesystem::perms::owner_all, ec);
  return {};
}

Result<std::shared_ptr<storage::SqlDatabase>> open_database(const config::Settings& settings) {
  STELLWERK_CHECK(make_data_dir(settings));
  return storage::open_database(database_url(settings), settings.lease);
}

Result<void> migrate(storage::SqlDatabase& database) {
  STELLWERK_TRY(const auto applied, database.migrate());
  for (const auto& name : applied) fmt::print(stderr, "stellwerk: applied migration {}\n", name);
  return {};
}

Result<std::shared_ptr<storage::SqlDatabase>> open_migrated(const config::Settings& settings) {
  STELLWERK_TRY(auto database, open_database(settings));
  STELLWERK_CHECK(migrate(*database));
  return database;
}

std::string backup_dir(const config::Settings& settings) { return in_data_dir(settings, settings.backup_dir, "backups"); }
std::string master_key_file(const config::Settings& settings) { return in_data_dir(settings, settings.master_key_file, "master.key"); }

Result<config::MasterKey> master_key(const config::Settings& settings) {
  const auto file = master_key_file(settings);
  if (std::error_code ec; !std::filesystem::exists(file, ec)) {
    STELLWERK_TRY(const auto needed, storage::master_keys_of(database_url(settings)));
    if (!needed.empty())
      return fail(ErrorCode::not_found, fmt::format("the secrets of this database are sealed under the master key {}, and there is no {}; put the file of that key there (or name it in master_key_file): a new key could not open them",
                                                    fmt::join(needed, " and "), file));
  }
  return config::load_or_create_master_key(file);
}
Result<config::SigningKey> signing_key(const config::Settings& settings) { return config::load_or_create_signing_key(in_data_dir(settings, settings.signing_key_file, "signing.key")); }

Result<TenantId> tenant_of(storage::SqlDatabase& database) {
  STELLWERK_TRY(auto directory, database.open_directory());
  STELLWERK_TRY(auto tenant, directory->settle_value("tenant", make_id<TenantId>("ten").str()));
  return TenantId{std::move(tenant)};
}

}  // namespace stellwerk::app
