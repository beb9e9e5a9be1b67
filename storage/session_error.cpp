#include "storage/session_error.hpp"

#include <soci/postgresql/soci-postgresql.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "storage/session.hpp"

namespace stellwerk::storage {
namespace {

/// SOCI's own line says nothing; libpq's, below it, who did not answer and why. Other texts of libpq may repeat a part of the URL, which may be its password.
std::string_view without_preface(std::string_view text) {
  constexpr std::string_view preface = "Cannot establish connection to the database.";
  if (!text.starts_with(preface)) return text;
  auto rest = text.substr(preface.size());
  while (!rest.empty() && (rest.front() == '\n' || rest.front() == ' ')) rest.remove_prefix(1);
  for (const std::string_view known : {"connection to server", "could not translate host name"})
    if (rest.starts_with(known)) return rest;
  return "no connection to the database, and no reason that may be shown; look at its URL";
}

/// The first line is enough: libpq repeats the statement below it.
std::string first_line(std::string_view text) {
  text = without_preface(text);
  // "sqlite3_statement_backend::prepare: ": where in SOCI it happened, which helps nobody
  if (const auto place = text.starts_with("sqlite3_") ? text.find(": ") : std::string_view::npos; place != std::string_view::npos) text.remove_prefix(place + 2);
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  return std::string{text.substr(0, std::min<std::size_t>(text.find('\n'), 2'000))};
}

const char* reason_of_sqlstate(std::string_view state) {
  if (state == "23505") return reason::unique;
  if (state == "40001" || state == "40P01" || state == "55P03") return reason::serialization;
  if (state.starts_with("08") || state == "25P03" || state == "57P01" || state == "57P02" || state == "57P03") return reason::connection;
  if (state.starts_with("53") || state.starts_with("57") || state.starts_with("58") || state.starts_with("25")) return reason::resources;
  return reason::statement;
}

const char* reason_of_sqlite(int result, int extended) {
  switch (result & 0xff) {
    case SQLITE_CONSTRAINT:
      return extended == SQLITE_CONSTRAINT_UNIQUE || extended == SQLITE_CONSTRAINT_PRIMARYKEY ? reason::unique : reason::statement;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return reason::serialization;
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_NOMEM:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY: return reason::resources;
    default: return reason::statement;
  }
}

ErrorCode code_of(std::string_view reason) {
  if (reason == reason::unique) return ErrorCode::conflict;
  return reason == reason::statement ? ErrorCode::internal : ErrorCode::unavailable;
}

}  // namespace

Error translate_error(const std::exception& error, int sqlite_extended, bool broken) {
  const char* why = reason::statement;
  if (const auto* postgresql = dynamic_cast<const soci::postgresql_soci_error*>(&error)) why = reason_of_sqlstate(postgresql->sqlstate());
  if (const auto* sqlite = dynamic_cast<const soci::sqlite3_soci_error*>(&error)) why = reason_of_sqlite(sqlite->result(), sqlite_extended);
  if (broken) why = reason::connection;
  // what() would repeat the statement with its values, and those belong to customers.
  const auto* soci = dynamic_cast<const soci::soci_error*>(&error);
  return Error{code_of(why), first_line(soci == nullptr ? error.what() : soci->get_error_message()), why};
}

}  // namespace stellwerk::storage
