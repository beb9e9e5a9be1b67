// decimal() and money(), and numbers from them

#include "workflows/cel/functions.hpp"

namespace stellwerk::workflows::cel {
namespace {

bool same(Run&, const Arguments& a, Value& out) {
  out = a[0];
  return true;
}

bool decimal_from_string(Run& run, const Arguments& a, Value& out) {
  const auto decimal = parse_decimal(a[0].as_string());
  if (!decimal) return run.fail(decimal.error().message);
  out = Value::of_decimal(*decimal);
  return true;
}
bool decimal_from_int(Run&, const Arguments& a, Value& out) {
  out = Value::of_decimal({a[0].as_int(), 0});
  return true;
}
bool decimal_from_money(Run&, const Arguments& a, Value& out) {
  out = Value::of_decimal(to_decimal(a[0].as_money()));
  return true;
}

bool currency_of(Run& run, const Value& text, Currency& currency) {
  const auto found = Currency::of(text.as_string());
  if (!found) return run.fail(fmt::format("'{}' is no currency; write its three capital letters, such as EUR", text.as_string().substr(0, 64)));
  currency = *found;
  return true;
}

bool amount(Run& run, Decimal decimal, const Value& letters, Value& out) {
  Currency currency;
  if (!currency_of(run, letters, currency)) return false;
  const auto money = to_money(decimal, currency);
  if (!money) return run.fail(money.error().message);
  out = Value::of_money(*money);
  return true;
}
bool money_from_text(Run& run, const Arguments& a, Value& out) {
  const auto money = parse_money(a[0].as_string());
  if (!money) return run.fail(money.error().message);
  out = Value::of_money(*money);
  return true;
}
bool money_from_string(Run& run, const Arguments& a, Value& out) {
  const auto decimal = parse_decimal(a[0].as_string());
  if (!decimal) return run.fail(decimal.error().message);
  return amount(run, *decimal, a[1], out);
}
bool money_from_decimal(Run& run, const Arguments& a, Value& out) { return amount(run, a[0].as_decimal(), a[1], out); }
bool money_from_minor(Run& run, const Arguments& a, Value& out) {
  Currency currency;
  if (!currency_of(run, a[1], currency)) return false;
  out = Value::of_money({a[0].as_int(), currency});
  return true;
}

/// Towards zero, as int() of a double.
bool int_from_decimal(Run&, const Arguments& a, Value& out) {
  Decimal decimal = a[0].as_decimal();
  for (; decimal.scale > 0; --decimal.scale) decimal.coefficient /= 10;
  out = Value::of_int(decimal.coefficient);
  return true;
}
bool double_from_decimal(Run&, const Arguments& a, Value& out) {
  double unit = 1;
  for (auto scale = a[0].as_decimal().scale; scale > 0; --scale) unit *= 10;  // exact up to 10^22
  out = Value::of_double(static_cast<double>(a[0].as_decimal().coefficient) / unit);
  return true;
}

}  // namespace

std::span<const Overload> money_functions() {
  using Base = Type::Base;
  static const Overload rows[] = {
      {"decimal", false, {takes::decimal}, Base::decimal, same},
      {"decimal", false, {takes::string}, Base::decimal, decimal_from_string},
      {"decimal", false, {takes::integer}, Base::decimal, decimal_from_int},
      {"decimal", false, {takes::money}, Base::decimal, decimal_from_money},
      {"money", false, {takes::money}, Base::money, same},
      {"money", false, {takes::string}, Base::money, money_from_text},
      {"money", false, {takes::string, takes::string}, Base::money, money_from_string},
      {"money", false, {takes::decimal, takes::string}, Base::money, money_from_decimal},
      {"money", false, {takes::integer, takes::string}, Base::money, money_from_minor},
      {"int", false, {takes::decimal}, Base::integer, int_from_decimal},
      {"double", false, {takes::decimal}, Base::real, double_from_decimal},
  };
  return rows;
}

}  // namespace stellwerk::workflows::cel
