#include "workflows/cel/evaluator.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "workflows/cel/arithmetic.hpp"
#include "workflows/cel/functions.hpp"
#include "workflows/cel/numbers.hpp"
#include "workflows/cel/operators.hpp"
#include "workflows/cel/result_bounds.hpp"

namespace stellwerk::workflows::cel {
namespace {

constexpr std::size_t bytes_per_value = 48;  // charged for a place in a list; a map entry has two

const Value* truth(bool value) {
  static const std::array<Value, 2> both{Value::of_bool(false), Value::of_bool(true)};
  return &both[value ? 1 : 0];
}

/// A key in a message: short, and never a container written out.
std::string key_text(const Value& key) {
  if (key.kind() == Kind::list || key.kind() == Kind::map) return std::string{kind_name(key.kind())};
  return fmt::format("'{}'", to_text(key).substr(0, 64));
}

class Evaluator {
 public:
  explicit Evaluator(Run& run) : run_{run} {}

  const Value* eval(const Node& node, Value& out) {
    if (!run_.step()) return nullptr;
    switch (node.op) {
      case Op::literal: return &node.value;
      case Op::slot: return slot(node);
      case Op::local: return locals_[static_cast<std::size_t>(node.slot)];
      case Op::slot_present: {
        const Value* value = slot(node);
        return value == nullptr ? nullptr : truth(!value->is_null());
      }
      case Op::select: return select(node, out);
      case Op::has: return has(node);
      case Op::index: return index(node, out);
      case Op::call: return call(node, out);
      case Op::list: return list(node, out);
      case Op::map: return map(node, out);
      case Op::logical_and: return logical(node, false);
      case Op::logical_or: return logical(node, true);
      case Op::conditional: return conditional(node, out);
      case Op::logical_not:
      case Op::negate: return unary(node, out);
      case Op::equal:
      case Op::not_equal:
      case Op::less:
      case Op::less_equal:
      case Op::greater:
      case Op::greater_equal:
      case Op::in: return relation(node);
      case Op::add:
      case Op::subtract:
      case Op::multiply:
      case Op::divide:
      case Op::remainder: return binary(node, out);
      case Op::comprehension: return comprehension(node, out);
      case Op::name:
      case Op::unresolved: return fail(fmt::format("undeclared reference to '{}'", node.name));
    }
    return fail("unknown operation");
  }

 private:
  const Value* fail(std::string message) {
    run_.fail(std::move(message));
    return nullptr;
  }
  const Value* fail_overload(std::string_view name, std::span<const Value* const> values) { return fail(no_overload(name, values)); }

  const Value* slot(const Node& node) {
    const auto place = static_cast<std::size_t>(node.slot);
    if (place >= run_.frame().size()) return fail(fmt::format("'{}' has no value here", node.name));
    return &run_.frame()[place];
  }

  const Value* select(const Node& node, Value& out) {
    const Value* operand = eval(node.children[0], out);
    if (operand == nullptr) return nullptr;
    if (operand->kind() == Kind::money) return money_member(operand->as_money(), node.name, out);
    if (node.lenient && operand->is_null()) {
      out = Value{};
      return &out;
    }
    if (operand->kind() != Kind::map) return fail(fmt::format("no such overload: {}.{}", kind_name(operand->kind()), node.name));
    if (!run_.step(operand->as_map().size() / 16)) return nullptr;
    const Value* member = operand->find(node.name);
    return member != nullptr ? member : fail(fmt::format("no such key: '{}'", node.name));
  }

  const Value* money_member(Money money, const std::string& name, Value& out) {
    if (name == "minor") {
      out = Value::of_int(money.minor);
    } else if (name == "currency") {
      out = Value::of_string(money.currency.text());
    } else {
      return fail(fmt::format("no such overload: money.{}", name));
    }
    return &out;
  }

  const Value* has(const Node& node) {
    Value scratch;
    const Value* operand = eval(node.children[0], scratch);
    if (operand == nullptr) return nullptr;
    if (operand->kind() == Kind::money) return truth(node.name == "minor" || node.name == "currency");
    if (node.lenient && operand->is_null()) return truth(false);
    if (operand->kind() != Kind::map) return fail(fmt::format("no such overload: has({}.{})", kind_name(operand->kind()), node.name));
    if (!run_.step(operand->as_map().size() / 16)) return nullptr;
    return truth(operand->find(node.name) != nullptr);
  }

