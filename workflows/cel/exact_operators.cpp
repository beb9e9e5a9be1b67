// decimals and money: + - * without rounding

#include <array>

#include "workflows/cel/functions.hpp"
#include "workflows/cel/operators.hpp"
#include "workflows/cel/time_text.hpp"

namespace stellwerk::workflows::cel {
namespace {

bool is_exact(const Value& value) { return value.kind() == Kind::decimal || value.kind() == Kind::integer; }
Decimal exact_of(const Value& value) { return value.kind() == Kind::decimal ? value.as_decimal() : Decimal{value.as_int(), 0}; }

bool decimals(Op op, Decimal a, Decimal b, Run& run, Value& out) {
  const auto result = op == Op::add ? add(a, b) : op == Op::subtract ? subtract(a, b) : multiply(a, b);
  if (!result) return run.fail("decimal overflow");
  out = Value::of_decimal(*result);
  return true;
}

bool amounts(Op op, const Value& left, const Value& right, Run& run, Value& out) {
  const Money a = left.as_money(), b = right.as_money();
  if (a.currency != b.currency) {
    return run.fail(fmt::format("{} and {} cannot be {}: the currencies differ", to_text(left), to_text(right), op == Op::add ? "added" : "subtracted"));
  }
  Money result{0, a.currency};
  const bool overflow = op == Op::add ? __builtin_add_overflow(a.minor, b.minor, &result.minor) : __builtin_sub_overflow(a.minor, b.minor, &result.minor);
  if (overflow) return run.fail("money overflow");
  out = Value::of_money(result);
  return true;
}

bool times(const Value& money, const Value& factor, Run& run, Value& out) {
  Money result{0, money.as_money().currency};
  if (__builtin_mul_overflow(money.as_money().minor, factor.as_int(), &result.minor)) return run.fail("money overflow");
  out = Value::of_money(result);
  return true;
}

}  // namespace

std::optional<bool> exact_operator(Op op, const Value& left, const Value& right, Run& run, Value& out) {
  const Kind a = left.kind(), b = right.kind();
  if (op != Op::add && op != Op::subtract && op != Op::multiply) return std::nullopt;
  if (is_exact(left) && is_exact(right)) return decimals(op, exact_of(left), exact_of(right), run, out);
  if (op != Op::multiply && a == Kind::money && b == Kind::money) return amounts(op, left, right, run, out);
  if (op == Op::multiply && a == Kind::money && b == Kind::integer) return times(left, right, run, out);
  if (op == Op::multiply && a == Kind::integer && b == Kind::money) return times(right, left, run, out);
  return std::nullopt;
}

bool negation(const Value& operand, Run& run, Value& out) {
  switch (operand.kind()) {
    case Kind::integer:
      if (operand.as_int() == INT64_MIN) return run.fail("integer overflow");
      out = Value::of_int(-operand.as_int());
      return true;
    case Kind::real: out = Value::of_double(-operand.as_double()); return true;
    case Kind::duration: {
      const auto span = add_spans({}, {operand.seconds(), operand.nanos()}, true);
      if (!span) return run.fail("duration is out of range");
      out = Value::of_duration(span->seconds, span->nanos);
      return true;
    }
    case Kind::period: out = Value::of_period({-operand.as_period().months, -operand.as_period().days}); return true;
    case Kind::decimal: return decimals(Op::subtract, {0, operand.as_decimal().scale}, operand.as_decimal(), run, out);
    case Kind::money: return amounts(Op::subtract, Value::of_money({0, operand.as_money().currency}), operand, run, out);
    case Kind::null:
    case Kind::boolean:
    case Kind::uinteger:
    case Kind::string:
    case Kind::bytes:
    case Kind::list:
    case Kind::map:
    case Kind::timestamp:
    case Kind::type:
    case Kind::date: break;
  }
  return run.fail(no_overload("-_", std::array{&operand}));
}

}  // namespace stellwerk::workflows::cel
