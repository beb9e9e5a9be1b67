// Which timers the mass-action guard counts.

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <ostream>
#include <string>

#include "tests/support/small_workflow.hpp"

namespace {

using namespace stellwerk;
using namespace stellwerk::testing;

/// A workflow whose timer is `timer`; its other states are there to be led to.
std::string timed(const std::string& timer) {
  return R"(language: 1
workflow: small
kind: service
attributes:
  name: { type: string, default: box }
  due:  { type: timestamp }
  gone: { type: bool, default: false }
events:
  remove: { allow: [staff], confirm: destructive }
  go:     { allow: [staff], with: { where: { type: string } } }
defaults: { call: { on_server: "'srv_1'", with: { name: "${self.name}" } } }
initial: idle
states:
  idle:
    status: active
    rest: true
    on:
      remove: { to: condemned }
      go:  # every state can be reached
        - { when: event.where == 'changing', to: changing }
        - { when: event.where == 'cleaning', to: cleaning }
        - { when: event.where == 'leaving', to: leaving }
        - { when: event.where == 'both', to: both }
        - { to: resting }
    after: { P1D: )" + timer + R"( }
  resting: { status: active, rest: true }
  condemned: { status: active, rest: true }
  changing:
    status: active
    steps: [ { change: { call: vendor.change } } ]
    done:   { to: resting }
    failed: { to: destroying }
  cleaning:
    status: active
    steps: [ { change: { call: vendor.change } } ]
    done:   [ { when: self.gone, to: destroying }, { to: resting } ]
    failed: { to: resting }
  leaving:
    status: active
    steps: [ { out: { when: self.gone, leave: { to: destroying } } }, { change: { call: vendor.change } } ]
    done:   { to: resting }
    failed: { to: resting }
  destroying:
    status: active
    steps: [ { remove: { call: vendor.remove } } ]
    done:   { to: ended }
    failed: incident
  both:
    status: active
    steps: [ { all: { parallel: [ { one: { call: vendor.change } }, { two: { call: vendor.remove } } ] } } ]
    done:   { to: ended }
    failed: incident
  ended: { status: terminated, final: true }
)";
}

struct Case {
  const char* what;
  const char* timer;
  bool counts;
};
std::ostream& operator<<(std::ostream& out, const Case& c) { return out << c.what; }

const Case cases[] = {
    {"to a state that waits", "{ to: resting }", false},
    {"it says so itself", "{ to: resting, guard: mass }", true},
    {"to work that destroys", "{ to: destroying }", true},
    {"to work of which a branch destroys", "{ to: both }", true},
    {"to where a command with confirm: destructive leads", "{ to: condemned }", true},
    {"to work that changes, and destroys when it fails", "{ to: changing }", false},
    {"to work that may go on to destroy when it is done", "{ to: cleaning }", true},
    {"to work that may be left for one that destroys", "{ to: leaving }", true},
    {"to an end", "{ to: ended }", false},
    {"work in place that destroys", "{ steps: [ { remove: { call: vendor.remove } } ], failed: incident }", true},
    {"work in place that changes", "{ steps: [ { change: { call: vendor.change } } ], failed: incident }", false},
    {"nothing but a notice", "{ notify: soon }", false},
};

}  // namespace

BOOST_AUTO_TEST_SUITE(mass)

BOOST_DATA_TEST_CASE(counts_what_a_timer_leads_to_by_itself, boost::unit_test::data::make(cases)) {
  auto loaded = workflows::load_workflow("small.yaml", timed(sample.timer), small_catalog());
  if (!loaded)
    for (const auto& problem : loaded.error()) BOOST_ERROR(problem.message);
  BOOST_REQUIRE(loaded);
  const auto& idle = (*loaded)->states[static_cast<std::size_t>((*loaded)->find_state("idle"))];
  BOOST_TEST(idle.after.at(0).then.at(0).counts == sample.counts);
}

BOOST_AUTO_TEST_CASE(counts_no_command) {
  const auto definition = small_workflow(timed("{ to: destroying }"));
  // a command is a person's: nothing of it counts
  for (const auto& [event, candidates] : definition->states[0].on)
    for (const auto& transition : candidates) BOOST_TEST(!transition.counts, event);
}

BOOST_AUTO_TEST_SUITE_END()
