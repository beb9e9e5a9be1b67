// Orders: a customer orders a product; the order's workflow creates the service in the same transaction.

#include "api/commands.hpp"
#include "api/members.hpp"
#include "api/render.hpp"

namespace stellwerk::api {
namespace {

/// What somebody orders: {"product", "config"}, and of staff also {"customer"}.
struct Asked {
  std::string product;
  Json config;
  std::string customer;
};

Result<Asked> read(const Call& call, const Json& body) {
  Members members{body, "the order cannot be taken", "bad_order"};
  Asked asked{.product = members.text("product", 1, 64), .config = members.object("config"), .customer = call.caller.customer};
  if (call.is_staff()) asked.customer = members.text("customer", 1, 64);
  // These the order has of itself.
  for (const char* own : {"product", "workflow", "service"})
    if (find_member(asked.config, own) != nullptr) members.problem(json_pointer("/config", own), "this is not chosen with an order");
  STELLWERK_CHECK(members.finish());
  return asked;
}

/// The order's attributes: the product decides workflow and sizes, the customer the rest ("config").
Result<Json> attributes_of(actors::Views& views, const TenantId& tenant, const Asked& asked) {
  Error error{ErrorCode::invalid_argument, "the order cannot be taken", "bad_order"};
  STELLWERK_TRY(const auto customer, views.records().find_customer(tenant, asked.customer));
  if (!customer) error.fields.push_back({"/customer", "the id of a customer (cus_…) is expected"});
  STELLWERK_TRY(const auto product, views.records().find_product(tenant, ProductId{asked.product}));
  const bool on_offer = product && product->visible;
  if (!on_offer) error.fields.push_back({"/product", "the id of a product on offer (prd_…) is expected; see GET /api/products"});
  auto attributes = on_offer && product->attributes.is_object() ? product->attributes.get_object() : JsonObject{};
  for (const auto& member : asked.config.as_object()) {
    const std::string_view name{member.key()};
    if (on_offer && find_member(product->attributes, name) != nullptr) error.fields.push_back({json_pointer("/config", name), "this is set by the product"});
    attributes[member.key()] = member.value();
  }
  if (!error.fields.empty()) return fail(std::move(error));
  attributes["product"] = asked.product;
  attributes["workflow"] = product->workflow;
  return Json(std::move(attributes));
}

/// Pointers into the order's attributes become pointers into the body that was sent.
Error as_sent(Error error) {
  for (auto& field : error.fields) field.pointer = field.pointer.starts_with("/product") ? "/product" : "/config" + field.pointer;
  return error;
}

/// {"id": order, "created": [service]} reads better as order and service.
actors::Answer as_order(actors::Answer answer) {
  JsonObject shown{{"id", text_of(answer.body, "id")}, {"order", text_of(answer.body, "id")}, {"service", nullptr}, {"status", text_of(answer.body, "status")}, {"state", "ordered"}};
  if (const auto* created = find_member(answer.body, "created"); created != nullptr && created->is_array())
    for (const auto& actor : created->get_array())
      if (text_of(actor, "kind") == "service") shown["service"] = text_of(actor, "id");
  answer.body = std::move(shown);
  return answer;
}

void place(Api& api, Call&& call) {
  auto body = call.body();
  if (!body) return call.refuse(body.error());
  auto asked = read(call, *body);
  if (!asked) return call.refuse(asked.error());
  auto idempotency = call.idempotency();
  if (!idempotency) return call.refuse(idempotency.error());
  auto wait = call.wait();
  if (!wait) return call.refuse(wait.error());
  auto request = std::make_shared<actors::CreateRequest>(
      actors::CreateRequest{.kind = "order", .prefix = "ord", .workflow = "order", .attributes = JsonObject{}, .customer = asked->customer, .caller = call.caller,
                            .trace = call.request.trace_id, .idempotency = std::move(*idempotency), .wait = *wait});
  auto shared = std::make_shared<Call>(std::move(call));
  api.client().query(
      [request, asked = std::move(*asked)](actors::Views& views) -> Result<Json> {
        STELLWERK_TRY(request->attributes, attributes_of(views, request->caller.tenant, asked));
        return Json{};
      },
      [&api, shared, request](Result<Json> prepared) {
        if (!prepared) return shared->refuse(prepared.error());
        api.client().create(std::move(*request), [shared](Result<actors::Answer> answer) {
          if (!answer) return shared->refuse(as_sent(answer.error()));
          Api::reply_to(shared->reply, shared->is_staff() ? "/api/admin/orders/" : "/api/client/orders/")(as_order(std::move(*answer)));
        });
      });
}

void show(Api& api, Call&& call) {
  api.answer(std::move(call), [](actors::Views& views, const Call& c) -> Result<Json> {
    const ActorId id{c.param("id")};
    STELLWERK_TRY(const auto actor, views.records().find_actor(c.caller.tenant, id));
    if (!actor || actor->kind != "order" || !c.may_see(actor->customer)) return fail(ErrorCode::not_found, "there is no order " + id.str());
    STELLWERK_TRY(const auto commands, views.allowed_commands(c.caller.tenant, id, c.caller.role));
    JsonObject json{{"id", id.str()}, {"status", actor->status}, {"customer", actor->customer}, {"service", text_of(actor->attributes, "service")},
                    {"product", text_of(actor->attributes, "product")}, {"created_at", format_time(actor->created_at)}, {"allowed_commands", strings(commands)}};
    if (c.is_staff()) json["state"] = actor->state;
    return Json(std::move(json));
  });
}

}  // namespace

void add_order_routes(Api& api) {
  using enum http::Method;
  api.add(post, "/api/client/orders", Access::customer, place);
  api.add(get, "/api/client/orders/{id}", Access::customer, show);
  api.add(post, "/api/admin/orders", Access::staff, place);
  api.add(get, "/api/admin/orders/{id}", Access::staff, show);
  add_actor_routes(api, "/api/admin/orders", Access::staff, "order");
}

}  // namespace stellwerk::api
