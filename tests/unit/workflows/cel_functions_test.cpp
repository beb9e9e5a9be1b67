#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include "tests/unit/workflows/cel_support.hpp"

using namespace cel_tests;
namespace data = boost::unit_test::data;

BOOST_AUTO_TEST_SUITE(cel_functions)

const std::vector<Row> strings{
    {"size('héllo')", "int 5"},
    {"'héllo'.charAt(1)", "string é"},
    {"'héllo'.substring(1, 3)", "string él"},
    {"'a-b-c'.replace('-', '+', 1)", "string a+b-c"},
    {"'abc'.replace('', '.')", "string .a.b.c."},
    {"'a,b,,c'.split(',')", "list [\"a\",\"b\",\"\",\"c\"]"},
    {"'a,b,c'.split(',', 2)", "list [\"a\",\"b,c\"]"},
    {"'añb'.split('')", "list [\"a\",\"ñ\",\"b\"]"},
    {"''.split(',')", "list [\"\"]"},
    {"['a', 'b'].join('-')", "string a-b"},
    {"'  x '.trim() + '|'", "string x|"},
    {"'abc'.reverse()", "string cba"},
    {"'AbÄ'.lowerAscii()", "string abÄ"},
    {"'%05.2f'", "string %05.2f"},
    {"'%s is %d%%, %.2f, %x'.format(['load', 97, 1.5, 255])", "string load is 97%, 1.50, ff"},
    {"'node-7'.matches('^node-[0-9]+$')", "bool true"},
    {"'UPID:pve1:0003'.extract('^UPID:([^:]+)')", "string pve1"},
    {"'UPID'.extract('^(x)?U') == null", "bool true"},
    {"'none'.extract('([0-9]+)') == null", "bool true"},
    {"extract('v12', '[0-9]+')", "string 12"},
    {"lower('ABC') + 'DEF'.lower()", "string abcdef"},
    {"url('a b/c~d_é')", "string a%20b%2Fc~d_%C3%A9"},
    {"base64('user:secret')", "string dXNlcjpzZWNyZXQ="},
    {"base64('a') + base64('ab') + base64('')", "string YQ==YWI="},
    {"punycode('Bücher.example')", "string xn--bcher-kva.example"},
    {"punycode('münchen-ost.例え')", "string xn--mnchen-ost-9db.xn--r8jz45g"},
    {"first([3, 4]) + [5].first()", "int 8"},
    {"first([]) == null", "bool true"},
    {"'x'.charAt(2)", "error: index out of range: 2"},
    {"'x'.matches(dyn('('))", "error: invalid pattern: missing ): ("},
};
BOOST_DATA_TEST_CASE(computes_on_strings, data::make(strings), row) { BOOST_TEST(evaluated(row.expression) == row.result); }

const std::vector<Row> conversions{
    {"int('-12')", "int -12"},
    {"int(3.99)", "int 3"},
    {"uint('7')", "uint 7"},
    {"double('1.5e3')", "double 1500"},
    {"string(1.0) + string(true) + string(2u)", "string 1true2"},
    {"bool('true')", "bool true"},
    {"string(b'\\xff')", "error: invalid UTF-8 in bytes, cannot convert to string"},
    {"int('x')", "error: 'x' is no int"},
    {"int('9223372036854775808')", "error: range error: '9223372036854775808' does not fit int"},
    {"int(1e19)", "error: range error: 1e+19 does not fit int"},
    {"uint(-1)", "error: range error: -1 does not fit uint"},
    {"double('0x10')", "error: '0x10' is no double"},
    {"bool('yes')", "error: 'yes' is no bool"},
    {"math.greatest(1, 2.5, 2u)", "double 2.5"},
    {"math.least([3, 1, 2])", "int 1"},
    {"math.abs(-3) + math.sign(-9)", "int 2"},
    {"math.round(2.5)", "double 3"},
    {"math.bitShiftLeft(1, 4)", "int 16"},
    {"math.isNaN(0.0 / 0.0)", "bool true"},
};
BOOST_DATA_TEST_CASE(converts_and_calculates, data::make(conversions), row) { BOOST_TEST(evaluated(row.expression) == row.result); }

