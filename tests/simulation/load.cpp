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
constexpr int stranger_asks = 30;  ///< of a thousand wishes
const Json rubbish = "rubbish";
constexpr int no_such_revision = 99;

/// The edge takes no more just now.
bool is_busy(const Error& error) { return error.reason == "tenant_busy" || error.reason == "server_busy" || error.reason == "step_busy" || error.reason == "overloaded"; }

bool is_worth_repeating(const Error& error) {
  return is_busy(error) || is_transient(error.code) || error.code == ErrorCode::cancelled || error.code == ErrorCode::deadline_exceeded || error.code == ErrorCode::internal || error.reason == "in_progress";
}

}  // namespace

Load::Load(World& world, Yard& yard, std::vector<Tenancy> tenancies, LoadPlan plan)
    : world_{world}, yard_{yard}, tenancies_{std::move(tenancies)}, plan_{plan}, random_{world.random().fork()} {
  tenancies_.resize(std::min(tenancies_.size(), static_cast<std::size_t>(std::max(plan_.tenants, 1))));
}

/// Half of everything is the first one's.
const Tenancy& Load::any_tenancy() { return random_.below(2) == 0 ? tenancies_.front() : random_.pick(std::span<const Tenancy>{tenancies_}); }

TenantId Load::tenant_of(const ActorId& actor) const {
  const auto found = world_.state().actors.find(actor);
  return found == world_.state().actors.end() ? tenancies_.front().tenant : found->second.tenant;
}

