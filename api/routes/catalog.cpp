// What the installation offers and stands on: products, servers, number ranges, addresses, published workflows.

#include <arpa/inet.h>

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "api/api.hpp"
#include "api/read_members.hpp"
#include "api/render.hpp"

namespace stellwerk::api {
namespace {

/// Larger ones are not exact in every JSON reader (RFC 8259 section 6).
constexpr std::int64_t largest_number = (std::int64_t{1} << 53) - 1;

bool is_address(const std::string& text) {
  std::array<std::uint8_t, 16> bytes{};
  return inet_pton(AF_INET, text.c_str(), bytes.data()) == 1 || inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1;
}

/// What is on offer, for everybody; for staff also what is not. Rows that are hidden count for the page, so `next` stays right.
void list_products(Api& api, Call&& call) {
  auto page = call.page();
  if (!page) return call.refuse(page.error());
  const auto tenant = api.options().tenant;
  api.answer(std::move(call), [page = *page, tenant](actors::Views& views, const Call& c) -> Result<Json> {
    STELLWERK_TRY(const auto products, views.records().list_products(tenant, page));
    JsonArray items;
    for (const auto& product : products)
      if (product.visible || c.is_staff()) items.push_back(render(product, c.is_staff()));
    Json next;
    if (static_cast<int>(products.size()) >= page.limit) next = products.back().id.str();
    return Json(JsonObject{{"items", std::move(items)}, {"next", std::move(next)}});
  });
}

void add_product(Api& api, Call&& call) {
  auto product = read_members(call, "the product cannot be added", "bad_product", [&](Members& members) {
    return actors::ProductRow{.id = make_id<ProductId>("prd"), .tenant = call.caller.tenant, .name = members.text("name", 1, 200), .workflow = members.text("workflow", 1, 64),
                              .attributes = members.object("attributes"), .visible = members.flag_or("visible", true), .created_at = wall_now()};
  });
  if (!product) return;
  api.answer(std::move(call), [product = std::move(*product)](actors::Views& views, const Call&) -> Result<Json> {
    STELLWERK_CHECK(views.put_product(product));
    return render(product, true);
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

/// The server as it was stored, with the defaults of its connector.
Result<Json> read_back(actors::Views& views, const actors::ServerRow& server) {
  // The page that begins just before its id: what an id begins with sorts before it.
  const auto before = server.id.str().substr(0, server.id.str().size() - 1);
  STELLWERK_TRY(const auto servers, views.records().list_servers(server.tenant, {before, 200}));
  for (const auto& stored : servers)
    if (stored.id == server.id) return render_server(views, stored);
  return fail(ErrorCode::internal, "server " + server.id.str() + " was stored and is not there");
}

void add_server(Api& api, Call&& call) {
  auto server = read_members(call, "the server cannot be added", "bad_server", [&](Members& members) {
    return actors::ServerRow{.id = make_id<ServerId>("srv"), .tenant = call.caller.tenant, .name = members.text("name", 1, 200), .connector = members.text("connector", 1, 64),
                             .pool = members.text("pool", 1, 64), .capacity = static_cast<int>(members.number_or("capacity", 0, 1'000'000, 0)), .state = "active",
                             .settings = members.object("settings"), .created_at = wall_now()};
  });
  if (!server) return;
  api.answer(std::move(call), [server = std::move(*server)](actors::Views& views, const Call&) -> Result<Json> {
    STELLWERK_CHECK(views.put_server(server));
    return read_back(views, server);
  }, 201);
}

void add_range(Api& api, Call&& call) {
  auto given = read_members(call, "the id range cannot be added", "bad_range", [](Members& members) {
    storage::IdRange range{.tenant = {}, .name = members.text("name", 1, 64), .first = members.number("first", 0, largest_number), .last = members.number("last", 0, largest_number)};
    if (!members.has_problems() && (range.last < range.first || range.last - range.first >= 65'536))
      members.problem("/last", "the last number is not below the first, and a range has at most 65,536 numbers");
    return range;
  });
  if (!given) return;
  api.answer(std::move(call), [range = std::move(*given)](actors::Views& views, const Call& c) -> Result<Json> {
    STELLWERK_CHECK(views.put_id_range(c.caller.tenant, range.name, range.first, range.last));
    return Json(JsonObject{{"name", range.name}, {"first", range.first}, {"last", range.last}});
  }, 201);
}

void add_addresses(Api& api, Call&& call) {
  auto given = read_members(call, "the addresses cannot be added", "bad_addresses", [](Members& members) {
    std::pair taken{members.text("pool", 1, 64), std::vector<std::string>{}};
    taken.second = members.texts("addresses", 4096);
    const bool readable = !members.has_problems();
    for (std::size_t i = 0; readable && i < taken.second.size(); ++i)
      if (!is_address(taken.second[i])) members.problem("/addresses/" + std::to_string(i), "an IPv4 or IPv6 address is expected");
    return taken;
  });
  if (!given) return;
  api.answer(std::move(call), [given = std::move(*given)](actors::Views& views, const Call& c) -> Result<Json> {
    STELLWERK_CHECK(views.put_addresses(c.caller.tenant, given.first, given.second));
    return Json(JsonObject{{"pool", given.first}, {"addresses", strings(given.second)}});
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
    for (const auto& [name, revision] : views.workflows()) items.push_back(JsonObject{{"name", name}, {"revision", revision}, {"newer_file", views.has_newer_file(name)}});
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

}  // namespace

void add_catalog_routes(Api& api) {
  using enum http::Method;
  api.add(get, "/api/products", Access::open, list_products);
  api.add(get, "/api/admin/products", Access::staff, list_products);
  api.add(post, "/api/admin/products", Access::staff, add_product);
  api.add(get, "/api/admin/servers", Access::staff, list_servers);
  api.add(post, "/api/admin/servers", Access::staff, add_server);
  api.add(post, "/api/admin/id-ranges", Access::staff, add_range);
  api.add(post, "/api/admin/addresses", Access::staff, add_addresses);
  api.add(get, "/api/admin/leases", Access::staff, list_leases);
  api.add(get, "/api/admin/workflows", Access::staff, list_workflows);
  api.add(get, "/api/admin/outbox", Access::staff, list_notifications);
}

}  // namespace stellwerk::api
