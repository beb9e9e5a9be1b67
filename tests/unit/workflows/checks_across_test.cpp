// What workflows say to one another: tests/golden/workflow_problems/across; STELLWERK_UPDATE_GOLDEN=1 rewrites the texts.
#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "core/embedded.hpp"
#include "tests/unit/workflows/loading.hpp"

namespace stellwerk::workflows {
namespace {

using namespace loading_test;

struct File {
  std::filesystem::path path;
  std::string text;
  std::shared_ptr<const Definition> definition;
};

std::vector<File> files() {
  std::vector<File> all;
  for (const auto& entry : std::filesystem::directory_iterator{golden / "across"}) {
    if (entry.path().extension() == ".yaml") all.push_back({entry.path(), read_text(entry.path()), load(read_text(entry.path()))});
  }
  return all;
}

Neighbours neighbours() {
  Neighbours all;
  for (const auto& file : files()) all.known.push_back(file.definition);
  return all;
}

/// An order that does this when it is born.
std::shared_ptr<const Definition> order(const std::string& effect) {
  return load("language: 1\nworkflow: trip\nkind: order\nattributes: { boat: { type: ref, kind: service }, which: { type: string }, all: { type: map } }\n"
              "initial: a\nstates: { a: { status: pending, rest: true, entry: [ " + effect + " ] } }\n");
}

std::vector<std::string> told(const std::string& effect, const Neighbours& around) {
  std::vector<std::string> codes;
  for (const auto& problem : check_across(*order(effect), around)) codes.push_back(problem.code);
  return codes;
}

using Codes = std::vector<std::string>;

}  // namespace

BOOST_AUTO_TEST_SUITE(checks_across)

BOOST_AUTO_TEST_CASE(tells_what_the_golden_files_say_and_nothing_of_good_neighbours) {
  for (const auto& [path, text, definition] : files()) {
    BOOST_TEST_CONTEXT(path.filename().string()) {
      const auto messages = rendered(check_across(*definition, neighbours()), text);
      const auto expected = std::filesystem::path{path}.replace_extension(".txt");
      if (path.stem() == "voyage" && std::getenv("STELLWERK_UPDATE_GOLDEN")) std::ofstream{expected, std::ios::binary} << messages;
      BOOST_TEST(messages == (path.stem() == "voyage" ? read_text(expected) : std::string{}));
    }
  }
}

BOOST_AUTO_TEST_CASE(every_code_of_what_is_told_can_be_explained) {
  for (const auto& file : files()) {
    for (const auto& problem : check_across(*file.definition, neighbours())) BOOST_TEST(!explain(problem.code).empty());
  }
}

BOOST_AUTO_TEST_CASE(of_a_workflow_that_is_not_there_nothing_is_said_until_all_are) {
  const std::string far = "{ create: { kind: service, workflow: submarine, with: { depth: 3 } } }", near = "{ create: { kind: service, workflow: boot } }", kind = "{ create: { kind: invoice } }";
  auto around = neighbours();
  BOOST_TEST(told(far, around) == Codes{});
  BOOST_TEST(told(kind, around) == Codes{});
  BOOST_TEST(told(near, around) == Codes{"SW073"});
  around.complete = true;
  BOOST_TEST(told(far, around) == Codes{"SW073"});
  BOOST_TEST(told(kind, around) == Codes{"SW073"});
  BOOST_TEST(told("{ create: { kind: service, workflow: \"${self.which}\", with: { depth: 3 } } }", around) == Codes{});
}

BOOST_AUTO_TEST_CASE(one_that_is_found_by_its_name_is_compared_but_stands_for_no_kind) {
  Neighbours around;
  for (const auto& file : files()) {
    if (file.definition->name == "boat") around.named.push_back(file.definition);
  }
  BOOST_TEST(told("{ create: { kind: service, workflow: boat } }", around) == Codes{"SW062"});
  BOOST_TEST(told("{ send: { actor: \"${self.boat}\", event: hiost } }", around) == Codes{});
}

BOOST_AUTO_TEST_CASE(what_an_expression_makes_is_not_guessed_at) {
  BOOST_TEST(told("{ create: { kind: service, workflow: boat, with: \"${self.all}\" } }", neighbours()) == Codes{});
  BOOST_TEST(told("{ send: { actor: \"${self.which}\", event: hiost } }", neighbours()) == Codes{});
  BOOST_TEST(told("{ send: { actor: ord_1, event: hiost } }", neighbours()) == Codes{});
  BOOST_TEST(told("{ create: { kind: service, workflow: boat, with: { name: \"${self.all.name}\", sails: \"${self.all.sails}\" } } }", neighbours()) == Codes{});
}

BOOST_AUTO_TEST_CASE(the_shipped_workflows_understand_one_another) {
  Neighbours shipped{.known = {}, .complete = true};
  for (const auto& file : embedded_files()) {
    if (file.path.starts_with("workflows/library/") && !file.path.ends_with(".test.yaml")) shipped.known.push_back(load(std::string{file.text}));
  }
  BOOST_TEST(shipped.known.size() >= 3U);
  for (const auto& definition : shipped.known) BOOST_TEST(rendered(check_across(*definition, shipped), definition->text) == "");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace stellwerk::workflows
