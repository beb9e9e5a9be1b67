#pragma once
// What operations and actions work on, made from their signatures alone. An operation that creates or charges makes a *thing*; its
// identity are the inputs that its undo goes by ("vmid"). Operations of the same connector that take that input work on the thing.
// An action with an undo takes something from a stock until its undo, or a step of the same action, gives it back.

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/outcome.hpp"
#include "workflows/decision.hpp"

namespace stellwerk::testing {

/// One try as its executor sees it.
struct Request {
  std::string operation;  ///< "vendor.create", "stock.take"
  std::string key;
  std::string place;      ///< run, step and element: what the undo of a step shares with it
  Json input;
  int sub = -1;           ///< entry of a composite operation
  int subs = 0;           ///< how many it has
  bool action = false;
  bool undo = false;
};

class World {
 public:
  explicit World(const workflows::Catalog& catalog);

  /// Carries it out; twice with the same key has the effect once, except where an operation is not repeatable.
  Outcome execute(const Request& request);
  /// Looks whether it has happened. Changes nothing.
  [[nodiscard]] Outcome observe(const Request& request) const;
  /// A stranger takes the identity under which this request creates something, unless it is in use; true when it did.
  bool take_away(const Request& request);

  /// Everything of ours that is there, in words, sorted.
  [[nodiscard]] std::vector<std::string> holdings() const;
  /// How many things of one kind there were at once, at most, and never more than one with the same identity.
  [[nodiscard]] std::size_t most_at_once() const { return most_at_once_; }
  [[nodiscard]] bool strangers_are_well() const { return well_; }
  /// What had an effect, in order: keys.
  [[nodiscard]] const std::vector<std::string>& effects() const { return effects_; }

 private:
  struct Kind {
    std::string operation;          ///< that makes such a thing
    std::string undo;
    std::vector<std::string> identity;  ///< inputs; empty: each try makes another
  };
  struct Thing {
    const Kind* kind = nullptr;
    bool ours = true;
  };
  struct Holding {
    std::string action;
    Json input, output;
  };
  Outcome on_thing(const Request& request, const workflows::OperationSignature& operation);
  Outcome on_stock(const Request& request, const workflows::ActionSignature& action);
  Outcome take(const Request& request, const workflows::ActionSignature& action);
  void give_back(const workflows::ActionSignature& action, const workflows::ActionSignature& taker, const Json& input);
  [[nodiscard]] Outcome judge(const Request& request) const;
  /// The kind of thing that the operation works on; nullptr: none.
  [[nodiscard]] const Kind* kind_of(const workflows::OperationSignature& operation, const Request& request) const;
  [[nodiscard]] std::string name_of(const Kind& kind, const Request& request) const;
  [[nodiscard]] static std::string record_of(const Request& request);
  void forget(const std::string& place);

  const workflows::Catalog* catalog_;
  std::shared_ptr<const std::vector<Kind>> kinds_;  ///< shared by copies: things point into it
  std::map<std::string, Thing> things_;       ///< by kind and identity
  std::map<std::string, Holding> holdings_;   ///< by key of the action that took it
  std::map<std::string, std::string> done_;   ///< key and input of what was carried out and not undone → its place
  std::set<std::string> blocked_;             ///< numbers that are not given again
  std::vector<std::string> effects_;
  std::size_t most_at_once_ = 0;
  bool well_ = true;
  int number_ = 0;
};

}  // namespace stellwerk::testing