  const Value* index(const Node& node, Value& out) {
    const Value* operand = eval(node.children[0], out);
    if (operand == nullptr) return nullptr;
    Value scratch;
    const Value* key = eval(node.children[1], scratch);
    if (key == nullptr) return nullptr;
    if (operand->kind() == Kind::list) {
      if (!is_number(key->kind())) return fail_overload("_[_]", std::array{operand, key});
      const auto place = whole_number(*key);
      if (!place || *place < 0 || *place >= static_cast<std::int64_t>(operand->as_list().size())) return fail(fmt::format("index out of range: {}", to_text(*key)));
      return &operand->as_list()[static_cast<std::size_t>(*place)];
    }
    if (operand->kind() != Kind::map) return fail_overload("_[_]", std::array{operand, key});
    if (!run_.step(operand->as_map().size() / 16)) return nullptr;
    const Value* member = find_entry(operand->as_map(), *key);
    return member != nullptr ? member : fail(fmt::format("no such key: {}", key_text(*key)));
  }

  const Value* call(const Node& node, Value& out) {
    if (node.children.size() <= 4) {
      std::array<Value, 4> scratch;
      std::array<const Value*, 4> values{};
      return apply(node, std::span{scratch}.first(node.children.size()), std::span{values}.first(node.children.size()), out);
    }
    std::vector<Value> scratch(node.children.size());
    std::vector<const Value*> values(node.children.size());
    return apply(node, scratch, values, out);
  }

