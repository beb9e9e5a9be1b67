#include "tests/fault/life.hpp"

#include <fmt/format.h>

namespace stellwerk::testing {
namespace {

using workflows::Remedy;
using What = Fault::What;

constexpr int too_many_tries = 2'000;
constexpr int too_many_incidents = 20;
constexpr std::string_view names[] = {"nothing", "answers", "always answers", "task", "lost", "late", "crash before", "crash after", "twice", "stranger", "interrupt", "interrupt and lost",
                                     "interrupt and crash", "interrupt and late", "stranger and lost"};
constexpr std::string_view remedies[] = {"retry", "skip", "edit", "done", "fail"};

}  // namespace

std::string describe(const Fault& fault) {
  return fmt::format("{} at try {}{}{}{}, remedy {}{}", names[static_cast<std::size_t>(fault.what)], fault.at,
                     fault.what == What::answers || fault.what == What::always_answers ? " with " : "",
                     fault.what == What::answers || fault.what == What::always_answers ? to_string(fault.is) : std::string_view{},
                     fault.event.empty() ? "" : " by " + fault.event, remedies[static_cast<std::size_t>(fault.remedy)], fault.every_twice ? ", every try twice" : "");
}

Request Life::request() const {
  Request made{.doing = actor.doing(), .key = actor.attempt()->key, .input = actor.input()};
  const auto* call = std::get_if<workflows::CallStep>(&actor.step().body);
  if (call != nullptr) made.effect = actor.run()->phase == workflows::Phase::undoing ? call->undo_operation->effect : call->operation.effect;
  made.first = actor.attempt()->sub <= 0;
  return made;
}

bool Life::drive(const Fault& fault) {
  return drive([&](const ScriptedActor&) { return fault; });
}

bool Life::drive(const std::function<Fault(const ScriptedActor&)>& next) {
  tries = 0;
  healed_ = false;
  int asked = 0;
  while (actor.run() != nullptr) {
    const auto fault = next(actor);
    if (actor.attempt() != nullptr) {
      if (tries > too_many_tries) return false;
      one_try(fault);
      ++tries;
    } else if (!actor.held() || ++asked > too_many_incidents || !one_remedy(fault)) {
      return false;
    }
  }
  // What was still on its way arrives, whether anybody waits for it or not.
  if (late_) (void)world.execute(late_->second);
  late_.reset();
  return true;
}

void Life::one_try(const Fault& fault) {
  actor.now = std::max(actor.now, actor.attempt()->due);
  if (late_ && late_->first <= actor.now) {
    (void)world.execute(late_->second);
    late_.reset();
  }
  const auto tried = request();
  const bool local = actor.attempt()->executor == "action";
  const auto& mode = actor.attempt()->mode;
  const auto carry_out = [&] {
    if (fault.every_twice) (void)world.execute(tried);
    return world.execute(tried);
  };
  if (tries == fail_at) return (void)actor.answer(Outcome{.is = OutcomeClass::rejected_customer, .code = "scripted"});
  const bool hit = tries == fault.at || (fault.what == What::always_answers && tries > fault.at && !healed_);
  if (!hit || fault.what == What::none) {
    (void)actor.answer(mode == "observe" ? world.observe(tried) : carry_out());  // a poll finds the task ended: the effect is there
    return;
  }
  switch (fault.what) {
    case What::none: return;
    case What::answers:
    case What::always_answers: {
      Outcome outcome{.is = fault.is, .code = "scripted", .text = "as the script says"};
      if (fault.is == OutcomeClass::retry_after) outcome.after = std::chrono::minutes{1};
      if (fault.is == OutcomeClass::already || fault.is == OutcomeClass::done) outcome = carry_out();
      (void)actor.answer(std::move(outcome));
      return;
    }
    case What::task:
      (void)actor.answer(local ? carry_out() : Outcome{.is = OutcomeClass::pending, .handle = "task-1"});
      return;
    case What::lost:
      if (local) return (void)actor.answer(carry_out());
      (void)carry_out();
      (void)actor.answer(Outcome{.is = OutcomeClass::unclear, .code = "timeout"});
      return;
    case What::late:
      if (local || mode == "observe") return (void)actor.answer(mode == "observe" ? world.observe(tried) : carry_out());
      late_ = std::pair{actor.now + std::chrono::seconds{20}, tried};
      (void)actor.answer(Outcome{.is = OutcomeClass::unclear, .code = "timeout"});
      return;
    case What::crash_before: return actor.restart();
    case What::crash_after:
      if (mode != "observe") (void)carry_out();
      return actor.restart();
    case What::twice:
      if (mode != "observe") (void)world.execute(tried);
      (void)actor.answer(mode == "observe" ? world.observe(tried) : world.execute(tried));
      return;
    case What::stranger:
      world.take_away(tried);
      (void)actor.answer(mode == "observe" ? world.observe(tried) : carry_out());
      return;
    case What::stranger_lost:
      if (local || mode == "observe") return (void)actor.answer(mode == "observe" ? world.observe(tried) : carry_out());
      world.take_away(tried);
      (void)actor.answer(Outcome{.is = OutcomeClass::unclear, .code = "timeout"});
      return;
    case What::interrupt:
    case What::interrupt_lost:
    case What::interrupt_crash:
    case What::interrupt_late: return interrupted(fault);
  }
}

void Life::interrupted(const Fault& fault) {
  const auto tried = request();
  const bool executes = actor.attempt()->mode != "observe";
  const bool remote = executes && actor.attempt()->executor == "connector";
  const bool late = remote && fault.what == What::interrupt_late;
  const auto outcome = late ? Outcome{} : executes ? world.execute(tried) : world.observe(tried);
  (void)actor.command(fault.event);
  if (late) late_ = std::pair{actor.now + std::chrono::seconds{20}, tried};
  if (actor.attempt() == nullptr) return;
  if (remote && fault.what == What::interrupt_crash) return actor.restart();
  const bool lost = late || (remote && fault.what == What::interrupt_lost);
  (void)actor.answer(lost ? Outcome{.is = OutcomeClass::unclear, .code = "timeout"} : outcome);
}

bool Life::one_remedy(const Fault& fault) {
  ++incidents;
  healed_ = true;
  // The choice of the script, else whatever goes on.
  for (const auto choice : {fault.remedy, Remedy::What::retry, Remedy::What::skip}) {
    if (!actor.is_offered(std::string{remedies[static_cast<std::size_t>(choice)]})) continue;
    // Retrying for ever is no choice: what stays refused is given up.
    if (choice == Remedy::What::retry && incidents > 3 && actor.is_offered("fail")) {
      if (actor.remedy(Remedy::What::fail)) return true;
    }
    if (choice == Remedy::What::retry && incidents > 6) continue;
    if (!actor.remedy(choice)) continue;
    skipped = skipped || choice == Remedy::What::skip;
    return true;
  }
  return false;
}

}  // namespace stellwerk::testing