const std::vector<Row> times{
    {"timestamp('2026-03-02T08:00:00+01:00')", "google.protobuf.Timestamp 2026-03-02T07:00:00Z"},
    {"timestamp('2026-03-02')", "google.protobuf.Timestamp 2026-03-02T00:00:00Z"},
    {"timestamp('2026-03-02T08:00:00.120Z')", "google.protobuf.Timestamp 2026-03-02T08:00:00.12Z"},
    {"timestamp('2026-03-02T08:00:00Z') + P3D", "google.protobuf.Timestamp 2026-03-05T08:00:00Z"},
    {"timestamp('2026-03-02T08:00:00Z') - PT5M", "google.protobuf.Timestamp 2026-03-02T07:55:00Z"},
    {"duration('P3D') == duration('72h') && P3D == days(3)", "bool true"},
    {"-duration('90s')", "google.protobuf.Duration -90s"},
    {"duration('1h30m') + duration('-1.5s')", "google.protobuf.Duration 5398.5s"},
    {"duration('PT0.5S')", "google.protobuf.Duration 0.5s"},
    {"timestamp('2026-03-02T08:00:00Z') - timestamp('2026-03-01T08:00:00Z') == PT24H", "bool true"},
    {"timestamp('2026-07-01T22:30:00Z').getDate('Europe/Berlin')", "int 2"},
    {"timestamp('2026-03-29T00:59:59Z').getHours('Europe/Berlin')", "int 1"},
    {"timestamp('2026-03-29T01:00:00Z').getHours('Europe/Berlin')", "int 3"},
    {"timestamp('2026-03-02T08:00:00Z').getDayOfWeek()", "int 1"},
    {"timestamp('2026-03-02T08:00:00Z').getDayOfYear()", "int 60"},
    {"timestamp('1969-12-31T23:59:59Z').getSeconds()", "int 59"},
    {"duration('PT90S').getMinutes()", "int 1"},
    {"latest(timestamp('2026-03-02T08:00:00Z'), null, timestamp('2026-03-03T08:00:00Z'))", "google.protobuf.Timestamp 2026-03-03T08:00:00Z"},
    {"earliest(PT72H, PT5M)", "google.protobuf.Duration 300s"},
    {"earliest(P3D, PT5M)", "mistake: earliest() does not take (period, duration)"},
    {"latest(null, null) == null", "bool true"},
    {"workday(timestamp('2026-03-07T10:00:00Z'))", "google.protobuf.Timestamp 2026-03-09T10:00:00Z"},
    {"workday(timestamp('2026-03-06T23:30:00Z'), 'Europe/Berlin')", "google.protobuf.Timestamp 2026-03-08T23:30:00Z"},
    {"workday(timestamp('2026-03-28T10:00:00Z'), 'Europe/Berlin')", "google.protobuf.Timestamp 2026-03-30T09:00:00Z"},
    {"workday(timestamp('2026-03-04T10:00:00Z')) == timestamp('2026-03-04T10:00:00Z')", "bool true"},
    {"timestamp('2026-03-02T08:00:00Z').getHours('Nowhere/Town')", "error: unknown time zone 'Nowhere/Town'; write a name like Europe/Berlin or an offset like +01:00"},
    {"timestamp('9999-12-31T23:59:59Z') + PT1S", "error: timestamp is out of range"},
    {"days(40000)", "mistake: days(40000) is out of range (at most 36525)"},
    {"timestamp('2026-02-30')", "mistake: '2026-02-30' is no timestamp: there is no such day"},
    {"timestamp(dyn('yesterday'))", "error: 'yesterday' is no timestamp: write 2026-03-02T08:00:00Z"},
    {"duration('3 days')", "mistake: '3 days' is no duration; write P3D, PT5M or 72h"},
};
BOOST_DATA_TEST_CASE(reckons_with_time, data::make(times), row) { BOOST_TEST(evaluated(row.expression) == row.result); }

BOOST_AUTO_TEST_CASE(brings_json_in_and_out) {
  const auto json = stellwerk::parse_json(R"({"a":[1,-2,3.5,18446744073709551615,null,true,"x"],"b":{}})");
  const Value value = cel::from_json(*json);
  BOOST_TEST(stellwerk::dump_json(cel::to_json(value)) == stellwerk::dump_json(*json));
  BOOST_TEST((value.find("a")->as_list()[3].kind() == cel::Kind::uinteger));
  BOOST_TEST(value.find("c") == nullptr);
  BOOST_TEST(stellwerk::dump_json(cel::to_json(Value::of_duration(300, 0))) == "\"PT5M\"");
  BOOST_TEST(stellwerk::dump_json(cel::to_json(Value::of_bytes("a"))) == "\"YQ==\"");
  BOOST_TEST(stellwerk::dump_json(cel::to_json(Value::of_double(0.0 / 0.0))) == "\"NaN\"");
}

BOOST_AUTO_TEST_CASE(reads_json_by_its_declared_type) {
  using enum Type::Base;
  const auto declared = Type::record({{"at", Type::of(timestamp)}, {"spans", Type::list_of(Type::of(duration))}, {"load", Type::of(real)}, {"name", Type::of(string)}});
  const auto json = stellwerk::parse_json(R"({"at":"2026-03-02T08:00:00Z","spans":["PT5M","soon",null],"load":2,"name":"P3D","more":"P3D"})");
  const Value value = cel::from_json(*json, declared);
  BOOST_TEST((value.find("at")->kind() == cel::Kind::timestamp));
  BOOST_TEST(value.find("spans")->as_list()[0].seconds() == 300);
  BOOST_TEST(value.find("spans")->as_list()[1].as_string() == "soon");
  BOOST_TEST(value.find("spans")->as_list()[2].is_null());
  BOOST_TEST((value.find("load")->kind() == cel::Kind::real));
  BOOST_TEST((value.find("name")->kind() == cel::Kind::string));
  BOOST_TEST((value.find("more")->kind() == cel::Kind::string));
}

BOOST_AUTO_TEST_CASE(keeps_microseconds_on_both_sides_of_1970) {
  for (const std::int64_t micros : {0LL, 1LL, -1LL, -1'000'001LL, 1'772'438'400'000'001LL}) {
    BOOST_TEST(stellwerk::to_micros(Value::of_time(stellwerk::from_micros(micros)).as_time()) == micros);
    BOOST_TEST(Value::of_span(stellwerk::Duration{micros}).as_span().count() == micros);
  }
}

BOOST_AUTO_TEST_SUITE_END()
