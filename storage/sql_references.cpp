// What references of workflows point to: reading it, and making sure that it has not changed when a decision is written.

#include <algorithm>
#include <map>

#include "storage/commit_check.hpp"
#include "storage/reference_kind.hpp"
#include "storage/rows.hpp"
#include "storage/sql_store.hpp"

namespace stellwerk::storage {
namespace {

std::string json_list(const std::vector<std::string>& ids) {
  JsonArray list;
  for (const auto& id : ids) list.emplace_back(boost::json::string(id));
  return dump_json(list);
}

/// The ids of each table, sorted and without doubles.
std::map<ReferenceTable, std::vector<std::string>> by_table(std::span<const std::string> ids) {
  std::map<ReferenceTable, std::vector<std::string>> tables;
  for (const auto& id : ids) tables[reference_table(id)].push_back(id);
  for (auto& [table, list] : tables) {
    std::sort(list.begin(), list.end());
    list.erase(std::unique(list.begin(), list.end()), list.end());
  }
  return tables;
}

struct Query {
  std::string read;  ///< id, version and what makes the fields
  std::string_view types;
  std::string lock;  ///< id, tenant, version
};

const Query& query_of(ReferenceTable table) {
  static const auto lock = [](const std::string& name) { return "select id, tenant, version from " + name + " where id in {items ids} order by id {for share}"; };
  static const auto read = [](const std::string& name, const std::string& columns) {
    return "select id, version, " + columns + " from " + name + " where tenant = :tenant and id in {items ids} order by id";
  };
  static const Query actor{read("actor", "kind, workflow, revision, state, status, customer, attributes"), "tittitttj", lock("actor")};
  static const Query product{read("product", "name, workflow, attributes"), "titttj", lock("product")};
  static const Query server{read("server", "name, connector, pool, state"), "tittttt", lock("server")};
  static const Query customer{read("customer", "number, name, email"), "tittt", lock("customer")};
  switch (table) {
    case ReferenceTable::actor: return actor;
    case ReferenceTable::product: return product;
    case ReferenceTable::server: return server;
    case ReferenceTable::customer: return customer;
  }
  return actor;
}

Result<ReferenceRow> read_reference(ReferenceTable table, const Row& row) {
  Reader r{row};
  ReferenceRow out;
  out.id = r.text();
  out.version = r.number();
  switch (table) {
    case ReferenceTable::actor: {
      out.kind = r.text();
      out.workflow = r.text();
      out.revision = r.small();
      const auto state = r.text(), status = r.text(), customer = r.text();
      out.fields = actor_fields(state, status, customer, r.json());
      break;
    }
    case ReferenceTable::product: {
      out.kind = "product";
      const auto name = r.text(), workflow = r.text();
      out.fields = product_fields(name, workflow, r.json());
      break;
    }
    case ReferenceTable::server: {
      out.kind = "server";
      const auto name = r.text(), connector = r.text(), pool = r.text(), state = r.text();
      out.fields = server_fields(name, connector, pool, state);
      break;
    }
    case ReferenceTable::customer: {
      out.kind = "customer";
      const auto number = r.text(), name = r.text(), email = r.text();
      out.fields = customer_fields(number, name, email);
      break;
    }
  }
  return r.finish(std::move(out));
}

}  // namespace

Result<std::vector<ReferenceRow>> SqlStore::read_references(const TenantId& tenant, std::span<const std::string> ids) {
  std::vector<ReferenceRow> found;
  for (const auto& [table, list] : by_table(ids)) {
    const auto& query = query_of(table);
    STELLWERK_TRY(const auto rows, session_.rows(query.read, query.types, {{"tenant", tenant.str()}, {"ids", json_list(list)}}));
    for (const auto& row : rows) {
      STELLWERK_TRY(auto one, read_reference(table, row));
      found.push_back(std::move(one));
    }
  }
  return found;
}

Result<std::vector<std::pair<std::size_t, CommitResult>>> SqlStore::check_receivers(std::span<const Commit> batch, const Group& written) {
  std::vector<std::string> ids;
  const auto each = [&](const auto& look) {
    for (const auto index : written)
      for (const auto& change : batch[index].changes)
        for (const auto& message : change.messages)
          if (message.receiver != change.row.id) look(index, change, message);
  };
  each([&](std::size_t, const ActorChange&, const MailboxRow& message) { ids.push_back(message.receiver.str()); });
  std::vector<std::pair<std::size_t, CommitResult>> refused;
  if (ids.empty()) return refused;
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  STELLWERK_TRY(const auto rows, session_.rows("select id, tenant from actor where id in {items ids}", "tt", {{"ids", json_list(ids)}}));
  std::map<std::string, std::string> tenants;  // who is not there is seen to by return_undelivered()
  for (const auto& row : rows) tenants[std::get<std::string>(row[0])] = std::get<std::string>(row[1]);
  each([&](std::size_t index, const ActorChange& change, const MailboxRow& message) {
    const auto found = tenants.find(message.receiver.str());
    if (found == tenants.end() || found->second == change.row.tenant.str() || (!refused.empty() && refused.back().first == index)) return;
    refused.emplace_back(index, refuse_other_tenant(message));
  });
  return refused;
}

Result<SqlStore::Group> SqlStore::check_required(std::span<const Commit> batch, const Group& written) {
  std::vector<std::string> ids;
  for (const auto index : written)
    for (const auto& row : batch[index].required) ids.push_back(row.id);
  Group changed;
  if (ids.empty()) return changed;
  std::map<std::pair<std::string, std::string>, std::int64_t> versions;  // by id and tenant; one that is not there has version 0
  for (const auto& [table, list] : by_table(ids)) {
    STELLWERK_TRY(const auto rows, session_.rows(query_of(table).lock, "tti", {{"ids", json_list(list)}}));
    for (const auto& row : rows) versions[{std::get<std::string>(row[0]), std::get<std::string>(row[1])}] = std::get<std::int64_t>(row[2]);
  }
  for (const auto index : written) {
    const auto& required = batch[index].required;
    const auto& tenant = batch[index].changes.front().row.tenant.str();
    if (std::any_of(required.begin(), required.end(), [&](const RequiredRow& r) { return versions[{r.id, tenant}] != r.version; })) changed.push_back(index);
  }
  return changed;
}

}  // namespace stellwerk::storage
