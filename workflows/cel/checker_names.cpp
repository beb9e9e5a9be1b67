// Names: variables of macros, slots, dotted paths, types, ISO duration literals.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "core/clock.hpp"
#include "workflows/cel/checker.hpp"

namespace stellwerk::workflows::cel {
namespace {

constexpr std::array<std::string_view, 12> type_names{"int", "uint", "double", "bool", "string", "bytes", "list", "map", "null_type", "type", "google.protobuf.Timestamp", "google.protobuf.Duration"};

bool is_type_name(std::string_view name) { return std::find(type_names.begin(), type_names.end(), name) != type_names.end(); }

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

Type Checker::check_name(Node& node) {
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
  // ISO 8601 durations may stand bare: self.due + P10D
  const bool iso = node.name.size() > 2 && node.name[0] == 'P' && (node.name[1] == 'T' || (node.name[1] >= '0' && node.name[1] <= '9'));
  if (iso && !environment_.has_record(node.name)) {
    const auto span = parse_duration(node.name);
    if (span) {
      node.op = Op::literal;
      node.value = Value::of_span(*span);
      return Type::of(Type::Base::duration);
    }
    note(node.offset, span.error().message);
    node.op = Op::unresolved;
    return {};
  }
  return unknown_name(node, path);
}

Type Checker::unknown_name(Node& node, std::span<const std::string> path) {
  // the longest part of the path that is a record says which member is wrong
  for (std::size_t known = path.size(); known-- > 1;) {
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
  if (environment_.has_record(path.front())) {
    note(root->offset, fmt::format("{} alone is not a value", path.front()), fmt::format("write {}.<member>: {}", path.front(), hint_for("", environment_.members(path.front()))));
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
  if (path.empty() || (!root->absolute && find_local(path.front()) != nullptr)) {
    const Type operand = check(node.children[0]);
    return member_type(operand, node);
  }
  // the longest prefix that has a slot wins; what is behind it is read from its value
  std::vector<Node*> chain;
  for (Node* at = &node; at->op == Op::select; at = &at->children[0]) chain.push_back(at);
  chain.push_back(&chain.back()->children[0]);
  Type type;
  for (std::size_t i = 0; i < chain.size(); ++i) {
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
  if (type.base != Type::Base::map) {
    note(node.offset, fmt::format("{} has no member {}", type.name(), node.name));
    return {};
  }
  if (!type.fields) return type.element ? *type.element : Type{};
  if (const auto found = type.fields->find(node.name); found != type.fields->end()) return found->second;
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
    const std::string record = join_path(std::span{path}.first(path.size() - 1));
    if (environment_.has_record(record) && environment_.find(record) == nullptr &&
        (path.size() < 3 || environment_.find_member(join_path(std::span{path}.first(path.size() - 2)), path[path.size() - 2]) == nullptr)) {
      unknown_name(as_select, path);
      node = std::move(as_select);
      return Type::of(Type::Base::boolean);
    }
  }
  const Type operand = check(node.children[0]);
  member_type(operand, node);
  return Type::of(Type::Base::boolean);
}

}  // namespace stellwerk::workflows::cel
