#pragma once
// How the world answers in virtual time: outcomes that a script gives, and outputs made up from declarations. Deterministic.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/outcome.hpp"
#include "workflows/catalog.hpp"

namespace stellwerk::workflows::proof {

/// One entry of an answer list.
struct Answer {
  enum class What {
    outcome,
    none,   ///< no answer: the try stays in hand until the script gives another one, or its time is up
    crash,  ///< the node ends while the request is under way
  };
  What what = What::outcome;
  Outcome outcome;
};

/// What an answer list gives to one try.
struct Next {
  const Answer* answer = nullptr;  ///< nullptr: the script says nothing, it is done
  bool repeats = false;            ///< the same comes again: the list is at its end
};

class Answers {
 public:
  /// From now on. An entry per try, the last one for all that follow. `name`: an operation, an entry of a composite one
  /// ("proxmox.create_vm/clone", which goes before the operation's own list), or an action.
  void set(const std::string& name, std::vector<Answer> list);
  [[nodiscard]] Next next(const std::string& name, const std::string& sub);

 private:
  struct List {
    std::vector<Answer> entries;
    std::size_t used = 0;
  };
  std::map<std::string, List, std::less<>> lists_;
};

/// Makes outputs: whole numbers count up from 100, texts are "<name>-1", ids fit their kind, moments are `now`.
class Outputs {
 public:
  explicit Outputs(const Catalog& catalog) : catalog_{&catalog} {}
  /// What the catalogue says that `name` gives, on top of what its declaration says.
  [[nodiscard]] Json make(const std::string& name, Time now);
  /// A value of this type.
  [[nodiscard]] Json value(const Field& field, Time now);

 private:
  const Catalog* catalog_;
  std::int64_t number_ = 100;
  int text_ = 1;
};

}  // namespace stellwerk::workflows::proof
