// Operators: which kinds they take, and what to write instead of kinds they do not.

#include <fmt/format.h>

#include <optional>

#include "workflows/cel/checker.hpp"
#include "workflows/cel/operators.hpp"

namespace stellwerk::workflows::cel {
namespace {

using Base = Type::Base;

bool is_open(const Type& type) { return type.base == Base::dyn; }
bool is_null_literal(const Node& node) { return node.op == Op::literal && node.value.is_null(); }

std::string_view symbol_of(Op op) {
  switch (op) {
    case Op::equal: return "==";
    case Op::not_equal: return "!=";
    case Op::less: return "<";
    case Op::less_equal: return "<=";
    case Op::greater: return ">";
    case Op::greater_equal: return ">=";
    case Op::add: return "+";
    case Op::subtract: return "-";
    case Op::multiply: return "*";
    case Op::divide: return "/";
    default: return "%";
  }
}

/// Sums, differences and products of the kinds that are no numbers of CEL.
struct Rule {
  Op op;
  Base left, right, result;
};
constexpr Rule rules[] = {
    {Op::add, Base::timestamp, Base::duration, Base::timestamp},      {Op::subtract, Base::timestamp, Base::duration, Base::timestamp},
    {Op::add, Base::duration, Base::timestamp, Base::timestamp},      {Op::subtract, Base::timestamp, Base::timestamp, Base::duration},
    {Op::add, Base::duration, Base::duration, Base::duration},        {Op::subtract, Base::duration, Base::duration, Base::duration},
    {Op::add, Base::string, Base::string, Base::string},              {Op::add, Base::bytes, Base::bytes, Base::bytes},
    {Op::add, Base::date, Base::period, Base::date},                  {Op::subtract, Base::date, Base::period, Base::date},
    {Op::add, Base::period, Base::date, Base::date},                  {Op::subtract, Base::date, Base::date, Base::period},
    {Op::add, Base::timestamp, Base::period, Base::timestamp},        {Op::subtract, Base::timestamp, Base::period, Base::timestamp},
    {Op::add, Base::period, Base::timestamp, Base::timestamp},        {Op::add, Base::period, Base::period, Base::period},
    {Op::subtract, Base::period, Base::period, Base::period},         {Op::multiply, Base::period, Base::integer, Base::period},
    {Op::multiply, Base::integer, Base::period, Base::period},        {Op::add, Base::money, Base::money, Base::money},
    {Op::subtract, Base::money, Base::money, Base::money},            {Op::multiply, Base::money, Base::integer, Base::money},
    {Op::multiply, Base::integer, Base::money, Base::money},          {Op::add, Base::decimal, Base::decimal, Base::decimal},
    {Op::subtract, Base::decimal, Base::decimal, Base::decimal},      {Op::multiply, Base::decimal, Base::decimal, Base::decimal},
    {Op::add, Base::decimal, Base::integer, Base::decimal},           {Op::subtract, Base::decimal, Base::integer, Base::decimal},
    {Op::multiply, Base::decimal, Base::integer, Base::decimal},      {Op::add, Base::integer, Base::decimal, Base::decimal},
    {Op::subtract, Base::integer, Base::decimal, Base::decimal},      {Op::multiply, Base::integer, Base::decimal, Base::decimal},
};

std::optional<Base> result_by_rule(Op op, Base left, Base right) {
  for (const Rule& rule : rules) {
    if (rule.op == op && rule.left == left && rule.right == right) return rule.result;
  }
  return std::nullopt;
}

/// What the whole can only be when one operand is open; dyn when that is open, too.
Base result_with_open(Op op, Base known) {
  const bool sum = op == Op::add, product = op == Op::multiply;
  switch (known) {
    case Base::integer: return product ? Base::dyn : known;
    case Base::uinteger:
    case Base::real:
    case Base::decimal:
    case Base::money: return known;
    case Base::string: return sum ? known : Base::dyn;
    default: return Base::dyn;
  }
}

/// The date that somebody wrote without quotes, such as 2026-03-01: three numbers of 4, 2 and 2 digits with nothing between but the signs.
std::string written_date(const Node& node) {
  const auto is_whole = [](const Node& part) { return part.op == Op::literal && part.value.kind() == Kind::integer; };
  if (node.op != Op::subtract || node.children[0].op != Op::subtract) return {};
  const Node &year = node.children[0].children[0], &month = node.children[0].children[1], &day = node.children[1];
  if (!is_whole(year) || !is_whole(month) || !is_whole(day) || month.offset != year.offset + 5 || day.offset != month.offset + 3) return {};
  const auto within = [](const Node& part, std::int64_t least, std::int64_t most) { return part.value.as_int() >= least && part.value.as_int() <= most; };
  if (!within(year, 1000, 9999) || !within(month, 1, 12) || !within(day, 1, 31)) return {};
  return fmt::format("{}-{:02}-{:02}", year.value.as_int(), month.value.as_int(), day.value.as_int());
}

std::string arithmetic_hint(Op op, const Type& left, const Type& right) {
  const Base a = left.base, b = right.base;
  const auto pair = [&](Base one, Base other) { return (a == one && b == other) || (a == other && b == one); };
  if (is_numeric(left) && is_numeric(right)) return fmt::format("convert one of them, for example {}(…)", left.name());
  if (op == Op::add && (a == Base::string || b == Base::string)) return "convert the other operand with string(…)";
  if (pair(Base::timestamp, Base::integer) || pair(Base::duration, Base::integer)) return "write days(n) or duration('PT5M')";
  if (pair(Base::date, Base::integer)) return "write days(n)";
  if (pair(Base::date, Base::duration)) return "a date has no time of day: add a period such as P1D, or write timestamp(date)";
  if (pair(Base::date, Base::timestamp)) return "write date(…) around the timestamp";
  if (pair(Base::period, Base::duration)) return "days of the calendar have no fixed length: add one after the other, or write PT24H";
  if (pair(Base::decimal, Base::real)) return "doubles are not exact: write decimal('1.25')";
  if (pair(Base::money, Base::decimal) || pair(Base::money, Base::real)) return "how to round is yours to say: reckon with .minor";
  if (op != Op::multiply && pair(Base::money, Base::integer)) return "write money(minor, 'EUR')";
  return {};
}

}  // namespace

std::string conversion_hint(const Type& wanted, const Type& given) {
  if (wanted.base == Base::date && given.base == Base::timestamp) return "write date(…)";
  if (wanted.base == Base::timestamp && given.base == Base::date) return "write timestamp(…), the beginning of the day";
  if (wanted.base == Base::period && given.base == Base::duration) return "a period counts days of the calendar: write P10D or days(n)";
  if (wanted.base == Base::duration && given.base == Base::period) return "a duration has a fixed length: write PT72H or duration('P3D')";
  if (wanted.base == Base::decimal && given.base == Base::real) return "doubles are not exact: write decimal('1.25')";
  if (wanted.base == Base::money && (given.base == Base::integer || given.base == Base::decimal || given.base == Base::string)) return "write money(…, 'EUR')";
  return {};
}

Type Checker::check_negation(Node& node) {
  const Type type = check(node.children[0]);
  switch (type.base) {
    case Base::dyn:
    case Base::integer:
    case Base::real:
    case Base::duration:
    case Base::period:
    case Base::decimal:
    case Base::money: break;
    default: note(node.offset, fmt::format("- cannot be applied to {}", type.name())); return {};
  }
  // -P1M is a literal like P1M
  if (node.children[0].op == Op::literal && (type.base == Base::period || type.base == Base::duration)) {
    Run run{{}, {}, -1};
    Value negative;
    if (negation(node.children[0].value, run, negative)) {
      node.op = Op::literal;
      node.value = std::move(negative);
      node.children.clear();
    }
  }
  return Type::of(type.base);
}

void Checker::refuse_comparison(const Node& node, const Type& left, const Type& right) {
  const auto pair = [&](Base one, Base other) { return (left.base == one && right.base == other) || (left.base == other && right.base == one); };
  std::string hint;
  if (pair(Base::date, Base::timestamp)) hint = "write date(…) around the timestamp; today is date(now)";
  if (pair(Base::period, Base::duration)) hint = "a day may have 23 to 25 hours: compare days(…) of both, or write the length in hours such as PT24H";
  if (pair(Base::decimal, Base::real)) hint = "doubles are not exact: write decimal('1.25')";
  if (pair(Base::money, Base::integer)) hint = "compare .minor, or with money(minor, 'EUR')";
  if (pair(Base::money, Base::decimal) || pair(Base::money, Base::string)) hint = "compare with money('12.99', 'EUR')";
  note(node.offset, fmt::format("{} and {} cannot be compared with {}", left.name(), right.name(), symbol_of(node.op)), std::move(hint));
}

void Checker::refuse_unlike_periods(const Node& node) {
  const Node& left = node.children[0];
  const Node& right = node.children[1];
  if (left.op != Op::literal || right.op != Op::literal) return;
  if (auto why = why_incomparable(left.value, right.value, true); !why.empty()) note(node.offset, std::move(why), "compare months with months or days with days");
}

Type Checker::check_equality(Node& node) {
  const Type left = check(node.children[0]);
  const Type right = check(node.children[1]);
  const auto never_null = [&](const Type& type, const Node& other) { return is_null_literal(other) && !is_open(type) && type.base != Base::null && !type.nullable; };
  if (never_null(left, node.children[1]) || never_null(right, node.children[0])) {
    const Type& type = never_null(left, node.children[1]) ? left : right;
    note(node.offset, fmt::format("a {} that is never null is compared with null", type.name()));
  } else if (left.base != Base::null && right.base != Base::null && !comparable(left, right)) {
    refuse_comparison(node, left, right);
  } else if (left.base == Base::period && right.base == Base::period) {
    refuse_unlike_periods(node);
  }
  check_values(left.element ? left.element->values : left.values, node.children[1]);
  check_values(right.element ? right.element->values : right.values, node.children[0]);
  return Type::of(Base::boolean);
}

Type Checker::check_order(Node& node) {
  const Type left = check(node.children[0]);
  const Type right = check(node.children[1]);
  const auto has_order = [](const Type& type) { return is_open(type) || (type.base != Base::null && type.base != Base::list && type.base != Base::map && type.base != Base::type); };
  if (!has_order(left) || !has_order(right) || !comparable(left, right)) {
    refuse_comparison(node, left, right);
  } else if (left.base == Base::period && right.base == Base::period) {
    refuse_unlike_periods(node);
  }
  return Type::of(Base::boolean);
}

Type Checker::check_in(Node& node) {
  const Type item = check(node.children[0]);
  const Type container = check(node.children[1]);
  if (!is_open(container) && container.base != Base::list && container.base != Base::map) {
    note(node.offset, fmt::format("in looks into a list or a map, not into {}", container.name()), container.base == Base::string ? "write text.contains(part)" : "");
    return Type::of(Base::boolean);
  }
  if (container.base == Base::list && container.element && container.element->base != Base::null && item.base != Base::null && !comparable(item, *container.element)) {
    note(node.offset, fmt::format("{} is never in {}", item.name(), container.name()));
  }
  check_values(item.values, node.children[1]);
  if (container.base == Base::list && container.element) check_values(container.element->values, node.children[0]);
  return Type::of(Base::boolean);
}

Type Checker::check_arithmetic(Node& node) {
  const Type left = check(node.children[0]);
  const Type right = check(node.children[1]);
  const Base a = left.base, b = right.base;
  if (const auto date = written_date(node); !date.empty()) {
    note(node.children[0].children[0].offset, fmt::format("{} is a subtraction of numbers, not a date", date), fmt::format("write date('{}')", date));
    return {};
  }
  if (a == Base::dyn || b == Base::dyn) return Type::of(result_with_open(node.op, a == Base::dyn ? b : a));
  if (a == b && is_numeric(left) && !(node.op == Op::remainder && a == Base::real)) return Type::of(a);
  const auto of_calendar = [](Base base) { return base == Base::date || base == Base::period; };
  if (const auto result = result_by_rule(node.op, a, b)) {
    const bool nullable = node.op != Op::multiply && (of_calendar(a) || of_calendar(b)) && (left.nullable || right.nullable);
    return Type::of(*result, nullable);
  }
  if (node.op == Op::add && a == b && a == Base::list) {
    Type type = left.element && right.element ? Type::list_of(common_type(*left.element, *right.element)) : Type::of(Base::list);
    if (left.element) check_values(left.element->values, node.children[1]);
    return type;
  }
  note(node.offset, fmt::format("{} cannot be applied to {} and {}", symbol_of(node.op), left.name(), right.name()), arithmetic_hint(node.op, left, right));
  return {};
}

}  // namespace stellwerk::workflows::cel
