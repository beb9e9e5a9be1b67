// date(), period(), days(), workday(), timestamp() of a date

#include <array>

#include "workflows/cel/calendar.hpp"
#include "workflows/cel/functions.hpp"

namespace stellwerk::workflows::cel {
namespace {

constexpr std::int64_t seconds_per_day = 86'400;

/// The zone given as an argument, else that of the run.
std::string_view zone_of(const Run& run, const Arguments& a) { return a.size() > 1 ? std::string_view{a[1].as_string()} : run.zone(); }

bool same(Run&, const Arguments& a, Value& out) {
  out = a[0];
  return true;
}

bool date_from_string(Run& run, const Arguments& a, Value& out) {
  const auto day = parse_date(a[0].as_string());
  if (!day) return run.fail(day.error().message);
  out = Value::of_date(*day);
  return true;
}

bool date_from_timestamp(Run& run, const Arguments& a, Value& out) {
  const auto day = day_in_zone(zone_of(run, a), a[0].seconds());
  if (!day) return run.fail(day.error().message);
  out = Value::of_date(*day);
  return true;
}

bool timestamp_from_date(Run& run, const Arguments& a, Value& out) {
  const auto seconds = start_of_day(zone_of(run, a), a[0].as_date() * seconds_per_day);
  if (!seconds) return run.fail(seconds.error().message);
  if (!is_timestamp_in_range(*seconds)) return run.fail("timestamp is out of range");
  out = Value::of_timestamp(*seconds, 0);
  return true;
}

bool period_from_string(Run& run, const Arguments& a, Value& out) {
  const auto period = parse_period(a[0].as_string());
  if (!period) return run.fail(period.error().message);
  out = Value::of_period(*period);
  return true;
}

bool days_from_int(Run& run, const Arguments& a, Value& out) {
  constexpr std::int64_t most = 36'525;
  if (a[0].as_int() < -most || a[0].as_int() > most) return run.fail(fmt::format("days({}) is out of range (at most {})", a[0].as_int(), most));
  out = Value::of_period({0, static_cast<std::int32_t>(a[0].as_int())});
  return true;
}

bool days_from_period(Run& run, const Arguments& a, Value& out) {
  if (a[0].as_period().months != 0) return run.fail(fmt::format("days({}) has no answer: a month has 28 to 31 days", to_text(a[0])));
  out = Value::of_int(a[0].as_period().days);
  return true;
}

/// Whole days of 24 hours, towards zero.
bool days_from_duration(Run&, const Arguments& a, Value& out) {
  out = Value::of_int(a[0].seconds() / seconds_per_day);
  return true;
}

/// To the next Monday when the day is a Saturday or Sunday: how many days. Public holidays are not known here.
std::int32_t days_to_work(std::int64_t day) {
  const unsigned weekday = civil_of(day * seconds_per_day).weekday;
  return weekday == 6 ? 2 : weekday == 0 ? 1 : 0;
}

bool workday_of_date(Run& run, const Arguments& a, Value& out) {
  const auto day = a[0].as_date() + days_to_work(a[0].as_date());
  if (!is_date_in_range(day)) return run.fail("date is out of range");
  out = Value::of_date(day);
  return true;
}

/// The same wall time on that day.
bool workday_of_timestamp(Run& run, const Arguments& a, Value& out) {
  const auto zone = zone_of(run, a);
  const auto day = day_in_zone(zone, a[0].seconds());
  if (!day) return run.fail(day.error().message);
  const auto moved = add_to_moment(zone, {a[0].seconds(), a[0].nanos()}, {0, days_to_work(*day)});
  if (!moved) return run.fail(moved.error().message);
  out = Value::of_timestamp(moved->seconds, moved->nanos);
  return true;
}

}  // namespace

std::span<const Overload> calendar_functions() {
  using Base = Type::Base;
  static const Overload rows[] = {
      {"date", false, {takes::date}, Base::date, same},
      {"date", false, {takes::string}, Base::date, date_from_string},
      {"date", false, {takes::timestamp}, Base::date, date_from_timestamp},
      {"date", false, {takes::timestamp, takes::string}, Base::date, date_from_timestamp},
      {"timestamp", false, {takes::date}, Base::timestamp, timestamp_from_date},
      {"timestamp", false, {takes::date, takes::string}, Base::timestamp, timestamp_from_date},
      {"period", false, {takes::period}, Base::period, same},
      {"period", false, {takes::string}, Base::period, period_from_string},
      {"days", false, {takes::integer}, Base::period, days_from_int},
      {"days", false, {takes::period}, Base::integer, days_from_period},
      {"days", false, {takes::duration}, Base::integer, days_from_duration},
      {"workday", false, {takes::date}, Base::date, workday_of_date, Shape::first_argument},
      {"workday", false, {takes::timestamp}, Base::timestamp, workday_of_timestamp, Shape::first_argument},
      {"workday", false, {takes::timestamp, takes::string}, Base::timestamp, workday_of_timestamp, Shape::first_argument},
      {"workday", false, {takes::null}, Base::null, same},
      {"workday", false, {takes::null, takes::string}, Base::null, same},
  };
  return rows;
}

}  // namespace stellwerk::workflows::cel
