#include "monitoring/underway.hpp"

#include <boost/test/unit_test.hpp>
#include <memory>

using namespace stellwerk::monitoring;

BOOST_AUTO_TEST_SUITE(underway)

BOOST_AUTO_TEST_CASE(tells_of_the_oldest_call_that_has_not_come_back) {
  BOOST_TEST(longest_call().what.empty());
  auto first = std::make_unique<Underway>("a batch is written");
  const Underway second{"the heartbeat is written"};
  BOOST_TEST(longest_call().what == "a batch is written");
  const auto before = longest_call().waiting;
  BOOST_TEST((longest_call().waiting >= before));
  first.reset();
  BOOST_TEST(longest_call().what == "the heartbeat is written");
}

BOOST_AUTO_TEST_CASE(tells_of_none_when_all_have_come_back) {
  { const Underway call{"a batch is written"}; }
  BOOST_TEST(longest_call().what.empty());
  BOOST_TEST((longest_call().waiting == stellwerk::Duration{}));
}

BOOST_AUTO_TEST_SUITE_END()
