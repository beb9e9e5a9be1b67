// Operations of a connector file: simple ones first, then the composites made of them.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "connectors/loader_reader.hpp"

namespace stellwerk::connectors {
namespace {

using workflows::Effect;
using workflows::Field;

const std::vector<std::string> simple_keys{"effect", "input", "output", "identity", "lookup", "probe", "before", "owned", "request",
                                           "outcomes", "poll", "settle", "undo", "repeatable"};
const std::vector<std::string> composite_keys{"effect", "input", "undo", "steps"};

std::vector<std::string> keys_of(const config::Yaml* map) {
  std::vector<std::string> names;
  if (map != nullptr && map->is_map()) {
    for (const auto& entry : map->entries) names.push_back(entry.key);
  }
  return names;
}

class Operations {
 public:
  Operations(Reader& reader, const config::Yaml& root, Connector::Definition& definition)
      : reader_{reader}, lookups_{root.find("lookups")}, polls_{root.find("polls")}, owns_{root.find("owns")}, common_{root.find("outcomes")}, definition_{definition} {}

  void read(const config::Yaml& operations) {
    for (const auto& entry : operations.entries) {
      definition_.order.push_back(entry.key);
      if (entry.value.is_map() && entry.value.find("steps") == nullptr) definition_.simple.emplace(entry.key, read_simple(entry.key, entry.value));
    }
    for (const auto& entry : operations.entries) {
      if (entry.value.find("steps") != nullptr) {
        definition_.composite.emplace(entry.key, read_composite(entry.key, entry.value));
      } else if (!entry.value.is_map()) {
        reader_.map(entry.value, fmt::format("operation '{}'", entry.key));
      }
    }
    for (const auto& entry : operations.entries) check_undo(entry.key, entry.value);
    tell_unused(lookups_, used_lookups_, "lookup");
    tell_unused(polls_, used_polls_, "poll");
  }

 private:
  Effect read_effect(const config::Yaml& yaml, const std::string& what) {
    const auto* effect = reader_.require(yaml, "effect", what);
    if (effect == nullptr) return Effect::sets;
    const auto word = reader_.text(*effect, "'effect'");
    if (word == "reads") return Effect::reads;
    if (word == "creates") return Effect::creates;
    if (word == "destroys") return Effect::destroys;
    if (word == "charges") return Effect::charges;
    if (word != "sets") reader_.known(word, {"reads", "sets", "creates", "destroys", "charges"}, effect->place, "effect");
    return Effect::sets;
  }

  std::vector<Field> read_input(const config::Yaml& yaml) {
    const auto* input = yaml.find("input");
    if (input == nullptr) return {};
    return workflows::read_fields(*input, reader_.file(), reader_.problems());
  }

  std::vector<std::size_t> add_lookups(LookupSet& set, const config::Yaml* yaml, const std::string& what) {
    std::vector<std::size_t> indices;
    if (yaml == nullptr) return indices;
    for (const auto& [word, place] : reader_.words(*yaml, what)) {
      const auto more = set.add(word, place);
      indices.insert(indices.end(), more.begin(), more.end());
    }
    std::sort(indices.begin(), indices.end());
    indices.erase(std::unique(indices.begin(), indices.end()), indices.end());
    return indices;
  }

  SimpleOperation read_simple(const std::string& name, const config::Yaml& yaml) {
    SimpleOperation made;
    made.name = name;
    const auto what = fmt::format("operation '{}'", name);
    if (!reader_.keys(yaml, what, simple_keys, {"verify", "cancel", "priority"})) return made;
    made.effect = read_effect(yaml, what);
    made.input = read_input(yaml);
    LookupSet set{reader_, lookups_, made.input};
    made.execute_lookups = add_lookups(set, yaml.find("lookup"), "'lookup'");
    read_ownership(made, yaml, set, what);
    if (const auto* probe = yaml.find("probe")) read_probe(made, *probe, set);
    const Scope looked{&made.input, false, false, set.scope(made.execute_lookups)};
    if (const auto* before = yaml.find("before")) made.before = read_rules(reader_, *before, looked);
    if (const auto* request = reader_.require(yaml, "request", what)) read_main_request(made, *request, looked);
    Scope answered = looked;
    answered.response = true;
    if (const auto* outcomes = reader_.require(yaml, "outcomes", what)) made.outcomes = read_rules(reader_, *outcomes, answered);
    // the common list also judges answers to lookups and polls, so it sees no lookup
    if (common_ != nullptr) made.common = read_rules(reader_, *common_, Scope{&made.input, true, false, {}});
    if (const auto* poll = yaml.find("poll")) read_poll(made, *poll);
    if (const auto* output = yaml.find("output")) read_output(made, *output, answered);
    if (const auto* settle = yaml.find("settle")) made.settle = reader_.duration(*settle, "'settle'");
    if (const auto* undo = yaml.find("undo")) made.undo = reader_.text(*undo, "'undo'");
    check_pending(made, yaml, what);
    check_creation(made, yaml, what);
    used_lookups_.insert(set.used().begin(), set.used().end());
    made.lookups = std::move(set.lookups());
    return made;
  }

