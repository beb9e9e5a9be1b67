#include "tests/fault/life.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace stellwerk::testing {
namespace {

using namespace workflows;
using What = Fault::What;

constexpr int too_many_points = 2'000;
constexpr int too_many_retries = 30;
constexpr int too_many_incidents = 60;
constexpr std::string_view names[] = {"nothing", "answers", "always answers", "task", "lost", "late", "crash before", "crash after", "twice", "stranger", "interrupt", "interrupt and lost",
                                      "interrupt and crash", "interrupt and late", "stranger and lost", "too long", "rejected", "early", "timer", "refresh", "stale"};
constexpr std::string_view remedies[] = {"retry", "skip", "edit", "done", "fail"};

bool offers(const IncidentOpened& incident, std::string_view remedy) { return std::find(incident.remedies.begin(), incident.remedies.end(), remedy) != incident.remedies.end(); }

}  // namespace

std::string describe(const Fault& fault) {
  return fmt::format("{} at point {}{}{}{}, remedy {}{}", names[static_cast<std::size_t>(fault.what)], fault.at,
                     fault.what == What::answers || fault.what == What::always_answers ? " with " : "",
                     fault.what == What::answers || fault.what == What::always_answers ? to_string(fault.is) : std::string_view{},
                     fault.event.empty() ? "" : " by " + fault.event, remedies[static_cast<std::size_t>(fault.remedy)], fault.every_twice ? ", every try twice" : "");
}

Life::Life(std::shared_ptr<const Definition> definition, const Catalog& catalog) : actor{std::move(definition), &catalog}, world{catalog} { watch(); }

Life::Life(const Life& other)
    : actor{other.actor}, world{other.world}, points{other.points}, fail_at{other.fail_at}, incidents{other.incidents}, skipped{other.skipped}, went_on{other.went_on},
      refuse_actions{other.refuse_actions}, late_{other.late_}, former_{other.former_}, healed_{other.healed_}, run_{other.run_}, at_start_{other.at_start_}, may_keep_{other.may_keep_},
      wrongs_{other.wrongs_} {
  watch();
}

/// The actor's ears are this life's own, also in a copy.
void Life::watch() {
  actor.seen = [this](const Snapshot& before, const Event&, const Decision& decision) { on_decision(before, decision); };
  actor.carry_out = [this](const TransitionAction& action) -> std::optional<Error> {
    if (refuse_actions) {
      refuse_actions = false;
      return Error{ErrorCode::conflict, "action " + action.name + " is refused by the script"};
    }
    const auto outcome = world.execute({.operation = action.name, .key = action.key, .place = action.key, .input = action.input, .action = true});
    if (outcome.is == OutcomeClass::done) return std::nullopt;
    return Error{ErrorCode::conflict, outcome.text};
  };
}

/// A run that is undone leaves nothing of its own behind.
void Life::on_decision(const Snapshot& before, const Decision& decision) {
  for (const auto& entry : decision.journal) {
    const auto type = text_of(entry, "type");
    if (type == "run_started") {
      run_ = text_of(entry, "run");
      at_start_ = world.holdings();
      may_keep_ = false;
    } else if (type == "event" && find_member(entry, "interrupts") != nullptr) {
      may_keep_ = actor.run() != nullptr ? actor.run()->ending && !actor.run()->ending->undo
                                         : std::any_of(decision.runs.begin(), decision.runs.end(), [](const RunNote& r) { return r.ended && r.status == "cancelled"; });
    } else if (type == "step_failed" && bool_of(entry, "goes_on")) {
      went_on = true;
    } else if (type == "run_ended" && text_of(entry, "run") == run_) {
      const auto status = text_of(entry, "status");
      if (before.cursor.run && before.cursor.run->ending) may_keep_ = !before.cursor.run->ending->undo;
      if (status == "done" || skipped || may_keep_) continue;
      for (const auto& left : world.holdings())
        if (!std::binary_search(at_start_.begin(), at_start_.end(), left)) wrongs_.push_back(fmt::format("the run ended {}, and left over is: {}", status, left));
    }
  }
}

