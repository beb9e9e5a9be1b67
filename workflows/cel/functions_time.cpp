// fields of timestamps, dates and durations

#include "workflows/cel/functions.hpp"
#include "workflows/cel/time_text.hpp"

namespace stellwerk::workflows::cel {
namespace {

/// One calendar field of a timestamp, in the zone of the second argument or else of the run.
template <auto field>
bool calendar(Run& run, const Arguments& a, Value& out) {
  const auto offset = offset_at(a.size() > 1 ? std::string_view{a[1].as_string()} : run.zone(), a[0].seconds());
  if (!offset) return run.fail(offset.error().message);
  out = Value::of_int(field(civil_of(a[0].seconds() + *offset)));
  return true;
}
/// One field of a date.
template <auto field>
bool calendar_of_date(Run&, const Arguments& a, Value& out) {
  out = Value::of_int(field(civil_of(a[0].as_date() * 86'400)));
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

}  // namespace

std::span<const Overload> time_functions() {
  using enum Type::Base;
  constexpr Mask point = takes::timestamp, day = takes::date, zone = takes::string, span = takes::duration;
  static const Overload rows[] = {
      {"getFullYear", true, {point}, integer, calendar<year>},
      {"getFullYear", true, {point, zone}, integer, calendar<year>},
      {"getFullYear", true, {day}, integer, calendar_of_date<year>},
      {"getMonth", true, {point}, integer, calendar<month>},
      {"getMonth", true, {point, zone}, integer, calendar<month>},
      {"getMonth", true, {day}, integer, calendar_of_date<month>},
      {"getDayOfYear", true, {point}, integer, calendar<day_of_year>},
      {"getDayOfYear", true, {point, zone}, integer, calendar<day_of_year>},
      {"getDayOfYear", true, {day}, integer, calendar_of_date<day_of_year>},
      {"getDayOfMonth", true, {point}, integer, calendar<day_of_month>},
      {"getDayOfMonth", true, {point, zone}, integer, calendar<day_of_month>},
      {"getDayOfMonth", true, {day}, integer, calendar_of_date<day_of_month>},
      {"getDate", true, {point}, integer, calendar<date_of_month>},
      {"getDate", true, {point, zone}, integer, calendar<date_of_month>},
      {"getDate", true, {day}, integer, calendar_of_date<date_of_month>},
      {"getDayOfWeek", true, {point}, integer, calendar<day_of_week>},
      {"getDayOfWeek", true, {point, zone}, integer, calendar<day_of_week>},
      {"getDayOfWeek", true, {day}, integer, calendar_of_date<day_of_week>},
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
  };
  return rows;
}

}  // namespace stellwerk::workflows::cel
