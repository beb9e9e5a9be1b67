#include "storage/dialect.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/result.hpp"

namespace stellwerk::storage {
namespace {

struct Placeholder {
  std::string_view name, sqlite, postgresql;
};

constexpr std::array placeholders{
    // ids sort by their bytes, which is by time; the locale of the database must not matter
    Placeholder{"id", "text", "text collate \"C\""},
    // json, not jsonb: documents are opaque here and must come back as written (order of members, 1.0 as 1.0)
    Placeholder{"json", "text", "json"},
    Placeholder{"identity", "integer primary key autoincrement", "bigint generated always as identity primary key"},
    // rows that change often leave room for their next version on the same page
    Placeholder{"roomy", "", "with (fillfactor = 70)"},
    Placeholder{"clustered", "without rowid", ""},
    Placeholder{"journal_key", "actor, version", "actor, version, at"},
    Placeholder{"journal_storage", "without rowid", "partition by range (at)"},
    Placeholder{"journal_default", "", "create table journal_default partition of journal default"},
    Placeholder{"now", "cast((julianday('now') - 2440587.5) * 86400000000.0 as integer)", "cast(extract(epoch from clock_timestamp()) * 1000000 as bigint)"},
    Placeholder{"for update", "", "for update"},
    Placeholder{"for share", "", "for share"},
    Placeholder{"for key share", "", "for key share"},
};

std::string replacement(DialectKind dialect, std::string_view name) {
  if (name.starts_with("items ")) {
    const std::string parameter{name.substr(6)};
    return dialect == DialectKind::sqlite ? "(select value from json_each(:" + parameter + "))"
                                          : "(select json_array_elements_text(cast(:" + parameter + " as json)))";
  }
  const auto* found = std::find_if(placeholders.begin(), placeholders.end(), [&](const Placeholder& p) { return p.name == name; });
  STELLWERK_ASSERT(found != placeholders.end(), "unknown placeholder in SQL");
  return std::string{dialect == DialectKind::sqlite ? found->sqlite : found->postgresql};
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

}  // namespace

Columns::Columns(std::string_view text) {
  while (!text.empty()) {
    const auto comma = text.find(',');
    auto item = trim(text.substr(0, comma));
    const auto colon = item.find(':');
    columns_.push_back({std::string{item.substr(0, colon)}, colon == std::string_view::npos ? 't' : item[colon + 1]});
    types_ += columns_.back().type;
    text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
  }
}

Columns Columns::with(std::string_view more) const {
  Columns both = *this;
  const Columns added{more};
  both.columns_.insert(both.columns_.end(), added.columns_.begin(), added.columns_.end());
  both.types_ += added.types_;
  return both;
}

std::string Columns::list(std::string_view prefix) const {
  std::string text;
  for (const auto& column : columns_) {
    if (!text.empty()) text += ", ";
    text.append(prefix).append(column.name);
  }
  return text;
}

std::string Columns::assignments(std::string_view source, const std::vector<std::string>& except) const {
  std::string text;
  for (const auto& column : columns_) {
    if (std::find(except.begin(), except.end(), column.name) != except.end()) continue;
    if (!text.empty()) text += ", ";
    text.append(column.name).append(" = ").append(source).append(column.name);
  }
  return text;
}

std::string expand_sql(DialectKind dialect, std::string_view sql) {
  std::string text;
  while (true) {
    const auto open = sql.find('{');
    text.append(sql.substr(0, open));
    if (open == std::string_view::npos) return text;
    const auto close = sql.find('}', open);
    STELLWERK_ASSERT(close != std::string_view::npos, "'{' without '}' in SQL");
    text += replacement(dialect, sql.substr(open + 1, close - open - 1));
    sql.remove_prefix(close + 1);
  }
}

std::string rows_relation(DialectKind dialect, const Columns& columns) {
  std::string text;
  for (const auto& column : columns.all()) {
    if (!text.empty()) text += ", ";
    if (dialect == DialectKind::sqlite) {
      text += ":" + column.name + " as " + column.name;
    } else {
      text += column.name + (column.type == 'i' ? " bigint" : column.type == 'j' ? " json" : " text");
    }
  }
  return dialect == DialectKind::sqlite ? "(select " + text + ") as d" : "json_to_recordset(cast(:rows as json)) as d(" + text + ")";
}

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  out += '"';
}

}  // namespace stellwerk::storage
