#pragma once
// What differs between PostgreSQL and SQLite in SQL text: only here. SQL is written once, with {placeholders}.

#include <string>
#include <string_view>
#include <vector>

namespace stellwerk::storage {

enum class DialectKind { sqlite, postgresql };

struct Column {
  std::string name;
  char type = 't';  ///< t text, i integer, j JSON
};

/// An ordered list of columns, written "id, revision:i, attributes:j".
class Columns {
 public:
  explicit Columns(std::string_view text);
  /// These and `more` behind them.
  [[nodiscard]] Columns with(std::string_view more) const;
  [[nodiscard]] const std::vector<Column>& all() const { return columns_; }
  /// "a.id, a.revision, …" with the prefix "a.".
  [[nodiscard]] std::string list(std::string_view prefix = "") const;
  /// "ti…", as Session::rows() takes it.
  [[nodiscard]] const std::string& types() const { return types_; }
  /// "state = d.state, …" of these columns but those named in `except`.
  [[nodiscard]] std::string assignments(std::string_view source, const std::vector<std::string>& except = {}) const;

 private:
  std::vector<Column> columns_;
  std::string types_;
};

/// `sql` with every placeholder replaced. A placeholder that is not known is a broken invariant.
///   {id} {json} {identity} {roomy} {clustered} {journal_key} {journal_storage} {journal_default}   types and storage of tables
///   {now}                                   the database's time in microseconds
///   {for update} {for share} {for key share} row locks; SQLite has one writer at a time and needs none
///   {items NAME}                            the texts of a JSON array given as parameter :NAME, as a subquery
[[nodiscard]] std::string expand_sql(DialectKind dialect, std::string_view sql);

/// {rows} of a multi-row statement, a relation `d` of these columns: on PostgreSQL out of one JSON array given as :rows, on SQLite one
/// row of parameters named like the columns.
[[nodiscard]] std::string rows_relation(DialectKind dialect, const Columns& columns);

/// Appends `text` as a JSON string.
void append_json_string(std::string& out, std::string_view text);

}  // namespace stellwerk::storage
