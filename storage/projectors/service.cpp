// Services: what a list shows beside the actor's own row, with which it is joined by id. Most decisions change none of it and write nothing.

#include "storage/projectors/projectors.hpp"

namespace stellwerk::storage {

Result<void> project_services(Session& session, const Changes& changes) {
  static const Bulk upsert{Columns{"id, tenant, customer, order_id, product, hostname, server"},
                           "insert into service (id, tenant, customer, order_id, product, hostname, server) "
                           "select d.id, d.tenant, d.customer, d.order_id, d.product, d.hostname, d.server from {rows} where true "
                           "on conflict (id) do update set customer = excluded.customer, order_id = excluded.order_id, product = excluded.product, "
                           "hostname = excluded.hostname, server = excluded.server "
                           "where service.customer <> excluded.customer or service.order_id <> excluded.order_id or service.product <> excluded.product "
                           "or service.hostname <> excluded.hostname or service.server <> excluded.server"};
  std::vector<Row> rows;
  for (const auto* change : changes) {
    const auto& row = change->row;
    rows.push_back({row.id.str(), row.tenant.str(), row.customer, text_of(row.attributes, "order"), text_of(row.attributes, "product"),
                    text_of(row.attributes, "hostname"), text_of(row.attributes, "server")});
  }
  STELLWERK_CHECK(session.run(upsert, rows));
  return {};
}

}  // namespace stellwerk::storage
