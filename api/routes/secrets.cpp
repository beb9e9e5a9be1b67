// Secrets that a person may see, each time with a trace; persons that are forgotten; and who did either.

#include "api/api.hpp"
#include "api/commands.hpp"
#include "api/members.hpp"
#include "api/render.hpp"

namespace stellwerk::api {
namespace {

constexpr std::size_t longest_note = 2000;

bool refused_unless_admin(const Call& call) {
  if (call.caller.role == "admin") return false;
  call.refuse(Error{ErrorCode::permission_denied, "only admins may do this", "role"});
  return true;
}

/// {"attribute", "note"}: the answer comes when journal and audit are written.
void reveal_attribute(Api& api, Call&& call) {
  if (refused_unless_admin(call)) return;
  auto body = call.body();
  if (!body) return call.refuse(body.error());
  Members members{*body, "the secret cannot be shown", "bad_reveal"};
  actors::RevealRequest request{.actor = ActorId{call.param("id")}, .kind = "service", .attribute = members.text("attribute", 1, 64), .note = members.text("note", 1, longest_note),
                                .caller = call.caller, .trace = call.request.trace_id};
  if (auto fine = members.finish(); !fine) return call.refuse(fine.error());
  api.client().reveal(std::move(request), Api::reply_to(call.reply));
}

/// {"attribute"}: what is declared `show_to: [owner]`, once for each value.
void reveal_to_owner(Api& api, Call&& call) {
  auto body = call.body();
  if (!body) return call.refuse(body.error());
  Members members{*body, "the secret cannot be shown", "bad_reveal"};
  actors::RevealRequest request{.actor = ActorId{call.param("id")}, .kind = "service", .attribute = members.text("attribute", 1, 64), .note = "shown to the owner, once",
                                .caller = call.caller, .trace = call.request.trace_id};
  if (auto fine = members.finish(); !fine) return call.refuse(fine.error());
  api.client().reveal(std::move(request), told_to(call, Api::reply_to(call.reply)));
}

/// {"setting", "note"} of a server.
void reveal_setting(Api& api, Call&& call) {
  if (refused_unless_admin(call)) return;
  auto body = call.body();
  if (!body) return call.refuse(body.error());
  Members members{*body, "the secret cannot be shown", "bad_reveal"};
  const auto setting = members.text("setting", 1, 64);
  const auto note = members.text("note", 1, longest_note);
  if (auto fine = members.finish(); !fine) return call.refuse(fine.error());
  storage::AuditRow audit{.id = make_id<EventId>("evt").str(), .tenant = call.caller.tenant, .at = api.client().now(), .by = call.caller.user, .role = call.caller.role, .action = "reveal",
                          .object = call.param("id"), .field = setting, .note = note};
  api.answer(std::move(call), [setting, audit = std::move(audit)](actors::Views& views, const Call& c) -> Result<Json> {
    STELLWERK_TRY(const auto value, views.reveal(c.caller.tenant, ServerId{c.param("id")}, setting, audit));
    return Json(JsonObject{{"setting", setting}, {"value", value}});
  });
}

/// {"note", "live"}: see operations.md, "Erasing a person".
void erase_customer(Api& api, Call&& call) {
  if (refused_unless_admin(call)) return;
  auto body = call.body();
  if (!body) return call.refuse(body.error());
  Members members{*body, "the customer cannot be erased", "bad_erase"};
  actors::EraseRequest request{.customer = call.param("id"), .note = members.text("note", 1, longest_note), .live = members.flag_or("live", false), .caller = call.caller};
  if (auto fine = members.finish(); !fine) return call.refuse(fine.error());
  api.client().erase(std::move(request), Api::reply_to(call.reply));
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
