// Customers: whom staff work for.

#include "api/api.hpp"
#include "api/render.hpp"

namespace stellwerk::api {
namespace {

Json render_customer(const actors::CustomerRow& c) {
  return JsonObject{{"id", c.id}, {"customer_number", c.number}, {"name", c.name}, {"email", c.email}, {"created_at", format_time(c.created_at)}};
}

void list(Api& api, Call&& call) {
  auto page = call.page();
  if (!page) return call.refuse(page.error());
  api.answer(std::move(call), [page = *page](actors::Views& views, const Call& c) -> Result<Json> {
    STELLWERK_TRY(const auto customers, views.records().list_customers(c.caller.tenant, page));
    return render_page(customers, page.limit, render_customer);
  });
}

void show(Api& api, Call&& call) {
  api.answer(std::move(call), [](actors::Views& views, const Call& c) -> Result<Json> {
    STELLWERK_TRY(const auto customer, views.records().find_customer(c.caller.tenant, c.param("id")));
    if (!customer) return fail(ErrorCode::not_found, "there is no customer " + c.param("id"));
    return render_customer(*customer);
  });
}

}  // namespace

void add_customer_routes(Api& api) {
  api.add(http::Method::get, "/api/admin/customers", Access::staff, list);
  api.add(http::Method::get, "/api/admin/customers/{id}", Access::staff, show);
}

}  // namespace stellwerk::api
