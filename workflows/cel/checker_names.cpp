// Names: variables of macros, slots, dotted paths, types, ISO 8601 literals.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "core/clock.hpp"
#include "workflows/cel/calendar.hpp"
#include "workflows/cel/checker.hpp"

namespace stellwerk::workflows::cel {
namespace {

constexpr std::array<std::string_view, 16> type_names{"int", "uint", "double", "bool", "string", "bytes", "list", "map", "null_type", "type", "google.protobuf.Timestamp", "google.protobuf.Duration",
                                                         "date", "period", "decimal", "money"};

bool is_type_name(std::string_view name) { return std::find(type_names.begin(), type_names.end(), name) != type_names.end(); }

/// P and a digit, or PT and a digit: nobody means a name by that.
bool begins_as_literal(std::string_view name) {
  name.remove_prefix(name.starts_with("PT") ? 2 : name.starts_with('P') ? 1 : name.size());
  return !name.empty() && name.front() >= '0' && name.front() <= '9';
}

/// P1M, P10D: a period; PT5M: a duration.
Result<Value> length_of(std::string_view literal) {
  if (literal.starts_with("PT")) {
    STELLWERK_TRY(const Duration span, parse_duration(literal));
    return Value::of_span(span);
  }
  STELLWERK_TRY(const Period period, parse_period(literal));
  return Value::of_period(period);
}

}  // namespace

std::vector<std::string> dotted_path(const Node& node) {
  std::vector<std::string> path;
  const Node* at = &node;
  for (; at->op == Op::select; at = &at->children[0]) path.push_back(at->name);
  if (at->op != Op::name) return {};
  path.push_back(at->name);
  std::reverse(path.begin(), path.end());
  return path;
}

std::string join_path(std::span<const std::string> path) { return fmt::format("{}", fmt::join(path, ".")); }

std::string hint_for(std::string_view word, const std::vector<std::string>& candidates) {
  if (const auto close = config::closest(word, candidates); !close.empty()) return fmt::format("did you mean {}?", close);
  if (candidates.empty()) return {};
  constexpr std::size_t most = 12;
  const auto shown = std::span{candidates}.first(std::min(most, candidates.size()));
  return fmt::format("one of: {}{}", fmt::join(shown, ", "), candidates.size() > most ? ", …" : "");
}

const Checker::Local* Checker::find_local(std::string_view name) const {
  const auto found = std::find_if(locals_.rbegin(), locals_.rend(), [&](const Local& local) { return local.name == name; });
  return found == locals_.rend() ? nullptr : &*found;
}

bool Checker::resolve_path(Node& node, std::span<const std::string> path, Type& type) {
  const Environment::Variable* variable = environment_.find(join_path(path));
  if (variable == nullptr && path.size() > 1) variable = environment_.find_member(join_path(path.first(path.size() - 1)), path.back());
  if (variable == nullptr) return false;
  node.op = Op::slot;
  node.slot = variable->slot;
  node.name = join_path(path);
  node.children.clear();
  type = variable->type;
  return true;
}

Type Checker::check_literal_name(Node& node) {
  node.op = Op::literal;
  const auto length = length_of(node.name);
  if (length) {
    node.value = *length;
  } else {
    const auto day = node.name.find('T');
    const bool mixed = day != std::string::npos && day > 1;
    note(node.offset, mixed ? fmt::format("{} mixes days of the calendar with hours", node.name) : length.error().message,
         mixed ? fmt::format("add one after the other: {} + PT{}", node.name.substr(0, day), node.name.substr(day + 1)) : std::string{});
    node.op = Op::unresolved;
    return {};
  }
  return type_of_value(node.value);
}

Type Checker::check_name(Node& node) {
  if (!node.absolute && is_iso_literal(node.name)) return check_literal_name(node);
  if (const Local* local = node.absolute ? nullptr : find_local(node.name)) {
    node.op = Op::local;
    node.slot = local->slot;
    return local->type;
  }
  Type type;
  const std::array<std::string, 1> path{node.name};
  if (resolve_path(node, path, type)) return type;
  if (is_type_name(node.name)) {
    node.op = Op::literal;
    node.value = Value::of_type(node.name);
    return Type::of(Type::Base::type);
  }
  // P3 and PT5m are no names either: the literal says what it lacks
  if (!node.absolute && begins_as_literal(node.name)) return check_literal_name(node);
  return unknown_name(node, path);
}

Type Checker::unknown_name(Node& node, std::span<const std::string> path) {
  // the longest part of the path that is a record says which member is wrong
  const bool is_record = environment_.has_record(join_path(path));
  for (std::size_t known = path.size(); !is_record && known-- > 1;) {
    const std::string record = join_path(path.first(known));
    if (!environment_.has_record(record)) continue;
    const auto offset = node.offset;
    const Node* at = &node;
    for (std::size_t i = path.size() - 1; i > known; --i) at = &at->children[0];
    note(path.size() == 1 ? offset : at->offset, fmt::format("{} has no member {}", record, path[known]), hint_for(path[known], environment_.members(record)));
    node.op = Op::unresolved;
    node.name = join_path(path);
    node.children.clear();
    return {};
  }
  const Node* root = &node;
  while (!root->children.empty()) root = &root->children[0];
  if (const std::string whole = join_path(path); environment_.has_record(whole)) {
    note(root->offset, fmt::format("{} alone is not a value", whole), fmt::format("write {}.<member>: {}", whole, hint_for("", environment_.members(whole))));
  } else {
    auto candidates = environment_.names();
    for (const Local& local : locals_) candidates.push_back(local.name);
    note(root->offset, fmt::format("unknown name {}", path.front()), hint_for(path.front(), candidates));
  }
  node.op = Op::unresolved;
  node.name = join_path(path);
  node.children.clear();
  return {};
}

Type Checker::check_select(Node& node) {
  const auto path = dotted_path(node);
  const Node* root = &node;
  while (root->op == Op::select) root = &root->children[0];
  if (path.empty() || (!root->absolute && (is_iso_literal(path.front()) || find_local(path.front()) != nullptr))) {
    const Type operand = check(node.children[0]);
    return member_type(operand, node);
  }
  // the longest prefix that has a slot wins; what is behind it is read from its value
  std::vector<Node*> chain;
  for (Node* at = &node; at->op == Op::select; at = &at->children[0]) chain.push_back(at);
  chain.push_back(&chain.back()->children[0]);
  Type type;
  for (std::size_t i = 0; i < chain.size(); ++i) {
    if (i > 0 && resolve_reference(*chain[i], std::span{path}.first(path.size() - i), *chain[i - 1], type)) {
      for (--i; i-- > 0;) type = member_type(type, *chain[i]);
      return type;
    }
    if (!resolve_path(*chain[i], std::span{path}.first(path.size() - i), type)) continue;
    // self.plan may be an id and the record self.plan hold what it stands for: then the record says what is missing
    const std::string record = join_path(std::span{path}.first(path.size() - i));
    if (i > 0 && environment_.has_record(record) && type.base != Type::Base::dyn && type.base != Type::Base::map) {
      note(chain[i - 1]->offset, fmt::format("{} has no member {}", record, chain[i - 1]->name), hint_for(chain[i - 1]->name, environment_.members(record)));
      return {};
    }
    while (i-- > 0) type = member_type(type, *chain[i]);
    return type;
  }
  if (const std::string whole = join_path(path); is_type_name(whole)) {
    node.op = Op::literal;
    node.value = Value::of_type(whole);
    node.children.clear();
    return Type::of(Type::Base::type);
  }
  return unknown_name(node, path);
}

Type Checker::member_type(const Type& type, const Node& node) {
  if (type.base == Type::Base::dyn) return {};
  if (type.base == Type::Base::money) {
    if (node.name == "minor") return Type::of(Type::Base::integer);
    if (node.name == "currency") return Type::of(Type::Base::string);
    note(node.offset, fmt::format("money has no member {}", node.name), hint_for(node.name, {"minor", "currency"}));
    return {};
  }
  if (type.base != Type::Base::map) {
    note(node.offset, fmt::format("{} has no member {}", type.name(), node.name));
    return {};
  }
  if (!type.fields) return type.element ? *type.element : Type{};
  if (const auto found = type.fields->find(node.name); found != type.fields->end()) return found->second;
  if (type.element) return *type.element;  // beside the known members there may be others
  std::vector<std::string> names;
  for (const auto& [name, field] : *type.fields) names.push_back(name);
  note(node.offset, fmt::format("there is no member {}", node.name), hint_for(node.name, names));
  return {};
}

Type Checker::check_has(Node& node) {
  // a member with a slot of its own is there when it is not null
  Node as_select = node;
  as_select.op = Op::select;
  const auto path = dotted_path(as_select);
  if (!path.empty() && find_local(path.front()) == nullptr) {
    Type type;
    if (resolve_path(as_select, path, type)) {
      node = std::move(as_select);
      node.op = Op::slot_present;
      return Type::of(Type::Base::boolean);
    }
    if (environment_.has_record(join_path(path))) {  // a record with members of its own is always there
      node.op = Op::literal;
      node.value = Value::of_bool(true);
      node.children.clear();
      return Type::of(Type::Base::boolean);
    }
    const std::string record = join_path(std::span{path}.first(path.size() - 1));
    if (environment_.has_record(record) && environment_.find(record) == nullptr &&
        (path.size() < 3 || environment_.find_member(join_path(std::span{path}.first(path.size() - 2)), path[path.size() - 2]) == nullptr)) {
      unknown_name(as_select, path);
      node = std::move(as_select);
      return Type::of(Type::Base::boolean);
    }
  }
  const auto stem = path.empty() ? std::span<const std::string>{} : std::span{path}.first(path.size() - 1);
  if (Type type; !stem.empty() && find_local(path.front()) == nullptr && resolve_reference(node.children[0], stem, node, type)) return Type::of(Type::Base::boolean);
  const Type operand = check(node.children[0]);
  member_type(operand, node);
  return Type::of(Type::Base::boolean);
}

bool Checker::resolve_reference(Node& node, std::span<const std::string> path, Node& member, Type& type) {
  const auto* reference = environment_.find_reference(join_path(path));
  if (reference == nullptr) return false;
  type = {};
  if (!reference->refusal.empty()) {
    note(member.offset, reference->refusal, reference->hint);
    return true;
  }
  node.op = Op::slot;
  node.slot = reference->slot;
  node.name = join_path(path);
  node.children.clear();
  member.lenient = true;
  type = nullable_of(member_type(reference->record, member));
  return true;
}

}  // namespace stellwerk::workflows::cel