  void read_main_request(SimpleOperation& made, const config::Yaml& yaml, const Scope& scope) {
    made.request = read_request(reader_, yaml, scope);
    if (!made.changes() && !made.request.method.empty() && made.request.method != "GET") {
      reader_.add(code::request, yaml.place, fmt::format("operation '{}' reads, but its request is a {}", made.name, made.request.method), "state its effect, or use get");
    }
  }

  /// Every `destroys`, and what says `owned: true`, proves first that the thing is ours.
  void read_ownership(SimpleOperation& made, const config::Yaml& yaml, LookupSet& set, const std::string& what) {
    bool owned = made.effect == Effect::destroys;
    auto place = yaml.place;
    if (const auto* key = yaml.find("owned")) {
      owned = reader_.boolean(*key, "'owned'");
      place = key->place;
      if (!owned && made.effect == Effect::destroys) reader_.add(code::ownership, place, fmt::format("{} destroys: its ownership is always proven", what), "remove 'owned: false'");
    }
    if (owns_ == nullptr) {
      if (owned) reader_.add(code::ownership, place, fmt::format("{} must be proven ours, but the connector has no 'owns'", what), "owns: { lookup: …, when: … }");
      return;
    }
    if (!owned) return;
    if (!reader_.keys(*owns_, "'owns'", {"lookup", "when"})) return;
    const auto* lookup = reader_.require(*owns_, "lookup", "'owns'");
    const auto* when = reader_.require(*owns_, "when", "'owns'");
    if (lookup == nullptr || when == nullptr) return;
    const auto name = reader_.text(*lookup, "'lookup' of 'owns'");
    const auto indices = name.empty() ? std::vector<std::size_t>{} : set.add(name, lookup->place);
    if (indices.empty()) return;
    auto program = reader_.expression(*when, Scope{&made.input, false, false, set.scope(indices)}, cel::Type::of(cel::Type::Base::boolean));
    made.owns.emplace(slot::first_lookup + static_cast<int>(indices.back()), std::move(program));
    made.execute_lookups.insert(made.execute_lookups.end(), indices.begin(), indices.end());
    std::sort(made.execute_lookups.begin(), made.execute_lookups.end());
    made.execute_lookups.erase(std::unique(made.execute_lookups.begin(), made.execute_lookups.end()), made.execute_lookups.end());
  }

  void read_probe(SimpleOperation& made, const config::Yaml& yaml, LookupSet& set) {
    if (!reader_.keys(yaml, "'probe'", {"lookup", "outcomes", "before"})) return;
    Probe probe;
    if (const auto* lookup = reader_.require(yaml, "lookup", "'probe'")) probe.lookups = add_lookups(set, lookup, "'lookup' of 'probe'");
    if (const auto* outcomes = reader_.require(yaml, "outcomes", "'probe'")) {
      probe.outcomes = read_rules(reader_, *outcomes, Scope{&made.input, false, false, set.scope(probe.lookups)});
    }
    if (const auto* before = yaml.find("before")) probe.before = reader_.boolean(*before, "'before'");
    made.probe = std::move(probe);
  }

  void read_poll(SimpleOperation& made, const config::Yaml& yaml) {
    const auto name = reader_.text(yaml, "'poll'");
    if (name.empty() || !reader_.known(name, keys_of(polls_), yaml.place, "poll")) return;
    used_polls_.insert(name);
    const auto& spec = *polls_->find(name);
    const auto what = fmt::format("poll '{}'", name);
    if (!reader_.keys(spec, what, {"request", "every", "outcomes"})) return;
    Poll poll;
    Scope scope{&made.input, false, true, {}};
    if (const auto* request = reader_.require(spec, "request", what)) {
      poll.request = read_request(reader_, *request, scope);
      if (!poll.request.method.empty() && poll.request.method != "GET") reader_.add(code::request, request->place, "a poll only reads: its request must be a get");
    }
    scope.response = true;
    if (const auto* outcomes = reader_.require(spec, "outcomes", what)) poll.outcomes = read_rules(reader_, *outcomes, scope);
    if (const auto* every = reader_.require(spec, "every", what)) read_every(poll, *every);
    made.poll = std::move(poll);
  }

