#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include "tests/unit/workflows/cel_support.hpp"

using namespace cel_tests;
namespace data = boost::unit_test::data;

namespace {

cel::Environment names() {
  cel::Environment environment;
  environment.add("name", Type::of(Type::Base::string), 0);
  environment.add("cores", Type::of(Type::Base::integer), 1);
  environment.add("nothing", Type::of(Type::Base::string, true), 2);
  return environment;
}
std::vector<Value> frame() { return {Value::of_string("vm-1"), Value::of_int(4), {}}; }

std::string rendered(std::string_view text) {
  const auto made = cel::compile_text(text, names());
  if (!made) return fmt::format("mistake at {}: {}", made.error()[0].offset, made.error()[0].message);
  const auto value = made->evaluate(frame());
  return value ? shown(*value) : "error: " + value.error().message;
}

stellwerk::config::YamlFile yaml(std::string text) {
  auto file = stellwerk::config::read_yaml("test.yaml", std::move(text));
  BOOST_REQUIRE(file.has_value());
  return std::move(*file);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(cel_template)

const std::vector<Row> texts{
    {"plain", "string plain"},
    {"", "string "},
    {"${cores}", "int 4"},
    {"${nothing}", "null_type "},
    {" ${cores}", "string  4"},
    {"${name}-${cores}", "string vm-1-4"},
    {"<${nothing}>", "string <>"},
    {"cost: $5, $${name} and $name", "string cost: $5, ${name} and $name"},
    {"${'}' + \"${\"}", "string }${"},
    {"${{'a': {'b': cores}}.a.b}", "int 4"},
    {"${ {'a': cores} }", "map {\"a\":4}"},
    {"list ${[1, 'x']}", "string list [1,\"x\"]"},
    {"${name}${name}", "string vm-1vm-1"},
    {"${cores / 0}", "error: division by zero"},
    {"ab${nam}", "mistake at 4: unknown name nam"},
    {"ab${name", "mistake at 2: ${ has no closing }"},
    {"ab${'x}", "mistake at 4: a string has no closing quote"},
    {"${}", "mistake at 2: the expression ends where a value is expected"},
};
BOOST_DATA_TEST_CASE(fills_holes, data::make(texts), row) { BOOST_TEST(rendered(row.expression) == row.result); }

BOOST_AUTO_TEST_CASE(keeps_the_shape_and_order_of_yaml) {
  const auto file = yaml("z: ${cores}\na:\n  - \"${name}\"\n  - 5\n  - x${cores}\nflag: true\nnone: null\nratio: 0.5\n");
  std::vector<std::pair<stellwerk::config::Place, cel::Mistake>> mistakes;
  const auto made = cel::compile_template(file.root, names(), mistakes);
  BOOST_REQUIRE(mistakes.empty());
  const auto value = made.evaluate(frame());
  BOOST_REQUIRE(value.has_value());
  BOOST_TEST(cel::to_text(*value) == R"({"z":4,"a":["vm-1",5,"x4"],"flag":true,"none":null,"ratio":5E-1})");
  BOOST_TEST(!made.is_literal());
  BOOST_REQUIRE(made.type().fields != nullptr);
  BOOST_TEST(made.type().fields->at("z").name() == "int");
}

BOOST_AUTO_TEST_CASE(knows_when_there_is_no_hole) {
  const auto file = yaml("a: [1, {b: text}]\n");
  std::vector<std::pair<stellwerk::config::Place, cel::Mistake>> mistakes;
  const auto made = cel::compile_template(file.root, names(), mistakes);
  BOOST_TEST(made.is_literal());
  BOOST_TEST(cel::to_text(*made.evaluate({})) == R"({"a":[1,{"b":"text"}]})");
}

BOOST_AUTO_TEST_CASE(places_mistakes_in_the_file) {
  const auto file = yaml("plain: aé ${nam}\nquoted: \"${nam}\"\nblock: |\n  one\n  ${nam}\n");
  std::vector<std::pair<stellwerk::config::Place, cel::Mistake>> mistakes;
  static_cast<void>(cel::compile_template(file.root, names(), mistakes));
  BOOST_REQUIRE_EQUAL(mistakes.size(), 3);
  BOOST_TEST((mistakes[0].first == stellwerk::config::Place{1, 13}));
  BOOST_TEST((mistakes[1].first == stellwerk::config::Place{2, 12}));
  BOOST_TEST(mistakes[2].first.line >= 3);
}

BOOST_AUTO_TEST_CASE(refuses_to_write_out_what_only_sharing_keeps_small) {
  std::string doubling = "[0].map(a, ['x', 'x'])";
  for (int i = 0; i < 40; ++i) doubling += ".map(a, [a, a])";
  for (const std::string& text : {"${" + doubling + "}", "<${" + doubling + "}>", "${{'a': " + doubling + "}}"}) {
    const auto made = cel::compile_text(text, names());
    BOOST_REQUIRE(made.has_value());
    const auto value = made->evaluate(frame());
    BOOST_REQUIRE(!value.has_value());
    BOOST_TEST((value.error().code == stellwerk::ErrorCode::resource_exhausted));
  }
}

BOOST_AUTO_TEST_CASE(shares_one_budget_among_all_holes) {
  const auto made = cel::compile_text("${name}${name}", names());
  BOOST_REQUIRE(made.has_value());
  BOOST_TEST(made->evaluate(frame(), {100, 8}).has_value());
  const auto value = made->evaluate(frame(), {100, 7});
  BOOST_REQUIRE(!value.has_value());
  BOOST_TEST((value.error().code == stellwerk::ErrorCode::resource_exhausted));
  BOOST_TEST(!made->evaluate(frame(), {1, 100}).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
