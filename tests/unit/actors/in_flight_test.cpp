#include "actors/in_flight.hpp"

#include <boost/test/unit_test.hpp>

#include <optional>

using namespace stellwerk;
using namespace stellwerk::actors;

BOOST_AUTO_TEST_SUITE(in_flight)

BOOST_AUTO_TEST_CASE(gives_followers_the_answer_of_the_first_as_a_repeated_one) {
  InFlight requests;
  const Idempotency key{"scope", "key", "hash"};
  std::optional<Result<Answer>> told;
  BOOST_TEST((requests.join(key, [](const Result<Answer>&) { BOOST_ERROR("the first is told by its caller"); }) == InFlight::Joined::first));
  BOOST_TEST((requests.join(key, [&](Result<Answer> answer) { told = std::move(answer); }) == InFlight::Joined::follows));
  BOOST_TEST(!told.has_value());
  requests.finish(key, Answer{201, JsonObject{{"id", "tkt_1"}}, false});
  BOOST_REQUIRE((told && *told));
  BOOST_TEST((*told)->status == 201);
  BOOST_TEST((*told)->repeated);
}

BOOST_AUTO_TEST_CASE(refuses_another_body_and_keeps_keys_of_other_scopes_apart) {
  InFlight requests;
  const auto nobody = [](const Result<Answer>&) {};
  BOOST_TEST((requests.join({"scope", "key", "hash"}, nobody) == InFlight::Joined::first));
  BOOST_TEST((requests.join({"scope", "key", "other"}, nobody) == InFlight::Joined::other_body));
  BOOST_TEST((requests.join({"scope 2", "key", "other"}, nobody) == InFlight::Joined::first));
}

BOOST_AUTO_TEST_CASE(forgets_a_key_when_its_request_has_ended) {
  InFlight requests;
  const Idempotency key{"scope", "key", "hash"};
  int told = 0;
  for (int i = 0; i < 2; ++i) {
    BOOST_TEST((requests.join(key, [](const Result<Answer>&) {}) == InFlight::Joined::first));
    BOOST_TEST((requests.join(key, [&](const Result<Answer>& answer) { told += answer ? 0 : 1; }) == InFlight::Joined::follows));
    requests.finish(key, fail(ErrorCode::conflict, "not now"));
  }
  BOOST_TEST(told == 2);
  requests.finish(key, Answer{});  // nobody waits
}

BOOST_AUTO_TEST_SUITE_END()
