#pragma once
// Expressions: Common Expression Language (github.com/google/cel-spec, language definition), checked against declared types at
// load, evaluated over a frame of slots within a budget. Pure: no clock, no I/O.
//
// Beside CEL's own there are dates, periods, decimals and money. ISO 8601 durations stand bare: with calendar units (P10D, P2W, P1M,
// P1Y2M) they are periods, with units of time (PT5M) durations; a name that looks like one is always the literal.

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
  enum class Base : std::uint8_t { dyn, null, boolean, integer, uinteger, real, string, bytes, list, map, timestamp, duration, type, date, period, decimal, money };
  Base base = Base::dyn;
  /// May also be null (attributes without a value): comparisons with null are allowed, other uses are errors when null.
  bool nullable = false;
  std::shared_ptr<const Type> element;                                   ///< of list and map values; none: dyn
  std::shared_ptr<const std::map<std::string, Type, std::less<>>> fields;  ///< of a map whose keys are known: unknown names are errors, unless it has `element` too
  std::vector<std::string> values;                                       ///< of a string from a closed set: comparing with another literal is an error

  static Type of(Base base, bool nullable = false) { return Type{base, nullable, {}, {}, {}}; }
  static Type list_of(Type element);
  static Type map_of(Type value);
  static Type record(std::map<std::string, Type, std::less<>> fields);
  /// "int", "list(string)", …
  [[nodiscard]] std::string name() const;
};

/// JSON read by its declared type: texts become timestamps, durations, dates, periods, decimals and money where those are declared
/// (money also from {"minor", "currency"}), whole numbers become doubles or decimals; what does not fit its type, or has none, is read as from_json(json) does.
[[nodiscard]] Value from_json(const Json& json, const Type& type);

/// The names an expression may use, and the slot of the frame each is read from.
class Environment {
 public:
  /// A variable: `now`, `result`, `event` (a record type gives checked members read through the map).
  void add(std::string name, Type type, int slot);
  /// A member that has a slot of its own: record `self`, member `hostname`. `self` alone is then not a value.
  void add_member(const std::string& record, std::string member, Type type, int slot);
  /// What `ran('name')` reads: the slot of a bool, true when the step of this name was carried out. The name must be a literal;
  /// another name is a mistake that tells those there are. The same as add_member("ran", name, bool, slot).
  void add_ran(std::string name, int slot);
  /// ran('name') of a step of the run so far: whether the map of results in `slot` has that member, and it is no failure.
  void add_ran_step(std::string name, int slot);
  /// The value at `path` ("self.plan") is an id: `path.x` reads member x of the map in `slot`, and is null while that is null.
  /// `path` alone stays the id. `record` gives the members' types; one without fields is open: any member, of any type.
  void add_reference(std::string path, Type record, int slot);
  /// Reading through `path` is a mistake with this message and hint; takes the place of an earlier reference of the path.
  void refuse_reference(std::string path, std::string message, std::string hint);
  /// The slot that holds the name of a time zone (a string: IANA name, "UTC" or an offset such as "+02:00"). Programs and templates
  /// compiled with it reckon dates, periods and calendar fields of timestamps in that zone; without it, or when the slot is null or
  /// beyond the frame, in UTC.
  void set_zone_slot(int slot) { zone_slot_ = slot; }
  [[nodiscard]] int zone_slot() const { return zone_slot_; }  ///< -1: none
  struct Variable {
    Type type;
    int slot = -1;
  };
  [[nodiscard]] const Variable* find(std::string_view name) const;
  [[nodiscard]] const Variable* find_member(std::string_view record, std::string_view member) const;
  struct Reference {
    Type record;
    int slot = -1;
    std::string refusal;  ///< not empty: reading through it is a mistake
    std::string hint;
  };
  [[nodiscard]] const Reference* find_reference(std::string_view path) const;
  [[nodiscard]] int ran_step_slot(std::string_view name) const;  ///< -1: no such step
  [[nodiscard]] bool has_record(std::string_view record) const;
  /// For hints.
  [[nodiscard]] std::vector<std::string> names() const;
  [[nodiscard]] std::vector<std::string> members(std::string_view record) const;

 private:
  std::map<std::string, Variable, std::less<>> variables_;
  std::map<std::string, std::map<std::string, Variable, std::less<>>, std::less<>> records_;
  std::map<std::string, Reference, std::less<>> references_;
  std::map<std::string, int, std::less<>> ran_steps_;
  int zone_slot_ = -1;
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
  /// The slots it reads, each once, ascending; without the one that holds the zone.
  [[nodiscard]] std::vector<int> slots() const;
  [[nodiscard]] explicit operator bool() const { return root_ != nullptr; }

 private:
  friend tl::expected<Program, std::vector<Mistake>> compile(std::string_view source, const Environment& environment, const Type& expected);
  std::shared_ptr<const Node> root_;
  Type type_;
  std::string source_;
  int zone_slot_ = -1;
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
  /// The slots that its expressions read, each once, ascending; without the one that holds the zone.
  [[nodiscard]] std::vector<int> slots() const;
  [[nodiscard]] explicit operator bool() const { return root_ != nullptr; }
  struct Part;

 private:
  friend Template compile_template(const config::Yaml& yaml, const Environment& environment, std::vector<std::pair<config::Place, Mistake>>& mistakes);
  std::shared_ptr<const Part> root_;
  int zone_slot_ = -1;
};

/// Compiles a YAML value; mistakes are appended with their place in the file (column of the expression's offending character for
/// single-line plain and quoted scalars, else of the scalar). A template with mistakes must not be evaluated.
[[nodiscard]] Template compile_template(const config::Yaml& yaml, const Environment& environment, std::vector<std::pair<config::Place, Mistake>>& mistakes);
/// The same for one text outside YAML (tests).
[[nodiscard]] tl::expected<Template, std::vector<Mistake>> compile_text(std::string_view text, const Environment& environment);

/// The place of byte `offset` within a scalar's text.
[[nodiscard]] config::Place place_in(const config::Yaml& scalar, std::size_t offset);

}  // namespace stellwerk::workflows::cel
