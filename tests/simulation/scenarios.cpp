#include "tests/simulation/scenarios.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <set>

namespace stellwerk::simulation {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

/// The first of them; those of the sweep come later.
std::function<BusFault(const BusMessage&)> lose_wakes(int count) {
  return [left = std::make_shared<int>(count)](const BusMessage& message) { return message.what == "wake" && (*left)-- > 0 ? BusFault::lose : BusFault::none; };
}

// --- §1 decide, commit, answer

void answer_to_commit_is_lost(Stage& stage) {
  const auto plant = stage.plant();
  const auto venture = stage.venture_of(plant);
  stage.next_call("committer", "commit", StoreFault::fails_after);
  stage.expect(stage.answered(stage.command(venture, "note")), "the note is taken");
  stage.expect(stage.number(venture, "notes") == 1, "it counts once");
}

void node_ends_after_commit(Stage& stage) {
  const auto plant = stage.plant();
  const auto venture = stage.venture_of(plant);
  stage.next_call("committer", "commit", StoreFault::node_ends_after);
  const auto note = stage.command(venture, "note");
  stage.expect(stage.answered(note), "the client gets its answer from the next node");
  stage.expect(note->tries > 1, "it had to ask again");
  stage.expect(stage.number(venture, "notes") == 1, "it counts once");
}

void node_ends_before_commit(Stage& stage) {
  const auto plant = stage.plant();
  stage.next_call("committer", "commit", StoreFault::node_ends_before);
  stage.expect(stage.answered(stage.command(stage.venture_of(plant), "note")), "the client gets its answer from the next node");
  stage.expect(stage.number(stage.venture_of(plant), "notes") == 1, "it counts once");
}

void commit_throws_after_it_was_done(Stage& stage) {
  const auto plant = stage.plant();
  stage.next_call("committer", "commit", StoreFault::throws_after);
  stage.expect(stage.answered(stage.command(stage.venture_of(plant), "note")), "the note is taken");
  stage.expect(stage.number(stage.venture_of(plant), "notes") == 1, "it counts once");
}

void answer_and_the_look_after_it_are_lost(Stage& stage) {
  const auto plant = stage.plant();
  // The decision that asks for the box is on disk, and whoever made it cannot read it.
  stage.world().store_script = [&stage, plant, lost = false, blind = 0](const StoreCall& asked) mutable {
    if (!lost && asked.role == "committer" && asked.call == "commit" && !stage.state().numbers.empty()) {
      lost = true;
      return StoreFault::fails_after;
    }
    return lost && asked.call == "load" && ++blind <= 2 ? StoreFault::fails_before : StoreFault::none;
  };
  stage.grow(plant);
}

void answer_to_action_is_lost(Stage& stage) {
  const auto plant = stage.plant();
  stage.next_call("committer", "run_actions", StoreFault::fails_after);
  stage.grow(plant);
  stage.expect(stage.state().places.size() == 1, "one place is taken");
}

void node_ends_after_action(Stage& stage) {
  const auto plant = stage.plant();
  stage.next_call("committer", "run_actions", StoreFault::node_ends_after);
  stage.grow(plant);
  stage.expect(stage.state().places.size() == 1, "one place is taken");
}

// --- §2 events

void early_callback_counts(Stage& stage) {
  const auto plant = stage.plant();
  stage.expect(stage.answered(stage.command(plant, "build")), "build is taken");
  const auto handover = stage.command(plant, "handover");
  stage.expect(stage.answered(handover) && bool_of((*handover->answer)->body, "deferred"), "the handover is deferred");
  if (stage.until("approval is asked for", [&] { return stage.waits_for(plant, "wait:allow"); })) (void)stage.command(plant, "approve");
  stage.until("the plant is active", [&] { return stage.state_of(plant) == "active"; }, minutes{10});
  stage.expect(stage.times_in_journal(plant, "timer", "timer", "wait:hand") == 0, "nobody waited in vain");
}

void deferred_in_order(Stage& stage) {
  const auto plant = stage.plant();
  stage.expect(stage.answered(stage.command(plant, "build")), "build is taken");
  stage.expect(stage.answered(stage.command(plant, "tune", {{"speed", 7}})), "tune is taken");
  stage.expect(stage.answered(stage.command(plant, "extend")), "extend is taken");
  if (stage.until("approval is asked for", [&] { return stage.waits_for(plant, "wait:allow"); })) (void)stage.command(plant, "approve");
  if (stage.until("the handover is waited for", [&] { return stage.waits_for(plant, "wait:hand"); })) (void)stage.command(plant, "handover");
  stage.until("both are done", [&] { return stage.state_of(plant) == "active" && stage.number(plant, "speed") == 7 && stage.number(plant, "extras") == 1; });
}

void second_of_a_name_is_refused(Stage& stage) {
  const auto plant = stage.plant();
  stage.expect(stage.answered(stage.command(plant, "build")), "build is taken");
  stage.expect(stage.answered(stage.command(plant, "tune", {{"speed", 7}})), "tune is taken");
  const auto second = stage.command(plant, "tune", {{"speed", 8}});
  stage.expect(!stage.answered(second) && second->answer && second->answer->error().reason == "duplicate_command", "a second tune is refused");
  const auto busy = stage.command(plant, "write");
  stage.expect(!stage.answered(busy) && busy->answer && busy->answer->error().reason == "busy", "what does not wait is refused");
}

void interrupt_settles_first(Stage& stage) {
  const auto plant = stage.plant();
  stage.expect(stage.answered(stage.command(plant, "build")), "build is taken");
  stage.until("the vendor builds the hall", [&] { return stage.has_attempt(plant, "yard.build_hall", "poll"); });
  stage.expect(stage.answered(stage.command(plant, "cancel")), "cancel is taken");
  stage.until("it is cancelled", [&] { return stage.state_of(plant) == "cancelled"; });
  stage.expect(stage.yard().halls().empty() && stage.yard().boxes().empty(), "nothing is left at the vendor");
}

void interrupt_keeps(Stage& stage) {
  const auto plant = stage.plant();
  stage.expect(stage.answered(stage.command(plant, "build")), "build is taken");
  stage.until("approval is asked for", [&] { return stage.waits_for(plant, "wait:allow"); });
  stage.expect(stage.answered(stage.command(plant, "halt")), "halt is taken");
  stage.until("it is halted", [&] { return stage.state_of(plant) == "halted"; });
  stage.expect(!stage.yard().halls().empty() && stage.number(plant, "number") > 0, "what there is stays");
  stage.until("it is closed", [&] { return stage.state_of(plant) == "closed"; }, hours{2});
}

// --- §3 runs, undo, incidents

void undo_covers_what_nobody_knows(Stage& stage) {
  const auto plant = stage.plant();
  stage.next_request("POST /boxes", "late");
  stage.expect(stage.answered(stage.command(plant, "build")), "build is taken");
  stage.until("it is looked for", [&] { return stage.has_attempt(plant, "yard.create_box", "observe"); });
  stage.expect(stage.answered(stage.command(plant, "cancel")), "cancel is taken");
  stage.until("it is cancelled", [&] { return stage.state_of(plant) == "cancelled"; });
  stage.pass(minutes{3});
  stage.expect(stage.yard().boxes().empty(), "the box that came late is gone");
}

void unprovable_effect_is_undone(Stage& stage) {
  const auto plant = stage.plant();
  // It is done, and nobody hears of it; nobody can look for it either.
  stage.next_request("POST /credits", "lost");
  stage.expect(stage.answered(stage.command(plant, "build")), "build is taken");
  stage.until("the credit is asked for", [&] { return !stage.yard().credits().empty(); });
  stage.expect(stage.answered(stage.command(plant, "cancel")), "cancel is taken");
  stage.until("it is cancelled", [&] { return stage.state_of(plant) == "cancelled"; });
}

void unprovable_effect_is_undone_when_refused(Stage& stage) {
  const auto plant = stage.plant();
  // The first is done late, the second refused while the first is under way: the key is not known to the vendor yet.
  stage.yard().script = [n = std::make_shared<int>(0)](const connectors::DriverRequest& request) -> std::string_view {
    if (!request.url.starts_with("/credits") || request.method != "POST" || request.url != "/credits") return "";
    return ++*n == 1 ? "lost" : "error_before";
  };
  stage.expect(stage.answered(stage.command(plant, "build")), "build is taken");
  stage.until("its time is used up, and it fails or is held", [&] { return stage.state_of(plant) == "broken" || stage.open_incidents() > 0; }, hours{6});
}

void unrepeatable_becomes_an_incident(Stage& stage) {
  const auto plant = stage.plant();
  stage.grow(plant);
  stage.next_request("POST /letters", "lost");
  stage.expect(stage.answered(stage.command(plant, "write")), "write is taken");
  stage.until("a person is asked", [&] { return stage.open_incidents() == 1; });
  const auto refused = stage.command(plant, "write");
  stage.expect(!stage.answered(refused) && refused->answer && refused->answer->error().reason == "incident_open", "while the run is held, others are refused");
  stage.load().keep_watch();
  stage.until("the operator has decided", [&] { return stage.open_incidents() == 0 && stage.number(plant, "letters") == 1; });
}

void a_lost_wake_is_made_good(Stage& stage) {
  const auto plant = stage.plant();
  stage.world().bus_script = lose_wakes(2);
  stage.expect(stage.answered(stage.command(stage.venture_of(plant), "poke")), "poke is taken");
  stage.until("the plant has heard of it", [&] { return stage.number(plant, "heard") == 1; }, minutes{1});
  stage.until("the venture has heard back", [&] { return stage.number(stage.venture_of(plant), "told") == 1; }, minutes{1});
}

// --- §4 remote effects

void absent_is_not_believed_before_settle(Stage& stage) {
  const auto plant = stage.plant();
  stage.next_request("POST /boxes", "late");
  stage.grow(plant);
  const auto tries = std::ranges::count_if(stage.world().sent(), [](const auto& sent) { return sent.request.method == "POST" && sent.request.body.starts_with("name=box-"); });
  stage.expect(tries == 1, fmt::format("the box is asked for once, not {} times", tries));
}

void a_strangers_name_is_left_alone(Stage& stage) {
  const auto plant = stage.plant();
  stage.next_request("POST /boxes", "stranger");
  stage.grow(plant);
  stage.expect(stage.number(plant, "number") == 2, "another number is taken");
  const auto first = stage.yard().boxes().find("box-1");
  stage.expect(first != stage.yard().boxes().end() && first->second.mark == Yard::stranger, "the stranger's box is there");
}

void a_forgotten_handle_is_looked_for(Stage& stage) {
  const auto plant = stage.plant();
  stage.next_request("POST /halls", "forgets");
  stage.grow(plant);
  stage.expect(stage.yard().halls().size() == 1, "one hall stands");
}

void a_key_is_the_same_on_every_try(Stage& stage) {
  const auto plant = stage.plant();
  stage.next_request("POST /credits", "error_after", 3);
  stage.grow(plant);
  stage.expect(stage.yard().credits().size() == 1, "there is one credit");
}

void takeover_observes_what_was_under_way(Stage& stage) {
  const auto plant = stage.plant();
  stage.next_request("POST /boxes", "hang");
  stage.expect(stage.answered(stage.command(plant, "build")), "build is taken");
  stage.until("the box is asked for", [&] { return !stage.world().sent().empty(); });
  stage.world().kill_node();
  stage.world().start_node();
  stage.until("the new node looks for it", [&] { return stage.has_attempt(plant, "yard.create_box", "observe"); });
  if (stage.until("approval is asked for", [&] { return stage.waits_for(plant, "wait:allow"); })) (void)stage.command(plant, "approve");
}

void a_sleeper_with_a_request_in_hand(Stage& stage) {
  const auto plant = stage.plant();
  stage.expect(stage.answered(stage.command(plant, "build")), "build is taken");
  stage.until("the box is about to be asked for", [&] { return stage.has_attempt(plant, "yard.create_box"); });
  const auto former = stage.world().incarnation();
  stage.world().pause_node(minutes{2});
  const auto sent = stage.world().sent().size();
  stage.world().start_node();
  stage.until("the new node serves", [&] { return stage.world().incarnation() != former && stage.world().serving(); });
  if (stage.until("approval is asked for", [&] { return stage.waits_for(plant, "wait:allow"); })) (void)stage.command(plant, "cancel");
  stage.pass(minutes{3});
  const auto& all = stage.world().sent();
  const auto late = std::count_if(all.begin() + static_cast<std::ptrdiff_t>(sent), all.end(), [&](const auto& request) { return request.incarnation == former && request.request.method != "GET"; });
  stage.expect(late == 0, fmt::format("the former node changes nothing at the vendor any more, but sent {} requests", late));
}

// --- §5 messages

void messages_come_once_and_in_order(Stage& stage) {
  const auto plant = stage.plant();
  const auto venture = stage.venture_of(plant);
  stage.world().bus_script = [n = std::make_shared<int>(0)](const BusMessage&) { return ++*n % 3 == 0 ? BusFault::twice : *n % 3 == 1 ? BusFault::delay : BusFault::none; };
  for (int i = 0; i < 10; ++i) (void)stage.command(venture, "poke");
  stage.until("all were heard", [&] { return stage.number(plant, "heard") == 10; }, minutes{5});
  stage.until("all were answered", [&] { return stage.number(venture, "told") == 10; }, minutes{5});
}

void messages_outlive_their_node(Stage& stage) {
  const auto plant = stage.plant();
  const auto venture = stage.venture_of(plant);
  stage.world().bus_script = [](const BusMessage& message) { return message.what == "wake" ? BusFault::lose : BusFault::none; };
  for (int i = 0; i < 3; ++i) stage.expect(stage.answered(stage.command(venture, "poke")), "poke is taken");
  stage.world().kill_node();
  stage.world().bus_script = nullptr;
  stage.world().start_node();
  stage.until("all were heard", [&] { return stage.number(plant, "heard") == 3; }, minutes{1});
}

void a_final_receiver_is_journalled(Stage& stage) {
  const auto plant = stage.plant();
  const auto venture = stage.venture_of(plant);
  stage.world().bus_script = lose_wakes(1);
  stage.expect(stage.answered(stage.command(venture, "poke")), "poke is taken");
  stage.expect(stage.answered(stage.command(plant, "cancel")), "cancel is taken");
  stage.until("the mailbox is empty", [&] { return stage.state().mailbox.empty(); }, minutes{2});
}

// --- §6 time

void timers_fire_after_downtime(Stage& stage) {
  const auto plant = stage.plant();
  stage.world().kill_node();
  stage.pass(hours{3});
  stage.world().start_node();
  stage.until("the order has lapsed", [&] { return stage.state_of(plant) == "cancelled"; }, minutes{1});
}

void a_lost_timer_message_is_made_good(Stage& stage) {
  stage.world().bus_script = [](const BusMessage& message) { return message.what == "timer_set" ? BusFault::lose : BusFault::none; };
  const auto plant = stage.plant();
  stage.pass(minutes{6});
  stage.expect(stage.number(stage.venture_of(plant), "notes") == 1000, "the timer of five minutes has fired");
}

void the_clock_runs_backwards(Stage& stage) {
  const auto plant = stage.plant();
  const auto venture = stage.venture_of(plant);
  stage.world().jump_clock(-seconds{90});
  stage.expect(stage.answered(stage.command(venture, "note")), "a note is taken");
  stage.expect(stage.answered(stage.command(venture, "poke")), "a poke is taken");
  stage.pass(seconds{30});
  stage.world().jump_clock(seconds{90});
}

// --- §7 limits

void it_sleeps_and_comes_back(Stage& stage) {
  const auto plant = stage.plant();
  stage.pass(minutes{10});
  stage.expect(stage.answered(stage.command(stage.venture_of(plant), "note")), "a note is taken");
  stage.expect(stage.number(stage.venture_of(plant), "notes") == 1001, "beside the timer that has fired");
}

// --- §8 nodes

void who_was_succeeded_writes_nothing(Stage& stage) {
  const auto plant = stage.plant();
  const auto former = stage.world().incarnation();
  (void)stage.command(stage.venture_of(plant), "note");
  stage.world().pause_node(minutes{2});
  stage.world().start_node();
  stage.pass(minutes{4});
  const auto& ledger = stage.world().ledger();
  const auto begin = std::ranges::find_if(ledger, [&](const auto& written) { return written.incarnation != former; });
  stage.expect(std::none_of(begin, ledger.end(), [&](const auto& written) { return written.incarnation == former; }), "the former node has written nothing after its successor");
  stage.expect(stage.number(stage.venture_of(plant), "notes") >= 1, "the note counts all the same");
}

void a_restart_takes_over_at_once(Stage& stage) {
  const auto plant = stage.plant();
  stage.world().kill_node();
  stage.world().start_node();
  const auto before = stage.world().elapsed();
  stage.expect(stage.answered(stage.command(stage.venture_of(plant), "note")), "a note is taken");
  stage.expect(stage.world().elapsed() - before < seconds{5}, "without waiting for a lease");
}

// --- §9 references, revisions, journal

void what_was_required_has_changed(Stage& stage) {
  const auto plant = stage.plant();
  stage.grow(plant);
  const auto venture = stage.venture_of(plant);
  for (int i = 0; i < 6; ++i) (void)stage.command(venture, "note");
  const auto retire = stage.command(plant, "retire");
  for (int i = 0; i < 6; ++i) (void)stage.command(venture, "note");
  stage.expect(stage.answered(retire), "retire is taken");
  stage.until("it is closed", [&] { return stage.state_of(plant) == "closed"; });
}

void the_journal_tells_a_whole_life(Stage& stage) {
  const auto plant = stage.plant();
  stage.grow(plant);
  stage.expect(stage.answered(stage.command(plant, "tune", {{"speed", 4}})), "tune is taken");
  stage.until("it is tuned", [&] { return stage.number(plant, "speed") == 4; });
  stage.pass(minutes{30});
  stage.expect(stage.answered(stage.command(plant, "cancel")), "cancel is taken");
  stage.until("it is closed", [&] { return stage.state_of(plant) == "closed"; });
}

// --- §10 keys

void a_key_answers_again(Stage& stage) {
  const auto plant = stage.plant();
  const auto venture = stage.venture_of(plant);
  std::vector<Result<actors::Answer>> answers;
  const auto ask = [&](const std::string& body) {
    const auto before = answers.size();
    stage.world().command({.actor = venture, .kind = "", .command = "note", .payload = JsonObject{{"token", "again"}}, .caller = {TenantId{stage.state().actors.at(venture).tenant}, "usr_staff", "staff", ""},
                           .trace = {}, .idempotency = actors::Idempotency{"sim", "again", body}},
                          [&](Result<actors::Answer> answer) { answers.push_back(std::move(answer)); });
    stage.until("there is an answer", [&] { return answers.size() > before; });
  };
  ask("one");
  ask("one");
  ask("two");
  if (answers.size() != 3) return;
  stage.expect(answers[0] && answers[1] && answers[0]->body == answers[1]->body && answers[1]->repeated, "the same key gets the same answer");
  stage.expect(!answers[2] && answers[2].error().reason == "idempotency_key_reused", "another body under the same key is refused");
  stage.expect(stage.number(venture, "notes") == 1, "it counts once");
}

}  // namespace

