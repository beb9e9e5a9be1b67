#include "storage/actions/address_rank.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <string>
#include <vector>

using namespace stellwerk::storage;

BOOST_AUTO_TEST_SUITE(address_ranks)

BOOST_AUTO_TEST_CASE(addresses_sort_by_number_and_family) {
  const std::vector<std::string> expected{"9.255.0.1", "10.0.0.9", "10.0.0.10/24", "2001:db8::2", "2001:db8::10", "not-an-address"};
  auto shuffled = expected;
  std::reverse(shuffled.begin(), shuffled.end());
  std::sort(shuffled.begin(), shuffled.end(), [](const auto& a, const auto& b) { return address_rank(a) < address_rank(b); });
  BOOST_TEST(shuffled == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
