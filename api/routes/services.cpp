// Services: what a customer has, and every command of their workflow.

#include "api/commands.hpp"
#include "api/render.hpp"

namespace stellwerk::api {
namespace {

void list(Api& api, Call&& call) {
  auto page = call.page();
  if (!page) return call.refuse(page.error());
  api.answer(std::move(call), [page = *page](actors::Views& views, const Call& c) -> Result<Json> {
    STELLWERK_TRY(const auto services, views.records().list_services(c.caller.tenant, c.caller.customer, page));
    const bool staff = c.caller.customer.empty();
    return render_page(services, page.limit, [staff](const actors::ServiceView& s) { return render(s, staff); });
  });
}

void show(Api& api, Call&& call) {
  api.answer(std::move(call), [](actors::Views& views, const Call& c) -> Result<Json> {
    const ActorId id{c.param("id")};
    STELLWERK_TRY(const auto service, views.records().find_service(c.caller.tenant, id));
    if (!service || (!c.caller.customer.empty() && service->customer != c.caller.customer)) return fail(ErrorCode::not_found, "there is no service " + id.str());
    STELLWERK_TRY(const auto commands, views.allowed_commands(c.caller.tenant, id, c.caller.role));
    auto json = render(*service, c.caller.customer.empty());
    json.as_object()["allowed_commands"] = strings(commands);
    return json;
  });
}

/// A service without an order: taken over from elsewhere, or for trying a workflow out. {"workflow", "customer", "attributes"}
void create(Api& api, Call&& call) {
  auto body = call.body();
  if (!body) return call.refuse(body.error());
  auto idempotency = call.idempotency();
  if (!idempotency) return call.refuse(idempotency.error());
  auto wait = call.wait();
  if (!wait) return call.refuse(wait.error());
  const auto* attributes = find_member(*body, "attributes");
  Error error{ErrorCode::invalid_argument, "the service cannot be created", "bad_service"};
  for (const auto& member : body->get_object())
    if (member.key() != "workflow" && member.key() != "customer" && member.key() != "attributes")
      error.fields.push_back({json_pointer("", std::string_view{member.key()}), "a service has workflow, customer and attributes"});
  if (text_of(*body, "workflow").empty()) error.fields.push_back({"/workflow", "the name of a published workflow of kind service is expected"});
  if (attributes != nullptr && !attributes->is_object()) error.fields.push_back({"/attributes", "an object is expected"});
  if (!error.fields.empty()) return call.refuse(error);
  auto request = std::make_shared<actors::CreateRequest>(actors::CreateRequest{
      .kind = "service", .prefix = "svc", .workflow = text_of(*body, "workflow"), .attributes = attributes == nullptr ? Json(JsonObject{}) : *attributes,
      .customer = text_of(*body, "customer"), .caller = call.caller, .trace = call.request.trace_id, .idempotency = std::move(*idempotency), .wait = *wait});
  auto shared = std::make_shared<Call>(std::move(call));
  api.client().query(
      [request](actors::Views& views) -> Result<Json> {
        STELLWERK_TRY(const auto customer, views.records().find_customer(request->caller.tenant, request->customer));
        if (!customer) return fail(Error{ErrorCode::invalid_argument, "the service cannot be created", "unknown_customer", {{"/customer", "the id of a customer (cus_…) is expected"}}});
        return Json{};
      },
      [&api, shared, request](Result<Json> checked) {
        if (!checked) return shared->refuse(checked.error());
        api.client().create(std::move(*request), [shared](Result<actors::Answer> answer) {
          if (!answer) {
            auto refused = answer.error();
            for (auto& field : refused.fields)
              if (!field.pointer.starts_with("/workflow") && !field.pointer.starts_with("/customer")) field.pointer = "/attributes" + field.pointer;
            return shared->refuse(refused);
          }
          Api::reply_to(shared->reply)(std::move(answer));
        });
      });
}

}  // namespace

void add_service_routes(Api& api) {
  using enum http::Method;
  api.add(get, "/api/client/services", Access::customer, list);
  api.add(get, "/api/client/services/{id}", Access::customer, show);
  add_actor_routes(api, "/api/client/services", Access::customer, "service");
  api.add(get, "/api/admin/services", Access::staff, list);
  api.add(post, "/api/admin/services", Access::staff, create);
  api.add(get, "/api/admin/services/{id}", Access::staff, show);
  add_actor_routes(api, "/api/admin/services", Access::staff, "service");
}

}  // namespace stellwerk::api
