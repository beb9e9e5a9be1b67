#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <ostream>

#include "tests/unit/workflows/cel_support.hpp"

using namespace cel_tests;
namespace data = boost::unit_test::data;

namespace {

Type closed(std::vector<std::string> values) {
  Type type = Type::of(Type::Base::string);
  type.values = std::move(values);
  return type;
}

cel::Environment service() {
  using enum Type::Base;
  cel::Environment environment;
  environment.add_member("self", "hostname", Type::of(string), 0);
  environment.add_member("self", "cores", Type::of(integer), 1);
  environment.add_member("self", "cancel_at", Type::of(timestamp, true), 2);
  environment.add_member("self", "status", closed({"active", "suspended", "terminated"}), 3);
  environment.add_member("self", "suspended_for", Type::list_of(closed({"overdue", "abuse"})), 4);
  environment.add_member("self", "plan", Type::of(string), 5);
  environment.add_member("self.plan", "disk_gb", Type::of(integer), 6);
  environment.add("event", Type::record({{"reason", Type::of(string)}, {"order", Type::record({{"id", Type::of(string)}})}, {"count", Type::of(integer, true)}}), 7);
  environment.add("response", {}, 8);
  environment.add("now", Type::of(timestamp), 9);
  environment.add_ran("warn_customer", 10);
  environment.add_ran("charge_customer", 10);
  return environment;
}

std::vector<Value> frame() {
  return {Value::of_string("vm-1"), Value::of_int(4), {}, Value::of_string("active"), Value::of_list({Value::of_string("overdue")}), Value::of_string("p1"), Value::of_int(40),
          Value::of_map({{Value::of_string("reason"), Value::of_string("x")}, {Value::of_string("count"), {}}}), Value::of_map({}), Value::of_timestamp(1'772'438'400, 0), Value::of_bool(true)};
}

struct Wrong {
  std::string_view expression;
  std::size_t offset;
  std::string_view message;
  std::string_view hint;
};
std::ostream& operator<<(std::ostream& stream, const Wrong& row) { return stream << row.expression; }

}  // namespace

BOOST_AUTO_TEST_SUITE(cel_checker)

const std::vector<Row> accepted{
    {"self.hostname + '.example.com'", "string vm-1.example.com"},
    {"self.cancel_at == null", "bool true"},
    {"null != self.cancel_at", "bool false"},
    {"self.cancel_at == null ? now : self.cancel_at + P1D", "google.protobuf.Timestamp 2026-03-02T08:00:00Z"},
    {"self.status in ['active', 'suspended']", "bool true"},
    {"self.suspended_for == ['overdue'] && 'overdue' in self.suspended_for", "bool true"},
    {"self.suspended_for.filter(r, r != 'overdue')", "list []"},
    {"self.plan + string(self.plan.disk_gb)", "string p140"},
    {"event.reason", "string x"},
    {"event['reason']", "string x"},
    {"has(self.cancel_at) || has(event.order)", "bool false"},
    {"has(self.hostname) && has(event.reason) && !has(response.body)", "bool true"},
    {"ran('warn_customer')", "bool true"},
    {"event.count == null || event.count > 3", "bool true"},
    {"response == null || response.status == 200 || true", "bool true"},
    {"self.cores > 2.5 && self.cores == 4u", "bool true"},
};
BOOST_DATA_TEST_CASE(accepts_what_can_be_meant, data::make(accepted), row) { BOOST_TEST(evaluated(row.expression, service(), frame()) == row.result); }

const std::vector<Wrong> refused{
    {"self.hostnam == 'x'", 5, "self has no member hostnam", "did you mean hostname?"},
    {"nwo > now", 0, "unknown name nwo", "did you mean now?"},
    {"1 < 2 && self.plan.disk == 1", 19, "self.plan has no member disk", "one of: disk_gb"},
    {"self == null", 0, "self alone is not a value", "write self.<member>: one of: cancel_at, cores, hostname, plan, status, suspended_for"},
    {"event.reasn == 'x'", 6, "there is no member reasn", "did you mean reason?"},
    {"event.order.di == ''", 12, "there is no member di", "did you mean id?"},
    {"has(event.ordr)", 10, "there is no member ordr", "did you mean order?"},
    {"has(self.hostnam)", 9, "self has no member hostnam", "did you mean hostname?"},
    {"event['reasn']", 6, "there is no member reasn", "did you mean reason?"},
    {"self.cores + 'x'", 11, "+ cannot be applied to int and string", "convert the other operand with string(…)"},
    {"self.cores + 1.5", 11, "+ cannot be applied to int and double", "convert one of them, for example int(…)"},
    {"now + 3", 4, "+ cannot be applied to timestamp and int", "write days(n) or duration('PT5M')"},
    {"self.cores == 'x'", 11, "int and string cannot be compared with ==", ""},
    {"self.cores == null", 11, "a int that is never null is compared with null", ""},
    {"now < 3", 4, "timestamp and int cannot be compared with <", ""},
    {"self.status == 'activ'", 15, "'activ' is not one of the possible values", "did you mean active?"},
    {"'gone' != self.status", 0, "'gone' is not one of the possible values", "one of: active, suspended, terminated"},
    {"self.status in ['active', 'suspend']", 15, "'suspend' is not one of the possible values", "did you mean suspended?"},
    {"'overdu' in self.suspended_for", 0, "'overdu' is not one of the possible values", "did you mean overdue?"},
    {"self.suspended_for == ['abus']", 22, "'abus' is not one of the possible values", "did you mean abuse?"},
    {"self.hostname.startWith('x')", 14, "unknown method startWith", "did you mean startsWith?"},
    {"self.hostname.contains()", 14, "contains() takes 1 argument, not 0", ""},
    {"self.hostname.replace('x')", 14, "replace() takes 2 or 3 arguments, not 1", ""},
    {"self.cores.contains('x')", 11, "int has no method contains(string)", ""},
    {"size(self.cores)", 0, "size() does not take (int)", ""},
    {"lowr('X')", 0, "unknown function lowr", "did you mean lower?"},
    {"contains('x', 'y')", 0, "contains is a method, not a function", "write x.contains(…)"},
    {"self.hostname.matches('(')", 22, "invalid pattern: missing ): (", "patterns follow github.com/google/re2/wiki/Syntax"},
    {"self.hostname in 'abc'", 14, "in looks into a list or a map, not into string", "write text.contains(part)"},
    {"3 in self.suspended_for", 2, "int is never in list(string)", ""},
    {"self.hostname && true", 5, "an operand of && must be a bool, but is string", "compare it, for example with != null"},
    {"self.cores ? 1 : 2", 5, "the condition before ? must be a bool, but is int", "compare it, for example with == or >"},
    {"self.cores.all(x, true)", 5, "int cannot be walked through; a list or a map can", ""},
    {"self.suspended_for.map(r, q)", 26, "unknown name q", ""},
    {"ran('warn')", 4, "ran() knows no 'warn'", "one of: charge_customer, warn_customer"},
    {"ran('warn_custmer')", 4, "ran() knows no 'warn_custmer'", "did you mean warn_customer? one of: charge_customer, warn_customer"},
    {"ran(self.hostname)", 9, "ran() takes a name in quotes", ""},
    {"ran()", 0, "ran() takes a name in quotes", ""},
    {"ran('warn_customer', 'x')", 4, "ran() takes a name in quotes", ""},
    {"-self.hostname", 0, "- cannot be applied to string", ""},
    {"now + PT1D", 6, "'PT1D' is not an ISO 8601 duration such as P3D or PT5M (units are W, D, then T with H, M, S in this order)", ""},
};
BOOST_DATA_TEST_CASE(refuses_what_cannot_be_meant, data::make(refused), row) {
  const auto program = cel::compile(row.expression, service());
  BOOST_REQUIRE(!program.has_value());
  const auto& mistake = program.error().front();
  BOOST_TEST(mistake.offset == row.offset);
  BOOST_TEST(mistake.message == row.message);
  if (!row.hint.empty()) BOOST_TEST(mistake.hint == row.hint);
}

BOOST_AUTO_TEST_CASE(tells_every_mistake_at_once) {
  const auto program = cel::compile("self.hostnam == 'x' && self.cores == 'y' && nwo > now", service());
  BOOST_REQUIRE(!program.has_value());
  BOOST_TEST(program.error().size() == 3);
}

BOOST_AUTO_TEST_CASE(says_one_mistake_once) {
  const auto program = cel::compile("unheard.of[1].startsWith(other)", service());
  BOOST_REQUIRE(!program.has_value());
  BOOST_TEST(program.error().size() == 2);  // the two names; nothing that follows from them
}

BOOST_AUTO_TEST_CASE(compares_the_result_with_the_expected_type) {
  using enum Type::Base;
  const auto environment = service();
  BOOST_TEST(cel::compile("self.cores > 1", environment, Type::of(boolean)).has_value());
  BOOST_TEST(cel::compile("response.ok", environment, Type::of(boolean)).has_value());
  BOOST_TEST(cel::compile("self.cancel_at", environment, Type::of(timestamp)).has_value());
  BOOST_TEST(cel::compile("null", environment, Type::of(timestamp, true)).has_value());
  BOOST_TEST(cel::compile("self.cores", environment, Type::of(real)).has_value());
  const auto text = cel::compile("self.hostname", environment, Type::of(boolean));
  BOOST_REQUIRE(!text.has_value());
  BOOST_TEST(text.error()[0].message == "the expression gives string, but bool is expected");
  BOOST_TEST(!cel::compile("null", environment, Type::of(timestamp)).has_value());
  BOOST_TEST(!cel::compile("[1]", environment, Type::list_of(Type::of(string))).has_value());
  const auto outside = cel::compile("self.cores > 1 ? 'active' : 'gone'", environment, closed({"active", "suspended"}));
  BOOST_REQUIRE(!outside.has_value());
  BOOST_TEST(outside.error()[0].offset == 28);
}

BOOST_AUTO_TEST_CASE(knows_the_type_of_the_result) {
  const auto name = [](std::string_view expression) {
    const auto program = cel::compile(expression, service());
    return program ? program->type().name() + (program->type().nullable ? "?" : "") : program.error()[0].message;
  };
  BOOST_TEST(name("self.suspended_for.map(r, size(r))") == "list(int)");
  BOOST_TEST(name("first(self.suspended_for)") == "string?");
  BOOST_TEST(name("self.cancel_at == null ? null : now") == "timestamp?");
  BOOST_TEST(name("latest(self.cancel_at, now)") == "timestamp");
  BOOST_TEST(name("self.cancel_at - now") == "duration");
  BOOST_TEST(name("self.hostname.split('.')[0]") == "string");
  BOOST_TEST(name("{'a': 1}") == "map(int)");
  BOOST_TEST(name("response.x + 1") == "int");
}

BOOST_AUTO_TEST_CASE(reports_a_slot_beyond_the_frame) {
  const auto program = cel::compile("self.cores > 1", service());
  BOOST_REQUIRE(program.has_value());
  const auto value = program->evaluate({});
  BOOST_REQUIRE(!value.has_value());
  BOOST_TEST(value.error().message == "'self.cores' has no value here");
}

BOOST_AUTO_TEST_SUITE_END()
