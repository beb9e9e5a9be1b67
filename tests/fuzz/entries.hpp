#pragma once
// What the fuzzers and the replay of their corpora call: bytes from anywhere go through the loader, the expression language and
// templates. A property that does not hold ends the process.

#include <string_view>

namespace stellwerk::fuzz {

/// A workflow file: every problem is told at a place in it, in bounded and clean text.
void read_workflow(std::string_view bytes);
/// An expression over variables of every kind: compiled, and evaluated twice within its budget.
void read_expression(std::string_view bytes);
/// A YAML value as a template, and as a text with holes.
void read_template(std::string_view bytes);

}  // namespace stellwerk::fuzz
