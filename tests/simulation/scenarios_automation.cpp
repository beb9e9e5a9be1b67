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

std::ptrdiff_t changes_sent(Stage& stage, std::size_t from = 0) {
  const auto& all = stage.world().sent();
  return std::count_if(all.begin() + static_cast<std::ptrdiff_t>(from), all.end(), [](const auto& sent) { return sent.request.method != "GET"; });
}

const TenantId& tenant_of(Stage& stage, const ActorId& actor) { return stage.state().actors.at(actor).tenant; }

/// Turns the stop on or off, and waits until that is heard.
void turn(Stage& stage, bool on, const TenantId& tenant, bool all = false) {
  const auto heard = std::make_shared<bool>(false);
  stage.load().turn(on, tenant, all, [heard] { *heard = true; });
  stage.until("the admin has an answer", [&] { return *heard; });
}

// --- §7 emergency stop

void an_emergency_stop_stops(Stage& stage) {
  const auto plant = stage.plant();
  turn(stage, true, tenant_of(stage, plant));
  stage.expect(stage.answered(stage.command(plant, "build")), "what people order is taken");
  stage.pass(hours{1});
  stage.expect(changes_sent(stage) == 0, "nothing is asked of the vendor");
  stage.expect(stage.number(stage.venture_of(plant), "notes") == 0, "the timer of five minutes has not fired");
  turn(stage, false, tenant_of(stage, plant));
  stage.until("the timer fires", [&] { return stage.number(stage.venture_of(plant), "notes") == 1000; }, minutes{1});
  if (stage.until("approval is asked for", [&] { return stage.waits_for(plant, "wait:allow"); })) (void)stage.command(plant, "approve");
  stage.until("the plant is active", [&] { return stage.state_of(plant) == "active"; });
}

void a_stop_outlives_its_node(Stage& stage) {
  const auto plant = stage.plant();
  stage.next_call("edge", "put_stop", StoreFault::node_ends_after);
  turn(stage, true, tenant_of(stage, plant));
  stage.expect(stage.answered(stage.command(plant, "build")), "what people order is taken");
  stage.world().kill_node();
  stage.world().start_node();
  stage.pass(minutes{10});
  stage.expect(changes_sent(stage) == 0, "nothing is asked of the vendor");
  turn(stage, false, tenant_of(stage, plant));
  stage.until("the box is asked for", [&] { return changes_sent(stage) > 0; });
}

void a_stop_leaves_other_tenants_alone(Stage& stage) {
  const auto ours = stage.stall(0), theirs = stage.stall(1);
  turn(stage, true, tenant_of(stage, ours));
  stage.until("the other tenant's stall is cleared", [&] { return stage.state_of(theirs) == "gone"; }, minutes{5});
  stage.expect(stage.state_of(ours) == "standing", "ours stands still");
  turn(stage, true, tenant_of(stage, theirs), true);
  const auto asked = stage.load().create("stall", 2);
  stage.expect(stage.answered(asked), "a creation is taken");
  stage.pass(minutes{5});
  stage.expect(stage.state_of(ActorId{text_of((*asked->answer)->body, "id")}) == "raising", "a stop for all is for all");
  turn(stage, false, tenant_of(stage, theirs), true);
  turn(stage, false, tenant_of(stage, ours));
  stage.until("ours is cleared", [&] { return stage.state_of(ours) == "gone"; }, minutes{5});
}

void what_is_under_way_is_looked_after_during_a_stop(Stage& stage) {
  const auto plant = stage.plant();
  stage.expect(stage.answered(stage.command(plant, "build")), "build is taken");
  stage.until("the vendor builds the hall", [&] { return stage.has_attempt(plant, "yard.build_hall", "poll"); });
  turn(stage, true, tenant_of(stage, plant));
  stage.until("the hall is there, and that is known", [&] { return !stage.yard().halls().empty() && !stage.has_attempt(plant, "yard.build_hall"); }, minutes{5});
  turn(stage, false, tenant_of(stage, plant));
}

