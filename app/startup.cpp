#include "app/startup.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <string_view>

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

/// The file of an embedded database; empty: it is PostgreSQL.
std::string embedded_file(const config::Settings& settings) {
  constexpr std::string_view embedded = "sqlite:";
  const auto url = database_url(settings);
  return url.reveal().starts_with(embedded) ? url.reveal().substr(embedded.size()) : std::string{};
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

Result<void> check_begun(const config::Settings& settings) {
  const auto file = embedded_file(settings);
  if (std::error_code ec; file.empty() || std::filesystem::exists(file, ec)) return {};
  return fail(ErrorCode::not_found, fmt::format("there is no database at {}: the first start of the server makes it, and the settings data.dir and database.url say where it is", file));
}

Error at_start(Error error, const config::Settings& settings) {
  constexpr std::uintmax_t too_little = 16U << 20U;
  const auto any = [&](auto fits) {
    for (const auto* link = &error; link != nullptr; link = link->cause.get())
      if (fits(*link)) return true;
    return false;
  };
  const bool refused = any([](const Error& link) { return link.reason == "resources"; });
  const auto file = embedded_file(settings);
  std::error_code ec;
  const auto room = std::filesystem::space(settings.data_dir, ec);
  // A full disk shows in many ways, a lost connection among them.
  const bool full = !file.empty() && !ec && room.available < too_little && any([](const Error& link) { return link.code == ErrorCode::unavailable; });
  if (!full && !refused) return error;
  std::string what = "the server cannot start: PostgreSQL (setting database.url) does not take what is written; see whether its disk is full, and its log";
  if (full) what = fmt::format("the server cannot start on the database {}: its disk is full ({} bytes are free); make room there", file, room.available);
  else if (!file.empty())
    what = fmt::format("the server cannot start on the database {}: its disk does not take what is written; see whether it is read-only or broken, and whether the file and its folder belong to this user", file);
  what += ", then start again: nothing that was acknowledged is lost";
  const auto code = error.code;
  return Error{code, std::move(what), "resources", {}, std::make_shared<const Error>(std::move(error))};
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
