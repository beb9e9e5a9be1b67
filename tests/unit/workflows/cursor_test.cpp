#include "tests/support/small_workflow.hpp"

namespace stellwerk::testing {

using workflows::Phase;

BOOST_AUTO_TEST_SUITE(cursor)

BOOST_AUTO_TEST_CASE(survives_its_json_in_every_phase) {
  auto actor = started(take_step + create_step + change_step, stop_undoes);
  const auto same = [&] {
    const auto json = workflows::encode_cursor(actor.snapshot.cursor);
    const auto read = workflows::decode_cursor(*parse_json(dump_json(json)));
    BOOST_REQUIRE(read);
    BOOST_TEST(dump_json(workflows::encode_cursor(*read)) == dump_json(json));
  };
  same();
  BOOST_REQUIRE(actor.done(JsonObject{{"n", 1}}));
  BOOST_REQUIRE(actor.answer(Outcome{.is = OutcomeClass::pending, .handle = "task-1"}));
  same();
  BOOST_REQUIRE(actor.answer(OutcomeClass::rejected_operator));
  BOOST_TEST((actor.run()->phase == Phase::held));
  same();
  BOOST_REQUIRE(actor.remedy(workflows::Remedy::What::retry));
  BOOST_REQUIRE(actor.command("stop"));
  BOOST_TEST((actor.run()->phase == Phase::settling));
  same();
  BOOST_REQUIRE(actor.done());
  BOOST_TEST((actor.run()->phase == Phase::undoing));
  same();
  BOOST_TEST(actor.problems.empty());
}

BOOST_AUTO_TEST_CASE(a_word_that_is_not_known_is_an_error_and_not_a_guess) {
  auto actor = started(change_step);
  auto json = workflows::encode_cursor(actor.snapshot.cursor);
  json.at("run").at("phase") = "sideways";
  BOOST_TEST(!workflows::decode_cursor(json).has_value());
  BOOST_TEST(!workflows::decode_cursor(Json("text")).has_value());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace stellwerk::testing