  void read_every(Poll& poll, const config::Yaml& yaml) {
    if (!reader_.keys(yaml, "'every'", {"from", "to", "backoff"})) return;
    if (const auto* from = reader_.require(yaml, "from", "'every'")) poll.from = reader_.duration(*from, "'from'").value_or(Duration{});
    poll.to = poll.from;
    if (const auto* to = yaml.find("to")) poll.to = reader_.duration(*to, "'to'").value_or(poll.from);
    if (poll.from <= Duration::zero() || poll.to < poll.from) reader_.add(code::value, yaml.place, "'every' needs 0 < from <= to");
    if (const auto* backoff = yaml.find("backoff")) {
      poll.backoff = backoff->kind == config::Yaml::Kind::integer ? static_cast<double>(backoff->integer) : backoff->real;
      if (poll.backoff < 1 || poll.backoff > 10) reader_.add(code::value, backoff->place, "'backoff' must be a number from 1 to 10");
    }
  }

  void read_output(SimpleOperation& made, const config::Yaml& yaml, const Scope& answered) {
    made.output = workflows::read_fields(yaml, reader_.file(), reader_.problems(), {"value"});
    // the last answer of a polled operation comes long after its lookups were read
    const Scope scope = made.poll ? Scope{&made.input, true, true, {}} : answered;
    for (const auto& field : made.output) {
      const auto* declared = yaml.find(field.name);
      const auto* value = declared == nullptr ? nullptr : declared->find("value");
      if (value == nullptr) {
        reader_.add(code::missing, yaml.place, fmt::format("output '{}' needs the key 'value'", field.name), "value: response.body.…");
        made.output_values.emplace_back();
        continue;
      }
      auto program = reader_.expression(*value, scope);
      if (const auto why = program ? workflows::misfit(field.type, program.type()) : std::string{}; !why.empty()) {
        reader_.add(code::expression, value->place, fmt::format("output '{}' {}", field.name, why));
      }
      made.output_values.push_back(std::move(program));
    }
  }

  void check_pending(const SimpleOperation& made, const config::Yaml& yaml, const std::string& what) {
    const auto check = [&](const Rules& rules) {
      for (const auto& rule : rules) {
        if (rule.is != OutcomeClass::pending) continue;
        if (!rule.handle) reader_.add(code::missing, yaml.place, fmt::format("{} has an outcome 'pending' without 'handle'", what), "handle: \"${response.body.…}\"");
        if (!made.poll) reader_.add(code::missing, yaml.place, fmt::format("{} has an outcome 'pending', but no 'poll'", what));
      }
    };
    check(made.outcomes), check(made.before);
    if (made.probe) check(made.probe->outcomes);
  }

  /// After an unclear answer the effect must be findable, or a repeat must collide; else say that it is never repeated.
  void check_creation(SimpleOperation& made, const config::Yaml& yaml, const std::string& what) {
    if (const auto* identity = yaml.find("identity")) {
      for (const auto& [word, place] : reader_.words(*identity, "'identity'")) {
        if (reader_.known(word, names_of(made.input), place, "input")) made.identity.push_back(word);
      }
    }
    const bool adds = made.effect == Effect::creates || made.effect == Effect::charges;
    const auto* stated = yaml.find("repeatable");
    made.repeatable = stated != nullptr ? reader_.boolean(*stated, "'repeatable'") : true;
    if (!adds || !made.repeatable) return;
    const auto* verb = made.effect == Effect::creates ? "creates" : "charges";
    if (made.identity.empty()) {
      reader_.add(code::creation, yaml.place, fmt::format("{} {} but names no 'identity': a repeat could do it twice", what, verb), "identity: <input chosen before the call>, or 'repeatable: false'");
    }
    if (!made.probe) {
      reader_.add(code::creation, yaml.place, fmt::format("{} {} but has no 'probe': after an unclear answer nobody could look", what, verb),
                  "probe: { lookup: …, outcomes: […] }, or 'repeatable: false'");
    }
  }

  CompositeOperation read_composite(const std::string& name, const config::Yaml& yaml) {
    CompositeOperation made;
    made.name = name;
    const auto what = fmt::format("operation '{}'", name);
    if (!reader_.keys(yaml, what, composite_keys, {"output", "verify"})) return made;
    made.effect = read_effect(yaml, what);
    made.input = read_input(yaml);
    if (const auto* undo = yaml.find("undo")) made.undo = reader_.text(*undo, "'undo'");
    const auto& steps = *yaml.find("steps");
    if (!steps.is_list() || steps.items.empty()) {
      reader_.add(code::composite, steps.place, fmt::format("the steps of {} must be a list of at least one", what));
      return made;
    }
    std::set<std::string> seen;
    for (const auto& item : steps.items) {
      if (!item.is_map() || item.entries.size() != 1) {
        reader_.add(code::composite, item.place, "a step is one name with its call", "- stop: { call: …, with: {…} }");
        continue;
      }
      const auto& step = item.entries.front();
      if (!seen.insert(step.key).second) reader_.add(code::composite, step.key_place, fmt::format("{} has two steps '{}'", what, step.key));
      made.entries.push_back(read_entry(made, step));
    }
    return made;
  }

