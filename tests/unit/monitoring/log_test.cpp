#include "monitoring/log.hpp"

#include <boost/test/unit_test.hpp>

#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/clock.hpp"
#include "core/json.hpp"
#include "core/result.hpp"

using namespace stellwerk;
using namespace stellwerk::monitoring;

namespace {

std::vector<std::string>& lines() {
  static std::vector<std::string> lines;
  return lines;
}

/// Catches the lines of one test. The sink is called one line at a time.
struct Caught {
  Caught() {
    lines().clear();
    set_log_sink([](std::string_view line) { lines().emplace_back(line); });
  }
  ~Caught() {
    set_log_sink(nullptr);
    set_log_level("info");
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(log_lines)

BOOST_AUTO_TEST_CASE(are_json_objects_with_time_level_and_fields) {
  const Caught caught;
  log_info("run started", {{"actor", "svc_1"}, {"run", "run_1"}});
  BOOST_REQUIRE_EQUAL(lines().size(), 1U);
  const auto json = parse_json(lines()[0]);
  BOOST_REQUIRE(json);
  BOOST_TEST(text_of(*json, "level") == "info");
  BOOST_TEST(text_of(*json, "msg") == "run started");
  BOOST_TEST(text_of(*json, "actor") == "svc_1");
  BOOST_TEST(parse_time(text_of(*json, "ts")).has_value());
  BOOST_TEST(lines()[0].starts_with("{\"ts\":"));
}

BOOST_AUTO_TEST_CASE(stay_one_valid_line_whatever_the_text) {
  const Caught caught;
  log_warning("a\"b\\c\nd\re\tf\x01\x7f", {{"vendor", std::string_view{"\xff\xc3(\0x \xe2\x82\xac \xed\xa0\x80", 13}}, {"empty", ""}});
  BOOST_REQUIRE_EQUAL(lines().size(), 1U);
  BOOST_TEST(lines()[0].find('\n') == std::string::npos);
  const auto json = parse_json(lines()[0]);
  BOOST_REQUIRE(json);
  BOOST_TEST(text_of(*json, "msg") == "a\"b\\c\nd\re\tf\x01\x7f");
  BOOST_TEST(text_of(*json, "vendor").starts_with("\xEF\xBF\xBD\xEF\xBF\xBD("));
  BOOST_TEST(text_of(*json, "vendor").find("\xe2\x82\xac") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(below_the_level_are_dropped) {
  const Caught caught;
  log(Level::debug, "hidden");
  set_log_level("error");
  log_warning("hidden");
  log_error("seen");
  set_log_level("debug");
  log(Level::debug, "seen");
  set_log_level("nonsense");
  log(Level::debug, "hidden");
  BOOST_TEST(lines().size() == 2U);
}

BOOST_AUTO_TEST_CASE(carry_the_whole_chain_of_an_error) {
  const Caught caught;
  const auto error = wrap(Error{ErrorCode::unavailable, "connection refused"}, "suspend account on srv-12").value();
  log_error("attempt failed", error, {{"step", "suspend"}});
  const auto json = parse_json(lines().at(0));
  BOOST_REQUIRE(json);
  BOOST_TEST(text_of(*json, "error") == "suspend account on srv-12: connection refused");
  BOOST_TEST(text_of(*json, "code") == "unavailable");
}

BOOST_AUTO_TEST_CASE(of_several_threads_do_not_mix) {
  const Caught caught;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i)
      threads.emplace_back([] {
        for (int n = 0; n < 250; ++n) log_info(std::string(100, 'x'));
      });
  }
  BOOST_TEST(lines().size() == 1000U);
  for (const auto& line : lines()) BOOST_REQUIRE(parse_json(line).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
