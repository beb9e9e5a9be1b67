// The durable actor: secrets that are told to a person, and persons that are forgotten. Journal and audit are written first.

#include <fmt/format.h>

#include <algorithm>

#include "actors/durable.hpp"
#include "actors/encode.hpp"
#include "actors/erasing.hpp"
#include "monitoring/log.hpp"
#include "monitoring/metrics.hpp"
#include "workflows/secrets.hpp"

namespace stellwerk::actors {
namespace {

Json by_json(const Caller& caller) { return JsonObject{{"id", caller.user}, {"role", caller.role}}; }

}  // namespace

Masker Durable::known_secrets(const workflows::Event* event) const {
  Masker masker;
  if (!definition_ || !workflows::handles_secrets(*definition_)) return masker;
  workflows::know_secrets(*definition_, snapshot_, masker);
  if (event != nullptr) workflows::know_secrets(*definition_, snapshot_, *event, masker);
  return masker;
}

Error Durable::told(Error error, const workflows::Event* event) const {
  const auto masker = known_secrets(event);
  if (masker.empty()) return error;
  error.message = masker.mask(std::move(error.message));
  for (auto& field : error.fields) field.message = masker.mask(std::move(field.message));
  if (error.cause) error.cause = std::make_shared<const Error>(told(*error.cause, event));
  return error;
}

std::string Durable::told(std::string why, const workflows::Event* event) const { return known_secrets(event).mask(std::move(why)); }

void Durable::forget_shown(workflows::Decision& decision) const {
  std::erase_if(decision.next.cursor.shown, [&](const std::string& name) {
    const auto index = static_cast<std::size_t>(definition_->find_attribute(name));
    if (index >= snapshot_.attributes.size() || index >= decision.next.attributes.size()) return true;
    return workflows::cel::to_json(snapshot_.attributes[index]) != workflows::cel::to_json(decision.next.attributes[index]);
  });
}

void Durable::reveal(const Shared<Deliver>& deliver) {
  const auto& request = *deliver->reveal;
  const auto refuse = [&](ErrorCode code, std::string why, const char* reason) {
    deliver->reply->answer(fail(code, std::move(why), reason));
    next_turn();
  };
  const bool as_owner = request.caller.role != "staff" && request.caller.role != "admin";
  const int index = definition_->find_attribute(request.attribute);
  const auto* attribute = index < 0 ? nullptr : &definition_->attributes[static_cast<std::size_t>(index)];
  const bool known = attribute != nullptr && workflows::is_secret(attribute->field.type) && (!as_owner || std::ranges::find(attribute->show_to, "owner") != attribute->show_to.end());
  if (!known) return refuse(ErrorCode::not_found, fmt::format("there is no secret '{}' to be shown here", request.attribute), "no_secret");
  auto value = workflows::encode(attribute->field.type, snapshot_.attributes[static_cast<std::size_t>(index)]);
  if (value.is_null()) return refuse(ErrorCode::conflict, fmt::format("the secret '{}' has no value", request.attribute), "no_value");
  if (as_owner && snapshot_.cursor.shown.contains(request.attribute))
    return refuse(ErrorCode::gone, fmt::format("the secret '{}' was shown once already; a new value can be shown again", request.attribute), "shown_already");
  auto next = snapshot_.cursor;
  auto change = change_beside("secret_revealed");
  if (as_owner) {
    next.shown.insert(request.attribute);
    change.row.cursor = encode_kept(*definition_, next, id_, keys());
  }
  const auto note = told(request.note);
  change.trace = request.trace;
  change.journal = JsonArray{JsonObject{{"type", "secret_revealed"}, {"attribute", request.attribute}, {"note", note}, {"by", by_json(request.caller)}}};
  change.audit = {{.id = deliver->event.id.str(), .tenant = row_.tenant, .at = change.row.updated_at, .by = request.caller.user, .role = request.caller.role, .action = "reveal",
                   .object = id_.str(), .field = request.attribute, .note = note}};
  seal_beside(change);
  write_beside(std::move(change), deliver->reply, [this, deliver, next, value = std::move(value)] {
    snapshot_.cursor = next;
    snapshot_.version = row_.version;
    monitoring::counter("stellwerk_secrets_revealed_total", {row_.kind}).add();
    monitoring::log_info("a secret is shown", {{"actor", id_.str()}, {"tenant", row_.tenant.str()}, {"field", deliver->reveal->attribute}, {"by", deliver->reveal->caller.user}});
    deliver->reply->answer(Answer{200, JsonObject{{"attribute", deliver->reveal->attribute}, {"value", value}}, false});
    next_turn();
  });
}

void Durable::erase(const Shared<Deliver>& deliver) {
  load([this, deliver] {
    guarded(deliver, [&] {
      if (!quarantine_.empty()) return refuse_quarantined(deliver);
      forget_person(deliver);
    });
  }, [this, deliver](const Error& error) { not_loaded(deliver, error); });
}

void Durable::forget_person(const Shared<Deliver>& deliver) {
  const auto& request = *deliver->erase;
  const Holdings held{.row = row_, .snapshot = snapshot_, .mailbox = mailbox_, .more_messages = mailbox_more_, .has_key = personal_.has_value()};
  auto erased = make_erasure(*definition_, held, {.live = request.live, .note = request.note, .by = by_json(request.caller)}, now(), keys());
  if (!erased || !erased->needed) {
    deliver->reply->answer(erased ? Result<Answer>{Answer{200, JsonObject{{"actor", id_.str()}}, false}} : fail(std::move(erased).error()));
    return next_turn();
  }
  erased->change.applied.id = deliver->event.id;
  auto change = std::move(erased->change);
  write_beside(std::move(change), deliver->reply, [this, deliver, erased = share(std::move(*erased))] {
    snapshot_ = erased->next;
    snapshot_.version = row_.version;
    mailbox_ = erased->mailbox;
    personal_.reset();
    deliver->reply->answer(Answer{200, JsonObject{{"actor", id_.str()}}, false});
    next_turn();
  });
}

void Durable::seal_beside(storage::ActorChange& change) const {
  keep_personal(*definition_, personal_values(*definition_, snapshot_), keys(), personal_, change.row.updated_at, change);
}

void Durable::remember_key(const storage::ActorChange& written) {
  if (!written.personal_key) return;
  auto key = open_personal_key(keys(), *written.personal_key);
  STELLWERK_ASSERT(key.has_value(), "a key that was just written can be opened");
  personal_ = std::move(*key);
}

}  // namespace stellwerk::actors
