// Keys of tenants and persons, and the audit of what people saw.

#include <fmt/format.h>

#include "storage/rows.hpp"
#include "storage/sql_store.hpp"

namespace stellwerk::storage {

Result<std::vector<DataKeyRow>> SqlStore::data_keys(const TenantId& tenant) {
  static const auto sql = "select " + data_key_columns.list() + " from data_key where tenant = :tenant order by created_at, id";
  STELLWERK_TRY(const auto rows, session_.rows(sql, data_key_columns.types(), {{"tenant", tenant.str()}}));
  return read_all(rows, read_data_key);
}

Result<void> SqlStore::add_data_key(const DataKeyRow& key) {
  static const Bulk add{data_key_columns, "insert into data_key (" + data_key_columns.list() + ") select " + data_key_columns.list("d.") + " from {rows} where true"};
  const auto row = to_row(key);
  return session_.transaction([&]() -> Result<void> {
    STELLWERK_CHECK(session_.run(add, {&row, 1}));
    return {};
  });
}

Result<void> SqlStore::add_audit(const AuditRow& entry) {
  static const Bulk add{audit_columns, "insert into audit (" + audit_columns.list() + ") select " + audit_columns.list("d.") + " from {rows} where true"};
  const auto row = to_row(entry);
  return session_.transaction([&]() -> Result<void> {
    STELLWERK_CHECK(session_.run(add, {&row, 1}));
    return {};
  });
}

}  // namespace stellwerk::storage
