// What became of a command that was answered "deferred".

#include "api/commands.hpp"

namespace stellwerk::api {
namespace {

Json text_or_null(const std::string& text) { return text.empty() ? Json{} : Json(boost::json::string(text)); }

Json render_event(const actors::EventView& event, bool for_staff) {
  JsonObject json{{"event", event.event.str()}, {"actor", event.actor.str()}, {"state", event.state}, {"reason", text_or_null(event.reason)}, {"at", format_time(event.at)}};
  if (for_staff) json["text"] = text_or_null(event.text);
  else json["reason"] = text_or_null(for_customer(Error{ErrorCode::conflict, {}, event.reason}).reason);
  return json;
}

/// Of other events there is no end to wait for: their 202 was it.
void show(Api& api, Call&& call) {
  api.answer(std::move(call), [](actors::Views& views, const Call& c) -> Result<Json> {
    const EventId id{c.param("id")};
    STELLWERK_TRY(const auto event, views.find_event(c.caller.tenant, id));
    if (!event || !c.may_see(event->customer)) return fail(ErrorCode::not_found, "there is no deferred command " + id.str());
    if (event->state.empty()) return fail(ErrorCode::gone, "how event " + id.str() + " ended was in a journal that is no longer kept", "journal_gone");
    return render_event(*event, c.is_staff());
  });
}

}  // namespace

void add_event_routes(Api& api) {
  using enum http::Method;
  api.add(get, "/api/client/events/{id}", Access::customer, show);
  api.add(get, "/api/admin/events/{id}", Access::staff, show);
}

}  // namespace stellwerk::api
