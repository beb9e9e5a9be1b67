#pragma once
// The tree of an expression. The parser makes it, the checker resolves names in place, the evaluator only reads it.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "workflows/cel/value.hpp"

namespace stellwerk::workflows::cel {

struct Overload;

enum class Op : std::uint8_t {
  literal,        ///< `value`
  name,           ///< an identifier as parsed; never left after a strict check
  select,         ///< children[0].name
  has,            ///< has(children[0].name)
  index,          ///< children[0][children[1]]
  call,           ///< name(children…); a method has its receiver as children[0]
  list,
  map,            ///< children: key, value, key, value, …
  negate,
  logical_not,
  logical_and,    ///< any number of children
  logical_or,     ///< any number of children
  conditional,
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  add,
  subtract,
  multiply,
  divide,
  remainder,
  in,
  comprehension,  ///< children: range, body; or range, filter, body
  slot,           ///< a place of the frame
  slot_present,   ///< has() of a member with a slot of its own
  local,          ///< a variable of a comprehension
  unresolved,     ///< unchecked evaluation only: using it is an error
};

enum class Macro : std::uint8_t { none, all, exists, exists_one, map, filter, transform_list, transform_map };

struct Node {
  Op op = Op::literal;
  Macro macro = Macro::none;
  bool method = false;    ///< of call: receiver style
  bool lenient = false;   ///< of select and has: null for a member of null
  bool absolute = false;  ///< of name: written with a leading dot
  std::uint16_t depth = 1;
  std::uint32_t offset = 0;  ///< of the token that names the operation
  int slot = -1;             ///< of slot: place in the frame; of local and comprehension: (first) place among the locals
  Value value;
  std::string name;          ///< of name, select, has, call; first variable of a comprehension
  std::string second;        ///< second variable of a comprehension, or empty
  std::vector<Node> children;
  std::span<const Overload> overloads;     ///< of call
  std::shared_ptr<const void> prepared;    ///< of call: the compiled literal pattern
};

/// Bounds of one expression.
constexpr std::size_t max_source_bytes = 16 * 1024;
constexpr int max_nesting = 64;       ///< brackets, conditionals, signs
constexpr int max_tree_depth = 256;   ///< chains of operators and members add to the nesting
constexpr int max_nodes = 2'000;
constexpr int max_locals = 32;        ///< variables of nested comprehensions

}  // namespace stellwerk::workflows::cel
