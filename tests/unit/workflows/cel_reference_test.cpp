// What an id stands for, facts of the run so far, and which slots an expression reads.
#include <boost/test/unit_test.hpp>

#include "workflows/cel/cel.hpp"

namespace stellwerk::workflows::cel {
namespace {

using Base = Type::Base;

Environment environment() {
  Environment made;
  made.add_member("self", "plan", Type::of(Base::string, true), 0);
  made.add_reference("self.plan", Type::record({{"cores", Type::of(Base::integer)}, {"data", Type::of(Base::map)}}), 1);
  made.refuse_reference("self.order", "'self.order' is only an id", "kinds are plan");
  made.add_member("self", "order", Type::of(Base::string, true), 2);
  made.add("steps", Type{}, 3);
  made.add_ran_step("place", 3);
  made.add_ran("warn", 4);
  return made;
}

Value map(const char* key, Value value) { return Value::of_map({{Value::of_string(key), std::move(value)}}); }

Value value_of(const std::string& source, const std::vector<Value>& frame) {
  const auto program = compile(source, environment());
  BOOST_REQUIRE_MESSAGE(program, source);
  const auto value = program->evaluate(frame);
  BOOST_REQUIRE_MESSAGE(value, source);
  return *value;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(cel_references)

BOOST_AUTO_TEST_CASE(a_reference_alone_is_its_id_and_its_members_are_those_of_the_row) {
  const std::vector<Value> frame{Value::of_string("pln_1"), map("cores", Value::of_int(4)), {}, {}, {}};
  BOOST_TEST(value_of("self.plan", frame).as_string() == "pln_1");
  BOOST_TEST(value_of("self.plan.cores + 1", frame).as_int() == 5);
  BOOST_TEST(value_of("has(self.plan.cores)", frame).as_bool());
  BOOST_TEST(value_of("[4].all(c, c == self.plan.cores)", frame).as_bool());
}

BOOST_AUTO_TEST_CASE(members_of_nothing_are_null) {
  const std::vector<Value> frame(5);
  BOOST_TEST(value_of("self.plan.cores", frame).is_null());
  BOOST_TEST(value_of("self.plan.cores == null", frame).as_bool());
  BOOST_TEST(!value_of("has(self.plan.cores)", frame).as_bool());
  BOOST_TEST(!compile("self.plan.data.x", environment())->evaluate(frame).has_value());
}

BOOST_AUTO_TEST_CASE(what_cannot_be_read_is_told) {
  const auto misspelt = compile("self.plan.corse", environment());
  BOOST_REQUIRE(!misspelt);
  BOOST_TEST(misspelt.error()[0].offset == 10U);
  BOOST_TEST(misspelt.error()[0].hint.find("cores") != std::string::npos);
  const auto refused = compile("self.order.total", environment());
  BOOST_REQUIRE(!refused);
  BOOST_TEST(refused.error()[0].message == "'self.order' is only an id");
}

BOOST_AUTO_TEST_CASE(a_step_ran_when_it_left_a_result_that_is_no_failure) {
  std::vector<Value> frame(5);
  BOOST_TEST(!value_of("ran('place')", frame).as_bool());
  frame[3] = map("place", Value::of_map({}));
  BOOST_TEST(value_of("ran('place')", frame).as_bool());
  frame[3] = map("place", map("failed", Value::of_bool(true)));
  BOOST_TEST(!value_of("ran('place')", frame).as_bool());
  BOOST_TEST(!compile("ran('plaze')", environment()));
}

BOOST_AUTO_TEST_CASE(slots_are_those_that_are_read_each_once) {
  BOOST_TEST((compile("self.plan.cores > 1 && self.plan != null && self.plan.cores < 9 && ran('warn')", environment())->slots() == std::vector<int>{0, 1, 4}));
  BOOST_TEST(compile("1 + 1", environment())->slots().empty());
  BOOST_TEST((compile_text("a ${self.plan} b ${has(self.plan.cores) && ran('place')}", environment())->slots() == std::vector<int>{0, 1, 3}));
  BOOST_TEST(Program{}.slots().empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace stellwerk::workflows::cel
