// Backups made by the running server: admins ask for one, staff see what became of it.

#include "api/api.hpp"
#include "api/members.hpp"

namespace stellwerk::api {
namespace {

/// {"note"}: may be empty. Where the backup goes is a setting, not the caller's choice.
void begin(Api& api, Call&& call) {
  if (call.caller.role != "admin") return call.refuse(Error{ErrorCode::permission_denied, "only admins make backups", "role"});
  auto body = call.body();
  if (!body) return call.refuse(body.error());
  Members members{*body, "no backup can be made so", "bad_backup"};
  const auto note = members.text("note", 0, 2000);
  if (auto fine = members.finish(); !fine) return call.refuse(fine.error());
  const auto id = make_id<EventId>("bak").str();
  storage::AuditRow audit{.id = make_id<EventId>("evt").str(), .tenant = call.caller.tenant, .at = api.client().now(), .by = call.caller.user, .role = call.caller.role, .action = "backup",
                          .object = id, .field = {}, .note = note};
  api.answer(std::move(call), [audit = std::move(audit)](actors::Views& views, const Call&) { return views.begin_backup(audit); }, 202);
}

void show(Api& api, Call&& call) {
  api.answer(std::move(call), [](actors::Views& views, const Call&) -> Result<Json> { return views.last_backup(); });
}

}  // namespace

void add_backup_routes(Api& api) {
  api.add(http::Method::post, "/api/admin/backup", Access::staff, begin);
  api.add(http::Method::get, "/api/admin/backup", Access::staff, show);
}

}  // namespace stellwerk::api
