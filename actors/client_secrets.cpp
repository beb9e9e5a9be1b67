// Client: secrets that are told, persons that are forgotten.

#include <fmt/format.h>

#include "actors/client_impl.hpp"
#include "actors/erasing.hpp"

namespace stellwerk::actors {

/// One erasure on its way: actor after actor, then the customer's record.
struct ClientImpl::Erasing {
  EraseRequest request;
  std::vector<ActorId> actors;
  std::size_t next = 0;
  std::shared_ptr<ReplySlot> slot;
};

void ClientImpl::reveal(RevealRequest request, AnswerCallback done) {
  auto deliver = std::make_shared<Deliver>();
  deliver->actor = request.actor;
  deliver->event = {.id = make_id<EventId>("evt"), .by = {request.caller.user, request.caller.role}, .trace = request.trace, .depth = 0, .body = workflows::Refresh{}};
  deliver->expected_kind = request.kind;
  deliver->tenant = request.caller.tenant;
  deliver->customer = request.caller.customer;
  deliver->reveal = std::move(request);
  send_now(deliver, std::move(done));  // never under an Idempotency-Key: the answer would be kept
}

void ClientImpl::erase(EraseRequest request, AnswerCallback done) {
  auto erasing = std::make_shared<Erasing>();
  erasing->request = std::move(request);
  erasing->slot = std::make_shared<ReplySlot>(std::move(done));
  ask(erasing->slot, [this, erasing](Views& views) {
    const auto& [tenant, user, role, owner] = erasing->request.caller;
    const auto& customer = erasing->request.customer;
    const auto found = views.records().find_customer(tenant, customer);
    if (!found) return erasing->slot->answer(fail(found.error()));
    if (!*found) return erasing->slot->answer(fail(ErrorCode::not_found, fmt::format("there is no customer {}", customer)));
    auto actors = views.personal_actors(tenant, customer);
    if (!actors) return erasing->slot->answer(fail(std::move(actors).error()));
    if (auto problems = in_the_way(*actors, erasing->request.live); !problems.empty()) return erasing->slot->answer(fail(stands_in_the_way(customer, std::move(problems))));
    for (const auto& actor : *actors) erasing->actors.push_back(actor.id);
    erase_next(erasing);
  });
}

void ClientImpl::erase_next(const std::shared_ptr<Erasing>& erasing) {
  const auto& request = erasing->request;
  if (erasing->next < erasing->actors.size()) {
    auto deliver = std::make_shared<Deliver>();
    deliver->actor = erasing->actors[erasing->next++];
    deliver->event = {.id = make_id<EventId>("evt"), .by = {request.caller.user, request.caller.role}, .trace = {}, .depth = 0, .body = workflows::Refresh{}};
    deliver->tenant = request.caller.tenant;
    deliver->erase = request;
    return send_now(deliver, [this, erasing](const Result<Answer>& answer) {
      if (!answer) return erasing->slot->answer(fail(answer.error()));
      erase_next(erasing);
    });
  }
  ask(erasing->slot, [this, erasing](Views& views) {
    const auto& asked = erasing->request;
    auto erased = views.records().erase_customer(asked.caller.tenant, asked.customer, {.id = make_id<EventId>("evt").str(), .tenant = asked.caller.tenant, .at = now(), .by = asked.caller.user,
                                                                                        .role = asked.caller.role, .action = "erase", .object = asked.customer, .field = {}, .note = asked.note});
    if (!erased) return erasing->slot->answer(fail(std::move(erased).error()));
    erasing->slot->answer(Answer{200, JsonObject{{"customer", asked.customer}, {"actors", static_cast<std::int64_t>(erasing->actors.size())}}, false});
  });
}

}  // namespace stellwerk::actors
