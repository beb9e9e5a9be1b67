// Tries of a step: beginning one, once more, ending it; keys, retries and delays.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/planted.hpp"
#include "workflows/advance/deciding.hpp"

namespace stellwerk::workflows {
namespace {

/// ±20 %, from the key and number alone.
double jitter(const std::string& key, int number) {
  std::uint64_t h = 1469598103934665603ULL + static_cast<std::uint64_t>(number);
  for (const char c : key) h = (h ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  h ^= h >> 33;
  return 0.8 + 0.4 * static_cast<double>(h % 1000) / 1000.0;
}

template <class List>
auto find_at(List& list, const StepAt& at) {
  return std::find_if(list.rbegin(), list.rend(), [&](const auto& entry) { return entry.at == at; });
}

}  // namespace

int times_redone(const Run& run) {
  int times = 0;
  for (const auto& [step, of_step] : run.redos) times += of_step;
  return times;
}

const BegunStep& Deciding::begun() const {
  const auto found = find_at(run().begun, at_);
  STELLWERK_ASSERT(found != run().begun.rend(), "the step in hand has begun");
  return *found;
}

bool Deciding::has_begun() const { return find_at(run().begun, at_) != run().begun.rend(); }

const Attempt& Deciding::attempt() const {
  const auto found = find_at(run().attempts, at_);
  STELLWERK_ASSERT(found != run().attempts.rend(), "there is a try in hand");
  return *found;
}

bool Deciding::has_attempt() const { return find_at(run().attempts, at_) != run().attempts.rend(); }

std::string Deciding::key_of(const StepAt& at, const std::vector<std::string>* subs, int sub) const {
  auto key = fmt::format("{}/{}", run().id.str(), step(at).name);
  if (sub >= 0) key += fmt::format("/{}", (*subs)[static_cast<std::size_t>(sub)]);
  if (at.item >= 0) key += fmt::format("/{}", at.item);
  return key;
}

/// The undo has a key of its own; each time the step has begun anew, another.
std::string Deciding::undo_key(const std::vector<std::string>* subs, int sub) const {
  const auto key = key_of(at_, subs, sub);
  return begun().n > 1 ? fmt::format("{}/{}/undo", key, begun().n) : key + "/undo";
}

Result<void> Deciding::resume() {
  const bool branch = is_branch();
  const bool absent = std::exchange(believed_absent_, false);
  if (branch) run().at = StepAt{.step = at_.step};  // no longer held at it
  if (!has_begun()) return branch ? branch_ended() : walk();  // it was held before it began
  // Nothing new begins while an interrupt waits for a definite end.
  if (run().phase == Phase::settling && (absent || !begun().touched)) return branch_ended();
  if (const auto* call = std::get_if<CallStep>(&here().body)) {
    const auto& current = begun();
    auto& next = new_attempt(fmt::format("{}/{}", key_of(at_, &call->operation.subs, current.sub), current.n), "connector", call->operation.name, current.sub, current.server,
                             call->timeout);
    if (current.touched && !absent) next.mode = "observe";
    next.sent = current.sent;
  } else if (const auto* action = std::get_if<ActionStep>(&here().body)) {
    if (begun().touched && begun().result.is_object()) return action_stands();
    new_attempt(fmt::format("{}/{}", key_of(at_, nullptr, -1), begun().n), "action", action->action.name, -1, "", std::chrono::hours{1});
  } else {
    STELLWERK_TRY([[maybe_unused]] const auto flow, begin_step());  // it waits anew
  }
  return {};
}

/// Its effect and its result were committed together, and only what follows could not be decided: nothing is carried out again.
Result<void> Deciding::action_stands() {
  const Json result = begun().result;
  if (run().phase != Phase::settling) return step_done(result);
  begun().done = true;
  if (!run().ending->undo) STELLWERK_CHECK(save(here(), begun(), result));
  return branch_ended();
}

Attempt& Deciding::new_attempt(std::string key, std::string executor, std::string operation_name, int sub, const std::string& server, Duration timeout) {
  Attempt attempt;
  attempt.id = AttemptId{derive("att", "attempt")};
  attempt.at = at_;
  attempt.lane = is_branch() ? at_.inner : 0;
  attempt.key = std::move(key);
  attempt.executor = std::move(executor);
  attempt.operation = std::move(operation_name);
  attempt.sub = sub;
  attempt.server = server;
  attempt.started = wall_;
  attempt.due = wall_;
  attempt.deadline = wall_ + timeout;
  auto& entry = note({{"type", "step_started"}, {"run", run().id.str()}, {"step", here().name}, {"key", attempt.key}, {"operation", attempt.operation}, {"attempt", attempt.id.str()}});
  if (!server.empty()) entry["server"] = server;
  if (is_undoing()) entry["undo"] = true;
  changed(attempt);
  std::erase(decision_.attempts_ended, std::pair{run().id, attempt.lane});
  if (has_attempt()) {
    auto& former = this->attempt();
    std::erase(decision_.attempts_changed, former.id);
    return former = std::move(attempt);
  }
  return run().attempts.emplace_back(std::move(attempt));
}

void Deciding::changed(const Attempt& attempt) {
  auto& list = decision_.attempts_changed;
  if (std::find(list.begin(), list.end(), attempt.id) == list.end()) list.push_back(attempt.id);
}

/// The same try once more, later or looking first; the number tells it from the former.
void Deciding::repeat_attempt(std::string mode, Duration delay) {
  auto& attempt = this->attempt();
  ++attempt.number;
  if (planted(Planted::key_changes_on_retry)) attempt.key += fmt::format("/{}", attempt.number);
  if (mode != "poll") attempt.handle.clear();
  attempt.mode = std::move(mode);
  attempt.due = now_ + delay;
  changed(attempt);
}

void Deciding::end_attempt() {
  const auto ended = std::find_if(run().attempts.begin(), run().attempts.end(), [&](const Attempt& a) { return a.at == at_; });
  if (ended == run().attempts.end()) return;
  std::erase(decision_.attempts_changed, ended->id);
  // What began in this very decision has no row yet.
  const auto& before = snapshot_.cursor.run;
  const auto lane = ended->lane;
  const bool has_row = before && before->id == run().id && std::any_of(before->attempts.begin(), before->attempts.end(), [&](const Attempt& a) { return a.lane == lane; });
  if (has_row) decision_.attempts_ended.emplace_back(run().id, lane);
  run().attempts.erase(ended);
}

void Deciding::end_attempts() {
  const auto at = at_;
  while (!run().attempts.empty()) {
    at_ = run().attempts.back().at;
    end_attempt();
  }
  at_ = at;
}

const OperationSignature* Deciding::operation() const {
  const auto* call = std::get_if<CallStep>(&here().body);
  if (call == nullptr) return nullptr;
  return is_undoing() ? &*call->undo_operation : &call->operation;
}

const Retry& Deciding::retry() const {
  static const Retry standard{};
  if (is_undoing()) return standard;
  const auto& body = here().body;
  if (const auto* call = std::get_if<CallStep>(&body)) return call->retry;
  if (const auto* action = std::get_if<ActionStep>(&body)) return action->retry;
  return standard;
}

Duration Deciding::patience() const {
  if (const auto* call = std::get_if<CallStep>(&here().body)) return call->patience;
  return std::chrono::hours{4};
}

Duration Deciding::backoff(int number) const {
  const auto& r = retry();
  const auto factor = std::pow(r.backoff, std::clamp(number - 1, 0, 40));
  const auto delay = std::min(static_cast<double>(r.delay.count()) * factor, static_cast<double>(r.max_delay.count()));
  return Duration{static_cast<std::int64_t>(delay * jitter(attempt().key, number))};
}

Result<void> Deciding::add_result(BegunStep& begun, const Json& output) const {
  if (!begun.result.is_object()) begun.result = JsonObject{};
  if (!output.is_object()) return {};
  for (const auto& member : output.get_object()) begun.result.as_object()[member.key()] = member.value();
  if (dumps_within(begun.result, static_cast<std::size_t>(limits().result))) return {};
  return fail(over_limit({.setting = "result", .limit = limits().result, .reason = "result_too_large",
                          .what = fmt::format("the result of step {} has {} bytes", here().name, dump_json(begun.result).size()), .advice = "let the connector give less of it"}));
}

}  // namespace stellwerk::workflows
