// date ± period, timestamp ± period, date - date, period ± period, period * int; null ± any of these is null

#include "workflows/cel/calendar.hpp"
#include "workflows/cel/operators.hpp"

namespace stellwerk::workflows::cel {
namespace {

bool sum_of_periods(Period a, Period b, bool subtract, Run& run, Value& out) {
  const std::int64_t sign = subtract ? -1 : 1;
  const auto period = make_period(a.months + sign * b.months, a.days + sign * b.days);
  if (!period) return run.fail("period is out of range");
  out = Value::of_period(*period);
  return true;
}

bool date_and_period(const Value& date, Period period, Run& run, Value& out) {
  const auto day = add_to_date(date.as_date(), period);
  if (!day) return run.fail("date is out of range");
  out = Value::of_date(*day);
  return true;
}

bool moment_and_period(const Value& moment, Period period, Run& run, Value& out) {
  const auto moved = add_to_moment(run.zone(), {moment.seconds(), moment.nanos()}, period);
  if (!moved) return run.fail(moved.error().message);
  out = Value::of_timestamp(moved->seconds, moved->nanos);
  return true;
}

bool times(const Value& period, const Value& factor, Run& run, Value& out) {
  const auto product = multiply(period.as_period(), factor.as_int());
  if (!product) return run.fail("period is out of range");
  out = Value::of_period(*product);
  return true;
}

}  // namespace

std::optional<bool> calendar_operator(Op op, const Value& left, const Value& right, Run& run, Value& out) {
  const Kind a = left.kind(), b = right.kind();
  if (op == Op::multiply) {
    if (a == Kind::period && b == Kind::integer) return times(left, right, run, out);
    if (a == Kind::integer && b == Kind::period) return times(right, left, run, out);
  }
  if (op != Op::add && op != Op::subtract) return std::nullopt;
  const bool subtract = op == Op::subtract;
  if (b == Kind::period) {
    const Period period = right.as_period();
    if (a == Kind::period) return sum_of_periods(left.as_period(), period, subtract, run, out);
    const Period by = subtract ? Period{-period.months, -period.days} : period;
    if (a == Kind::date) return date_and_period(left, by, run, out);
    if (a == Kind::timestamp) return moment_and_period(left, by, run, out);
  }
  if (a == Kind::period && !subtract) {
    if (b == Kind::date) return date_and_period(right, left.as_period(), run, out);
    if (b == Kind::timestamp) return moment_and_period(right, left.as_period(), run, out);
  }
  // Ten days after no day is no day: a due date that is not known makes no timer, and no mistake.
  const auto of_calendar = [](Kind kind) { return kind == Kind::date || kind == Kind::period; };
  if ((a == Kind::null && of_calendar(b)) || (b == Kind::null && of_calendar(a))) {
    out = Value{};
    return true;
  }
  if (subtract && a == Kind::date && b == Kind::date) return sum_of_periods({}, {0, static_cast<std::int32_t>(left.as_date() - right.as_date())}, false, run, out);
  return std::nullopt;
}

std::string why_incomparable(const Value& a, const Value& b, bool ordering) {
  const auto pair = [&](Kind one, Kind other) { return (a.kind() == one && b.kind() == other) || (a.kind() == other && b.kind() == one); };
  if (pair(Kind::period, Kind::period) && !compare_periods(a.as_period(), b.as_period())) return fmt::format("{} and {} cannot be compared: a month has 28 to 31 days", to_text(a), to_text(b));
  if (pair(Kind::date, Kind::timestamp)) return "a date and a timestamp cannot be compared: write date(…) around the timestamp";
  if (pair(Kind::period, Kind::duration)) return "a period and a duration cannot be compared: a day may have 23 to 25 hours";
  if (ordering && pair(Kind::money, Kind::money) && a.as_money().currency != b.as_money().currency) return fmt::format("{} and {} cannot be compared: the currencies differ", to_text(a), to_text(b));
  return {};
}

}  // namespace stellwerk::workflows::cel
