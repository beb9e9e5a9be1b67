#include "sandbox/faults.hpp"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <ostream>

#include "tests/unit/sandbox/driver.hpp"

namespace stellwerk::sandbox::test {
namespace {

using enum http::Method;
using Delivery = Answer::Delivery;

bool exists(const Driver& pve, int vmid) { return pve.model.cluster().find_guest(vmid) != nullptr; }

BOOST_AUTO_TEST_SUITE(faults)

struct Case {
  const char* rule;
  Delivery delivery;
  int status;  ///< of what is sent
  bool effect;
};
std::ostream& operator<<(std::ostream& out, const Case& item) { return out << item.rule; }

const Case cases[] = {
    {R"({"match":{"operation":"clone"},"fault":"refuse"})", Delivery::close, 0, false},
    {R"({"match":{"operation":"clone"},"fault":"timeout_before","seconds":5})", Delivery::hold, 0, false},
    {R"({"match":{"operation":"clone"},"fault":"timeout_after","seconds":5})", Delivery::hold, 0, true},
    {R"({"match":{"operation":"clone"},"fault":"close_after"})", Delivery::close, 0, true},
    {R"({"match":{"path":"*/qemu/9000/clone"},"fault":"status","status":503,"headers":{"Retry-After":"3"}})", Delivery::send, 503, false},
    {R"({"match":{"method":"POST"},"fault":"error_after","status":595,"reason":"Connection timed out"})", Delivery::send, 595, true},
    {R"({"match":{"vmid":105},"fault":"wrong_content_type"})", Delivery::send, 200, true},
    {R"({"fault":"truncated"})", Delivery::send, 200, true},
    {R"({"fault":"down"})", Delivery::close, 0, false},
    {R"({"fault":"down","status":503})", Delivery::send, 503, false},
    {R"({"match":{"operation":"clone","path":"*/qemu/9001/*"},"fault":"refuse"})", Delivery::send, 200, true},
    {R"({"match":{"operation":"start"},"fault":"refuse"})", Delivery::send, 200, true},
    {R"({"match":{"operation":"clone"},"fault":"refuse","times":0})", Delivery::send, 200, true},
    {R"({"match":{"operation":"clone"},"fault":"refuse","after":1})", Delivery::send, 200, true}};

BOOST_DATA_TEST_CASE(strike_before_or_after_the_effect, boost::unit_test::data::make(cases), item) {
  Driver pve;
  BOOST_REQUIRE(pve.fault(item.rule).status == 200);
  const auto answer = pve.clone(105);
  BOOST_TEST((answer.delivery == item.delivery));
  if (item.delivery == Delivery::send) BOOST_TEST(answer.status == item.status);
  if (item.delivery == Delivery::hold) BOOST_TEST((answer.delay == 5s));
  BOOST_TEST(exists(pve, 105) == item.effect);
}

BOOST_AUTO_TEST_CASE(strike_as_often_as_told_and_after_as_many_as_told) {
  Driver pve;
  (void)pve.fault(R"([{"match":{"operation":"version"},"fault":"status","status":502,"reason":"Bad Gateway","after":1,"times":2}])");
  std::vector<int> statuses;
  for (int i = 0; i < 4; ++i) statuses.push_back(pve.get("/version").status);
  BOOST_TEST(statuses == (std::vector<int>{200, 502, 502, 200}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(down_ends_at_its_virtual_time_or_when_cleared) {
  Driver pve;
  (void)pve.fault(R"({"fault":"down","for":"PT30M"})");
  BOOST_TEST((pve.get("/version").delivery == Delivery::close));
  (void)pve.control(post, "/clock", R"({"advance":"PT30M"})");
  BOOST_TEST(pve.get("/version").status == 200);
  (void)pve.fault(R"({"fault":"down"})");
  BOOST_TEST((pve.get("/version").delivery == Delivery::close));
  (void)pve.control(delete_, "/faults");
  BOOST_TEST(pve.get("/version").status == 200);
}

BOOST_AUTO_TEST_CASE(a_failing_clone_task_leaves_no_guest) {
  Driver pve;
  (void)pve.fault(R"({"match":{"operation":"clone"},"fault":"task_error","exitstatus":"clone failed: no space left on device","times":1})");
  const auto upid = pve.clone(105);
  BOOST_TEST(exists(pve, 105));
  BOOST_TEST(pve.finish(upid) == "clone failed: no space left on device");
  BOOST_TEST(!exists(pve, 105));
  BOOST_TEST(pve.finish(pve.clone(105)) == "OK");
}

BOOST_AUTO_TEST_CASE(a_task_with_warnings_has_its_effect) {
  Driver pve;
  pve.make_guest(105);
  (void)pve.fault(R"({"match":{"operation":"start"},"fault":"task_warnings"})");
  BOOST_TEST(pve.finish(pve.post("/nodes/pve1/qemu/105/status/start")) == "WARNINGS: 1");
  BOOST_TEST(text_of(pve.status(105), "status") == "running");
}

BOOST_AUTO_TEST_CASE(a_stranger_takes_the_number_just_before_the_clone) {
  Driver pve;
  (void)pve.fault(R"({"fault":"stranger_takes","times":1})");
  BOOST_TEST(pve.clone(105).reason == "unable to create VM 105 - VM 105 already exists on node 'pve1'");
  BOOST_TEST(pve.model.cluster().find_guest(105)->foreign);
  BOOST_TEST(pve.clone(106).status == 200);
  BOOST_TEST(!pve.model.cluster().find_guest(106)->foreign);
}

BOOST_AUTO_TEST_CASE(latency_adds_to_whatever_else_is_answered) {
  Driver pve;
  (void)pve.fault(R"([{"fault":"latency","ms":200},{"fault":"status","status":429},{"fault":"latency","ms":50}])");
  const auto answer = pve.get("/version");
  BOOST_TEST(answer.status == 429);
  BOOST_TEST((answer.delay == 250ms));
}

BOOST_AUTO_TEST_CASE(truncated_json_is_no_json) {
  Driver pve;
  (void)pve.fault(R"({"match":{"operation":"nodes"},"fault":"truncated"})");
  const auto answer = pve.get("/nodes");
  BOOST_TEST(answer.status == 200);
  BOOST_TEST(answer.body.is_null());
}

BOOST_AUTO_TEST_CASE(rules_that_could_never_strike_are_refused_with_all_others) {
  Driver pve;
  for (const auto* wrong :
       {R"({"fault":"explode"})", R"({"match":{"operation":"klone"},"fault":"refuse"})", R"({"fault":"refuse","time":1})",
        R"({"match":{"url":"x"},"fault":"refuse"})", R"({"fault":"status","status":99})", R"({"fault":"status","reason":"two\nlines"})",
        R"({"fault":"latency","ms":-1})", R"({"fault":"down","for":"soon"})", "[1]"}) {
    BOOST_TEST(pve.fault(fmt::format(R"([{{"fault":"refuse"}},{}])", wrong)).status == 422, wrong);
  }
  BOOST_TEST(pve.control(get, "/faults").body.at("rules").as_array().empty());
  BOOST_TEST(pve.fault("{").status == 400);
}

BOOST_AUTO_TEST_CASE(put_replaces_the_rules_and_post_adds) {
  Driver pve;
  (void)pve.fault(R"({"fault":"refuse"})");
  BOOST_TEST(pve.fault(R"({"rules":[{"fault":"truncated"}]})").body.at("rules").as_array().size() == 2u);
  BOOST_TEST(pve.control(put, "/faults", R"([{"fault":"down"}])").body.at("rules").as_array().size() == 1u);
}

struct Glob {
  const char* pattern;
  const char* text;
  bool fits;
};
std::ostream& operator<<(std::ostream& out, const Glob& glob) { return out << glob.pattern << " " << glob.text; }
const Glob globs[] = {{"*", "", true},      {"a*c", "abbc", true}, {"a*c", "abcd", false}, {"*/qemu/*/clone", "/x/qemu/9/clone", true},
                      {"a?c", "abc", true}, {"a?c", "ac", false},  {"", "a", false},       {"*a*b", "xaybzb", true},
                      {"**", "x", true}};
BOOST_DATA_TEST_CASE(globs_fit_whole_texts, boost::unit_test::data::make(globs), glob) {
  BOOST_TEST(fits_glob(glob.pattern, glob.text) == glob.fits);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace stellwerk::sandbox::test