  const Value* apply(const Node& node, std::span<Value> scratch, std::span<const Value*> values, Value& out) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] = eval(node.children[i], scratch[i]);
      if (values[i] == nullptr) return nullptr;
    }
    for (const Overload& overload : node.overloads) {
      if (!overload.takes_count(values.size())) continue;
      bool fits = true;
      for (std::size_t i = 0; fits && i < values.size(); ++i) fits = (overload.parameter(i) & mask_of(values[i]->kind())) != 0;
      if (fits) return overload.call(run_, Arguments{values, node.prepared.get()}, out) ? &out : nullptr;
    }
    if (node.overloads.empty()) return fail(fmt::format("unbound function: {}", node.name));
    return fail_overload(node.name, values);
  }

  const Value* list(const Node& node, Value& out) {
    if (!run_.charge(node.children.size() * bytes_per_value)) return nullptr;
    List items;
    items.reserve(node.children.size());
    for (const Node& child : node.children) {
      Value scratch;
      const Value* item = eval(child, scratch);
      if (item == nullptr) return nullptr;
      items.push_back(*item);
    }
    out = Value::of_list(std::move(items));
    return &out;
  }

  const Value* map(const Node& node, Value& out) {
    if (!run_.charge(node.children.size() * bytes_per_value)) return nullptr;
    Entries entries;
    entries.reserve(node.children.size() / 2);
    for (std::size_t i = 0; i < node.children.size(); i += 2) {
      Value key_scratch, scratch;
      const Value* key = eval(node.children[i], key_scratch);
      if (key == nullptr) return nullptr;
      const Kind kind = key->kind();
      if (kind != Kind::string && kind != Kind::integer && kind != Kind::uinteger && kind != Kind::boolean) return fail(fmt::format("unsupported key type: {}", kind_name(kind)));
      if (!run_.step(entries.size() / 16)) return nullptr;
      if (find_entry(entries, *key) != nullptr) return fail(fmt::format("repeated key: {}", key_text(*key)));
      const Value* value = eval(node.children[i + 1], scratch);
      if (value == nullptr) return nullptr;
      entries.emplace_back(*key, *value);
    }
    out = Value::of_map(std::move(entries));
    return &out;
  }

  /// && (absorbing false) and || (absorbing true): one absorbing operand decides, whatever the others do; else the first error stands.
  const Value* logical(const Node& node, bool absorbing) {
    std::optional<Failure> first;
    for (const Node& child : node.children) {
      Value scratch;
      const Value* operand = eval(child, scratch);
      if (operand != nullptr && operand->kind() == Kind::boolean) {
        if (operand->as_bool() == absorbing) return truth(absorbing);
        continue;
      }
      if (operand == nullptr && run_.is_spent()) return nullptr;
      if (operand != nullptr) fail_overload(absorbing ? "_||_" : "_&&_", std::array{operand});
      if (!first) first = run_.take_failure();
    }
    if (!first) return truth(!absorbing);
    run_.set_failure(std::move(*first));
    return nullptr;
  }

  const Value* conditional(const Node& node, Value& out) {
    const Value* condition = eval(node.children[0], out);
    if (condition == nullptr) return nullptr;
    if (condition->kind() != Kind::boolean) return fail_overload("_?_:_", std::array{condition});
    return eval(node.children[condition->as_bool() ? 1 : 2], out);
  }

  const Value* unary(const Node& node, Value& out) {
    const Value* operand = eval(node.children[0], out);
    if (operand == nullptr) return nullptr;
    if (node.op == Op::logical_not) return operand->kind() == Kind::boolean ? truth(!operand->as_bool()) : fail_overload("!_", std::array{operand});
    Value result;  // the operand may lie in `out`
    if (!negation(*operand, run_, result)) return nullptr;
    out = std::move(result);
    return &out;
  }

  const Value* relation(const Node& node) {
    Value left_scratch, right_scratch;
    const Value* left = eval(node.children[0], left_scratch);
    if (left == nullptr) return nullptr;
    const Value* right = eval(node.children[1], right_scratch);
    if (right == nullptr) return nullptr;
    if (node.op == Op::equal || node.op == Op::not_equal) {
      bool same = false;
      return equals(*left, *right, same) ? truth(same == (node.op == Op::equal)) : nullptr;
    }
    if (node.op == Op::in) return contains(*left, *right);
    const auto order = compare_values(*left, *right);
    if (!order) return unordered(node.op, *left, *right);
    switch (node.op) {
      case Op::less: return truth(*order < 0);
      case Op::less_equal: return truth(*order <= 0);
      case Op::greater: return truth(*order > 0);
      default: return truth(*order >= 0);
    }
  }

  const Value* unordered(Op op, const Value& left, const Value& right) {
    if (auto why = why_incomparable(left, right, true); !why.empty()) return fail(std::move(why));
    const auto* name = op == Op::less ? "_<_" : op == Op::less_equal ? "_<=_" : op == Op::greater ? "_>_" : "_>=_";
    return fail_overload(name, std::array{&left, &right});
  }

  /// Equality that pays for what it reads.
  bool equals(const Value& a, const Value& b, bool& same) {
    if (a.kind() == Kind::string && b.kind() == Kind::string) {
      same = a.as_string() == b.as_string();
      return run_.step(std::min(a.as_string().size(), b.as_string().size()) / 4'096);
    }
    if (a.kind() >= Kind::date || b.kind() >= Kind::date) {
      // "unequal" would be an answer to a question that has none
      if (auto why = why_incomparable(a, b, false); !why.empty()) return run_.fail(std::move(why));
    }
    const int before = run_.left().steps;
    int left = before + 1;
    same = equal_within(a, b, left);
    return run_.step(static_cast<std::size_t>(before + 1 - left));
  }

  const Value* contains(const Value& item, const Value& container) {
    if (container.kind() == Kind::list) {
      for (const Value& candidate : container.as_list()) {
        bool same = false;
        if (!run_.step() || !equals(candidate, item, same)) return nullptr;
        if (same) return truth(true);
      }
      return truth(false);
    }
    if (container.kind() != Kind::map) return fail_overload("_in_", std::array{&item, &container});
    if (!run_.step(container.as_map().size() / 16)) return nullptr;
    return truth(find_entry(container.as_map(), item) != nullptr);
  }

  const Value* binary(const Node& node, Value& out) {
    Value left_scratch, right_scratch;
    const Value* left = eval(node.children[0], left_scratch);
    if (left == nullptr) return nullptr;
    const Value* right = eval(node.children[1], right_scratch);
    if (right == nullptr) return nullptr;
    return arithmetic(node.op, *left, *right, run_, out) ? &out : nullptr;
  }

  const Value* comprehension(const Node& node, Value& out);

  struct Collected {
    List items;
    Entries entries;
    int matches = 0;
    std::optional<Failure> failure;
    const Value* decided = nullptr;  ///< all and exists: the result, known early
  };
  bool collect(const Node& node, Collected& into, const Value& element, const Value& key);

  Run& run_;
  std::array<const Value*, max_locals> locals_;
};