// --- §7 mass-action guard

/// So many stalls at a time that the guard lets `floor` of them go.
std::vector<ActorId> fair(Stage& stage, int count) {
  std::vector<std::shared_ptr<Asked>> asked;
  for (int i = 0; i < count; ++i) asked.push_back(stage.load().create("stall", 0));
  std::vector<ActorId> stalls;
  for (const auto& one : asked)
    if (stage.answered(one)) stalls.emplace_back(text_of((*one->answer)->body, "id"));
  return stalls;
}

std::ptrdiff_t gone(Stage& stage, const std::vector<ActorId>& stalls) {
  return std::ranges::count_if(stalls, [&](const ActorId& stall) { return stage.state_of(stall) == "gone"; });
}

void answer_guard(Stage& stage, const actors::GuardAnswer& answer) {
  const auto heard = std::make_shared<bool>(false);
  stage.world().answer_guard(answer, [heard](const Result<actors::Answer>& told) { *heard = told.has_value(); });
  stage.until("the guard has its answer", [&] { return *heard; });
}

void the_guard_asks(Stage& stage) {
  const auto floor = stage.world().plan().guard.floor;
  const auto stalls = fair(stage, floor + 6);
  stage.until("a person is asked", [&] { return stage.incident_of({}, "mass_guard") != nullptr; }, minutes{10});
  stage.pass(minutes{30});
  stage.expect(gone(stage, stalls) == floor, fmt::format("{} are gone, not {}", gone(stage, stalls), floor));
  const auto& question = *stage.incident_of({}, "mass_guard");
  const actors::Caller admin{question.tenant, "usr_admin", "admin", ""};
  answer_guard(stage, {.question = question.id, .release = true, .number = 2, .pause = {}, .note = "two", .caller = admin});
  stage.pass(minutes{30});
  stage.expect(gone(stage, stalls) == floor + 2, fmt::format("two more are gone, {} in all", gone(stage, stalls)));
  if (const auto* rest = stage.incident_of({}, "mass_guard"); rest != nullptr) answer_guard(stage, {.question = rest->id, .release = true, .number = {}, .pause = {}, .note = "all", .caller = admin});
  else stage.expect(false, "about the rest a person is asked again");
  stage.until("all are gone", [&] { return gone(stage, stalls) == std::ssize(stalls); }, minutes{5});
}

void the_guard_remembers(Stage& stage) {
  const auto floor = stage.world().plan().guard.floor;
  const auto first = fair(stage, floor);
  stage.until("they are gone", [&] { return gone(stage, first) == floor; }, minutes{10});
  // Each node counts anew from what is on disk, also when the hold was written and nobody heard of it.
  stage.world().kill_node();
  stage.world().start_node();
  stage.next_call("timers", "hold_timers", StoreFault::node_ends_after);
  const auto second = fair(stage, 3);
  stage.until("a person is asked", [&] { return stage.incident_of({}, "mass_guard") != nullptr; }, minutes{8});
  stage.pass(minutes{1});
  stage.expect(gone(stage, second) == 0, "none of them goes");
  stage.load().keep_watch();
}

// --- §3 quarantine

void a_broken_row_is_put_aside(Stage& stage) {
  const auto plant = stage.plant(), other = stage.plant();
  stage.pass(minutes{2});  // nobody has it in memory any more
  stage.load().break_row(plant, false, minutes{20});
  stage.expect(stage.answered(stage.command(stage.venture_of(plant), "poke")), "poke is taken");
  stage.until("a person is asked", [&] { return stage.incident_of(plant, "quarantined") != nullptr; }, minutes{2});
  const auto build = stage.command(plant, "build");
  stage.grow(other);
  const auto too_early = stage.remedy(stage.incident_of(plant, "quarantined")->id, "retry");
  stage.pass(minutes{1});
  stage.expect(!*too_early && stage.incident_of(plant, "quarantined") != nullptr, "it is not let out before it is repaired");
  stage.expect(stage.number(plant, "heard") == 0, "its mailbox waits");
  stage.load().keep_watch();
  stage.until("it has heard of the poke", [&] { return stage.number(plant, "heard") == 1; }, minutes{40});
  stage.until("build has an answer", [&] { return build->done; });
}

