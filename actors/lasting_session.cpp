#include "actors/lasting_session.hpp"

#include "actors/protocol.hpp"
#include "monitoring/log.hpp"

namespace stellwerk::actors {

LastingSession::LastingSession(const Deps& deps, std::unique_ptr<storage::Store> store) : open_{deps.open_store}, incarnation_{deps.incarnation}, store_{std::move(store)} {
  store_->use_incarnation(incarnation_);
}

Result<void> LastingSession::ensure() {
  if (store_) return {};
  auto store = open_();
  if (!store) return fail(Error{ErrorCode::unavailable, "no session can be opened in place of the one that broke: " + describe(store.error())});
  store_ = std::move(*store);
  store_->use_incarnation(incarnation_);
  return {};
}

Error LastingSession::broke(const std::exception& error) {
  monitoring::log_error("a call of the database threw; its session is opened again", {{"error", error.what()}});
  store_.reset();
  return {ErrorCode::internal, std::string{"a call of the database threw: "} + error.what(), "threw"};
}

}  // namespace stellwerk::actors
