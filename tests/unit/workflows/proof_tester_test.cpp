#include <boost/test/unit_test.hpp>

#include "tests/support/small_workflow.hpp"
#include "workflows/proof/tester.hpp"

namespace stellwerk::workflows::proof {
namespace {

const std::string workflow = testing::working(testing::take_step + testing::create_step);

TestReport run(const std::string& cases, const std::string& head = {}) {
  const auto catalog = testing::small_catalog();
  const auto definition = testing::small_workflow(workflow);
  const auto text = "test: small\n" + head + "cases:\n" + cases;
  const auto file = open_test_file("small.test.yaml", text);
  BOOST_REQUIRE(file.has_value());
  const auto tests = read_tests(*file, *definition, catalog);
  if (!tests)
    for (const auto& problem : tests.error()) BOOST_ERROR(config::render(problem, text));
  BOOST_REQUIRE(tests.has_value());
  return run_tests(*tests, definition, catalog);
}

std::vector<std::string> problems(const std::string& text) {
  const auto catalog = testing::small_catalog();
  const auto definition = testing::small_workflow(workflow);
  std::vector<std::string> found;
  const auto file = open_test_file("small.test.yaml", text);
  const auto tests = file ? read_tests(*file, *definition, catalog) : tl::unexpected(file.error());
  if (!tests)
    for (const auto& problem : tests.error()) found.push_back(problem.code + " " + problem.message);
  return found;
}

const std::string passing = "  - { name: good, script: [ { send: go }, { expect: { state: there, number: 100, calls: [vendor.create], actions: [stock.take], times: 1 } } ] }\n";

}  // namespace

BOOST_AUTO_TEST_SUITE(proof_tester)

BOOST_AUTO_TEST_CASE(what_is_as_expected_passes) { BOOST_TEST(run(passing).passed()); }

BOOST_AUTO_TEST_CASE(a_failure_tells_place_expected_actual_and_journal) {
  const auto report = run("  - name: wrong\n    script:\n      - send: go\n      - expect: { state: broken, number: 7 }\n");
  BOOST_REQUIRE(!report.passed());
  const auto text = render(report);
  for (const auto* part : {"small.test.yaml:6:26: state", "expected: broken", "actual:   there", "number", "expected: 7", "ready -> busy", "busy -> there"})
    BOOST_TEST(text.find(part) != std::string::npos, part << " is not in\n" << text);
}

BOOST_AUTO_TEST_CASE(answers_after_a_line_govern_what_it_leads_to) {
  const auto report = run("  - name: conflict\n    script:\n      - send: go\n      - answer: { vendor.create: rejected_customer }\n      - expect: { state: broken, actions: { stock.give: 1 } }\n");
  BOOST_TEST(report.passed(), render(report));
}

BOOST_AUTO_TEST_CASE(a_refusal_nobody_expects_fails_and_one_that_is_expected_passes) {
  BOOST_TEST(!run("  - { name: a, script: [ { send: only_there } ] }\n").passed());
  BOOST_TEST(run("  - { name: a, script: [ { send: only_there, refused: not_allowed_now } ] }\n").passed());
  BOOST_TEST(!run("  - { name: a, script: [ { send: go, refused: not_allowed_now } ] }\n").passed());
  BOOST_TEST(!run("  - { name: a, script: [ { send: only_there, refused: role } ] }\n").passed());
}

BOOST_AUTO_TEST_CASE(an_incident_that_no_line_names_fails_the_case) {
  const std::string script = "{ send: go }, { answer: { vendor.create: gone } }";
  BOOST_TEST(!run("  - { name: a, script: [ " + script + " ] }\n").passed());
  BOOST_TEST(run("  - { name: a, script: [ " + script + ", { expect: { incident: gone } } ] }\n").passed());
}

BOOST_AUTO_TEST_CASE(an_invariant_is_checked_after_every_decision) {
  const auto report = run("  - { name: a, script: [ { send: go } ] }\n", "always: [ \"self.state != 'busy' || self.number == null\" ]\n");
  BOOST_REQUIRE(!report.passed());
  BOOST_TEST(report.cases[0].failures[0].what == "always (line 2)");
  BOOST_TEST(report.cases[0].failures[0].actual.find("number is 100") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_was_not_reached_fails_a_goal) {
  const auto report = run(passing, "coverage: { states: all }\n");
  BOOST_REQUIRE(!report.passed());
  BOOST_TEST(report.shortfalls[0].actual.find("broken") != std::string::npos);
  BOOST_TEST(run(passing, "coverage: { states: 60%, steps: all }\n").passed());
  BOOST_TEST(run(passing, "coverage: { states: { except: [broken, stopped] } }\n").passed());
  BOOST_TEST(!run(passing, "coverage: { states: { except: [brocken, stopped] } }\n").passed());
}

BOOST_AUTO_TEST_CASE(calls_are_compared_by_list_by_number_and_by_argument) {
  const auto with = [](const std::string& expect) { return run("  - { name: a, script: [ { send: go }, { expect: { " + expect + " } } ] }\n").passed(); };
  BOOST_TEST(with("calls: { vendor.create: 1, vendor.remove: 0 }"));
  BOOST_TEST(with("calls: { vendor.create: { with: { name: box }, times: 1 } }"));
  BOOST_TEST(!with("calls: { vendor.create: { with: { name: bag } } }"));
  BOOST_TEST(with("calls: [ { vendor.create: 1 } ]"));
  BOOST_TEST(!with("calls: []"));
  BOOST_TEST(!with("calls: [vendor.create], times: 2"));
}

BOOST_AUTO_TEST_CASE(mistakes_are_told_all_at_once) {
  const auto found = problems("test: small\nzone: Mars/Base\ncases:\n  - name: a\n    script:\n      - send: og\n      - expect: { stat: there }\n      - answer: { vendor.crate: done }\n"
                              "      - until: soon\nalways: [ \"self.nmae == ''\" ]\n");
  BOOST_TEST(found.size() == 6U);
}

BOOST_AUTO_TEST_CASE(moments_are_read_as_people_write_them) {
  const Calendar berlin{.zone = "Europe/Berlin"};
  const auto read = [&](const char* text) { return format_time(read_moment(text, berlin).value()); };
  BOOST_TEST(read("2026-03-02T08:00+01:00") == "2026-03-02T07:00:00Z");
  BOOST_TEST(read("2026-03-02T08:00:30Z") == "2026-03-02T08:00:30Z");
  BOOST_TEST(read("2026-07-02T08:00") == "2026-07-02T06:00:00Z");
  BOOST_TEST(read("2026-03-29") == "2026-03-29T04:00:00Z");
  BOOST_TEST(!read_moment("tomorrow", berlin).has_value());
}

BOOST_AUTO_TEST_CASE(a_monthly_service_lives_for_three_years) {
  const auto catalog = testing::small_catalog();
  const auto monthly = testing::small_workflow(
      "language: 1\nworkflow: monthly\nkind: service\ntitle: Monthly\nattributes:\n  next_due: { type: date }\n  renewals: { type: int, default: 0 }\n"
      "events:\n  settled: { from: [invoice], with: { next_due: { type: date, required: true } } }\n  stop: { allow: [staff] }\n"
      "schedule:\n  renew: { at: \"self.next_due - P14D\", set: { renewals: \"${self.renewals + 1}\" }, emit: { type: renewal } }\n"
      "initial: active\nstates:\n  active: { status: active, rest: true, on: { settled: { set: { next_due: \"${event.next_due}\" } }, stop: { to: ended } } }\n"
      "  ended: { status: terminated, final: true }\n");
  const auto file = open_test_file("monthly.test.yaml", "test: monthly\nstart: 2026-01-01T08:00Z\ncases: [ { name: month, script: [ { send: settled, with: { next_due: 2026-01-31 } }, "
                                                        "{ until: 2026-01-31T12:00Z } ] } ]\n");
  BOOST_REQUIRE(file.has_value());
  const auto tests = read_tests(*file, *monthly, catalog);
  BOOST_REQUIRE(tests.has_value());
  const auto decisions = live(*tests, monthly, catalog);
  BOOST_REQUIRE(decisions.has_value());
  BOOST_TEST(*decisions == 1 + 36 * 2);  // born; each month a message and a renewal
}

BOOST_AUTO_TEST_CASE(results_are_written_as_junit) {
  const auto xml = render_junit({run(passing + "  - { name: \"a < b\", script: [ { send: only_there } ] }\n")});
  for (const auto* part : {"tests=\"2\" failures=\"1\"", "name=\"a &lt; b\"", "<failure message="}) BOOST_TEST(xml.find(part) != std::string::npos, part);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace stellwerk::workflows::proof
