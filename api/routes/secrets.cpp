// Secrets that a person may see, each time with a trace; persons that are forgotten; and who did either.

#include <optional>

#include "api/api.hpp"
#include "api/commands.hpp"
#include "api/read_members.hpp"
#include "api/render.hpp"

namespace stellwerk::api {
namespace {

constexpr std::size_t longest_note = 2000;

bool refused_unless_admin(const Call& call) {
  if (call.caller.role == "admin") return false;
  call.refuse(Error{ErrorCode::permission_denied, "only admins may do this", "role"});
  return true;
}

/// {"attribute", "note"}: the answer comes when journal and audit are written. Of an owner {"attribute"}.
std::optional<actors::RevealRequest> read_reveal(const Call& call, bool as_owner) {
  return read_members(call, "the secret cannot be shown", "bad_reveal", [&](Members& members) {
    return actors::RevealRequest{.actor = ActorId{call.param("id")}, .kind = "service", .attribute = members.text("attribute", 1, 64),
                                 .note = as_owner ? "shown to the owner, once" : members.text("note", 1, longest_note), .caller = call.caller, .trace = call.request.trace_id};
  });
}

void reveal_attribute(Api& api, Call&& call) {
  if (refused_unless_admin(call)) return;
  if (auto request = read_reveal(call, false)) api.client().reveal(std::move(*request), Api::reply_to(call.reply));
}

/// What is declared `show_to: [owner]`, once for each value.
void reveal_to_owner(Api& api, Call&& call) {
  if (auto request = read_reveal(call, true)) api.client().reveal(std::move(*request), told_to(call, Api::reply_to(call.reply)));
}

/// {"setting", "note"} of a server.
void reveal_setting(Api& api, Call&& call) {
  if (refused_unless_admin(call)) return;
  auto audit = read_members(call, "the secret cannot be shown", "bad_reveal", [&](Members& members) {
    return storage::AuditRow{.id = make_id<EventId>("evt").str(), .tenant = call.caller.tenant, .at = api.client().now(), .by = call.caller.user, .role = call.caller.role, .action = "reveal",
                             .object = call.param("id"), .field = members.text("setting", 1, 64), .note = members.text("note", 1, longest_note)};
  });
  if (!audit) return;
  api.answer(std::move(call), [audit = std::move(*audit)](actors::Views& views, const Call& c) -> Result<Json> {
    STELLWERK_TRY(const auto value, views.reveal(c.caller.tenant, ServerId{c.param("id")}, audit.field, audit));
    return Json(JsonObject{{"setting", audit.field}, {"value", value}});
  });
}

/// {"note", "live"}: see operations.md, "Erasing a person".
void erase_customer(Api& api, Call&& call) {
  if (refused_unless_admin(call)) return;
  auto request = read_members(call, "the customer cannot be erased", "bad_erase", [&](Members& members) {
    return actors::EraseRequest{.customer = call.param("id"), .note = members.text("note", 1, longest_note), .live = members.flag_or("live", false), .caller = call.caller};
  });
  if (request) api.client().erase(std::move(*request), Api::reply_to(call.reply));
}

/// Newest first; `?object=` of one server, actor or customer.
void list_audit(Api& api, Call&& call) {
  auto page = call.page();
  if (!page) return call.refuse(page.error());
  api.answer(std::move(call), [page = *page](actors::Views& views, const Call& c) -> Result<Json> {
    const auto* object = c.request.query_value("object");
    STELLWERK_TRY(const auto entries, views.records().list_audit(c.caller.tenant, object == nullptr ? std::string{} : *object, page));
    return render_page(entries, page.limit, [](const storage::AuditRow& a) {
      return Json(JsonObject{{"id", a.id}, {"at", format_time(a.at)}, {"by", a.by}, {"role", a.role}, {"action", a.action}, {"object", a.object}, {"field", a.field}, {"note", a.note}});
    });
  });
}

}  // namespace

void add_secret_routes(Api& api) {
  using enum http::Method;
  api.add(post, "/api/client/services/{id}/reveal", Access::customer, reveal_to_owner);
  api.add(post, "/api/admin/services/{id}/reveal", Access::staff, reveal_attribute);
  api.add(post, "/api/admin/servers/{id}/reveal", Access::staff, reveal_setting);
  api.add(post, "/api/admin/customers/{id}/erase", Access::staff, erase_customer);
  api.add(get, "/api/admin/audit", Access::staff, list_audit);
}

}  // namespace stellwerk::api
