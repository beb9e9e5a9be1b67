#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include "tests/unit/workflows/cel_support.hpp"

using namespace cel_tests;
namespace data = boost::unit_test::data;

BOOST_AUTO_TEST_SUITE(cel_money)

const std::vector<Row> decimals{
    {"decimal('12.50')", "decimal 12.50"},
    {"decimal('12.50') == decimal('12.5') && decimal('2.0') == 2 && 3 > decimal('2.9')", "bool true"},
    {"decimal('0.1') + decimal('0.2') == decimal('0.3')", "bool true"},
    {"decimal('12.50') * 3 - 1", "decimal 36.50"},
    {"2 * decimal('1.25')", "decimal 2.50"},
    {"-decimal('1.25')", "decimal -1.25"},
    {"decimal('12.50') * decimal('0.19')", "decimal 2.3750"},
    {"int(decimal('-1.99')) + int(decimal('2.99'))", "int 1"},
    {"double(decimal('1.25'))", "double 1.25"},
    {"string(decimal('1.20')) + '!'", "string 1.20!"},
    {"decimal(7) == decimal('7.000')", "bool true"},
    {"decimal(money('12.99 EUR'))", "decimal 12.99"},
    {"type(decimal('1')) == decimal", "bool true"},
    {"decimal('2') in [1, 2]", "bool true"},
    {"decimal('9223372036854775807') + 1", "error: decimal overflow"},
    {"-decimal('-9223372036854775808')", "error: decimal overflow"},
    {"decimal('0.00001') * decimal('0.00001')", "error: decimal overflow"},
    {"decimal('1') / 2", "mistake: / cannot be applied to decimal and int"},
    {"decimal('1') + 0.5", "mistake: + cannot be applied to decimal and double"},
    {"decimal('1') < 0.5", "mistake: decimal and double cannot be compared with <"},
    {"dyn(decimal('1')) < 0.5", "error: no such overload: _<_(decimal, double)"},
    {"decimal('1.2.3')", "mistake: '1.2.3' is no decimal: write digits and a point, such as 12.50"},
    {"decimal('0.1234567891')", "mistake: '0.1234567891' is no decimal: at most nine digits behind the point"},
};
BOOST_DATA_TEST_CASE(reckons_with_decimals, data::make(decimals), row) { BOOST_TEST(evaluated(row.expression) == row.result); }