const std::vector<Scenario>& scenarios() {
  static const auto all = [] {
    std::vector<Scenario> some{
      {"answer_to_commit_is_lost", "1", "a batch is written, and its answer lost", "the decision counts once, and the client hears so", answer_to_commit_is_lost},
      {"node_ends_after_commit", "1", "the process ends behind a commit, before anybody was answered", "the repeated request gets the recorded answer", node_ends_after_commit},
      {"node_ends_before_commit", "1", "the process ends before a commit", "the repeated request is carried out once", node_ends_before_commit},
      {"commit_throws_after_it_was_done", "1", "the session breaks behind a commit", "the decision counts once, and the client hears so", commit_throws_after_it_was_done},
      {"answer_and_the_look_after_it_are_lost", "1", "a batch is written, its answer lost, and the actor cannot be read", "the attempt of the decision is carried out all the same",
       answer_and_the_look_after_it_are_lost},
      {"answer_to_action_is_lost", "1", "an action is done, and its answer lost", "its effect is there once", answer_to_action_is_lost},
      {"node_ends_after_action", "1", "the process ends behind an action", "its effect is there once", node_ends_after_action},
      {"early_callback_counts", "2", "what a step will wait for comes before it waits", "the step does not wait in vain", early_callback_counts},
      {"deferred_in_order", "2", "two commands come while the actor works", "both are done, in their order, when it waits", deferred_in_order},
      {"second_of_a_name_is_refused", "2", "a deferred command is given twice, another refuses to wait", "409 duplicate_command and busy", second_of_a_name_is_refused},
      {"interrupt_settles_first", "2", "cancelled while the vendor works on a hall", "the hall is finished, then everything is undone", interrupt_settles_first},
      {"interrupt_keeps", "2", "halted while a person is asked", "nothing is undone, and the attributes say what there is", interrupt_keeps},
      {"undo_covers_what_nobody_knows", "3", "cancelled while a creation is unclear that comes late", "nothing is left at the vendor", undo_covers_what_nobody_knows},
      {"unprovable_effect_is_undone", "3", "cancelled while an effect is unclear that nobody can look for", "it is taken back", unprovable_effect_is_undone},
      {"unprovable_effect_is_undone_when_refused", "3", "an effect is there, and every further try fails until time is used up", "it is taken back, or a person is asked", unprovable_effect_is_undone_when_refused},
      {"unrepeatable_becomes_an_incident", "3", "a letter is sent, and the answer lost", "a person is asked; the letter is not sent twice; other commands are refused meanwhile", unrepeatable_becomes_an_incident},
      {"a_lost_wake_is_made_good", "3", "every wake is lost", "mailboxes are read within a minute", a_lost_wake_is_made_good},
      {"absent_is_not_believed_before_settle", "4", "a creation takes effect after its answer was due", "it is not repeated while it may still come", absent_is_not_believed_before_settle},
      {"a_strangers_name_is_left_alone", "4", "somebody else has the name", "another is taken, the stranger's stays as it is", a_strangers_name_is_left_alone},
      {"a_forgotten_handle_is_looked_for", "4", "the vendor does not know its job any more", "what came of it is looked for", a_forgotten_handle_is_looked_for},
      {"a_key_is_the_same_on_every_try", "4", "an effect is there, and every answer says that it failed", "the same key is sent again, and the effect is there once", a_key_is_the_same_on_every_try},
      {"takeover_observes_what_was_under_way", "4", "killed with a request under way", "the next node looks before it repeats", takeover_observes_what_was_under_way},
      {"a_sleeper_with_a_request_in_hand", "4", "stopped just before a request leaves; another node takes over; the first goes on", "its request does not leave", a_sleeper_with_a_request_in_hand},
      {"messages_come_once_and_in_order", "5", "wakes are doubled, delayed and overtaken", "ten messages are applied once and in order", messages_come_once_and_in_order},
      {"messages_outlive_their_node", "5", "killed while messages lie in a mailbox", "the next node applies them", messages_outlive_their_node},
      {"a_final_receiver_is_journalled", "5", "the receiver is final when a message comes", "it is refused in the receiver's journal", a_final_receiver_is_journalled},
      {"timers_fire_after_downtime", "6", "down for three hours", "what was due fires at once", timers_fire_after_downtime},
      {"a_lost_timer_message_is_made_good", "6", "nobody hears that a timer was set", "it fires all the same, in time", a_lost_timer_message_is_made_good},
      {"the_clock_runs_backwards", "6", "the wall clock jumps back by 90 s and forward again", "no journal runs backwards, no timer is lost", the_clock_runs_backwards},
      {"it_sleeps_and_comes_back", "7", "nobody needs the actor for ten minutes", "it is loaded again, nothing is missing", it_sleeps_and_comes_back},
      {"who_was_succeeded_writes_nothing", "8", "stopped with a command in hand; another node takes over", "the former node writes nothing any more", who_was_succeeded_writes_nothing},
      {"a_restart_takes_over_at_once", "8", "restarted on the same host", "it serves without waiting for the lease", a_restart_takes_over_at_once},
      {"what_was_required_has_changed", "9", "the row that a decision relies on changes before its commit", "it is decided again", what_was_required_has_changed},
      {"the_journal_tells_a_whole_life", "9", "a plant from birth to its end", "its journal alone gives its state", the_journal_tells_a_whole_life},
      {"a_key_answers_again", "10", "a request is repeated, and its key used for another", "the recorded answer; 422", a_key_answers_again},
    };
    for (auto more : {automation_scenarios(), found_scenarios()}) some.insert(some.end(), more.begin(), more.end());
    return some;
  }();
  return all;
}

