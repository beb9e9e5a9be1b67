#include "workflows/cel/checker.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace stellwerk::workflows::cel {
namespace {

using Base = Type::Base;

bool is_open(const Type& type) { return type.base == Base::dyn; }

}  // namespace

bool comparable(const Type& a, const Type& b) {
  if (is_open(a) || is_open(b) || (is_numeric(a) && is_numeric(b))) return true;
  if ((a.base == Base::decimal && b.base == Base::integer) || (a.base == Base::integer && b.base == Base::decimal)) return true;
  if (a.base != b.base) return false;
  return !a.element || !b.element || comparable(*a.element, *b.element) || a.element->base == Base::null || b.element->base == Base::null;
}

bool is_numeric(const Type& type) { return type.base == Base::integer || type.base == Base::uinteger || type.base == Base::real; }

Type nullable_of(Type type) {
  if (type.base != Base::dyn && type.base != Base::null) type.nullable = true;
  return type;
}

Type common_type(const Type& a, const Type& b) {
  if (a.base == Base::null) return nullable_of(b);
  if (b.base == Base::null) return nullable_of(a);
  if (a.base != b.base) return {};
  Type type = a;
  type.nullable = a.nullable || b.nullable;
  if (a.values != b.values) type.values.clear();
  if (a.fields != b.fields) type.fields.reset();
  if (a.element && b.element) {
    if (a.element != b.element) type.element = std::make_shared<const Type>(common_type(*a.element, *b.element));
  } else {
    type.element.reset();
  }
  return type;
}

Type type_of_value(const Value& value) {
  switch (value.kind()) {
    case Kind::null: return Type::of(Base::null);
    case Kind::boolean: return Type::of(Base::boolean);
    case Kind::integer: return Type::of(Base::integer);
    case Kind::uinteger: return Type::of(Base::uinteger);
    case Kind::real: return Type::of(Base::real);
    case Kind::string: return Type::of(Base::string);
    case Kind::bytes: return Type::of(Base::bytes);
    case Kind::timestamp: return Type::of(Base::timestamp);
    case Kind::duration: return Type::of(Base::duration);
    case Kind::type: return Type::of(Base::type);
    case Kind::date: return Type::of(Base::date);
    case Kind::period: return Type::of(Base::period);
    case Kind::decimal: return Type::of(Base::decimal);
    case Kind::money: return Type::of(Base::money);
    case Kind::map: return Type::of(Base::map);
    case Kind::list: {
      if (value.as_list().empty()) return Type::of(Base::list);
      Type element = type_of_value(value.as_list().front());
      for (const auto& item : value.as_list()) element = common_type(element, type_of_value(item));
      return Type::list_of(std::move(element));
    }
  }
  return {};
}

void Checker::note(std::size_t offset, std::string message, std::string hint) {
  if (strict_) mistakes_.push_back({offset, std::move(message), std::move(hint)});
}

Type Checker::check_root(Node& root, const Type& expected) {
  Type type = check(root);
  check_expected(expected, type, root);
  return type;
}

void Checker::check_expected(const Type& expected, const Type& type, const Node& node) {
  if (is_open(expected) || is_open(type)) return;
  if (node.op == Op::conditional) {  // the literals lie in its branches
    if (!expected.values.empty()) check_values(expected.values, node);
  }
  const bool fits = type.base == expected.base || (type.base == Base::null && expected.nullable) || (is_numeric(type) && expected.base == Base::real);
  if (!fits) {
    std::string hint;
    if (expected.base == Base::boolean) hint = "a condition compares: write == or another operator that gives a bool";
    if (type.base == Base::null) hint = "the value must not be null";
    if (hint.empty()) hint = conversion_hint(expected, type);
    return note(node.offset, fmt::format("the expression gives {}, but {} is expected", type.name(), expected.name()), std::move(hint));
  }
  if (type.element && expected.element && !comparable(*type.element, *expected.element)) {
    return note(node.offset, fmt::format("the expression gives {}, but {} is expected", type.name(), expected.name()));
  }
  if (!expected.values.empty() && node.op != Op::conditional) check_values(expected.values, node);
}

void Checker::check_values(const std::vector<std::string>& values, const Node& node) {
  if (values.empty()) return;
  if (node.op == Op::conditional) {
    check_values(values, node.children[1]);
    check_values(values, node.children[2]);
  } else if (node.op == Op::list) {
    for (const Node& child : node.children) check_values(values, child);
  } else if (node.op == Op::literal && node.value.kind() == Kind::string) {
    const std::string& text = node.value.as_string();
    if (std::find(values.begin(), values.end(), text) == values.end()) note(node.offset, fmt::format("'{}' is not one of the possible values", text), hint_for(text, values));
  } else if (node.op == Op::literal && node.value.kind() == Kind::list) {
    for (const Value& item : node.value.as_list()) {
      if (item.kind() == Kind::string && std::find(values.begin(), values.end(), item.as_string()) == values.end()) {
        note(node.offset, fmt::format("'{}' is not one of the possible values", item.as_string()), hint_for(item.as_string(), values));
      }
    }
  }
}

void Checker::require_bool(const Node& node, const Type& type, std::string_view what) {
  if (is_open(type) || type.base == Base::boolean) return;
  note(node.offset, fmt::format("{} must be a bool, but is {}", what, type.name()), type.nullable || type.base == Base::string ? "compare it, for example with != null" : "compare it, for example with == or >");
}