void Load::begin() {
  const auto within = [&] { return milliseconds{random_.between(1, std::chrono::duration_cast<milliseconds>(plan_.span).count())}; };
  const auto who = [&] { return static_cast<std::size_t>(&any_tenancy() - tenancies_.data()); };
  for (int i = 0; i < plan_.ventures; ++i) world_.after(milliseconds{random_.between(1, 20'000)}, "a client orders", [this, t = who()] { (void)create("venture", t); });
  const auto fair = milliseconds{random_.between(1, 60'000)};
  for (int i = 0, t = static_cast<int>(who()); i < plan_.stalls; ++i)
    world_.after(fair + milliseconds{random_.between(0, 30'000)}, "a client rents a stall", [this, t] { (void)create("stall", static_cast<std::size_t>(t)); });
  for (int i = 0; i < plan_.stops; ++i) world_.after(within(), "an admin stops everything", [this] { stop_for_a_while(); });
  for (int i = 0; i < plan_.breaks; ++i) world_.after(within(), "a row breaks", [this] { break_some_row(); });
  for (int i = 0; i < plan_.requests; ++i) world_.after(within(), "a client wishes something", [this] { wish(); });
  keep_watch();
  if (plan_.tidy) world_.after(plan_.span, "clients tidy up", [this] { tidy(); });
}

// --- requests

std::shared_ptr<Asked> Load::create(const std::string& workflow, std::size_t tenancy) {
  const auto& [tenant, servers] = tenancies_.at(tenancy);
  return ask({.kind = Asked::Kind::create, .tenant = tenant, .server = servers.size() == 1 ? servers.front() : random_.pick(std::span<const ServerId>{servers}), .name = workflow});
}

std::shared_ptr<Asked> Load::command(const ActorId& actor, const std::string& name, JsonObject payload) {
  return ask({.kind = Asked::Kind::command, .actor = actor, .name = name, .payload = std::move(payload)});
}

std::shared_ptr<Asked> Load::edit(const ActorId& venture, const std::string& label) {
  return ask({.kind = Asked::Kind::edit, .actor = venture, .payload = JsonObject{{"label", label}}});
}

std::shared_ptr<Asked> Load::ask(Asked what) {
  what.token = fmt::format("tok-{}", ++last_token_);
  if (what.tenant.empty()) what.tenant = tenant_of(what.actor);
  what.foreign = !what.actor.empty() && what.tenant != tenant_of(what.actor);
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
      return world_.create({.kind = what->name == "venture" ? "order" : "service", .prefix = what->name == "venture" ? "ord" : "svc", .workflow = what->name,
                            .attributes = JsonObject{{"server", what->server.str()}, {"token", what->token}}, .customer = "cus_1", .caller = staff(what->tenant), .trace = {},
                            .idempotency = idempotency}, done);
    case Asked::Kind::command:
      return world_.command({.actor = what->actor, .kind = "", .command = what->name, .payload = what->payload, .caller = staff(what->tenant), .trace = {}, .idempotency = idempotency}, done);
    case Asked::Kind::edit:
      return world_.edit({.actor = what->actor, .kind = "", .values = what->payload, .caller = staff(what->tenant), .trace = {}, .idempotency = idempotency}, done);
  }
}

void Load::on_answer(const std::shared_ptr<Asked>& what, int number, Result<actors::Answer> answer) {
  if (what->done) return;
  if (!answer && is_busy(answer.error())) look_at_refusal(*what, answer.error());
  if (answer || !is_worth_repeating(answer.error())) {
    what->done = true;
    what->answer = std::move(answer);
    return;
  }
  if (what->tries == number) again(what);  // an answer to an earlier try is no news
}

/// §7: what the edge sheds has changed nothing, and says when to come again.
void Load::look_at_refusal(const Asked& what, const Error& error) {
  ++refusals_;
  if (world_.state().idempotency.contains({"sim", what.token})) world_.accuse(fmt::format("{} was shed ({}), and applied", what.token, error.reason));
  if (error.retry_after < seconds{1} || error.retry_after > seconds{30})
    world_.accuse(fmt::format("{} was shed ({}), and is to come again in {} s", what.token, error.reason, std::chrono::duration_cast<seconds>(error.retry_after).count()));
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
  std::vector<const storage::ActorRow*> ventures, plants, stalls;
  for (const auto& [id, row] : world_.state().actors) {
    if (row.workflow == "venture") ventures.push_back(&row);
    if (row.workflow == "stall" && row.live) stalls.push_back(&row);
    if (row.workflow == "plant" && (row.live || random_.chance(50))) plants.push_back(&row);
  }
  if (!stalls.empty() && random_.chance(100)) return (void)command(random_.pick(std::span<const storage::ActorRow* const>{stalls})->id, "prolong");
  if (ventures.empty()) return;
  if (tenancies_.size() > 1 && random_.chance(stranger_asks)) {
    const auto& venture = *random_.pick(std::span<const storage::ActorRow* const>{ventures});
    const auto other = std::ranges::find_if(tenancies_, [&](const Tenancy& tenancy) { return tenancy.tenant != venture.tenant; });
    return (void)ask({.kind = Asked::Kind::command, .tenant = other->tenant, .actor = venture.id, .name = "note"});
  }
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

// --- admins

void Load::turn(bool on, const TenantId& tenant, bool all, std::function<void()> then) {
  const auto heard = std::make_shared<bool>(false);
  const auto again = [this, on, tenant, all, then, heard] {
    if (std::exchange(*heard, true)) return;
    world_.after(seconds{2}, "an admin tries again", [this, on, tenant, all, then] { turn(on, tenant, all, then); });
  };
  world_.after(deadline, "an admin's patience ends", again);
  world_.emergency_stop({.on = on, .all = all, .note = "to be safe", .caller = admin(tenant)}, [heard, again, then](const Result<actors::Answer>& answer) {
    if (!answer && answer.error().reason != "not_stopped") return again();  // somebody else has lifted it, or we have, unheard
    if (!std::exchange(*heard, true)) then();
  });
}

void Load::stop_for_a_while() {
  const auto tenant = any_tenancy().tenant;
  const bool all = random_.chance(250);
  const seconds span{random_.between(20, 240)};
  ++stops_;
  turn(true, tenant, all, [this, tenant, all, span] {
    world_.after(span, "an admin lifts the stop", [this, tenant, all] { turn(false, tenant, all, [this] { --stops_; }); });
  });
}

void Load::break_some_row() {
  std::vector<ActorId> live;
  for (const auto& [id, row] : world_.state().actors)
    if (row.live && !broken_[id]) live.push_back(id);
  if (!live.empty()) break_row(random_.pick(std::span<const ActorId>{live}), random_.chance(300), seconds{random_.between(5, 300)});
}

void Load::break_row(const ActorId& actor, bool revision, Duration span) {
  auto& row = world_.state().actors.at(actor);
  broken_[actor] = true;
  const auto sound = row;
  if (revision) row.revision = no_such_revision;
  else row.cursor = rubbish;
  // Whoever had it in memory may have written it anew; else it is as it was, but for what was written beside it.
  world_.after(span, "a row is repaired", [this, actor, sound] {
    auto& now = world_.state().actors.at(actor);
    if (now.revision == no_such_revision) now.revision = sound.revision;
    if (now.cursor == rubbish) now.cursor = sound.cursor;
    broken_[actor] = false;
  });
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
    if (incident.kind == "mass_guard") {
      answer_guard(incident);
      continue;
    }
    // The wall clock may jump: what counts is how often one has looked.
    const bool settled = ++looked_at_[incident.id] * operator_looks >= operator_waits && !yard_.is_at_work(incident.actor.str());
    if (settled && !in_hand_[incident.id]) remedy(incident);
  }
}

void Load::answer_guard(const storage::IncidentRow& question) {
  if (in_hand_[question.id] || random_.chance(world_.in_trouble() ? 500 : 100)) return;
  actors::GuardAnswer answer{.question = question.id, .release = !random_.chance(world_.in_trouble() ? 350 : 50), .number = {}, .pause = minutes{random_.between(1, 3)}, .note = "seen to",
                             .caller = admin(question.tenant)};
  if (answer.release && random_.chance(world_.in_trouble() ? 500 : 200)) answer.number = random_.between(0, 3);
  ++remedies_;
  in_hand_[question.id] = true;
  const auto id = question.id;
  world_.after(deadline, "the operator's patience ends", [this, id] { in_hand_[id] = false; });
  world_.answer_guard(std::move(answer), [this, id](const Result<actors::Answer>&) { in_hand_[id] = false; });
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
  world_.remedy({.incident = id, .remedy = what, .note = "seen to", .input = JsonObject{}, .output = JsonObject{}, .caller = staff(incident.tenant), .trace = {}},
                [this, id](const Result<actors::Answer>&) { in_hand_[id] = false; });  // it shows at the next look what came of it
}

bool Load::quiet() const {
  const bool answered = std::ranges::all_of(asked_, [](const auto& what) { return what->done; });
  const bool open = std::ranges::any_of(world_.state().incidents, [](const auto& entry) { return entry.second.state == "open"; });
  return answered && !open && stops_ == 0;
}

}  // namespace stellwerk::simulation