Request Life::request(const Attempt& tried) const {
  const auto& run = *actor.run();
  const auto& begun = begun_of(run, tried);
  const bool undo = run.phase == Phase::undoing;
  Request made{.operation = tried.operation, .key = tried.key, .place = fmt::format("{}/{}.{}.{}", run.id.str(), begun.at.step, begun.at.inner, begun.at.item), .input = input_of(run, tried),
               .sub = tried.sub, .action = tried.executor == "action", .undo = undo};
  if (const auto* call = std::get_if<CallStep>(&step_at(actor.work(), begun.at).body)) made.subs = static_cast<int>((undo ? *call->undo_operation : call->operation).subs.size());
  return made;
}

bool Life::drive(const Fault& fault) {
  return drive([&](const Life&) { return fault; });
}

bool Life::drive(const std::function<Fault(const Life&)>& next) {
  points = 0;
  healed_ = false;
  int asked = 0;
  while (actor.run() != nullptr || !actor.incidents.empty()) {
    if (!actor.problems.empty()) return false;
    const auto fault = next(*this);
    if (points > too_many_points) return false;
    if (const auto* tried = actor.next_try()) {
      const auto in_hand = *tried;
      one_try(in_hand, fault);
      former_ = in_hand;
      ++points;
    } else if (const auto* step = actor.awaits()) {
      one_wait(*step, fault);
      ++points;
    } else if (++asked > too_many_incidents || !one_remedy(fault)) {
      return false;
    }
  }
  // What was still on its way arrives, whether anybody waits for it or not.
  if (late_) (void)world.execute(late_->second);
  late_.reset();
  return true;
}

void Life::one_try(const Attempt& tried, const Fault& fault) {
  actor.now = std::max(actor.now, tried.due);
  if (late_ && late_->first <= actor.now) {
    (void)world.execute(late_->second);
    late_.reset();
  }
  const auto asked = request(tried);
  const auto carry_out = [&] {
    if (fault.every_twice) (void)world.execute(asked);
    return world.execute(asked);
  };
  // a poll finds the task ended: the effect is there
  const auto honest = [&] { return tried.mode == "observe" ? world.observe(asked) : carry_out(); };
  const auto answer = [&](Outcome outcome) { (void)actor.answer(tried, std::move(outcome)); };
  if (points == fail_at) return answer({.is = OutcomeClass::rejected_customer, .code = "scripted"});
  const bool hit = points == fault.at || (fault.what == What::always_answers && points > fault.at && !healed_);
  if (!hit) return answer(honest());
  const bool executes = tried.mode != "observe";
  switch (fault.what) {
    case What::none:
    case What::too_long:
    case What::rejected:
    case What::early: return answer(honest());
    case What::answers:
    case What::always_answers: {
      Outcome outcome{.is = fault.is, .code = "scripted", .text = "as the script says"};
      if (fault.is == OutcomeClass::retry_after) outcome.after = std::chrono::minutes{1};
      if (fault.is == OutcomeClass::already || fault.is == OutcomeClass::done) outcome = carry_out();
      return answer(std::move(outcome));
    }
    case What::task: return answer(asked.action ? carry_out() : Outcome{.is = OutcomeClass::pending, .handle = "task-1"});
    case What::lost:
      if (asked.action) return answer(carry_out());
      (void)carry_out();
      return answer({.is = OutcomeClass::unclear, .code = "timeout"});
    case What::late:
      if (asked.action || !executes) return answer(honest());
      late_ = std::pair{actor.now + std::chrono::seconds{20}, asked};
      return answer({.is = OutcomeClass::unclear, .code = "timeout"});
    case What::crash_before: return actor.restart();
    case What::crash_after:
      if (executes) (void)carry_out();
      return actor.restart();
    case What::twice:
      if (executes) (void)world.execute(asked);
      return answer(executes ? world.execute(asked) : world.observe(asked));
    case What::stranger:
      (void)world.take_away(asked);
      return answer(honest());
    case What::stranger_lost:
      if (asked.action || !executes) return answer(honest());
      (void)world.take_away(asked);
      return answer({.is = OutcomeClass::unclear, .code = "timeout"});
    case What::timer:
      if (!actor.snapshot.cursor.timers.empty()) (void)actor.fire_next();
      return find_attempt(actor.snapshot, tried.id) != nullptr ? answer(honest()) : void();
    case What::refresh:
      (void)actor.refresh();
      return answer(honest());
    case What::stale:
      if (former_) (void)actor.answer_stale(*former_, {.is = OutcomeClass::unclear});
      return answer(honest());
    case What::interrupt:
    case What::interrupt_lost:
    case What::interrupt_crash:
    case What::interrupt_late: return interrupted(tried, fault);
  }
}

