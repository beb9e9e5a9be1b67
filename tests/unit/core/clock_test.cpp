#include "core/clock.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <ostream>
#include <utility>
#include <vector>

using namespace stellwerk;
namespace data = boost::unit_test::data;

namespace {

struct TimeCase {
  std::string text;
  std::int64_t micros;
  std::string canonical;
  friend std::ostream& operator<<(std::ostream& out, const TimeCase& c) { return out << c.text; }
};

const std::vector<TimeCase> times{
    {"1970-01-01T00:00:00Z", 0, "1970-01-01T00:00:00Z"},
    {"2026-03-02T08:00:00Z", 1'772'438'400'000'000, "2026-03-02T08:00:00Z"},
    {"2026-03-02T08:00:00.5Z", 1'772'438'400'500'000, "2026-03-02T08:00:00.500000Z"},
    {"2026-03-02T08:00:00.0000019Z", 1'772'438'400'000'001, "2026-03-02T08:00:00.000001Z"},
    {"2026-03-02t08:00:00z", 1'772'438'400'000'000, "2026-03-02T08:00:00Z"},
    {"2026-03-02T09:30:00+01:30", 1'772'438'400'000'000, "2026-03-02T08:00:00Z"},
    {"2026-03-01T23:00:00-09:00", 1'772'438'400'000'000, "2026-03-02T08:00:00Z"},
    {"2024-02-29T00:00:00Z", 1'709'164'800'000'000, "2024-02-29T00:00:00Z"},
    {"1969-12-31T23:59:59Z", -1'000'000, "1969-12-31T23:59:59Z"},
};

const std::vector<std::string> not_times{"", "now", "2026-03-02", "2026-03-02T08:00:00", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-03-02T24:00:00Z",
                                         "2026-03-02T08:60:00Z", "2026-03-02T08:00:60Z", "2026-03-02T08:00:00.Z", "2026-03-02T08:00:00+1:00", "2026-03-02T08:00:00+24:00",
                                         "2026-03-02T08:00:00Z ", "0000-01-01T00:00:00Z", "2026-3-2T08:00:00Z", "2026-03-02T08:00:00+01:60"};

struct DurationCase {
  std::string text;
  Duration value;
  std::string canonical;
  friend std::ostream& operator<<(std::ostream& out, const DurationCase& c) { return out << c.text; }
};

using namespace std::chrono_literals;
const std::vector<DurationCase> durations{
    {"PT0S", 0s, "PT0S"},          {"P1W", 168h, "P7D"},          {"P3D", 72h, "P3D"},
    {"PT5M", 5min, "PT5M"},        {"P1DT2H3M4S", 26h + 3min + 4s, "P1DT2H3M4S"}, {"PT90S", 90s, "PT1M30S"},
    {"PT0.5S", 500ms, "PT0.5S"},   {"PT1.000001S", 1s + 1us, "PT1.000001S"},      {"PT36H", 36h, "P1DT12H"},
    {"P36525D", 36'525 * 24h, "P36525D"},
};

const std::vector<std::string> not_durations{"", "P", "PT", "P1DT", "5M", "P1Y", "P1M", "PT1.5M", "P-1D", "-P1D", "PT1S1M", "P1D1W", "P1DT1D", "PTT1S", "P36526D", "P36525DT1S",
                                             "P99999999999999999999D", "PT1", "pt1s", "P1D ", "PT1H1H"};

}  // namespace

BOOST_AUTO_TEST_SUITE(clock_text)

BOOST_DATA_TEST_CASE(reads_and_writes_times, data::make(times), c) {
  const auto time = parse_time(c.text);
  BOOST_REQUIRE(time);
  BOOST_TEST(to_micros(*time) == c.micros);
  BOOST_TEST(format_time(*time) == c.canonical);
  BOOST_TEST((parse_time(format_time(*time)).value() == *time));
}

BOOST_DATA_TEST_CASE(refuses_what_is_no_time, data::make(not_times), text) {
  const auto time = parse_time(text);
  BOOST_REQUIRE(!time);
  BOOST_TEST((time.error().code == ErrorCode::invalid_argument));
}

BOOST_DATA_TEST_CASE(reads_and_writes_durations, data::make(durations), c) {
  const auto duration = parse_duration(c.text);
  BOOST_REQUIRE(duration);
  BOOST_TEST((*duration == c.value));
  BOOST_TEST(format_duration(*duration) == c.canonical);
}

BOOST_DATA_TEST_CASE(refuses_what_is_no_fixed_duration, data::make(not_durations), text) {
  const auto duration = parse_duration(text);
  BOOST_REQUIRE(!duration);
  BOOST_TEST((duration.error().code == ErrorCode::invalid_argument));
}

BOOST_AUTO_TEST_CASE(goes_on_from_what_another_clock_said_last) {
  using std::chrono::seconds;
  const auto noon = from_micros(1'772'452'800'000'000);
  FollowedTime time;
  BOOST_TEST(!time.at(seconds{5}).has_value());
  time.follow(noon, seconds{100}, seconds{103});
  BOOST_TEST((time.at(seconds{103}) == noon && time.at(seconds{163}) == noon + seconds{60}));  // not before it can be
  time.follow(noon + seconds{100}, seconds{200}, seconds{202});
  BOOST_TEST((time.at(seconds{203}) == noon + seconds{101}));  // it may be a second further than was known: one more precise answer
  time.follow(noon + seconds{200}, seconds{300}, seconds{360});
  BOOST_TEST((time.at(seconds{303}) == noon + seconds{201}));  // a slow answer says nothing
  time.follow(noon, seconds{400}, seconds{401});  // it was put back
  BOOST_TEST((time.at(seconds{400}) == noon));
  time.follow(noon + seconds{7200}, seconds{402}, seconds{402});
  BOOST_TEST((time.at(seconds{402}) == noon + seconds{7200}));
}

BOOST_AUTO_TEST_CASE(goes_by_the_database_and_not_by_the_wall) {
  OffsetClock clock;
  clock.set_offset(std::chrono::hours{24});
  const auto told = wall_now() - std::chrono::hours{1000};
  const auto asked = clock.monotonic();
  clock.follow(told, asked, asked);
  const auto shown = clock.now(), wall = clock.wall();
  const auto passed = clock.monotonic() - asked;
  BOOST_TEST((shown >= told + std::chrono::hours{24} && shown <= told + std::chrono::hours{24} + passed));
  BOOST_TEST((wall >= told + std::chrono::hours{1000}));
}

BOOST_AUTO_TEST_CASE(moves_only_by_its_offset) {
  OffsetClock clock;
  clock.set_offset(std::chrono::hours{24});
  const auto before = wall_now();
  const auto shown = clock.now();
  const auto after = wall_now();
  BOOST_TEST((shown >= before + std::chrono::hours{24} && shown <= after + std::chrono::hours{24}));
}

BOOST_AUTO_TEST_SUITE_END()
