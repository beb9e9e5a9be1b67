// Calls: which overloads there are, whether the arguments can fit, patterns and constants prepared ahead.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "workflows/cel/checker.hpp"
#include "workflows/cel/evaluator.hpp"
#include "workflows/cel/functions.hpp"

namespace stellwerk::workflows::cel {
namespace {

using Base = Type::Base;

Mask mask_of_type(const Type& type) {
  switch (type.base) {
    case Base::dyn: return takes::any;
    case Base::null: return takes::null;
    case Base::boolean: return takes::boolean;
    case Base::integer: return takes::integer;
    case Base::uinteger: return takes::uinteger;
    case Base::real: return takes::real;
    case Base::string: return takes::string;
    case Base::bytes: return takes::bytes;
    case Base::list: return takes::list;
    case Base::map: return takes::map;
    case Base::timestamp: return takes::timestamp;
    case Base::duration: return takes::duration;
    case Base::type: return takes::type;
    case Base::date: return takes::date;
    case Base::period: return takes::period;
    case Base::decimal: return takes::decimal;
    case Base::money: return takes::money;
  }
  return takes::any;
}

bool fits(const Overload& overload, const std::vector<Type>& types) {
  if (!overload.takes_count(types.size())) return false;
  for (std::size_t i = 0; i < types.size(); ++i) {
    if ((overload.parameter(i) & mask_of_type(types[i])) == 0) return false;
  }
  return true;
}

Type result_of(const Overload& overload, const std::vector<Type>& types) {
  switch (overload.shape) {
    case Shape::plain: return Type::of(overload.result);
    case Shape::nullable: return Type::of(overload.result, true);
    case Shape::strings: return Type::list_of(Type::of(Base::string));
    case Shape::element_or_null: return types[0].element ? nullable_of(*types[0].element) : Type{};
    case Shape::first_argument: {
      Type type = types[0];
      for (const Type& other : types) {
        if (overload.variadic) type = common_type(type, other);
      }
      // latest(a, b) is null only when all are
      if (overload.variadic && std::any_of(types.begin(), types.end(), [](const Type& t) { return t.base != Base::dyn && t.base != Base::null && !t.nullable; })) type.nullable = false;
      return type;
    }
  }
  return {};
}

std::string list_types(const std::vector<Type>& types, std::size_t from) {
  std::string text;
  for (std::size_t i = from; i < types.size(); ++i) text += fmt::format("{}{}", i > from ? ", " : "", types[i].name());
  return text;
}

/// A close name, and all there are.
std::string hint_with_list(std::string_view word, const std::vector<std::string>& candidates) {
  const auto close = config::closest(word, candidates);
  return close.empty() ? hint_for(word, candidates) : fmt::format("did you mean {}? {}", close, hint_for("", candidates));
}

}  // namespace

bool Checker::resolve_namespace(Node& node) {
  if (!node.method) return false;
  auto path = dotted_path(node.children[0]);
  if (path.empty() || find_local(path.front()) != nullptr || environment_.find(path.front()) != nullptr) return false;
  path.push_back(node.name);
  std::string name = join_path(path);
  if (find_overloads(name, false).empty()) return false;
  node.name = std::move(name);
  node.method = false;
  node.children.erase(node.children.begin());
  return true;
}

bool Checker::resolve_member_call(Node& node, Type& type) {
  // f('x') reads member x of a record that the environment calls f: facts of a run that have slots of their own
  if (node.method) return false;
  const bool known = environment_.has_record(node.name);
  if (!known && node.name != "ran") return false;
  const bool names_step = node.children.size() == 1 && node.children[0].op == Op::literal && node.children[0].value.kind() == Kind::string &&
                          environment_.ran_step_slot(node.children[0].value.as_string()) >= 0;
  if (!known && !names_step) {
    note(node.offset, "ran() knows no steps here", "it asks which steps of a workflow were carried out");
    type = {};
    return true;
  }
  const Node& argument = node.children.empty() ? node : node.children[0];
  if (node.children.size() != 1 || argument.op != Op::literal || argument.value.kind() != Kind::string) {
    note(argument.offset, fmt::format("{}() takes a name in quotes", node.name));
    type = {};
    return true;
  }
  const std::string member = argument.value.as_string();
  if (node.name == "ran" && resolve_ran_step(node, member)) {
    type = Type::of(Type::Base::boolean);
    return true;
  }
  const auto* variable = environment_.find_member(node.name, member);
  if (variable == nullptr) {
    note(argument.offset, fmt::format("{}() knows no '{}'", node.name, member), hint_with_list(member, environment_.members(node.name)));
    node.op = Op::unresolved;
    type = {};
  } else {
    node.op = Op::slot;
    node.slot = variable->slot;
    type = variable->type;
  }
  node.children.clear();
  return true;
}

/// has(steps.name) && !has(steps.name.failed): a failure that was passed over leaves that mark.
bool Checker::resolve_ran_step(Node& node, const std::string& name) {
  const int slot = environment_.ran_step_slot(name);
  if (slot < 0) return false;
  Node results{.op = Op::slot, .offset = node.offset, .slot = slot, .name = "steps"};
  Node step{.op = Op::select, .offset = node.offset, .name = name, .children = {results}};
  Node there{.op = Op::has, .lenient = true, .offset = node.offset, .name = name, .children = {results}};
  Node failed{.op = Op::has, .lenient = true, .offset = node.offset, .name = "failed", .children = {step}};
  Node not_failed{.op = Op::logical_not, .offset = node.offset, .children = {failed}};
  node = Node{.op = Op::logical_and, .depth = node.depth, .offset = node.offset, .children = {there, not_failed}};
  return true;
}

Type Checker::check_call(Node& node) {
  Type result;
  if (resolve_member_call(node, result)) return result;
  resolve_namespace(node);
  std::vector<Type> types;
  types.reserve(node.children.size());
  for (Node& child : node.children) types.push_back(check(child));
  node.overloads = find_overloads(node.name, node.method);
  if (node.overloads.empty()) return unknown_function(node);
  check_arguments(node, types, result);
  prepare(node);
  return result;
}

Type Checker::unknown_function(const Node& node) {
  if (!find_overloads(node.name, !node.method).empty()) {
    note(node.offset, node.method ? fmt::format("{} is a function, not a method", node.name) : fmt::format("{} is a method, not a function", node.name),
         node.method ? fmt::format("write {}(x)", node.name) : fmt::format("write x.{}(…)", node.name));
  } else {
    auto names = function_names(node.method);
    if (node.method) names.insert(names.end(), {"all", "exists", "exists_one", "map", "filter"});
    const auto close = config::closest(node.name, names);
    note(node.offset, fmt::format("unknown {} {}", node.method ? "method" : "function", node.name), close.empty() ? "" : fmt::format("did you mean {}?", close));
  }
  return {};
}

void Checker::check_arguments(Node& node, const std::vector<Type>& types, Type& result) {
  const std::size_t receiver = node.method ? 1 : 0;
  const Overload* chosen = nullptr;
  bool several = false, counted = false;
  for (const Overload& overload : node.overloads) {
    counted = counted || overload.takes_count(types.size());
    if (!fits(overload, types)) continue;
    if (chosen == nullptr) chosen = &overload;
    several = several || overload.result != chosen->result || overload.shape != chosen->shape;
  }
  if (chosen != nullptr) {
    if (!several) result = result_of(*chosen, types);
    return;
  }
  if (!counted) {
    std::vector<std::size_t> counts;
    for (const Overload& overload : node.overloads) {
      const std::size_t count = overload.count() - receiver;
      if (std::find(counts.begin(), counts.end(), count) == counts.end()) counts.push_back(count);
    }
    std::sort(counts.begin(), counts.end());
    return note(node.offset, fmt::format("{}() takes {} argument{}, not {}", node.name, fmt::join(counts, " or "), counts.size() == 1 && counts[0] == 1 ? "" : "s", types.size() - receiver));
  }
  if (node.method) return note(node.offset, fmt::format("{} has no method {}({})", types[0].name(), node.name, list_types(types, 1)));
  note(node.offset, fmt::format("{}() does not take ({})", node.name, list_types(types, 0)));
}

void Checker::prepare(Node& node) {
  const bool literal = std::all_of(node.children.begin(), node.children.end(), [](const Node& child) { return child.op == Op::literal; });
  if ((node.name == "matches" || node.name == "extract") && node.children.size() == 2 && node.children[1].op == Op::literal && node.children[1].value.kind() == Kind::string) {
    auto regex = prepare_regex(node.children[1].value.as_string());
    if (regex) {
      node.prepared = std::move(*regex);
    } else {
      note(node.children[1].offset, regex.error().message, "patterns follow github.com/google/re2/wiki/Syntax");
    }
    return;
  }
  // constants of the language's kinds are made once, and wrong ones are mistakes
  static constexpr std::array<std::string_view, 7> makers{"duration", "timestamp", "days", "date", "period", "decimal", "money"};
  if (!literal || node.method || std::find(makers.begin(), makers.end(), node.name) == makers.end()) return;
  // which day a moment lies in, and when a day begins, depends on the zone of each evaluation
  if (std::any_of(node.children.begin(), node.children.end(), [](const Node& child) { return child.value.kind() == Kind::timestamp || child.value.kind() == Kind::date; })) return;
  Run run{{}, {}, -1};
  const auto value = evaluate_value(node, run);
  if (value) {
    node.op = Op::literal;
    node.value = *value;
    node.children.clear();
    node.overloads = {};
  } else {
    note(node.children.empty() ? node.offset : node.children[0].offset, value.error().message);
  }
}

}  // namespace stellwerk::workflows::cel
