#pragma once
// A random life of a generated workflow: events of every kind, in any order, and an executor that remembers what really happened.

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/fault/subject.hpp"
#include "tests/property/choices.hpp"

namespace stellwerk::testing {

/// What executors have really done, by key; and whether each undo was due. Run and place name a step as undo knows it.
class Ledger {
 public:
  /// Carries out the try: once per key.
  void carry_out(const Subject& actor, const workflows::Attempt& tried);
  [[nodiscard]] bool is_done(const workflows::Attempt& tried) const { return done_.count(tried.key) > 0; }
  /// The step that the try is about has an effect now.
  [[nodiscard]] bool is_there(const Subject& actor, const workflows::Attempt& tried) const;
  /// The engine was told of an outcome that does not exclude an effect.
  void maybe(const Subject& actor, const workflows::Attempt& tried);
  /// Looks at every decision: which steps begin, and which runs end and how.
  void watch(const Subject& actor, const workflows::Snapshot& before, const workflows::Event& event, const workflows::Decision& decision);

  std::vector<std::string> wrongs;

 private:
  struct Place {
    std::string run;
    workflows::StepAt at;
    friend auto operator<=>(const Place&, const Place&) = default;
  };
  struct Step {
    int begun = 0;          ///< its number in the order of beginning
    bool possible = false;  ///< an effect cannot be excluded
    bool there = false;     ///< it has an effect
    bool has_undo = false;
    std::string name;
  };
  static Place place_of(const Subject& actor, const workflows::Attempt& tried);
  void ended(const Subject& actor, const std::string& run, const std::string& status);

  std::set<std::string> done_;
  std::map<Place, Step> steps_;
  std::map<std::string, int> last_undone_;   ///< by run: number of the step whose undo began last
  std::set<std::string> given_up_;           ///< runs for which a person took over, or that keep what they have
  std::map<std::string, Json> saved_before_; ///< by run: the attributes when it began
  std::map<std::string, std::set<std::string>> saves_;  ///< by run: attributes that its steps save
  int order_ = 0;
};

/// One life: born, then up to `most` events as the choices say.
class Script {
 public:
  Script(Subject& subject, Choices& choices) : actor_{subject}, c_{choices} {}
  /// `after_each` sees the actor after every event; false stops.
  void play(int most, const std::function<bool()>& after_each);
  Ledger& ledger() { return ledger_; }
  /// What was done, for a person.
  [[nodiscard]] const std::string& told() const { return told_; }
  bool persons_skip = true;   ///< incidents may be skipped or declared done

 private:
  void one();
  void answer();
  void command();
  void message();
  void person();
  void pass_time();
  void others();
  [[nodiscard]] Json payload();
  void tell(const std::string& what);

  Subject& actor_;
  Choices& c_;
  Ledger ledger_;
  std::vector<workflows::Attempt> former_;
  std::string told_;
};

}  // namespace stellwerk::testing
