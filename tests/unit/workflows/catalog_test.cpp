#include "workflows/catalog.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/unit/workflows/loading.hpp"

namespace stellwerk::workflows {
namespace {

using namespace loading_test;

struct Read {
  Catalog catalog;
  std::vector<config::Problem> problems;
};

Read read(const std::string& text, Catalog catalog = {}) {
  Read made{.catalog = std::move(catalog), .problems = {}};
  made.problems = read_catalog("catalog.yaml", text, made.catalog);
  return made;
}

/// "code line:column" of each problem.
std::vector<std::string> told(const std::string& text) {
  std::vector<std::string> all;
  for (const auto& problem : read(text).problems) all.push_back(problem.code + " " + std::to_string(problem.place.line) + ":" + std::to_string(problem.place.column));
  return all;
}

void check_told(const std::string& text, const std::vector<std::string>& expected) {
  const auto found = told(text);
  BOOST_TEST((found == expected), rendered(read(text).problems, text));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(catalogue)

BOOST_AUTO_TEST_CASE(reads_signatures_answers_and_kinds) {
  const auto [catalog, problems] = read(R"(
catalog: 1
operations:
  proxmox.backup_vm:
    effect: creates
    input:  { vmid: { type: int, required: true } }
    output: { volume: { type: string, required: true } }
    steps:  [ freeze, copy ]
    undo: proxmox.delete_backup
    settle: PT2M
    repeatable: false
    answer: { volume: local:1 }
  proxmox.delete_backup: { effect: destroys, input: { volume: { type: string } } }
actions:
  billing.renew: { input: { until: { type: date } }, output: { invoice: { type: ref, kind: invoice } }, undo: billing.void }
  billing.void: {}
kinds:
  plan: { fields: { cores: { type: int } }, open: true }
)");
  BOOST_REQUIRE_MESSAGE(problems.empty(), (problems.empty() ? "" : problems.front().message));
  const auto& backup = catalog.operations.at("proxmox.backup_vm");
  BOOST_TEST(backup.name == "proxmox.backup_vm");
  BOOST_TEST((backup.effect == Effect::creates));
  BOOST_TEST(backup.input.at(0).required);
  BOOST_TEST(backup.output.at(0).name == "volume");
  BOOST_TEST(backup.subs.size() == 2U);
  BOOST_TEST(backup.undo == "proxmox.delete_backup");
  BOOST_TEST((backup.settle == std::chrono::minutes{2}));
  BOOST_TEST(!backup.repeatable);
  BOOST_TEST(catalog.answers.at("proxmox.backup_vm").at("volume").as_string() == "local:1");
  BOOST_TEST(catalog.operations.at("proxmox.delete_backup").repeatable);
  BOOST_TEST(catalog.actions.at("billing.renew").undo == "billing.void");
  BOOST_TEST(catalog.kinds.at("plan").open);
  BOOST_TEST(catalog.kinds.at("plan").fields.at(0).name == "cores");
}

BOOST_AUTO_TEST_CASE(names_in_the_file_take_the_place_of_those_there_are) {
  const auto [catalog, problems] = read("catalog: 1\noperations: { noop.step: { effect: reads, undo: proxmox.stop_vm } }\n", loading_test::catalog());
  BOOST_TEST(problems.empty());
  BOOST_TEST((catalog.operations.at("noop.step").effect == Effect::reads));
  BOOST_TEST(catalog.operations.contains("proxmox.create_vm"));
}

BOOST_AUTO_TEST_CASE(a_file_with_mistakes_changes_nothing) {
  const auto made = read("catalog: 1\noperations: { a.b: { effect: reads }, c.d: { effekt: reads, undo: x.y } }\n");
  BOOST_TEST(!made.problems.empty());
  BOOST_TEST(made.catalog.operations.empty());
}

BOOST_AUTO_TEST_CASE(tells_every_mistake_at_its_place) {
  check_told("operations: {}\n", {"SW012 1:1"});
  check_told("catalog: 2\n", {"SW016 1:10"});
  check_told("catalog: 1\noperatoins: {}\n", {"SW010 2:1"});
  check_told("catalog: 1\noperations: [a]\n", {"SW013 2:13"});
  check_told("catalog: 1\noperations: { backup: { effect: reads } }\n", {"SW014 2:15"});
  check_told("catalog: 1\noperations: { a.b: { effect: read } }\n", {"SW013 2:30"});
  check_told("catalog: 1\noperations: { a.b: {} }\n", {"SW012 2:15"});
  check_told("catalog: 1\noperations: { a.b: { effect: reads, undo: a.c } }\n", {"SW060 2:43"});
  check_told("catalog: 1\noperations: { a.b: { effect: reads, settle: soon } }\n", {"SW013 2:45"});
  check_told("catalog: 1\noperations: { a.b: { effect: reads, input: { x: { type: itn } } } }\n", {"SW020 2:57"});
  check_told("catalog: 1\noperations: { a.b: { effect: reads, output: { n: { type: int } }, answer: { n: many } } }\n", {"SW041 2:75"});
  check_told("catalog: 1\nactions: { a.b: { effect: reads } }\n", {"SW010 2:19"});
  check_told("catalog: 1\nkinds: { Plan: { open: maybe } }\n", {"SW014 2:10", "SW013 2:24"});
  check_told("catalog: [1\n", {"SW001 2:1"});
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace stellwerk::workflows
