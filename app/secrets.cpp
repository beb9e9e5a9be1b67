// stellwerk secrets: which keys there are, and rotation. While this runs, no node may: it takes the node's own lock and incarnation.

#include "app/secrets.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <set>

#include "actors/resealing.hpp"
#include "actors/sealing.hpp"
#include "app/commands.hpp"
#include "app/startup.hpp"

namespace stellwerk::app {
namespace {

constexpr int batch = 200;  ///< rows of one transaction

Result<void> show_status(const config::Settings& settings) {
  STELLWERK_TRY(const auto bench, KeyBench::open(settings));
  fmt::print("master key {} ({})\n", bench->master.id, settings.master_key_file.empty() ? settings.data_dir + "/master.key" : settings.master_key_file);
  for (const auto& key : bench->rows) {
    STELLWERK_TRY(const auto rows, bench->records->count_sealed(bench->tenant, key.id));
    fmt::print("data key {}  made {}  {}  {} rows\n", key.id, format_time(key.created_at), key.id == bench->rows.back().id ? "seals" : "opens", rows);
  }
  STELLWERK_TRY(const auto old_form, bench->records->count_sealed(bench->tenant, bench->master.id));
  STELLWERK_TRY(const bool purged, bench->records->purge_deleted());
  if (!purged) fmt::print("destroyed keys are not yet overwritten in the files of the database, because another process reads there: end it and call this again\n");
  if (old_form > 0) fmt::print("{} rows are sealed under the master key itself, as earlier versions did: `stellwerk secrets rotate` seals them anew\n", old_form);
  return {};
}

/// All that `key` sealed, under the newest data key.
Result<void> move_from(KeyBench& bench, const config::Keyring& keys, const std::string& key) {
  STELLWERK_TRY(const auto count, actors::reseal_all(*bench.records, bench.tenant, keys, key, batch, [&](std::int64_t) -> Result<void> {
    STELLWERK_TRY(const auto at, bench.store->heartbeat());
    static_cast<void>(at);
    return {};
  }));
  if (count > 0) fmt::print("{} rows sealed under {} are sealed under {} now\n", count, key, keys.newest().id);
  return {};
}

Result<void> write_audit(KeyBench& bench, const std::string& object, const std::string& field, const std::string& note) {
  return bench.store->add_audit({.id = make_id<EventId>("evt").str(), .tenant = bench.tenant, .at = wall_now(), .by = "command line", .role = "admin", .action = "rotate", .object = object,
                                 .field = field, .note = note});
}

/// A new data key, unless an earlier rotation did not come to its end: that is finished first.
Result<void> rotate_data_key(const config::Settings& settings) {
  STELLWERK_TRY(const auto bench, KeyBench::open(settings));
  if (bench->rows.size() < 2) {
    // Which key seals goes by the order of these times, whatever the clock says meanwhile.
    const auto made = bench->rows.empty() ? wall_now() : std::max(wall_now(), bench->rows.back().created_at + Duration{1});
    bench->rows.push_back(actors::make_data_key(bench->tenant, bench->master, made));
    STELLWERK_CHECK(write_audit(*bench, bench->rows.back().id, "data key", "made"));
    STELLWERK_CHECK(bench->store->add_data_key(bench->rows.back()));
    fmt::print("data key {} is made; from now on it seals\n", bench->rows.back().id);
  } else {
    fmt::print("an earlier rotation goes on\n");
  }
  STELLWERK_TRY(const auto keys, bench->keyring());
  STELLWERK_CHECK(move_from(*bench, keys, bench->master.id));
  for (const auto& key : bench->rows) {
    if (key.id == keys.newest().id) continue;
    STELLWERK_CHECK(move_from(*bench, keys, key.id));
    STELLWERK_CHECK(write_audit(*bench, key.id, "data key", "destroyed: nothing uses it any more"));
    STELLWERK_CHECK(bench->records->destroy_data_key(bench->tenant, key.id));
    fmt::print("data key {} is destroyed\n", key.id);
  }
  return {};
}

/// The data keys under the key of another file. The database is of that file from then on.
Result<void> rotate_master_key(const config::Settings& settings, const std::string& file) {
  STELLWERK_TRY(const auto bench, KeyBench::open(settings));
  STELLWERK_TRY(const auto next, config::load_or_create_master_key(file));
  if (next.id == bench->master.id) return fail(ErrorCode::conflict, fmt::format("{} holds the present master key {}; give the name of a new file", file, next.id));
  STELLWERK_TRY(const auto keys, bench->keyring());
  STELLWERK_CHECK(move_from(*bench, keys, bench->master.id));  // what earlier versions sealed under the old master key itself
  auto rows = bench->rows;
  for (auto& row : rows) {
    STELLWERK_TRY(const auto key, actors::open_data_key(row, bench->master));
    row.sealed = config::seal_key(next, key, bench->tenant.str());
  }
  STELLWERK_CHECK(write_audit(*bench, next.id, "master key", fmt::format("takes the place of {}", bench->master.id)));
  STELLWERK_CHECK(bench->records->reseal_data_keys(rows));
  fmt::print("{} data keys are sealed under the master key {} now. Let the setting master_key_file name {} (or put it in place of the old file) before the next start;\n"
             "keep the old file as long as you keep backups from before.\n",
             rows.size(), next.id, std::filesystem::absolute(file).string());
  return {};
}

int finish(const Result<void>& done) { return done ? 0 : report(done.error()); }

}  // namespace

Result<std::unique_ptr<KeyBench>> KeyBench::open(const config::Settings& settings) {
  auto bench = std::make_unique<KeyBench>();
  STELLWERK_CHECK(check_begun(settings));
  STELLWERK_CHECK(make_data_dir(settings));
  auto lock = HostLock::take(settings.data_dir);
  if (!lock && lock.error().reason == "data_dir")
    return fail(ErrorCode::conflict, fmt::format("another process, probably the server, uses the data folder {}; this command wants the database for itself: stop the server first and start it again afterwards", settings.data_dir), "data_dir");
  if (!lock) return fail(std::move(lock).error());
  bench->lock = std::move(*lock);
  STELLWERK_TRY(bench->database, open_migrated(settings));
  STELLWERK_TRY(bench->master, master_key(settings));
  STELLWERK_TRY(bench->store, bench->database->open_store());
  bench->incarnation = format_id("nod", make_uuid());
  STELLWERK_CHECK(bench->store->begin_incarnation(bench->incarnation, bench->lock->name(), settings.lease));
  bench->database->use_incarnation(bench->incarnation);
  STELLWERK_TRY(const auto tenant, bench->store->get_value("tenant"));
  if (!tenant) return fail(ErrorCode::not_found, "there is no tenant in this database yet: start the server once");
  bench->tenant = TenantId{*tenant};
  STELLWERK_TRY(bench->records, bench->database->open_directory());
  STELLWERK_TRY(const auto keys, actors::open_keys(*bench->store, bench->tenant, bench->master, wall_now()));
  STELLWERK_TRY(bench->rows, bench->store->data_keys(bench->tenant));
  return bench;
}

KeyBench::~KeyBench() {
  if (store && !incarnation.empty()) store->end_incarnation(incarnation);
}

Result<config::Keyring> KeyBench::keyring() const {
  config::Keyring keys{master};
  for (const auto& row : rows) {
    STELLWERK_TRY(auto key, actors::open_data_key(row, master));
    keys.add(std::move(key));
  }
  return keys;
}

void add_secrets(CLI::App& cli, int& exit_status) {
  auto* command = cli.add_subcommand("secrets", "keys under which secrets are kept; while no server runs on this database");
  command->require_subcommand(1);
  auto config_file = std::make_shared<std::string>();
  auto new_file = std::make_shared<std::string>();
  const auto with_settings = [config_file, &exit_status](const std::function<Result<void>(const config::Settings&)>& work) {
    const auto settings = read_settings(*config_file);
    exit_status = settings ? finish(work(*settings)) : 2;
  };
  auto* status = command->add_subcommand("status", "the keys, and how many rows each of them keeps");
  status->add_option("--config", *config_file, "settings file");
  status->callback([with_settings] { with_settings(show_status); });
  auto* rotate = command->add_subcommand("rotate", "seal everything under a new data key, or the data keys under a new master key; may be interrupted and repeated");
  rotate->add_option("--config", *config_file, "settings file");
  rotate->add_option("--master-key-file", *new_file, "file of the new master key, made if there is none: only the data keys are sealed anew");
  rotate->callback([with_settings, new_file] {
    with_settings([&](const config::Settings& settings) { return new_file->empty() ? rotate_data_key(settings) : rotate_master_key(settings, *new_file); });
  });
}

}  // namespace stellwerk::app