const std::vector<Row> amounts{
    {"money('12.99', 'EUR')", "money 12.99 EUR"},
    {"money(1299, 'EUR') == money('12.99 EUR') && money(decimal('12.99'), 'EUR') == money('12.99', 'EUR')", "bool true"},
    {"money(1299, 'JPY')", "money 1299 JPY"},
    {"money('1.5', 'KWD').minor", "int 1500"},
    {"money('1.5', 'KWD').currency", "string KWD"},
    {"money('1 EUR').mino", "mistake: money has no member mino"},
    {"dyn(money('1 EUR')).mino", "error: no such overload: money.mino"},
    {"has({'price': money('1 EUR')}.price)", "bool true"},
    {"money('12.99 EUR') + money('0.01 EUR')", "money 13.00 EUR"},
    {"money('12.99 EUR') - money('13 EUR')", "money -0.01 EUR"},
    {"money('12.99 EUR') * 3 + 2 * money('0.01 EUR')", "money 38.99 EUR"},
    {"-money('12.99 EUR')", "money -12.99 EUR"},
    {"money('12.99 EUR') < money('13 EUR') && money('1 EUR') != money('2 EUR')", "bool true"},
    {"money('1 EUR') == money('1 USD')", "bool false"},
    {"money('1 EUR') < money('1 USD')", "error: 1.00 EUR and 1.00 USD cannot be compared: the currencies differ"},
    {"money('1 EUR') + money('1 USD')", "error: 1.00 EUR and 1.00 USD cannot be added: the currencies differ"},
    {"money('1 EUR') - money('1 USD')", "error: 1.00 EUR and 1.00 USD cannot be subtracted: the currencies differ"},
    {"money(9223372036854775807, 'EUR') + money(1, 'EUR')", "error: money overflow"},
    {"money(-9223372036854775807 - 1, 'EUR') - money(1, 'EUR')", "error: money overflow"},
    {"-money(-9223372036854775807 - 1, 'EUR')", "error: money overflow"},
    {"money(9223372036854775807, 'EUR') * 2", "error: money overflow"},
    {"money('92233720368547759', 'EUR')", "mistake: 92233720368547759 EUR is out of range"},
    {"money('92233720368547758.08', 'EUR')", "mistake: '92233720368547758.08' is no decimal: it does not fit 64 bits"},
    {"money('12.995', 'EUR')", "mistake: 12.995 is no amount of EUR: it has 2 digits behind the point"},
    {"money('0.5', 'JPY')", "mistake: 0.5 is no amount of JPY: it has 0 digits behind the point"},
    {"money('1', 'eur')", "mistake: 'eur' is no currency; write its three capital letters, such as EUR"},
    {"money('1')", "mistake: '1' is no amount of money; write 12.99 EUR"},
    {"money('1 EUR') * decimal('1.19')", "mistake: * cannot be applied to money and decimal"},
    {"money('1 EUR') * money('1 EUR')", "mistake: * cannot be applied to money and money"},
    {"money('1 EUR') + 1", "mistake: + cannot be applied to money and int"},
    {"string(money('1 EUR')) + '|' + '%s'.format([money('2 EUR')])", "string 1.00 EUR|2.00 EUR"},
    {"[money('1 EUR'), decimal('1.0'), date('2026-03-01'), P1M]", "list [{\"minor\":100,\"currency\":\"EUR\"},\"1.0\",\"2026-03-01\",\"P1M\"]"},
};
BOOST_DATA_TEST_CASE(reckons_with_money, data::make(amounts), row) { BOOST_TEST(evaluated(row.expression) == row.result); }

BOOST_AUTO_TEST_CASE(every_kind_returns_from_json_as_it_was) {
  using enum Type::Base;
  const auto euro = *stellwerk::Currency::of("EUR"), dinar = *stellwerk::Currency::of("KWD");
  const std::vector<std::pair<Type, Value>> values{
      {Type::of(date), Value::of_date(-719'162)},
      {Type::of(date), Value::of_date(20'543)},
      {Type::of(date), Value::of_date(2'932'896)},
      {Type::of(period), Value::of_period({})},
      {Type::of(period), Value::of_period({14, 10})},
      {Type::of(period), Value::of_period({-14, -10})},
      {Type::of(period), Value::of_period({-14, 10})},
      {Type::of(period), Value::of_period({14, -10})},
      {Type::of(period), Value::of_period({0, -1})},
      {Type::of(decimal), Value::of_decimal({1250, 2})},
      {Type::of(decimal), Value::of_decimal({INT64_MIN, 9})},
      {Type::of(money), Value::of_money({INT64_MIN, euro})},
      {Type::of(money), Value::of_money({INT64_MAX, dinar})},
      {Type::of(timestamp), Value::of_timestamp(-1, 999'999'000)},
      {Type::of(duration), Value::of_duration(-5, -500'000'000)},
      {Type::of(real), Value::of_double(2)},
  };
  for (const auto& [type, value] : values) {
    const Value again = cel::from_json(cel::to_json(value), type);
    BOOST_TEST((again.kind() == value.kind()), shown(value));
    BOOST_TEST((again == value), shown(value));
    BOOST_TEST(shown(again) == shown(value));
  }
  BOOST_TEST(stellwerk::dump_json(cel::to_json(Value::of_money({1299, euro}))) == R"({"minor":1299,"currency":"EUR"})");
  BOOST_TEST((cel::from_json(stellwerk::Json("12.99 EUR"), Type::of(money)) == Value::of_money({1299, euro})));
  const auto odd = stellwerk::parse_json(R"({"minor":1299,"currency":"euro"})");
  BOOST_TEST((cel::from_json(*odd, Type::of(money)).kind() == cel::Kind::map));
}

BOOST_AUTO_TEST_SUITE_END()
