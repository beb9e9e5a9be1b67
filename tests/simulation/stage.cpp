#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>

#include "tests/simulation/scenarios.hpp"

namespace stellwerk::simulation {

void Stage::expect(bool holds, const std::string& what) {
  if (!holds) wrongs_.push_back(what);
}

void Stage::ran(const Result<void>& result) { expect(result.has_value(), result ? std::string{} : describe(result.error())); }

bool Stage::until(const std::string& what, const std::function<bool()>& holds, Duration at_most) {
  const auto came = world().run_until(holds, at_most);
  const bool true_now = came && *came;
  expect(true_now, "in vain waited until " + what);
  return true_now;
}

void Stage::pass(Duration span) { ran(world().run_for(span)); }
void Stage::settle() { ran(world().run_to_quiet()); }

ActorId Stage::plant() {
  const auto asked = load().create();
  if (!answered(asked)) throw std::runtime_error{"a venture could not be created"};
  const auto plant = load().plant_of(ActorId{text_of((*asked->answer)->body, "id")});
  if (plant.empty()) throw std::runtime_error{"the venture has no plant"};
  return plant;
}

ActorId Stage::venture_of(const ActorId& plant) { return ActorId{text_of(state().actors.at(plant).attributes, "order")}; }

bool Stage::answered(const std::shared_ptr<Asked>& what) {
  until(fmt::format("{} is answered", what->name.empty() ? "the request" : what->name), [&] { return what->done; });
  return what->answer && what->answer->has_value();
}

void Stage::grow(const ActorId& plant) {
  expect(answered(command(plant, "build")), "build is taken");
  if (until("approval is asked for", [&] { return waits_for(plant, "wait:allow"); })) (void)command(plant, "approve");
  if (until("the handover is waited for", [&] { return waits_for(plant, "wait:hand"); })) (void)command(plant, "handover");
  until("the plant is active", [&] { return state_of(plant) == "active"; });
}

ActorId Stage::stall(std::size_t tenancy) {
  const auto asked = load().create("stall", tenancy);
  if (!answered(asked)) throw std::runtime_error{"a stall could not be rented"};
  const ActorId id{text_of((*asked->answer)->body, "id")};
  until("the stall stands", [&] { return state_of(id) == "standing"; });
  return id;
}

std::shared_ptr<bool> Stage::remedy(const IncidentId& incident, const std::string& what) {
  auto taken = std::make_shared<bool>(false);
  world().remedy({.incident = incident, .remedy = what, .note = "seen to", .input = JsonObject{}, .output = JsonObject{},
                  .caller = {state().incidents.at(incident).tenant, "usr_staff", "staff", ""}, .trace = {}},
                 [taken](const Result<actors::Answer>& answer) { *taken = answer.has_value(); });
  return taken;
}

const storage::IncidentRow* Stage::incident_of(const ActorId& actor, std::string_view kind) {
  for (const auto& [id, incident] : state().incidents)
    if (incident.state == "open" && incident.actor == actor && incident.kind == kind) return &incident;
  return nullptr;
}

std::string Stage::state_of(const ActorId& actor) {
  const auto found = state().actors.find(actor);
  return found == state().actors.end() ? std::string{} : found->second.state;
}

bool Stage::waits_for(const ActorId& actor, const std::string& timer) { return state().timers.contains({actor, timer}); }

bool Stage::has_attempt(const ActorId& actor, std::string_view operation, std::string_view mode) {
  return std::ranges::any_of(state().attempts, [&](const auto& entry) {
    const auto& attempt = entry.second;
    return attempt.actor == actor && attempt.operation == operation && (mode.empty() || attempt.mode == mode);
  });
}

std::int64_t Stage::number(const ActorId& actor, const char* attribute) { return int_of(state().actors.at(actor).attributes, attribute); }

int Stage::times_in_journal(const ActorId& actor, std::string_view type, std::string_view field, std::string_view value) {
  int times = 0;
  for (const auto& written : world().ledger())
    for (const auto& change : written.commit.changes) {
      if (change.row.id != actor) continue;
      for (const auto& entry : change.journal.as_array())
        if (text_of(entry, "type") == type && text_of(entry, field) == value) ++times;
    }
  return times;
}

int Stage::open_incidents() {
  return static_cast<int>(std::ranges::count_if(state().incidents, [](const auto& entry) { return entry.second.state == "open"; }));
}

void Stage::next_call(std::string_view role, std::string_view call, StoreFault fault) {
  world().store_script = [role = std::string{role}, call = std::string{call}, fault, met = std::make_shared<bool>(false)](const StoreCall& asked) {
    if (*met || asked.role != role || asked.call != call) return StoreFault::none;
    *met = true;
    return fault;
  };
}

void Stage::next_request(const std::string& begins, std::string_view fault, int times) {
  yard().script = [begins, fault = std::string{fault}, left = std::make_shared<int>(times)](const connectors::DriverRequest& request) -> std::string_view {
    if (*left <= 0 || !(request.method + " " + request.url).starts_with(begins)) return "";
    --*left;
    return fault;
  };
}

Played play(const Scenario& scenario, const Stock& stock, bool trace) {
  Script script;
  script.plan.seed = 1;
  for (const char c : scenario.name) script.plan.seed = script.plan.seed * 31 + static_cast<unsigned char>(c);
  script.plan.trouble = {};
  script.plan.trace = trace;
  script.load.tenants = 3;
  script.load.ventures = script.load.requests = 0;
  if (scenario.arrange != nullptr) scenario.arrange(script);
  Story story{script, stock};
  story.yard().script = [](const connectors::DriverRequest&) -> std::string_view { return ""; };
  story.world().start_node();
  Stage stage{story};
  Played played;
  try {
    scenario.play(stage);
    stage.settle();
    played.wrongs = stage.wrongs();
  } catch (const std::exception& error) {
    played.wrongs = stage.wrongs();
    played.wrongs.emplace_back(error.what());
  }
  for (auto& what : judge(story.world(), story.yard(), story.load())) played.wrongs.push_back(std::move(what));
  played.trace = story.world().trace();
  return played;
}

}  // namespace stellwerk::simulation
