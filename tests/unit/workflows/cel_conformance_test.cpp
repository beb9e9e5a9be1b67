#include <boost/test/unit_test.hpp>

#include "workflows/cel/conformance.hpp"

namespace cel = stellwerk::workflows::cel;

BOOST_AUTO_TEST_SUITE(cel_conformance)

BOOST_AUTO_TEST_CASE(tells_which_case_failed_and_what_came_instead) {
  const auto report = cel::run_conformance(R"([
    {"file": "a", "section": "b", "name": "right", "expr": "1 + 1", "value": {"int": "2"}},
    {"file": "a", "section": "b", "name": "bound", "expr": "x.y", "bindings": {"x": {"map": [[{"string": "y"}, {"bytes": "00ff"}]]}}, "value": {"bytes": "00ff"}},
    {"file": "a", "section": "b", "name": "wrong", "expr": "1 + 1", "value": {"int": "3"}},
    {"file": "a", "section": "b", "name": "kind", "expr": "1u", "value": {"int": "1"}},
    {"file": "a", "section": "b", "name": "nan", "expr": "0.0 / 0.0", "value": {"double": "nan"}},
    {"file": "a", "section": "b", "name": "late", "expr": "unknown || true", "value": {"bool": true}, "unchecked": true},
    {"file": "a", "section": "b", "name": "error", "expr": "1 / 0", "error": ["division by zero"]},
    {"file": "a", "section": "b", "name": "no_error", "expr": "1", "error": ["any"]}])");
  BOOST_REQUIRE(report.has_value());
  BOOST_TEST(report->passed == 5);
  BOOST_TEST(report->failed == 3);
  BOOST_REQUIRE_EQUAL(report->failures.size(), 3);
  BOOST_TEST(report->failures[0] == "a/b/wrong: 1 + 1: got int 2, expected int 3");
  BOOST_TEST(report->failures[1] == "a/b/kind: 1u: got uint 1, expected int 1");
  BOOST_TEST(report->failures[2] == "a/b/no_error: 1: an error is expected, got int 1");
}

BOOST_AUTO_TEST_CASE(refuses_cases_that_are_no_cases) {
  BOOST_TEST(!cel::run_conformance("{}").has_value());
  BOOST_TEST(!cel::run_conformance("[").has_value());
  BOOST_TEST(!cel::run_conformance(R"([{"expr": "1", "value": {"complex": "1"}}])").has_value());
}

BOOST_AUTO_TEST_SUITE_END()
