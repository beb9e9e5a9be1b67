#include "tests/simulation/load.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace stellwerk::simulation {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::minutes;

constexpr auto deadline = seconds{40};        ///< of a client
constexpr int most_tries = 400;
constexpr auto operator_looks = seconds{20};
/// Before an operator believes what the vendor shows: longer than anything that may still take effect.
constexpr auto operator_waits = seconds{100};
constexpr int most_tidying = 60;

bool is_worth_repeating(const Error& error) {
  return is_transient(error.code) || error.code == ErrorCode::cancelled || error.code == ErrorCode::deadline_exceeded || error.code == ErrorCode::internal || error.reason == "in_progress";
}

}  // namespace

Load::Load(World& world, Yard& yard, TenantId tenant, ServerId server, LoadPlan plan)
    : world_{world}, yard_{yard}, tenant_{std::move(tenant)}, server_{std::move(server)}, plan_{plan}, random_{world.random().fork()} {}

actors::Caller Load::staff() const { return {tenant_, "usr_staff", "staff", ""}; }

void Load::begin() {
  const auto within = [&] { return milliseconds{random_.between(1, std::chrono::duration_cast<milliseconds>(plan_.span).count())}; };
  for (int i = 0; i < plan_.ventures; ++i) world_.after(milliseconds{random_.between(1, 20'000)}, "a client orders", [this] { (void)create(); });
  for (int i = 0; i < plan_.requests; ++i) world_.after(within(), "a client wishes something", [this] { wish(); });
  keep_watch();
  if (plan_.tidy) world_.after(plan_.span, "clients tidy up", [this] { tidy(); });
}

// --- requests

std::shared_ptr<Asked> Load::create() { return ask({.kind = Asked::Kind::create}); }

std::shared_ptr<Asked> Load::command(const ActorId& actor, const std::string& name, JsonObject payload) {
  return ask({.kind = Asked::Kind::command, .actor = actor, .name = name, .payload = std::move(payload)});
}

std::shared_ptr<Asked> Load::edit(const ActorId& venture, const std::string& label) {
  return ask({.kind = Asked::Kind::edit, .actor = venture, .payload = JsonObject{{"label", label}}});
}

std::shared_ptr<Asked> Load::ask(Asked what) {
  what.token = fmt::format("tok-{}", ++last_token_);
  if (what.kind == Asked::Kind::command) what.payload.as_object()[what.name == "approve" || what.name == "reject" ? "note" : "token"] = what.token;
  if (what.kind == Asked::Kind::edit) what.payload.as_object()["label"] = what.token;
  auto shared = asked_.emplace_back(std::make_shared<Asked>(std::move(what)));
  send(shared);
  return shared;
}

void Load::send(const std::shared_ptr<Asked>& what) {
  const int number = ++what->tries;
  const actors::Idempotency idempotency{.scope = "sim", .key = what->token, .body_hash = what->token};
  const auto done = [this, what, number](Result<actors::Answer> answer) { on_answer(what, number, std::move(answer)); };
  world_.after(deadline, "a client's patience ends", [this, what, number] {
    if (!what->done && what->tries == number) again(what);
  });
  switch (what->kind) {
    case Asked::Kind::create:
      return world_.create({.kind = "order", .prefix = "ord", .workflow = "venture", .attributes = JsonObject{{"server", server_.str()}, {"token", what->token}}, .customer = "cus_1",
                            .caller = staff(), .trace = {}, .idempotency = idempotency}, done);
    case Asked::Kind::command:
      return world_.command({.actor = what->actor, .kind = "", .command = what->name, .payload = what->payload, .caller = staff(), .trace = {}, .idempotency = idempotency}, done);
    case Asked::Kind::edit:
      return world_.edit({.actor = what->actor, .kind = "", .values = what->payload, .caller = staff(), .trace = {}, .idempotency = idempotency}, done);
  }
}

void Load::on_answer(const std::shared_ptr<Asked>& what, int number, Result<actors::Answer> answer) {
  if (what->done) return;
  if (answer || !is_worth_repeating(answer.error())) {
    what->done = true;
    what->answer = std::move(answer);
    return;
  }
  if (what->tries == number) again(what);  // an answer to an earlier try is no news
}

void Load::again(const std::shared_ptr<Asked>& what) {
  const bool tired = what->tries >= most_tries || (world_.in_trouble() && random_.chance(30));
  if (tired) {
    what->done = what->given_up = true;
    return;
  }
  const int number = what->tries;
  world_.after(milliseconds{random_.between(200, 4000)}, "a client repeats its request", [this, what, number] {
    if (!what->done && what->tries == number) send(what);
  });
}

// --- wishes

ActorId Load::plant_of(const ActorId& venture) const {
  const auto found = world_.state().actors.find(venture);
  return ActorId{found == world_.state().actors.end() ? std::string{} : text_of(found->second.attributes, "plant")};
}

void Load::wish() {
  std::vector<const storage::ActorRow*> ventures, plants;
  for (const auto& [id, row] : world_.state().actors) {
    if (row.workflow == "venture") ventures.push_back(&row);
    if (row.workflow == "plant" && (row.live || random_.chance(50))) plants.push_back(&row);
  }
  if (ventures.empty()) return;
  const auto kind = random_.below(100);
  if (kind < 25 || plants.empty()) {
    const auto& venture = random_.pick(std::span<const storage::ActorRow* const>{ventures})->id;
    if (kind < 18) (void)command(venture, "poke");
    else if (kind < 23) (void)command(venture, "note");
    else (void)edit(venture, {});
    return;
  }
  wish_of_plant(*random_.pick(std::span<const storage::ActorRow* const>{plants}));
}

void Load::wish_of_plant(const storage::ActorRow& plant) {
  struct Wish {
    std::string_view command;
    int weight;
  };
  static const std::map<std::string, std::vector<Wish>, std::less<>> wishes{
      {"ordered", {{"build", 90}, {"cancel", 5}, {"tune", 2}, {"handover", 3}}},
      {"building", {{"approve", 30}, {"handover", 25}, {"cancel", 14}, {"halt", 10}, {"tune", 8}, {"extend", 8}, {"reject", 3}, {"write", 2}}},
      {"broken", {{"build", 90}, {"cancel", 10}}},
      {"halted", {{"cancel", 80}, {"build", 20}}},
      {"active", {{"tune", 28}, {"write", 22}, {"extend", 24}, {"give_spare", 10}, {"retire", 6}, {"cancel", 5}, {"handover", 5}}},
  };
  static const std::vector<Wish> anything{{"build", 1}, {"cancel", 1}, {"tune", 1}, {"extend", 1}, {"write", 1}, {"handover", 1}, {"approve", 1}, {"halt", 1}};
  const auto found = wishes.find(plant.state);
  const auto& some = found == wishes.end() || random_.chance(100) ? anything : found->second;
  int total = 0;
  for (const auto& wish : some) total += wish.weight;
  auto at = static_cast<int>(random_.below(static_cast<std::uint64_t>(total)));
  for (const auto& wish : some) {
    if ((at -= wish.weight) >= 0) continue;
    JsonObject payload;
    if (wish.command == "tune") payload["speed"] = random_.between(1, 9);
    (void)command(plant.id, std::string{wish.command}, std::move(payload));
    // Somebody else is quick as well.
    if (wish.command == "retire" || random_.chance(60)) (void)command(ActorId{text_of(plant.attributes, "order")}, "poke");
    return;
  }
}

/// What waits for a person gets its answer, so that lives come to a definite state.
void Load::tidy() {
  bool waits = false;
  for (const auto& [id, row] : world_.state().actors) {
    if (row.workflow != "plant" || !row.live) continue;
    const auto cursor = cursor_of(id);
    if (!cursor || !cursor->run || !cursor->run->waiting) {
      waits = waits || (cursor && cursor->run);
      continue;
    }
    waits = true;
    const bool asked = std::ranges::any_of(asked_, [&](const auto& a) { return a->actor == id && !a->done; });
    if (!asked) (void)command(id, cursor->timers.contains("wait:allow") ? "approve" : "handover");
  }
  if (waits && ++tidied_ < most_tidying) world_.after(seconds{30}, "clients tidy up", [this] { tidy(); });
}

std::optional<workflows::Cursor> Load::cursor_of(const ActorId& actor) const {
  const auto found = world_.state().actors.find(actor);
  if (found == world_.state().actors.end()) return std::nullopt;
  auto cursor = workflows::decode_cursor(found->second.cursor);
  return cursor ? std::optional{std::move(*cursor)} : std::nullopt;
}

// --- the operator

void Load::keep_watch() {
  const bool open = std::ranges::any_of(world_.state().incidents, [](const auto& entry) { return entry.second.state == "open"; });
  if ((!open && !world_.in_trouble()) || std::exchange(watching_, true)) return;
  world_.after(operator_looks, "the operator looks", [this] {
    watching_ = false;
    operate();
    keep_watch();
  });
}

void Load::operate() {
  std::vector<storage::IncidentRow> open;
  for (const auto& [id, incident] : world_.state().incidents)
    if (incident.state == "open") open.push_back(incident);
  for (const auto& incident : open) {
    // The wall clock may jump: what counts is how often one has looked.
    const bool settled = ++looked_at_[incident.id] * operator_looks >= operator_waits && !yard_.is_at_work(incident.actor.str());
    if (settled && !in_hand_[incident.id]) remedy(incident);
  }
}

std::string Load::choose(const storage::IncidentRow& incident) {
  const auto offers = [&](std::string_view remedy) { return std::ranges::find(incident.remedies, remedy) != incident.remedies.end(); };
  if (incident.kind != "held_run") return looked_at_[incident.id] > 15 && offers("skip") ? "skip" : "retry";
  const auto cursor = cursor_of(incident.actor);
  if (!cursor || !cursor->run) return "retry";
  const auto& run = *cursor->run;
  const auto operation = text_of(incident.detail, "operation");
  if (operation == "yard.post_letter" && run.held_phase != workflows::Phase::undoing) {
    const auto begun = std::ranges::find_if(run.begun, [&](const auto& step) { return step.at == run.at; });
    if (begun != run.begun.end() && yard_.letters().contains(text_of(begun->input, "reference"))) return "done";
    // It is not there, and no look of the engine's would show more.
    if (offers("fail")) return "fail";
    if (offers("skip")) return "skip";
  }
  if (offers("fail") && random_.chance(250)) return "fail";
  // A new key is harmless where the name makes a second creation collide.
  if (offers("edit") && operation != "yard.charge" && operation != "yard.top_up" && operation.starts_with("yard.") && random_.chance(100)) return "edit";
  return "retry";
}

void Load::remedy(const storage::IncidentRow& incident) {
  const auto what = choose(incident);
  ++remedies_;
  in_hand_[incident.id] = true;
  const auto id = incident.id;
  world_.after(deadline, "the operator's patience ends", [this, id] { in_hand_[id] = false; });
  world_.remedy({.incident = id, .remedy = what, .note = "seen to", .input = JsonObject{}, .output = JsonObject{}, .caller = staff(), .trace = {}},
                [this, id](const Result<actors::Answer>&) { in_hand_[id] = false; });  // it shows at the next look what came of it
}

bool Load::quiet() const {
  const bool answered = std::ranges::all_of(asked_, [](const auto& what) { return what->done; });
  const bool open = std::ranges::any_of(world_.state().incidents, [](const auto& entry) { return entry.second.state == "open"; });
  return answered && !open;
}

}  // namespace stellwerk::simulation
