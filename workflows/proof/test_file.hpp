#pragma once
// Test files of workflows (`*.test.yaml`), as read. The meaning of every line: docs/workflow-language.md, "Tests".

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/yaml.hpp"
#include "workflows/definition.hpp"
#include "workflows/proof/answers.hpp"
#include "workflows/snapshot.hpp"

namespace stellwerk::workflows::proof {

/// One line of a script.
struct Line {
  enum class What { send, answer, until, pass, edit, setting, row, remedy, crash, expect };
  What what = What::expect;
  config::Place place;
  std::string name;                   ///< of the event; of the remedy
  Json values = JsonObject{};         ///< payload; attributes or settings by name; input of a remedy
  Json output = JsonObject{};         ///< of the remedy `done`
  bool verified_absent = false;       ///< of the remedy `retry`
  std::string by;                     ///< role, or kind of the sender; empty: the first that may
  std::string note;
  std::optional<std::string> refused; ///< must be refused, for this reason (empty: any)
  Time until{};
  Duration pass{};
  std::map<std::string, std::vector<Answer>> answers;
  std::map<std::string, Row, std::less<>> rows;
  config::Yaml expect;                ///< a map, its keys checked
};

struct Case {
  std::string name;
  config::Place place;
  Json given = JsonObject{};  ///< those of the file, and the case's own over them
  std::vector<Line> script;
};

struct Invariant {
  cel::Program program;
  config::Place place;
};

/// What must be reached by all cases together.
struct Goal {
  std::string what;            ///< states, transitions, steps
  double percent = 0;          ///< at least; 0: no goal
  std::vector<std::string> except;
  config::Place place;
};

struct TestFile {
  std::string file;
  std::string text;
  std::string workflow;
  config::Place place;      ///< of the workflow's name
  config::Yaml root;
};

struct Tests {
  std::string file;
  std::string text;
  std::string workflow;
  Time start{};
  Calendar calendar;
  std::map<std::string, Json> settings;
  std::map<std::string, Row, std::less<>> rows;
  std::map<std::string, std::vector<Answer>> answers;
  std::vector<Case> cases;
  std::vector<Invariant> always;
  std::vector<Goal> goals;
};

/// Reads YAML and `test`, the name of the workflow.
[[nodiscard]] tl::expected<TestFile, std::vector<config::Problem>> open_test_file(const std::string& file_name, const std::string& text);
/// Reads the rest and checks it against the workflow: every problem at once.
[[nodiscard]] tl::expected<Tests, std::vector<config::Problem>> read_tests(const TestFile& file, const Definition& definition, const Catalog& catalog);

/// A script for `workflow simulate`: the same file, or one without `cases`, whose `script` stands at the top. `expect` is not needed.
/// Read by read_tests().

/// A moment as people write it: RFC 3339 with or without seconds; without an offset in `zone`; a date alone is that day at
/// `automation_time`. Errors: invalid_argument.
[[nodiscard]] Result<Time> read_moment(const std::string& text, const Calendar& calendar);

/// What expressions of `always` may name: self, settings, now, today, tenant.
[[nodiscard]] cel::Environment invariant_environment(const Definition& definition, const Catalog& catalog);

/// Keys of `expect` beside the attributes' names.
[[nodiscard]] const std::vector<std::string>& expect_keys();

/// One entry or a list of them: a word or { is, code, text, output, after, handle, sent }. Used by the reader and by `simulate`.
[[nodiscard]] Result<Answer> answer_of(const std::string& word);

}  // namespace stellwerk::workflows::proof
