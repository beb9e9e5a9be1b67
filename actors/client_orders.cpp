// What people order about the whole of a tenant: the sentry carries it out.

#include "actors/client_impl.hpp"

namespace stellwerk::actors {
namespace {

tl::unexpected<Error> only_admins(const char* what) { return fail(ErrorCode::permission_denied, std::string{"only admins "} + what, "role"); }

}  // namespace

caf::actor ClientImpl::sentry() const {
  const std::lock_guard lock{mutex_};
  return all_.sentry;
}

void ClientImpl::answer_guard(GuardAnswer answer, AnswerCallback done) {
  if (answer.caller.role != "admin") return done(only_admins("answer the mass-action guard"));
  const auto slot = std::make_shared<ReplySlot>(std::move(done));  // told "stopping" when nobody takes it
  if (const auto to = sentry()) caf::anon_send(to, share(GuardOrder{std::move(answer), slot}));
}

void ClientImpl::emergency_stop(StopRequest request, AnswerCallback done) {
  if (request.caller.role != "admin") return done(only_admins("turn the emergency stop on or off"));
  const auto slot = std::make_shared<ReplySlot>(std::move(done));
  if (const auto to = sentry()) caf::anon_send(to, share(StopOrder{std::move(request), slot}));
}

}  // namespace stellwerk::actors
