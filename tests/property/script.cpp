#include "tests/property/script.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace stellwerk::testing {

using namespace workflows;

// --- what really happened

Ledger::Place Ledger::place_of(const Subject& actor, const Attempt& tried) { return {actor.run()->id.str(), begun_of(*actor.run(), tried).at}; }

void Ledger::carry_out(const Subject& actor, const Attempt& tried) {
  const bool undo = actor.run()->phase == Phase::undoing;
  auto& step = steps_[place_of(actor, tried)];
  const auto& of = step_at(actor.work(), begun_of(*actor.run(), tried).at);
  const auto* call = std::get_if<CallStep>(&of.body);
  const auto subs = call == nullptr ? 0 : static_cast<int>((undo ? call->undo_operation->subs : call->operation.subs).size());
  const bool last = tried.sub + 1 >= subs;
  if (undo) {
    // the same undo once more, under its key, is not another
    if (!step.possible && done_.count(tried.key) == 0) wrongs.push_back(fmt::format("{} is undone, but it never had an effect", tried.key));
    if (last) {
      if (done_.count(tried.key) == 0) step.there = false;
      step.possible = false;
      // a redo does the same step again, under the same keys
      std::erase_if(done_, [&, run = actor.run()->id.str()](const std::string& key) { return key.starts_with(run + "/" + of.name + "/") && !key.ends_with("/undo"); });
    }
  } else {
    step.there = true;
    std::erase_if(done_, [&, run = actor.run()->id.str()](const std::string& key) { return key.starts_with(run + "/" + of.name + "/") && key.ends_with("/undo"); });
  }
  done_.insert(tried.key);
}

bool Ledger::is_there(const Subject& actor, const Attempt& tried) const {
  const auto found = steps_.find(place_of(actor, tried));
  return found != steps_.end() && found->second.there;
}

void Ledger::maybe(const Subject& actor, const Attempt& tried) {
  if (actor.run()->phase != Phase::undoing) steps_[place_of(actor, tried)].possible = true;
}

void Ledger::watch(const Subject& actor, const Snapshot& before, const Event& event, const Decision& decision) {
  if (const auto* remedy = std::get_if<Remedy>(&event.body); remedy != nullptr && before.cursor.run && (remedy->what == Remedy::What::skip || remedy->what == Remedy::What::done))
    given_up_.insert(before.cursor.run->id.str());
  if (before.cursor.run && before.cursor.run->ending && !before.cursor.run->ending->undo) given_up_.insert(before.cursor.run->id.str());
  for (const auto& entry : decision.journal) {
    const auto type = text_of(entry, "type");
    if (type == "event" && find_member(entry, "interrupts") != nullptr && decision.next.cursor.run && decision.next.cursor.run->ending && !decision.next.cursor.run->ending->undo)
      given_up_.insert(text_of(entry, "interrupts"));
    if (type == "event" && find_member(entry, "interrupts") != nullptr) {
      // the whole of it in one decision: the workflow tells whether the work was kept
      const auto* candidates = before.state < 0 ? nullptr : [&]() -> const Candidates* {
        const auto& on = actor.definition->states[static_cast<std::size_t>(before.state)].on;
        const auto found = on.find(text_of(entry, "event"));
        return found == on.end() ? nullptr : &found->second;
      }();
      if (candidates != nullptr && std::any_of(candidates->begin(), candidates->end(), [](const Transition& t) { return t.interrupt == Interrupt::keep; })) given_up_.insert(text_of(entry, "interrupts"));
    }
    if (type == "run_ended") ended(actor, text_of(entry, "run"), text_of(entry, "status"));
  }
  const auto* run = actor.run();
  if (run == nullptr) return;
  const auto id = run->id.str();
  const auto& work = actor.work();
  if (saved_before_.find(id) == saved_before_.end()) {
    saved_before_[id] = actor.attributes();
    const std::function<void(const std::vector<workflows::Step>&)> note = [&](const std::vector<workflows::Step>& steps) {
      for (const auto& step : steps) {
        for (const auto& saved : step.save) saves_[id].insert(actor.definition->attributes[static_cast<std::size_t>(saved.attribute)].field.name);
        if (const auto* parallel = std::get_if<ParallelStep>(&step.body)) note(*parallel->steps);
        if (const auto* each = std::get_if<EachStep>(&step.body)) note(*each->steps);
      }
    };
    note(work.steps);
  }
  for (const auto& begun : run->begun) {
    const auto known = steps_.find({id, begun.at});
    if (known != steps_.end() && known->second.begun > 0) continue;
    const auto& of = step_at(work, begun.at);
    auto& step = steps_[{id, begun.at}];
    step.begun = ++order_;
    step.name = of.name;
    if (const auto* call = std::get_if<CallStep>(&of.body)) step.has_undo = call->undo_operation.has_value();
    if (const auto* action = std::get_if<ActionStep>(&of.body)) step.has_undo = action->undo_action.has_value();
  }
  if (run->phase == Phase::undoing && !run->attempts.empty()) {
    const auto number = steps_[place_of(actor, run->attempts.front())].begun;
    const auto last = last_undone_.find(id);
    if (last != last_undone_.end() && number > last->second) wrongs.push_back(fmt::format("{} is undone after an older step", run->attempts.front().key));
    last_undone_[id] = number;
  } else if (run->phase == Phase::forward) {
    last_undone_.erase(id);
    // what a redo has taken back begins anew
    for (auto& [place, step] : steps_)
      if (place.run == id && std::none_of(run->begun.begin(), run->begun.end(), [&, at = place.at](const BegunStep& b) { return b.at == at; })) step.begun = 0;
  }
}

