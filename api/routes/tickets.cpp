// Tickets: customers see and answer their own, staff all. State changes are commands of the workflow `ticket`.

#include <algorithm>
#include <array>

#include "api/commands.hpp"
#include "api/render.hpp"

namespace stellwerk::api {
namespace {

std::string collection_for(const Call& call) { return call.is_staff() ? "/api/admin/tickets/" : "/api/client/tickets/"; }

void list(Api& api, Call&& call) {
  auto page = call.page();
  if (!page) return call.refuse(page.error());
  constexpr std::array<std::string_view, 4> known{"open", "answered", "customer_reply", "closed"};
  const auto* status = call.request.query_value("status");
  if (status != nullptr && std::find(known.begin(), known.end(), *status) == known.end())
    return call.refuse(Error{ErrorCode::invalid_argument, "query parameter 'status' is wrong: open, answered, customer_reply or closed is expected", "bad_query"});
  api.answer(std::move(call), [page = *page](actors::Views& views, const Call& c) -> Result<Json> {
    const auto* wanted = c.request.query_value("status");
    STELLWERK_TRY(const auto tickets, views.records().list_tickets(c.caller.tenant, c.is_staff() ? "" : c.caller.customer, wanted == nullptr ? "" : *wanted, page));
    return render_page(tickets, page.limit, [staff = c.is_staff()](const actors::TicketView& t) { return render(t, staff); });
  });
}

void show(Api& api, Call&& call) {
  api.answer(std::move(call), [](actors::Views& views, const Call& c) -> Result<Json> {
    const ActorId id{c.param("id")};
    STELLWERK_TRY(const auto ticket, views.records().find_ticket(c.caller.tenant, id));
    if (!ticket || !c.may_see(ticket->customer)) return fail(ErrorCode::not_found, "there is no ticket " + id.str());
    STELLWERK_TRY(const auto messages, views.records().ticket_messages(c.caller.tenant, id, c.is_staff()));
    STELLWERK_TRY(const auto commands, views.allowed_commands(c.caller.tenant, id, c.caller.role));
    auto json = render(*ticket, c.is_staff());
    JsonArray rendered;
    for (const auto& message : messages) rendered.push_back(render(message, c.is_staff()));
    json.as_object()["messages"] = std::move(rendered);
    json.as_object()["allowed_commands"] = strings(commands);
    return json;
  });
}

/// 201 with the ticket's number, which the database gave it. When that cannot be read, what was committed is still told.
void answer_opened(Api& api, const std::shared_ptr<Call>& call, actors::Answer answer) {
  const ActorId id{text_of(answer.body, "id")};
  auto told = std::make_shared<actors::Answer>(std::move(answer));
  api.client().query(
      [call, id](actors::Views& views) -> Result<Json> {
        STELLWERK_TRY(const auto ticket, views.records().find_ticket(call->caller.tenant, id));
        if (!ticket) return fail(ErrorCode::not_found, "there is no ticket " + id.str());
        return Json(boost::json::string(ticket->number));
      },
      [call, told](Result<Json> number) {
        // nothing that changes later: an answer repeated under the same Idempotency-Key is the same
        if (number) told->body.as_object()["number"] = std::move(*number);
        told_to(*call, Api::reply_to(call->reply, collection_for(*call)))(std::move(*told));
      });
}

/// A new ticket; staff name the customer it is for. The other members are the attributes that the workflow declares.
void open(Api& api, Call&& call) {
  auto body = call.body();
  if (!body) return call.refuse(body.error());
  auto idempotency = call.idempotency();
  if (!idempotency) return call.refuse(idempotency.error());
  auto wait = call.wait();
  if (!wait) return call.refuse(wait.error());
  actors::CreateRequest request{.kind = "ticket", .prefix = "tkt", .workflow = "ticket", .attributes = JsonObject{}, .customer = call.caller.customer, .caller = call.caller,
                                .trace = call.request.trace_id, .idempotency = std::move(*idempotency), .wait = *wait};
  if (call.is_staff()) {
    request.customer = text_of(*body, "customer");
    body->as_object().erase("customer");
  }
  const auto service = text_of(*body, "service");
  request.attributes = std::move(*body);
  // Owner and service are looked at before: a foreign service is as good as none.
  auto shared = std::make_shared<Call>(std::move(call));
  auto prepared = std::make_shared<actors::CreateRequest>(std::move(request));
  api.client().query(
      [prepared, service](actors::Views& views) -> Result<Json> {
        Error error{ErrorCode::invalid_argument, "the ticket cannot be opened", "bad_ticket"};
        STELLWERK_TRY(const auto customer, views.records().find_customer(prepared->caller.tenant, prepared->customer));
        if (!customer) error.fields.push_back({"/customer", "the id of a customer (cus_…) is expected"});
        if (!service.empty()) {
          STELLWERK_TRY(const auto found, views.records().find_service(prepared->caller.tenant, ActorId{service}));
          if (!found || found->customer != prepared->customer) error.fields.push_back({"/service", "the id of a service of this customer is expected"});
        }
        if (!error.fields.empty()) return fail(std::move(error));
        return Json{};
      },
      [&api, shared, prepared](Result<Json> checked) {
        if (!checked) return shared->refuse(checked.error());
        api.client().create(std::move(*prepared), [&api, shared](Result<actors::Answer> answer) {
          if (!answer) return shared->refuse(answer.error());
          answer_opened(api, shared, std::move(*answer));
        });
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
