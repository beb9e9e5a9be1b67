// Revisions, servers, ranges, addresses, values: plain records that the engine and the operator write.

#include <fmt/format.h>

#include <set>

#include "storage/actions/address_rank.hpp"
#include "storage/rows.hpp"
#include "storage/sql_store.hpp"

namespace stellwerk::storage {

Result<void> SqlStore::publish(const Revision& r) {
  auto done = session_.transaction([&]() -> Result<void> {
    STELLWERK_CHECK(session_.execute(
        "insert into revision (tenant, type, name, revision, content, at) values (:tenant, :type, :name, :revision, :content, :at)",
        {{"tenant", r.tenant.str()}, {"type", r.type}, {"name", r.name}, {"revision", std::int64_t{r.revision}}, {"content", r.text}, {"at", to_micros(r.at)}}));
    return {};
  });
  if (!done && done.error().reason == reason::unique) return fail(ErrorCode::conflict, fmt::format("{} {} revision {} is published already", r.type, r.name, r.revision));
  return done;
}

Result<std::vector<Store::Revision>> SqlStore::revisions(const TenantId& tenant) {
  STELLWERK_TRY(const auto rows, session_.rows("select tenant, type, name, revision, content, at from revision where tenant = :tenant order by type, name, revision",
                                               "tttiti", {{"tenant", tenant.str()}}));
  std::vector<Revision> all;
  for (const auto& row : rows) {
    Reader r{row};
    all.push_back(Revision{r.id<TenantId>(), r.text(), r.text(), r.small(), r.text(), r.time()});
  }
  return all;
}

Result<void> SqlStore::put_server(const ServerRow& server) {
  static const Bulk upsert{server_columns, "insert into server (" + server_columns.list() + ") select " + server_columns.list("d.") +
                                               " from {rows} where true on conflict (id) do update set " +
                                               server_columns.assignments("excluded.", {"id", "tenant", "used", "created_at"}) + ", version = server.version + 1"};
  const Row row = to_row(server);
  return session_.transaction([&]() -> Result<void> {
    STELLWERK_CHECK(session_.run(upsert, {&row, 1}));
    return {};
  });
}

Result<void> SqlStore::put_id_range(const IdRange& range) {
  if (range.first > range.last || range.first < 0) {
    return fail(ErrorCode::invalid_argument, fmt::format("range '{}' goes from {} to {}; it begins at 0 or above and does not end before it begins", range.name, range.first, range.last));
  }
  return session_.transaction([&]() -> Result<void> {
    STELLWERK_CHECK(session_.execute("insert into id_range (tenant, name, first_number, last_number, next_free) values (:tenant, :name, :first, :last, :first) "
                                     "on conflict (tenant, name) do update set first_number = excluded.first_number, last_number = excluded.last_number, "
                                     "next_free = excluded.first_number",
                                     {{"tenant", range.tenant.str()}, {"name", range.name}, {"first", range.first}, {"last", range.last}}));
    return {};
  });
}

Result<void> SqlStore::put_addresses(std::span<const AddressRow> addresses) {
  static const Bulk add_pools{Columns{"tenant, name"},
                              "insert into address_pool (tenant, name) select d.tenant, d.name from {rows} where true on conflict (tenant, name) do nothing"};
  static const Bulk add{Columns{"tenant, pool, address, rank"},
                        "insert into address (tenant, pool, address, rank, owner, state, until_at) select d.tenant, d.pool, d.address, d.rank, '', 'free', 0 "
                        "from {rows} where true on conflict (tenant, pool, address) do nothing"};
  std::set<std::pair<std::string, std::string>> pools;
  std::vector<Row> pool_rows, rows;
  for (const auto& a : addresses) {
    if (pools.insert({a.tenant.str(), a.pool}).second) pool_rows.push_back({a.tenant.str(), a.pool});
    rows.push_back({a.tenant.str(), a.pool, a.address, address_rank(a.address)});
  }
  return session_.transaction([&]() -> Result<void> {
    STELLWERK_CHECK(session_.run(add_pools, pool_rows));
    STELLWERK_CHECK(session_.run(add, rows));
    return {};
  });
}

Result<std::optional<std::string>> SqlStore::get_value(const std::string& name) {
  STELLWERK_TRY(const auto rows, session_.rows("select content from value where name = :name", "t", {{"name", name}}));
  if (rows.empty()) return std::optional<std::string>{};
  return std::optional{std::get<std::string>(rows[0][0])};
}

Result<void> SqlStore::put_value(const std::string& name, const std::string& value) {
  return session_.transaction([&]() -> Result<void> {
    STELLWERK_CHECK(session_.execute("insert into value (name, content) values (:name, :content) on conflict (name) do update set content = excluded.content",
                                     {{"name", name}, {"content", value}}));
    return {};
  });
}

}  // namespace stellwerk::storage