const std::vector<Gap>& not_simulated() {
  static const std::vector<Gap> all{
      {"1", "a statement that the database refuses, and the bisection of its batch", "the memory store refuses what it cannot keep before it writes: tests/contract does it on both databases"},
      {"1", "a second committer", "there is one"},
      {"3", "quarantine by a poisoned message or a revision that does not load", "rows break here, messages and revisions do not: tests/unit/actors/quarantine_test.cpp"},
      {"4", "sharding of vendor accounts over nodes, windows of limits after a takeover", "one node owns all shards in this version"},
      {"6", "round robin of due timers by tenant", "it needs more timers than a world has: tests/unit/actors/fairness_test.cpp, tests/system/neighbours_test.py"},
      {"7", "sizes of attributes, events and results", "values that are refused at the edge: tests/unit/workflows"},
      {"8", "database-time leases between hosts, SQLite's file lock, session time-outs", "the memory store has no sessions that hang and no files: tests/contract, tests/system/takeover_test.py"},
      {"9", "migration of actors to another revision; retention and erasure", "no migration is carried out by this engine yet; the memory store keeps no journal"},
      {"10", "sealing, rotation, masking", "no secret flows through the yard: tests/unit/config, tests/system"},
  };
  return all;
}

}  // namespace stellwerk::simulation
