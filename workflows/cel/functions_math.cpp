// the math extension of CEL

#include <cmath>

#include "workflows/cel/functions.hpp"
#include "workflows/cel/numbers.hpp"

namespace stellwerk::workflows::cel {
namespace {

bool extreme(Run& run, const Arguments& a, Value& out, bool greatest) {
  const std::string_view name = greatest ? "math.greatest" : "math.least";
  const bool listed = a.size() == 1 && a[0].kind() == Kind::list;
  const std::size_t count = listed ? a[0].as_list().size() : a.size();
  if (count == 0) return run.fail(fmt::format("{}() of an empty list", name));
  if (!run.step(count)) return false;
  const Value* best = nullptr;
  for (std::size_t i = 0; i < count; ++i) {
    const Value& candidate = listed ? a[0].as_list()[i] : a[i];
    if (!is_number(candidate.kind())) return run.fail(no_overload(name, a.items()));
    if (best == nullptr || (greatest ? compare_numbers(candidate, *best) > 0 : compare_numbers(candidate, *best) < 0)) best = &candidate;
  }
  out = Value{*best};
  return true;
}
bool greatest(Run& run, const Arguments& a, Value& out) { return extreme(run, a, out, true); }
bool least(Run& run, const Arguments& a, Value& out) { return extreme(run, a, out, false); }

bool ceil(Run&, const Arguments& a, Value& out) { return out = Value::of_double(std::ceil(a[0].as_double())), true; }
bool floor(Run&, const Arguments& a, Value& out) { return out = Value::of_double(std::floor(a[0].as_double())), true; }
bool round(Run&, const Arguments& a, Value& out) { return out = Value::of_double(std::round(a[0].as_double())), true; }
bool trunc(Run&, const Arguments& a, Value& out) { return out = Value::of_double(std::trunc(a[0].as_double())), true; }
bool sqrt(Run&, const Arguments& a, Value& out) {
  const double number = a[0].kind() == Kind::integer ? static_cast<double>(a[0].as_int()) : a[0].kind() == Kind::uinteger ? static_cast<double>(a[0].as_uint()) : a[0].as_double();
  return out = Value::of_double(std::sqrt(number)), true;
}
bool is_nan(Run&, const Arguments& a, Value& out) { return out = Value::of_bool(std::isnan(a[0].as_double())), true; }
bool is_inf(Run&, const Arguments& a, Value& out) { return out = Value::of_bool(std::isinf(a[0].as_double())), true; }
bool is_finite(Run&, const Arguments& a, Value& out) { return out = Value::of_bool(std::isfinite(a[0].as_double())), true; }

bool abs(Run& run, const Arguments& a, Value& out) {
  if (a[0].kind() == Kind::uinteger) return out = a[0], true;
  if (a[0].kind() == Kind::real) return out = Value::of_double(std::fabs(a[0].as_double())), true;
  if (a[0].as_int() == INT64_MIN) return run.fail("integer overflow");
  return out = Value::of_int(a[0].as_int() < 0 ? -a[0].as_int() : a[0].as_int()), true;
}
bool sign(Run&, const Arguments& a, Value& out) {
  if (a[0].kind() == Kind::uinteger) return out = Value::of_uint(a[0].as_uint() > 0 ? 1 : 0), true;
  if (a[0].kind() == Kind::integer) return out = Value::of_int(a[0].as_int() > 0 ? 1 : a[0].as_int() < 0 ? -1 : 0), true;
  const double number = a[0].as_double();
  return out = Value::of_double(number > 0 ? 1.0 : number < 0 ? -1.0 : number), true;
}

/// Bits of an int or uint; both arguments have the same kind.
template <class Operation>
bool bits(Run& run, const Arguments& a, Value& out, std::string_view name, Operation operation) {
  if (a[0].kind() != a[1].kind()) return run.fail(no_overload(name, a.items()));
  if (a[0].kind() == Kind::uinteger) return out = Value::of_uint(operation(a[0].as_uint(), a[1].as_uint())), true;
  return out = Value::of_int(static_cast<std::int64_t>(operation(static_cast<std::uint64_t>(a[0].as_int()), static_cast<std::uint64_t>(a[1].as_int())))), true;
}
bool bit_and(Run& run, const Arguments& a, Value& out) {
  return bits(run, a, out, "math.bitAnd", [](std::uint64_t x, std::uint64_t y) { return x & y; });
}
bool bit_or(Run& run, const Arguments& a, Value& out) {
  return bits(run, a, out, "math.bitOr", [](std::uint64_t x, std::uint64_t y) { return x | y; });
}
bool bit_xor(Run& run, const Arguments& a, Value& out) {
  return bits(run, a, out, "math.bitXor", [](std::uint64_t x, std::uint64_t y) { return x ^ y; });
}
bool bit_not(Run&, const Arguments& a, Value& out) {
  if (a[0].kind() == Kind::uinteger) return out = Value::of_uint(~a[0].as_uint()), true;
  return out = Value::of_int(~a[0].as_int()), true;
}
/// Shifts are logical; 64 and more give 0.
bool shift(Run& run, const Arguments& a, Value& out, bool left) {
  const std::int64_t by = a[1].as_int();
  if (by < 0) return run.fail(fmt::format("math.bitShift: negative offset {}", by));
  const std::uint64_t bits = a[0].kind() == Kind::uinteger ? a[0].as_uint() : static_cast<std::uint64_t>(a[0].as_int());
  const std::uint64_t shifted = by >= 64 ? 0 : left ? bits << by : bits >> by;
  out = a[0].kind() == Kind::uinteger ? Value::of_uint(shifted) : Value::of_int(static_cast<std::int64_t>(shifted));
  return true;
}
bool shift_left(Run& run, const Arguments& a, Value& out) { return shift(run, a, out, true); }
bool shift_right(Run& run, const Arguments& a, Value& out) { return shift(run, a, out, false); }

}  // namespace

std::span<const Overload> math_functions() {
  using Base = Type::Base;
  static const Overload rows[] = {
      {"math.greatest", false, {takes::list}, Base::dyn, greatest},
      {"math.greatest", false, {takes::number}, Base::dyn, greatest, Shape::plain, true},
      {"math.least", false, {takes::list}, Base::dyn, least},
      {"math.least", false, {takes::number}, Base::dyn, least, Shape::plain, true},
      {"math.ceil", false, {takes::real}, Base::real, ceil},
      {"math.floor", false, {takes::real}, Base::real, floor},
      {"math.round", false, {takes::real}, Base::real, round},
      {"math.trunc", false, {takes::real}, Base::real, trunc},
      {"math.sqrt", false, {takes::number}, Base::real, sqrt},
      {"math.abs", false, {takes::number}, Base::dyn, abs, Shape::first_argument},
      {"math.sign", false, {takes::number}, Base::dyn, sign, Shape::first_argument},
      {"math.isNaN", false, {takes::real}, Base::boolean, is_nan},
      {"math.isInf", false, {takes::real}, Base::boolean, is_inf},
      {"math.isFinite", false, {takes::real}, Base::boolean, is_finite},
      {"math.bitAnd", false, {takes::whole, takes::whole}, Base::dyn, bit_and, Shape::first_argument},
      {"math.bitOr", false, {takes::whole, takes::whole}, Base::dyn, bit_or, Shape::first_argument},
      {"math.bitXor", false, {takes::whole, takes::whole}, Base::dyn, bit_xor, Shape::first_argument},
      {"math.bitNot", false, {takes::whole}, Base::dyn, bit_not, Shape::first_argument},
      {"math.bitShiftLeft", false, {takes::whole, takes::integer}, Base::dyn, shift_left, Shape::first_argument},
      {"math.bitShiftRight", false, {takes::whole, takes::integer}, Base::dyn, shift_right, Shape::first_argument},
  };
  return rows;
}

}  // namespace stellwerk::workflows::cel
