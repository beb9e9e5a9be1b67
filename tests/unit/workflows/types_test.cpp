#include "workflows/types.hpp"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <ostream>

#include "workflows/formats.hpp"

namespace data = boost::unit_test::data;

namespace stellwerk::workflows {
namespace {

config::Yaml yaml_of(const std::string& text) {
  auto file = config::read_yaml("types.yaml", text);
  BOOST_REQUIRE(file);
  return file->root;
}

TypeSpec type_of(const std::string& text) {
  std::vector<config::Problem> problems;
  auto type = read_type(yaml_of(text), "types.yaml", problems);
  for (const auto& problem : problems) BOOST_ERROR(problem.message);
  return type;
}

std::vector<Field> fields_of(const std::string& text) {
  std::vector<config::Problem> problems;
  auto fields = read_fields(yaml_of(text), "types.yaml", problems);
  for (const auto& problem : problems) BOOST_ERROR(problem.message);
  return fields;
}

Json json_of(const std::string& text) {
  auto json = parse_json(text);
  BOOST_REQUIRE(json);
  return *json;
}

struct Sample {
  const char* type;
  const char* value;
  const char* complaint;  ///< empty: fits
};
std::ostream& operator<<(std::ostream& out, const Sample& sample) { return out << sample.type << " <- " << sample.value; }

const std::vector<Sample> samples{
    {"{ type: string }", R"("x")", ""},
    {"{ type: string }", "5", "must be text"},
    {"{ type: string, min: 1, max: 3 }", R"("äöü")", ""},
    {"{ type: string, min: 1, max: 3 }", R"("")", "must have from 1 to 3 characters, not 0"},
    {"{ type: string, max: 3 }", R"("abcd")", "must have at most 3 characters, not 4"},
    {"{ type: string, pattern: \"[a-z]+|x1\" }", R"("x1")", ""},
    {"{ type: string, pattern: \"[a-z]+|x1\" }", R"("x1y")", "must match [a-z]+|x1"},
    {"{ type: string, format: hostname }", R"("v1.example.com")", ""},
    {"{ type: string, format: hostname }", R"("v1_example")", "must be a valid hostname"},
    {"{ type: string, format: ip }", R"("10.0.0.300")", "must be a valid IP address"},
    {"{ type: int, min: 1, max: 64 }", "64", ""},
    {"{ type: int, min: 1, max: 64 }", "65", "must be from 1 to 64"},
    {"{ type: int, min: 5 }", "4", "must be at least 5"},
    {"{ type: int }", "1.0", "must be a whole number"},
    {"{ type: int }", R"("1")", "must be a whole number"},
    {"{ type: int }", "18446744073709551615", "is too large"},
    {"{ type: bool }", "true", ""},
    {"{ type: bool }", R"("true")", "must be true or false"},
    {"{ type: real, max: 1.5 }", "1", ""},
    {"{ type: real, max: 1.5 }", "1.75", "must be at most 1.5"},
    {"{ type: date }", R"("2024-02-29")", ""},
    {"{ type: date }", R"("2026-02-29")", "must be a date such as 2026-03-02"},
    {"{ type: timestamp }", R"("2026-03-02T08:00:00+01:00")", ""},
    {"{ type: timestamp }", R"("2026-03-02")", "must be a time such as 2026-03-02T08:00:00Z"},
    {"{ type: duration, min: PT1H }", R"("PT1H")", ""},
    {"{ type: duration, min: PT1H }", R"("PT59M")", "must be at least PT1H"},
    {"{ type: duration }", R"("P7D")", ""},
    {"{ type: duration }", R"("soon")", "must be a duration such as P3D or PT5M"},
    {"{ type: duration }", R"("P1M")", "must be a duration of fixed length such as P3D or PT5M; months and years are of type period"},
    {"{ type: period }", R"("P1M")", ""},
    {"{ type: period }", R"("P")", "must be a period such as P1M or P14D"},
    {"{ type: period }", R"("PT5M")", "must be a period of days, weeks, months or years such as P1M or P14D; hours are of type duration"},
    {"{ type: period }", R"("-P1M")", "must be a period such as P1M or P14D"},
    {"{ type: period, min: P1D, max: P30D }", R"("P2W")", ""},
    {"{ type: period, min: P1D, max: P30D }", R"("P31D")", "must be at most P30D"},
    {"{ type: period, min: P1D, max: P30D }", R"("P1M")", "cannot be compared with its least, P1D"},
    {"{ type: period, max: P1Y }", R"("P11M")", ""},
    {"{ type: date, min: 2026-01-01 }", R"("2025-12-31")", "must be at least 2026-01-01"},
    {"{ type: date, min: 2026-01-01, max: 2026-12-31 }", R"("2026-12-31")", ""},
    {"{ type: timestamp, max: \"2026-03-02T08:00:00Z\" }", R"("2026-03-02T09:00:00+01:00")", ""},
    {"{ type: timestamp, max: \"2026-03-02T08:00:00Z\" }", R"("2026-03-02T08:00:01Z")", "must be at most 2026-03-02T08:00:00Z"},
    {"{ type: decimal }", R"("12.50")", ""},
    {"{ type: decimal }", "12", ""},
    {"{ type: decimal }", "12.5", "must be a decimal in quotes such as \"12.50\", or a whole number"},
    {"{ type: decimal, min: 0, max: \"1.00\" }", R"("0.19")", ""},
    {"{ type: decimal, min: 0, max: \"1.00\" }", R"("1.01")", "must be at most 1.00"},
    {"{ type: decimal, min: 0, max: \"1.00\" }", R"("-0.01")", "must be at least 0"},
    {"{ type: money }", R"("12.99 EUR")", ""},
    {"{ type: money }", R"({"minor": 1299, "currency": "EUR"})", ""},
    {"{ type: money }", R"({"minor": 1299})", "must be an amount such as 12.99 EUR or {\"minor\": 1299, \"currency\": \"EUR\"}"},
    {"{ type: money }", R"({"minor": 12.5, "currency": "EUR"})", "must be an amount such as 12.99 EUR or {\"minor\": 1299, \"currency\": \"EUR\"}"},
    {"{ type: money }", R"("12.999 EUR")", "must be an amount such as 12.99 EUR or {\"minor\": 1299, \"currency\": \"EUR\"}"},
    {"{ type: money, min: 1.00 EUR }", R"("0.99 EUR")", "must be at least 1.00 EUR"},
    {"{ type: money, min: 1.00 EUR }", R"("5 USD")", "cannot be compared with its least, 1.00 EUR"},
    {"{ enum: [low, high] }", R"("high")", ""},
    {"{ enum: [low, high] }", R"("hi")", "must be one of low, high"},
    {"{ type: list, of: string }", R"(["a", "b"])", ""},
    {"{ type: list, of: string }", R"("a")", "must be a list"},
    {"{ type: list, of: { type: int, max: 3 } }", "[1, 4]", "must be at most 3"},
    {"{ type: list, of: int, unique: true }", "[1, 2, 1]", "is in the list already"},
    {"{ type: list, max: 1 }", "[1, 2]", "must have at most 1 items, not 2"},
    {"{ type: list, of: string }", "[null]", "must not be null"},
    {"{ type: map }", "{}", ""},
    {"{ type: map }", "[]", "must be a map"},
    {"{ type: ref, kind: server }", R"("srv_1")", ""},
    {"{ type: ref, kind: server }", R"("")", "must be an id"},
    {"{ type: secret }", R"("x")", ""},
    {"{ type: url }", R"("https://host.example.com:8006/x")", ""},
    {"{ type: url }", R"("ftp://host.example.com")", "must be a URL such as https://host.example.com"},
    {"{ type: any }", "[1, {}]", ""},
    {"{ type: int }", "null", ""},
};

}  // namespace

BOOST_AUTO_TEST_SUITE(types)

BOOST_DATA_TEST_CASE(a_value_fits_its_type_or_is_told_why_not, data::make(samples)) {
  std::vector<FieldProblem> problems;
  check_value(type_of(sample.type), json_of(sample.value), "/x", problems);
  BOOST_TEST((problems.empty() ? std::string{} : problems[0].message) == sample.complaint);
  BOOST_TEST(problems.size() <= 1U);
}

BOOST_AUTO_TEST_CASE(an_object_is_told_all_its_problems_with_pointers) {
  const auto fields = fields_of("{ name: { type: string, required: true }, tags: { type: list, of: string }, count: { type: int, default: 3 }, note: { type: string } }");
  const auto checked = check_object(fields, json_of(R"({"tags": ["a", 1], "cuont": 4, "note": 1})"), "/with");
  BOOST_REQUIRE(!checked);
  BOOST_TEST((checked.error().code == ErrorCode::invalid_argument));
  const std::vector<FieldProblem> expected{
      {"/with/name", "is required"}, {"/with/tags/1", "must be text"}, {"/with/note", "must be text"}, {"/with/cuont", "is unknown; did you mean 'count'?"}};
  BOOST_TEST((checked.error().fields == expected));
}

BOOST_AUTO_TEST_CASE(fallbacks_stand_in_for_what_is_absent_or_null) {
  const auto fields = fields_of("{ a: { type: int, default: 3 }, b: { type: int, default: 3 }, c: { type: int } }");
  BOOST_TEST(dump_json(*check_object(fields, json_of(R"({"a": null, "c": null})"))) == R"({"a":3,"b":3,"c":null})");
  BOOST_TEST(dump_json(*check_object(fields, Json{})) == R"({"a":3,"b":3})");
  BOOST_TEST(!check_object(fields, json_of("[]")));
}

BOOST_AUTO_TEST_CASE(times_become_times_and_return_unchanged) {
  for (const auto& [type, text] : std::vector<std::pair<std::string, std::string>>{{"date", "2026-03-02"}, {"decimal", "12.50"}, {"period", "P1Y2M10D"}, {"timestamp", "2026-03-02T08:00:00Z"}, {"duration", "P3D"}, {"period", "P1M"}, {"string", "P3D"}}) {
    const auto spec = type_of("{ type: " + type + " }");
    BOOST_TEST(encode(spec, decode(spec, Json(text))).get_string() == text);
  }
  const auto list = type_of("{ type: list, of: date }");
  const auto days = decode(list, json_of(R"(["2026-03-02"])"));
  BOOST_TEST((days.as_list()[0].kind() == cel::Kind::date));
  BOOST_TEST(dump_json(encode(list, days)) == R"(["2026-03-02"])");
  BOOST_TEST(decode(type_of("{ type: real }"), Json(2)).as_double() == 2.0);
  BOOST_TEST(decode(type_of("{ type: int }"), Json{}).is_null());
}

BOOST_AUTO_TEST_CASE(every_value_of_a_type_is_the_same_after_a_round_trip) {
  const auto euro = *Currency::of("EUR");
  const std::vector<std::pair<std::string, cel::Value>> values{
      {"{ type: string }", cel::Value::of_string("12.99 EUR")},
      {"{ type: int }", cel::Value::of_int(-5)},
      {"{ type: bool }", cel::Value::of_bool(true)},
      {"{ type: real }", cel::Value::of_double(2)},
      {"{ type: date }", cel::Value::of_date(-1)},
      {"{ type: timestamp }", cel::Value::of_timestamp(-1, 999'999'000)},
      {"{ type: duration }", cel::Value::of_duration(-5, -500'000'000)},
      {"{ type: period }", cel::Value::of_period({13, -400})},
      {"{ enum: [a, b] }", cel::Value::of_string("a")},
      {"{ type: list, of: money }", cel::Value::of_list({cel::Value::of_money({-5, euro}), cel::Value::of_money({5, euro})})},
      {"{ type: map }", cel::Value::of_map({{cel::Value::of_string("a"), cel::Value::of_int(1)}})},
      {"{ type: decimal }", cel::Value::of_decimal({-1250, 2})},
      {"{ type: money }", cel::Value::of_money({1299, euro})},
      {"{ type: money }", cel::Value{}},
  };
  for (const auto& [text, value] : values) {
    const auto type = type_of(text);
    const auto json = encode(type, value);
    BOOST_TEST((decode(type, json) == value), text);
    BOOST_TEST(dump_json(encode(type, decode(type, json))) == dump_json(json));
  }
  BOOST_TEST(dump_json(encode(type_of("{ type: decimal }"), cel::Value::of_int(3))) == R"("3")");
  BOOST_TEST(dump_json(encode(type_of("{ type: period }"), cel::Value::of_string("P2W"))) == R"("P14D")");
  BOOST_TEST(dump_json(encode(type_of("{ type: money }"), cel::Value::of_string("5 EUR"))) == R"({"minor":500,"currency":"EUR"})");
  BOOST_TEST(dump_json(encode(type_of("{ type: date }"), cel::Value::of_string("soon"))) == R"("soon")");
}

BOOST_AUTO_TEST_CASE(amounts_are_kept_in_one_form_however_they_were_written) {
  const auto fields = fields_of("{ price: { type: money, default: 12.99 EUR }, prices: { type: list, of: money }, rate: { type: decimal, default: 1 } }");
  BOOST_TEST(dump_json(*fields[0].fallback) == R"({"minor":1299,"currency":"EUR"})");
  const auto checked = check_object(fields, json_of(R"({"price": "5 EUR", "prices": ["1 JPY", {"minor": 2, "currency": "JPY"}]})"));
  BOOST_REQUIRE(checked);
  BOOST_TEST(dump_json(*checked) == R"({"price":{"minor":500,"currency":"EUR"},"prices":[{"minor":1,"currency":"JPY"},{"minor":2,"currency":"JPY"}],"rate":"1"})");
}

BOOST_AUTO_TEST_CASE(bounds_of_other_forms_are_refused) {
  for (const auto& [text, message] : std::vector<std::pair<std::string, std::string>>{
           {"{ type: date, min: 5 }", "'min' takes a value of the type date, but this is a number"},
           {"{ type: period, min: PT1H }", "'min' takes a value of the type period, but this is text"},
           {"{ type: date, min: 2026-02-01, max: 2026-01-01 }", "'max' is less than 'min'"},
           {"{ type: period, min: P1D, max: P1M }", "'min' and 'max' cannot be compared"},
           {"{ type: money, min: 1 EUR, max: 2 USD }", "'min' and 'max' cannot be compared"}}) {
    std::vector<config::Problem> problems;
    (void)read_type(yaml_of(text), "types.yaml", problems);
    BOOST_REQUIRE_MESSAGE(problems.size() == 1U, text);
    BOOST_TEST(problems[0].message == message);
  }
}

BOOST_AUTO_TEST_CASE(a_decoded_object_has_every_field) {
  const auto fields = fields_of("{ a: { type: int }, b: { type: string } }");
  const auto value = decode_object(fields, json_of(R"({"a": 1})"));
  BOOST_TEST(value.find("a")->as_int() == 1);
  BOOST_REQUIRE(value.find("b"));
  BOOST_TEST(value.find("b")->is_null());
}

BOOST_AUTO_TEST_CASE(an_encoded_object_writes_each_member_as_its_field_does) {
  const auto fields = fields_of("{ day: { type: date }, wait: { type: duration } }");
  const auto object = json_of(R"({"day":"2026-03-02","wait":"P3D"})");
  BOOST_TEST(dump_json(encode_object(fields, decode_object(fields, object))) == dump_json(object));
}

BOOST_AUTO_TEST_CASE(static_types_fit_where_a_value_may) {
  using To = cel::Type::Base;
  const auto number = type_of("{ type: int }");
  BOOST_TEST(misfit(number, cel::Type::of(To::integer, true)).empty());
  BOOST_TEST(misfit(number, cel::Type{}).empty());
  BOOST_TEST(misfit(number, cel::Type::of(To::string)) == "takes int, but this gives string");
  BOOST_TEST(misfit(type_of("{ type: real }"), cel::Type::of(To::integer)).empty());
  BOOST_TEST(misfit(type_of("{ type: decimal }"), cel::Type::of(To::integer)).empty());
  BOOST_TEST(misfit(type_of("{ type: decimal }"), cel::Type::of(To::real)) == "takes decimal, but this gives double; write decimal('12.50')");
  BOOST_TEST(misfit(type_of("{ type: date }"), cel::Type::of(To::timestamp)) == "takes date, but this gives timestamp; write date(…)");
  BOOST_TEST(misfit(type_of("{ type: period }"), cel::Type::of(To::duration)) == "takes period, but this gives duration; write a period such as P10D or days(n)");
  BOOST_TEST(misfit(type_of("{ type: money }"), cel::Type::of(To::money)).empty());
  const auto color = type_of("{ enum: [red, green] }");
  BOOST_TEST(misfit(color, cel::Type::of(To::string)).empty());
  BOOST_TEST(misfit(color, cel_type(type_of("{ enum: [red, blue] }"), false)) == "takes one of red, green, but this may give 'blue'");
  BOOST_TEST(misfit(type_of("{ type: list, of: int }"), cel::Type::list_of(cel::Type::of(To::string))) == "has items each of which takes int, but this gives string");
  BOOST_TEST(cel_type(type_of("{ type: list, of: int }"), true).nullable);
  BOOST_TEST(name_of(type_of("{ type: list, of: { type: ref, kind: server } }")) == "list of ref to server");
}

BOOST_AUTO_TEST_CASE(a_record_hides_its_secrets_on_demand) {
  const auto fields = fields_of("{ a: { type: secret }, b: { type: int, required: true }, c: { type: int } }");
  BOOST_TEST(record_type(fields).fields->size() == 3U);
  const auto open = record_type(fields, false);
  BOOST_TEST(open.fields->size() == 2U);
  BOOST_TEST(!open.fields->at("b").nullable);
  BOOST_TEST(open.fields->at("c").nullable);
}

BOOST_AUTO_TEST_CASE(formats_take_what_their_standards_take) {
  BOOST_TEST(is_hostname("a"));
  BOOST_TEST(is_hostname("xn--bcher-kva.example.com"));
  for (const auto* wrong : {"", ".", "a..b", "-a.example.com", "a-.example.com", "10.0.0.1", "a b", "a."}) BOOST_TEST(!is_hostname(wrong), wrong);
  BOOST_TEST(!is_hostname(std::string(64, 'a') + ".example.com"));
  BOOST_TEST(is_email("jane.doe+x@mail.example.com"));
  for (const auto* wrong : {"", "@example.com", "jane", "jane@localhost", "ja ne@example.com", "a@b@example.com"}) BOOST_TEST(!is_email(wrong), wrong);
  BOOST_TEST(is_ip("2001:db8::1"));
  BOOST_TEST(is_ip("192.0.2.1"));
  for (const auto* wrong : {"", "192.0.2", "192.0.2.1/24", "fe80::1%eth0", "1.2.3.4.5"}) BOOST_TEST(!is_ip(wrong), wrong);
  BOOST_TEST(is_uuid("018f4d3c-5b3a-7cc0-8000-0123456789ab"));
  BOOST_TEST(!is_uuid("018f4d3c5b3a7cc080000123456789ab"));
  for (const auto* right : {"P1Y", "P1M", "P2W", "P1Y2M3D"}) BOOST_TEST(is_period(right), right);
  for (const auto* wrong : {"P", "1M", "P1", "P1D2M", "PT1H", "P1H"}) BOOST_TEST(!is_period(wrong), wrong);
  for (const auto* wrong : {"https://", "https:///x", "http://a b", "host.example.com"}) BOOST_TEST(!is_url(wrong), wrong);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace stellwerk::workflows
