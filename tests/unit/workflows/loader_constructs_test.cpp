// What the language has beside states, calls and actions: one small workflow for each construct.
#include <boost/test/unit_test.hpp>

#include <algorithm>

#include "tests/unit/workflows/loading.hpp"

namespace stellwerk::workflows {
namespace {

using namespace loading_test;

const std::string header = "language: 1\nworkflow: small\nkind: thing\n";

std::string told(const std::string& text) {
  const auto problems = problems_of(text);
  return rendered(problems, text);
}

/// Every line of `expected` begins with a code and must be said, in order; nothing else may be.
void check_told(const std::string& text, const std::vector<std::string>& expected) {
  const auto problems = problems_of(text);
  std::vector<std::string> codes;
  for (const auto& problem : problems) codes.push_back(problem.code);
  BOOST_TEST(codes == expected, boost::test_tools::per_element());
  if (codes != expected) BOOST_TEST_MESSAGE(rendered(problems, text));
}

/// A file whose only state waits, with `on` as given.
std::string with_on(const std::string& on, const std::string& more = "") {
  return header + "events:\n  go: { allow: [staff], with: { n: { type: int, required: true }, list: { type: list, of: string } } }\n  stop: { allow: [staff] }\n" +
         "attributes: { n: { type: int }, s: { type: string } }\ndefaults: { call: { on_server: \"'srv_1'\" } }\n" + more + "initial: a\nstates:\n  b: { status: b, final: true }\n  a:\n    status: a\n    after: { P1D: { to: b } }\n    on:\n" + on;
}

const Transition& go(const Definition& definition) { return definition.states[1].on.at("go").front(); }

std::string with_steps(const std::string& steps) {
  return header + "events:\n  go: { allow: [staff], with: { n: { type: int, required: true } } }\n  came: { from: [invoice], with: { m: { type: int, required: true } } }\n" +
         "attributes: { n: { type: int }, m: { type: int }, names: { type: list, of: string, default: [] } }\n"
         "defaults: { call: { on_server: \"'srv_1'\" } }\n"
         "initial: w\nstates:\n  b: { status: b, final: true }\n  w:\n    status: w\n    done: { to: b }\n    failed: { to: b }\n    steps:\n" + steps;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(loader_constructs)

BOOST_AUTO_TEST_CASE(steps_in_place_belong_to_the_transition_and_see_its_event) {
  const auto made = load(with_on("      go: { steps: [ { x: { set: { n: \"${event.n}\" }, when: run.event.n > 1 } } ], done: { set: { n: \"${event.n + 1}\" } }, failed: incident }\n"));
  const auto& transition = go(*made);
  BOOST_TEST(transition.to == -1);
  BOOST_REQUIRE(transition.work == 0);
  const auto& work = made->work(0);
  BOOST_TEST(work.name == "go");
  BOOST_TEST(work.state == made->find_state("a"));
  BOOST_TEST((work.in_place && work.failed_is_incident && !work.required));
  const auto& set = std::get<SetEffect>(std::get<LocalStep>(work.steps[0].body).effects[0]);
  BOOST_TEST(set.values[0].second.slots() == std::vector<int>{slot::run_event});
  BOOST_TEST(work.done[0].to == -1);
}

BOOST_AUTO_TEST_CASE(a_transition_that_leaves_has_no_place_to_work_in) {
  check_told(with_on("      go: { to: b, steps: [ { x: { notify: x } } ] }\n"), {"SW070"});
  check_told(with_on("      go: { set: { n: 1 }, done: { to: b } }\n"), {"SW070"});
}

BOOST_AUTO_TEST_CASE(an_interrupt_in_a_waiting_state_needs_work_that_is_done_there) {
  const auto made = load(with_on("      go: { steps: [ { x: { call: noop.step } } ] }\n      stop: { interrupt: undo, to: b }\n"));
  BOOST_TEST((made->states[1].on.at("stop").front().interrupt == Interrupt::undo));
  load(with_on("      go: { steps: [ { x: { call: noop.step } } ] }\n      stop: { interrupt: keep, set: { s: stopped } }\n"));
  check_told(with_on("      go: { set: { n: 1 } }\n      stop: { interrupt: undo, to: b }\n"), {"SW056"});
}

BOOST_AUTO_TEST_CASE(a_transition_does_everything_in_the_order_written) {
  const auto made = load(with_on(R"(      go:
        when: event.n > 0
        require: self.s != 'x'
        set: { n: 1 }
        action: pool.release
        save: { n: event.n }
        notify: { template: told, who: "${self.customer}", with: { n: "${event.n}" } }
        each: { in: event.list, as: name, do: [ { emit: { type: seen, with: { name: "${name}", at: "${index}" } } }, { set: { s: "${name}" } } ] }
        do: [ { action: pool.place, with: { pool: default } }, { emit: last } ]
        to: b
)"));
  const auto& transition = go(*made);
  BOOST_TEST(static_cast<bool>(transition.require));
  std::vector<std::size_t> kinds;
  for (const auto& effect : transition.effects) kinds.push_back(effect.index());
  BOOST_TEST((kinds == std::vector<std::size_t>{0, 6, 5, 1, 7, 6, 3}));
  BOOST_TEST(std::get<ActionEffect>(transition.effects[1]).action.name == "pool.release");
  BOOST_TEST(std::get<ActionEffect>(transition.effects[5]).with.evaluate({})->find("pool")->as_string() == "default");
  const auto& each = std::get<EachEffect>(transition.effects[4]);
  BOOST_TEST(each.as == "name");
  BOOST_REQUIRE(each.effects->size() == 2U);
  BOOST_TEST(std::get<SetEffect>(each.effects->back()).values[0].second.slots() == std::vector<int>{slot::item});
  BOOST_TEST(static_cast<bool>(std::get<NotifyEffect>(transition.effects[3]).who));
}

BOOST_AUTO_TEST_CASE(inputs_without_an_action_go_nowhere) { check_told(with_on("      go: { notify: x, with: { a: 1 } }\n"), {"SW013"}); }

BOOST_AUTO_TEST_CASE(a_wait_takes_events_and_its_result_is_their_payload) {
  const auto made = load(with_steps("      - hold: { wait: { for: [go, came], timeout: P1D }, save: { n: result.n, m: result.m } }\n      - seen: { set: { n: \"${steps.hold.m}\" }, when: ran('hold') }\n"));
  const auto& wait = std::get<WaitStep>(made->works[0].steps[0].body);
  BOOST_TEST((wait.events == std::vector<std::string>{"go", "came"}));
  BOOST_TEST((wait.timeout == Duration{std::chrono::hours{24}}));
  BOOST_TEST(made->works[0].steps[0].save.size() == 2U);
  check_told(with_steps("      - hold: { wait: { for: gone } }\n"), {"SW032"});
  check_told(with_steps("      - hold: { wait: { for: go }, timeout: P1D }\n"), {"SW065"});
}

BOOST_AUTO_TEST_CASE(an_approval_names_who_may_give_it) {
  const auto made = load(with_steps("      - ask: { approve: { by: [staff, admin], timeout: PT4H }, on_error: { rejected_operator: incident } }\n      - told: { emit: x, when: \"steps.ask.approved && steps.ask.note != null\" }\n"));
  const auto& approve = std::get<ApproveStep>(made->works[0].steps[0].body);
  BOOST_TEST((approve.by == std::vector<std::string>{"staff", "admin"}));
  BOOST_TEST((approve.timeout == Duration{std::chrono::hours{4}}));
  check_told(with_steps("      - ask: { approve: { by: [stuff] } }\n"), {"SW034"});
  check_told(with_steps("      - ask: { approve: {} }\n"), {"SW012"});
}

BOOST_AUTO_TEST_CASE(branches_and_elements_hold_plain_steps_with_names_of_their_own) {
  const auto made = load(with_steps(R"(      - both:
          parallel:
            - one: { action: id.allocate, with: { range: vmid }, save: { n: result.id } }
            - two: { call: noop.step, on_error: continue }
      - all: { each: { in: self.names, as: name, steps: [ { tell: { emit: { type: seen, with: { name: "${name}", index: "${index}" } } } }, { more: { set: { n: 1 }, when: ran('tell') } } ] } }
      - sum: { set: { n: "${steps.all.count}", m: "${steps.one.id}" }, when: error == null }
)"));
  const auto& steps = made->works[0].steps;
  BOOST_TEST(std::get<ParallelStep>(steps[0].body).steps->size() == 2U);
  const auto& each = std::get<EachStep>(steps[1].body);
  BOOST_TEST(each.as == "name");
  BOOST_TEST(each.steps->size() == 2U);
  BOOST_TEST(each.in.source() == "self.names");
  check_told(with_steps("      - both: { parallel: [ { one: { leave: { to: b } } } ] }\n"), {"SW065"});
  check_told(with_steps("      - a: { notify: x }\n      - both: { parallel: [ { a: { notify: x } } ] }\n"), {"SW015"});
  check_told(with_steps("      - a: { notify: x }\n      - both: { parallel: [ { one: { call: noop.step, on_error: { conflict: { redo: a } } } } ] }\n"), {"SW064"});
  check_told(with_steps("      - both: { parallel: [ { one: { call: noop.step } }, { two: { emit: x, when: ran('one') } } ] }\n"), {"SW040"});
  check_told(with_steps("      - all: { each: { in: self.n, steps: [ { a: { emit: x } } ] } }\n"), {"SW041"});
  check_told(with_steps("      - all: { each: { in: self.names, as: event, steps: [ { a: { emit: x } } ] } }\n"), {"SW014"});
}

BOOST_AUTO_TEST_CASE(redo_goes_back_to_what_can_be_done_anew) {
  check_told(with_steps("      - hold: { wait: { for: go } }\n      - b: { call: noop.step, on_error: { conflict: { redo: hold } } }\n"), {"SW064"});
}

BOOST_AUTO_TEST_CASE(a_schedule_reads_its_time_its_value_and_what_it_does) {
  const auto made = load(header + R"yaml(
attributes: { due: { type: date }, moments: { type: list, of: timestamp, default: [] } }
settings: { before: { type: period, default: P14D, title: { en: Before, de: Vorher } } }
events: { go: { allow: [staff] } }
schedule:
  warn:  { at: self.due - settings.before, per: self.due, when: self.status == 'a', skipped: wait, notify: warned }
  take:  { at: self.due, when: ran('warn'), guard: mass, to: b }
  daily: { every: P1D, steps: [ { x: { call: noop.step } } ] }
  month: { every: P1M, emit: month }
  list:  { at: self.moments, emit: moment }
  clock: { at: PT4H, counts_in: [a], calendar: [ { days: [tue, mon], from: 09:00, to: 17:30 } ], ends_on: [go], notify: late }
defaults: { call: { on_server: "'srv_1'" } }
initial: a
states:
  a: { status: a, on: { go: { emit: x } }, after: { P1M: { emit: month }, self.due: { emit: day }, P2D: { emit: soon } } }
  b: { status: b, final: true }
)yaml");
  BOOST_REQUIRE(made->schedules.size() == 6U);
  const auto& warn = made->schedules[0];
  BOOST_TEST(static_cast<bool>(warn.per));
  BOOST_TEST(warn.skipped_waits);
  BOOST_TEST(static_cast<bool>(warn.then[0].when));
  BOOST_TEST(made->schedules[1].then[0].guard_mass);
  BOOST_TEST(made->schedules[1].then[0].when.slots() == std::vector<int>{made->ran_slot(0)});
  BOOST_TEST((made->schedules[2].every.evaluate({})->kind() == cel::Kind::duration));
  BOOST_TEST(made->work(made->schedules[2].then[0].work).name == "daily");
  BOOST_TEST(made->work(made->schedules[2].then[0].work).state == -1);
  BOOST_TEST((made->schedules[3].every.evaluate({})->kind() == cel::Kind::period));
  const auto& clock = made->schedules[5];
  BOOST_TEST(clock.is_clock);
  BOOST_TEST(clock.counts_in == std::vector<int>{0});
  BOOST_TEST(clock.ends_on == std::vector<std::string>{"go"});
  BOOST_REQUIRE(clock.calendar.spans.size() == 2U);
  BOOST_TEST(clock.calendar.spans[0].weekday == 1);
  BOOST_TEST((clock.calendar.spans[1].to == Duration{std::chrono::minutes{17 * 60 + 30}}));
  BOOST_TEST((made->states[0].after[0].delay.type().base == cel::Type::Base::period));
  BOOST_TEST((made->states[0].after[1].delay.type().base == cel::Type::Base::date));
  BOOST_TEST((made->states[0].after[2].delay.type().base == cel::Type::Base::duration));
  BOOST_TEST(made->settings[0].titles.at("de") == "Vorher");
}

BOOST_AUTO_TEST_CASE(keys_of_a_schedule_that_contradict_each_other_are_refused) {
  const auto file = [](const std::string& schedule) {
    return header + "attributes: { due: { type: date } }\nschedule:\n  x: " + schedule + "\ninitial: a\nstates: { a: { status: a, rest: true }, b: { status: b, final: true }, c: { status: c, final: true } }\n";
  };
  const auto says = [&](const std::string& schedule, const std::string& code) { BOOST_TEST(told(file(schedule)).find(code) != std::string::npos, schedule << "\n" << told(file(schedule))); };
  says("{ to: b }", "has no time");
  says("{ at: self.due, every: P1D, to: b }", "both 'at' and 'every'");
  says("{ at: PT4H, to: b }", "takes a date, a timestamp or a list");
  says("{ at: PT4H, counts_in: [a], per: self.due, to: b }", "it is a clock");
  says("{ at: self.due, calendar: workdays, to: b }", "add 'counts_in");
  says("{ at: self.due }", "does nothing");
  says("{ every: PT0S, emit: x }", "at least PT1S");
  says("{ at: self.due, interrupt: undo, to: b }", "no key 'interrupt'");
  says("{ at: self.due, skipped: later, to: b }", "takes drop or wait");
  says("{ at: PT4H, counts_in: [a], calendar: [ { days: [mon], from: 9am } ], to: b }", "time of day");
  says("{ at: PT4H, counts_in: [a], calendar: [ { days: [mon], from: 09:00 }, { days: [mon], to: 10:00 } ], to: b }", "are there already");
}

BOOST_AUTO_TEST_CASE(computed_attributes_come_after_those_they_read) {
  const auto made = load(header + R"(
attributes:
  last:  { type: int, value: self.first + self.n }
  first: { type: int, value: self.n + 1 }
  n:     { type: int, default: 1, edit: [staff] }
initial: a
states: { a: { status: a, rest: true } }
)");
  BOOST_TEST((made->computed_order == std::vector<int>{1, 0}));
  BOOST_TEST(made->attributes[2].edit == std::vector<std::string>{"staff"});
  const std::string tail = "\nevents: { go: { allow: [staff] } }\ninitial: a\nstates: { a: { status: a, rest: true, on: { go: { set: { x: 1 } } } } }\n";
  check_told(header + "attributes: { x: { type: int, value: self.y + 1 }, y: { type: int, value: self.x + 1 }, z: { type: int, value: self.z } }" + tail, {"SW025", "SW025", "SW024"});
  check_told(header + "attributes: { x: { type: int, value: '1', default: 2, edit: [staff] } }" + tail, {"SW024", "SW024", "SW024"});
  check_told(header + "attributes: { x: { type: int, value: \"'text'\" } }" + tail, {"SW041", "SW024"});
  check_told(header + "attributes: { x: { type: int }, password: { type: secret, show_to: [owner] }, s: { type: string, show_to: [owner] } }" + tail, {"SW021"});
}

BOOST_AUTO_TEST_CASE(references_are_read_through_their_kind) {
  const std::string text = header + R"(
attributes: { plan: { type: ref, kind: plan }, order: { type: ref, kind: order }, n: { type: int } }
events: { go: { allow: [staff], with: { plan: { type: ref, kind: plan } } } }
initial: a
states:
  a: { status: a, rest: true, on: { go: { when: "event.plan.cores > self.plan.cores && has(event.plan.free) && self.customer.status == 'active'", to: w } } }
  w: { status: w, steps: [ { x: { set: { n: "${run.event.plan.cores}" }, when: "run.event.plan.anything == 1" } } ], done: { to: a }, failed: incident }
)";
  auto known = catalog();
  known.kinds["plan"] = {.fields = {testing::field("cores", TypeSpec::Base::integer, true), testing::field("token", TypeSpec::Base::secret)}, .open = true};
  known.kinds["customer"] = {.fields = {testing::field("status", TypeSpec::Base::string, true)}};
  const auto loaded = load_workflow("test.yaml", text, known);
  if (!loaded) BOOST_ERROR(rendered(loaded.error(), text));
  BOOST_REQUIRE(loaded);
  const auto& made = **loaded;
  std::vector<std::string> used;
  for (const auto& reference : made.references) {
    if (reference.used) used.push_back(reference.name + " " + std::to_string(static_cast<int>(reference.source)));
  }
  std::ranges::sort(used);
  BOOST_TEST((used == std::vector<std::string>{"customer 3", "plan 0", "plan 1", "plan 2"}));
  const auto& set = std::get<SetEffect>(std::get<LocalStep>(made.works[0].steps[0].body).effects[0]);
  std::vector<cel::Value> frame(made.frame_size());
  BOOST_TEST(set.values[0].second.evaluate(frame)->is_null());
  const auto found = std::ranges::find_if(made.references, [](const Reference& r) { return r.source == Reference::Source::run_event; });
  const int place = made.reference_slot(static_cast<int>(found - made.references.begin()));
  frame[static_cast<std::size_t>(place)] = cel::Value::of_map({{cel::Value::of_string("cores"), cel::Value::of_int(4)}});
  BOOST_TEST(set.values[0].second.evaluate(frame)->as_int() == 4);

  auto wrong = text;
  wrong.replace(wrong.find("self.customer.status"), 20, "self.customer.statu");
  const auto refused = load_workflow("test.yaml", wrong, known);
  BOOST_REQUIRE(!refused);
  BOOST_TEST(refused.error()[0].hint == "did you mean status?");
  known.kinds.erase("plan");
  const auto unknown = load_workflow("test.yaml", text, known);
  BOOST_REQUIRE(!unknown);
  BOOST_TEST(unknown.error()[0].message == "'event.plan' is only an id: nothing is known of the kind 'plan'");
  BOOST_TEST(unknown.error()[0].hint.find("customer") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_default_input_that_no_operation_has_is_a_slip) {
  check_told(header + R"(
attributes: { vmid: { type: int, required: true } }
defaults: { call: { on_server: "'srv_1'", with: { vmid: "${self.vmid}", vimd: 3 } } }
initial: w
states:
  w: { status: w, steps: [ { x: { call: proxmox.start_vm } } ], done: { to: end }, failed: incident }
  end: { status: end, final: true }
)", {"SW061"});
}

BOOST_AUTO_TEST_CASE(a_payload_with_a_secret_is_read_by_its_other_fields_only) {
  const auto with = [](const std::string& transition) {
    return header + "events:\n  go: { allow: [staff], with: { pw: { type: secret }, note: { type: string } } }\n" +
           "attributes: { m: { type: map }, s: { type: string }, key: { type: secret } }\ninitial: a\nstates:\n  a:\n    status: a\n    rest: true\n    on: { go: " + transition + " }\n";
  };
  for (const auto* fine : {"{ set: { s: \"${event.note}\", key: \"${event.pw}\" } }", "{ when: has(event.note), save: { key: event.pw, s: event.note } }",
                           "{ steps: [ { x: { set: { s: \"${run.event.note}\" }, when: has(run.event) } } ], done: { set: { key: \"${event.pw}\" } }, failed: incident }"}) {
    load(with(fine));
  }
  for (const auto* leak : {"{ set: { m: \"${event}\" } }", "{ save: { m: event } }", "{ emit: { type: x, with: { p: \"${[event]}\" } } }", "{ set: { s: \"x ${event} y\" } }",
                           "{ each: { in: \"[event]\", do: [ { notify: x } ] } }", "{ set: { s: \"${dyn(event).pw}\" } }", "{ when: \"has(event.pw)\", notify: x }",
                           "{ set: { m: \"${event[self.s]}\" } }",
                           "{ steps: [ { x: { set: { m: \"${run.event}\" } } } ], done: { notify: x }, failed: incident }"}) {
    BOOST_TEST_CONTEXT(leak) { check_told(with(leak), {"SW042"}); }
  }
}

BOOST_AUTO_TEST_CASE(a_field_that_is_the_secret_of_one_event_is_nobodys_open_field) {
  check_told(header + "events:\n  one: { allow: [staff], with: { pw: { type: secret } } }\n  two: { allow: [staff], with: { pw: { type: string } } }\n"
             "attributes: { s: { type: string } }\ninitial: a\nstates:\n  a: { status: a, rest: true, on: { one: { to: w }, two: { to: w } } }\n"
             "  w: { status: w, steps: [ { x: { set: { s: \"${run.event.pw}\" } } } ], done: { to: a }, failed: incident }\n", {"SW042"});
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace stellwerk::workflows
