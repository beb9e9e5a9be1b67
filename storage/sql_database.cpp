// open_database(): the URL's form, SQLite's exclusive lock, and sessions.

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <optional>
#include <system_error>
#include <utility>

#include "storage/migrations.hpp"
#include "storage/sql_directory.hpp"
#include "storage/sql_holder.hpp"
#include "storage/sql_store.hpp"

namespace stellwerk::storage {
namespace {

/// An exclusive lock on FILE.lock, held as long as this lives. The file stays: removing it would let two processes lock two files.
class FileLock {
 public:
  FileLock() = default;
  explicit FileLock(int descriptor) : descriptor_{descriptor} {}
  FileLock(FileLock&& other) noexcept : descriptor_{std::exchange(other.descriptor_, -1)} {}
  FileLock& operator=(FileLock&&) = delete;
  ~FileLock() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

 private:
  int descriptor_ = -1;
};

Result<FileLock> lock_file(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  if (descriptor < 0) return fail(ErrorCode::unavailable, fmt::format("open the lock file {}: {}", path, std::strerror(errno)));
  FileLock lock{descriptor};
  if (::flock(descriptor, LOCK_EX | LOCK_NB) == 0) return lock;
  if (errno == EWOULDBLOCK) return fail(ErrorCode::conflict, fmt::format("another process uses this database (it holds {}); stop it first", path));
  return fail(ErrorCode::unavailable, fmt::format("lock {}: {}", path, std::strerror(errno)));
}

Result<void> make_folder(const std::filesystem::path& file) {
  const auto folder = file.parent_path();
  std::error_code problem;
  if (folder.empty() || std::filesystem::exists(folder, problem)) return {};
  std::filesystem::create_directories(folder, problem);
  if (!problem) std::filesystem::permissions(folder, std::filesystem::perms::owner_all, problem);
  if (problem) return fail(ErrorCode::unavailable, fmt::format("make the folder {}: {}", folder.string(), problem.message()));
  return {};
}

class SqlDatabaseImpl final : public SqlDatabase {
 public:
  SqlDatabaseImpl(DialectKind kind, config::Secret target, FileLock lock, Duration lease)
      : kind_{kind}, target_{std::move(target)}, lock_{std::move(lock)}, patience_{lease / 3} {}

  void use_incarnation(const std::string& incarnation) override {
    const std::lock_guard lock{mutex_};
    incarnation_ = incarnation;
  }

  Result<std::unique_ptr<Store>> open_store() override {
    auto store = std::make_unique<SqlStore>(kind_, target_, patience_);
    store->use_incarnation(incarnation());
    if (auto connected = store->connect(); !connected) return wrap(std::move(connected.error()), opening());
    return store;
  }
  Result<std::unique_ptr<Directory>> open_directory() override {
    auto directory = std::make_unique<SqlDirectory>(kind_, target_, patience_);
    directory->use_incarnation(incarnation());
    if (auto connected = directory->connect(); !connected) return wrap(std::move(connected.error()), opening());
    return directory;
  }
  Result<std::vector<std::string>> migrate() override {
    Session session{kind_, target_, SessionUse::reader};
    if (auto connected = session.connect(1); !connected) return wrap(std::move(connected.error()), opening());
    return apply_migrations(session);
  }
  Result<std::optional<std::string>> holder(const std::string& host) override {
    if (kind_ == DialectKind::sqlite) return std::optional<std::string>{};
    const std::lock_guard lock{looking_};
    if (!look_) {
      auto session = std::make_unique<Session>(kind_, target_, SessionUse::reader, patience_);
      if (auto connected = session->connect(1); !connected) return wrap(std::move(connected.error()), opening());
      look_ = std::move(session);
    }
    return find_holder(*look_, host);
  }
  std::string dialect() const override { return kind_ == DialectKind::sqlite ? "sqlite" : "postgresql"; }

 private:
  /// What is done, for errors. The URL of PostgreSQL may hold a password; its host stands in the cause.
  std::string opening() const { return kind_ == DialectKind::sqlite ? "open the database " + target_.reveal() : std::string{"open a session on the database"}; }
  std::string incarnation() const {
    const std::lock_guard lock{mutex_};
    return incarnation_;
  }

  DialectKind kind_;
  config::Secret target_;
  FileLock lock_;
  Duration patience_;
  mutable std::mutex mutex_;
  std::string incarnation_;  ///< of sessions opened from now on
  std::mutex looking_;       ///< guards look_
  std::unique_ptr<Session> look_;  ///< of holder(), which is asked often
};

}  // namespace

Result<std::shared_ptr<SqlDatabase>> open_database(const config::Secret& url, Duration lease) {
  const std::string_view text = url.reveal();
  constexpr std::string_view sqlite = "sqlite:";
  if (text.starts_with("postgresql://") || text.starts_with("postgres://")) {
    return std::make_shared<SqlDatabaseImpl>(DialectKind::postgresql, url, FileLock{}, lease);
  }
  if (!text.starts_with(sqlite) || text.size() == sqlite.size() || text.find('"') != std::string_view::npos) {
    return fail(ErrorCode::invalid_argument, "a database is given as sqlite:FILE or postgresql://USER@HOST/NAME");
  }
  std::string file{text.substr(sqlite.size())};
  STELLWERK_CHECK(make_folder(file));
  STELLWERK_TRY(auto lock, lock_file(file + ".lock"));
  return std::make_shared<SqlDatabaseImpl>(DialectKind::sqlite, config::Secret{std::move(file)}, std::move(lock), lease);
}

}  // namespace stellwerk::storage
