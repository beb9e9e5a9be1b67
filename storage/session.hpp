#pragma once
// One database session: connection, prepared statements, errors as values. Internal to storage; the only door to SOCI.

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "config/secret.hpp"
#include "core/clock.hpp"
#include "core/result.hpp"
#include "storage/dialect.hpp"

namespace stellwerk::storage {

/// A parameter or a cell: NULL, integer or text (JSON is text too).
using Value = std::variant<std::monostate, std::int64_t, std::string>;
using Parameter = std::pair<const char*, Value>;
using Row = std::vector<Value>;

/// A statement for many rows. `sql` holds {rows}; it may return one text column (`returning`).
struct Bulk {
  Bulk(Columns columns_taken, std::string sql_text) : columns{std::move(columns_taken)}, sql{std::move(sql_text)} {}
  Columns columns;
  std::string sql;
  bool returning() const { return sql.find(" returning ") != std::string::npos; }
};

/// Reasons in Error::reason of a failed statement.
namespace reason {
inline constexpr const char* connection = "connection";        ///< lost; code unavailable
inline constexpr const char* unique = "unique";                ///< code conflict
inline constexpr const char* serialization = "serialization";  ///< deadlock, busy: the same again may work; code unavailable
inline constexpr const char* resources = "resources";          ///< disk, memory, administration; code unavailable
inline constexpr const char* statement = "statement";          ///< the database refuses these values; code internal
}  // namespace reason

enum class SessionUse { engine, reader };

class Session {
 public:
  /// `patience` (PostgreSQL): a transaction that is idle for so long is ended by the server, a connection that is silent for so long by
  /// the kernel. A third of a lease: a stopped node must not keep its successor waiting.
  Session(DialectKind dialect, config::Secret target, SessionUse use, Duration patience = std::chrono::seconds{5});
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Connects (again); prepared statements are forgotten. Tries `tries` times with growing pauses, 0.1 s at first.
  [[nodiscard]] Result<void> connect(int tries);
  [[nodiscard]] DialectKind dialect() const { return dialect_; }

  /// From now on every transaction begins by holding this incarnation's row in node_fence, and nothing is written outside of one;
  /// empty: a tool's session, which is not fenced.
  void set_incarnation(std::string incarnation) { incarnation_ = std::move(incarnation); }
  [[nodiscard]] const std::string& incarnation() const { return incarnation_; }

  /// Begins a writing transaction; connects again when the connection turns out to be lost. Errors: cancelled when the session's
  /// incarnation was ended.
  [[nodiscard]] Result<void> begin();
  [[nodiscard]] Result<void> commit();
  void rollback();

  /// begin, `body`, commit; rolls back when `body` fails.
  template <class Body>
  [[nodiscard]] Result<void> transaction(Body body) {
    STELLWERK_CHECK(begin());
    Result<void> done = body();
    if (done) done = commit();
    if (!done) rollback();
    return done;
  }

  /// All rows of a query. `types` has a letter for each column (t text, i integer, j JSON). Prepared once per text of `sql`. Outside a
  /// transaction a lost connection is opened again and the query repeated.
  [[nodiscard]] Result<std::vector<Row>> rows(const std::string& sql, std::string_view types, std::initializer_list<Parameter> parameters = {}) {
    return rows(sql, types, std::span<const Parameter>{parameters.begin(), parameters.size()});
  }
  [[nodiscard]] Result<std::vector<Row>> rows(const std::string& sql, std::string_view types, std::span<const Parameter> parameters);
  /// The number of affected rows.
  [[nodiscard]] Result<std::int64_t> execute(const std::string& sql, std::initializer_list<Parameter> parameters = {});
  /// Runs `bulk` for the rows; what it returned, in no particular order.
  [[nodiscard]] Result<std::vector<std::string>> run(const Bulk& bulk, std::span<const Row> rows);
  /// One statement without parameters, not kept.
  [[nodiscard]] Result<void> script(const std::string& sql);

 private:
  struct State;
  struct Prepared;

  Result<std::vector<Row>> run_prepared(const std::string& sql, std::string_view types, std::span<const Parameter> parameters, std::int64_t* affected);
  Prepared& prepare(const std::string& sql, std::string_view types, std::span<const Parameter> parameters);
  Error translate(const std::exception& error) const;
  void configure();
  Result<void> begin_plain();
  Result<void> hold_fence();
  Result<void> check_fenced() const;

  DialectKind dialect_;
  config::Secret target_;
  SessionUse use_;
  Duration patience_;
  std::string incarnation_;
  bool in_transaction_ = false;
  std::unique_ptr<State> state_;
};

}  // namespace stellwerk::storage
