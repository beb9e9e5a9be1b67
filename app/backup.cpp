// stellwerk backup and restore.

#include "storage/backup.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <filesystem>
#include <thread>

#include "app/commands.hpp"
#include "app/remote.hpp"
#include "app/startup.hpp"

namespace stellwerk::app {
namespace {

using storage::BackupManifest;

struct BackupOptions {
  std::string to, note;
  RemoteOptions remote;
  bool ask_server = false;
};

/// The running server makes it, in its own folder; returns when it is made.
Result<void> ask_server(const BackupOptions& options) {
  if (!options.to.empty())
    return fail(ErrorCode::invalid_argument, "a server writes into its own folder only (setting backup.dir); leave --to out, or leave out --url and --user");
  STELLWERK_TRY(auto remote, Remote::open(options.remote));
  STELLWERK_TRY(auto state, remote.post("/api/admin/backup", JsonObject{{"note", options.note}}));
  const auto id = text_of(state, "id");
  while (text_of(state, "state") == "running" && text_of(state, "id") == id) {
    std::this_thread::sleep_for(std::chrono::milliseconds{250});
    STELLWERK_TRY(state, remote.get("/api/admin/backup"));
  }
  if (text_of(state, "id") != id) return fail(ErrorCode::unavailable, "the server was started again, or makes another backup: what became of this one is in its log");
  if (text_of(state, "state") != "made") return fail(ErrorCode::unavailable, text_of(state, "error"));
  fmt::print("the server made the backup {}\n", text_of(state, "path"));
  return {};
}

void print_needs(const BackupManifest& manifest) {
  if (manifest.master_keys.empty()) fmt::print("it holds no sealed secrets\n");
  else fmt::print("its secrets are sealed under the master key {}, which is not in it: keep that file elsewhere\n", fmt::join(manifest.master_keys, " and "));
}

Result<void> make_it_ourselves(const BackupOptions& options, const config::Settings& settings) {
  STELLWERK_CHECK(check_begun(settings));
  const auto url = database_url(settings);
  auto lock = storage::open_database(url);  // SQLite: nobody else writes meanwhile
  if (!lock && lock.error().code == ErrorCode::conflict)
    return fail(ErrorCode::conflict, fmt::format("{}, or let the running server make the backup: stellwerk backup --url {} --user EMAIL", describe(lock.error()), own_url(settings)));
  if (!lock) return fail(std::move(lock).error());
  STELLWERK_TRY(const auto made, storage::make_backup(url, options.to.empty() ? backup_dir(settings) : options.to, STELLWERK_VERSION, wall_now(), {}));
  STELLWERK_TRY(const auto manifest, storage::read_backup(made));
  fmt::print("made the backup {} ({} bytes, {})\n", made, manifest.bytes, manifest.dialect);
  print_needs(manifest);
  return {};
}

int back_up(const BackupOptions& options) {
  if (options.ask_server) {
    const auto done = ask_server(options);
    return done ? 0 : report(done.error());
  }
  const auto settings = read_settings(options.remote.config_file);
  if (!settings) return 2;
  const auto done = make_it_ourselves(options, *settings);
  return done ? 0 : report(done.error());
}

/// A key file that is there already must be the right one: it is cheaper to say so now.
Result<void> check_master_key(const BackupManifest& manifest, const config::Settings& settings) {
  const auto file = master_key_file(settings);
  if (std::error_code ec; manifest.master_keys.empty() || !std::filesystem::exists(file, ec)) return {};
  STELLWERK_TRY(const auto key, config::load_or_create_master_key(file));
  if (manifest.master_keys == std::vector{key.id}) return {};
  return fail(ErrorCode::permission_denied, fmt::format("the backup's secrets are sealed under the master key {}, but {} holds {}: put the file that belongs to the backup there (or name it in master_key_file)",
                                                        fmt::join(manifest.master_keys, " and "), file, key.id));
}

Result<void> restore(const std::string& from, const config::Settings& settings) {
  STELLWERK_TRY(const auto manifest, storage::read_backup(from));
  STELLWERK_CHECK(check_master_key(manifest, settings));
  STELLWERK_CHECK(make_data_dir(settings));
  STELLWERK_CHECK(storage::restore_backup(from, manifest, database_url(settings), wall_now()));
  fmt::print("restored the state of {} (version {}, {})\n", format_time(manifest.made_at), manifest.version, manifest.dialect);
  if (std::error_code ec; !manifest.master_keys.empty() && !std::filesystem::exists(master_key_file(settings), ec))
    fmt::print("before the start put the master key {} into {}: without it the server does not start\n", fmt::join(manifest.master_keys, " and "), master_key_file(settings));
  fmt::print("the mass-action guard asks a person before the first timer of each kind destroys or shuts out\n");
  return {};
}

}  // namespace

void add_backup(CLI::App& cli, int& exit_status) {
  auto* command = cli.add_subcommand("backup", "a consistent copy of the database with a manifest; the running server makes it when --url or --user is given");
  auto options = std::make_shared<BackupOptions>();
  command->add_option("--to", options->to, "folder in which the backup's own folder is made (else the setting backup.dir)");
  command->add_option("--note", options->note, "kept in the audit, when the server makes it");
  add_remote_options(*command, options->remote);
  command->callback([options, command, &exit_status] {
    options->ask_server = command->count("--url") > 0 || command->count("--user") > 0;
    exit_status = back_up(*options);
  });
}

void add_restore(CLI::App& cli, int& exit_status) {
  auto* command = cli.add_subcommand("restore", "put a backup into an empty database, while no server runs there");
  auto config_file = std::make_shared<std::string>(), from = std::make_shared<std::string>(), data_dir = std::make_shared<std::string>();
  command->add_option("--config", *config_file, "settings file");
  command->add_option("--from", *from, "the backup's folder")->required();
  command->add_option("--data-dir", *data_dir, "data folder, instead of that of the settings");
  command->callback([config_file, from, data_dir, &exit_status] {
    auto settings = read_settings(*config_file);
    if (settings && !data_dir->empty()) settings->data_dir = *data_dir;
    const auto done = settings ? restore(*from, *settings) : Result<void>{};
    exit_status = !settings ? 2 : done ? 0 : report(done.error());
  });
}

}  // namespace stellwerk::app
