// Client: secrets that are told, persons that are forgotten.

#include <fmt/format.h>

#include <set>

#include "actors/client_impl.hpp"
#include "actors/erasing.hpp"

namespace stellwerk::actors {

/// One erasure on its way: actor after actor, then the customer's record; in rounds, as long as somebody new turns up.
struct ClientImpl::Erasing {
  EraseRequest request;
  std::vector<ActorId> actors;  ///< of this round
  std::size_t next = 0;
  int round = 0;
  std::set<ActorId> erased;
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
    const auto& customer = erasing->request.customer;
    const auto found = views.records().find_customer(erasing->request.caller.tenant, customer);
    if (!found) return erasing->slot->answer(fail(found.error()));
    if (!*found) return erasing->slot->answer(fail(ErrorCode::not_found, fmt::format("there is no customer {}", customer)));
    erase_round(erasing, views);
  });
}

void ClientImpl::erase_round(const std::shared_ptr<Erasing>& erasing, Views& views) {
  const auto& request = erasing->request;
  if (++erasing->round > most_rounds) return erasing->slot->answer(fail(still_told(request.customer)));
  auto actors = views.personal_actors(request.caller.tenant, request.customer);
  if (!actors) return erasing->slot->answer(fail(std::move(actors).error()));
  if (auto problems = in_the_way(*actors, request.live); !problems.empty()) return erasing->slot->answer(fail(stands_in_the_way(request.customer, std::move(problems))));
  erasing->actors.clear();
  erasing->next = 0;
  for (const auto& actor : *actors) erasing->actors.push_back(actor.id);
  erase_next(erasing);
}

void ClientImpl::erase_next(const std::shared_ptr<Erasing>& erasing) {
  const auto& request = erasing->request;
  if (erasing->next < erasing->actors.size()) {
    auto deliver = std::make_shared<Deliver>();
    deliver->actor = erasing->actors[erasing->next++];
    deliver->event = {.id = make_id<EventId>("evt"), .by = {request.caller.user, request.caller.role}, .trace = {}, .depth = 0, .body = workflows::Refresh{}};
    deliver->tenant = request.caller.tenant;
    deliver->erase = request;
    erasing->erased.insert(deliver->actor);
    return send_now(deliver, [this, erasing](const Result<Answer>& answer) {
      if (!answer) return erasing->slot->answer(fail(answer.error()));
      erase_next(erasing);
    });
  }
  ask(erasing->slot, [this, erasing](Views& views) {
    const auto& asked = erasing->request;
    const auto done = views.erase_record(asked.customer, erasing->erased, {.id = {}, .tenant = asked.caller.tenant, .at = now(), .by = asked.caller.user, .role = asked.caller.role, .action = {}, .object = {},
                                                                           .field = {}, .note = asked.note});
    if (!done) return erasing->slot->answer(fail(done.error()));
    if (!*done) return erase_round(erasing, views);
    erasing->slot->answer(Answer{200, JsonObject{{"customer", asked.customer}, {"actors", static_cast<std::int64_t>(erasing->erased.size())}}, false});
  });
}

}  // namespace stellwerk::actors