void Ledger::ended(const Subject& actor, const std::string& run, const std::string& status) {
  if (status == "done" || given_up_.count(run) > 0) return;
  for (const auto& [place, step] : steps_)
    if (place.run == run && step.there && step.has_undo) wrongs.push_back(fmt::format("run {} ended {}, and the effect of {} is still there", run, status, step.name));
  const auto before = saved_before_.find(run);
  if (before == saved_before_.end()) return;
  const auto now = actor.attributes();
  for (const auto& name : saves_[run])
    if (now.at(name) != before->second.at(name)) wrongs.push_back(fmt::format("run {} ended {}, and attribute {} is {} instead of {}", run, status, name, dump_json(now.at(name)), dump_json(before->second.at(name))));
}

// --- events

void Script::tell(const std::string& what) { told_ += fmt::format("{} {}: {}\n", format_time(actor_.now), actor_.is_born() ? actor_.state().name : "-", what); }

void Script::play(int most, const std::function<bool()>& after_each) {
  actor_.seen = [this, seen = actor_.seen](const Snapshot& before, const Event& event, const Decision& decision) {
    if (seen) seen(before, event, decision);
    ledger_.watch(actor_, before, event, decision);
  };
  if (const auto born = actor_.born(JsonObject{{"plan", c_.chance(30) ? Json("plan_01jnq0000000000000000000aa") : Json{}}}); !born) {
    tell("is not born: " + describe(born.error()));
    return;
  }
  if (!after_each()) return;
  for (int i = 0; i < most && !c_.is_used_up() && !actor_.state().final; ++i) {
    one();
    if (!after_each()) return;
  }
}

void Script::one() {
  const bool works = actor_.run() != nullptr && !actor_.run()->attempts.empty();
  const auto kind = c_.below(works ? 24 : 16);
  if (works && (kind == 0 || kind >= 14)) return answer();
  if (kind < 6) return command();
  if (kind < 8) return message();
  if (kind < 11) return pass_time();
  if (kind < 13 || !actor_.incidents.empty()) return person();
  others();
}

void Script::answer() {
  const auto tried = actor_.run()->attempts[c_.below(actor_.run()->attempts.size())];
  former_.push_back(tried);
  actor_.now = std::max(actor_.now, tried.due);
  const bool executes = tried.mode != "observe";
  const bool action = tried.executor == "action";
  const auto output = [&] {
    const auto& of = step_at(actor_.work(), begun_of(*actor_.run(), tried).at);
    const auto* call = std::get_if<CallStep>(&of.body);
    const auto* act = std::get_if<ActionStep>(&of.body);
    return call != nullptr ? sample(call->operation.output, 1) : act != nullptr ? sample(act->action.output, 1) : Json(JsonObject{});
  };
  const auto carried_out = [&] {
    ledger_.maybe(actor_, tried);
    ledger_.carry_out(actor_, tried);
    return Outcome{.is = OutcomeClass::done, .output = output()};
  };
  const auto give = [&](Outcome outcome) {
    tell(fmt::format("{} {} is {}", tried.mode, tried.key, to_string(outcome.is)));
    (void)actor_.answer(tried, std::move(outcome));
  };
  const auto left_open = [&] {
    ledger_.maybe(actor_, tried);
    return Outcome{.is = OutcomeClass::unclear, .code = "timeout"};
  };
  if (!executes) {
    const auto there = ledger_.is_done(tried);
    switch (c_.below(6)) {
      default: return give(there ? Outcome{.is = OutcomeClass::already, .output = output()} : Outcome{.is = OutcomeClass::not_done});
      case 4: return give(left_open());
      case 5: return give({.is = OutcomeClass::retry, .code = "busy"});
    }
  }
  using enum OutcomeClass;
  switch (c_.below(action ? 8 : 20)) {
    default: return give(carried_out());
    case 4: return give({.is = retry, .code = "busy"});
    case 5: return give({.is = rejected_operator, .code = "no"});
    case 6: return give({.is = rejected_customer, .code = "no"});
    // nobody says that it is gone or a stranger's while it is there
    case 7: return give({.is = action || ledger_.is_there(actor_, tried) ? retry : conflict, .code = "taken"});
    case 8:
      (void)carried_out();
      return give(left_open());
    case 9: return give(left_open());
    case 10: return give({.is = retry_after, .after = std::chrono::minutes{3}});
    case 11: return give({.is = retry, .code = "no_connection", .sent = false});
    case 12:
      ledger_.maybe(actor_, tried);
      return give({.is = pending, .handle = "task"});
    case 13: return give({.is = ledger_.is_there(actor_, tried) ? retry : gone, .code = "gone"});
    case 14: {
      const bool left = c_.chance(50);
      if (left) (void)carried_out();
      for (const auto& attempt : actor_.run()->attempts)
        if (outcome_of_restart(attempt, actor_.now)) ledger_.maybe(actor_, attempt);
      tell("restart");
      return actor_.restart();
    }
  }
}

