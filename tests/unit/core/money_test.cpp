#include "core/money.hpp"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <limits>
#include <ostream>

namespace data = boost::unit_test::data;

namespace stellwerk {
namespace {

constexpr auto most = std::numeric_limits<std::int64_t>::max();
constexpr auto least = std::numeric_limits<std::int64_t>::min();

Decimal decimal(std::string_view text) {
  const auto parsed = parse_decimal(text);
  BOOST_REQUIRE_MESSAGE(parsed.has_value(), text);
  return *parsed;
}
std::string shown(const std::optional<Decimal>& result) { return result ? format_decimal(*result) : "overflow"; }

struct Row {
  const char* text;
  const char* result;
};
std::ostream& operator<<(std::ostream& out, const Row& row) { return out << row.text; }

}  // namespace

BOOST_AUTO_TEST_SUITE(money)

BOOST_AUTO_TEST_CASE(decimals_return_as_they_were_written) {
  for (const auto* text : {"0", "12.50", "-0.05", "1", "-3", "0.000000001", "9223372036854775807", "-9223372036854775808", "-922337203685477580.8", "-9223372036.854775808"}) BOOST_TEST(format_decimal(decimal(text)) == text);
  BOOST_TEST(format_decimal(decimal("+1.5")) == "1.5");
}

BOOST_AUTO_TEST_CASE(texts_that_are_no_decimals_are_refused) {
  for (const auto* text : {"", "-", ".", "1.", ".5", "1,5", "1e3", " 1", "1 ", "1..2", "1.2.3", "0x1", "0.0000000001", "9223372036854775808", "-9223372036854775809", "99999999999999999999999999999999999999999999"}) BOOST_TEST(!parse_decimal(text).has_value(), text);
}

BOOST_AUTO_TEST_CASE(decimals_compare_by_number) {
  BOOST_TEST(compare(decimal("1.50"), decimal("1.5")) == 0);
  BOOST_TEST(compare(decimal("-1.51"), decimal("-1.5")) < 0);
  BOOST_TEST(compare({most, 0}, {most, 9}) > 0);
  BOOST_TEST(compare({least, 0}, {least, 9}) < 0);
}

BOOST_AUTO_TEST_CASE(decimals_are_reckoned_exactly_or_not_at_all) {
  BOOST_TEST(shown(add(decimal("0.1"), decimal("0.20"))) == "0.30");
  BOOST_TEST(shown(subtract(decimal("0.3"), decimal("0.1"))) == "0.2");
  BOOST_TEST(shown(multiply(decimal("12.50"), decimal("0.19"))) == "2.3750");
  BOOST_TEST(shown(multiply(decimal("0.00001"), decimal("0.00001"))) == "overflow");
  BOOST_TEST(shown(multiply(decimal("0.50000"), decimal("0.20000"))) == "0.100000000");
  BOOST_TEST(shown(add({most, 0}, {1, 0})) == "overflow");
  BOOST_TEST(shown(subtract({least, 0}, {1, 0})) == "overflow");
  BOOST_TEST(shown(multiply({most, 0}, {2, 0})) == "overflow");
  BOOST_TEST(shown(multiply({least, 0}, {-1, 0})) == "overflow");
  BOOST_TEST(shown(add({most, 0}, decimal("0.0"))) == "9223372036854775807");
  BOOST_TEST(shown(add({most, 0}, decimal("0.1"))) == "overflow");
}

const std::vector<Row> amounts{
    {"12.99 EUR", "12.99 EUR"},
    {"12.9 EUR", "12.90 EUR"},
    {"12 EUR", "12.00 EUR"},
    {"-0.05 EUR", "-0.05 EUR"},
    {"12.990 EUR", "12.99 EUR"},
    {"1299 JPY", "1299 JPY"},
    {"1.234 KWD", "1.234 KWD"},
    {"12.995 EUR", "'12.995 EUR' has too many digits"},
    {"12.5 JPY", "'12.5 JPY' has too many digits"},
    {"12.99", "no amount"},
    {"EUR 12.99", "no amount"},
    {"12.99 eur", "no amount"},
    {"12.99 EURO", "no amount"},
    {"1,299.00 EUR", "no amount"},
    {"92233720368547758.08 EUR", "out of range"},
};
BOOST_DATA_TEST_CASE(amounts_have_the_digits_of_their_currency, data::make(amounts), row) {
  const auto money = parse_money(row.text);
  const bool fine = std::string_view{row.result}.find(' ') != std::string_view::npos && Currency::of(std::string_view{row.result}.substr(std::string_view{row.result}.size() - 3)).has_value();
  BOOST_TEST(money.has_value() == fine);
  if (money) BOOST_TEST(format_money(*money) == row.result);
}

BOOST_AUTO_TEST_CASE(the_smallest_and_the_largest_amount_have_a_text) {
  for (const auto minor : {least, most}) {
    const Money money{minor, *Currency::of("EUR")};
    const auto again = parse_money(format_money(money));
    BOOST_REQUIRE(again.has_value());
    BOOST_TEST((*again == money));
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace stellwerk
