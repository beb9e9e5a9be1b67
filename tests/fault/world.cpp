#include "tests/fault/world.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "tests/fault/subject.hpp"

namespace stellwerk::testing {
namespace {

using workflows::Effect;
using workflows::Field;

constexpr std::int64_t first_number = 100;

Outcome of(OutcomeClass is, const Json& output = JsonObject{}) { return {.is = is, .output = output}; }
std::string_view family(std::string_view operation) { return operation.substr(0, operation.find('.')); }
bool takes(const std::vector<Field>& fields, std::string_view name) {
  return std::any_of(fields.begin(), fields.end(), [&](const Field& f) { return f.name == name; });
}
std::string text(const Json* value) { return value == nullptr ? "null" : dump_json(*value); }

/// What the vendor answers when all is well; numbers and texts that tell things apart rise.
Json answer(const std::vector<Field>& output, int number) {
  JsonObject values;
  for (const auto& field : output) {
    auto value = sample(field.type);
    if (field.type.base == workflows::TypeSpec::Base::integer) value = first_number + number;
    values[field.name] = std::move(value);
  }
  return values;
}

}  // namespace

World::World(const workflows::Catalog& catalog) : catalog_{&catalog} {
  std::vector<Kind> kinds;
  for (const auto& [name, operation] : catalog.operations) {
    if (operation.effect != Effect::creates && operation.effect != Effect::charges) continue;
    Kind kind{.operation = name, .undo = operation.undo, .identity = {}};
    if (const auto undo = catalog.operations.find(operation.undo); undo != catalog.operations.end())
      for (const auto& field : undo->second.input)
        if (takes(operation.input, field.name)) kind.identity.push_back(field.name);
    kinds.push_back(std::move(kind));
  }
  kinds_ = std::make_shared<const std::vector<Kind>>(std::move(kinds));
}

const World::Kind* World::kind_of(const workflows::OperationSignature& operation, const Request& request) const {
  if (operation.effect == Effect::creates || operation.effect == Effect::charges) {
    const auto found = std::find_if(kinds_->begin(), kinds_->end(), [&](const Kind& k) { return k.operation == operation.name; });
    return found == kinds_->end() ? nullptr : &*found;
  }
  if (operation.effect == Effect::reads) return nullptr;
  const Kind* best = nullptr;
  for (const auto& kind : *kinds_) {
    if (operation.effect == Effect::destroys && kind.undo == operation.name) return &kind;
    if (kind.identity.empty() || family(kind.operation) != family(operation.name)) continue;
    const bool names_it = std::all_of(kind.identity.begin(), kind.identity.end(), [&](const auto& name) { return takes(operation.input, name); });
    if (!names_it) continue;
    // several kinds have this identity: it is about the one that is there
    const bool is_there = things_.count(name_of(kind, request)) > 0;
    if (best == nullptr || kind.identity.size() > best->identity.size() || (kind.identity.size() == best->identity.size() && is_there)) best = &kind;
  }
  return best;
}

std::string World::name_of(const Kind& kind, const Request& request) const {
  // what the same operation takes back is one sort of thing, whichever made it
  auto name = fmt::format("thing of {}", kind.undo.empty() ? kind.operation : kind.undo);
  for (const auto& field : kind.identity) name += " " + text(find_member(request.input, field));
  return name;
}

std::string World::record_of(const Request& request) { return request.key + " " + dump_json(request.input); }

void World::forget(const std::string& place) {
  std::erase_if(done_, [&](const auto& entry) { return entry.second == place; });
}

Outcome World::execute(const Request& request) {
  Outcome outcome;
  if (request.action) {
    const auto action = catalog_->actions.find(request.operation);
    if (action == catalog_->actions.end()) return {.is = OutcomeClass::rejected_operator, .code = "unknown_action", .text = request.operation};
    outcome = on_stock(request, action->second);
  } else {
    const auto operation = catalog_->operations.find(request.operation);
    if (operation == catalog_->operations.end()) return {.is = OutcomeClass::rejected_operator, .code = "unknown_operation", .text = request.operation};
    outcome = on_thing(request, operation->second);
  }
  if (outcome.is == OutcomeClass::done) {
    effects_.push_back(request.key);
    const auto undone = request.place + "/undone";
    forget(request.undo ? request.place : undone);
    done_[record_of(request)] = request.undo ? undone : request.place;
  }
  std::map<const Kind*, std::size_t> counts;
  for (const auto& [name, thing] : things_)
    if (thing.ours) most_at_once_ = std::max(most_at_once_, ++counts[thing.kind]);
  return outcome;
}

/// What stands in the way of it, or `done`.
Outcome World::judge(const Request& request) const {
  const auto& operation = catalog_->operations.at(request.operation);
  const auto* kind = kind_of(operation, request);
  if (kind == nullptr) return of(OutcomeClass::done);
  const bool makes = operation.effect == Effect::creates || operation.effect == Effect::charges;
  if (makes && kind->identity.empty()) return of(OutcomeClass::done);
  const auto found = things_.find(name_of(*kind, request));
  const bool there = found != things_.end();
  if (makes && request.sub <= 0) {
    if (!there) return of(OutcomeClass::done);
    return of(found->second.ours ? OutcomeClass::already : OutcomeClass::conflict);
  }
  if (there && !found->second.ours) return {.is = OutcomeClass::rejected_operator, .code = "not_owned"};
  if (!there) return of(operation.effect == Effect::destroys ? OutcomeClass::already : OutcomeClass::gone);
  return of(OutcomeClass::done);
}

Outcome World::on_thing(const Request& request, const workflows::OperationSignature& operation) {
  auto verdict = judge(request);
  const auto* kind = kind_of(operation, request);
  const auto output = answer(operation.output, kind == nullptr || kind->identity.empty() ? ++number_ : 0);
  if (verdict.is == OutcomeClass::already) verdict.output = output;
  if (verdict.is != OutcomeClass::done) return verdict;
  verdict.output = output;
  if (kind == nullptr) return verdict;
  const auto name = name_of(*kind, request);
  const bool last = request.sub + 1 >= request.subs;
  switch (operation.effect) {
    case Effect::creates:
    case Effect::charges:
      if (!kind->identity.empty()) things_[name] = Thing{kind};
      else things_[fmt::format("{} {}", name, operation.repeatable ? request.key : std::to_string(number_))] = Thing{kind};
      break;
    case Effect::destroys:
      if (last) {
        if (const auto found = things_.find(name); found != things_.end()) {
          well_ = well_ && found->second.ours;
          things_.erase(found);
        }
      }
      break;
    case Effect::reads:
    case Effect::sets: break;
  }
  return verdict;
}

Outcome World::on_stock(const Request& request, const workflows::ActionSignature& action) {
  for (const auto& [name, taker] : catalog_->actions)
    if (taker.undo == action.name) {
      for (const auto& field : action.input)
        if (field.required && (find_member(request.input, field.name) == nullptr || find_member(request.input, field.name)->is_null()))
          return {.is = OutcomeClass::rejected_operator, .code = "invalid_input", .text = "no " + field.name};
      give_back(action, taker, request.input);
      return of(OutcomeClass::done);
    }
  return take(request, action);
}

Outcome World::take(const Request& request, const workflows::ActionSignature& action) {
  // the result of an action is committed with its effect: the same try again gives the same
  if (const auto held = holdings_.find(request.key); held != holdings_.end()) return of(OutcomeClass::done, held->second.output);
  const auto in_use = [&](const Json& output) {
    if (blocked_.count(action.name + dump_json(output)) > 0) return true;
    return std::any_of(holdings_.begin(), holdings_.end(), [&](const auto& h) { return h.second.action == action.name && h.second.output == output; });
  };
  const bool numbered = std::any_of(action.output.begin(), action.output.end(), [](const Field& f) { return f.type.base == workflows::TypeSpec::Base::integer; });
  int number = 0;
  auto output = answer(action.output, number);
  while (numbered && in_use(output)) output = answer(action.output, ++number);
  if (!action.undo.empty()) holdings_[request.key] = {action.name, request.input, output};
  return of(OutcomeClass::done, output);
}

/// Everything that was taken and is meant: what the inputs of the undo say agrees with what was given or asked for.
void World::give_back(const workflows::ActionSignature& action, const workflows::ActionSignature& taker, const Json& input) {
  std::erase_if(holdings_, [&](const auto& entry) {
    const auto& [action_name, asked, given] = entry.second;
    if (action_name != taker.name) return false;
    for (const auto& field : action.input) {
      const auto* said = find_member(input, field.name);
      const auto* known = find_member(given, field.name);
      if (known == nullptr) known = find_member(asked, field.name);
      if (said != nullptr && known != nullptr && *said != *known) return false;
    }
    if (bool_of(input, "block")) blocked_.insert(taker.name + dump_json(given));
    return true;
  });
}

Outcome World::observe(const Request& request) const {
  if (request.action) {
    if (const auto held = holdings_.find(request.key); held != holdings_.end()) return of(OutcomeClass::done, held->second.output);
    return of(done_.count(record_of(request)) > 0 ? OutcomeClass::done : OutcomeClass::not_done);
  }
  const auto& operation = catalog_->operations.at(request.operation);
  const auto verdict = judge(request);
  const bool was_done = done_.count(record_of(request)) > 0;
  const auto* kind = kind_of(operation, request);
  if (verdict.is == OutcomeClass::already) return of(OutcomeClass::already, answer(operation.output, 0));
  if (verdict.is != OutcomeClass::done) return verdict;
  return was_done ? of(OutcomeClass::already, answer(operation.output, kind == nullptr || kind->identity.empty() ? number_ : 0)) : of(OutcomeClass::not_done);
}

bool World::take_away(const Request& request) {
  const auto found = catalog_->operations.find(request.operation);
  if (request.action || found == catalog_->operations.end()) return false;
  if (found->second.effect != Effect::creates && found->second.effect != Effect::charges) return false;
  const auto* kind = kind_of(found->second, request);
  if (kind == nullptr || kind->identity.empty()) return false;
  return things_.emplace(name_of(*kind, request), Thing{.kind = kind, .ours = false}).second;
}

std::vector<std::string> World::holdings() const {
  std::vector<std::string> all;
  for (const auto& [name, thing] : things_)
    if (thing.ours) all.push_back(name);
  for (const auto& [key, held] : holdings_) all.push_back(fmt::format("{} gave {}", held.action, dump_json(held.output)));
  std::sort(all.begin(), all.end());
  return all;
}

}  // namespace stellwerk::testing
