#pragma once
// Runs the cases of a test file: each on an actor of its own, in virtual time.

#include <memory>
#include <string>
#include <vector>

#include "workflows/proof/coverage.hpp"
#include "workflows/proof/test_file.hpp"
#include "workflows/virtual_actor.hpp"

namespace stellwerk::workflows::proof {

struct Failure {
  config::Place place;
  std::string what;       ///< "state", "always", "send suspend"
  std::string expected;
  std::string actual;
};

struct CaseResult {
  std::string name;
  config::Place place;
  int decisions = 0;
  std::vector<Failure> failures;      ///< all of the line that failed; the case ends with it
  std::vector<std::string> journal;   ///< since the line before the one that failed, with times
  [[nodiscard]] bool passed() const { return failures.empty(); }
};

struct TestReport {
  std::string file;
  std::string text;
  std::string workflow;
  std::vector<CaseResult> cases;
  std::vector<Coverage> coverage;
  std::vector<Failure> shortfalls;    ///< of coverage, only told when every case passed
  [[nodiscard]] bool passed() const;
};

[[nodiscard]] TestReport run_tests(const Tests& tests, const std::shared_ptr<const Definition>& definition, const Catalog& catalog);

/// Failures with file:line:column, the line, what was expected and what is, and the journal; then the share of what was reached.
[[nodiscard]] std::string render(const TestReport& report);
/// One <testsuite> per file, as JUnit has it.
[[nodiscard]] std::string render_junit(const std::vector<TestReport>& reports);

/// What the case does, without running it: the setup of its actor.
[[nodiscard]] VirtualActor::Setup setup_of(const Tests& tests);
/// Carries out one line other than `answer` and `expect`. Errors: refusals, and what the actor's members give.
[[nodiscard]] Result<void> carry_out(VirtualActor& actor, const Line& line);
/// "14:03:05 state ordered -> provisioning": an entry of the journal for people, moments in the zone of `calendar`.
[[nodiscard]] std::string describe(const JournalLine& line, const Calendar& calendar);

/// A refusal in words: the chain of what went wrong, the fields, the reason.
[[nodiscard]] std::string told(const Error& error);

/// Lives `years` on, once a month as the first case of `tests` says: its script is the month, its moments and dates move by one month
/// with each turn. For benchmarks. Returns the number of decisions. Errors: what a line gives; invalid_argument, when there is no case.
[[nodiscard]] Result<int> live(const Tests& tests, const std::shared_ptr<const Definition>& definition, const Catalog& catalog, int years = 3);

}  // namespace stellwerk::workflows::proof
