#include "storage/backup.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "config/checksum.hpp"
#include "core/text_file.hpp"
#include "storage/backup_copy.hpp"
#include "storage/migrations.hpp"

namespace stellwerk::storage {
namespace {

constexpr int form = 1;
constexpr std::string_view sqlite_prefix = "sqlite:";

bool is_sqlite(const config::Secret& url) { return url.reveal().starts_with(sqlite_prefix); }
std::string sqlite_file(const config::Secret& url) { return url.reveal().substr(sqlite_prefix.size()); }
std::string dialect_of(const config::Secret& url) { return is_sqlite(url) ? "sqlite" : "postgresql"; }

bool has_migration(const BackupManifest& manifest, std::string_view name) {
  return std::any_of(manifest.schema.begin(), manifest.schema.end(), [&](const auto& applied) { return applied.first == name; });
}

JsonArray texts(const std::vector<std::string>& values) {
  JsonArray out;
  for (const auto& value : values) out.push_back(boost::json::string(value));
  return out;
}

std::vector<std::string> read_texts(const Json& json, std::string_view name) {
  std::vector<std::string> out;
  if (const auto* list = find_member(json, name); list != nullptr && list->is_array()) {
    for (const auto& item : list->get_array()) {
      if (item.is_string()) out.emplace_back(item.get_string());
    }
  }
  return out;
}

Result<BackupManifest> parse_manifest(const std::string& path, const std::string& text) {
  const auto refuse = [&](const std::string& why) { return fail(ErrorCode::invalid_argument, fmt::format("{} is not the manifest of a backup: {}", path, why)); };
  const auto json = parse_json(text);
  if (!json || !json->is_object()) return refuse("it is no JSON object");
  if (text_of(*json, "what") != "stellwerk backup") return refuse("\"what\" is not \"stellwerk backup\"");
  if (int_of(*json, "form") != form) return refuse(fmt::format("form {} is not known to this binary, which knows {}; use the version that made it ({})", int_of(*json, "form"), form, text_of(*json, "version")));
  BackupManifest manifest{.version = text_of(*json, "version"), .made_at = {}, .dialect = text_of(*json, "dialect"), .schema = {}, .tenant = text_of(*json, "tenant"),
                          .incarnation = text_of(*json, "incarnation"), .master_keys = read_texts(*json, "master_keys"), .data_keys = read_texts(*json, "data_keys"),
                          .file = text_of(*json, "file"), .bytes = int_of(*json, "bytes"), .sha256 = text_of(*json, "sha256")};
  if (const auto made_at = parse_time(text_of(*json, "made_at"))) manifest.made_at = *made_at;
  if (const auto* schema = find_member(*json, "schema"); schema != nullptr && schema->is_array()) {
    for (const auto& applied : schema->get_array()) manifest.schema.emplace_back(text_of(applied, "name"), text_of(applied, "checksum"));
  }
  if (manifest.file.empty() || manifest.file.find('/') != std::string::npos) return refuse("it names no copy of a database");
  return manifest;
}

Result<void> check_schema(const BackupManifest& manifest) {
  for (const auto& [name, checksum] : manifest.schema) {
    const auto known = find_migration(name);
    if (!known)
      return fail(ErrorCode::conflict, fmt::format("the backup was made by version {} and holds migration {}, which this binary does not know: it is older than the backup; install the newer version", manifest.version, name));
    if (*known != checksum) return fail(ErrorCode::conflict, fmt::format("the backup holds migration {} with another content than this binary; it was made by another product, or is damaged", name));
  }
  return {};
}

Result<void> write_manifest(const std::string& path, const BackupManifest& manifest) {
  std::ofstream out{path, std::ios::binary};
  out << dump_json(render_manifest(manifest)) << '\n';
  out.close();
  if (!out) return fail(ErrorCode::unavailable, fmt::format("write {}: {}", path, std::strerror(errno)));
  return flush_to_disk(path);
}

Result<void> fill(const config::Secret& url, const std::filesystem::path& folder, BackupManifest& manifest, const std::stop_token& stop) {
  const auto copy = (folder / manifest.file).string();
  if (is_sqlite(url)) STELLWERK_CHECK(copy_sqlite(sqlite_file(url), copy, manifest, stop));
  else STELLWERK_CHECK(copy_postgresql(url, copy, manifest, stop));
  STELLWERK_CHECK(flush_to_disk(copy));
  STELLWERK_TRY(const auto checksum, config::checksum_of_file(copy));
  manifest.bytes = checksum.bytes;
  manifest.sha256 = checksum.sha256;
  STELLWERK_CHECK(write_manifest((folder / "manifest.json").string(), manifest));
  return flush_to_disk(folder.string());
}

}  // namespace

Result<void> flush_to_disk(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return fail(ErrorCode::unavailable, fmt::format("open {}: {}", path, std::strerror(errno)));
  const bool done = ::fsync(descriptor) == 0;
  const int problem = errno;
  ::close(descriptor);
  if (!done) return fail(ErrorCode::unavailable, fmt::format("write {} to disk: {}", path, std::strerror(problem)));
  return {};
}

Result<void> describe_database(Session& session, BackupManifest& manifest) {
  const bool sqlite = session.dialect() == DialectKind::sqlite;
  STELLWERK_TRY(const auto there, session.rows(sqlite ? "select count(*) from sqlite_master where name = 'schema_version'" : "select case when to_regclass('schema_version') is null then 0 else 1 end", "i"));
  if (std::get<std::int64_t>(there.at(0).at(0)) == 0) return fail(ErrorCode::not_found, "there is no installation in this database yet; nothing to back up");
  STELLWERK_TRY(const auto schema, session.rows("select name, checksum from schema_version order by name", "tt"));
  for (const auto& row : schema) manifest.schema.emplace_back(std::get<std::string>(row[0]), std::get<std::string>(row[1]));
  STELLWERK_TRY(const auto tenant, session.rows("select content from value where name = 'tenant'", "t"));
  if (!tenant.empty()) manifest.tenant = std::get<std::string>(tenant[0][0]);
  STELLWERK_TRY(const auto nodes, session.rows("select incarnation from node_fence order by begun_at desc", "t"));
  if (!nodes.empty()) manifest.incarnation = std::get<std::string>(nodes[0][0]);
  if (!has_migration(manifest, "0005_keys.sql")) return {};
  STELLWERK_TRY(const auto keys, session.rows("select id, sealed from data_key order by created_at, id", "tt"));
  for (const auto& row : keys) {
    manifest.data_keys.push_back(std::get<std::string>(row[0]));
    const std::string master{config::key_id_of(std::get<std::string>(row[1]))};
    if (std::find(manifest.master_keys.begin(), manifest.master_keys.end(), master) == manifest.master_keys.end()) manifest.master_keys.push_back(master);
  }
  return {};
}

Result<void> mark_restored(Session& session, Time now) {
  STELLWERK_CHECK(session.execute("delete from node_fence"));
  STELLWERK_CHECK(session.execute("delete from node_heartbeat"));
  STELLWERK_CHECK(session.execute("update shard set incarnation = ''"));
  STELLWERK_CHECK(session.execute("delete from value where name = 'guard_since_restore'"));
  STELLWERK_CHECK(session.execute("insert into value (name, content) values ('guard_since_restore', :now)", {{"now", format_time(now)}}));
  return {};
}

Json render_manifest(const BackupManifest& manifest) {
  JsonArray schema;
  for (const auto& [name, checksum] : manifest.schema) schema.push_back(JsonObject{{"name", name}, {"checksum", checksum}});
  return JsonObject{{"what", "stellwerk backup"}, {"form", form}, {"version", manifest.version}, {"made_at", format_time(manifest.made_at)}, {"dialect", manifest.dialect},
                    {"tenant", manifest.tenant}, {"incarnation", manifest.incarnation}, {"master_keys", texts(manifest.master_keys)}, {"data_keys", texts(manifest.data_keys)},
                    {"file", manifest.file}, {"bytes", manifest.bytes}, {"sha256", manifest.sha256}, {"schema", std::move(schema)}};
}

Result<std::string> make_backup(const config::Secret& url, const std::string& folder, std::string_view version, Time now, const std::stop_token& stop) {
  namespace fs = std::filesystem;
  std::string name = "stellwerk-" + format_time(std::chrono::floor<std::chrono::seconds>(now));
  std::erase_if(name, [](char c) { return c == ':'; });
  const auto made = fs::path{folder} / name, part = fs::path{folder} / ("." + name + ".part");
  std::error_code problem;
  if (fs::exists(made, problem)) return fail(ErrorCode::conflict, fmt::format("there is a backup {} already; its name is the second in which it began, so ask again in the next one", made.string()));
  fs::create_directories(part, problem);
  if (problem) return fail(ErrorCode::unavailable, fmt::format("make the folder {}: {}", part.string(), problem.message()));
  fs::permissions(part, fs::perms::owner_all, problem);
  BackupManifest manifest{.version = std::string{version}, .made_at = now, .dialect = dialect_of(url), .file = is_sqlite(url) ? "database.sqlite" : "database.pgdump"};
  auto filled = fill(url, part, manifest, stop);
  if (!filled) {
    fs::remove_all(part, problem);
    return wrap(std::move(filled).error(), "make a backup");
  }
  fs::rename(part, made, problem);
  if (problem) return fail(ErrorCode::unavailable, fmt::format("rename {} to {}: {}", part.string(), made.string(), problem.message()));
  STELLWERK_CHECK(flush_to_disk(folder));
  return made.string();
}

Result<BackupManifest> read_backup(const std::string& backup) {
  const auto path = backup + "/manifest.json";
  auto text = read_text_file(path);
  if (!text) return wrap(std::move(text).error(), fmt::format("{} is no backup", backup));
  STELLWERK_TRY(auto manifest, parse_manifest(path, *text));
  const auto copy = backup + "/" + manifest.file;
  STELLWERK_TRY(const auto found, config::checksum_of_file(copy));
  if (found.bytes != manifest.bytes)
    return fail(ErrorCode::invalid_argument, fmt::format("the backup is damaged: {} has {} bytes, {} are expected", copy, found.bytes, manifest.bytes));
  if (found.sha256 != manifest.sha256)
    return fail(ErrorCode::invalid_argument, fmt::format("the backup is damaged: the SHA-256 of {} is {}, {} is expected", copy, found.sha256, manifest.sha256));
  return manifest;
}

std::optional<Time> newest_backup(const std::string& folder) {
  std::optional<Time> newest;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator{folder, none}) {
    if (!entry.path().filename().string().starts_with("stellwerk-")) continue;  // also what begins with a dot: not whole
    const auto path = (entry.path() / "manifest.json").string();
    const auto text = read_text_file(path);
    if (!text) continue;
    const auto manifest = parse_manifest(path, *text);
    if (manifest && manifest->made_at != Time{} && (!newest || *newest < manifest->made_at)) newest = manifest->made_at;
  }
  return newest;
}

Result<void> restore_backup(const std::string& backup, const BackupManifest& manifest, const config::Secret& url, Time now) {
  if (manifest.dialect != dialect_of(url))
    return fail(ErrorCode::conflict, fmt::format("this is a backup of {}, but the database of the settings is {}", manifest.dialect, dialect_of(url)));
  STELLWERK_CHECK(check_schema(manifest));
  const auto copy = backup + "/" + manifest.file;
  return is_sqlite(url) ? restore_sqlite(copy, sqlite_file(url), now) : restore_postgresql(copy, manifest, url, now);
}

Result<std::vector<std::string>> master_keys_of(const config::Secret& url) {
  BackupManifest manifest;
  std::error_code problem;
  if (is_sqlite(url) && !std::filesystem::exists(sqlite_file(url), problem)) return manifest.master_keys;
  Session session{is_sqlite(url) ? DialectKind::sqlite : DialectKind::postgresql, is_sqlite(url) ? config::Secret{sqlite_file(url)} : url, SessionUse::reader};
  STELLWERK_CHECK(session.connect(1));
  auto described = describe_database(session, manifest);
  if (!described && described.error().code != ErrorCode::not_found) return fail(std::move(described).error());
  return manifest.master_keys;
}

}  // namespace stellwerk::storage