/// One element. False ends the loop: an error is noted, or `into.decided` is set.
bool Evaluator::collect(const Node& node, Collected& into, const Value& element, const Value& key) {
  if (!run_.step()) return false;
  Value scratch;
  const bool filtered = node.children.size() == 3;
  const bool folds = node.macro == Macro::all || node.macro == Macro::exists;
  if (filtered || node.macro == Macro::filter || node.macro == Macro::exists_one || folds) {
    const Value* verdict = eval(node.children[1], scratch);
    if (verdict != nullptr && verdict->kind() != Kind::boolean) verdict = fail_overload(node.macro == Macro::all ? "_&&_" : "_||_", std::array{verdict});
    if (verdict == nullptr) {
      if (!folds || run_.is_spent()) return false;
      if (!into.failure) into.failure = run_.take_failure();
      return true;
    }
    if (folds) {
      if (verdict->as_bool() == (node.macro == Macro::all)) return true;
      into.decided = truth(node.macro == Macro::exists);
      return false;
    }
    if (!verdict->as_bool()) return true;
  }
  if (node.macro == Macro::exists_one) return ++into.matches, true;
  if (!run_.charge(bytes_per_value)) return false;
  if (node.macro == Macro::filter) return into.items.push_back(element), true;
  Value made_scratch;
  const Value* made = eval(node.children.back(), made_scratch);
  if (made == nullptr) return false;
  if (node.macro == Macro::transform_map) {
    into.entries.emplace_back(key, *made);
  } else {
    into.items.push_back(*made);
  }
  return true;
}

const Value* Evaluator::comprehension(const Node& node, Value& out) {
  Value range_scratch;
  const Value* range = eval(node.children[0], range_scratch);
  if (range == nullptr) return nullptr;
  const auto place = static_cast<std::size_t>(node.slot);
  const bool two = !node.second.empty();
  Collected into;
  bool ended = false;
  if (range->kind() == Kind::list) {
    const List& items = range->as_list();
    for (std::size_t i = 0; i < items.size() && !ended; ++i) {
      const Value position = Value::of_int(static_cast<std::int64_t>(i));
      locals_[place] = two ? &position : &items[i];
      if (two) locals_[place + 1] = &items[i];
      ended = !collect(node, into, items[i], position);
    }
  } else if (range->kind() == Kind::map) {
    const Entries& entries = range->as_map();
    for (std::size_t i = 0; i < entries.size() && !ended; ++i) {
      locals_[place] = &entries[i].first;
      if (two) locals_[place + 1] = &entries[i].second;
      ended = !collect(node, into, entries[i].first, entries[i].first);
    }
  } else {
    return fail_overload("comprehension", std::array{range});
  }
  if (into.decided != nullptr) return into.decided;
  if (ended) return nullptr;
  switch (node.macro) {
    case Macro::all:
    case Macro::exists:
      if (!into.failure) return truth(node.macro == Macro::all);
      run_.set_failure(std::move(*into.failure));
      return nullptr;
    case Macro::exists_one: return truth(into.matches == 1);
    case Macro::transform_map: out = Value::of_map(std::move(into.entries)); return &out;
    case Macro::none:
    case Macro::map:
    case Macro::filter:
    case Macro::transform_list: out = Value::of_list(std::move(into.items)); return &out;
  }
  return nullptr;
}

}  // namespace

const Value* evaluate(const Node& root, Run& run, Value& scratch) { return Evaluator{run}.eval(root, scratch); }

Result<Value> evaluate_value(const Node& root, Run& run) {
  Value scratch;
  const Value* value = evaluate(root, run, scratch);
  // what lies in the frame is there already; what was made here is measured
  if (value == nullptr || (value == &scratch && !check_result(scratch, max_result_bytes, run))) {
    Failure failure = run.take_failure();
    return stellwerk::fail(failure.code, std::move(failure.message));
  }
  return *value;
}

}  // namespace stellwerk::workflows::cel
