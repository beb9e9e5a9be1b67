// What the installation offers and stands on: products, servers, number ranges, addresses, published workflows.

#include "api/api.hpp"
#include "api/render.hpp"

namespace stellwerk::api {
namespace {

void list_products(Api& api, Call&& call) {
  auto page = call.page();
  if (!page) return call.refuse(page.error());
  const auto tenant = api.options().tenant;
  api.answer(std::move(call), [page = *page, tenant](actors::Views& views, const Call&) -> Result<Json> {
    STELLWERK_TRY(auto products, views.records().list_products(tenant, page));
    std::erase_if(products, [](const actors::ProductRow& p) { return !p.visible; });
    return render_page(products, page.limit, [](const actors::ProductRow& p) { return render(p); });
  });
}

/// A text member, or a problem with its pointer.
std::string needed(const Json& body, const char* name, std::vector<FieldProblem>& problems) {
  auto text = text_of(body, name);
  if (text.empty() || text.size() > 200) problems.push_back({std::string{"/"} + name, "a text of 1 to 200 bytes is expected"});
  return text;
}

Result<Json> created(Error error, const std::function<Result<Json>()>& make) {
  if (!error.fields.empty()) return fail(std::move(error));
  return make();
}

void add_product(Api& api, Call&& call) {
  auto body = call.body();
  if (!body) return call.refuse(body.error());
  api.answer(std::move(call), [body = std::move(*body)](actors::Views& views, const Call& c) -> Result<Json> {
    Error error{ErrorCode::invalid_argument, "the product cannot be added", "bad_product"};
    actors::ProductRow product{.id = make_id<ProductId>("prd"), .tenant = c.caller.tenant, .name = needed(body, "name", error.fields), .workflow = needed(body, "workflow", error.fields),
                               .attributes = JsonObject{}, .visible = bool_of(body, "visible", true), .created_at = wall_now()};
    if (const auto* attributes = find_member(body, "attributes")) {
      if (attributes->is_object()) product.attributes = *attributes;
      else error.fields.push_back({"/attributes", "an object is expected"});
    }
    return created(std::move(error), [&]() -> Result<Json> {
      STELLWERK_CHECK(views.put_product(product));
      return render(product);
    });
  }, 201);
}

Json render_server(const actors::Views& views, const actors::ServerRow& s) {
  return JsonObject{{"id", s.id.str()}, {"name", s.name}, {"connector", s.connector}, {"pool", s.pool}, {"capacity", s.capacity}, {"used", s.used}, {"state", s.state},
                    {"settings", views.shown_settings(s)}, {"created_at", format_time(s.created_at)}};
}

void list_servers(Api& api, Call&& call) {
  auto page = call.page();
  if (!page) return call.refuse(page.error());
  api.answer(std::move(call), [page = *page](actors::Views& views, const Call& c) -> Result<Json> {
    STELLWERK_TRY(const auto servers, views.records().list_servers(c.caller.tenant, page));
    return render_page(servers, page.limit, [&](const actors::ServerRow& s) { return render_server(views, s); });
  });
}

void add_server(Api& api, Call&& call) {
  auto body = call.body();
  if (!body) return call.refuse(body.error());
  api.answer(std::move(call), [body = std::move(*body)](actors::Views& views, const Call& c) -> Result<Json> {
    Error error{ErrorCode::invalid_argument, "the server cannot be added", "bad_server"};
    actors::ServerRow server{.id = make_id<ServerId>("srv"), .tenant = c.caller.tenant, .name = needed(body, "name", error.fields), .connector = needed(body, "connector", error.fields),
                             .pool = needed(body, "pool", error.fields), .capacity = static_cast<int>(int_of(body, "capacity")), .state = "active", .settings = JsonObject{},
                             .created_at = wall_now()};
    if (int_of(body, "capacity") < 0 || int_of(body, "capacity") > 1'000'000) error.fields.push_back({"/capacity", "0 (no limit) to 1000000 is expected"});
    if (const auto* settings = find_member(body, "settings")) {
      if (settings->is_object()) server.settings = *settings;
      else error.fields.push_back({"/settings", "an object is expected"});
    }
    return created(std::move(error), [&]() -> Result<Json> {
      STELLWERK_CHECK(views.put_server(server));
      server.settings = JsonObject{};  // read back as people may see it
      STELLWERK_TRY(const auto servers, views.records().list_servers(c.caller.tenant, {"", 200}));
      for (const auto& stored : servers)
        if (stored.id == server.id) return render_server(views, stored);
      return render_server(views, server);
    });
  }, 201);
}

void add_range(Api& api, Call&& call) {
  auto body = call.body();
  if (!body) return call.refuse(body.error());
  api.answer(std::move(call), [body = std::move(*body)](actors::Views& views, const Call& c) -> Result<Json> {
    Error error{ErrorCode::invalid_argument, "the id range cannot be added", "bad_range"};
    const auto name = needed(body, "name", error.fields);
    for (const char* member : {"first", "last"})
      if (const auto* value = find_member(body, member); value == nullptr || !value->is_int64()) error.fields.push_back({std::string{"/"} + member, "a whole number is expected"});
    return created(std::move(error), [&]() -> Result<Json> {
      STELLWERK_CHECK(views.put_id_range(c.caller.tenant, name, int_of(body, "first"), int_of(body, "last")));
      return body;
    });
  }, 201);
}

void add_addresses(Api& api, Call&& call) {
  auto body = call.body();
  if (!body) return call.refuse(body.error());
  api.answer(std::move(call), [body = std::move(*body)](actors::Views& views, const Call& c) -> Result<Json> {
    Error error{ErrorCode::invalid_argument, "the addresses cannot be added", "bad_addresses"};
    const auto pool = needed(body, "pool", error.fields);
    std::vector<std::string> addresses;
    if (const auto* list = find_member(body, "addresses"); list != nullptr && list->is_array() && list->get_array().size() <= 4096) {
      for (const auto& address : list->get_array())
        if (address.is_string()) addresses.emplace_back(as_view(address.get_string()));
    }
    if (addresses.empty()) error.fields.push_back({"/addresses", "a list of 1 to 4096 addresses is expected"});
    return created(std::move(error), [&]() -> Result<Json> {
      STELLWERK_CHECK(views.put_addresses(c.caller.tenant, pool, addresses));
      return body;
    });
  }, 201);
}

void list_leases(Api& api, Call&& call) {
  api.answer(std::move(call), [](actors::Views& views, const Call& c) -> Result<Json> {
    STELLWERK_TRY(const auto leases, views.records().list_leases(c.caller.tenant));
    JsonArray items;
    for (const auto& lease : leases)
      items.push_back(JsonObject{{"type", lease.type}, {"pool", lease.pool}, {"value", lease.value}, {"owner", lease.owner}, {"state", lease.state}});
    return Json(JsonObject{{"items", std::move(items)}});
  });
}

void list_workflows(Api& api, Call&& call) {
  api.answer(std::move(call), [](actors::Views& views, const Call&) -> Result<Json> {
    JsonArray items;
    for (const auto& [name, revision] : views.workflows()) items.push_back(JsonObject{{"name", name}, {"revision", revision}});
    return Json(JsonObject{{"items", std::move(items)}});
  });
}

void list_notifications(Api& api, Call&& call) {
  auto page = call.page();
  if (!page) return call.refuse(page.error());
  api.answer(std::move(call), [page = *page](actors::Views& views, const Call& c) -> Result<Json> {
    STELLWERK_TRY(const auto rows, views.records().list_outbox(c.caller.tenant, page));
    return render_page(rows, page.limit, [](const storage::OutboxRow& row) {
      return Json(JsonObject{{"id", row.id}, {"type", row.type}, {"actor", row.actor.str()}, {"data", row.data}, {"at", format_time(row.at)}});
    });
  });
}

/// Actors without a live wake-up: promise 4, as a question.
void list_stuck(Api& api, Call&& call) {
  api.answer(std::move(call), [](actors::Views& views, const Call&) -> Result<Json> {
    STELLWERK_TRY(const auto stuck, views.stuck_actors(100));
    JsonArray items;
    for (const auto& id : stuck) items.push_back(boost::json::string(id.str()));
    return Json(JsonObject{{"items", std::move(items)}});
  });
}

}  // namespace

void add_catalog_routes(Api& api) {
  using enum http::Method;
  api.add(get, "/api/products", Access::open, list_products);
  api.add(post, "/api/admin/products", Access::staff, add_product);
  api.add(get, "/api/admin/servers", Access::staff, list_servers);
  api.add(post, "/api/admin/servers", Access::staff, add_server);
  api.add(post, "/api/admin/id-ranges", Access::staff, add_range);
  api.add(post, "/api/admin/addresses", Access::staff, add_addresses);
  api.add(get, "/api/admin/leases", Access::staff, list_leases);
  api.add(get, "/api/admin/workflows", Access::staff, list_workflows);
  api.add(get, "/api/admin/outbox", Access::staff, list_notifications);
  api.add(get, "/api/admin/stuck-actors", Access::staff, list_stuck);
}

}  // namespace stellwerk::api
