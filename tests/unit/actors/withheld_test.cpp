// What the connector actor does with a request that was withheld because the node's lease was over, when its run was interrupted meanwhile.

#include "tests/unit/actors/engine.hpp"

namespace stellwerk::testing {
namespace {

std::ptrdiff_t times(const std::vector<std::string>& seen, const std::string& what) { return std::count(seen.begin(), seen.end(), what); }

}  // namespace

BOOST_AUTO_TEST_SUITE(withheld)

BOOST_FIXTURE_TEST_CASE(of_a_run_that_goes_on_is_sent_again, RunningEngine) {
  driver->play([](const DriverRequest&) -> std::optional<DriverResponse> { return std::nullopt; });
  const auto id = create_service();
  must(command(id, "lift"));
  BOOST_REQUIRE(driver->wait_for_held(1));
  driver->release(connectors::withheld_response());
  BOOST_REQUIRE(driver->wait_for_held(1));
  BOOST_TEST(times(driver->seen(), "POST /north/lift") == 2);
  BOOST_TEST(actor(id).state == "lifting");
  driver->release(answer(200));
  until_state(id, "lifted");
}

BOOST_FIXTURE_TEST_CASE(of_an_interrupted_run_never_leaves_and_nothing_is_undone, RunningEngine) {
  driver->play([](const DriverRequest&) -> std::optional<DriverResponse> { return std::nullopt; });
  const auto interrupted = create_service(), behind = create_service();
  must(command(interrupted, "lift2"));
  BOOST_REQUIRE(driver->wait_for_held(1));
  must(command(interrupted, "give_up"));
  // Whose request comes by the same way, later: when it is here, the connector knows of the interruption.
  must(command(behind, "lift"));
  BOOST_REQUIRE(driver->wait_for_held(2));
  BOOST_TEST(actor(interrupted).state == "lifting_twice");  // what may be under way comes to its end first
  driver->release(connectors::withheld_response());
  until_state(interrupted, "idle");
  BOOST_TEST(times(driver->seen(), "POST /north/lift") == 2);
  BOOST_TEST(times(driver->seen(), "POST /north/lower") == 0);
  BOOST_TEST(attempts(interrupted).empty());
  driver->release(answer(200));
  until_state(behind, "lifted");
}

BOOST_FIXTURE_TEST_CASE(behind_a_part_that_has_had_its_effect_is_no_reason_to_leave_that_standing, RunningEngine) {
  // the first lift stands, the second is withheld: the interruption takes the first back
  bool first = true;
  driver->play([&first](const DriverRequest& request) -> std::optional<DriverResponse> {
    if (request.url == "/north/lower") return answer(200);
    if (std::exchange(first, false)) return answer(200);
    return std::nullopt;
  });
  const auto interrupted = create_service(), behind = create_service();
  must(command(interrupted, "lift2"));
  BOOST_REQUIRE(driver->wait_for_held(1));
  must(command(interrupted, "give_up"));
  must(command(behind, "lift"));
  BOOST_REQUIRE(driver->wait_for_held(2));
  driver->release(connectors::withheld_response());
  until_state(interrupted, "idle");
  BOOST_TEST(times(driver->seen(), "POST /north/lower") == 1);
  driver->release(answer(200));
  until_state(behind, "lifted");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace stellwerk::testing
