#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>

#include "tests/unit/workflows/cel_support.hpp"

using namespace cel_tests;

namespace {

std::string repeated(std::string_view text, std::size_t times) {
  std::string made;
  for (std::size_t i = 0; i < times; ++i) made += text;
  return made;
}

std::string first_mistake(const std::string& expression) {
  const auto program = cel::compile(expression, {});
  return program ? "none" : program.error().front().message;
}

/// What a hostile expression over `x` costs at most: an error, soon.
void check_exhausted(std::string_view expression, Value x) {
  cel::Environment environment;
  environment.add("x", {}, 0);
  const auto program = cel::compile(expression, environment);
  BOOST_REQUIRE_MESSAGE(program.has_value(), (program ? "" : program.error()[0].message));
  const std::vector<Value> frame{std::move(x)};
  const auto value = program->evaluate(frame);
  BOOST_REQUIRE_MESSAGE(!value.has_value(), expression);
  BOOST_TEST((value.error().code == stellwerk::ErrorCode::resource_exhausted), expression << ": " << value.error().message);
}

Value numbers(int count) {
  cel::List items;
  for (int i = 0; i < count; ++i) items.push_back(Value::of_int(i));
  return Value::of_list(std::move(items));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(cel_bounds)

BOOST_AUTO_TEST_CASE(refuses_hostile_sources) {
  BOOST_TEST(first_mistake(std::string(100'000, '(')) == "the expression has 100000 bytes, at most 16384 are allowed");
  BOOST_TEST(first_mistake(std::string(16'000, '(')) == "nested deeper than 64 levels");
  BOOST_TEST(first_mistake(std::string(16'000, '[')) == "nested deeper than 64 levels");
  BOOST_TEST(first_mistake(repeated("{1:", 5'000)) == "nested deeper than 64 levels");
  BOOST_TEST(first_mistake(repeated("true?", 3'000)) == "nested deeper than 64 levels");
  BOOST_TEST(first_mistake(repeated("size(", 3'000)) == "nested deeper than 64 levels");
  BOOST_TEST(first_mistake(std::string(16'000, '!') + "true") == "nested deeper than 64 levels");
  BOOST_TEST(first_mistake(std::string(16'000, '-') + "1") == "nested deeper than 64 levels");
  BOOST_TEST(first_mistake("{}" + repeated(".a", 8'000)) == "a chain of more than 256 operations");
  BOOST_TEST(first_mistake("1" + repeated("+1", 8'000)) == "a chain of more than 256 operations");
  BOOST_TEST(first_mistake("[" + repeated("1,", 8'000) + "1]") == "more than 2000 parts in one expression");
  BOOST_TEST(first_mistake("true" + repeated("||true", 2'000)) == "more than 2000 parts in one expression");
  BOOST_TEST(first_mistake(repeated("[1].all(x,", 40) + "true" + std::string(40, ')')) == "more than 32 variables of nested macros");
}

BOOST_AUTO_TEST_CASE(accepts_what_lies_within_the_bounds) {
  BOOST_TEST(first_mistake(std::string(60, '(') + "1" + std::string(60, ')')) == "none");
  BOOST_TEST(first_mistake("true" + repeated(" && true", 900)) == "none");
  BOOST_TEST(first_mistake("1" + repeated("+1", 200)) == "none");
}

BOOST_AUTO_TEST_CASE(survives_every_truncation_of_an_expression) {
  const std::string whole = R"(a.b["c\n"].map(x, x > 0x1F ? b'\xff' : r'''y''').exists_one(z, z in [1u, 2.5e3, -7]) || has(a.`q-r`) && !{'k': null}.k)";
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const auto program = cel::compile(std::string_view{whole}.substr(0, length), {});
    if (!program) BOOST_TEST(program.error().front().offset <= length);
  }
}

BOOST_AUTO_TEST_CASE(survives_mutated_expressions) {
  const std::vector<std::string> seeds{
      R"(x.map(a, a.b['c'] + 1).filter(d, d in [1, 2u, 3.5]).size() > -9 ? {'k': b"\xff"} : null)",
      R"(x.all(i, v, i == 0 || v.startsWith("a\u00e9")) && has(x.y) && x['z'].matches('^(a|b)+$'))",
      R"(timestamp('2026-03-02T08:00:00Z') + duration('1h30m') - P3D < x || math.greatest(1, 2.5) >= 0x1F)",
      R"('a-b'.split('-').join('+').format([1, [2], {'a': x}]).replace('a', '''b''').substring(1, 2).reverse())"};
  static constexpr std::string_view alphabet = "x1.()[]{}'\"\\,?:+-*/%<>=!&| uUrRbB0eE`\n\xc3\xa9";
  std::uint32_t state = 20'260'302;
  const auto random = [&](std::size_t below) {
    state = state * 1'664'525 + 1'013'904'223;
    return static_cast<std::size_t>(state >> 8) % below;
  };
  cel::Environment environment;
  environment.add("x", {}, 0);
  const std::vector<Value> frame{numbers(3)};
  int compiled = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string text = seeds[random(seeds.size())];
    for (std::size_t change = random(4) + 1; change > 0; --change) {
      const std::size_t at = random(text.size());
      if (random(2) == 0) {
        text[at] = alphabet[random(alphabet.size())];
      } else {
        text.erase(at, random(8));
      }
      if (text.empty()) text = "x";
    }
    const auto program = cel::compile(text, environment);
    if (!program) {
      BOOST_REQUIRE(!program.error().empty());
      BOOST_REQUIRE(program.error().front().offset <= text.size());
      continue;
    }
    ++compiled;
    if (const auto value = program->evaluate(frame)) BOOST_REQUIRE(!stellwerk::dump_json(cel::to_json(*value)).empty());
  }
  BOOST_TEST(compiled > 100);
}

BOOST_AUTO_TEST_CASE(stops_evaluations_that_cost_too_much) {
  check_exhausted("x.all(a, x.all(b, x.all(c, a + b + c >= 0)))", numbers(100));
  check_exhausted("x.map(a, x.map(b, x))", numbers(1'000));
  check_exhausted("[x, x, x, x].map(a, a + a + a + a).map(b, b + b + b + b)", Value::of_string(std::string(60'000, 'a')));
  check_exhausted("x.replace('a', 'aaaaaaaaaaaaaaaaaaaa')", Value::of_string(std::string(100'000, 'a')));
  check_exhausted("x.replace('', x)", Value::of_string(std::string(5'000, 'a')));
  check_exhausted("x.split('')", Value::of_string(std::string(100'000, 'a')));
  check_exhausted("x.contains(x.substring(300000) + 'b')", Value::of_string(std::string(600'000, 'a')));
  std::string doubling = "[0].map(a, [x, x])";
  for (int i = 0; i < 40; ++i) doubling += ".map(a, [a, a])";
  check_exhausted(doubling, Value::of_int(1));
  check_exhausted(doubling + " == " + doubling, Value::of_int(1));
  check_exhausted("'%s'.format(" + doubling + ")", Value::of_int(1));
  std::string deep = "x";
  for (int i = 0; i < 60; ++i) deep = "[" + deep + "]";
  check_exhausted(deep + ".map(a, [a])", Value::of_int(1));
  check_exhausted("x.all(a, x == x)", numbers(2'000));
  check_exhausted("x.exists(a, a in x && false)", numbers(2'000));
  check_exhausted("x.all(a, !'b'.matches(string(a)))", numbers(300));
}

BOOST_AUTO_TEST_CASE(does_not_absorb_a_spent_budget) {
  cel::Environment environment;
  environment.add("x", {}, 0);
  const auto program = cel::compile("x.all(a, x.all(b, x.exists(c, c < 0) || true)) || true", environment);
  BOOST_REQUIRE(program.has_value());
  const std::vector<Value> frame{numbers(200)};
  const auto value = program->test(frame);
  BOOST_REQUIRE(!value.has_value());
  BOOST_TEST((value.error().code == stellwerk::ErrorCode::resource_exhausted));
}

BOOST_AUTO_TEST_CASE(pays_a_step_for_each_visited_part) {
  const auto program = cel::compile("1 + 2 + 3", {});
  BOOST_REQUIRE(program.has_value());
  BOOST_TEST(program->evaluate({}, {5, 0}).has_value());
  BOOST_TEST(!program->evaluate({}, {4, 0}).has_value());
}

BOOST_AUTO_TEST_CASE(matches_catastrophic_patterns_in_linear_time) {
  const auto started = std::chrono::steady_clock::now();
  BOOST_TEST(evaluated_with("x.matches('^(a+)+$')", Value::of_string(std::string(50'000, 'a') + "b")) == "bool false");
  BOOST_TEST(evaluated("'a'.matches('((((a{100}){100}){100}){100})')").starts_with("mistake: invalid pattern"));
  BOOST_TEST(evaluated("'a'.matches('" + std::string(2'000, 'a') + "')") == "mistake: a pattern has at most 1024 bytes");
  BOOST_TEST((std::chrono::steady_clock::now() - started < std::chrono::seconds{5}));
}

BOOST_AUTO_TEST_SUITE_END()
