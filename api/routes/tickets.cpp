// Tickets: customers see and answer their own, staff all. State changes are commands of the workflow `ticket`.

#include "api/commands.hpp"
#include "api/render.hpp"

namespace stellwerk::api {
namespace {

void list(Api& api, Call&& call) {
  auto page = call.page();
  if (!page) return call.refuse(page.error());
  api.answer(std::move(call), [page = *page](actors::Views& views, const Call& c) -> Result<Json> {
    const auto* status = c.request.query_value("status");
    STELLWERK_TRY(const auto tickets, views.records().list_tickets(c.caller.tenant, c.caller.customer, status == nullptr ? "" : *status, page));
    return render_page(tickets, page.limit, [](const actors::TicketView& t) { return render(t); });
  });
}

void show(Api& api, Call&& call) {
  api.answer(std::move(call), [](actors::Views& views, const Call& c) -> Result<Json> {
    const ActorId id{c.param("id")};
    STELLWERK_TRY(const auto ticket, views.records().find_ticket(c.caller.tenant, id));
    if (!ticket || (!c.caller.customer.empty() && ticket->customer != c.caller.customer)) return fail(ErrorCode::not_found, "there is no ticket " + id.str());
    STELLWERK_TRY(const auto messages, views.records().ticket_messages(c.caller.tenant, id, c.caller.customer.empty()));
    STELLWERK_TRY(const auto commands, views.allowed_commands(c.caller.tenant, id, c.caller.role));
    auto json = render(*ticket);
    JsonArray rendered;
    for (const auto& message : messages) rendered.push_back(render(message));
    json.as_object()["messages"] = std::move(rendered);
    json.as_object()["allowed_commands"] = strings(commands);
    return json;
  });
}

/// A new ticket; staff name the customer it is for.
void open(Api& api, Call&& call) {
  auto body = call.body();
  if (!body) return call.refuse(body.error());
  auto idempotency = call.idempotency();
  if (!idempotency) return call.refuse(idempotency.error());
  actors::CreateRequest request{.kind = "ticket", .prefix = "tkt", .workflow = "ticket", .attributes = JsonObject{}, .customer = call.caller.customer, .caller = call.caller,
                                .trace = call.request.trace_id, .idempotency = std::move(*idempotency)};
  auto& object = body->as_object();
  if (request.customer.empty()) {
    request.customer = text_of(*body, "customer");
    object.erase("customer");
  }
  const auto service = text_of(*body, "service");
  request.attributes = *body;
  // Owner and service are looked at before: a foreign service is as good as none.
  auto shared = std::make_shared<Call>(std::move(call));
  auto prepared = std::make_shared<actors::CreateRequest>(std::move(request));
  api.client().query(
      [prepared, service](actors::Views& views) -> Result<Json> {
        STELLWERK_TRY(const auto customer, views.records().find_customer(prepared->caller.tenant, prepared->customer));
        if (!customer) return fail(Error{ErrorCode::invalid_argument, "the ticket needs an existing customer", "unknown_customer", {{"/customer", "the id of a customer (cus_…) is expected"}}});
        if (service.empty()) return Json{};
        STELLWERK_TRY(const auto found, views.records().find_service(prepared->caller.tenant, ActorId{service}));
        if (!found || found->customer != prepared->customer)
          return fail(Error{ErrorCode::invalid_argument, "the service does not exist or is not this customer's", "unknown_service", {{"/service", "the id of a service of this customer is expected"}}});
        return Json{};
      },
      [&api, shared, prepared](Result<Json> checked) {
        if (!checked) return shared->refuse(checked.error());
        api.client().create(std::move(*prepared), Api::reply_to(shared->reply));
      });
}

}  // namespace

void add_ticket_routes(Api& api) {
  using enum http::Method;
  api.add(post, "/api/tickets", Access::customer, open);
  api.add(post, "/api/client/tickets", Access::customer, open);
  api.add(get, "/api/client/tickets", Access::customer, list);
  api.add(get, "/api/client/tickets/{id}", Access::customer, show);
  api.add(post, "/api/client/tickets/{id}/reply", Access::customer, [](Api& a, Call&& call) { give_command(a, std::move(call), "ticket", "reply"); });
  add_actor_routes(api, "/api/client/tickets", Access::customer, "ticket");

  api.add(post, "/api/admin/tickets", Access::staff, open);
  api.add(get, "/api/admin/tickets", Access::staff, list);
  api.add(get, "/api/admin/tickets/{id}", Access::staff, show);
  api.add(post, "/api/admin/tickets/{id}/reply", Access::staff, [](Api& a, Call&& call) { give_command(a, std::move(call), "ticket", "answer"); });
  api.add(post, "/api/admin/tickets/{id}/close", Access::staff, [](Api& a, Call&& call) { give_command(a, std::move(call), "ticket", "close"); });
  add_actor_routes(api, "/api/admin/tickets", Access::staff, "ticket");
}

}  // namespace stellwerk::api