Json Script::payload() {
  JsonObject made{{"n", static_cast<std::int64_t>(c_.below(5))}};
  if (c_.chance(50)) made["on"] = c_.chance(50) ? "2026-03-10" : "2026-05-31";
  if (c_.chance(20)) made["plan"] = "plan_01jnq0000000000000000000ab";
  if (c_.chance(2)) made["surprise"] = true;
  return made;
}

void Script::command() {
  if (const auto* step = actor_.awaits(); step != nullptr && std::holds_alternative<ApproveStep>(step->body) && c_.chance(60)) {
    const std::string word = c_.chance(30) ? "reject" : "approve";
    tell(word);
    return (void)actor_.command(word, JsonObject{{"note", "so it is"}});
  }
  std::vector<std::string> names;
  for (const auto& [name, spec] : actor_.definition->events)
    if (!spec.allow.empty()) names.push_back(name);
  if (names.empty()) return;
  auto name = c_.of(names);
  if (name == "go_over" && !c_.chance(10)) name = names.back();  // lives are not to end before they have begun
  const auto role = c_.chance(10) ? "customer" : "staff";
  const auto given = actor_.command(name, name.starts_with("go_") ? Json(JsonObject{}) : payload(), role);
  tell(fmt::format("{} by {}{}", name, role, given ? "" : " refused: " + describe(given.error())));
}

void Script::message() {
  const std::string name = c_.chance(50) ? "m0" : "m1";
  tell("message " + name);
  if (c_.chance(2)) return actor_.message(name, JsonObject{{"on", std::string(40'000, 'x')}});
  actor_.message(name, payload());
}

void Script::pass_time() {
  static constexpr std::chrono::minutes some[] = {std::chrono::minutes{10}, std::chrono::hours{8}, std::chrono::hours{50}, std::chrono::hours{24 * 33}};
  switch (c_.below(4)) {
    case 0:
    case 1: tell("the next timer"); return (void)actor_.fire_next();
    case 2: {
      const auto by = some[c_.below(std::size(some))];
      tell(fmt::format("{} minutes pass", by.count()));
      return actor_.pass(by, 40);
    }
    default: tell("the clock is set back"); actor_.now -= std::chrono::minutes{20}; return;
  }
}

void Script::person() {
  if (actor_.incidents.empty()) return others();
  const auto incident = std::next(actor_.incidents.begin(), static_cast<std::ptrdiff_t>(c_.below(actor_.incidents.size())))->second;
  static constexpr std::pair<std::string_view, Remedy::What> all[] = {{"retry", Remedy::What::retry}, {"fail", Remedy::What::fail}, {"skip", Remedy::What::skip}, {"edit", Remedy::What::edit}, {"done", Remedy::What::done}};
  const auto& [word, what] = all[c_.below(std::size(all))];
  if (!persons_skip && (what == Remedy::What::skip || what == Remedy::What::done)) return;
  const auto given = actor_.remedy(what, incident.id.str(), what == Remedy::What::done ? Json(JsonObject{{"id", 7}, {"n", 7}, {"count", 7}}) : Json(JsonObject{}));
  tell(fmt::format("remedy {}{}", word, given ? "" : " refused: " + describe(given.error())));
}

void Script::others() {
  switch (c_.below(5)) {
    case 0: tell("refresh"); return (void)actor_.refresh();
    case 1: {
      tell("edit");
      return (void)actor_.edit(JsonObject{{"note", "edited"}, {"limit", c_.chance(50) ? Json("2026-04-01") : Json{}}, {"key", c_.chance(50) ? Json("secret words") : Json{}}});
    }
    case 2:
      if (former_.empty()) return;
      tell("a stale outcome");
      return (void)actor_.answer_stale(c_.of(former_), {.is = OutcomeClass::done});
    case 3: {
      if (actor_.run() != nullptr)
        for (const auto& attempt : actor_.run()->attempts)
          if (outcome_of_restart(attempt, actor_.now)) ledger_.maybe(actor_, attempt);
      tell("restart");
      return actor_.restart();
    }
    default: {
      const bool refuse = c_.chance(50);
      actor_.carry_out = [refuse](const TransitionAction& action) -> std::optional<Error> {
        if (!refuse) return std::nullopt;
        return Error{ErrorCode::conflict, "action " + action.name + " is refused"};
      };
      return;
    }
  }
}

}  // namespace stellwerk::testing
