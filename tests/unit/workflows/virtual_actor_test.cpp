#include "workflows/virtual_actor.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/support/small_workflow.hpp"

namespace stellwerk::workflows {
namespace {

using proof::Answer;

Answer is(OutcomeClass outcome) { return {Answer::What::outcome, {.is = outcome}}; }

/// Keeps the catalogue that the actor lives by.
struct World {
  explicit World(const std::string& steps, const std::string& more = "    failed: { to: broken }\n")
      : catalog{testing::small_catalog()}, actor{testing::small_workflow(testing::working(steps, more)), catalog, {.calendar = {}, .start = *parse_time("2026-03-02T08:00:00Z")}} {
    BOOST_REQUIRE(actor.be_born(JsonObject{}).has_value());
  }
  void go() {
    BOOST_REQUIRE(actor.command("go", JsonObject{}, "staff").has_value());
    BOOST_REQUIRE(actor.run().has_value());
  }
  Catalog catalog;
  VirtualActor actor;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(virtual_actor)

BOOST_AUTO_TEST_CASE(a_try_that_the_script_says_nothing_of_is_done_with_made_up_output) {
  World world{testing::take_step + testing::create_step};
  world.go();
  BOOST_TEST(world.actor.state().name == "there");
  BOOST_TEST(world.actor.attribute("number").value() == Json(100));
  BOOST_REQUIRE(world.actor.calls.size() == 2U);
  BOOST_TEST(world.actor.calls[0].action);
  BOOST_TEST(world.actor.calls[1].name == "vendor.create");
  BOOST_TEST(text_of(world.actor.calls[1].input, "name") == "box");
}

BOOST_AUTO_TEST_CASE(answers_are_used_one_per_try_and_belong_to_one_call) {
  World world{testing::change_step};
  world.actor.answer("vendor.change", {is(OutcomeClass::unclear), is(OutcomeClass::done)});
  world.go();
  BOOST_TEST(world.actor.state().name == "there");
  BOOST_REQUIRE(world.actor.calls.size() == 1U);
  BOOST_TEST(world.actor.calls[0].outcomes == (std::vector<std::string>{"unclear", "done"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_try_is_repeated_when_the_clock_has_moved_to_its_due_time) {
  World world{testing::change_step};
  world.actor.answer("vendor.change", {is(OutcomeClass::retry), is(OutcomeClass::done)});
  world.go();
  BOOST_TEST(world.actor.state().name == "busy");
  const auto due = world.actor.next_moment();
  BOOST_REQUIRE(due.has_value());
  BOOST_TEST(world.actor.run_until(*due - Duration{1}).has_value());
  BOOST_TEST(world.actor.state().name == "busy");
  BOOST_TEST(world.actor.run_until(*due).has_value());
  BOOST_TEST(world.actor.state().name == "there");
}

BOOST_AUTO_TEST_CASE(entries_of_a_composite_operation_are_answered_each_for_itself) {
  World world{"      - build: { call: vendor.build, on_server: \"'srv_1'\", with: { name: \"${self.name}\" } }\n"};
  world.actor.answer("vendor.build/configure", {is(OutcomeClass::rejected_customer)});
  world.go();
  BOOST_TEST(world.actor.state().name == "broken");
  BOOST_REQUIRE(world.actor.calls.size() == 2U);
  BOOST_TEST(world.actor.calls[1].name == "vendor.demolish");
  BOOST_TEST(world.actor.calls[1].undo);
  BOOST_TEST(world.actor.calls[0].outcomes == (std::vector<std::string>{"done", "rejected_customer"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_restart_during_a_request_looks_before_it_repeats) {
  World world{testing::create_step};
  world.actor.answer("vendor.create", {{Answer::What::none, {}}});
  world.go();
  BOOST_TEST(world.actor.state().name == "busy");
  world.actor.answer("vendor.create", {is(OutcomeClass::already)});
  BOOST_TEST(world.actor.restart().has_value());
  BOOST_REQUIRE(world.actor.snapshot().cursor.run.has_value());
  BOOST_TEST(world.actor.snapshot().cursor.run->attempts.at(0).mode == "observe");
  BOOST_TEST(world.actor.run().has_value());
  BOOST_TEST(world.actor.state().name == "there");
}

BOOST_AUTO_TEST_CASE(a_task_without_an_end_is_given_up_when_its_time_is_up) {
  World world{testing::change_step};
  world.actor.answer("vendor.change", {is(OutcomeClass::pending)});
  world.go();
  BOOST_TEST(world.actor.run_until(world.actor.now() + std::chrono::minutes{59}).has_value());
  BOOST_TEST(world.actor.incidents.empty());
  BOOST_TEST(world.actor.run_until(world.actor.now() + std::chrono::minutes{2}).has_value());
  BOOST_REQUIRE(world.actor.incidents.size() == 1U);
  BOOST_TEST(world.actor.incidents[0].code == "timeout");
}

BOOST_AUTO_TEST_CASE(what_is_deferred_gets_its_turn_when_the_actor_waits_again) {
  World world{testing::change_step};
  world.actor.answer("vendor.change", {{Answer::What::none, {}}});
  world.go();
  BOOST_TEST(world.actor.command("again", JsonObject{}, "staff").has_value());
  BOOST_TEST(world.actor.deferred() == std::vector<std::string>{"again"}, boost::test_tools::per_element());
  world.actor.answer("vendor.change", {is(OutcomeClass::done)});
  BOOST_TEST(world.actor.run().has_value());
  BOOST_TEST(world.actor.deferred().empty());
  BOOST_TEST(world.actor.attribute("other").value() == Json(8));
}

BOOST_AUTO_TEST_CASE(a_message_that_is_refused_is_told) {
  World world{testing::change_step};
  const auto refused = world.actor.message("told", JsonObject{{"n", 3}}, "svc_01jnq0000000000000000000aa");
  BOOST_REQUIRE(!refused.has_value());
  BOOST_TEST(refused.error().reason == "sender");
  BOOST_TEST(world.actor.message("told", JsonObject{{"n", 3}}, "ord_01jnq0000000000000000000aa").has_value());
  BOOST_TEST(world.actor.attribute("other").value() == Json(3));
  BOOST_TEST(!world.actor.message("told", JsonObject{{"n", "three"}}, "ord_01jnq0000000000000000000aa").has_value());
  BOOST_TEST(world.actor.incidents.size() == 1U);
}

BOOST_AUTO_TEST_CASE(the_same_script_gives_the_same_journal) {
  const auto journal = [] {
    World world{testing::take_step + testing::create_step};
    world.actor.answer("vendor.create", {is(OutcomeClass::retry), is(OutcomeClass::unclear), is(OutcomeClass::done)});
    world.go();
    BOOST_TEST(world.actor.run_until(world.actor.now() + std::chrono::hours{2}).has_value());
    std::string text;
    for (const auto& line : world.actor.journal) text += format_time(line.at) + dump_json(line.entry) + "\n";
    return text;
  };
  BOOST_TEST(journal() == journal());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace stellwerk::workflows
