// What one actor may keep and one decision may do, each limit at its bound and one above: what is refused says which limit it was, how much it was, what to do.

#include <fmt/format.h>

#include "tests/support/small_workflow.hpp"

namespace stellwerk::testing {
namespace {

using What = workflows::Remedy::What;

const auto order = "ord_01jnq0000000000000000000aa";

const char* const bounded = R"(language: 1
workflow: bounded
kind: service
title: Bounded
attributes: { text: { type: string }, to: { type: string, default: ord_01jnq0000000000000000000aa }, n: { type: int } }
events:
  keep: { allow: [staff], with: { text: { type: string } } }
  told: { from: [order], with: { text: { type: string } } }
  send: { allow: [staff], with: { list: { type: list, of: string }, text: { type: string } } }
  tell: { allow: [staff], with: { list: { type: list, of: string } } }
  make: { allow: [staff], with: { list: { type: list, of: string } } }
  ring: { from: [order], with: { list: { type: list, of: string }, text: { type: string } } }
  store: { allow: [staff], with: { text: { type: string } } }
  two:  { allow: [staff] }
  three: { allow: [staff] }
  spin: { allow: [staff] }
initial: here
states:
  here:
    status: active
    rest: true
    on:
      keep: { set: { text: "${event.text}" } }
      told: { set: { text: "${event.text}" } }
      send: { each: { in: event.list, as: entry, do: [ { send: { actor: "${self.to}", event: told, with: { text: "${event.text}" } } } ] } }
      ring: { each: { in: event.list, as: entry, do: [ { send: { actor: "${self.to}", event: told, with: { text: "${event.text}" } } } ] } }
      tell: { each: { in: event.list, as: entry, do: [ { notify: { template: hello } } ] } }
      make: { each: { in: event.list, as: entry, do: [ { create: { kind: order, workflow: small } } ] } }
      store: { to: storing }
      two: { to: two_times }
      three: { to: three_times }
      spin: { to: spinning }
  storing: { status: active, steps: [ { put: { set: { text: "${run.event.text}" } } } ], done: { to: here }, failed: { to: here } }
  two_times: { status: active, rest: true, after: { PT1H: { to: here }, PT2H: { to: here } } }
  three_times: { status: active, rest: true, after: { PT1H: { to: here }, PT2H: { to: here }, PT3H: { to: here } } }
  spinning: { status: active, after: { PT0S: { to: spinning_on } } }
  spinning_on: { status: active, steps: [ { turn: { call: vendor.change, on_server: "'srv_1'" } } ], done: { to: spinning }, failed: { to: here } }
)";

ScriptedActor actor_with(workflows::Limits limits) {
  ScriptedActor actor{small_workflow(bounded)};
  actor.snapshot.limits = limits;
  BOOST_REQUIRE(actor.born());
  return actor;
}

/// A payload of so many bytes.
Json of_size(std::size_t bytes, const char* name = "text") { return JsonObject{{name, std::string(bytes - std::string_view{name}.size() - 7, 'x')}}; }
Json of_count(int count) { return JsonObject{{"list", JsonArray(static_cast<std::size_t>(count), "x")}}; }

/// Which limit, how much, what to do.
void check_told(const Error& error, const std::string& reason, const std::string& setting, const std::string& much) {
  BOOST_TEST((error.code == ErrorCode::invalid_argument), describe(error));
  BOOST_TEST(error.reason == reason);
  for (const auto& words : {"(setting limits." + setting + ")", much, std::string{"raise the limit"}}) BOOST_TEST(error.message.find(words) != std::string::npos, words << " in: " << error.message);
}
void check_told(const workflows::IncidentOpened& incident, const std::string& code, const std::string& setting, const std::string& much) {
  BOOST_TEST(incident.code == code);
  for (const auto& words : {"(setting limits." + setting + ")", much, std::string{"raise the limit"}}) BOOST_TEST(incident.text.find(words) != std::string::npos, words << " in: " << incident.text);
}

/// At the bound it is taken; one above it is refused, and nothing has changed.
void check(ScriptedActor actor, const std::string& command, const Json& at, const Json& above, const std::string& reason, const std::string& setting, const std::string& much) {
  BOOST_TEST_INFO(command);
  const auto before = dump_json(workflows::encode_cursor(actor.snapshot.cursor)) + dump_json(actor.attribute("text"));
  const auto refused = actor.command(command, above);
  BOOST_REQUIRE(!refused);
  check_told(refused.error(), reason, setting, much);
  BOOST_TEST(dump_json(workflows::encode_cursor(actor.snapshot.cursor)) + dump_json(actor.attribute("text")) == before);
  const auto taken = actor.command(command, at);
  BOOST_TEST(taken.has_value(), (taken ? std::string{} : describe(taken.error())));
  BOOST_TEST(actor.problems.empty());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(limits)

BOOST_AUTO_TEST_CASE(are_what_the_engine_says_unless_a_setting_says_otherwise) {
  const workflows::Limits limits;
  BOOST_TEST((limits.attributes == 64 * 1024 && limits.event == 32 * 1024 && limits.result == 32 * 1024 && limits.vendor_text == 16 * 1024));
  BOOST_TEST((limits.messages == 64 && limits.timers == 32 && limits.depth == 64 && limits.steps == 100 && limits.deferred == 64));
}

BOOST_AUTO_TEST_CASE(of_a_command_are_told_to_whoever_gives_it) {
  check(actor_with({.event = 200}), "keep", of_size(200), of_size(201), "event_too_large", "event", "201 bytes");
  // the text in quotes, the id, and a number that has no value
  check(actor_with({.attributes = 300}), "keep", JsonObject{{"text", std::string(300 - 30 - 2 - 2, 'x')}}, JsonObject{{"text", std::string(300 - 30 - 2 - 1, 'x')}}, "attributes_too_large", "attributes", "301 bytes");
  check(actor_with({.messages = 5}), "send", of_count(5), of_count(6), "too_many_messages", "messages", "more than 5 messages");
  check(actor_with({.messages = 5}), "tell", of_count(5), of_count(6), "too_many_notices", "messages", "more than 5 notices");
  check(actor_with({.messages = 5}), "make", of_count(5), of_count(6), "too_many_actors", "messages", "more than 5 new actors");
}

BOOST_AUTO_TEST_CASE(of_timers_count_those_of_one_decision) {
  auto actor = actor_with({.timers = 2});
  const auto refused = actor.command("three");
  BOOST_REQUIRE(!refused);
  check_told(refused.error(), "too_many_timers", "timers", "3 timers");
  BOOST_TEST(actor.in() == "here");
  BOOST_REQUIRE(actor.command("two"));
  BOOST_TEST(actor.snapshot.cursor.timers.size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_message_is_not_sent_larger_than_its_receiver_would_take_it) {
  auto actor = actor_with({.event = 200});
  const auto with = [](std::size_t bytes) { return JsonObject{{"list", JsonArray{"x"}}, {"text", std::string(bytes - 11, 'x')}}; };
  BOOST_REQUIRE(actor.command("send", with(150)));
  BOOST_TEST(actor.messages.size() == 1U);
  actor.snapshot.limits.event = 100;
  const auto refused = actor.message("ring", with(80), order);  // {"list":["x"],"text":…} has 16 bytes more than what is sent
  BOOST_REQUIRE(refused);
  BOOST_TEST(actor.messages.size() == 2U);
  BOOST_TEST(actor.incidents.empty());
}

BOOST_AUTO_TEST_CASE(a_message_over_a_limit_is_with_a_person_whole_and_can_be_taken_when_the_limit_is_raised) {
  auto actor = actor_with({.event = 200});
  BOOST_REQUIRE(actor.message("told", of_size(200), order));
  BOOST_TEST(actor.incidents.empty());
  BOOST_REQUIRE(actor.message("told", of_size(201), order));
  BOOST_REQUIRE(actor.incidents.size() == 1U);
  check_told(actor.incidents.begin()->second, "event_too_large", "event", "201 bytes");
  BOOST_TEST(actor.attribute("text").as_string().size() == 189U);
  const auto again = actor.remedy(What::retry);
  BOOST_REQUIRE(!again);
  check_told(again.error(), "event_too_large", "event", "201 bytes");
  actor.snapshot.limits.event = 201;
  BOOST_REQUIRE(actor.remedy(What::retry));
  BOOST_TEST(actor.attribute("text").as_string().size() == 190U);
  BOOST_TEST(actor.incidents.empty());
}

BOOST_AUTO_TEST_CASE(an_actor_over_a_lowered_limit_may_shrink_but_not_grow) {
  auto actor = actor_with({});
  BOOST_REQUIRE(actor.command("keep", JsonObject{{"text", std::string(2'000, 'x')}}));
  actor.snapshot.limits.attributes = 1'024;
  BOOST_REQUIRE(!actor.command("keep", JsonObject{{"text", std::string(2'001, 'x')}}));
  BOOST_TEST(actor.command("keep", JsonObject{{"text", std::string(2'000, 'y')}}).has_value());
  BOOST_TEST(actor.command("keep", JsonObject{{"text", std::string(1'500, 'y')}}).has_value());
  BOOST_TEST(!actor.command("keep", JsonObject{{"text", std::string(2'000, 'y')}}).has_value());
}

BOOST_AUTO_TEST_CASE(over_a_limit_a_step_fails_before_anything_of_it_stands) {
  auto actor = actor_with({.attributes = 300});
  BOOST_REQUIRE(actor.command("store", of_size(300)));
  BOOST_REQUIRE(actor.incidents.size() == 1U);
  check_told(actor.incidents.begin()->second, "attributes_too_large", "attributes", " bytes");
  BOOST_TEST(actor.attribute("text").is_null());
  actor.snapshot.limits.attributes = 1'024;
  BOOST_REQUIRE(actor.remedy(What::retry));
  BOOST_TEST(actor.in() == "here");
  BOOST_TEST(actor.problems.empty());
}

BOOST_AUTO_TEST_CASE(a_result_over_its_limit_holds_the_run_and_is_not_kept_in_part) {
  const auto result = [](std::size_t bytes) { return JsonObject{{"note", std::string(bytes - 11, 'x')}}; };
  auto fits = started(change_step);
  fits.snapshot.limits.result = 100;
  BOOST_REQUIRE(fits.done(result(100)));
  BOOST_TEST(fits.in() == "there");

  auto actor = started(change_step);
  actor.snapshot.limits.result = 100;
  BOOST_REQUIRE(actor.done(result(101)));
  BOOST_REQUIRE(actor.held());
  check_told(actor.incidents.begin()->second, "result_too_large", "result", "101 bytes");
  BOOST_TEST(actor.run()->begun.back().touched);
  BOOST_TEST(actor.run()->begun.back().result.is_null());
  const auto by_hand = actor.remedy(What::done, result(101));
  BOOST_REQUIRE(!by_hand);
  check_told(by_hand.error(), "result_too_large", "result", "101 bytes");
  BOOST_REQUIRE(actor.remedy(What::retry));
  BOOST_TEST(actor.attempt()->mode == "observe");  // it has happened: it is looked at
  BOOST_REQUIRE(actor.answer(Outcome{.is = OutcomeClass::already, .output = result(40)}));
  BOOST_TEST(actor.in() == "there");
  BOOST_TEST(actor.problems.empty());
}

BOOST_AUTO_TEST_CASE(the_parts_of_a_composite_operation_share_one_limit) {
  auto actor = started("      - build: { call: vendor.build, on_server: \"'srv_1'\", with: { name: x } }\n");
  actor.snapshot.limits.result = 60;
  BOOST_REQUIRE(actor.done(JsonObject{{"place", std::string(40, 'x')}}));
  BOOST_REQUIRE(!actor.held());
  BOOST_REQUIRE(actor.done(JsonObject{{"id", 1'000'000}}));  // {"place":"…","id":1000000} has 65
  BOOST_REQUIRE(actor.held());
  check_told(actor.incidents.begin()->second, "result_too_large", "result", " bytes");
  BOOST_TEST(int_of(actor.run()->begun.back().result, "id") == 0);
}

BOOST_AUTO_TEST_CASE(what_a_vendor_says_is_kept_up_to_its_limit_and_says_how_much_is_missing) {
  auto actor = started(change_step);
  actor.snapshot.limits.vendor_text = 300;
  BOOST_REQUIRE(actor.answer(Outcome{.is = OutcomeClass::rejected_operator, .text = std::string(300, 'x')}));
  BOOST_TEST(actor.incidents.begin()->second.text == std::string(300, 'x'));
  BOOST_REQUIRE(actor.remedy(What::retry));
  BOOST_REQUIRE(actor.answer(Outcome{.is = OutcomeClass::rejected_operator, .text = std::string(301, 'x')}));
  const auto& text = actor.incidents.begin()->second.text;
  BOOST_TEST((text.size() <= 300U && text.size() > 290U));
  const auto kept = text.find_first_not_of('x');
  BOOST_TEST(text.substr(kept) == fmt::format("… ({} bytes left out)", 301 - kept));
  BOOST_TEST(text_of(actor.last("attempt"), "text") == text);
}

BOOST_AUTO_TEST_CASE(messages_that_cause_one_another_without_end_are_stopped_at_the_receiver) {
  const auto payload = JsonObject{{"list", JsonArray{"x"}}, {"text", "t"}};
  auto actor = actor_with({.depth = 7});
  const auto taken = actor.message("ring", payload, order, 7);
  BOOST_REQUIRE(taken);
  BOOST_TEST(taken->next.cursor.depth == 7);  // what it sends has one more
  BOOST_TEST(actor.incidents.empty());
  BOOST_REQUIRE(actor.message("ring", payload, order, 8));
  BOOST_REQUIRE(actor.incidents.size() == 1U);
  check_told(actor.incidents.begin()->second, "causation_depth", "depth", "8 times in a row");
  BOOST_TEST(actor.messages.size() == 1U);
  BOOST_REQUIRE(actor.remedy(What::retry));  // a person is a beginning
  BOOST_TEST(actor.messages.size() == 2U);
  BOOST_TEST(actor.snapshot.cursor.depth == 0);
}

BOOST_AUTO_TEST_CASE(a_chain_of_messages_goes_on_over_a_run_and_ends_with_what_comes_from_outside) {
  auto actor = started(change_step);
  BOOST_REQUIRE(actor.done());
  BOOST_REQUIRE(actor.message("told", JsonObject{{"n", 1}}, order, 5));
  BOOST_TEST(actor.snapshot.cursor.depth == 5);
  auto caused = actor_with({});
  BOOST_REQUIRE(caused.message("told", JsonObject{}, order, 9));
  BOOST_REQUIRE(caused.command("spin"));
  BOOST_TEST(caused.snapshot.cursor.depth == 0);
  BOOST_REQUIRE(caused.message("told", JsonObject{}, order, 9));
  caused.pass(std::chrono::seconds{0});  // the timer was due when it was set
  BOOST_REQUIRE(caused.in() == "spinning_on");
  BOOST_TEST(caused.snapshot.cursor.depth == 9);
  BOOST_REQUIRE(caused.done());
  BOOST_TEST(caused.snapshot.cursor.depth == 9);
}

BOOST_AUTO_TEST_CASE(an_endless_round_of_timers_without_a_delay_and_runs_is_stopped) {
  auto actor = actor_with({.steps = 20});
  BOOST_REQUIRE(actor.command("spin"));
  int rounds = 0;
  while (actor.incidents.empty() && rounds < 100) {
    actor.pass(std::chrono::seconds{0});
    if (!actor.incidents.empty()) break;
    ++rounds;
    actor.now += std::chrono::seconds{3};  // the vendor takes its time: each round has its own moment
    BOOST_REQUIRE(actor.done());
  }
  BOOST_REQUIRE(actor.incidents.size() == 1U);
  BOOST_TEST(rounds < 10);
  check_told(actor.incidents.begin()->second, "too_many_moves", "steps", "made 21 moves");
  BOOST_TEST(actor.problems.empty());
  BOOST_REQUIRE(actor.remedy(What::retry));  // once more as many
  BOOST_TEST(actor.incidents.empty());
}

BOOST_AUTO_TEST_CASE(a_timer_that_has_waited_is_an_event_from_outside) {
  auto actor = actor_with({.steps = 10});
  for (int round = 0; round < 30; ++round) {
    BOOST_REQUIRE(actor.command("two"));
    actor.pass(std::chrono::hours{1});
    BOOST_REQUIRE(actor.in() == "here");
  }
  BOOST_TEST(actor.incidents.empty());
}

BOOST_AUTO_TEST_CASE(of_events_that_wait_ends_in_429_because_it_passes) {
  auto actor = started(change_step);
  actor.snapshot.limits.deferred = 3;
  for (int i = 0; i < 3; ++i) BOOST_REQUIRE(actor.message("told", JsonObject{{"n", i}}));
  const auto command = actor.command("again");
  BOOST_REQUIRE(!command);
  BOOST_TEST((command.error().code == ErrorCode::resource_exhausted));
  BOOST_TEST(command.error().message.find("(setting limits.deferred)") != std::string::npos);
  BOOST_REQUIRE(actor.message("told", JsonObject{{"n", 99}}));
  BOOST_TEST(actor.incidents.begin()->second.code == "too_many_deferred");
}

BOOST_AUTO_TEST_CASE(hold_for_the_input_that_a_person_edits) {
  auto actor = started(create_step);
  actor.snapshot.limits.event = 100;
  BOOST_REQUIRE(actor.answer(OutcomeClass::rejected_operator));
  const auto refused = actor.remedy(What::edit, JsonObject{{"name", std::string(90, 'x')}});
  BOOST_REQUIRE(!refused);
  check_told(refused.error(), "event_too_large", "event", "101 bytes");
  BOOST_TEST(actor.remedy(What::edit, JsonObject{{"name", std::string(89, 'x')}}).has_value());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace stellwerk::testing
