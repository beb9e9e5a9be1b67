#include <ostream>

#include "workflows/advance/calendar.hpp"

#include "tests/unit/workflows/timed.hpp"
#include "workflows/cel/calendar.hpp"

namespace stellwerk::testing {
namespace {

using workflows::Calendar;
using workflows::WorkingHours;

Calendar calendar_of(std::string zone, std::string_view time = "06:00") {
  const int hours = (time[0] - '0') * 10 + time[1] - '0', minutes = (time[3] - '0') * 10 + time[4] - '0';
  return {.zone = std::move(zone), .automation_time = std::chrono::hours{hours} + std::chrono::minutes{minutes}};
}

WorkingHours office() {
  WorkingHours hours;
  for (int day = 1; day <= 5; ++day) hours.spans.push_back({day, std::chrono::hours{9}, std::chrono::hours{17}});
  return hours;
}

WorkingHours sundays() { return {{{0, std::chrono::hours{0}, std::chrono::hours{24}}}}; }

struct Firing {
  const char* zone;
  const char* time;
  const char* day;
  const char* moment;
};
std::ostream& operator<<(std::ostream& out, const Firing& f) { return out << f.day << ' ' << f.time << ' ' << f.zone; }

const Firing firings[] = {
    {"UTC", "06:00", "2026-03-29", "2026-03-29T06:00:00Z"},
    {"Europe/Berlin", "06:00", "2026-03-28", "2026-03-28T05:00:00Z"},
    {"Europe/Berlin", "06:00", "2026-03-29", "2026-03-29T04:00:00Z"},
    {"Europe/Berlin", "02:30", "2026-03-29", "2026-03-29T01:30:00Z"},  // left out: 03:30
    {"Europe/Berlin", "02:30", "2026-10-25", "2026-10-25T00:30:00Z"},  // twice: the first
    {"Europe/Berlin", "06:00", "2026-10-25", "2026-10-25T05:00:00Z"},
    {"America/New_York", "02:30", "2026-03-08", "2026-03-08T07:30:00Z"},
    {"America/New_York", "01:30", "2026-11-01", "2026-11-01T05:30:00Z"},
    {"America/New_York", "06:00", "2026-11-01", "2026-11-01T11:00:00Z"},
    {"Australia/Lord_Howe", "02:15", "2026-10-04", "2026-10-03T15:45:00Z"},  // half an hour is left out
    {"Australia/Lord_Howe", "01:45", "2026-04-05", "2026-04-04T14:45:00Z"},
    {"Australia/Lord_Howe", "06:00", "2026-04-05", "2026-04-04T19:30:00Z"},
    {"Pacific/Apia", "06:00", "2026-01-01", "2025-12-31T17:00:00Z"},
};

struct Reckoning {
  const char* zone;
  const char* anchor;
  const char* period;
  int times;
  const char* moment;
};
std::ostream& operator<<(std::ostream& out, const Reckoning& r) { return out << r.anchor << " + " << r.times << " x " << r.period; }

const Reckoning reckonings[] = {
    {"UTC", "2026-01-31T10:00:00Z", "P1M", 1, "2026-02-28T06:00:00Z"},
    {"UTC", "2026-01-31T10:00:00Z", "P1M", 2, "2026-03-31T06:00:00Z"},
    {"UTC", "2026-01-31T10:00:00Z", "P1M", 3, "2026-04-30T06:00:00Z"},
    {"UTC", "2026-01-31T10:00:00Z", "P1M", 13, "2027-02-28T06:00:00Z"},
    {"UTC", "2026-01-31T10:00:00Z", "P1M", 25, "2028-02-29T06:00:00Z"},
    {"UTC", "2024-02-29T10:00:00Z", "P1Y", 1, "2025-02-28T06:00:00Z"},
    {"UTC", "2024-02-29T10:00:00Z", "P1Y", 4, "2028-02-29T06:00:00Z"},
    {"UTC", "2026-01-31T10:00:00Z", "P1M10D", 1, "2026-03-10T06:00:00Z"},
    {"Europe/Berlin", "2026-01-31T23:30:00Z", "P1M", 1, "2026-03-01T05:00:00Z"},  // 1 February there
    {"Europe/Berlin", "2026-02-28T22:30:00Z", "P1M", 1, "2026-03-28T05:00:00Z"},
    {"Europe/Berlin", "2026-03-27T10:00:00Z", "P2D", 1, "2026-03-29T04:00:00Z"},
};

struct Counting {
  const char* zone;
  const char* from;
  std::chrono::minutes amount;
  const char* due;
};
std::ostream& operator<<(std::ostream& out, const Counting& c) { return out << c.amount.count() << " min from " << c.from; }

const Counting countings[] = {
    {"Europe/Berlin", "2026-03-06T09:00:00Z", std::chrono::minutes{60}, "2026-03-06T10:00:00Z"},
    {"Europe/Berlin", "2026-03-06T15:00:00Z", std::chrono::minutes{60}, "2026-03-06T16:00:00Z"},  // up to the end of Friday
    {"Europe/Berlin", "2026-03-06T15:00:00Z", std::chrono::minutes{61}, "2026-03-09T08:01:00Z"},  // Monday
    {"Europe/Berlin", "2026-03-07T12:00:00Z", std::chrono::minutes{30}, "2026-03-09T08:30:00Z"},
    {"Europe/Berlin", "2026-03-27T15:00:00Z", std::chrono::minutes{120}, "2026-03-30T08:00:00Z"},  // clocks go forward in between
    {"Europe/Berlin", "2026-10-23T14:00:00Z", std::chrono::minutes{120}, "2026-10-26T09:00:00Z"},  // and back
    {"UTC", "2026-03-02T00:00:00Z", std::chrono::minutes{40 * 60}, "2026-03-06T17:00:00Z"},
    {"UTC", "2026-03-02T00:00:00Z", std::chrono::minutes{41 * 60}, "2026-03-09T10:00:00Z"},
};

}  // namespace

BOOST_AUTO_TEST_SUITE(calendar)

BOOST_AUTO_TEST_CASE(a_day_begins_its_automation_where_the_clocks_of_the_zone_allow) {
  for (const auto& firing : firings) {
    BOOST_TEST_CONTEXT(firing) {
      const auto moment = workflows::automation_on(calendar_of(firing.zone, firing.time), *workflows::cel::parse_date(firing.day));
      BOOST_REQUIRE(moment);
      BOOST_TEST(format_time(*moment) == firing.moment);
    }
  }
}

BOOST_AUTO_TEST_CASE(periods_are_counted_from_the_anchor_and_never_from_one_another) {
  for (const auto& reckoning : reckonings) {
    BOOST_TEST_CONTEXT(reckoning) {
      const auto moment = workflows::after_periods(calendar_of(reckoning.zone), at(reckoning.anchor), *workflows::cel::parse_period(reckoning.period), reckoning.times);
      BOOST_REQUIRE(moment);
      BOOST_TEST(format_time(*moment) == reckoning.moment);
    }
  }
}

BOOST_AUTO_TEST_CASE(only_working_hours_count_and_counting_forth_and_back_agree) {
  for (const auto& counting : countings) {
    BOOST_TEST_CONTEXT(counting) {
      const auto calendar = calendar_of(counting.zone);
      const auto due = workflows::counted_up(calendar, office(), at(counting.from), counting.amount);
      BOOST_REQUIRE(due);
      BOOST_REQUIRE(due->has_value());
      BOOST_TEST(format_time(**due) == counting.due);
      const auto counted = workflows::counting_time(calendar, office(), at(counting.from), **due);
      BOOST_REQUIRE(counted);
      BOOST_TEST(counted->count() == Duration{counting.amount}.count());
    }
  }
}

BOOST_AUTO_TEST_CASE(a_whole_day_is_as_long_as_it_really_was) {
  const auto berlin = calendar_of("Europe/Berlin");
  const auto spring = workflows::counting_time(berlin, sundays(), at("2026-03-28T00:00:00Z"), at("2026-03-30T12:00:00Z"));
  BOOST_TEST((*spring == std::chrono::hours{23}));
  const auto autumn = workflows::counting_time(berlin, sundays(), at("2026-10-24T00:00:00Z"), at("2026-10-26T12:00:00Z"));
  BOOST_TEST((*autumn == std::chrono::hours{25}));
}

BOOST_AUTO_TEST_CASE(without_hours_all_time_counts_and_none_backwards) {
  const auto utc = calendar_of("UTC");
  BOOST_TEST((*workflows::counting_time(utc, {}, at("2026-03-01T00:00:00Z"), at("2026-03-03T12:00:00Z")) == std::chrono::hours{60}));
  BOOST_TEST((*workflows::counting_time(utc, {}, at("2026-03-03T00:00:00Z"), at("2026-03-01T00:00:00Z")) == Duration{}));
  BOOST_TEST((**workflows::counted_up(utc, {}, at("2026-03-01T00:00:00Z"), -std::chrono::hours{5}) == at("2026-03-01T00:00:00Z")));
}

BOOST_AUTO_TEST_CASE(hours_that_never_come_end_nothing) {
  const WorkingHours never{{{1, std::chrono::hours{9}, std::chrono::hours{9}}}};
  const auto due = workflows::counted_up(calendar_of("UTC"), never, at("2026-03-01T00:00:00Z"), std::chrono::hours{1});
  BOOST_REQUIRE(due);
  BOOST_TEST(!due->has_value());
}

BOOST_AUTO_TEST_CASE(an_unknown_zone_is_an_error) { BOOST_TEST(!workflows::day_of(calendar_of("Europe/Atlantis"), at("2026-03-01T00:00:00Z"))); }

BOOST_AUTO_TEST_SUITE_END()

}  // namespace stellwerk::testing
