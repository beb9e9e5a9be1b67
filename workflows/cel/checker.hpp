#pragma once
// Resolves names of a parsed tree in place and finds every static mistake.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "workflows/cel/ast.hpp"
#include "workflows/cel/cel.hpp"

namespace stellwerk::workflows::cel {

enum class Mode : std::uint8_t {
  strict,     ///< unknown names and operands that cannot fit are mistakes
  unchecked,  ///< they become errors of the evaluation
};

class Checker {
 public:
  Checker(const Environment& environment, Mode mode) : environment_{environment}, strict_{mode == Mode::strict} {}

  /// The type of the whole; `expected` dyn accepts any.
  Type check_root(Node& root, const Type& expected);
  [[nodiscard]] std::vector<Mistake>& mistakes() { return mistakes_; }

 private:
  struct Local {
    std::string name;
    Type type;
    int slot;
  };

  Type check(Node& node);
  Type check_name(Node& node);
  Type check_select(Node& node);
  Type check_has(Node& node);
  Type check_index(Node& node);
  Type check_list(Node& node);
  Type check_map(Node& node);
  Type check_condition(Node& node);
  Type check_comprehension(Node& node);

  // operators (checker_operators.cpp)
  Type check_negation(Node& node);
  Type check_equality(Node& node);
  Type check_order(Node& node);
  Type check_in(Node& node);
  Type check_arithmetic(Node& node);
  void refuse_comparison(const Node& node, const Type& left, const Type& right);
  /// Notes literals such as P1M < P30D.
  void refuse_unlike_periods(const Node& node);

  // names (checker_names.cpp)
  /// An ISO 8601 literal: P1M, PT5M.
  Type check_literal_name(Node& node);
  /// Turns the node into a slot when the dotted path is a variable or a member with a slot.
  bool resolve_path(Node& node, std::span<const std::string> path, Type& type);
  Type member_type(const Type& type, const Node& node);
  /// When `path` is a reference, its node becomes the slot of what it stands for and `member`, a select or has of it, a reading that
  /// takes null for null.
  bool resolve_reference(Node& node, std::span<const std::string> path, Node& member, Type& type);
  Type unknown_name(Node& node, std::span<const std::string> path);
  [[nodiscard]] const Local* find_local(std::string_view name) const;

  // calls (checker_calls.cpp)
  Type check_call(Node& node);
  bool resolve_namespace(Node& node);
  bool resolve_member_call(Node& node, Type& type);
  bool resolve_ran_step(Node& node, const std::string& name);
  void check_arguments(Node& node, const std::vector<Type>& types, Type& result);
  void prepare(Node& node);
  Type unknown_function(const Node& node);

  void note(std::size_t offset, std::string message, std::string hint = {});
  void require_bool(const Node& node, const Type& type, std::string_view what);
  /// Notes literals of `node` that are outside the closed set.
  void check_values(const std::vector<std::string>& values, const Node& node);
  void check_expected(const Type& expected, const Type& type, const Node& node);

  const Environment& environment_;
  bool strict_;
  std::vector<Mistake> mistakes_;
  std::vector<Local> locals_;
};

/// The names of a chain `a.b.c`, or empty when the node is none.
[[nodiscard]] std::vector<std::string> dotted_path(const Node& node);
[[nodiscard]] std::string join_path(std::span<const std::string> path);
/// "did you mean …?" or "one of …" from the candidates.
[[nodiscard]] std::string hint_for(std::string_view word, const std::vector<std::string>& candidates);
[[nodiscard]] bool is_numeric(const Type& type);
/// Could values of both types ever be equal? Elements count as well: a list of strings never equals a list of ints.
[[nodiscard]] bool comparable(const Type& a, const Type& b);
/// How to write the other kind where a date, timestamp, period or duration stands for its like; empty: no advice.
[[nodiscard]] std::string conversion_hint(const Type& wanted, const Type& given);
/// What both branches of a conditional or all items of a list have in common.
[[nodiscard]] Type common_type(const Type& a, const Type& b);
/// The type that may also be null.
[[nodiscard]] Type nullable_of(Type type);
[[nodiscard]] Type type_of_value(const Value& value);

}  // namespace stellwerk::workflows::cel