void who_breaks_at_work_goes_on(Stage& stage) {
  const auto plant = stage.plant();
  stage.next_request("POST /boxes", "hang");
  stage.expect(stage.answered(stage.command(plant, "build")), "build is taken");
  stage.until("the box is asked for", [&] { return changes_sent(stage) > 0; });
  stage.world().kill_node();
  stage.load().break_row(plant, true, minutes{10});
  stage.world().start_node();
  stage.until("a person is asked", [&] { return stage.incident_of(plant, "quarantined") != nullptr; }, minutes{2});
  stage.load().keep_watch();
  if (stage.until("approval is asked for", [&] { return stage.waits_for(plant, "wait:allow"); })) (void)stage.command(plant, "approve");
}

void the_answer_to_a_quarantine_is_lost(Stage& stage) {
  const auto plant = stage.plant();
  stage.pass(minutes{2});
  stage.load().break_row(plant, false, minutes{5});
  const auto venture = stage.venture_of(plant);
  // What is written beside the actor: its incident, and a person's word that it is well again.
  stage.world().store_script = [&stage, plant, lost = 0](const StoreCall& call) mutable {
    const bool beside = stage.incident_of(plant, "quarantined") == nullptr ? stage.state().actors.at(plant).cursor.is_string() : !stage.state().actors.at(plant).cursor.is_string();
    if (call.role != "committer" || call.call != "commit" || !beside || stage.state().mailbox.empty() || lost >= 2) return StoreFault::none;
    ++lost;
    return lost == 1 ? StoreFault::fails_after : StoreFault::throws_after;
  };
  stage.expect(stage.answered(stage.command(venture, "poke")), "poke is taken");
  stage.until("a person is asked", [&] { return stage.incident_of(plant, "quarantined") != nullptr; }, minutes{2});
  stage.pass(minutes{2});
  stage.expect(stage.times_in_journal(plant, "incident_opened", "kind", "quarantined") == 1, "one incident is opened, however often it was written");
  stage.load().keep_watch();
  stage.until("it has heard of the poke", [&] { return stage.number(plant, "heard") == 1; }, minutes{20});
  stage.expect(stage.times_in_journal(plant, "incident_closed", "remedy", "retry") == 1, "it is closed once");
}

// --- tenants

void strangers_are_not_let_in(Stage& stage) {
  const auto ours = stage.stall(0), theirs = stage.stall(1);
  std::vector<Result<actors::Answer>> answers;
  for (const auto& [actor, stranger] : {std::pair{ours, tenant_of(stage, theirs)}, std::pair{theirs, tenant_of(stage, ours)}})
    stage.world().command({.actor = actor, .kind = "", .command = "prolong", .payload = JsonObject{{"token", "stranger"}}, .caller = {stranger, "usr_staff", "staff", ""}, .trace = {}, .idempotency = {}},
                          [&](Result<actors::Answer> answer) { answers.push_back(std::move(answer)); });
  stage.until("both have answers", [&] { return answers.size() == 2; });
  for (const auto& answer : answers) stage.expect(!answer && answer.error().code == ErrorCode::not_found, "another tenant's actor is not there");
  stage.expect(stage.number(ours, "days") == 1 && stage.number(theirs, "days") == 1, "nothing has changed");
}

// --- §4 limits

