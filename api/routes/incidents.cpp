// Incidents: what needs a person, and the remedies.

#include "api/api.hpp"
#include "api/render.hpp"

namespace stellwerk::api {
namespace {

void list(Api& api, Call&& call) {
  auto page = call.page();
  if (!page) return call.refuse(page.error());
  api.answer(std::move(call), [page = *page](actors::Views& views, const Call& c) -> Result<Json> {
    const auto* state = c.request.query_value("state");
    if (state != nullptr && *state != "open" && *state != "closed") return fail(ErrorCode::invalid_argument, "state takes open or closed", "bad_query");
    STELLWERK_TRY(const auto incidents, views.records().list_incidents(c.caller.tenant, state == nullptr ? "" : *state, page));
    return render_page(incidents, page.limit, [](const actors::IncidentRow& i) { return render(i); });
  });
}

void show(Api& api, Call&& call) {
  api.answer(std::move(call), [](actors::Views& views, const Call& c) -> Result<Json> {
    STELLWERK_TRY(const auto incident, views.records().find_incident(c.caller.tenant, IncidentId{c.param("id")}));
    if (!incident) return fail(ErrorCode::not_found, "there is no incident " + c.param("id"));
    return render(*incident);
  });
}

void remedy(Api& api, Call&& call) {
  auto body = call.body();
  if (!body) return call.refuse(body.error());
  const auto note = text_of(*body, "note");
  Error error{ErrorCode::invalid_argument, "the remedy cannot be taken", "bad_remedy"};
  if (note.empty() || note.size() > 2000) error.fields.push_back({"/note", "1 to 2000 bytes that say why; it is kept with your name in the journal"});
  for (const char* name : {"input", "output"})
    if (const auto* value = find_member(*body, name); value != nullptr && !value->is_object()) error.fields.push_back({std::string{"/"} + name, "an object is expected"});
  if (!error.fields.empty()) return call.refuse(error);
  const auto member = [&](std::string_view name) { return find_member(*body, name) == nullptr ? Json(JsonObject{}) : *find_member(*body, name); };
  actors::RemedyRequest request{.incident = IncidentId{call.param("id")}, .remedy = call.param("remedy"), .note = note, .input = member("input"), .output = member("output"),
                                .caller = call.caller, .trace = call.request.trace_id};
  api.client().remedy(std::move(request), Api::reply_to(call.reply));
}

}  // namespace

void add_incident_routes(Api& api) {
  api.add(http::Method::get, "/api/admin/incidents", Access::staff, list);
  api.add(http::Method::get, "/api/admin/incidents/{id}", Access::staff, show);
  api.add(http::Method::post, "/api/admin/incidents/{id}/{remedy}", Access::staff, remedy);
}

}  // namespace stellwerk::api
