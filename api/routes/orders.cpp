// Orders: a customer orders a product; the order's workflow creates the service in the same transaction.

#include "api/commands.hpp"
#include "api/render.hpp"

namespace stellwerk::api {
namespace {

/// The order's attributes: the product decides workflow and sizes, the customer the rest ("config").
Result<actors::CreateRequest> prepare(actors::Views& views, const Call& call, const Json& body) {
  Error error{ErrorCode::invalid_argument, "the order cannot be taken", "bad_order"};
  for (const auto& member : body.as_object())
    if (member.key() != "product" && member.key() != "config" && member.key() != "customer")
      error.fields.push_back({json_pointer("", std::string_view{member.key()}), "an order has product and config"});
  const auto product_id = text_of(body, "product");
  const auto customer = call.caller.customer.empty() ? text_of(body, "customer") : call.caller.customer;
  if (!call.caller.customer.empty() && find_member(body, "customer") != nullptr) error.fields.push_back({"/customer", "a customer orders for itself; leave this out"});
  STELLWERK_TRY(const auto known, views.records().find_customer(call.caller.tenant, customer));
  if (!known) error.fields.push_back({"/customer", "the id of a customer (cus_…) is expected"});
  STELLWERK_TRY(const auto product, views.records().find_product(call.caller.tenant, ProductId{product_id}));
  if (!product || !product->visible) error.fields.push_back({"/product", "the id of a product on offer (prd_…) is expected; see GET /api/products"});
  const auto* config = find_member(body, "config");
  if (config != nullptr && !config->is_object()) error.fields.push_back({"/config", "an object is expected"});
  if (!error.fields.empty()) return fail(std::move(error));
  auto attributes = product->attributes.is_object() ? product->attributes.get_object() : JsonObject{};
  if (config != nullptr) {
    for (const auto& member : config->get_object()) {
      // What the product fixes is not the customer's to choose.
      if (attributes.if_contains(member.key()) != nullptr)
        return fail(Error{ErrorCode::invalid_argument, "the order cannot be taken", "bad_order",
                          {{json_pointer("/config", std::string_view{member.key()}), "this is set by the product"}}});
      attributes[member.key()] = member.value();
    }
  }
  attributes["product"] = product_id;
  attributes["workflow"] = product->workflow;
  STELLWERK_TRY(auto idempotency, call.idempotency());
  return actors::CreateRequest{.kind = "order", .prefix = "ord", .workflow = "order", .attributes = Json(std::move(attributes)), .customer = customer, .caller = call.caller,
                               .trace = call.request.trace_id, .idempotency = std::move(idempotency)};
}

/// Pointers into the order's attributes become pointers into the body that the customer sent.
Error as_sent(Error error) {
  for (auto& field : error.fields)
    if (!field.pointer.starts_with("/config") && !field.pointer.starts_with("/product") && !field.pointer.starts_with("/customer")) field.pointer = "/config" + field.pointer;
  return error;
}

void place(Api& api, Call&& call) {
  auto body = call.body();
  if (!body) return call.refuse(body.error());
  auto shared = std::make_shared<Call>(std::move(call));
  auto request = std::make_shared<actors::CreateRequest>();
  api.client().query(
      [shared, request, body = std::move(*body)](actors::Views& views) -> Result<Json> {
        STELLWERK_TRY(*request, prepare(views, *shared, body));
        return Json{};
      },
      [&api, shared, request](Result<Json> prepared) {
        if (!prepared) return shared->refuse(prepared.error());
        api.client().create(std::move(*request), [shared](Result<actors::Answer> answer) {
          if (!answer) return shared->refuse(as_sent(answer.error()));
          // {"id": order, "created": [service]} reads better as order and service
          auto told = *answer;
          auto& object = told.body.as_object();
          JsonObject shown{{"order", text_of(told.body, "id")}, {"service", nullptr}, {"state", "ordered"}};
          if (const auto* created = object.if_contains("created"); created != nullptr && created->is_array())
            for (const auto& actor : created->get_array())
              if (text_of(actor, "kind") == "service") shown["service"] = text_of(actor, "id");
          told.body = std::move(shown);
          Api::reply_to(shared->reply)(std::move(told));
        });
      });
}

void show(Api& api, Call&& call) {
  api.answer(std::move(call), [](actors::Views& views, const Call& c) -> Result<Json> {
    const ActorId id{c.param("id")};
    STELLWERK_TRY(const auto actor, views.records().find_actor(c.caller.tenant, id));
    if (!actor || actor->kind != "order" || (!c.caller.customer.empty() && actor->customer != c.caller.customer)) return fail(ErrorCode::not_found, "there is no order " + id.str());
    STELLWERK_TRY(const auto commands, views.allowed_commands(c.caller.tenant, id, c.caller.role));
    return Json(JsonObject{{"id", id.str()}, {"state", actor->state}, {"status", actor->status}, {"customer", actor->customer}, {"service", text_of(actor->attributes, "service")},
                           {"product", text_of(actor->attributes, "product")}, {"created_at", format_time(actor->created_at)}, {"allowed_commands", strings(commands)}});
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
