// fields of timestamps and durations, days(), workday()

#include "workflows/cel/functions.hpp"
#include "workflows/cel/time_text.hpp"

namespace stellwerk::workflows::cel {
namespace {

/// One calendar field of a timestamp, in UTC or the zone of the second argument.
template <auto field>
bool calendar(Run& run, const Arguments& a, Value& out) {
  std::int64_t seconds = a[0].seconds();
  if (a.size() > 1) {
    const auto offset = offset_at(a[1].as_string(), seconds);
    if (!offset) return run.fail(offset.error().message);
    seconds += *offset;
  }
  out = Value::of_int(field(civil_of(seconds)));
  return true;
}
constexpr auto year = [](const Civil& c) -> std::int64_t { return c.year; };
constexpr auto month = [](const Civil& c) -> std::int64_t { return c.month - 1; };
constexpr auto day_of_year = [](const Civil& c) -> std::int64_t { return c.day_of_year; };
constexpr auto day_of_month = [](const Civil& c) -> std::int64_t { return c.day - 1; };
constexpr auto date_of_month = [](const Civil& c) -> std::int64_t { return c.day; };
constexpr auto day_of_week = [](const Civil& c) -> std::int64_t { return c.weekday; };
constexpr auto hours = [](const Civil& c) -> std::int64_t { return c.hour; };
constexpr auto minutes = [](const Civil& c) -> std::int64_t { return c.minute; };
constexpr auto seconds = [](const Civil& c) -> std::int64_t { return c.second; };

/// Whole units of a duration, towards zero.
template <int seconds_each>
bool units(Run&, const Arguments& a, Value& out) {
  out = Value::of_int(a[0].seconds() / seconds_each);
  return true;
}
bool milliseconds(Run&, const Arguments& a, Value& out) {
  out = Value::of_int(a[0].nanos() / 1'000'000);
  return true;
}

bool days(Run& run, const Arguments& a, Value& out) {
  constexpr std::int64_t most = 36'525;
  if (a[0].as_int() < -most || a[0].as_int() > most) return run.fail(fmt::format("days({}) is out of range (at most {})", a[0].as_int(), most));
  out = Value::of_duration(a[0].as_int() * 86'400, 0);
  return true;
}

/// The same wall time on the next Monday when the day is a Saturday or Sunday. Public holidays are not known here.
bool workday(Run& run, const Arguments& a, Value& out) {
  out = a[0];
  if (a[0].is_null()) return true;
  const std::string zone = a.size() > 1 ? a[1].as_string() : "UTC";
  const auto offset = offset_at(zone, a[0].seconds());
  if (!offset) return run.fail(offset.error().message);
  const std::int64_t local = a[0].seconds() + *offset;
  const unsigned weekday = civil_of(local).weekday;
  if (weekday != 0 && weekday != 6) return true;
  const auto moved = moment_of(zone, local + (weekday == 6 ? 2 : 1) * 86'400);
  if (!moved) return run.fail(moved.error().message);
  if (!is_timestamp_in_range(*moved)) return run.fail("timestamp is out of range");
  out = Value::of_timestamp(*moved, a[0].nanos());
  return true;
}

}  // namespace

std::span<const Overload> time_functions() {
  using enum Type::Base;
  constexpr Mask point = takes::timestamp, zone = takes::string, span = takes::duration;
  static const Overload rows[] = {
      {"getFullYear", true, {point}, integer, calendar<year>},
      {"getFullYear", true, {point, zone}, integer, calendar<year>},
      {"getMonth", true, {point}, integer, calendar<month>},
      {"getMonth", true, {point, zone}, integer, calendar<month>},
      {"getDayOfYear", true, {point}, integer, calendar<day_of_year>},
      {"getDayOfYear", true, {point, zone}, integer, calendar<day_of_year>},
      {"getDayOfMonth", true, {point}, integer, calendar<day_of_month>},
      {"getDayOfMonth", true, {point, zone}, integer, calendar<day_of_month>},
      {"getDate", true, {point}, integer, calendar<date_of_month>},
      {"getDate", true, {point, zone}, integer, calendar<date_of_month>},
      {"getDayOfWeek", true, {point}, integer, calendar<day_of_week>},
      {"getDayOfWeek", true, {point, zone}, integer, calendar<day_of_week>},
      {"getHours", true, {point}, integer, calendar<hours>},
      {"getHours", true, {point, zone}, integer, calendar<hours>},
      {"getHours", true, {span}, integer, units<3'600>},
      {"getMinutes", true, {point}, integer, calendar<minutes>},
      {"getMinutes", true, {point, zone}, integer, calendar<minutes>},
      {"getMinutes", true, {span}, integer, units<60>},
      {"getSeconds", true, {point}, integer, calendar<seconds>},
      {"getSeconds", true, {point, zone}, integer, calendar<seconds>},
      {"getSeconds", true, {span}, integer, units<1>},
      {"getMilliseconds", true, {point}, integer, milliseconds},
      {"getMilliseconds", true, {point, zone}, integer, milliseconds},
      {"getMilliseconds", true, {span}, integer, milliseconds},
      {"days", false, {takes::integer}, duration, days},
      {"workday", false, {takes::timestamp | takes::null}, timestamp, workday, Shape::first_argument},
      {"workday", false, {takes::timestamp | takes::null, zone}, timestamp, workday, Shape::first_argument},
  };
  return rows;
}

}  // namespace stellwerk::workflows::cel
