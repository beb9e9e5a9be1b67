#include "workflows/proof/graph.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/support/small_workflow.hpp"

namespace stellwerk::workflows::proof {
namespace {

std::shared_ptr<const Definition> lamp() {
  return testing::small_workflow(
      "language: 1\nworkflow: lamp\nkind: lamp\ntitle: \"Lamp: hall\"\nevents: { press: { allow: [staff] }, wink: { allow: [staff] } }\non: { wink: {} }\ninitial: off\nstates:\n"
      "  off: { status: off, rest: true, on: { press: { when: \"self.status != 'lit'\", to: lit } } }\n"
      "  lit: { status: lit, on: { press: { to: off } }, after: { PT1H: { to: off } } }\n");
}

void has(const std::string& text, const char* part) { BOOST_TEST(text.find(part) != std::string::npos, part << " is not in\n" << text); }

}  // namespace

BOOST_AUTO_TEST_SUITE(graph)

BOOST_AUTO_TEST_CASE(mermaid_shows_states_timers_and_work) {
  const auto text = mermaid(*lamp());
  for (const auto* part : {"stateDiagram-v2\n", "title: Lamp#58; hall", "  [*] --> off\n", "  off --> lit: press [self.status != 'lit']\n", "  lit --> off: ⏱ after PT1H\n",
                           "  any_waiting_state --> any_waiting_state: ↻ wink\n", "  class off status_off\n"})
    has(text, part);
  has(mermaid(*testing::small_workflow(testing::working(testing::change_step))), "  busy: busy ⚙\n");
}

BOOST_AUTO_TEST_CASE(json_has_an_edge_for_every_way) {
  const auto json = graph_json(*lamp());
  BOOST_TEST(json.at("states").as_array().size() == 2U);
  const auto& edges = json.at("edges").as_array();
  BOOST_REQUIRE(edges.size() == 4U);
  BOOST_TEST(edges[0].at("from").is_null());
  BOOST_TEST(text_of(edges[3], "kind") == "timer");
  BOOST_TEST(text_of(edges[3], "to") == "off");
}

BOOST_AUTO_TEST_CASE(dot_dashes_timers_and_escapes_quotes) {
  const auto text = dot(*lamp());
  for (const auto* part : {"digraph \"lamp\" {", "\"lit\" -> \"off\" [label=\"after PT1H\", style=dashed];", "[shape=box"}) has(text, part);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace stellwerk::workflows::proof
