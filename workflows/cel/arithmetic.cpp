#include "workflows/cel/arithmetic.hpp"

#include <array>
#include <limits>
#include <type_traits>

#include "workflows/cel/functions.hpp"
#include "workflows/cel/operators.hpp"
#include "workflows/cel/time_text.hpp"

namespace stellwerk::workflows::cel {
namespace {

std::string_view symbol_of(Op op) {
  switch (op) {
    case Op::add: return "_+_";
    case Op::subtract: return "_-_";
    case Op::multiply: return "_*_";
    case Op::divide: return "_/_";
    default: return "_%_";
  }
}

bool refuse(Op op, const Value& left, const Value& right, Run& run) { return run.fail(no_overload(symbol_of(op), std::array{&left, &right})); }

/// Shared by int and uint; the builtins know the type.
template <class Number>
bool whole(Op op, Number a, Number b, Run& run, Number& result) {
  bool overflow = false;
  switch (op) {
    case Op::add: overflow = __builtin_add_overflow(a, b, &result); break;
    case Op::subtract: overflow = __builtin_sub_overflow(a, b, &result); break;
    case Op::multiply: overflow = __builtin_mul_overflow(a, b, &result); break;
    default:
      if (b == 0) return run.fail(op == Op::divide ? "division by zero" : "modulus by zero");
      if constexpr (std::is_signed_v<Number>) {
        if (b == -1) {  // the machine's division traps on the smallest int
          overflow = a == std::numeric_limits<Number>::min();
          result = op == Op::divide && !overflow ? -a : 0;
          break;
        }
      }
      result = op == Op::divide ? a / b : a % b;
  }
  return !overflow || run.fail(std::is_signed_v<Number> ? "integer overflow" : "unsigned integer overflow");
}

bool real(Op op, const Value& left, const Value& right, Run& run, Value& out) {
  const double a = left.as_double(), b = right.as_double();
  switch (op) {
    case Op::add: out = Value::of_double(a + b); return true;
    case Op::subtract: out = Value::of_double(a - b); return true;
    case Op::multiply: out = Value::of_double(a * b); return true;
    case Op::divide: out = Value::of_double(a / b); return true;
    default: return refuse(op, left, right, run);
  }
}

bool concatenate(const Value& left, const Value& right, Run& run, Value& out) {
  if (left.kind() == Kind::list) {
    const List& a = left.as_list();
    const List& b = right.as_list();
    if (!run.charge((a.size() + b.size()) * sizeof(Value))) return false;
    List items;
    items.reserve(a.size() + b.size());
    items.insert(items.end(), a.begin(), a.end());
    items.insert(items.end(), b.begin(), b.end());
    out = Value::of_list(std::move(items));
    return true;
  }
  const std::string& a = left.as_string();
  const std::string& b = right.as_string();
  if (!run.charge(a.size() + b.size())) return false;
  std::string text;
  text.reserve(a.size() + b.size());
  text.append(a).append(b);
  out = left.kind() == Kind::string ? Value::of_string(std::move(text)) : Value::of_bytes(std::move(text));
  return true;
}

Instant instant_of(const Value& value) { return {value.seconds(), value.nanos()}; }

bool point_and_span(const Value& point, const Value& span, bool subtract, Run& run, Value& out) {
  const auto sum = add_to_point(instant_of(point), instant_of(span), subtract);
  if (!sum || !is_timestamp_in_range(sum->seconds)) return run.fail("timestamp is out of range");
  out = Value::of_timestamp(sum->seconds, sum->nanos);
  return true;
}

bool spans(const Value& left, const Value& right, bool subtract, Run& run, Value& out) {
  const auto sum = add_spans(instant_of(left), instant_of(right), subtract);
  if (!sum) return run.fail("duration is out of range");
  out = Value::of_duration(sum->seconds, sum->nanos);
  return true;
}

}  // namespace

bool arithmetic(Op op, const Value& left, const Value& right, Run& run, Value& out) {
  const Kind a = left.kind(), b = right.kind();
  if (a == Kind::integer && b == Kind::integer) {
    std::int64_t result = 0;
    if (!whole(op, left.as_int(), right.as_int(), run, result)) return false;
    out = Value::of_int(result);
    return true;
  }
  if (a == Kind::uinteger && b == Kind::uinteger) {
    std::uint64_t result = 0;
    if (!whole(op, left.as_uint(), right.as_uint(), run, result)) return false;
    out = Value::of_uint(result);
    return true;
  }
  if (a == Kind::real && b == Kind::real) return real(op, left, right, run, out);
  if (a >= Kind::date || b >= Kind::date) {
    if (const auto done = calendar_operator(op, left, right, run, out)) return *done;
    if (const auto done = exact_operator(op, left, right, run, out)) return *done;
    return refuse(op, left, right, run);
  }
  if (op != Op::add && op != Op::subtract) return refuse(op, left, right, run);
  const bool subtract = op == Op::subtract;
  if (a == Kind::timestamp && b == Kind::duration) return point_and_span(left, right, subtract, run, out);
  if (a == Kind::duration && b == Kind::timestamp && !subtract) return point_and_span(right, left, false, run, out);
  if ((a == Kind::duration || a == Kind::timestamp) && a == b && (subtract || a == Kind::duration)) return spans(left, right, subtract, run, out);
  if (!subtract && a == b && (a == Kind::string || a == Kind::bytes || a == Kind::list)) return concatenate(left, right, run, out);
  return refuse(op, left, right, run);
}

}  // namespace stellwerk::workflows::cel
