// Runs: one pass through the steps of a working state, with every try and the vendor's answers out of the journal.

#include "api/api.hpp"
#include "api/render.hpp"

namespace stellwerk::api {
namespace {

Result<actors::RunRow> find(actors::Views& views, const Call& call) {
  const RunId id{call.param("id")};
  STELLWERK_TRY(const auto run, views.records().find_run(call.caller.tenant, id));
  if (!run) return fail(ErrorCode::not_found, "there is no run " + id.str());
  return *run;
}

void show(Api& api, Call&& call) {
  api.answer(std::move(call), [](actors::Views& views, const Call& c) -> Result<Json> {
    STELLWERK_TRY(const auto run, find(views, c));
    return render(run);
  });
}

/// Every try of the run, oldest first, and what is in hand now.
void attempts(Api& api, Call&& call) {
  api.answer(std::move(call), [](actors::Views& views, const Call& c) -> Result<Json> {
    STELLWERK_TRY(const auto run, find(views, c));
    JsonArray items;
    std::int64_t after = 0;
    constexpr int page = 500;
    for (;;) {
      STELLWERK_TRY(const auto entries, views.records().journal(c.caller.tenant, run.actor, after, page));
      for (const auto& entry : entries) {
        if (!entry.entries.is_array()) continue;
        for (const auto& fact : entry.entries.get_array()) {
          if (text_of(fact, "type") != "attempt" || text_of(fact, "run") != run.id.str()) continue;
          auto item = fact.get_object();
          item["at"] = format_time(entry.at);
          item.erase("type");
          items.push_back(std::move(item));
        }
      }
      if (static_cast<int>(entries.size()) < page) break;
      after = entries.back().version;
    }
    STELLWERK_TRY(const auto live, views.records().live_attempts(c.caller.tenant, run.id));
    JsonArray in_hand;
    for (const auto& attempt : live) in_hand.push_back(render(attempt));
    return Json(JsonObject{{"run", run.id.str()}, {"items", std::move(items)}, {"in_hand", std::move(in_hand)}});
  });
}

}  // namespace

void add_run_routes(Api& api) {
  api.add(http::Method::get, "/api/admin/runs/{id}", Access::staff, show);
  api.add(http::Method::get, "/api/admin/runs/{id}/attempts", Access::staff, attempts);
}

}  // namespace stellwerk::api
