// Promise 4 as questions: what the node's own check found last, and one whole look now.

#include "api/api.hpp"

namespace stellwerk::api {
namespace {

/// What the warden knows: no query, so it may be asked as often as one likes.
void list_stuck(Api& api, Call&& call) {
  api.answer(std::move(call), [&api](actors::Views& views, const Call&) -> Result<Json> { return views.last_look(api.client().now()); });
}

/// Whoever has no wake-up at this moment, by a look at the database; at most 100, of the first 200,000 live actors.
void list_stuck_now(Api& api, Call&& call) {
  api.answer(std::move(call), [](actors::Views& views, const Call&) -> Result<Json> {
    STELLWERK_TRY(const auto stuck, views.stuck_actors(100));
    JsonArray items;
    for (const auto& id : stuck) items.push_back(boost::json::string(id.str()));
    return Json(JsonObject{{"items", std::move(items)}});
  });
}

void examine(Api& api, Call&& call) {
  api.answer(std::move(call), [&api](actors::Views& views, const Call&) { return views.examine(api.client().now()); });
}

}  // namespace

void add_doctor_routes(Api& api) {
  api.add(http::Method::get, "/api/admin/stuck", Access::staff, list_stuck);
  api.add(http::Method::get, "/api/admin/stuck-actors", Access::staff, list_stuck_now);
  api.add(http::Method::get, "/api/admin/doctor", Access::staff, examine);
}

}  // namespace stellwerk::api
