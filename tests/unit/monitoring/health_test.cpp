#include "monitoring/health.hpp"

#include <boost/test/unit_test.hpp>

using namespace stellwerk::monitoring;

BOOST_AUTO_TEST_SUITE(health)

BOOST_AUTO_TEST_CASE(is_ready_when_every_part_is) {
  BOOST_TEST(!readiness().ready);  // nobody has reported yet
  report_not_ready("database", "connecting");
  report_ready("engine");
  BOOST_TEST(!readiness().ready);
  BOOST_TEST(readiness().parts.at("database") == "connecting");
  BOOST_TEST(readiness().parts.at("engine") == "ready");
  report_ready("database");
  BOOST_TEST(readiness().ready);
  report_not_ready("engine", "");
  BOOST_TEST(!readiness().ready);
  BOOST_TEST(!readiness().parts.at("engine").empty());
}

BOOST_AUTO_TEST_SUITE_END()