void a_silent_server_keeps_nobody_else_waiting(Stage& stage) {
  const auto plant = stage.plant();  // on the servers of the stalls
  const auto stalls = [](const connectors::DriverRequest& request) { return request.method == "POST" && request.url == "/boxes" && request.body.starts_with("name=stall"); };
  stage.yard().script = [stalls](const connectors::DriverRequest& request) -> std::string_view { return stalls(request) ? "hang" : ""; };
  std::vector<std::shared_ptr<Asked>> asked;
  for (int i = 0; i < 30; ++i) asked.push_back(stage.load().create("stall", 0));
  stage.pass(seconds{90});
  const auto theirs = stage.load().create("stall", 1);
  stage.expect(stage.answered(theirs), "another tenant's is taken");
  stage.yard().script = [](const connectors::DriverRequest&) -> std::string_view { return ""; };
  stage.grow(plant);
  stage.until("all are taken", [&] { return std::ranges::all_of(asked, [](const auto& one) { return one->answer && one->answer->has_value(); }); });
  stage.load().keep_watch();  // the guard asks about so many at once
}

// --- §7 admission

bool hangs(const connectors::DriverRequest& request) { return request.method == "POST" && request.url == "/boxes"; }

void take_on_little(Script& script) { script.plan.bounds = actors::Bounds{.queue_per_server = 3}; }

void the_edge_sheds(Stage& stage) {
  stage.yard().script = [](const connectors::DriverRequest& request) -> std::string_view { return hangs(request) ? "hang" : ""; };
  std::vector<std::shared_ptr<Asked>> asked;
  for (int i = 0; i < 8; ++i) asked.push_back(stage.load().create("stall", 1));
  stage.until("some are taken, and the others shed", [&] {
    return std::ranges::count_if(asked, [](const auto& one) { return one->done; }) == 3 && std::ranges::all_of(asked, [](const auto& one) { return one->done || one->tries > 1; });
  }, minutes{1});
  stage.expect(stage.state().actors.size() == 3, "who was shed is not there");
  stage.expect(stage.load().refusals() >= 5, "who was shed was told so");
  const auto other = stage.load().create("stall", 2);
  stage.expect(stage.answered(other), "another server takes more");
  stage.yard().script = [](const connectors::DriverRequest&) -> std::string_view { return ""; };
  stage.until("all are taken", [&] { return std::ranges::all_of(asked, [](const auto& one) { return one->answer && one->answer->has_value(); }); });
}

void keep_little_in_memory(Script& script) {
  script.plan.bounds = actors::Bounds{.in_flight_per_tenant = 2, .in_flight_per_operation = 2, .actors_in_memory = 1};
  script.plan.least_window = 1;
}

void what_waits_is_parked(Stage& stage) {
  stage.yard().script = [](const connectors::DriverRequest& request) -> std::string_view { return hangs(request) ? "hang" : ""; };
  std::vector<ActorId> stalls;
  std::vector<std::shared_ptr<Asked>> asked;
  for (int i = 0; i < 40; ++i) asked.push_back(stage.load().create("stall", i % 3 == 0 ? 2 : 0));
  for (const auto& one : asked)
    if (stage.answered(one)) stalls.emplace_back(text_of((*one->answer)->body, "id"));
  // Ends, a takeover, and what people do meanwhile: what is parked is found again in the database.
  stage.world().kill_node();
  stage.world().start_node();
  stage.pass(seconds{20});
  stage.yard().script = [](const connectors::DriverRequest&) -> std::string_view { return ""; };
  stage.until("the guard asks about so many", [&] { return stage.incident_of({}, "mass_guard") != nullptr; });
  stage.load().keep_watch();
  stage.until("each of them has come to its end", [&] { return std::ranges::all_of(stalls, [&](const ActorId& stall) { return stage.state_of(stall) == "gone"; }); }, hours{3});
}

// --- a slow database

void a_slow_commit_is_waited_for(Stage& stage) {
  const auto plant = stage.plant();
  stage.next_call("committer", "commit", StoreFault::slow);
  const auto before = stage.world().elapsed();
  stage.expect(stage.answered(stage.command(stage.venture_of(plant), "note")), "the note is taken");
  stage.expect(stage.world().elapsed() - before > milliseconds{100}, "it has taken a while");
  stage.expect(stage.number(stage.venture_of(plant), "notes") == 1, "it counts once");
}

