#include <boost/test/unit_test.hpp>

#include "tests/unit/workflows/loading.hpp"

namespace stellwerk::workflows {
namespace {

using namespace loading_test;

const std::string header = "language: 1\nworkflow: small\nkind: thing\n";

}  // namespace

BOOST_AUTO_TEST_SUITE(loader)

BOOST_AUTO_TEST_CASE(effects_keep_the_order_they_are_written_in) {
  const auto made = load(header + R"(
attributes: { n: { type: int } }
events: { go: { allow: [staff] } }
initial: a
states:
  a:
    status: a
    rest: true
    on: { go: { notify: first, set: { n: 1 }, do: [ { emit: third }, { set: { n: 2 }, notify: fifth } ], to: a } }
)");
  const auto& effects = made->states[0].on.at("go")[0].effects;
  BOOST_REQUIRE(effects.size() == 5U);
  BOOST_TEST(std::get<NotifyEffect>(effects[0]).name == "first");
  BOOST_TEST(std::get<SetEffect>(effects[1]).values[0].first == 0);
  BOOST_TEST(std::get<EmitEffect>(effects[2]).type == "third");
  BOOST_TEST(effects[3].index() == 0U);
  BOOST_TEST(std::get<NotifyEffect>(effects[4]).name == "fifth");
}

BOOST_AUTO_TEST_CASE(a_constant_time_and_an_expression_may_key_a_timer) {
  const auto made = load(header + R"yaml(
attributes: { due: { type: timestamp, required: true } }
initial: a
states:
  a: { status: a, after: { P3D: { notify: soon }, PT0.5S: { notify: now }, self.due: { to: b }, "now + duration('1h')": { to: b } } }
  b: { status: b, final: true }
)yaml");
  const auto& after = made->states[0].after;
  BOOST_REQUIRE(after.size() == 4U);
  BOOST_TEST(after[0].delay.evaluate({})->as_span().count() == Duration{std::chrono::hours{72}}.count());
  BOOST_TEST(after[1].delay.evaluate({})->as_span().count() == 500'000);
  BOOST_TEST((after[2].delay.type().base == cel::Type::Base::timestamp));
  BOOST_TEST(after[3].name == "after:a:4");
}

BOOST_AUTO_TEST_CASE(the_event_of_a_run_is_the_union_of_those_that_start_it) {
  const std::string text = header + R"(
attributes: { n: { type: int }, s: { type: string } }
events:
  one: { allow: [staff], with: { n: { type: int, required: true }, x: { type: int } } }
  two: { allow: [staff], with: { s: { type: string }, x: { type: string } } }
initial: a
states:
  a: { status: a, rest: true, on: { one: { to: w }, two: { to: w } } }
  w:
    status: w
    steps: [ { keep: { set: { n: "${run.event.n}", s: "${run.event.s}" } } }, { any: { set: { n: "${run.event.x}" } } } ]
    done: { to: v }
    failed: incident
  v: { status: w, steps: [ { keep: { set: { n: "${run.event.n}" } } } ], done: { to: a }, failed: incident }
)";
  load(text);
  auto wrong = text;
  wrong.replace(wrong.find("${run.event.n}"), 14, "${run.event.m}");
  BOOST_TEST(problems_of(wrong).size() == 1U);
}

BOOST_AUTO_TEST_CASE(step_and_call_defaults_apply_where_the_step_is_silent) {
  const auto made = load(header + R"(
attributes: { id_of_server: { type: ref } }
defaults: { call: { on_server: self.id_of_server, timeout: PT3H, retry: { attempts: 3, delay: PT1M } } }
initial: w
states:
  w:
    status: w
    steps:
      - a: { call: noop.step }
      - b: { call: noop.step, on_server: "'srv_1'", timeout: PT1M, attempt_timeout: PT5S, patience: PT0S, retry: { for: PT1H }, on_error: continue }
    done: { to: end }
    failed: incident
  end: { status: end, final: true }
)");
  const auto& a = std::get<CallStep>(made->works[0].steps[0].body);
  const auto& b = std::get<CallStep>(made->works[0].steps[1].body);
  BOOST_TEST((a.timeout == Duration{std::chrono::hours{3}} && a.retry.attempts == 3 && a.retry.delay == Duration{std::chrono::minutes{1}}));
  BOOST_TEST(a.on_server.source() == "self.id_of_server");
  BOOST_TEST((b.timeout == Duration{std::chrono::minutes{1}} && b.attempt_timeout == Duration{std::chrono::seconds{5}} && b.patience == Duration::zero()));
  BOOST_TEST((b.retry.attempts == 3 && b.retry.for_ == Duration{std::chrono::hours{1}}));
  BOOST_TEST((made->works[0].steps[1].on_error->what == Reaction::What::go_on));
  BOOST_TEST(a.with.evaluate({})->as_map().empty());
}

BOOST_AUTO_TEST_CASE(an_undo_of_the_steps_own_gets_the_defaults_too) {
  const auto made = load(header + R"(
attributes: { vmid: { type: int }, cores: { type: int } }
defaults: { call: { with: { vmid: "${self.vmid}" } } }
initial: w
states:
  w:
    status: w
    steps: [ { set: { call: proxmox.configure_vm, on_server: "'srv_1'", with: { cores: 4 }, undo: { call: proxmox.configure_vm, with: { cores: "${self.cores}" } } } } ]
    done: { to: end }
    failed: incident
  end: { status: end, final: true }
)");
  const auto& call = std::get<CallStep>(made->works[0].steps[0].body);
  BOOST_REQUIRE(call.undo_operation);
  std::vector<cel::Value> frame(made->frame_size());
  frame[slot::first_attribute] = cel::Value::of_int(7);
  frame[slot::first_attribute + 1] = cel::Value::of_int(2);
  const auto with = call.undo_with.evaluate(frame);
  BOOST_REQUIRE(with);
  BOOST_TEST(with->find("vmid")->as_int() == 7);
  BOOST_TEST(with->find("cores")->as_int() == 2);
}

BOOST_AUTO_TEST_CASE(the_event_goes_along_from_one_working_state_into_the_next) {
  load(header + R"(
attributes: { n: { type: int } }
events: { go: { allow: [staff], with: { n: { type: int } } } }
initial: a
states:
  a: { status: a, rest: true, on: { go: { to: v } } }
  v: { status: v, steps: [ { out: { leave: { to: w } } } ], done: { to: a }, failed: incident }
  w: { status: w, steps: [ { keep: { set: { n: "${run.event.n}" } } } ], done: { to: a }, failed: incident }
)");
}

BOOST_AUTO_TEST_CASE(an_error_that_is_passed_over_may_be_read_by_later_steps) {
  load(header + R"(
attributes: { note: { type: string } }
initial: w
states:
  w:
    status: w
    steps:
      - try:  { call: noop.step, on_server: "'srv_1'", on_error: { conflict: continue } }
      - keep: { set: { note: "${error.text}" }, when: error != null }
    done: { to: end }
    failed: { to: end, set: { note: "${error.code}" } }
  end: { status: end, final: true }
)");
}

BOOST_AUTO_TEST_CASE(other_kinds_choose_their_own_statuses) {
  const auto made = load("language: 1\nworkflow: rack\nkind: rack\ninitial: a\nstates: { a: { status: mounted, rest: true } }\n");
  BOOST_TEST(made->states[0].status == "mounted");
  BOOST_TEST(made->kind == "rack");
}

BOOST_AUTO_TEST_CASE(reentering_a_confirmed_state_is_no_way_around_its_step) {
  load(header + R"(
attributes: { vmid: { type: int, required: true } }
events: { go: { allow: [staff] } }
initial: a
states:
  a: { status: a, rest: true, on: { go: { to: w } } }
  w: { status: a, steps: [ { stop: { call: proxmox.stop_vm, on_server: "'srv_1'", with: { vmid: "${self.vmid}" } } } ], done: { to: b }, failed: { to: a } }
  b: { status: b, rest: true, confirmed_by: [ w.stop ], on: { go: { to: b } } }
)");
}

BOOST_AUTO_TEST_CASE(a_secret_may_go_into_a_secret) {
  load(header + R"(
attributes: { vmid: { type: int, required: true }, password: { type: secret } }
events: { change: { allow: [staff], with: { password: { type: secret, required: true } } } }
initial: a
states:
  a: { status: a, rest: true, on: { change: { set: { password: "${event.password}" }, to: w } } }
  w: { status: a, steps: [ { tell: { call: proxmox.configure_vm, on_server: "'srv_1'", with: { vmid: "${self.vmid}", password: "${run.event.password}" } } } ], done: { to: a }, failed: { to: a } }
)");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace stellwerk::workflows
