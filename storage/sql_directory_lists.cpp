// What people list: products, servers, services, tickets.

#include <fmt/format.h>

#include <algorithm>

#include "storage/rows.hpp"
#include "storage/sql_directory.hpp"

namespace stellwerk::storage {
namespace {

const std::string service_sql =
    "select s.id, s.tenant, s.customer, s.order_id, s.product, a.workflow, s.hostname, s.server, a.state, a.status, a.attributes, a.cursor, a.version, a.revision, "
    "a.created_at, a.updated_at from service s join actor a on a.id = s.id ";
const char* const service_types = "ttttttttttjjiiii";

Result<ServiceView> read_whole_service(const Row& row) {
  Reader r{row};
  return r.finish(ServiceView{r.id<ActorId>(), r.id<TenantId>(), r.text(), r.text(), r.text(), r.text(), r.text(), r.text(), r.text(), r.text(), r.json(), r.json(),
                              r.number(), r.small(), r.time(), r.time()});
}

/// One row that nobody can read must not hide the list: it is shown without its documents.
Result<ServiceView> read_service(const Row& row) {
  std::string unreadable;
  return read_bare(row, service_types, read_whole_service, unreadable);
}

const std::string ticket_sql =
    "select t.id, t.tenant, t.number, t.customer, t.subject, t.department, t.priority, t.service, t.state, t.status, a.version, a.created_at, a.updated_at, "
    "t.last_reply_at from ticket t join actor a on a.id = t.id ";
const char* const ticket_types = "ttttttttttiiii";

Result<TicketView> read_ticket(const Row& row) {
  Reader r{row};
  return r.finish(TicketView{r.id<ActorId>(), r.id<TenantId>(), r.text(), r.text(), r.text(), r.text(), r.text(), r.text(), r.text(), r.text(), r.number(), r.time(),
                             r.time(), r.time()});
}

Result<TicketMessageView> read_message(const Row& row) {
  Reader r{row};
  return r.finish(TicketMessageView{r.text(), r.id<ActorId>(), r.text(), r.text(), r.flag(), r.text(), r.time()});
}

}  // namespace

std::int64_t page_limit(const PageRequest& page) { return std::clamp(page.limit, 1, 200); }
std::string before_id(const PageRequest& page) { return page.after.empty() ? "~" : page.after; }  // '~' is above every id

Result<void> SqlDirectory::put_product(const ProductRow& product) {
  static const Bulk upsert{product_columns, "insert into product (" + product_columns.list() + ") select " + product_columns.list("d.") +
                                                " from {rows} where true on conflict (id) do update set " +
                                                product_columns.assignments("excluded.", {"id", "tenant", "created_at"}) + ", version = product.version + 1 where product.tenant = excluded.tenant"};
  const Row row = to_row(product);
  return session_.transaction([&]() -> Result<void> {
    STELLWERK_CHECK(session_.run(upsert, {&row, 1}));
    return {};
  });
}

Result<std::optional<ProductRow>> SqlDirectory::find_product(const TenantId& tenant, const ProductId& id) {
  static const auto sql = "select " + product_columns.list() + " from product where id = :id and tenant = :tenant";
  STELLWERK_TRY(const auto rows, session_.rows(sql, product_columns.types(), {{"id", id.str()}, {"tenant", tenant.str()}}));
  return read_one(rows, read_product);
}

Result<std::vector<ProductRow>> SqlDirectory::list_products(const TenantId& tenant, const PageRequest& page) {
  static const auto sql = "select " + product_columns.list() + " from product where tenant = :tenant and id > :after order by id limit :limit";
  STELLWERK_TRY(const auto rows, session_.rows(sql, product_columns.types(), {{"tenant", tenant.str()}, {"after", page.after}, {"limit", page_limit(page)}}));
  return read_all(rows, read_product);
}

Result<std::vector<ServerRow>> SqlDirectory::list_servers(const TenantId& tenant, const PageRequest& page) {
  static const auto sql = "select " + server_columns.list() + " from server where tenant = :tenant and id > :after order by id limit :limit";
  STELLWERK_TRY(const auto rows, session_.rows(sql, server_columns.types(), {{"tenant", tenant.str()}, {"after", page.after}, {"limit", page_limit(page)}}));
  return read_all(rows, read_server);
}

Result<std::vector<ServiceView>> SqlDirectory::list_services(const TenantId& tenant, const std::string& customer, const PageRequest& page) {
  static const auto all_sql = service_sql + "where s.tenant = :tenant and s.id < :before order by s.id desc limit :limit";
  static const auto own_sql = service_sql + "where s.tenant = :tenant and s.customer = :customer and s.id < :before order by s.id desc limit :limit";
  const Parameter of_tenant{"tenant", tenant.str()}, before{"before", before_id(page)}, limit{"limit", page_limit(page)};
  STELLWERK_TRY(const auto rows, customer.empty() ? session_.rows(all_sql, service_types, {of_tenant, before, limit})
                                                  : session_.rows(own_sql, service_types, {of_tenant, {"customer", customer}, before, limit}));
  return read_all(rows, read_service);
}

Result<std::optional<ServiceView>> SqlDirectory::find_service(const TenantId& tenant, const ActorId& id) {
  static const auto sql = service_sql + "where s.id = :id and s.tenant = :tenant";
  STELLWERK_TRY(const auto rows, session_.rows(sql, service_types, {{"id", id.str()}, {"tenant", tenant.str()}}));
  return read_one(rows, read_service);
}

Result<std::vector<TicketView>> SqlDirectory::list_tickets(const TenantId& tenant, const std::string& customer, const std::string& status, const PageRequest& page) {
  // one text for each set of filters, so that each has its plan
  const auto sql = ticket_sql + "where t.tenant = :tenant " + (customer.empty() ? "" : "and t.customer = :customer ") + (status.empty() ? "" : "and t.status = :status ") +
                   "and t.id < :before order by t.id desc limit :limit";
  const Parameter of_tenant{"tenant", tenant.str()}, of_customer{"customer", customer}, with_status{"status", status}, before{"before", before_id(page)},
      limit{"limit", page_limit(page)};
  const auto query = [&] {
    if (customer.empty() && status.empty()) return session_.rows(sql, ticket_types, {of_tenant, before, limit});
    if (customer.empty()) return session_.rows(sql, ticket_types, {of_tenant, with_status, before, limit});
    if (status.empty()) return session_.rows(sql, ticket_types, {of_tenant, of_customer, before, limit});
    return session_.rows(sql, ticket_types, {of_tenant, of_customer, with_status, before, limit});
  };
  STELLWERK_TRY(const auto rows, query());
  return read_all(rows, read_ticket);
}

Result<std::optional<TicketView>> SqlDirectory::find_ticket(const TenantId& tenant, const ActorId& id) {
  static const auto sql = ticket_sql + "where t.id = :id and t.tenant = :tenant";
  STELLWERK_TRY(const auto rows, session_.rows(sql, ticket_types, {{"id", id.str()}, {"tenant", tenant.str()}}));
  return read_one(rows, read_ticket);
}

Result<std::vector<TicketMessageView>> SqlDirectory::ticket_messages(const TenantId& tenant, const ActorId& ticket, bool with_internal) {
  STELLWERK_TRY(const auto rows, session_.rows("select id, ticket, author, role, internal, body, at from ticket_message where ticket = :ticket and tenant = :tenant "
                                               "and internal <= :internal order by at, id",
                                               "ttttiti", {{"ticket", ticket.str()}, {"tenant", tenant.str()}, {"internal", std::int64_t{with_internal ? 1 : 0}}}));
  return read_all(rows, read_message);
}

}  // namespace stellwerk::storage