  CompositeEntry read_entry(const CompositeOperation& owner, const config::YamlEntry& step) {
    CompositeEntry made;
    made.name = step.key;
    const auto what = fmt::format("step '{}'", step.key);
    if (!reader_.keys(step.value, what, {"call", "with"}, {"when"})) return made;
    const auto* call = reader_.require(step.value, "call", what);
    if (call == nullptr) return made;
    made.operation = reader_.text(*call, "'call'");
    const auto target = definition_.simple.find(made.operation);
    if (target == definition_.simple.end()) {
      std::vector<std::string> names;
      for (const auto& [name, operation] : definition_.simple) names.push_back(name);
      reader_.known(made.operation, names, call->place, "simple operation of this connector");
      return made;
    }
    const auto* with = step.value.find("with");
    if (with != nullptr && reader_.map(*with, "'with'")) {
      for (const auto& given : with->entries) read_argument(made, owner, target->second, given);
    }
    for (const auto& field : target->second.input) {
      if (field.required && (with == nullptr || with->find(field.name) == nullptr)) {
        reader_.add(code::composite, step.key_place, fmt::format("{} does not give the required input '{}' of '{}'", what, field.name, made.operation));
      }
    }
    return made;
  }

  void read_argument(CompositeEntry& made, const CompositeOperation& owner, const SimpleOperation& target, const config::YamlEntry& given) {
    const auto* field = find_field(target.input, given.key);
    if (field == nullptr) {
      reader_.known(given.key, names_of(target.input), given.key_place, fmt::format("input of '{}' named", target.name));
      return;
    }
    auto value = reader_.text_template(given.value, Scope{&owner.input, false, false, {}}, is_secret(*field) ? Secrets::visible : Secrets::hidden);
    if (const auto why = value ? misfit(*field, value.type()) : std::string{}; !why.empty()) {
      reader_.add(code::composite, given.value.place, fmt::format("input '{}' of '{}' {}", field->name, target.name, why));
    }
    made.with.emplace_back(given.key, std::move(value));
  }

  /// The undo of an operation takes its inputs by name from what it undoes.
  void check_undo(const std::string& name, const config::Yaml& yaml) {
    const auto* simple = definition_.find_simple(name);
    const auto* composite = definition_.find_composite(name);
    if (simple == nullptr && composite == nullptr) return;
    const auto& undo = simple != nullptr ? simple->undo : composite->undo;
    const auto effect = simple != nullptr ? simple->effect : composite->effect;
    const auto& input = simple != nullptr ? simple->input : composite->input;
    if (undo.empty()) {
      if (effect == Effect::creates) reader_.add(code::creation, yaml.place, fmt::format("operation '{}' creates but names no 'undo'", name), "undo: <operation that destroys it>");
      return;
    }
    const auto place = yaml.find("undo")->place;
    if (!reader_.known(undo, definition_.order, place, "operation")) return;
    const auto* other_simple = definition_.find_simple(undo);
    const auto* other_composite = definition_.find_composite(undo);
    if (other_simple == nullptr && other_composite == nullptr) return;
    for (const auto& field : other_simple != nullptr ? other_simple->input : other_composite->input) {
      if (field.required && find_field(input, field.name) == nullptr) {
        reader_.add(code::creation, place, fmt::format("the undo '{}' needs the input '{}', which '{}' does not have", undo, field.name, name));
      }
    }
  }

  void tell_unused(const config::Yaml* declared, const std::set<std::string>& used, const std::string& what) {
    if (declared == nullptr || !declared->is_map()) return;
    for (const auto& entry : declared->entries) {
      if (!used.contains(entry.key)) reader_.add(code::unused, entry.key_place, fmt::format("{} '{}' is used by no operation", what, entry.key), "remove it, or name it where it is needed");
    }
  }

  Reader& reader_;
  const config::Yaml* lookups_;
  const config::Yaml* polls_;
  const config::Yaml* owns_;
  const config::Yaml* common_;
  Connector::Definition& definition_;
  std::set<std::string> used_lookups_, used_polls_;
};

}  // namespace

void read_operations(Reader& reader, const config::Yaml& root, Connector::Definition& definition) {
  const auto* operations = reader.require(root, "operations", "a connector");
  if (operations == nullptr || !reader.map(*operations, "'operations'")) return;
  Operations{reader, root, definition}.read(*operations);
}

}  // namespace stellwerk::connectors
