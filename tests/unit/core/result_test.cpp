#include "core/result.hpp"

#include <boost/test/unit_test.hpp>

#include <set>

using namespace stellwerk;

namespace {

Result<int> positive(int value) {
  if (value <= 0) return fail(ErrorCode::invalid_argument, "not positive", "sign");
  return value;
}

Result<void> check(int value) {
  if (auto result = positive(value); !result) return wrap(std::move(result).error(), "check the value");
  return {};
}

Result<int> doubled(int value) {
  STELLWERK_CHECK(check(value));
  STELLWERK_TRY(const auto number, positive(value));
  return 2 * number;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(result)

BOOST_AUTO_TEST_CASE(carries_the_value_past_every_check) { BOOST_TEST(doubled(4).value() == 8); }

BOOST_AUTO_TEST_CASE(leaves_early_with_code_reason_and_chain) {
  const auto failed = doubled(0);
  BOOST_REQUIRE(!failed);
  BOOST_TEST((failed.error().code == ErrorCode::invalid_argument));
  BOOST_TEST(failed.error().reason == "sign");
  BOOST_TEST(failed.error().message == "check the value");
  BOOST_TEST(describe(failed.error()) == "check the value: not positive");
}

BOOST_AUTO_TEST_CASE(names_every_code_differently) {
  std::set<std::string_view> names;
  for (int code = 0; code <= static_cast<int>(ErrorCode::internal); ++code) names.insert(to_string(static_cast<ErrorCode>(code)));
  BOOST_TEST(names.size() == 13U);
}

BOOST_AUTO_TEST_CASE(calls_only_two_codes_transient) {
  BOOST_TEST(is_transient(ErrorCode::unavailable));
  BOOST_TEST(is_transient(ErrorCode::resource_exhausted));
  BOOST_TEST(!is_transient(ErrorCode::deadline_exceeded));
}

BOOST_AUTO_TEST_SUITE_END()
