#pragma once
// What the checker and advance() know of operations and actions: their signatures. Filled by app from connectors and storage.

#include <map>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "workflows/types.hpp"

namespace stellwerk::workflows {

/// What an operation does to the world. `creates` and `charges` need an undo or an identity; `destroys` proves ownership first.
enum class Effect { reads, sets, creates, destroys, charges };

struct OperationSignature {
  std::string name;  ///< "proxmox.create_vm"
  Effect effect = Effect::reads;
  std::vector<Field> input;
  std::vector<Field> output;
  std::vector<std::string> subs;  ///< entries of a composite operation, in order; empty: simple
  std::string undo;               ///< full name of the operation that takes it back; its inputs are taken by name from the step's frozen input
  /// After an unclear answer "absent" counts only when this long has passed since the request may have left.
  Duration settle = std::chrono::seconds{60};
  bool repeatable = true;  ///< false: neither identity nor key nor probe; never repeated after `unclear`
};

struct ActionSignature {
  std::string name;  ///< "id.allocate"
  std::vector<Field> input;
  std::vector<Field> output;
  std::string undo;  ///< action; its inputs are taken by name from input and result
};

/// What a reference of a kind (`ref` with `kind: plan`) lets expressions read.
struct KindSignature {
  std::vector<Field> fields;
  bool open = false;  ///< has members beyond these, of any type (the attributes of a product or an actor)
};

struct Catalog {
  std::map<std::string, OperationSignature, std::less<>> operations;
  std::map<std::string, ActionSignature, std::less<>> actions;
  std::map<std::string, KindSignature, std::less<>> kinds;
  std::map<std::string, Json, std::less<>> answers;  ///< what operations and actions give in workflow tests unless the script says otherwise
};

/// Reads a catalogue file (`catalog: 1`, then `operations`, `actions`, `kinds`) and adds it to `catalog`: signatures of what does
/// not exist yet, for `workflow check|test --catalog FILE`. Names in it take the place of those there are. Format: docs/workflow-language.md.
[[nodiscard]] std::vector<config::Problem> read_catalog(const std::string& file_name, const std::string& text, Catalog& catalog);

}  // namespace stellwerk::workflows
