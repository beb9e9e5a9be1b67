#pragma once
// The local actions: names, inputs, results, undo. Executed by Store::run_actions inside one transaction.
//
//   pool.place   { pool }                       → { server }   a place on the least filled active server of the pool; undo pool.release
//   pool.release { }                            → { }          gives the actor's places back; as an undo only that which its step took
//   id.allocate  { range, blocked: [id…] }      → { id }       lowest free number not in `blocked`; undo id.release
//   id.release   { range, id, quarantine? , block? } → { }     frees it (after the ISO duration `quarantine`), or blocks it for good
//   ip.allocate  { pool }                       → { address }  lowest free address; undo ip.release
//   ip.release   { address, quarantine? }       → { }
//
// Giving back what the actor does not hold (any more) is fine: it was given back before. What another actor holds stays theirs.
// A second allocation by the same actor for the same key (pool, range) while it holds one returns the one it holds only if the
// attempt is the same; a new attempt takes a new one.

#include <optional>
#include <string>
#include <vector>

namespace stellwerk::storage {

struct ActionField {
  std::string name;
  std::string type;  ///< "string", "int", "list", "duration", "bool"
  bool required = true;
};

struct ActionSpec {
  std::string name;
  std::vector<ActionField> input;
  std::vector<ActionField> output;
  std::string undo;  ///< action that takes it back, given the input and the result's fields; empty: none needed
};

[[nodiscard]] const std::vector<ActionSpec>& action_specs();

}  // namespace stellwerk::storage
