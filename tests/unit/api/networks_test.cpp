#include "api/networks.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/unit/api/desk.hpp"

namespace {

using namespace stellwerk;
using api::Networks;

struct Case {
  const char* networks;
  const char* address;
  bool inside;
};

const std::vector<Case> cases{
    {"127.0.0.0/8", "127.0.0.1", true},
    {"127.0.0.0/8", "127.255.255.255", true},
    {"127.0.0.0/8", "128.0.0.1", false},
    {"127.0.0.0/8", "::1", false},
    {"127.0.0.0/8, ::1/128", "::1", true},
    {"127.0.0.0/8 ,::1/128 ", "::1", true},
    {"::1/128", "::2", false},
    {"192.0.2.7", "192.0.2.7", true},
    {"192.0.2.7", "192.0.2.6", false},
    {"192.0.2.77/28", "192.0.2.64", true},
    {"192.0.2.77/28", "192.0.2.80", false},
    {"192.0.2.0/31", "192.0.2.1", true},
    {"192.0.2.0/31", "192.0.2.2", false},
    {"0.0.0.0/0", "198.51.100.1", true},
    {"0.0.0.0/0", "2001:db8::1", false},
    {"::/0", "2001:db8::1", true},
    {"::/0", "192.0.2.1", false},
    {"2001:db8::/33", "2001:db8:7fff::1", true},
    {"2001:db8::/33", "2001:db8:8000::1", false},
    {"192.0.2.0/24", "::ffff:192.0.2.9", true},
    {"::ffff:192.0.2.0/120", "192.0.2.9", true},
    {"::ffff:192.0.2.0/120", "192.0.3.9", false},
    {"", "127.0.0.1", false},
    {"127.0.0.0/8", "", false},
    {"127.0.0.0/8", "localhost", false},
    {"0.0.0.0/0", "127.0.0.1 ", false},
};

}  // namespace

BOOST_AUTO_TEST_SUITE(networks)

BOOST_AUTO_TEST_CASE(hold_the_addresses_of_their_prefix_and_no_other) {
  for (const auto& [networks, address, inside] : cases) {
    const auto parsed = Networks::parse(networks);
    BOOST_REQUIRE_MESSAGE(parsed, networks);
    BOOST_TEST(parsed->contains(address) == inside, "'" << address << "' in '" << networks << "'");
  }
}

BOOST_AUTO_TEST_CASE(are_refused_with_the_part_that_is_none) {
  for (const char* text : {"localhost", "127.0.0.0/33", "127.0.0.0/-1", "127.0.0.0/", "127.0.0.0/8x", "127.0.0.0/ 8", "::1/129", "127.0.0", "127.0.0.0/8,", ",127.0.0.0/8", "127.0.0.0/8;::1", "/8",
                           "::ffff:192.0.2.0/95"}) {
    const auto parsed = Networks::parse(text);
    BOOST_REQUIRE_MESSAGE(!parsed, text);
    BOOST_TEST(parsed.error().reason == "bad_network");
  }
  BOOST_TEST(Networks::parse("::1, 10.0.0.0/99").error().message.find("'10.0.0.0/99'") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(decide_who_reads_the_metrics) {
  auto& desk = stellwerk::testing::shared_desk();
  for (const char* peer : {"127.0.0.1", "::1", "::ffff:127.0.0.1"}) {
    const auto told = desk.ask(http::Method::get, "/metrics", {.peer = peer});
    BOOST_TEST(told.status == 200, peer);
    BOOST_TEST(told.header("Content-Type") == "text/plain; version=0.0.4; charset=utf-8");
  }
  for (const char* peer : {"192.0.2.1", "2001:db8::1", ""}) {
    const auto told = desk.ask(http::Method::get, "/metrics", {.peer = peer});
    BOOST_TEST(told.status == 403, peer);
    BOOST_TEST(told.type() == "/problems/network");
  }
}

BOOST_AUTO_TEST_CASE(that_are_wrong_give_the_metrics_to_nobody) {
  stellwerk::testing::FakeClient client;
  auto api = api::make_api(client, api::Options{.tenant = TenantId{"ten_1"}, .signing_key = {}, .metrics_allow = "127.0.0.0/8,everybody"});
  const auto router = api->take_router();
  int status = 0;
  router.dispatch({.method = http::Method::get, .target = "/metrics", .path = "/metrics", .peer = "127.0.0.1"}, http::make_reply([&](http::Response r) { status = r.status; }));
  BOOST_TEST(status == 403);
}

BOOST_AUTO_TEST_SUITE_END()
