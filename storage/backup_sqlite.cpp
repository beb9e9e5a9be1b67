// A backup of SQLite: VACUUM INTO, one read transaction beside the writers, without the pages of what was deleted.

#include <fmt/format.h>
#include <sqlite3.h>

#include <filesystem>
#include <memory>

#include "storage/backup_copy.hpp"
#include "storage/directory.hpp"

namespace stellwerk::storage {
namespace {

Error sqlite_error(sqlite3* connection, const std::string& doing) {
  const auto* text = connection == nullptr ? "out of memory" : sqlite3_errmsg(connection);
  return {ErrorCode::unavailable, fmt::format("{}: {}", doing, text)};
}

Result<void> vacuum_into(const std::string& file, const std::string& target, const std::stop_token& stop) {
  sqlite3* opened = nullptr;
  const int found = sqlite3_open_v2(file.c_str(), &opened, SQLITE_OPEN_READWRITE, nullptr);
  const std::unique_ptr<sqlite3, int (*)(sqlite3*)> connection{opened, sqlite3_close};
  if (found != SQLITE_OK) return fail(sqlite_error(opened, fmt::format("open {}", file)));
  sqlite3_busy_timeout(opened, 10'000);
  const std::unique_ptr<char, void (*)(void*)> sql{sqlite3_mprintf("vacuum into %Q", target.c_str()), sqlite3_free};
  const std::stop_callback interrupt{stop, [opened] { sqlite3_interrupt(opened); }};
  if (!stop.stop_requested() && sqlite3_exec(opened, sql.get(), nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  if (stop.stop_requested()) return fail(ErrorCode::cancelled, "the copy was given up: this process ends");
  return fail(sqlite_error(opened, fmt::format("copy {} to {}", file, target)));
}

Result<void> check_whole(Session& session, const std::string& file) {
  STELLWERK_TRY(const auto found, session.rows("pragma integrity_check(1)", "t"));
  if (!found.empty() && std::get<std::string>(found[0][0]) == "ok") return {};
  return fail(ErrorCode::invalid_argument, fmt::format("{} is damaged: {}", file, found.empty() ? "it cannot be checked" : std::get<std::string>(found[0][0])));
}

}  // namespace

Result<void> copy_sqlite(const std::string& file, const std::string& target, BackupManifest& manifest, const std::stop_token& stop) {
  STELLWERK_CHECK(vacuum_into(file, target, stop));
  Session session{DialectKind::sqlite, config::Secret{target}, SessionUse::reader};
  STELLWERK_CHECK(session.connect(1));
  return describe_database(session, manifest);
}

Result<void> restore_sqlite(const std::string& copy, const std::string& file, Time now) {
  // The lock is held until the end: no server comes in between.
  STELLWERK_TRY(const auto lock, open_database(config::Secret{"sqlite:" + file}));
  std::error_code problem;
  for (const auto* suffix : {"", "-wal", "-journal"}) {
    if (std::filesystem::exists(file + suffix, problem))
      return fail(ErrorCode::conflict, fmt::format("there is a database already: {}{}; a restore takes an empty place. Move it away, with its -wal and -shm, or give another --data-dir", file, suffix));
  }
  const auto part = file + ".restoring";
  for (const auto* suffix : {"", "-wal", "-shm", "-journal"}) std::filesystem::remove(part + suffix, problem);  // of a restore that did not finish
  std::filesystem::copy_file(copy, part, problem);
  if (problem) return fail(ErrorCode::unavailable, fmt::format("copy {} to {}: {}", copy, part, problem.message()));
  std::filesystem::permissions(part, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write, problem);
  {
    Session session{DialectKind::sqlite, config::Secret{part}, SessionUse::reader};
    STELLWERK_CHECK(session.connect(1));
    STELLWERK_CHECK(check_whole(session, copy));
    STELLWERK_CHECK(session.transaction([&] { return mark_restored(session, now); }));
  }
  STELLWERK_CHECK(flush_to_disk(part));
  std::filesystem::rename(part, file, problem);
  if (problem) return fail(ErrorCode::unavailable, fmt::format("rename {} to {}: {}", part, file, problem.message()));
  const auto folder = std::filesystem::path{file}.parent_path().string();
  return flush_to_disk(folder.empty() ? "." : folder);
}

}  // namespace stellwerk::storage
