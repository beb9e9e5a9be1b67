// Services: what a customer has, and every command of their workflow.

#include <algorithm>
#include <array>

#include "api/commands.hpp"
#include "api/members.hpp"
#include "api/render.hpp"

namespace stellwerk::api {
namespace {

using Statuses = std::vector<std::string>;

/// `?state=cancelled,ended`: statuses; "ended" is the customer's word for terminated, "all" leaves nothing out. Without it customers see
/// what is not over and staff see all. Errors: invalid_argument.
Result<Statuses> wanted_statuses(const Call& call) {
  static const Statuses all{"pending", "active", "suspended", "terminated", "cancelled"};
  const auto* text = call.request.query_value("state");
  if (text == nullptr) return call.is_staff() ? all : Statuses{"pending", "active", "suspended"};
  Statuses wanted;
  std::string_view rest{*text};
  for (;;) {
    const auto comma = rest.find(',');
    auto word = rest.substr(0, comma);
    if (word == "all") return all;
    if (word == "ended") word = "terminated";
    if (std::find(all.begin(), all.end(), word) == all.end())
      return fail(ErrorCode::invalid_argument, "query parameter 'state' is wrong: pending, active, suspended, cancelled, ended or all is expected, with commas between them", "bad_query");
    wanted.emplace_back(word);
    if (comma == std::string_view::npos) return wanted;
    rest.remove_prefix(comma + 1);
  }
}

/// A page of what has one of these statuses. The store pages through all services of the owner; a request looks at 4,000 of them at most,
/// so a page may be short and yet have a `next`.
Result<Json> list_wanted(actors::Views& views, const Call& call, const Statuses& wanted, const actors::PageRequest& page) {
  JsonArray items;
  actors::PageRequest at = page;
  const auto answer = [&](Json next) { return Json(JsonObject{{"items", std::move(items)}, {"next", std::move(next)}}); };
  for (int round = 0; round < 20; ++round) {
    STELLWERK_TRY(auto services, views.records().list_services(call.caller.tenant, call.is_staff() ? "" : call.caller.customer, at));
    for (auto& service : services) {
      at.after = service.id.str();
      if (std::find(wanted.begin(), wanted.end(), service.status) == wanted.end()) continue;
      service.attributes = views.shown_attributes(service);
      items.push_back(render(service, call.is_staff()));
      if (static_cast<int>(items.size()) == page.limit) return answer(boost::json::string(at.after));
    }
    if (static_cast<int>(services.size()) < at.limit) return answer(nullptr);
    at.limit = 200;
  }
  return answer(boost::json::string(at.after));
}

void list(Api& api, Call&& call) {
  auto page = call.page();
  if (!page) return call.refuse(page.error());
  auto wanted = wanted_statuses(call);
  if (!wanted) return call.refuse(wanted.error());
  api.answer(std::move(call), [page = *page, wanted = std::move(*wanted)](actors::Views& views, const Call& c) { return list_wanted(views, c, wanted, page); });
}

void show(Api& api, Call&& call) {
  api.answer(std::move(call), [](actors::Views& views, const Call& c) -> Result<Json> {
    const ActorId id{c.param("id")};
    STELLWERK_TRY(auto service, views.records().find_service(c.caller.tenant, id));
    if (!service || !c.may_see(service->customer)) return fail(ErrorCode::not_found, "there is no service " + id.str());
    STELLWERK_TRY(const auto commands, views.allowed_commands(c.caller.tenant, id, c.caller.role));
    service->attributes = views.shown_attributes(*service);
    auto json = render(*service, c.is_staff());
    json.as_object()["allowed_commands"] = strings(commands);
    return json;
  });
}

/// What the engine says of the attributes, as pointers into the body that was sent.
Error as_sent(Error error) {
  for (auto& field : error.fields) field.pointer = "/attributes" + field.pointer;
  if (error.reason == "unknown_workflow") {
    error.code = ErrorCode::invalid_argument;
    error.fields = {{"/workflow", "the name of a published workflow of kind service is expected"}};
  }
  return error;
}

/// A service without an order: taken over from elsewhere, or for trying a workflow out. {"workflow", "customer", "attributes"}
void create(Api& api, Call&& call) {
  auto body = call.body();
  if (!body) return call.refuse(body.error());
  auto idempotency = call.idempotency();
  if (!idempotency) return call.refuse(idempotency.error());
  auto wait = call.wait();
  if (!wait) return call.refuse(wait.error());
  Members members{*body, "the service cannot be created", "bad_service"};
  const auto workflow = members.text("workflow", 1, 64);
  const auto customer = members.text("customer", 1, 64);
  auto attributes = members.object("attributes");
  if (auto fine = members.finish(); !fine) return call.refuse(fine.error());
  auto request = std::make_shared<actors::CreateRequest>(actors::CreateRequest{
      .kind = "service", .prefix = "svc", .workflow = workflow, .attributes = std::move(attributes),
      .customer = customer, .caller = call.caller, .trace = call.request.trace_id, .idempotency = std::move(*idempotency), .wait = *wait});
  auto shared = std::make_shared<Call>(std::move(call));
  api.client().query(
      [request](actors::Views& views) -> Result<Json> {
        STELLWERK_TRY(const auto owner, views.records().find_customer(request->caller.tenant, request->customer));
        if (!owner) return fail(Error{ErrorCode::invalid_argument, "the service cannot be created", "bad_service", {{"/customer", "the id of a customer (cus_…) is expected"}}});
        return Json{};
      },
      [&api, shared, request](Result<Json> checked) {
        if (!checked) return shared->refuse(checked.error());
        api.client().create(std::move(*request), [shared](Result<actors::Answer> answer) {
          if (!answer) return shared->refuse(as_sent(answer.error()));
          Api::reply_to(shared->reply, "/api/admin/services/")(std::move(answer));
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
