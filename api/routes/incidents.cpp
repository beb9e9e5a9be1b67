// Incidents: what needs a person, and the remedies.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "api/api.hpp"
#include "api/members.hpp"
#include "api/render.hpp"

namespace stellwerk::api {
namespace {

constexpr std::array<std::string_view, 5> kinds{"held_run", "event_failed", "message", "mass_guard", "quarantined"};

void list(Api& api, Call&& call) {
  auto page = call.page();
  if (!page) return call.refuse(page.error());
  api.answer(std::move(call), [page = *page](actors::Views& views, const Call& c) -> Result<Json> {
    const auto given = [&](const char* name) {
      const auto* value = c.request.query_value(name);
      return value == nullptr ? std::string{} : *value;
    };
    const storage::IncidentFilter filter{.state = given("state"), .kind = given("kind"), .actor = ActorId{given("actor")}, .step = given("step")};
    if (!filter.state.empty() && filter.state != "open" && filter.state != "closed")
      return fail(ErrorCode::invalid_argument, "query parameter 'state' is wrong: open or closed is expected", "bad_query");
    if (!filter.kind.empty() && std::ranges::find(kinds, filter.kind) == kinds.end())
      return fail(ErrorCode::invalid_argument, fmt::format("query parameter 'kind' is wrong: {} is expected", fmt::join(kinds, ", ")), "bad_query");
    STELLWERK_TRY(const auto incidents, views.records().list_incidents(c.caller.tenant, filter, page));
    return render_page(incidents, page.limit, [](const actors::IncidentRow& i) { return render(i); });
  });
}

void show(Api& api, Call&& call) {
  api.answer(std::move(call), [](actors::Views& views, const Call& c) -> Result<Json> {
    STELLWERK_TRY(const auto incident, views.records().find_incident(c.caller.tenant, IncidentId{c.param("id")}));
    if (!incident) return fail(ErrorCode::not_found, "there is no incident " + c.param("id"));
    std::string name;
    if (!incident->closed_by.empty()) {
      STELLWERK_TRY(const auto account, views.records().find_account_by_id(UserId{incident->closed_by}));
      if (account && account->tenant == c.caller.tenant) name = account->name;
    }
    return render_whole(*incident, name);
  });
}

/// {"note"}, with `edit` also {"input"}, with `done` also {"output"}, with `retry` also {"verified_absent"}.
void take_remedy(Api& api, Call&& call) {
  auto body = call.body();
  if (!body) return call.refuse(body.error());
  const auto remedy = call.param("remedy");
  Members members{*body, "the remedy cannot be taken", "bad_remedy"};
  const auto note = members.text("note", 1, 2000);  // why; kept with the name in the journal
  auto input = remedy == "edit" ? members.object("input") : Json(JsonObject{});
  auto output = remedy == "done" ? members.object("output") : Json(JsonObject{});
  const bool verified_absent = remedy == "retry" && members.flag_or("verified_absent", false);
  if (auto fine = members.finish(); !fine) return call.refuse(fine.error());
  actors::RemedyRequest request{.incident = IncidentId{call.param("id")}, .remedy = remedy, .note = note, .input = std::move(input), .output = std::move(output),
                                .caller = call.caller, .trace = call.request.trace_id, .verified_absent = verified_absent};
  api.client().remedy(std::move(request), Api::reply_to(call.reply));
}

}  // namespace

void add_incident_routes(Api& api) {
  api.add(http::Method::get, "/api/admin/incidents", Access::staff, list);
  api.add(http::Method::get, "/api/admin/incidents/{id}", Access::staff, show);
  api.add(http::Method::post, "/api/admin/incidents/{id}/{remedy}", Access::staff, take_remedy);
}

}  // namespace stellwerk::api
