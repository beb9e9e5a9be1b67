#pragma once
// Expressions: Common Expression Language (github.com/google/cel-spec, language definition), checked against declared types at
// load, evaluated over a frame of slots within a budget. Pure: no clock, no I/O.

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/yaml.hpp"
#include "core/result.hpp"
#include "workflows/cel/value.hpp"

namespace stellwerk::workflows::cel {

/// Static type. `dyn` fits everything and is decided at evaluation.
struct Type {
  enum class Base : std::uint8_t { dyn, null, boolean, integer, uinteger, real, string, bytes, list, map, timestamp, duration, type };
  Base base = Base::dyn;
  /// May also be null (attributes without a value): comparisons with null are allowed, other uses are errors when null.
  bool nullable = false;
  std::shared_ptr<const Type> element;                                   ///< of list and map values; none: dyn
  std::shared_ptr<const std::map<std::string, Type, std::less<>>> fields;  ///< of a map whose keys are known: unknown names are errors
  std::vector<std::string> values;                                       ///< of a string from a closed set: comparing with another literal is an error

  static Type of(Base base, bool nullable = false) { return Type{base, nullable, {}, {}, {}}; }
  static Type list_of(Type element);
  static Type map_of(Type value);
  static Type record(std::map<std::string, Type, std::less<>> fields);
  /// "int", "list(string)", …
  [[nodiscard]] std::string name() const;
};

/// JSON read by its declared type: texts become timestamps and durations where those are declared, whole numbers become doubles;
/// what does not fit its type, or has none, is read as from_json(json) does.
[[nodiscard]] Value from_json(const Json& json, const Type& type);

/// The names an expression may use, and the slot of the frame each is read from.
class Environment {
 public:
  /// A variable: `now`, `result`, `event` (a record type gives checked members read through the map).
  void add(std::string name, Type type, int slot);
  /// A member that has a slot of its own: record `self`, member `hostname`. `self` alone is then not a value.
  void add_member(const std::string& record, std::string member, Type type, int slot);
  struct Variable {
    Type type;
    int slot = -1;
  };
  [[nodiscard]] const Variable* find(std::string_view name) const;
  [[nodiscard]] const Variable* find_member(std::string_view record, std::string_view member) const;
  [[nodiscard]] bool has_record(std::string_view record) const;
  /// For hints.
  [[nodiscard]] std::vector<std::string> names() const;
  [[nodiscard]] std::vector<std::string> members(std::string_view record) const;

 private:
  std::map<std::string, Variable, std::less<>> variables_;
  std::map<std::string, std::map<std::string, Variable, std::less<>>, std::less<>> records_;
};

/// A mistake in an expression: byte offset into its source, what, and what instead.
struct Mistake {
  std::size_t offset = 0;
  std::string message;
  std::string hint;
};

/// Bounds of one evaluation: visited nodes (a step each, comprehensions pay per element), bytes of strings, lists and maps made.
/// Exceeding either is the error resource_exhausted, as is a result that written out has more than 8 MiB or 60 levels.
/// Expression source: at most 16 KiB, depth 64, 2,000 nodes.
struct Budget {
  int steps = 10'000;
  std::size_t bytes = 1 << 20;
};

struct Node;

/// A parsed and checked expression. Immutable, cheap to copy, usable from any thread.
class Program {
 public:
  Program() = default;
  /// Reads slots of `frame`; a slot beyond its end is an error. Errors: invalid_argument with CEL's words ("no such key: x",
  /// "division by zero", "integer overflow", …), resource_exhausted.
  [[nodiscard]] Result<Value> evaluate(std::span<const Value> frame, Budget budget = {}) const;
  /// evaluate() that must give a bool; other kinds are an error.
  [[nodiscard]] Result<bool> test(std::span<const Value> frame) const;
  [[nodiscard]] const Type& type() const { return type_; }
  [[nodiscard]] const std::string& source() const { return source_; }
  [[nodiscard]] explicit operator bool() const { return root_ != nullptr; }

 private:
  friend tl::expected<Program, std::vector<Mistake>> compile(std::string_view source, const Environment& environment, const Type& expected);
  std::shared_ptr<const Node> root_;
  Type type_;
  std::string source_;
};

/// Parses and checks. Every mistake is told at once (a parse error ends the list). `expected` dyn accepts any result type.
[[nodiscard]] tl::expected<Program, std::vector<Mistake>> compile(std::string_view source, const Environment& environment, const Type& expected = {});

/// A literal with `${…}` holes, over scalars, lists and maps: what keys that *give* hold (`set`, `with`, request parts).
/// A text that is only `${…}` keeps the type of its expression; `$${` is a literal `${`.
class Template {
 public:
  Template() = default;
  /// Errors as Program::evaluate. Map members keep their order.
  [[nodiscard]] Result<Value> evaluate(std::span<const Value> frame, Budget budget = {}) const;
  /// True when there is no hole in it.
  [[nodiscard]] bool is_literal() const;
  /// The static type of the whole: of the expression when it is only `${…}`, string for text with holes, list/record otherwise.
  [[nodiscard]] const Type& type() const;
  [[nodiscard]] explicit operator bool() const { return root_ != nullptr; }
  struct Part;

 private:
  friend Template compile_template(const config::Yaml& yaml, const Environment& environment, std::vector<std::pair<config::Place, Mistake>>& mistakes);
  std::shared_ptr<const Part> root_;
};

/// Compiles a YAML value; mistakes are appended with their place in the file (column of the expression's offending character for
/// single-line plain and quoted scalars, else of the scalar). A template with mistakes must not be evaluated.
[[nodiscard]] Template compile_template(const config::Yaml& yaml, const Environment& environment, std::vector<std::pair<config::Place, Mistake>>& mistakes);
/// The same for one text outside YAML (tests).
[[nodiscard]] tl::expected<Template, std::vector<Mistake>> compile_text(std::string_view text, const Environment& environment);

/// The place of byte `offset` within a scalar's text.
[[nodiscard]] config::Place place_in(const config::Yaml& scalar, std::size_t offset);

}  // namespace stellwerk::workflows::cel
