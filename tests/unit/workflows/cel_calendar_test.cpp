#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <ostream>

#include "tests/unit/workflows/cel_support.hpp"

using namespace cel_tests;
namespace data = boost::unit_test::data;

namespace {

/// In a zone: `at` is slot 0, the zone's name slot 1.
struct Zoned {
  std::string_view zone;
  std::string_view at;
  std::string_view expression;
  std::string_view result;
};
std::ostream& operator<<(std::ostream& stream, const Zoned& row) { return stream << row.zone << ' ' << row.at << ' ' << row.expression; }

Value moment(std::string_view text) {
  const auto time = stellwerk::parse_time(text);
  BOOST_REQUIRE_MESSAGE(time.has_value(), text);
  return Value::of_time(*time);
}

cel::Environment zoned() {
  cel::Environment environment;
  environment.add("at", Type::of(Type::Base::timestamp), 0);
  environment.set_zone_slot(1);
  return environment;
}

std::string evaluated_in(std::string_view zone, std::string_view at, std::string_view expression) {
  const std::vector<Value> frame{moment(at), Value::of_string(std::string{zone})};
  auto text = evaluated(expression, zoned(), frame);
  constexpr std::string_view prefix = "google.protobuf.Timestamp ";
  return text.starts_with(prefix) ? text.substr(prefix.size()) : text;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(cel_calendar)

const std::vector<Row> literals{
    {"P10D", "period P10D"},
    {"P2W", "period P14D"},
    {"P1M", "period P1M"},
    {"P1Y2M", "period P1Y2M"},
    {"P14M", "period P1Y2M"},
    {"P1Y2M1W3D", "period P1Y2M10D"},
    {"P0D", "period P0D"},
    {"-P1M", "period -P1M"},
    {"P1M - P10D", "period P1M-10D"},
    {"P10D - P1Y2M", "period P-1Y-2M10D"},
    {"PT5M", "google.protobuf.Duration 300s"},
    {"PT1H30M", "google.protobuf.Duration 5400s"},
    {"-PT5M", "google.protobuf.Duration -300s"},
    {"period('P1M')", "period P1M"},
    {"period('P1M-10D') == P1M - P10D", "bool true"},
    {"duration('P7D') == PT168H", "bool true"},
    {"type(P1M) == period && type(date('2026-03-01')) == date && type(PT1H) == google.protobuf.Duration", "bool true"},
    {"P1M.x", "mistake: period has no member x"},
    {"P1DT2H", "mistake: P1DT2H mixes days of the calendar with hours"},
    {"P1D1M", "mistake: 'P1D1M' is no period: units are Y, M, W and D in this order"},
    {"PT1D", "mistake: 'PT1D' is not an ISO 8601 duration such as P3D or PT5M (units are W, D, then T with H, M, S in this order)"},
    {"P3", "mistake: 'P3' is no period: the unit is missing"},
    {"P14", "mistake: 'P14' is no period: the unit is missing"},
    {"PT5m", "mistake: 'PT5m' is not an ISO 8601 duration such as P3D or PT5M (units are W, D, then T with H, M, S in this order)"},
    {"P99999Y", "mistake: 'P99999Y' is no period: it is out of range (9,999 years)"},
    {"period('PT5M')", "mistake: 'PT5M' is no period: it counts days of the calendar, not hours; a duration does that, such as PT36H"},
    {"duration('P1M')", "mistake: 'P1M' is not an ISO 8601 duration such as P3D or PT5M (years and months have no fixed length; use a period where one is taken)"},
    {"[1].map(P1D, P1D)", "list [\"P1D\"]"},
};
BOOST_DATA_TEST_CASE(reads_iso_literals, data::make(literals), row) { BOOST_TEST(evaluated(row.expression) == row.result); }

BOOST_AUTO_TEST_CASE(a_declared_name_does_not_hide_a_literal) {
  cel::Environment environment;
  environment.add("P1M", Type::of(Type::Base::integer), 0);
  environment.add("PLAN", Type::of(Type::Base::integer), 0);
  environment.add("P1", Type::of(Type::Base::integer), 0);
  const std::vector<Value> frame{Value::of_int(7)};
  BOOST_TEST(evaluated("P1M", environment, frame) == "period P1M");
  BOOST_TEST(evaluated("PLAN + P1", environment, frame) == "int 14");
}

const std::vector<Row> dates{
    {"date('2026-01-31') + P1M", "date 2026-02-28"},
    {"date('2026-01-31') + P2M", "date 2026-03-31"},
    {"date('2026-01-31') + P1M + P1M", "date 2026-03-28"},
    {"[1, 2, 3, 4].map(n, string(date('2026-01-31') + P1M * n))", "list [\"2026-02-28\",\"2026-03-31\",\"2026-04-30\",\"2026-05-31\"]"},
    {"date('2024-02-29') + P1Y", "date 2025-02-28"},
    {"date('2024-02-29') + P4Y", "date 2028-02-29"},
    {"date('2026-03-31') - P1M", "date 2026-02-28"},
    {"date('2024-03-31') - P1M", "date 2024-02-29"},
    {"date('2026-12-31') + P2M", "date 2027-02-28"},
    {"date('2026-01-15') - P1Y1M", "date 2024-12-15"},
    {"date('2026-01-31') + P1M1D", "date 2026-03-01"},
    {"P10D + date('2026-03-01')", "date 2026-03-11"},
    {"date('2026-03-01') - date('2026-02-01')", "period P28D"},
    {"days(date('2026-03-01') - date('2026-02-01')) == 28", "bool true"},
    {"date('2026-02-01') - date('2026-03-01') == -P28D", "bool true"},
    {"date('1969-12-31') < date('1970-01-01')", "bool true"},
    {"date('2026-03-01') == date('2026-03-01')", "bool true"},
    {"date('2026-03-08').getDayOfWeek()", "int 0"},
    {"date('2026-03-08').getFullYear() * 10000 + (date('2026-03-08').getMonth() + 1) * 100 + date('2026-03-08').getDate()", "int 20260308"},
    {"date('2024-12-31').getDayOfYear()", "int 365"},
    {"date('2024-12-31').getDayOfMonth()", "int 30"},
    {"date('2024-12-31').getHours()", "mistake: date has no method getHours()"},
    {"workday(date('2026-03-07'))", "date 2026-03-09"},
    {"workday(date('2026-03-08'))", "date 2026-03-09"},
    {"workday(date('2026-03-09'))", "date 2026-03-09"},
    {"workday(null) == null", "bool true"},
    {"latest(date('2026-03-07'), null, date('2026-03-09'))", "date 2026-03-09"},
    {"earliest(null, date('2026-03-09'), date('2026-03-07'))", "date 2026-03-07"},
    {"earliest(null, null) == null", "bool true"},
    {"latest(P1M, P1Y)", "period P1Y"},
    {"latest(dyn(P1M), dyn(P30D))", "error: P30D and P1M cannot be compared: a month has 28 to 31 days"},
    {"latest(date('2026-03-07'), timestamp('2026-03-07T00:00:00Z'))", "mistake: latest() does not take (date, timestamp)"},
    {"date('9999-12-31') + P1D", "error: date is out of range"},
    {"date('0001-01-01') - P1M", "error: date is out of range"},
    {"date('2026-02-30')", "mistake: '2026-02-30' is no date: there is no such day"},
    {"date('2026-2-3')", "mistake: '2026-2-3' is no date: write 2026-03-31"},
    {"date('0000-01-01')", "mistake: '0000-01-01' is no date: the year is out of range (0001 to 9999)"},
    {"string(date('0001-01-01'))", "string 0001-01-01"},
};
BOOST_DATA_TEST_CASE(reckons_with_dates, data::make(dates), row) { BOOST_TEST(evaluated(row.expression) == row.result); }

const std::vector<Row> periods{
    {"P1M + P1Y", "period P1Y1M"},
    {"P1M * 3", "period P3M"},
    {"-2 * P1M1D", "period -P2M2D"},
    {"-(P1M * 1)", "period -P1M"},
    {"P1M < P1Y && P12M == P1Y && P2W >= P14D", "bool true"},
    {"P0D < P1M && P0D < P1D", "bool true"},
    {"P1M1D == P1M1D", "bool true"},
    {"P1M < P30D", "mistake: P1M and P30D cannot be compared: a month has 28 to 31 days"},
    {"P1M == P30D", "mistake: P1M and P30D cannot be compared: a month has 28 to 31 days"},
    {"dyn(P1M) < P30D", "error: P1M and P30D cannot be compared: a month has 28 to 31 days"},
    {"dyn(P1M) == P30D", "error: P1M and P30D cannot be compared: a month has 28 to 31 days"},
    {"dyn(P1M) != P30D", "error: P1M and P30D cannot be compared: a month has 28 to 31 days"},
    {"dyn(P1M) == P2M", "bool false"},
    {"dyn(P1D) in [P30D, P1D]", "bool true"},
    {"days(3)", "period P3D"},
    {"days(-3) == -P3D", "bool true"},
    {"days(P2W) + 1", "int 15"},
    {"days(P1M)", "mistake: days(P1M) has no answer: a month has 28 to 31 days"},
    {"days(PT71H) + days(-PT25H)", "int 1"},
    {"days(40000)", "mistake: days(40000) is out of range (at most 36525)"},
    {"P9999Y + P1M", "error: period is out of range"},
    {"P1M * 9223372036854775807", "error: period is out of range"},
    {"P1D * 4294967296", "error: period is out of range"},
};
BOOST_DATA_TEST_CASE(reckons_with_periods, data::make(periods), row) { BOOST_TEST(evaluated(row.expression) == row.result); }

const std::vector<Zoned> moments{
    // the hour from 02:00 to 03:00 does not exist on 2026-03-29
    {"Europe/Berlin", "2026-03-28T01:30:00Z", "at + P1D", "2026-03-29T01:30:00Z"},
    {"Europe/Berlin", "2026-03-28T11:00:00Z", "at + P1D", "2026-03-29T10:00:00Z"},
    {"Europe/Berlin", "2026-03-28T11:00:00Z", "at + PT24H", "2026-03-29T11:00:00Z"},
    {"Europe/Berlin", "2026-03-30T00:30:00Z", "at - P1D", "2026-03-29T01:30:00Z"},
    {"Europe/Berlin", "2026-03-01T01:30:00Z", "at + P28D", "2026-03-29T01:30:00Z"},
    // the hour from 02:00 to 03:00 comes twice on 2026-10-25
    {"Europe/Berlin", "2026-10-24T00:30:00Z", "at + P1D", "2026-10-25T00:30:00Z"},
    {"Europe/Berlin", "2026-10-26T01:30:00Z", "at - P1D", "2026-10-25T00:30:00Z"},
    {"Europe/Berlin", "2026-10-25T01:30:00Z", "at + P0D", "2026-10-25T01:30:00Z"},
    {"Europe/Berlin", "2026-10-24T12:00:00Z", "at + P1D", "2026-10-25T13:00:00Z"},
    {"America/New_York", "2026-03-07T07:30:00Z", "at + P1D", "2026-03-08T07:30:00Z"},
    {"America/New_York", "2026-10-31T05:30:00Z", "at + P1D", "2026-11-01T05:30:00Z"},
    {"America/New_York", "2026-11-02T06:30:00Z", "at - P1D", "2026-11-01T05:30:00Z"},
    // months are those of the zone: it is 1 February in Berlin already
    {"Europe/Berlin", "2026-01-31T23:30:00Z", "at + P1M", "2026-02-28T23:30:00Z"},
    {"UTC", "2026-01-31T23:30:00Z", "at + P1M", "2026-02-28T23:30:00Z"},
    {"Europe/Berlin", "2026-01-31T12:00:00Z", "at + P1M", "2026-02-28T12:00:00Z"},
    {"Europe/Berlin", "2026-01-31T12:00:00Z", "at + P6M", "2026-07-31T11:00:00Z"},
    {"Europe/Berlin", "2026-01-31T12:00:00.250Z", "P1M + at", "2026-02-28T12:00:00.25Z"},
    {"Europe/Berlin", "2026-07-01T22:30:00Z", "date(at)", "date 2026-07-02"},
    {"America/New_York", "2026-07-02T03:30:00Z", "date(at)", "date 2026-07-01"},
    {"America/New_York", "2026-07-02T03:30:00Z", "date(at, 'UTC')", "date 2026-07-02"},
    {"Europe/Berlin", "2026-07-01T22:30:00Z", "timestamp(date(at))", "2026-07-01T22:00:00Z"},
    {"Europe/Berlin", "2026-07-01T22:30:00Z", "timestamp(date('2026-03-29'))", "2026-03-28T23:00:00Z"},
    {"Europe/Berlin", "2026-07-01T22:30:00Z", "timestamp(date('2026-03-29'), 'America/New_York')", "2026-03-29T04:00:00Z"},
    // midnight itself lies in a gap: the day begins at 01:00
    {"America/Sao_Paulo", "2017-10-14T12:00:00Z", "timestamp(date('2017-10-15'))", "2017-10-15T03:00:00Z"},
    {"Pacific/Apia", "2011-12-29T12:00:00Z", "timestamp(date('2011-12-30'))", "2011-12-30T10:00:00Z"},
    {"Europe/Berlin", "2026-07-01T22:30:00Z", "at.getDate() * 100 + at.getHours()", "int 200"},
    {"Europe/Berlin", "2026-07-01T22:30:00Z", "at.getDate('UTC') * 100 + at.getHours('UTC')", "int 122"},
    // Friday night in UTC is Saturday in Berlin
    {"Europe/Berlin", "2026-03-06T23:30:00Z", "workday(at)", "2026-03-08T23:30:00Z"},
    {"UTC", "2026-03-06T23:30:00Z", "workday(at)", "2026-03-06T23:30:00Z"},
    {"UTC", "2026-03-06T23:30:00Z", "workday(at, 'Europe/Berlin')", "2026-03-08T23:30:00Z"},
    {"Europe/Berlin", "2026-03-28T11:00:00Z", "workday(at)", "2026-03-30T10:00:00Z"},
    {"America/New_York", "2026-03-09T03:30:00Z", "workday(at)", "2026-03-10T03:30:00Z"},
    {"+05:30", "2026-03-06T18:45:00Z", "date(at)", "date 2026-03-07"},
    {"Nowhere/Town", "2026-03-06T18:45:00Z", "date(at)", "error: unknown time zone 'Nowhere/Town'; write a name like Europe/Berlin or an offset like +01:00"},
    {"", "2026-07-01T22:30:00Z", "date(at)", "date 2026-07-01"},
    {"UTC", "9999-12-31T12:00:00Z", "at + P1D", "error: timestamp is out of range"},
};
BOOST_DATA_TEST_CASE(keeps_the_wall_time_of_the_zone, data::make(moments), row) { BOOST_TEST(evaluated_in(row.zone, row.at, row.expression) == row.result); }

BOOST_AUTO_TEST_CASE(reckons_in_utc_without_a_zone) {
  const Value at = moment("2026-07-01T22:30:00Z");
  const auto program = cel::compile("date(at)", zoned());
  BOOST_REQUIRE(program.has_value());
  for (const auto& frame : {std::vector<Value>{at}, std::vector<Value>{at, Value{}}}) BOOST_TEST(shown(program->evaluate(frame).value()) == "date 2026-07-01");
}

BOOST_AUTO_TEST_CASE(templates_reckon_in_the_zone_as_well) {
  const auto text = cel::compile_text("from ${date(at)}", zoned());
  BOOST_REQUIRE(text.has_value());
  const std::vector<Value> frame{moment("2026-07-01T22:30:00Z"), Value::of_string("Europe/Berlin")};
  BOOST_TEST(shown(text->evaluate(frame).value()) == "string from 2026-07-02");
}

struct Refused {
  std::string_view expression;
  std::string_view message;
  std::string_view hint;
};
std::ostream& operator<<(std::ostream& stream, const Refused& row) { return stream << row.expression; }

const std::vector<Refused> refusals{
    {"day + PT1H", "+ cannot be applied to date and duration", "a date has no time of day: add a period such as P1D, or write timestamp(date)"},
    {"day + 3", "+ cannot be applied to date and int", "write days(n)"},
    {"day - at", "- cannot be applied to date and timestamp", "write date(…) around the timestamp"},
    {"day < at", "date and timestamp cannot be compared with <", "write date(…) around the timestamp; today is date(now)"},
    {"at == day", "timestamp and date cannot be compared with ==", "write date(…) around the timestamp; today is date(now)"},
    {"at - at > P3D", "duration and period cannot be compared with >", "a day may have 23 to 25 hours: compare days(…) of both, or write the length in hours such as PT24H"},
    {"P1D + PT1H", "+ cannot be applied to period and duration", "days of the calendar have no fixed length: add one after the other, or write PT24H"},
    {"P1D / 2", "/ cannot be applied to period and int", ""},
    {"-day", "- cannot be applied to date", ""},
    {"P1M < P30D", "P1M and P30D cannot be compared: a month has 28 to 31 days", "compare months with months or days with days"},
    {"P1DT2H", "P1DT2H mixes days of the calendar with hours", "add one after the other: P1D + PT2H"},
    {"duration(P1D)", "duration() does not take (period)", ""},
};
BOOST_DATA_TEST_CASE(refuses_what_the_calendar_has_no_answer_for, data::make(refusals), row) {
  cel::Environment environment;
  environment.add("at", Type::of(Type::Base::timestamp), 0);
  environment.add("day", Type::of(Type::Base::date), 1);
  const auto program = cel::compile(row.expression, environment);
  BOOST_REQUIRE(!program.has_value());
  BOOST_TEST(program.error().front().message == row.message);
  BOOST_TEST(program.error().front().hint == row.hint);
}

BOOST_AUTO_TEST_CASE(open_operands_are_refused_when_they_are_evaluated) {
  BOOST_TEST(evaluated_with("x + PT1H", Value::of_date(0)) == "error: no such overload: _+_(date, google.protobuf.Duration)");
  BOOST_TEST(evaluated_with("x == timestamp('2026-03-01T00:00:00Z')", Value::of_date(0)) == "error: a date and a timestamp cannot be compared: write date(…) around the timestamp");
  BOOST_TEST(evaluated_with("x < PT1H", Value::of_period({0, 1})) == "error: a period and a duration cannot be compared: a day may have 23 to 25 hours");
  BOOST_TEST(evaluated_with("x == 'P1D'", Value::of_period({0, 1})) == "bool false");
  BOOST_TEST(evaluated_with("x + P1M", Value::of_date(30)) == "date 1970-02-28");
  BOOST_TEST(evaluated_with("x * P1M", Value::of_int(3)) == "period P3M");
  for (const auto* sum : {"(x + P1M) == null", "(x - P1M) == null", "(P1M + x) == null", "(date('2026-03-01') - x) == null", "(x - date('2026-03-01')) == null"})
    BOOST_TEST(evaluated_with(sum, Value{}) == "bool true", sum);
}

BOOST_AUTO_TEST_CASE(knows_the_kinds_of_its_results) {
  cel::Environment environment;
  environment.add("at", Type::of(Type::Base::timestamp), 0);
  environment.add("day", Type::of(Type::Base::date, true), 1);
  const auto name = [&](std::string_view expression) {
    const auto program = cel::compile(expression, environment);
    return program ? program->type().name() + (program->type().nullable ? "?" : "") : program.error()[0].message;
  };
  BOOST_TEST(name("at + P1M") == "timestamp");
  BOOST_TEST(name("day + P1M") == "date?");
  BOOST_TEST(name("day - date(at)") == "period?");
  BOOST_TEST(name("workday(day)") == "date?");
  BOOST_TEST(name("latest(day, date(at))") == "date");
  BOOST_TEST(name("latest(day, null)") == "date?");
  BOOST_TEST(name("days(at - at)") == "int");
  BOOST_TEST(name("days(3)") == "period");
  BOOST_TEST(name("day == null ? P1M : P2M") == "period");
}

BOOST_AUTO_TEST_SUITE_END()
