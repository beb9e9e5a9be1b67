#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <map>

#include "actors/client_impl.hpp"
#include "monitoring/log.hpp"
#include "monitoring/metrics.hpp"

namespace stellwerk::actors {
namespace {

constexpr auto longest_advance = std::chrono::hours{24 * 3660};

constexpr std::string_view body_purpose = "stellwerk: body of a request under an Idempotency-Key";

/// As it is kept: who reads the database must not be able to try which body it was (a password, say).
std::string kept_hash(const config::MasterKey& key, const Idempotency& asked) { return config::keyed_hash(key, body_purpose, asked.body_hash); }

/// Whether the row is of this body. What earlier versions wrote is compared as it was written then. Under a master key that was changed
/// since nobody can tell: it is believed, as the same key says.
bool is_same_body(const storage::IdempotencyRow& row, const Idempotency& asked, const config::MasterKey& key) {
  if (!row.body_hash.starts_with("k1.")) return row.body_hash == asked.body_hash;
  return row.body_hash == kept_hash(key, asked) || !row.body_hash.starts_with("k1." + key.id + ".");
}

/// The recorded answer, when it belongs to the same body.
Result<Answer> recorded(const storage::IdempotencyRow& row, const Idempotency& asked, const config::MasterKey& key) {
  if (!is_same_body(row, asked, key))
    return fail(ErrorCode::invalid_argument, "this Idempotency-Key was used with another body; use a new key for a new request", "idempotency_key_reused");
  return Answer{row.status, row.answer, true};
}

tl::unexpected<Error> overloaded(const char* what) { return fail(ErrorCode::unavailable, fmt::format("too many {} wait; try again", what), "overloaded"); }
tl::unexpected<Error> broken(const std::exception& error) { return wrap(Error{ErrorCode::internal, error.what()}, "the engine failed on this request"); }

/// As the metric names it.
std::string result_of(const Result<Answer>& answer) {
  if (!answer) return std::string{to_string(answer.error().code)};
  return bool_of(answer->body, "deferred") ? "deferred" : "accepted";
}

}  // namespace

ClientImpl::ClientImpl(ClientDeps deps)
    : all_{std::move(deps)},
      refresher_{all_.tenant,
                 {.ask = [this](std::function<void(Views&)> work) { return all_.readers->ask(std::move(work)); },
                  .refresh = [this](const ActorId& actor, Duration delay, std::function<void(const Result<Answer>&)> done) { refresh(actor, delay, std::move(done)); },
                  .stopping = [this] { return all_.deps->stopping->load(); }}} {}

std::pair<caf::actor, caf::actor> ClientImpl::dispatcher_and_timers() const {
  const std::lock_guard lock{mutex_};
  return {all_.dispatcher, all_.timers};
}

void ClientImpl::release() {
  const std::lock_guard lock{mutex_};
  all_.dispatcher = nullptr;
  all_.timers = nullptr;
  all_.sentry = nullptr;
}

void ClientImpl::query(std::function<Result<Json>(Views&)> question, std::function<void(Result<Json>)> done) {
  auto shared = std::make_shared<JsonCallback>(std::move(done));
  const bool taken = all_.readers->ask([question = std::move(question), shared](Views& views) {
    auto answer = [&]() -> Result<Json> {
      try {
        return question(views);
      } catch (const std::exception& error) {
        return broken(error);
      }
    }();
    (*shared)(std::move(answer));
  });
  if (!taken) (*shared)(overloaded("queries"));
}

void ClientImpl::ask(const std::shared_ptr<ReplySlot>& slot, std::function<void(Views&)> work) {
  const bool taken = all_.readers->ask([slot, work = std::move(work)](Views& views) {
    try {
      work(views);
    } catch (const std::exception& error) {
      slot->answer(broken(error));
    }
  });
  if (!taken) slot->answer(overloaded("queries"));
}

void ClientImpl::send_now(const std::shared_ptr<Deliver>& deliver, AnswerCallback done) {
  const bool remedy = std::holds_alternative<workflows::Remedy>(deliver->event.body);
  auto accepted = all_.deps->admission->accept(deliver->create ? deliver->create->caller.tenant : deliver->tenant, remedy);
  if (!accepted) return done(fail(std::move(accepted).error()));
  deliver->reply = std::make_shared<ReplySlot>([held = std::move(*accepted), done = std::move(done)](Result<Answer> answer) mutable {
    held.reset();
    monitoring::counter("stellwerk_commands_total", {result_of(answer)}).add();
    done(std::move(answer));
  });
  const auto dispatcher = dispatcher_and_timers().first;
  if (dispatcher) caf::anon_send(dispatcher, Shared<Deliver>{deliver});
  else deliver->reply = nullptr;  // stopping: the slot tells the caller
}

void ClientImpl::answer_again(const Idempotency& idempotency, const std::shared_ptr<ReplySlot>& slot) {
  ask(slot, [this, idempotency, slot](Views& views) {
    auto row = views.find_idempotency(idempotency.scope, idempotency.key);
    if (!row) return slot->answer(fail(std::move(row).error()));
    if (!*row) return slot->answer(fail(ErrorCode::conflict, "a request with this Idempotency-Key is under way; try again", "in_progress"));
    slot->answer(recorded(**row, idempotency, master()));
  });
}

void ClientImpl::send(std::shared_ptr<Deliver> deliver, std::optional<Idempotency> idempotency, AnswerCallback done) {
  if (!idempotency) return send_now(deliver, std::move(done));
  switch (in_flight_.join(*idempotency, done)) {
    case InFlight::Joined::follows: return;
    case InFlight::Joined::other_body:
      return done(fail(ErrorCode::invalid_argument, "this Idempotency-Key was used with another body; use a new key for a new request", "idempotency_key_reused"));
    case InFlight::Joined::first: break;
  }
  // Whatever happens, the slot is answered once, and with it whoever joined.
  const auto slot = std::make_shared<ReplySlot>([this, key = *idempotency, done = std::move(done)](Result<Answer> answer) {
    in_flight_.finish(key, answer);
    done(std::move(answer));
  });
  deliver->idempotency = storage::IdempotencyRow{.scope = idempotency->scope, .key = idempotency->key, .body_hash = kept_hash(master(), *idempotency), .status = 0, .answer = JsonObject{},
                                                 .at = now()};
  ask(slot, [this, deliver, key = *idempotency, slot](Views& views) {
    auto row = views.find_idempotency(key.scope, key.key);
    if (!row) return slot->answer(fail(std::move(row).error()));
    if (*row) return slot->answer(recorded(**row, key, master()));
    send_now(deliver, [this, key, slot](Result<Answer> answer) {
      if (!answer && answer.error().reason == "idempotency_duplicate") return answer_again(key, slot);
      slot->answer(std::move(answer));
    });
  });
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
  if (request.remedy == "release" || request.remedy == "keep")
    return answer_guard({.question = request.incident, .release = request.remedy == "release", .number = {}, .note = request.note, .caller = request.caller}, std::move(done));
  using What = workflows::Remedy::What;
  static const std::map<std::string, What> names{{"retry", What::retry}, {"skip", What::skip}, {"edit", What::edit}, {"done", What::done}, {"fail", What::fail}};
  const auto what = names.find(request.remedy);
  if (what == names.end()) return done(fail(ErrorCode::not_found, fmt::format("there is no remedy '{}'; known are retry, skip, edit, done, fail", request.remedy)));
  const auto slot = std::make_shared<ReplySlot>(std::move(done));
  auto shared = std::make_shared<RemedyRequest>(std::move(request));
  ask(slot, [this, shared, what = what->second, slot](Views& views) {
    auto incident = views.records().find_incident(shared->caller.tenant, shared->incident);
    if (!incident) return slot->answer(fail(std::move(incident).error()));
    if (!*incident) return slot->answer(fail(ErrorCode::not_found, fmt::format("there is no incident {}", shared->incident.str())));
    if ((*incident)->state != "open") return slot->answer(fail(ErrorCode::conflict, fmt::format("incident {} is closed", shared->incident.str()), "incident_not_open"));
    const auto& offered = (*incident)->remedies;
    if (std::find(offered.begin(), offered.end(), shared->remedy) == offered.end())
      return slot->answer(fail(ErrorCode::conflict, fmt::format("incident {} does not offer '{}'; it offers: {}{}", shared->incident.str(), shared->remedy, fmt::join(offered, ", "),
                                                                shared->remedy == "skip" && (*incident)->kind == "held_run" ? " (its step proves a state, see confirmed_by: declare it done once you have checked that it is)" : ""),
                               "remedy_not_offered"));
    if (shared->verified_absent && ((*incident)->kind != "held_run" || shared->remedy != "retry"))
      return slot->answer(fail(ErrorCode::invalid_argument, "'verified_absent' belongs to the retry of a step (an incident of the kind held_run)", "remedy_not_offered"));
    auto deliver = std::make_shared<Deliver>();
    deliver->actor = (*incident)->actor;
    deliver->tenant = shared->caller.tenant;
    deliver->event = {.id = make_id<EventId>("evt"), .by = {shared->caller.user, shared->caller.role}, .trace = shared->trace, .depth = 0,
                      .body = workflows::Remedy{what, shared->incident, shared->note, shared->input, shared->output, shared->verified_absent}};
    send_now(deliver, [slot](Result<Answer> answer) { slot->answer(std::move(answer)); });
  });
}

void ClientImpl::edit(EditRequest request, AnswerCallback done) {
  auto deliver = std::make_shared<Deliver>();
  deliver->actor = request.actor;
  deliver->event = {.id = make_id<EventId>("evt"), .by = {request.caller.user, request.caller.role}, .trace = request.trace, .depth = 0, .body = workflows::Edit{request.values}};
  deliver->expected_kind = request.kind;
  deliver->tenant = request.caller.tenant;
  deliver->customer = request.caller.customer;
  send(std::move(deliver), std::move(request.idempotency), std::move(done));
}

// --- settings of workflows

void ClientImpl::change_setting(SettingRequest request, std::function<void(Result<SettingAnswer>)> done) {
  if (!may_change(request.caller, request.value.level))
    return done(fail(ErrorCode::permission_denied, "only admins change settings of more than one actor", "role"));
  const auto told = std::make_shared<std::function<void(Result<SettingAnswer>)>>(std::move(done));
  const bool taken = all_.readers->ask([this, request = std::move(request), told](Views& views) {
    auto answer = [&]() -> Result<SettingAnswer> {
      try {
        return change(views, request);
      } catch (const std::exception& error) {
        return broken(error);
      }
    }();
    (*told)(std::move(answer));
  });
  if (!taken) (*told)(overloaded("queries"));
}

Result<SettingAnswer> ClientImpl::change(Views& views, const SettingRequest& request) {
  const auto& tenant = request.caller.tenant;
  STELLWERK_TRY(auto value, views.check_setting(tenant, request.value));
  value.by = request.caller.user;
  value.at = now();
  if (request.dry_run) {
    STELLWERK_TRY(auto forecast, views.forecast(tenant, value, now()));
    return SettingAnswer{views.shown_setting(std::move(value)), std::move(forecast)};
  }
  STELLWERK_TRY(const auto change, refresher_.write_down(views, value, views.workflows_of(value.workflow)));
  if (auto put = views.put_setting(tenant, value); !put) {
    // Should this fail as well, actors are reckoned again for nothing at the next start.
    if (auto dropped = refresher_.drop(views, change); !dropped) monitoring::log_error("a change of settings that failed stays written down", dropped.error());
    return fail(std::move(put).error());
  }
  refresher_.begin(change);
  return SettingAnswer{views.shown_setting(std::move(value)), std::nullopt};
}

void ClientImpl::refresh(const ActorId& actor, Duration delay, std::function<void(const Result<Answer>&)> done) {
  auto deliver = std::make_shared<Deliver>();
  deliver->actor = actor;
  deliver->event = {.id = make_id<EventId>("evt"), .by = {}, .trace = {}, .depth = 0, .body = workflows::Refresh{}};
  deliver->reply = std::make_shared<ReplySlot>(std::move(done));
  if (delay > Duration{0}) deliver->due = now() + delay;
  if (const auto dispatcher = dispatcher_and_timers().first) caf::anon_send(dispatcher, Shared<Deliver>{std::move(deliver)});
}

Result<void> ClientImpl::resume_refreshing(Views& views, bool calendar_changed) {
  STELLWERK_CHECK(refresher_.resume(views));
  if (!calendar_changed) return {};
  std::vector<std::string> names;
  for (const auto& [name, revision] : views.workflows())
    if (names.empty() || names.back() != name) names.push_back(name);
  STELLWERK_TRY(const auto change, refresher_.write_down(views, {}, names));
  refresher_.begin(change);
  return {};
}

void ClientImpl::advance_clock(Duration span, std::function<void(Result<Json>)> done) {
  if (!all_.sandbox) return done(fail(ErrorCode::permission_denied, "the clock can be moved in the sandbox only", "not_a_sandbox"));
  if (span < Duration{0} || span > longest_advance)
    return done(fail(Error{ErrorCode::invalid_argument, "the clock moves forward, by at most 3660 days", "bad_span", {{"/advance", "an ISO 8601 duration from PT0S to P3660D, e.g. P3D"}}}));
  if (clock_moves_.exchange(true)) return done(fail(ErrorCode::conflict, "the clock is being moved; try again", "clock_moves"));
  move_clock(span, std::make_shared<JsonCallback>([this, done = std::move(done)](Result<Json> answer) {
    clock_moves_ = false;
    done(std::move(answer));
  }));
}

/// The providers' clock first: what we know of a time must not be ahead of what they know.
void ClientImpl::move_clock(Duration span, const std::shared_ptr<JsonCallback>& done) {
  const auto target = all_.clock->offset() + span;
  const auto driver = all_.deps->drivers.find("http");
  if (all_.sandbox_control.empty() || driver == all_.deps->drivers.end()) return keep_offset(target, done);
  connectors::DriverRequest request{.method = "POST", .url = all_.sandbox_control + "/_control/clock", .headers = {{"content-type", "application/json"}},
                                    .body = dump_json(JsonObject{{"advance", format_duration(span)}}), .pin = {}, .timeout = std::chrono::seconds{5}, .key = {}};
  driver->second->send(std::move(request), [this, target, done](const connectors::DriverResponse& response) {
    if (response.failure != connectors::DriverResponse::Failure::none || response.status != 200)
      return (*done)(fail(ErrorCode::unavailable, fmt::format("the provider sandbox did not move its clock: {} {}", response.failure_text, response.status), "sandbox"));
    keep_offset(target, done);
  });
}

/// Kept first: after a restart the clock must not stand behind what was decided by it.
void ClientImpl::keep_offset(Duration target, const std::shared_ptr<JsonCallback>& done) {
  query([target](Views& views) -> Result<Json> {
          STELLWERK_CHECK(views.put_value("clock_offset", std::to_string(target.count())));
          return Json{};
        },
        [this, target, done](const Result<Json>& kept) {
          if (!kept) return (*done)(fail(kept.error()));
          all_.clock->set_offset(target);
          const auto [dispatcher, timers] = dispatcher_and_timers();
          if (const auto guards = sentry()) caf::anon_send(guards, clock_atom::value);  // time that was skipped is no downtime
          if (timers) caf::anon_send(timers, clock_atom::value);
          if (dispatcher) caf::anon_send(dispatcher, clock_atom::value);
          (*done)(Json(JsonObject{{"now", format_time(all_.clock->now())}, {"offset", format_duration(target)}}));
        });
}

}  // namespace stellwerk::actors