void a_node_ends_while_its_commit_is_slow(Stage& stage) {
  const auto plant = stage.plant();
  const auto venture = stage.venture_of(plant);
  stage.next_call("committer", "commit", StoreFault::slow);
  const auto note = stage.command(venture, "note");
  stage.world().after(seconds{4}, "the power fails", [&stage] {
    stage.world().kill_node();
    stage.world().start_node();
  });
  stage.expect(stage.answered(note), "the client gets its answer from one of the nodes");
  stage.expect(stage.number(venture, "notes") % 1000 == 1, "it counts once");
}

void a_slow_heartbeat_is_no_lease(Stage& stage) {
  const auto plant = stage.plant();
  stage.world().store_script = [](const StoreCall& call) { return call.call == "heartbeat" ? StoreFault::slow : StoreFault::none; };
  stage.grow(plant);
  stage.world().store_script = nullptr;
  stage.expect(stage.world().incarnations().size() == 1, "nobody has to end for it");
}

}  // namespace

std::vector<Scenario> automation_scenarios() {
  return {
      {"an_emergency_stop_stops", "7", "stopped before a plant is built", "what people order is taken; no timer fires, no attempt begins; all goes on afterwards", an_emergency_stop_stops},
      {"a_stop_outlives_its_node", "7", "the process ends behind the row of a stop, and again later", "the next nodes stand still as well", a_stop_outlives_its_node},
      {"a_stop_leaves_other_tenants_alone", "7", "one tenant is stopped, then all", "the others go on; then nobody does", a_stop_leaves_other_tenants_alone},
      {"what_is_under_way_is_looked_after_during_a_stop", "7", "stopped while the vendor works on a hall", "its end is heard of", what_is_under_way_is_looked_after_during_a_stop},
      {"the_guard_asks", "7", "timers would clear more stalls than the guard allows", "so many go; of the others as many as a person says, and about the rest one is asked again", the_guard_asks},
      {"the_guard_remembers", "7", "the node ends between what went and what would go, and behind the row of a hold", "the next one holds as well", the_guard_remembers},
      {"a_broken_row_is_put_aside", "3", "an actor's row cannot be read", "it keeps its mailbox and harms nobody; repaired and let out, it goes on", a_broken_row_is_put_aside},
      {"who_breaks_at_work_goes_on", "3", "killed with a request under way, and the revision is not to be found for a while", "let out, it looks before it repeats", who_breaks_at_work_goes_on},
      {"the_answer_to_a_quarantine_is_lost", "3", "the incident of a quarantine is written and its answer lost, and so is its end", "one incident, opened and closed once", the_answer_to_a_quarantine_is_lost},
      {"strangers_are_not_let_in", "5", "two tenants give commands to each other's actors", "404, and nothing changes", strangers_are_not_let_in},
      {"a_silent_server_keeps_nobody_else_waiting", "4", "thirty attempts at one vendor that does not answer", "as many as allowed are under way; others, and other tenants, go on", a_silent_server_keeps_nobody_else_waiting},
      {"the_edge_sheds", "7", "more is asked of a silent server than may wait for it", "503 with a time to come again, and nothing has changed; others are served; all is taken by and by", the_edge_sheds, take_on_little},
      {"what_waits_is_parked", "7", "forty attempts wait behind a window of one, and the node ends", "each is found again, and carried out", what_waits_is_parked, keep_little_in_memory},
      {"a_slow_commit_is_waited_for", "1", "a commit takes many seconds", "the decision counts once, and the client hears so", a_slow_commit_is_waited_for},
      {"a_node_ends_while_its_commit_is_slow", "1", "the process is killed while the database takes its time", "the decision counts once, and the client hears so", a_node_ends_while_its_commit_is_slow},
      {"a_slow_heartbeat_is_no_lease", "8", "heartbeats take longer than the lease", "requests are withheld meanwhile, and the work is done", a_slow_heartbeat_is_no_lease},
  };
}

}  // namespace stellwerk::simulation
