// A backup of PostgreSQL: pg_dump and pg_restore. What the manifest tells and what is dumped are one snapshot.

#include <fmt/format.h>
#include <libpq-fe.h>

#include <map>
#include <memory>

#include "storage/backup_copy.hpp"
#include "storage/child_process.hpp"

namespace stellwerk::storage {
namespace {

struct Connection {
  std::map<std::string, std::string> environment;
  std::string database;
};

/// What the URL says, as the variables that PostgreSQL's programs read: nothing of it is seen among the arguments.
Result<Connection> connection_of(const config::Secret& url) {
  char* message = nullptr;
  const std::unique_ptr<PQconninfoOption, void (*)(PQconninfoOption*)> options{PQconninfoParse(url.reveal().c_str(), &message), PQconninfoFree};
  if (!options) {
    PQfreemem(message);  // it may repeat the password
    return fail(ErrorCode::invalid_argument, "the URL of the database cannot be read");
  }
  Connection connection;
  for (const auto* option = options.get(); option->keyword != nullptr; ++option) {
    if (option->val == nullptr || option->val[0] == '\0') continue;
    if (option->envvar != nullptr) connection.environment[option->envvar] = option->val;
    if (std::string_view{option->keyword} == "dbname") connection.database = option->val;
  }
  return connection;
}

/// A value of a connection string (libpq, section 32.1.1.1).
std::string quoted(const std::string& value) {
  std::string text = "'";
  for (const char c : value) {
    if (c == '\'' || c == '\\') text += '\\';
    text += c;
  }
  return text + "'";
}

Result<void> check_empty(Session& session) {
  STELLWERK_TRY(const auto found, session.rows("select c.relname::text from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind in ('r', 'p', 'v', 'm', 'S', 'f') "
                                               "and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname not like 'pg_toast%' and n.nspname not like 'pg_temp%' "
                                               "and not exists (select 1 from pg_depend d where d.objid = c.oid and d.deptype = 'e') order by 1 limit 1",  // not what extensions bring
                                               "t"));
  if (found.empty()) return {};
  return fail(ErrorCode::conflict, fmt::format("the database of the settings is not empty (it holds '{}'); a restore takes an empty one: create it with createdb, or drop what a restore that failed has left",
                                               std::get<std::string>(found[0][0])));
}

}  // namespace

Result<void> copy_postgresql(const config::Secret& url, const std::string& target, BackupManifest& manifest, const std::stop_token& stop) {
  STELLWERK_TRY(const auto connection, connection_of(url));
  Session session{DialectKind::postgresql, url, SessionUse::reader};
  STELLWERK_CHECK(session.connect(1));
  STELLWERK_CHECK(session.script("set idle_in_transaction_session_timeout = 0"));  // the snapshot is held as long as the dump takes
  // Without Session::begin(): were the connection lost in between, the snapshot would be gone with it, and pg_dump refuses.
  STELLWERK_CHECK(session.script("begin isolation level repeatable read, read only"));
  STELLWERK_TRY(const auto snapshot, session.rows("select pg_export_snapshot()", "t"));
  STELLWERK_CHECK(describe_database(session, manifest));
  // Which migrations are applied stands in the manifest alone. They are written when everything else is restored and marked as such; a
  // database without them is one on which no node starts.
  STELLWERK_CHECK(run_program("pg_dump", {"--format=custom", "--no-owner", "--no-privileges", "--exclude-table-data=*.schema_version", "--snapshot=" + std::get<std::string>(snapshot.at(0).at(0)),
                                          "--file=" + target},
                              connection.environment, stop));
  return session.script("commit");
}

Result<void> restore_postgresql(const std::string& copy, const BackupManifest& manifest, const config::Secret& url, Time now) {
  STELLWERK_TRY(const auto connection, connection_of(url));
  Session session{DialectKind::postgresql, url, SessionUse::reader};
  STELLWERK_CHECK(session.connect(1));
  STELLWERK_CHECK(check_empty(session));
  STELLWERK_CHECK(run_program("pg_restore", {"--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges",
                                             "--dbname=" + (connection.database.empty() ? "" : "dbname=" + quoted(connection.database)), copy},
                              connection.environment, {}));
  const auto work = [&]() -> Result<void> {
    for (const auto& [name, checksum] : manifest.schema) {
      STELLWERK_CHECK(session.execute("insert into schema_version (name, checksum, applied_at) values (:name, :checksum, {now})", {{"name", name}, {"checksum", checksum}}));
    }
    return mark_restored(session, now);
  };
  STELLWERK_CHECK(session.transaction(work));
  return session.script("analyze");
}

}  // namespace stellwerk::storage
