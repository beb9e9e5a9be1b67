#pragma once
// What api calls. Free of CAF. Every function may be called from any thread and never blocks; answers come by callback, on a
// thread of the engine.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/views.hpp"
#include "core/clock.hpp"
#include "core/id.hpp"
#include "core/json.hpp"
#include "core/result.hpp"

namespace stellwerk::actors {

/// Who asks, proven by the API.
struct Caller {
  TenantId tenant;
  std::string user;      ///< usr_…
  std::string role;      ///< customer, reseller, staff, admin
  std::string customer;  ///< cus_… of a customer; empty for staff
};

/// The caller's Idempotency-Key: same scope, key and body hash get the same answer; another hash is refused with
/// invalid_argument (reason "idempotency_key_reused").
struct Idempotency {
  std::string scope;      ///< tenant, principal, method, path
  std::string key;        ///< at most 255 characters
  std::string body_hash;  ///< SHA-256
};

struct CommandRequest {
  ActorId actor;
  std::string kind;     ///< expected kind; an actor of another kind is not_found
  std::string command;
  Json payload = JsonObject{};
  Caller caller;
  std::string trace;
  std::optional<Idempotency> idempotency;
  Duration wait{0};     ///< answer when the started run ends, at most this long after
};

struct CreateRequest {
  std::string kind;      ///< "ticket", "order", "service"
  std::string prefix;    ///< of the id
  std::string workflow;
  Json attributes = JsonObject{};
  std::string customer;  ///< owner
  Caller caller;
  std::string trace;
  std::optional<Idempotency> idempotency;
  Duration wait{0};
};

/// Attributes that are declared `edit`, and their new values.
struct EditRequest {
  ActorId actor;
  std::string kind;     ///< expected kind; an actor of another kind is not_found
  Json values = JsonObject{};
  Caller caller;
  std::string trace;
  std::optional<Idempotency> idempotency;
};

/// The value of an attribute of type secret, told to a person.
struct RevealRequest {
  ActorId actor;
  std::string kind;       ///< expected kind; an actor of another kind is not_found
  std::string attribute;
  std::string note;       ///< why; kept with the name in journal and audit
  Caller caller;          ///< a customer sees what is declared `show_to: [owner]`, once for each value
  std::string trace;
};

/// A person is forgotten: personal attributes of all their actors, their keys, their record.
struct EraseRequest {
  std::string customer;   ///< cus_…
  std::string note;
  bool live = false;      ///< also where an actor that is not final has personal fields; without, such actors stand in the way
  Caller caller;
};

struct SettingRequest {
  SettingValue value;    ///< null takes the value of its level away; `by` and `at` are filled in
  Caller caller;
  bool dry_run = false;  ///< change nothing, tell what it would bring
};
/// Admins change settings of every level, staff those of one actor.
[[nodiscard]] inline bool may_change(const Caller& caller, SettingValue::Level level) {
  return caller.role == "admin" || (caller.role == "staff" && level == SettingValue::Level::actor);
}
struct SettingAnswer {
  SettingValue value;                ///< as it is kept
  std::optional<Forecast> forecast;  ///< of a dry run
};

struct RemedyRequest {
  IncidentId incident;
  std::string remedy;   ///< retry, skip, edit, done, fail
  std::string note;     ///< required, kept with name in the journal
  Json input = JsonObject{};
  Json output = JsonObject{};
  Caller caller;
  std::string trace;
  bool verified_absent = false;  ///< retry: somebody has looked, it has not happened
};

/// A person's answer to the mass-action guard. `release`: what is held goes on, and the same kind may for an hour; with a number, so many of
/// them, those due earliest first. `keep`: it stays held and is asked again after `pause` (a day when zero).
struct GuardAnswer {
  IncidentId question;
  bool release = false;
  std::optional<std::int64_t> number;
  Duration pause{0};
  std::string note;
  Caller caller;
};

/// The emergency stop of the caller's tenant, or of all, is turned on or off.
struct StopRequest {
  bool on = false;
  bool all = false;
  std::string note;
  Caller caller;
};

/// What was committed.
struct Answer {
  int status = 202;       ///< 201 for a creation
  /// {"event", "run", "deferred"} of a command; {"id", "created": [{"kind","id"}]} of a creation, plus "state" after a wait.
  Json body = JsonObject{};
  bool repeated = false;  ///< an earlier answer under the same Idempotency-Key
};

using AnswerCallback = std::function<void(Result<Answer>)>;

class Client {
 public:
  virtual ~Client() = default;
  /// Errors: as workflows::advance(), not_found, permission_denied, unavailable, resource_exhausted (too many pending).
  virtual void command(CommandRequest request, AnswerCallback done) = 0;
  virtual void create(CreateRequest request, AnswerCallback done) = 0;
  virtual void remedy(RemedyRequest request, AnswerCallback done) = 0;
  /// Errors: invalid_argument with pointers, permission_denied (the role may not edit the attribute), not_found, conflict (final state).
  virtual void edit(EditRequest request, AnswerCallback done) = 0;
  /// Journal and audit first, then the value: {"attribute", "value"}. Errors: not_found (no such actor, or no such secret for this
  /// caller), conflict (it has no value), gone (shown once already), permission_denied.
  virtual void reveal(RevealRequest request, AnswerCallback done) = 0;
  /// {"customer", "actors", "already_erased"}. May be repeated: what was done stays done. Errors: not_found; conflict with the actors that
  /// stand in the way as fields.
  virtual void erase(EraseRequest request, AnswerCallback done) = 0;
  /// 200 with the question as it stands then. Errors: not_found, conflict (it is released already), permission_denied, unavailable.
  virtual void answer_guard(GuardAnswer answer, AnswerCallback done) = 0;
  /// 200 with {"on", "scope", "by", "note", "at"}. On again with another note is a change, too. Errors: conflict (off already),
  /// permission_denied, unavailable.
  virtual void emergency_stop(StopRequest request, AnswerCallback done) = 0;
  /// Changes a setting of a workflow; then every live actor it reaches is reckoned again, some time after the answer.
  /// Errors: invalid_argument with pointers; permission_denied (see may_change).
  virtual void change_setting(SettingRequest request, std::function<void(Result<SettingAnswer>)> done) = 0;

  /// Runs `question` on a reader session. Errors: unavailable (too many queries wait), and those of the question.
  virtual void query(std::function<Result<Json>(Views&)> question, std::function<void(Result<Json>)> done) = 0;

  /// Moves the demo clock forward. Errors: permission_denied when sandbox.enabled is off; invalid_argument for a span below zero
  /// or above 3,660 days.
  virtual void advance_clock(Duration span, std::function<void(Result<Json>)> done) = 0;
  [[nodiscard]] virtual Time now() const = 0;
};

}  // namespace stellwerk::actors
