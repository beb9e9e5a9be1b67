#include <fmt/format.h>

#include "actors/client_impl.hpp"
#include "monitoring/metrics.hpp"

namespace stellwerk::actors {
namespace {

constexpr auto longest_advance = std::chrono::hours{24 * 3660};

/// The recorded answer, when it belongs to the same body.
Result<Answer> recorded(const storage::IdempotencyRow& row, const Idempotency& asked) {
  if (row.body_hash != asked.body_hash)
    return fail(ErrorCode::invalid_argument, "this Idempotency-Key was used with another body; use a new key for a new request", "idempotency_key_reused");
  return Answer{row.status, row.answer, true};
}

}  // namespace

void ClientImpl::query(std::function<Result<Json>(Views&)> question, std::function<void(Result<Json>)> done) {
  auto shared = std::make_shared<std::function<void(Result<Json>)>>(std::move(done));
  const bool taken = all_.readers->ask([question = std::move(question), shared](Views& views) { (*shared)(question(views)); });
  if (!taken) (*shared)(fail(ErrorCode::unavailable, "too many queries wait; try again", "overloaded"));
}

void ClientImpl::send_now(const std::shared_ptr<Deliver>& deliver, AnswerCallback done) {
  if (pending_.fetch_add(1) >= all_.pending_commands) {
    pending_.fetch_sub(1);
    return done(fail(ErrorCode::unavailable, "too many requests are pending; try again", "overloaded"));
  }
  deliver->reply = std::make_shared<ReplySlot>([this, done = std::move(done)](Result<Answer> answer) {
    pending_.fetch_sub(1);
    static auto& good = monitoring::counter("stellwerk_commands_total", {"accepted"});
    static auto& bad = monitoring::counter("stellwerk_commands_total", {"refused"});
    (answer ? good : bad).add();
    done(std::move(answer));
  });
  if (!all_.dispatcher) return;  // stopping: the slot tells the caller
  caf::anon_send(all_.dispatcher, Shared<Deliver>{deliver});
}

void ClientImpl::answer_again(const Idempotency& idempotency, const AnswerCallback& done) {
  const bool taken = all_.readers->ask([idempotency, done](Views& views) {
    auto row = views.find_idempotency(idempotency.scope, idempotency.key);
    if (!row) return done(fail(std::move(row).error()));
    if (!*row) return done(fail(ErrorCode::conflict, "a request with this Idempotency-Key is under way; try again", "in_progress"));
    done(recorded(**row, idempotency));
  });
  if (!taken) done(fail(ErrorCode::unavailable, "too many queries wait; try again", "overloaded"));
}

void ClientImpl::send(std::shared_ptr<Deliver> deliver, std::optional<Idempotency> idempotency, AnswerCallback done) {
  if (!idempotency) return send_now(deliver, std::move(done));
  switch (in_flight_.join(*idempotency, done)) {
    case InFlight::Joined::follows: return;
    case InFlight::Joined::other_body:
      return done(fail(ErrorCode::invalid_argument, "this Idempotency-Key was used with another body; use a new key for a new request", "idempotency_key_reused"));
    case InFlight::Joined::first: break;
  }
  const auto finish = [this, key = *idempotency, done = std::move(done)](Result<Answer> answer) {
    in_flight_.finish(key, answer);
    done(std::move(answer));
  };
  deliver->idempotency = storage::IdempotencyRow{.scope = idempotency->scope, .key = idempotency->key, .body_hash = idempotency->body_hash, .status = 0, .answer = JsonObject{},
                                                 .at = now()};
  const bool taken = all_.readers->ask([this, deliver, key = *idempotency, finish](Views& views) {
    auto row = views.find_idempotency(key.scope, key.key);
    if (!row) return finish(fail(std::move(row).error()));
    if (*row) return finish(recorded(**row, key));
    send_now(deliver, [this, key, finish](Result<Answer> answer) {
      if (!answer && answer.error().reason == "idempotency_duplicate") return answer_again(key, finish);
      finish(std::move(answer));
    });
  });
  if (!taken) finish(fail(ErrorCode::unavailable, "too many queries wait; try again", "overloaded"));
}

void ClientImpl::command(CommandRequest request, AnswerCallback done) {
  auto deliver = std::make_shared<Deliver>();
  deliver->actor = request.actor;
  deliver->event = {.id = make_id<EventId>("evt"), .by = {request.caller.user, request.caller.role}, .trace = request.trace, .depth = 0,
                    .body = workflows::Command{request.command, request.payload}};
  deliver->expected_kind = request.kind;
  deliver->tenant = request.caller.tenant;
  deliver->customer = request.caller.customer;
  deliver->wait = request.wait;
  send(std::move(deliver), std::move(request.idempotency), std::move(done));
}

void ClientImpl::create(CreateRequest request, AnswerCallback done) {
  auto deliver = std::make_shared<Deliver>();
  deliver->actor = make_id<ActorId>(request.prefix);
  deliver->event = {.id = make_id<EventId>("evt"), .by = {request.caller.user, request.caller.role}, .trace = request.trace, .depth = 0,
                    .body = workflows::Born{request.attributes}};
  deliver->wait = request.wait;
  auto idempotency = std::move(request.idempotency);
  deliver->create = std::move(request);
  send(std::move(deliver), std::move(idempotency), std::move(done));
}

void ClientImpl::remedy(RemedyRequest request, AnswerCallback done) {
  using What = workflows::Remedy::What;
  static const std::map<std::string, What> names{{"retry", What::retry}, {"skip", What::skip}, {"edit", What::edit}, {"done", What::done}, {"fail", What::fail}};
  const auto what = names.find(request.remedy);
  if (what == names.end()) return done(fail(ErrorCode::not_found, fmt::format("there is no remedy '{}'; known are retry, skip, edit, done, fail", request.remedy)));
  auto shared = std::make_shared<RemedyRequest>(std::move(request));
  const bool taken = all_.readers->ask([this, shared, what = what->second, done](Views& views) {
    auto incident = views.records().find_incident(shared->caller.tenant, shared->incident);
    if (!incident) return done(fail(std::move(incident).error()));
    if (!*incident) return done(fail(ErrorCode::not_found, fmt::format("there is no incident {}", shared->incident.str())));
    if ((*incident)->state != "open") return done(fail(ErrorCode::conflict, fmt::format("incident {} is closed", shared->incident.str()), "incident_not_open"));
    const auto& offered = (*incident)->remedies;
    if (std::find(offered.begin(), offered.end(), shared->remedy) == offered.end())
      return done(fail(ErrorCode::conflict, fmt::format("incident {} does not offer '{}'; it offers: {}", shared->incident.str(), shared->remedy, fmt::join(offered, ", ")),
                       "remedy_not_offered"));
    auto deliver = std::make_shared<Deliver>();
    deliver->actor = (*incident)->actor;
    deliver->tenant = shared->caller.tenant;
    deliver->event = {.id = make_id<EventId>("evt"), .by = {shared->caller.user, shared->caller.role}, .trace = shared->trace, .depth = 0,
                      .body = workflows::Remedy{what, shared->incident, shared->note, shared->input, shared->output}};
    send_now(deliver, done);
  });
  if (!taken) done(fail(ErrorCode::unavailable, "too many queries wait; try again", "overloaded"));
}

void ClientImpl::advance_clock(Duration span, std::function<void(Result<Json>)> done) {
  if (!all_.sandbox) return done(fail(ErrorCode::permission_denied, "the clock can be moved in the sandbox only", "not_a_sandbox"));
  if (span < Duration{0} || span > longest_advance)
    return done(fail(Error{ErrorCode::invalid_argument, "the clock moves forward, by at most 3660 days", "bad_span", {{"/advance", "an ISO 8601 duration from PT0S to P3660D, e.g. P3D"}}}));
  const auto target = all_.clock->offset() + span;
  const auto moved = [this, target, done] {
    all_.clock->set_offset(target);
    if (all_.timers) caf::anon_send(all_.timers, clock_atom::value);
    if (all_.dispatcher) caf::anon_send(all_.dispatcher, clock_atom::value);
    done(Json(JsonObject{{"now", format_time(all_.clock->now())}, {"offset", format_duration(target)}}));
  };
  const bool taken = all_.readers->ask([this, target, span, moved, done](Views& views) {
    if (auto kept = views.put_value("clock_offset", std::to_string(target.count())); !kept) return done(fail(std::move(kept).error()));
    const auto driver = all_.deps->drivers.find("http");
    if (all_.sandbox_control.empty() || driver == all_.deps->drivers.end()) return moved();
    connectors::DriverRequest request{.method = "POST", .url = all_.sandbox_control + "/_control/clock", .headers = {{"content-type", "application/json"}},
                                      .body = dump_json(JsonObject{{"advance", format_duration(span)}}), .timeout = std::chrono::seconds{5}};
    driver->second->send(std::move(request), [moved, done](const connectors::DriverResponse& response) {
      if (response.failure != connectors::DriverResponse::Failure::none || response.status != 200)
        return done(fail(ErrorCode::unavailable, fmt::format("the provider sandbox did not move its clock: {} {}", response.failure_text, response.status), "sandbox"));
      moved();
    });
  });
  if (!taken) done(fail(ErrorCode::unavailable, "too many queries wait; try again", "overloaded"));
}

}  // namespace stellwerk::actors
