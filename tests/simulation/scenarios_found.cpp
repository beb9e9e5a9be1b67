// What a seed has found once, told so that it is found by its name: the numbers of seeds mean something else after every change of the load.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "tests/simulation/scenarios.hpp"

namespace stellwerk::simulation {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

std::ptrdiff_t asked_for_box(Stage& stage, const std::string& incarnation = {}) {
  return std::ranges::count_if(stage.world().sent(), [&](const auto& sent) {
    return sent.request.method == "POST" && sent.request.url == "/boxes" && sent.request.body.starts_with("name=box-") && (incarnation.empty() || sent.incarnation == incarnation);
  });
}

bool looked_for_box(Stage& stage) {
  return std::ranges::any_of(stage.world().sent(), [](const auto& sent) { return sent.request.method == "GET" && sent.request.url.starts_with("/boxes/box-"); });
}

/// The look was early, its answer is heard when `settle` has long passed: it does not count (decision 16).
void a_look_that_was_told_late(Stage& stage) {
  const auto plant = stage.plant();
  stage.yard().script = [posted = std::make_shared<int>(0), looked = std::make_shared<int>(0)](const connectors::DriverRequest& request) -> std::string_view {
    if (request.method == "POST" && request.url == "/boxes") return ++*posted == 1 ? "late" : "";
    return request.url.starts_with("/boxes/box-") && ++*looked == 1 ? "slow" : "";
  };
  stage.expect(stage.answered(stage.command(plant, "build")), "build is taken");
  stage.until("it is looked for", [&] { return looked_for_box(stage); });
  stage.world().pause_node(seconds{100});
  if (stage.until("approval is asked for", [&] { return stage.waits_for(plant, "wait:allow"); })) (void)stage.command(plant, "approve");
  stage.expect(asked_for_box(stage) == 1, fmt::format("the box is asked for once, not {} times", asked_for_box(stage)));
}

/// What a node whose clock was ahead has begun is, by the clock of the next, not due yet: it looks all the same.
void clocks_apart_at_a_takeover(Stage& stage) {
  const auto plant = stage.plant();
  stage.world().jump_clock(milliseconds{1'900});
  stage.next_request("POST /boxes", "late");
  stage.expect(stage.answered(stage.command(plant, "build")), "build is taken");
  stage.until("the box is asked for", [&] { return asked_for_box(stage) == 1; });
  stage.world().kill_node();
  stage.world().jump_clock(-milliseconds{3'800});
  stage.world().start_node();
  const auto node = stage.world().incarnation();
  stage.until("the new node looks for it", [&] { return looked_for_box(stage) || asked_for_box(stage, node) > 0; });
  stage.expect(asked_for_box(stage, node) == 0, "it does not ask again before it has looked");
  stage.world().jump_clock(milliseconds{1'900});
  if (stage.until("approval is asked for", [&] { return stage.waits_for(plant, "wait:allow"); })) (void)stage.command(plant, "approve");
}

/// The outcome of a step is heard, and what follows it cannot be decided: the step stands, and is undone with the run, once.
void a_step_whose_sequel_cannot_be_decided(Stage& stage) {
  const auto plant = stage.plant();
  stage.world().store_script = [&stage, failed = false](const StoreCall& call) mutable {
    if (failed || call.call != "read_references" || stage.yard().boxes().empty()) return StoreFault::none;
    failed = true;
    return StoreFault::throws_before;
  };
  stage.expect(stage.answered(stage.command(plant, "build")), "build is taken");
  if (!stage.until("the run is held", [&] { return stage.incident_of(plant, "held_run") != nullptr; })) return;
  const auto taken = stage.remedy(stage.incident_of(plant, "held_run")->id, "fail");
  stage.until("it is broken", [&] { return stage.state_of(plant) == "broken"; });
  stage.expect(*taken, "the remedy is taken");
  stage.expect(stage.yard().boxes().empty(), "nothing is left at the vendor");
  const auto removed = std::ranges::count_if(stage.world().sent(), [](const auto& sent) { return sent.request.method == "DELETE" && sent.request.url.starts_with("/boxes/box-"); });
  stage.expect(removed == 1, fmt::format("the box is removed once, not {} times", removed));
}

/// A command was interrupted by a cancellation while its request could not leave: it never does.
void a_request_that_was_withheld_and_interrupted(Stage& stage) {
  const auto plant = stage.plant();
  stage.expect(stage.answered(stage.command(plant, "build")), "build is taken");
  stage.until("the box is about to be asked for", [&] { return stage.has_attempt(plant, "yard.create_box"); });
  // The lease runs out while the database does not answer heartbeats; the request is withheld again and again.
  const auto begun = stage.world().elapsed();
  stage.world().store_script = [&stage, begun](const StoreCall& call) {
    return call.call == "heartbeat" && stage.world().elapsed() - begun < minutes{2} ? StoreFault::fails_before : StoreFault::none;
  };
  stage.pass(seconds{30});
  const auto sent = asked_for_box(stage);
  stage.next_request("POST /boxes", "hang", 0);
  stage.expect(stage.answered(stage.command(plant, "cancel")), "cancel is taken");
  stage.until("it is cancelled", [&] { return stage.state_of(plant) == "cancelled"; });
  stage.expect(asked_for_box(stage) == sent, "no box is asked for any more");
  stage.expect(stage.yard().boxes().empty() && stage.yard().halls().empty(), "nothing is left at the vendor");
}

/// A message came back, its receiver never was: that is written beside the actor, the answer is lost, and it is in the journal once.
void a_returned_message_is_journalled_once(Stage& stage) {
  const auto plant = stage.plant();
  const auto venture = stage.venture_of(plant);
  auto& mailbox = stage.world().state().mailbox;
  storage::MailboxRow message;
  message.seq = ++stage.world().state().last_seq;
  message.receiver = ActorId{"svc_00000000000000000000000000"};
  message.sender = venture;
  message.event_id = EventId{"evt_00000000000000000000000000"};
  message.event = "poke";
  message.payload = message.meta = JsonObject{};
  message.at = stage.world().now();
  mailbox.emplace(message.seq, message);
  stage.world().store_script = [&stage, lost = false](const StoreCall& call) mutable {
    const bool back = std::ranges::any_of(stage.state().mailbox, [](const auto& entry) { return entry.second.returned; });
    if (lost || !back || call.call != "commit") return StoreFault::none;
    lost = true;
    return StoreFault::fails_after;
  };
  stage.until("it has come back, and is told of", [&] { return stage.times_in_journal(venture, "message_returned", "event", "poke") > 0; }, minutes{2});
  stage.pass(minutes{2});
  stage.expect(stage.times_in_journal(venture, "message_returned", "event", "poke") == 1, "it is in the journal once");
  stage.expect(stage.state().mailbox.empty(), "and nowhere else");
}

/// Its receiver is born while the sweep looks for messages that have none: it is delivered, not sent back.
void a_receiver_is_born_during_the_sweep(Stage& stage) {
  for (int i = 0; i < 4; ++i) {
    // The sweep reads while the birth is being written, and the other way round.
    stage.next_call(i % 2 == 0 ? "committer" : "timers", i % 2 == 0 ? "commit" : "return_undelivered", StoreFault::slow);
    const auto plant = stage.plant();
    const auto venture = stage.venture_of(plant);
    stage.expect(stage.answered(stage.command(venture, "poke")), "poke is taken");
    stage.until("the plant has heard of it", [&] { return stage.number(plant, "heard") == 1; }, minutes{2});
    stage.expect(stage.times_in_journal(venture, "message_returned", "event", "poke") == 0, "nothing came back");
  }
}

void keep_nobody_in_memory(Script& script) {
  script.plan.bounds = actors::Bounds{.actors_in_memory = 1};
  script.plan.guard.floor = 2;
}

/// Whoever is loaded for a timer that has fired before decides on an old row: a conflict, which gives the guard no place back.
void a_timer_that_fires_twice_is_counted_once(Stage& stage) {
  stage.world().bus_script = [](const BusMessage& message) { return message.what == "timer" ? BusFault::twice : BusFault::none; };
  std::vector<std::shared_ptr<Asked>> asked;
  for (int i = 0; i < 8; ++i) asked.push_back(stage.load().create("stall", 0));
  stage.until("a person is asked", [&] { return stage.incident_of({}, "mass_guard") != nullptr; }, minutes{10});
  stage.pass(minutes{5});
  const auto gone = std::ranges::count_if(stage.state().actors, [](const auto& entry) { return entry.second.state == "gone"; });
  stage.expect(gone == 2, fmt::format("two are gone, not {}", gone));
  stage.load().keep_watch();
}

/// The number is on disk, its action threw twice, and what follows cannot be decided: it is asked again, and taken back with the run.
void an_action_that_nobody_knows_of_is_asked_again(Stage& stage) {
  const auto plant = stage.plant();
  stage.world().store_script = [threw = 0, blind = 0](const StoreCall& call) mutable {
    if (call.call == "run_actions" && call.number >= 2 && threw < 2) return ++threw == 1 ? StoreFault::throws_after : StoreFault::throws_before;
    return threw == 2 && call.call == "read_references" && ++blind == 1 ? StoreFault::throws_before : StoreFault::none;
  };
  stage.expect(stage.answered(stage.command(plant, "build")), "build is taken");
  stage.pass(minutes{1});
  (void)stage.command(plant, "cancel");
  stage.until("it is cancelled", [&] { return stage.state_of(plant) == "cancelled"; });
}

}  // namespace

std::vector<Scenario> found_scenarios() {
  return {
      {"a_timer_that_fires_twice_is_counted_once", "7", "timers fire twice, and their actors are asleep in between", "the guard lets as many go as it may, and asks", a_timer_that_fires_twice_is_counted_once,
       keep_nobody_in_memory},
      {"an_action_that_nobody_knows_of_is_asked_again", "1", "an action threw behind its effect and again, and its sequel cannot be decided", "its number is given back with the run",
       an_action_that_nobody_knows_of_is_asked_again},
      {"a_look_that_was_told_late", "4", "\"absent\" was looked up early and is heard after a standstill", "it does not count; the creation is not repeated", a_look_that_was_told_late},
      {"clocks_apart_at_a_takeover", "4", "the clock of the next node is seconds behind the one that sent the request", "it looks before it repeats", clocks_apart_at_a_takeover},
      {"a_step_whose_sequel_cannot_be_decided", "3", "the row that the next step needs cannot be read, and a person fails the run", "the step before stands, and is undone once", a_step_whose_sequel_cannot_be_decided},
      {"a_request_that_was_withheld_and_interrupted", "4", "the lease runs out before a request leaves, and the run is cancelled", "it never leaves, and the run ends", a_request_that_was_withheld_and_interrupted},
      {"a_returned_message_is_journalled_once", "5", "a message comes back to its sender, and the answer to writing that is lost", "the journal tells of it once", a_returned_message_is_journalled_once},
      {"a_receiver_is_born_during_the_sweep", "5", "receivers are born while the sweep looks for messages that nobody will take", "the messages are delivered", a_receiver_is_born_during_the_sweep},
  };
}

}  // namespace stellwerk::simulation
