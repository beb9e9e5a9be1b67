#include "tests/fault/world.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace stellwerk::testing {
namespace {

constexpr std::int64_t first_number = 100;

Outcome of(OutcomeClass is, const Json& output = JsonObject{}) { return {.is = is, .output = output}; }

/// "clone" of "proxmox.create_vm/clone"; "start" of "proxmox.start_vm".
std::string part(const std::string& doing) {
  if (const auto slash = doing.find('/'); slash != std::string::npos) return doing.substr(slash + 1);
  const auto dot = doing.find('.') + 1;
  return doing.substr(dot, doing.find('_', dot) - dot);
}

bool is_machine(const Request& request) { return request.doing.starts_with("proxmox."); }
bool is_stock(const Request& request) { return request.doing.starts_with("id.") || request.doing.starts_with("ip.") || request.doing.starts_with("pool."); }
std::string thing(const Request& request) { return dump_json(request.input); }

}  // namespace

Outcome World::execute(const Request& request) {
  auto outcome = is_machine(request) ? on_machine(part(request.doing), request) : is_stock(request) ? on_stock(request) : [&] {
    using enum workflows::Effect;
    if (request.effect == creates || request.effect == charges) return of(things_.insert(thing(request)).second ? OutcomeClass::done : OutcomeClass::already);
    if (request.effect == destroys) return of(things_.erase(thing(request)) > 0 ? OutcomeClass::done : OutcomeClass::already);
    return of(OutcomeClass::done);
  }();
  most_at_once_ = std::max(most_at_once_, ours());
  return outcome;
}

Outcome World::on_machine(const std::string& what, const Request& request) {
  const auto number = int_of(request.input, "vmid", -1);
  const auto found = machines_.find(number);
  if (what == "clone") {
    if (found != machines_.end()) return of(found->second.ours ? OutcomeClass::already : OutcomeClass::conflict);
    machines_[number] = Machine{};
    return of(OutcomeClass::done);
  }
  if (found == machines_.end()) return of(what == "delete" || what == "stop" ? OutcomeClass::already : OutcomeClass::gone);
  if (!found->second.ours) return {.is = OutcomeClass::rejected_operator, .code = "not_owned"};
  if (what == "delete") machines_.erase(found);
  else if (what == "start") found->second.running = true;
  else if (what == "stop") found->second.running = false;
  else if (what == "hold") found->second.held = true;
  else if (what == "release") found->second.held = false;
  return of(OutcomeClass::done);
}

Outcome World::on_stock(const Request& request) {
  const auto& input = request.input;
  if (request.doing == "pool.place") {
    place_ = true;
    return of(OutcomeClass::done, JsonObject{{"server", "srv_1"}});
  }
  if (request.doing == "pool.release") {
    place_ = false;
    return of(OutcomeClass::done);
  }
  if (request.doing == "id.allocate") {
    auto& given = given_[request.key];
    // the result of an action is committed with its effect: the same try again gives the same
    if (given.is_object() && numbers_.count(int_of(given, "id")) > 0) return of(OutcomeClass::done, given);
    auto number = first_number;
    while (numbers_.count(number) > 0 || blocked_.count(number) > 0) ++number;
    numbers_.insert(number);
    given = JsonObject{{"id", number}};
    return of(OutcomeClass::done, given);
  }
  if (request.doing == "id.release") {
    const auto number = int_of(input, "id", -1);
    if (number < 0) return {.is = OutcomeClass::rejected_operator, .code = "invalid_input", .text = "no number"};
    if (numbers_.erase(number) > 0 && bool_of(input, "block")) blocked_.insert(number);
    return of(OutcomeClass::done);
  }
  if (request.doing == "ip.allocate") {
    addresses_.insert("192.0.2.10");
    return of(OutcomeClass::done, JsonObject{{"address", "192.0.2.10"}});
  }
  if (request.doing == "ip.release") {
    if (text_of(input, "address").empty()) return {.is = OutcomeClass::rejected_operator, .code = "invalid_input", .text = "no address"};
    addresses_.erase(text_of(input, "address"));
    return of(OutcomeClass::done);
  }
  return {.is = OutcomeClass::rejected_operator, .code = "unknown_action", .text = request.doing};
}

Outcome World::observe(const Request& request) const {
  if (!is_machine(request)) {
    const bool there = things_.count(thing(request)) > 0;
    return of(there == (request.effect != workflows::Effect::destroys) ? OutcomeClass::already : OutcomeClass::not_done);
  }
  const auto what = part(request.doing);
  const auto found = machines_.find(int_of(request.input, "vmid", -1));
  if (found == machines_.end()) return of(what == "clone" ? OutcomeClass::not_done : what == "delete" || what == "stop" ? OutcomeClass::already : OutcomeClass::gone);
  if (!found->second.ours) return what == "clone" ? of(OutcomeClass::conflict) : Outcome{.is = OutcomeClass::rejected_operator, .code = "not_owned"};
  const auto& machine = found->second;
  const bool there = what == "clone" || (what == "start" && machine.running) || (what == "stop" && !machine.running) || (what == "hold" && machine.held) ||
                     (what == "release" && !machine.held);
  return of(there ? OutcomeClass::already : OutcomeClass::not_done);
}

void World::take_away(const Request& request) {
  const auto number = int_of(request.input, "vmid", -1);
  if (number < 0 || machines_.count(number) > 0) return;
  machines_[number] = Machine{.ours = false, .running = true};
  strangers_.insert(number);
}

std::size_t World::ours() const {
  return things_.size() + static_cast<std::size_t>(std::count_if(machines_.begin(), machines_.end(), [](const auto& m) { return m.second.ours; }));
}

bool World::strangers_are_well() const {
  return std::all_of(strangers_.begin(), strangers_.end(), [&](std::int64_t number) {
    const auto found = machines_.find(number);
    return found != machines_.end() && !found->second.ours && found->second.running && !found->second.held;
  });
}

std::vector<std::string> World::leftovers() const {
  std::vector<std::string> left;
  for (const auto& [number, machine] : machines_)
    if (machine.ours) left.push_back(fmt::format("machine {}", number));
  for (const auto number : numbers_) left.push_back(fmt::format("number {}", number));
  for (const auto& address : addresses_) left.push_back("address " + address);
  for (const auto& what : things_) left.push_back("thing " + what);
  if (place_) left.emplace_back("a place on a server");
  return left;
}

}  // namespace stellwerk::testing
