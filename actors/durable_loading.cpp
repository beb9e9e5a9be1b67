// The durable actor: how its record comes into memory, and what becomes of events when it cannot be read or fails.

#include <fmt/format.h>

#include <chrono>
#include <exception>
#include <utility>

#include "actors/durable.hpp"
#include "actors/encode.hpp"
#include "monitoring/log.hpp"

namespace stellwerk::actors {
namespace {

constexpr std::size_t mailbox_page = 256;  ///< of LoadedActor
constexpr auto redelivery = std::chrono::milliseconds{500};
constexpr auto unreadable_delay = std::chrono::seconds{30};

}  // namespace

void Durable::load(Then then, Otherwise otherwise) {
  self_->request(loader(), caf::infinite, share(LoadRequest{id_})).await(
      [this, then = std::move(then), otherwise](const Shared<LoadReply>& reply) {
        if (!reply->loaded) {
          if (reply->loaded.error().code == ErrorCode::not_found) unheard_.clear();  // nothing of it is on disk
          return otherwise(reply->loaded.error());
        }
        take(*reply->loaded);
        follow_up();
        then();
      },
      [otherwise](const caf::error&) { otherwise(Error{ErrorCode::unavailable, "the engine is stopping", "stopping"}); });
}

/// The decision may be on disk although its answer never came, and the event behind it is stale then: only here does anybody hear of it,
/// and is its work begun. In quarantine others still hear of it; its attempts are looked after by who lets it out.
void Durable::follow_up() {
  std::set<std::string> told;
  for (const auto& pending : std::exchange(unheard_, {})) {
    const auto& commit = pending->request->commit;
    if (!told.insert(commit.id).second) continue;
    const bool written = row_.decision == commit.id;
    if (written) announce(commit);
    if (!quarantine_.empty()) continue;
    if (written)
      for (const auto& id : pending->decision.settle)
        if (const auto* attempt = workflows::find_attempt(snapshot_, id)) settle(*attempt);
    for (const auto& change : commit.changes) {
      if (change.row.id != id_) continue;
      for (const auto& attempt : change.attempts) {
        const auto* in_hand = workflows::find_attempt(snapshot_, attempt.id);
        if (in_hand != nullptr && in_hand->number == attempt.number) carry_out(*in_hand);
      }
    }
    if (!written) continue;
    for (const auto& note : pending->decision.runs)
      if (note.ended) finish_waiters(note.id.str(), note.status);
  }
}

void Durable::take(const storage::LoadedActor& loaded) {
  row_ = loaded.row;
  mailbox_ = loaded.mailbox;
  borrowed_ = false;
  mailbox_stale_ = false;
  mailbox_more_ = loaded.mailbox.size() >= mailbox_page;
  loaded_ = true;
  personal_.reset();
  held_by_ = loaded.quarantine;
  trouble_ = find_trouble(loaded);
  quarantine_ = held_by_.empty() ? trouble_ : fmt::format("incident {} has to be resolved first", held_by_.str());
}

/// It may be old by now: what is decided on it is a conflict then, and the actor is loaded after all. It is good for the one event that
/// brought it, as long as nothing was written; and only if that can be worked on.
bool Durable::borrow(const Deliver& deliver) {
  if (!deliver.loaded || !row_.id.empty()) return false;  // not the first event of a sleeper: others may wait for what is on disk
  take(*deliver.loaded);
  borrowed_ = true;
  return quarantine_.empty();
}

std::string Durable::find_trouble(const storage::LoadedActor& loaded) {
  if (!loaded.unreadable.empty()) return fmt::format("the record of actor {} cannot be read: {}", id_.str(), loaded.unreadable);
  definition_ = deps_->definitions->find(row_.workflow, row_.revision);
  if (!definition_) return deps_->definitions->why_not(row_.workflow, row_.revision);
  try {
    auto snapshot = make_snapshot(*definition_, loaded, deps_->around);
    if (!snapshot) return describe(snapshot.error());
    snapshot_ = std::move(*snapshot);
    if (auto opened = open_messages(keys(), mailbox_); !opened) return describe(opened.error());
    if (loaded.personal_key) {
      auto key = open_personal_key(keys(), *loaded.personal_key);
      if (!key) return fmt::format("the key of what is personal to actor {} cannot be opened: {}", id_.str(), describe(key.error()));
      personal_ = std::move(*key);
    }
  } catch (const std::exception& error) {
    return fmt::format("the row of actor {} cannot be read: {}", id_.str(), error.what());
  }
  return {};
}

void Durable::forget() {
  loaded_ = false;
  mailbox_.clear();
}

void Durable::again_later(const Shared<Deliver>& deliver) {
  self_->delayed_send(all_.dispatcher, redelivery, deliver);  // it outlives this actor
}

void Durable::not_loaded(const Shared<Deliver>& deliver, const Error& error) {
  if (deliver->reply) return deliver->reply->answer(fail(error));
  if (is_transient(error.code)) return again_later(deliver);
  if (error.code == ErrorCode::not_found) return;
  monitoring::log_error("an actor cannot be read; what is for it is tried again", error, {{"actor", id_.str()}});
  // A timer fires again by itself.
  if (!std::holds_alternative<workflows::TimerDue>(deliver->event.body)) self_->delayed_send(all_.dispatcher, unreadable_delay, deliver);
}

void Durable::guarded(const Shared<Deliver>& deliver, const Then& work) {
  try {
    work();
  } catch (const std::exception& error) {
    broke(deliver, error.what());
  }
}

void Durable::broke(const Shared<Deliver>& deliver, const std::string& what) {
  const auto why = told(what, deliver ? &deliver->event : nullptr);
  const bool well = survive("an actor could not be brought back after a failure", [&] {
    monitoring::log(monitoring::Level::error, "an event made its actor fail", {{"actor", id_.str()}, {"error", why}});
    if (deliver && !deliver->reply && loaded_) {
      if (const auto seq = row_of(deliver->event); seq > 0) return not_applied(seq, why);
      return open_quarantine("an event made it fail: " + why, deliver);
    }
    if (deliver && deliver->reply) deliver->reply->answer(fail(ErrorCode::internal, "the engine failed on this request; its log says why", "internal"));
    else if (deliver && row_of(deliver->event) == 0) again_later(deliver);
    forget();
    wake_later();
  });
  if (!well) forget();
}

}  // namespace stellwerk::actors
