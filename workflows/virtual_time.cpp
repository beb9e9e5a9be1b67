// Tries, timers, turns and the clock of the actor in virtual time.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "workflows/mailbox.hpp"
#include "workflows/virtual_actor.hpp"

namespace stellwerk::workflows {

using proof::Answer;

Result<void> VirtualActor::run() {
  budget_ = max_decisions;
  for (;;) {
    STELLWERK_TRY(const bool did, step());
    if (!did) return {};
  }
}

Result<void> VirtualActor::run_until(Time target) {
  budget_ = max_decisions;
  for (;;) {
    STELLWERK_TRY(const bool did, step());
    if (did) continue;
    const auto next = next_moment();
    if (!next || *next > target) break;
    now_ = std::max(now_, *next);
  }
  now_ = std::max(now_, target);
  return {};
}

std::optional<Time> VirtualActor::next_moment() const {
  std::optional<Time> next;
  const auto consider = [&](Time due) { next = next ? std::min(*next, due) : due; };
  for (const auto& [name, due] : snapshot_.cursor.timers) consider(due);
  if (snapshot_.cursor.run)
    for (const auto& attempt : snapshot_.cursor.run->attempts) consider(stands(attempt) ? attempt.deadline + Duration{1} : attempt.due);
  return next;
}

/// As production has it: messages first, then tries, then timers.
Result<bool> VirtualActor::step() {
  if (!is_born()) return false;
  STELLWERK_TRY(const bool took, take_mail());
  if (took) return true;
  STELLWERK_TRY(const bool tried, try_once());
  if (tried) return true;
  return fire_timer();
}

// --- turns

const VirtualActor::Mail* VirtualActor::find_mail() const {
  std::vector<Waits> rows;
  rows.reserve(mailbox_.size());
  for (const auto& mail : mailbox_) rows.push_back({mail.seq, mail.event, mail.deferred});
  const auto seq = next_in_line(*definition_, snapshot_, rows);
  if (!seq) return nullptr;
  return &*std::find_if(mailbox_.begin(), mailbox_.end(), [&](const Mail& m) { return m.seq == *seq; });
}

Result<bool> VirtualActor::take_mail() {
  const auto* found = find_mail();
  if (found == nullptr) return false;
  const auto mail = *found;
  Event event{.id = mail.id, .by = mail.by, .trace = {}, .depth = mail.depth, .body = {}};
  if (mail.deferred) event.body = Turn{mail.event, mail.payload, mail.seq, mail.command};
  else event.body = Message{mail.event, mail.payload, mail.sender, mail.seq};
  STELLWERK_CHECK(apply(std::move(event)));
  const bool still_there = std::any_of(mailbox_.begin(), mailbox_.end(), [&](const Mail& m) { return m.seq == mail.seq; });
  if (still_there) return fail(ErrorCode::internal, fmt::format("'{}' had its turn in state {} and was not taken from the mailbox", mail.event, state().name));
  return true;
}

// --- tries

bool VirtualActor::stands(const Attempt& attempt) const {
  const auto found = standing_.find(attempt.id.str());
  return found != standing_.end() && found->second == attempt.number;
}

std::string VirtualActor::sub_of(const Attempt& attempt) const {
  if (attempt.sub < 0) return {};
  const auto operation = catalog_->operations.find(attempt.operation);
  if (operation == catalog_->operations.end() || static_cast<std::size_t>(attempt.sub) >= operation->second.subs.size()) return {};
  return operation->second.subs[static_cast<std::size_t>(attempt.sub)];
}

/// Entries of a composite operation belong to the call that began with the first.
VirtualCall& VirtualActor::call_of(const Attempt& attempt) {
  const auto known = called_.find(attempt.id.str());
  if (known != called_.end()) return calls[known->second];
  const auto& run = *snapshot_.cursor.run;
  const bool undo = run.phase == Phase::undoing;
  if (attempt.sub > 0)
    for (auto index = calls.size(); index-- > 0;)
      if (calls[index].name == attempt.operation && calls[index].undo == undo && calls[index].key.starts_with(run.id.str())) {
        called_[attempt.id.str()] = index;
        return calls[index];
      }
  called_[attempt.id.str()] = calls.size();
  calls.push_back({.at = now_, .name = attempt.operation, .key = attempt.key, .input = input_of(run, attempt), .action = attempt.executor == "action", .undo = undo});
  return calls.back();
}

Result<void> VirtualActor::give(const Attempt& attempt, Outcome outcome) {
  const auto trace = snapshot_.cursor.run ? snapshot_.cursor.run->trace : std::string{};
  return apply({.id = fresh_id(), .by = {}, .trace = trace, .body = Tried{attempt.id, attempt.number, std::move(outcome)}});
}

Result<bool> VirtualActor::try_once() {
  if (!snapshot_.cursor.run) return false;
  const auto& attempts = snapshot_.cursor.run->attempts;
  const Attempt* next = nullptr;
  bool overdue = false;
  for (const auto& attempt : attempts) {
    const bool late = stands(attempt) && now_ > attempt.deadline;
    if (!late && (stands(attempt) || attempt.due > now_)) continue;
    if (next != nullptr && next->due <= attempt.due) continue;
    next = &attempt;
    overdue = late;
  }
  if (next == nullptr) return false;
  const auto attempt = *next;
  auto& call = call_of(attempt);
  const auto sub = sub_of(attempt);
  if (overdue) {
    standing_.erase(attempt.id.str());
    const bool task = attempt.mode == "poll";  // as the connector tells a task, or a request, whose time is over
    call.outcomes.emplace_back("timeout");
    STELLWERK_CHECK(give(attempt, task ? Outcome{.is = OutcomeClass::rejected_operator, .code = "timeout", .text = fmt::format("the task {} did not end in time", attempt.handle), .handle = attempt.handle}
                                       : Outcome{.is = OutcomeClass::unclear, .code = "timeout", .text = "no answer in time"}));
    return true;
  }
  const auto [answer, repeats] = answers_.next(attempt.operation, sub);
  if (answer != nullptr && answer->what == Answer::What::none) {
    standing_[attempt.id.str()] = attempt.number;
    return true;
  }
  if (answer != nullptr && answer->what == Answer::What::crash) {
    call.outcomes.emplace_back("crash");
    const int budget = budget_;
    STELLWERK_CHECK(restart());
    budget_ = budget - 1;
    return true;
  }
  Outcome outcome = answer != nullptr ? answer->outcome : Outcome{.is = OutcomeClass::done};
  if (outcome.is == OutcomeClass::pending) {
    if (outcome.handle.empty()) outcome.handle = attempt.mode == "poll" ? attempt.handle : fmt::format("task-{}", called_.size());
    if (attempt.mode == "poll") {  // polls that find nothing new are not told
      if (repeats) standing_[attempt.id.str()] = attempt.number;
      return true;
    }
  }
  if (outcome.is == OutcomeClass::done || outcome.is == OutcomeClass::already) {
    const auto operation = catalog_->operations.find(attempt.operation);
    const bool last = operation == catalog_->operations.end() || attempt.sub + 1 >= static_cast<int>(operation->second.subs.size());
    auto made = last ? outputs_.make(attempt.operation, now_) : Json(JsonObject{});
    if (outcome.output.is_object())
      for (const auto& member : outcome.output.get_object()) made.as_object()[member.key()] = member.value();
    outcome.output = std::move(made);
  }
  call.outcomes.emplace_back(to_string(outcome.is));
  STELLWERK_CHECK(give(attempt, std::move(outcome)));
  return true;
}

// --- timers

Result<bool> VirtualActor::fire_timer() {
  const auto& timers = snapshot_.cursor.timers;
  const auto next = std::min_element(timers.begin(), timers.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  if (next == timers.end() || next->second > now_) return false;
  const auto [name, due] = *next;
  const auto before = decisions;
  STELLWERK_CHECK(apply({.id = fresh_id(), .by = {}, .trace = {}, .body = TimerDue{name, due}}));
  const auto same = snapshot_.cursor.timers.find(name);
  if (decisions == before && same != snapshot_.cursor.timers.end() && same->second == due)
    return fail(ErrorCode::internal, fmt::format("timer {} fell due at {} in state {} and nothing came of it", name, format_time(due), state().name));
  return true;
}

}  // namespace stellwerk::workflows