Type Checker::check(Node& node) {
  switch (node.op) {
    case Op::literal: return type_of_value(node.value);
    case Op::name: return check_name(node);
    case Op::select: return check_select(node);
    case Op::has: return check_has(node);
    case Op::index: return check_index(node);
    case Op::call: return check_call(node);
    case Op::list: return check_list(node);
    case Op::map: return check_map(node);
    case Op::conditional: return check_condition(node);
    case Op::logical_and:
    case Op::logical_or:
      for (Node& child : node.children) require_bool(child, check(child), node.op == Op::logical_and ? "an operand of &&" : "an operand of ||");
      return Type::of(Base::boolean);
    case Op::logical_not:
      require_bool(node.children[0], check(node.children[0]), "the operand of !");
      return Type::of(Base::boolean);
    case Op::negate: return check_negation(node);
    case Op::equal:
    case Op::not_equal: return check_equality(node);
    case Op::less:
    case Op::less_equal:
    case Op::greater:
    case Op::greater_equal: return check_order(node);
    case Op::in: return check_in(node);
    case Op::add:
    case Op::subtract:
    case Op::multiply:
    case Op::divide:
    case Op::remainder: return check_arithmetic(node);
    case Op::comprehension: return check_comprehension(node);
    case Op::slot:
    case Op::slot_present:
    case Op::local:
    case Op::unresolved: return {};  // made by the checker itself, never met again
  }
  return {};
}

Type Checker::check_index(Node& node) {
  const Type type = check(node.children[0]);
  const Type key = check(node.children[1]);
  if (is_open(type)) return {};
  if (type.base == Base::list) {
    if (!is_open(key) && !is_numeric(key)) note(node.children[1].offset, fmt::format("a list is indexed by int, not by {}", key.name()));
    return type.element ? *type.element : Type{};
  }
  if (type.base == Base::map) {
    if (!type.fields) return type.element ? *type.element : Type{};
    if (node.children[1].op != Op::literal || node.children[1].value.kind() != Kind::string) return {};
    Node member;
    member.name = node.children[1].value.as_string();
    member.offset = node.children[1].offset;
    return member_type(type, member);
  }
  note(node.offset, fmt::format("{} has no elements", type.name()));
  return {};
}

Type Checker::check_list(Node& node) {
  Type element;
  bool literal = true;
  for (std::size_t i = 0; i < node.children.size(); ++i) {
    const Type type = check(node.children[i]);
    element = i == 0 ? type : common_type(element, type);
    literal = literal && node.children[i].op == Op::literal;
  }
  Type type = node.children.empty() ? Type::of(Base::list) : Type::list_of(std::move(element));
  if (literal) {  // made once, not in every evaluation
    List items;
    for (const Node& child : node.children) items.push_back(child.value);
    node.value = Value::of_list(std::move(items));
    node.op = Op::literal;
    node.children.clear();
  }
  return type;
}

Type Checker::check_map(Node& node) {
  Type value;
  for (std::size_t i = 0; i < node.children.size(); i += 2) {
    const Type key = check(node.children[i]);
    const bool fits = is_open(key) || key.base == Base::string || key.base == Base::integer || key.base == Base::uinteger || key.base == Base::boolean;
    if (!fits) note(node.children[i].offset, fmt::format("a key of a map is a string, int, uint or bool, not {}", key.name()));
    const Type type = check(node.children[i + 1]);
    value = i == 0 ? type : common_type(value, type);
  }
  return node.children.empty() ? Type::of(Base::map) : Type::map_of(std::move(value));
}

Type Checker::check_condition(Node& node) {
  require_bool(node.children[0], check(node.children[0]), "the condition before ?");
  const Type yes = check(node.children[1]);
  const Type no = check(node.children[2]);
  return common_type(yes, no);
}

Type Checker::check_comprehension(Node& node) {
  const Type range = check(node.children[0]);
  if (!is_open(range) && range.base != Base::list && range.base != Base::map) {
    note(node.children[0].offset, fmt::format("{} cannot be walked through; a list or a map can", range.name()));
  }
  const bool two = !node.second.empty();
  const Type value = range.element ? *range.element : Type{};
  const Type key = range.base == Base::list ? Type::of(Base::integer) : Type{};
  const std::size_t before = locals_.size();
  node.slot = static_cast<int>(before);
  if (before + (two ? 2 : 1) > static_cast<std::size_t>(max_locals)) {
    mistakes_.push_back({node.offset, fmt::format("more than {} variables of nested macros", max_locals), {}});
    return {};
  }
  const auto add = [&](const std::string& name, Type type) { locals_.push_back({name, std::move(type), static_cast<int>(locals_.size())}); };
  add(node.name, two || range.base == Base::map ? key : value);
  if (two) add(node.second, value);
  const bool asks = node.macro != Macro::map && node.macro != Macro::transform_list && node.macro != Macro::transform_map;
  Type made;
  for (std::size_t i = 1; i < node.children.size(); ++i) {
    made = check(node.children[i]);
    if (asks || i + 1 < node.children.size()) require_bool(node.children[i], made, "the condition");
  }
  locals_.resize(before);
  switch (node.macro) {
    case Macro::filter: return range.base == Base::list ? range : Type::of(Base::list);
    case Macro::map:
    case Macro::transform_list: return Type::list_of(std::move(made));
    case Macro::transform_map: return Type::map_of(std::move(made));
    default: return Type::of(Base::boolean);
  }
}

}  // namespace stellwerk::workflows::cel
