#include "storage/migrations.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "core/embedded.hpp"
#include "storage/sql_months.hpp"

namespace stellwerk::storage {
namespace {

constexpr std::string_view folder = "storage/migrations/";
constexpr int months_ahead = 3;

std::map<std::string, std::string_view> known_migrations() {
  std::map<std::string, std::string_view> known;
  for (const auto& file : embedded_files()) {
    if (file.path.starts_with(folder)) known.emplace(file.path.substr(folder.size()), file.text);
  }
  return known;
}

Result<void> apply(Session& session, const std::string& name, std::string_view text) {
  for (const auto& statement : split_statements(text)) {
    const auto sql = expand_sql(session.dialect(), statement);
    if (sql.empty()) continue;  // nothing of that kind on this database
    if (auto done = session.script(sql); !done) return wrap(std::move(done.error()), fmt::format("apply migration {}", name));
  }
  STELLWERK_CHECK(session.execute("insert into schema_version (name, checksum, applied_at) values (:name, :checksum, {now})",
                                  {{"name", name}, {"checksum", config::sha256_hex(text)}}));
  return {};
}

}  // namespace

std::optional<std::string> find_migration(const std::string& name) {
  const auto known = known_migrations();
  const auto found = known.find(name);
  if (found == known.end()) return std::nullopt;
  return config::sha256_hex(found->second);
}

std::vector<std::string> split_statements(std::string_view text) {
  std::vector<std::string> statements;
  std::string statement;
  while (!text.empty()) {
    const auto end = text.find('\n');
    const auto line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    if (line.empty() || line.starts_with("--")) continue;
    statement.append(line).append("\n");
    if (!line.ends_with(';')) continue;
    statement.resize(statement.size() - 2);
    if (!statement.empty()) statements.push_back(std::move(statement));
    statement.clear();
  }
  if (!statement.empty()) statements.push_back(std::move(statement));
  return statements;
}

Result<std::vector<std::string>> apply_migrations(Session& session) {
  const auto known = known_migrations();
  std::vector<std::string> applied;
  const auto create_record = [&]() -> Result<void> {
    STELLWERK_CHECK(session.execute("create table if not exists schema_version (name text primary key, checksum text not null, applied_at bigint not null)"));
    return {};
  };
  // Two processes may create it at the same moment; the loser looks again.
  if (auto made = session.transaction(create_record); !made) STELLWERK_CHECK(session.transaction(create_record));
  const auto work = [&]() -> Result<void> {
    const bool postgresql = session.dialect() == DialectKind::postgresql;
    if (postgresql) STELLWERK_CHECK(session.script("lock table schema_version in exclusive mode"));
    STELLWERK_TRY(const auto rows, session.rows("select name, checksum from schema_version order by name", "tt"));
    std::map<std::string, std::string> present;
    for (const auto& row : rows) present.emplace(std::get<std::string>(row[0]), std::get<std::string>(row[1]));
    for (const auto& [name, checksum] : present) {
      const auto found = known.find(name);
      if (found == known.end()) {
        return fail(ErrorCode::conflict, fmt::format("the schema holds migration {}, which this binary does not know: it is older than the database; install the newer version", name));
      }
      if (config::sha256_hex(found->second) != checksum) {
        return fail(ErrorCode::conflict, fmt::format("migration {} was applied with another content than this binary holds; applied migrations are never changed", name));
      }
    }
    for (const auto& [name, text] : known) {
      if (present.contains(name)) continue;
      STELLWERK_CHECK(apply(session, name, text));
      applied.push_back(name);
    }
    return {};
  };
  STELLWERK_CHECK(session.transaction(work));
  if (session.dialect() == DialectKind::postgresql) {
    auto time = wall_now();
    for (int i = 0; i <= months_ahead; ++i) {
      const auto month = month_of(time);
      // A month of which the default partition holds rows already stays there.
      auto made = session.transaction([&] { return make_month(session, month); });
      if (!made && made.error().reason != reason::statement && made.error().reason != reason::serialization) return fail(std::move(made.error()));
      time = month.next;
    }
  }
  return applied;
}

}  // namespace stellwerk::storage