void Life::give(const std::string& event) {
  const auto spec = actor.definition->events.find(event);
  if (spec == actor.definition->events.end()) return;
  const auto payload = sample(spec->second.with);
  if (spec->second.allow.empty()) actor.message(event, payload);
  else (void)actor.command(event, payload, spec->second.allow.front());
}

void Life::one_wait(const Step& step, const Fault& fault) {
  const bool hit = points == fault.at;
  if (hit) {
    switch (fault.what) {
      case What::crash_before:
      case What::crash_after: actor.restart(); break;
      case What::interrupt:
      case What::interrupt_lost:
      case What::interrupt_crash:
      case What::interrupt_late: give(fault.event); break;
      case What::refresh: (void)actor.refresh(); break;
      case What::timer: (void)actor.fire_next(); break;
      case What::too_long: actor.pass(std::chrono::hours{24 * 40}, 1); break;
      default: break;
    }
    if (actor.awaits() != &step) return;
  }
  if (const auto* wait = std::get_if<WaitStep>(&step.body)) {
    give(wait->events.front());
    if (actor.awaits() == &step) actor.problems.push_back(fmt::format("step {} does not take {}", step.name, wait->events.front()));
    return;
  }
  const auto& approve = std::get<ApproveStep>(step.body);
  const auto given = actor.command(hit && fault.what == What::rejected ? "reject" : "approve", JsonObject{{"note", "as the script says"}}, approve.by.empty() ? "staff" : approve.by.front());
  if (!given) actor.problems.push_back(fmt::format("step {} cannot be approved: {}", step.name, stellwerk::describe(given.error())));
}

void Life::interrupted(const Attempt& tried, const Fault& fault) {
  const auto asked = request(tried);
  const bool executes = tried.mode != "observe";
  const bool remote = executes && !asked.action;
  const bool late = remote && fault.what == What::interrupt_late;
  const auto outcome = late ? Outcome{} : executes ? world.execute(asked) : world.observe(asked);
  give(fault.event);
  if (late) late_ = std::pair{actor.now + std::chrono::seconds{20}, asked};
  if (find_attempt(actor.snapshot, tried.id) == nullptr) return;
  if (remote && fault.what == What::interrupt_crash) return actor.restart();
  const bool lost = late || (remote && fault.what == What::interrupt_lost);
  (void)actor.answer(tried, lost ? Outcome{.is = OutcomeClass::unclear, .code = "timeout"} : outcome);
}

bool Life::one_remedy(const Fault& fault) {
  ++incidents;
  healed_ = true;
  if (actor.incidents.empty()) return false;
  const auto incident = actor.incidents.begin()->second;
  // The choice of the script, else whatever goes on.
  // What proves a state cannot be passed over: whoever would, has done it by hand.
  const bool by_hand = fault.remedy == Remedy::What::skip && !offers(incident, "skip");
  for (const auto choice : {by_hand ? Remedy::What::done : fault.remedy, Remedy::What::retry, Remedy::What::skip}) {
    if (!offers(incident, remedies[static_cast<std::size_t>(choice)])) continue;
    // Retrying for ever is no choice: what stays refused is given up.
    if (choice == Remedy::What::retry && incidents > 3 && offers(incident, "fail")) {
      if (actor.remedy(Remedy::What::fail, incident.id.str())) return true;
    }
    if (choice == Remedy::What::retry && incidents > too_many_retries) continue;
    // who skips takes care of the rest, from this very decision on; so does who says that it is done
    const bool before = skipped;
    skipped = skipped || choice == Remedy::What::skip || choice == Remedy::What::done;
    if (actor.remedy(choice, incident.id.str())) return true;
    skipped = before;
  }
  return false;
}

}  // namespace stellwerk::testing
