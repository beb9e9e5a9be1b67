#pragma once
// What the operations and actions of the shipped workflows work on: machines by number, numbers, addresses and places. Operations
// of other names get a thing by their input that is there or not.

#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/outcome.hpp"
#include "workflows/definition.hpp"

namespace stellwerk::testing {

/// One try as its executor sees it.
struct Request {
  std::string doing;  ///< "proxmox.create_vm/clone", "id.allocate"
  std::string key;
  Json input;
  workflows::Effect effect = workflows::Effect::sets;
  bool first = true;  ///< not a later entry of a composite operation
};

class World {
 public:
  /// Carries it out; twice with the same key has the effect once.
  Outcome execute(const Request& request);
  /// Looks whether it has happened. Changes nothing.
  [[nodiscard]] Outcome observe(const Request& request) const;
  /// A stranger takes the number that this request is about.
  void take_away(const Request& request);

  /// Machines and things of ours.
  [[nodiscard]] std::size_t ours() const;
  /// Everything of ours that is still there, in words.
  [[nodiscard]] std::vector<std::string> leftovers() const;
  [[nodiscard]] std::size_t most_at_once() const { return most_at_once_; }
  [[nodiscard]] bool strangers_are_well() const;

 private:
  struct Machine {
    bool ours = true;
    bool running = false;
    bool held = false;
  };
  Outcome on_machine(const std::string& what, const Request& request);
  Outcome on_stock(const Request& request);

  std::map<std::int64_t, Machine> machines_;
  std::set<std::int64_t> strangers_;
  std::set<std::int64_t> numbers_, blocked_;
  std::set<std::string> addresses_, things_;
  bool place_ = false;
  std::map<std::string, Json> given_;  ///< results of allocations by key
  std::size_t most_at_once_ = 0;
};

}  // namespace stellwerk::testing
