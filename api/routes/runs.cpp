// Runs: one pass through the steps of a working state, with every try and the vendor's answers out of the journal.

#include <charconv>

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

void add_tries(JsonArray& items, const actors::JournalView& entry, const RunId& run) {
  if (!entry.entries.is_array()) return;
  for (const auto& fact : entry.entries.get_array()) {
    if (text_of(fact, "type") != "attempt" || text_of(fact, "run") != run.str()) continue;
    auto item = fact.get_object();
    item["at"] = format_time(entry.at);
    item.erase("type");
    items.push_back(std::move(item));
  }
}

/// Every try of the run, oldest first, and what is in hand now. One request reads 5,000 entries of the journal at most: an actor may have a
/// million. Then `next` is the version to go on after.
void attempts(Api& api, Call&& call) {
  std::int64_t after = 0;
  if (const auto* text = call.request.query_value("after")) {
    const auto [end, problem] = std::from_chars(text->data(), text->data() + text->size(), after);
    if (problem != std::errc{} || end != text->data() + text->size() || after < 0)
      return call.refuse(Error{ErrorCode::invalid_argument, "query parameter 'after' is wrong: the number in `next` of the page before is expected", "bad_query"});
  }
  api.answer(std::move(call), [after](actors::Views& views, const Call& c) -> Result<Json> {
    STELLWERK_TRY(const auto run, find(views, c));
    JsonArray items;
    Json next = after;
    constexpr int page = 500;
    for (int round = 0; round < 10 && !next.is_null(); ++round) {
      STELLWERK_TRY(const auto entries, views.records().journal(c.caller.tenant, run.actor, next.get_int64(), page));
      for (const auto& entry : entries) add_tries(items, entry, run.id);
      if (static_cast<int>(entries.size()) < page) next = nullptr;
      else next = entries.back().version;
    }
    STELLWERK_TRY(const auto live, views.records().live_attempts(c.caller.tenant, run.id));
    JsonArray in_hand;
    for (const auto& attempt : live) in_hand.push_back(render(attempt));
    return Json(JsonObject{{"run", run.id.str()}, {"items", std::move(items)}, {"next", std::move(next)}, {"in_hand", std::move(in_hand)}});
  });
}

}  // namespace

void add_run_routes(Api& api) {
  api.add(http::Method::get, "/api/admin/runs/{id}", Access::staff, show);
  api.add(http::Method::get, "/api/admin/runs/{id}/attempts", Access::staff, attempts);
}

}  // namespace stellwerk::api
